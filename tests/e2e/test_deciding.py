"""Decisions where one meets an issue: on its page, in a list, beside it, and on many at once."""

import re

import pytest
from playwright.sync_api import expect

from history.models import Batch
from issues.models import Comment, Issue
from issues.services import bulk, create_issue, decide
from products.services import create_product
from tests.e2e.conftest import NARROW, open_as
from tests.e2e.parts import link, toast

TITLES = ("Cart empties", "Cart forgets", "Basket blinks", "Total is wrong")


@pytest.fixture
def reports(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]


def fresh(number):
    return Issue.objects.get(number=number)


@pytest.mark.once
def test_on_the_page_of_the_issue(reports, visit, triager):
    page = visit("/issues/WEB-1/?list=q%3Dis%253Aopen", triager)
    page.keyboard.press("2")
    expect(page.locator("#decide-duplicate_of")).to_be_focused()
    expect(page.locator("[data-digit]", has_text="WEB-2")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.keyboard.press("2")
    expect(toast(page)).to_contain_text("Declined WEB-1")
    expect(page).to_have_url(re.compile(r"/issues/WEB-1/\?list="))
    expect(page.locator(".issue-line")).to_contain_text("invalid")
    expect(page.locator(".triage-bar")).to_have_count(0)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("z")
    expect(page.locator(".triage-bar")).to_be_visible()
    assert fresh(1).is_in_triage


@pytest.mark.once
@pytest.mark.parametrize(("place", "scripts"), [("issue", True), ("list", True), ("queue", True), ("queue", False)])
def test_enter_takes_the_original_that_is_typed_and_not_a_similar_one(
    reports, special_context, live_server, triager, place, scripts
):
    path = {"issue": "/issues/WEB-1/", "queue": "/triage/?issue=WEB-1", "list": "/issues/?q=is:open"}[place]
    page = open_as(special_context(java_script_enabled=scripts), live_server, path, triager)
    if scripts:
        page.locator("html[data-ready]").wait_for(state="attached")
    if place == "list":
        link(page, "WEB-1").focus()
    page.keyboard.press("2") if scripts else page.locator("[data-action=duplicate] > summary").click()
    expect(page.locator("[data-digit]", has_text="WEB-2").first).to_be_visible()
    page.locator("#decide-duplicate_of").fill("WEB-4")
    page.locator("#decide-duplicate_of").press("Enter")
    expect(page.get_by_text(re.compile("Closed WEB-1 as a duplicate of")).first).to_contain_text("WEB-4")
    assert fresh(1).duplicate_of == reports[3]


@pytest.mark.once
def test_by_touch_a_similar_one_is_gone_to_first(reports, special_context, live_server, triager):
    page = open_as(special_context(viewport=NARROW, has_touch=True), live_server, "/triage/", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator("[data-action=duplicate] > summary").tap()
    expect(page.locator("[data-action=duplicate] [data-digit]").first).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator("[data-action=duplicate] [data-digit]").first).to_be_focused()


@pytest.mark.once
def test_enter_ticks_a_box_and_sends_nothing(reports, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.get_by_label("Comment", exact=True).fill("Between us")
    internal = page.locator(".composer [name=internal]")
    internal.press("Enter")
    expect(internal).to_be_checked()
    internal.press("Enter")
    expect(internal).not_to_be_checked()
    assert not Comment.objects.exists()


@pytest.mark.once
def test_in_a_list_and_beside_it(reports, visit, triager):
    page = visit("/issues/?q=is:open+sort:created-asc", triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    expect(link(page, "WEB-1")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("3")
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Declined WEB-2")
    page.keyboard.press("z")
    expect(toast(page)).to_contain_text("Undone")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#peek-title")).to_have_text("Basket blinks")
    page.keyboard.press("n")
    expect(page.get_by_label("Question")).to_be_focused()
    page.keyboard.type("Where 1?")
    page.keyboard.press("Control+Enter")
    expect(toast(page)).to_contain_text("Asked about WEB-3")
    assert fresh(2).is_queued and fresh(3).waiting_for is not None


@pytest.mark.once
def test_what_is_decided_already_is_said(reports, visit, triager, complaints):
    page = visit("/issues/?q=is:open+sort:created-asc", triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("has decided on WEB-1")
    page.keyboard.press("h")
    expect(page.get_by_role("textbox", name="Snoozed until")).to_be_focused()
    complaints.clear()


@pytest.mark.once
def test_no_key_is_silent_on_the_page_of_what_is_decided(reports, visit, triager):
    decide(reports[0], "accept", actor=triager, via="web")
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("1")
    expect(toast(page)).to_have_text(re.compile("WEB-1 has been decided: it is Accepted. Press s"))
    page.keyboard.press("2")
    expect(page.get_by_label("Duplicate of")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#decide-question")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    expect(page.get_by_role("textbox", name="Snoozed until")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.get_by_label("Move to the product")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="Won’t do")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".issue-line")).to_contain_text("won’t do")
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("n")
    expect(toast(page)).to_contain_text("WEB-1 is closed: reopen it to ask about it.")
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="Won’t do")).to_be_focused()
    assert fresh(1).resolution == "wont-do"


@pytest.mark.once
def test_a_key_says_where_one_may_not(reports, visit, triager, administrator):
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    create_issue(other, actor=administrator, via="web", title="Not yours")
    page = visit("/issues/", triager)
    page.keyboard.press("j")
    expect(link(page, "OPS-1")).to_be_focused()
    page.keyboard.press("p")
    expect(toast(page)).to_contain_text("You may not do this with the issue that you are at.")


@pytest.mark.once
def test_a_key_that_needs_something_first_says_what(reports, visit, triager, stranger):
    page = visit("/issues/?q=is:open+sort:created-asc", triager)
    for key in ("3", "p", "x", "o"):
        page.keyboard.press(key)
        expect(toast(page)).to_contain_text("Go to an issue first")
        toast(page).get_by_role("button", name="Close").click()
    page.keyboard.press("u")
    expect(toast(page)).to_contain_text("Nothing is selected")
    page.keyboard.press("Control+Enter")
    expect(toast(page)).to_contain_text("Go into a form first")
    page = visit("/triage/", triager)
    page.keyboard.press("k")
    expect(toast(page)).to_contain_text("Nothing comes before this one")
    page = visit("/issues/?q=is:open", stranger)
    page.keyboard.press("p")
    page.wait_for_timeout(200)
    expect(page.locator(".toast")).to_have_count(0)


@pytest.mark.once
def test_on_those_that_are_selected(reports, visit, triager):
    page = visit("/issues/?q=is:open+sort:created-asc", triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    page.keyboard.press("3")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_label("Reason").select_option("invalid")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator(".notice")).to_contain_text("2 would change")
    expect(page.get_by_role("button", name="Change 2 issues")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("2 changed, 0 left as they are.")
    expect(page).to_have_url(re.compile(r"sort:created-asc"))
    assert [fresh(number).resolution for number in (1, 2, 3)] == ["invalid", "invalid", ""]
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("z")
    expect(toast(page)).to_contain_text("Undone")
    assert fresh(1).is_queued


@pytest.mark.once
@pytest.mark.parametrize("path", ["/issues/?q=is:open+sort:created-asc", "/triage/"], ids=["list", "queue"])
def test_a_key_sets_a_field_of_all_that_are_selected(reports, visit, triager, path):
    page = visit(path, triager)
    page.wait_for_load_state("networkidle")
    # The queue has one open already.
    for key in ("j", "x", "Shift+J") if "issues" in path else ("x", "Shift+J"):
        page.keyboard.press(key)
    expect(page.locator(".selection")).to_contain_text("2 selected")
    page.keyboard.press("p")
    expect(page.get_by_label("What is to be set")).to_be_focused()
    page.keyboard.type("high")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    expect(page.get_by_label("What is to be set")).to_have_value("p high a @me ")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("2 would change")
    expect(page.get_by_role("button", name="Change 2 issues")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("2 changed, 0 left as they are.")
    assert "issue=" not in page.url
    assert [(issue.get_priority_display(), issue.assignee) for issue in map(fresh, (1, 2))] == 2 * [("high", triager)]
    assert fresh(3).assignee is None


def test_fields_of_many_without_scripts(reports, special_context, live_server, triager):
    page = open_as(special_context(java_script_enabled=False), live_server, "/issues/bulk/?q=cart", triager)
    page.get_by_label("Priority").select_option("high")
    expect(page.get_by_label("Question")).to_be_hidden()
    page.get_by_label("Decision").select_option("needinfo")
    expect(page.get_by_label("Question")).to_be_visible()
    page.get_by_label("Whom").fill("rosa")
    page.get_by_label("Question").fill("Which cart?")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator(".notice")).to_contain_text("2 would change")
    page.get_by_role("button", name="Change 2 issues").click()
    expect(toast(page)).to_contain_text("2 changed")
    assert fresh(1).priority_slug == "high" and fresh(2).waiting_for is not None


@pytest.mark.once
def test_fields_of_the_open_one_in_the_queue(reports, visit, triager):
    page = visit("/triage/", triager)
    page.keyboard.press("p")
    page.get_by_role("button", name="Urgent").click()
    expect(toast(page)).to_contain_text("WEB-1: priority changed.")
    page.keyboard.press("i")
    expect(toast(page)).to_contain_text("WEB-1: assignee changed.")
    page.keyboard.press("d")
    page.get_by_label("Due date").fill("2031-05-06")
    page.keyboard.press("Enter")
    expect(page.locator(".triage-beside")).to_contain_text("6 May 2031")
    page.keyboard.press("r")
    page.keyboard.type("Written first")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".triage-issue-title")).to_have_text("Cart forgets")
    expect(page.locator(".composer textarea")).to_have_value("")
    page.keyboard.press("k")
    expect(page.locator(".composer textarea")).to_have_value("Written first")
    page.keyboard.press("r")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".triage-story")).to_contain_text("Written first")
    expect(page.locator(".composer textarea")).to_have_value("")
    assert (fresh(1).priority_slug, fresh(1).assignee, fresh(1).comment_count) == ("urgent", triager, 1)


@pytest.mark.once
def test_several_in_the_queue(reports, visit, triager):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    expect(page.locator(".selection")).to_contain_text("2 selected")
    expect(page.locator(".triage-issue-title")).to_have_text("Cart forgets")
    page.keyboard.press("1")
    expect(page.locator(".notice")).to_contain_text("2 would change")
    expect(page.get_by_role("button", name="Change 2 issues")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("2 changed")
    expect(page.locator(".queue-row")).to_have_count(2)
    assert not fresh(1).is_in_triage and not fresh(2).is_in_triage and fresh(3).is_in_triage


@pytest.mark.once
def test_a_long_change_tells_how_far_it_is(reports, visit, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    page = visit("/issues/bulk/?q=is:open", triager)
    page.get_by_label("In words").fill("p high")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change 4 issues").click()
    expect(page.locator(".bulk-progress")).to_contain_text("0 of 4")
    back = page.get_by_role("link", name="Go back")
    back.focus()
    batch = bulk.carry_on(Batch.objects.latest("id"))
    expect(page.locator(".bulk-progress")).to_contain_text("2 of 4")
    expect(back).to_be_focused()
    bulk.carry_on(batch)
    expect(page.get_by_role("heading", name="Many issues are changed")).to_be_visible()
    expect(back).to_be_focused()
    expect(page.locator(".bulk-progress")).not_to_contain_text("It goes on")
    page.get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Undone")
    assert not Issue.objects.filter(priority=3).exists()


@pytest.mark.once
def test_a_long_change_says_when_one_is_signed_out(reports, visit, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    page, asked = visit("/issues/bulk/?q=is:open", triager), []
    page.get_by_label("In words").fill("p high")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change 4 issues").click()
    expect(page.locator(".bulk-progress")).to_contain_text("0 of 4")
    page.context.clear_cookies()
    page.on("request", lambda request: asked.append(request.url) if re.match(r"[^?]*/batches/", request.url) else None)
    expect(toast(page)).to_contain_text("no longer signed in")
    page.wait_for_timeout(2500)
    assert len(asked) == 1
