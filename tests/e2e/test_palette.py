"""The palette in the browser: actions by name, places by a few letters, fields by words, all by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from history.models import Batch
from issues.models import Issue
from issues.services import create_view, update_issue
from tests.e2e.conftest import NARROW, WIDE, open_as
from tests.e2e.held import Held, settle
from tests.e2e.parts import link, row
from tests.e2e.test_every_page import objections
from tests.e2e.test_keys import LIST, fresh


def box(page):
    return page.locator("#palette-box")


def options(page):
    return page.locator("#palette-list [role=option]")


def said(page):
    return page.locator("[data-palette-said]")


def preview(page):
    return page.locator("[data-palette-preview]")


def summon(page, text):
    page.keyboard.press("Control+k")
    page.keyboard.type(text)


def without_module(page):
    """Return what holds the module of the palette back, for a page that has begun without it in its memory."""
    held = Held(page, "**/js/palette*.js")
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    return held


@pytest.fixture
def listed(issue, visit, triager):
    page = visit(LIST + "?q=is:open+sort:number-asc", triager)
    expect(page.locator(".issue-row")).to_have_count(2)
    return page


def test_an_action_is_run_by_its_name(listed):
    link(listed, "WEB-1").focus()
    summon(listed, "prio")
    expect(options(listed)).to_have_text([re.compile("Priority")])
    expect(said(listed)).to_have_text("1 result")
    expect(box(listed)).to_have_attribute("aria-activedescendant", "palette-0")
    expect(options(listed).first).to_have_attribute("aria-selected", "true")
    listed.keyboard.press("Enter")
    expect(listed.locator("#palette")).to_be_hidden()
    expect(listed.locator("[data-row-menu]")).to_contain_text("WEB-1")


@pytest.mark.once
def test_it_leads_back_from_an_issue(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    summon(page, "back")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/products/WEB/issues/$"))


@pytest.mark.once
def test_what_cannot_be_done_now_is_not_offered(listed):
    summon(listed, "prio")
    expect(said(listed)).to_have_text("Nothing found")
    expect(options(listed)).to_have_text(["Search issues for prio"])
    listed.keyboard.press("Escape")
    expect(listed.locator("#palette")).to_be_hidden()


@pytest.mark.once
@pytest.mark.parametrize("words", ["ends 100% & early", "zzz"])
def test_what_is_no_place_is_searched_for_in_all_issues(listed, words):
    summon(listed, words)
    expect(said(listed)).to_have_text("Nothing found")
    expect(preview(listed)).to_have_text("Nothing found")
    listed.keyboard.press("Enter")
    listed.wait_for_url("**/issues/?q=*")
    expect(listed.get_by_role("combobox", name="Search")).to_have_value(words)


@pytest.mark.once
def test_one_goes_to_places_and_issues(listed, triager, product):
    create_view(actor=triager, via="web", name="Cart trouble", query="is:open", shared=False)
    summon(listed, "cart")
    expect(options(listed)).to_have_text([re.compile("Cart trouble"), re.compile("The cart empties itself")])
    expect(said(listed)).to_have_text("2 results")
    listed.keyboard.press("ArrowDown")
    expect(box(listed)).to_have_attribute("aria-activedescendant", "palette-1")
    listed.keyboard.press("Enter")
    expect(listed).to_have_url(re.compile("/issues/WEB-1/$"))
    listed.wait_for_selector("html[data-ready]")
    summon(listed, "web-2")
    listed.keyboard.press("Enter")
    expect(listed).to_have_url(re.compile("/issues/WEB-2/$"))


def test_words_set_fields_of_the_row_in_one_batch(issue, listed, triager):
    other = Issue.objects.get(number=2)
    before = Batch.objects.count()
    link(listed, "WEB-2").focus()
    summon(listed, "> p high a @me l area/checkout")
    expect(preview(listed)).to_contain_text("WEB-2")
    expect(preview(listed).locator("ins")).to_have_text(["high", "Tom", "area/checkout"])
    listed.keyboard.press("Enter")
    expect(listed.locator("#palette")).to_be_hidden()
    expect(row(listed, "WEB-2")).to_contain_text("area/checkout")
    expect(listed.locator(".toast")).to_contain_text("WEB-2: ")
    expect(link(listed, "WEB-2")).to_be_focused()
    assert (fresh(other).priority_slug, fresh(other).assignee) == ("high", triager)
    assert Batch.objects.count() == before + 1
    listed.keyboard.press("z")
    expect(row(listed, "WEB-2")).not_to_contain_text("area/checkout")
    assert fresh(other).priority_slug == "none"


def test_words_set_fields_of_the_open_issue(issue, visit, triager):
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen", triager)
    summon(page, "> p low -l area/checkout")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("WEB-1: priority, labels changed.")
    expect(page).to_have_url(re.compile("list=in%3DWEB"))
    assert fresh(issue).priority_slug == "low"
    assert fresh(issue).label_list == []


def test_words_set_fields_of_the_one_that_is_selected(listed):
    listed.get_by_label("Select WEB-2").check()
    listed.get_by_label("Search").focus()
    summon(listed, "> sp s1")
    listed.keyboard.press("Enter")
    expect(row(listed, "WEB-2")).to_contain_text("S1")
    expect(listed.get_by_label("Select WEB-2")).to_be_checked()


@pytest.mark.once
def test_a_mistake_is_named_and_mended(issue, listed):
    link(listed, "WEB-1").focus()
    summon(listed, "> \U0001f6d2 p hihg")
    expect(preview(listed)).to_contain_text("There is no field “\U0001f6d2”")
    box(listed).fill("> p hihg a @me")
    expect(preview(listed)).to_contain_text("There is no priority “hihg”.")
    expect(said(listed)).to_have_text("There is no priority “hihg”.")
    expect(options(listed).first).to_have_text("high hihg")
    listed.keyboard.press("Enter")
    expect(box(listed)).to_have_value("> p high a @me ")
    expect(preview(listed).locator("ins")).to_have_text(["high"])
    assert fresh(issue).priority_slug == "urgent"


def test_what_somebody_has_changed_meanwhile_is_not_overwritten(issue, listed, maintainer, complaints):
    link(listed, "WEB-1").focus()
    listed.keyboard.press("Control+k")
    # All at once: "> p lo" is shown as low, too, and is looked up before.
    box(listed).fill("> p low")
    expect(preview(listed).locator("ins")).to_have_text("low")
    update_issue(issue, actor=maintainer, via="web", priority=1 + 1)
    listed.keyboard.press("Enter")
    expect(preview(listed)).to_contain_text("Somebody has changed this meanwhile")
    assert fresh(issue).priority_slug == "medium"
    complaints.clear()


@pytest.mark.once
def test_without_an_issue_it_says_so(listed):
    summon(listed, "> p high")
    expect(preview(listed)).to_contain_text("Open an issue first")


@pytest.mark.once
@pytest.mark.parametrize(
    ("viewport", "theme"),
    [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")],
    ids=["light", "dark", "narrow", "narrow dark"],
)
def test_axe_objects_to_nothing_in_the_palette(issue, live_server, special_context, triager, viewport, theme):
    page = open_as(special_context(bypass_csp=True), live_server, "/issues/WEB-1/", triager, viewport, theme)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator("[data-action=palette]:visible").click()
    expect(box(page)).to_be_focused()
    expect(options(page).first).to_be_visible()
    faults = objections(page, "actions")
    box(page).fill("cart")
    expect(options(page).filter(has_text="WEB-1")).to_be_visible()
    faults += objections(page, "places")
    box(page).fill("> p low l are")
    expect(preview(page).locator("ins").first).to_be_visible()
    faults += objections(page, "changes")
    box(page).fill("> p hihg")
    expect(preview(page)).to_contain_text("There is no priority")
    faults += objections(page, "mistake")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    faults += objections(page, "sheet")
    page.goto(f"{live_server.url}{LIST}")
    if viewport == WIDE:
        page.get_by_label("Select WEB-1").check()
        expect(page.locator("#selection")).to_be_visible()
        faults += objections(page, "selection")
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.once
@pytest.mark.parametrize(("text", "asks"), [("> p high", "**/words/**"), ("cart", "**/palette/**")])
def test_nothing_is_done_of_what_was_left(issue, listed, text, asks):
    link(listed, "WEB-2").focus()
    address, posted = listed.url, []
    listed.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    held = Held(listed, asks)
    summon(listed, text)
    held.wait()
    listed.keyboard.press("Enter")
    listed.keyboard.press("Escape")
    expect(listed.locator("#palette")).to_be_hidden()
    listed.keyboard.press("Control+k")
    expect(listed.locator("#palette")).to_be_visible()
    held.release()
    settle(listed)
    expect(listed.get_by_role("option", name=re.compile("high|The cart empties"))).to_have_count(0)
    assert (listed.url, posted) == (address, [])


@pytest.mark.once
@pytest.mark.parametrize("keys", [("Escape",), ("Escape", "Control+k")])
def test_nothing_is_done_of_what_was_left_before_its_module_came(issue, listed, keys):
    held = without_module(listed)
    link(listed, "WEB-2").focus()
    summon(listed, "prio")
    for key in ("Enter", *keys):
        listed.keyboard.press(key)
    held.wait()
    with listed.expect_event("requestfinished", lambda one: "/js/palette" in one.url):
        held.release()
    settle(listed)
    expect(listed.locator("[data-row-menu]")).to_be_hidden()
    if listed.locator("#palette").is_hidden():
        listed.keyboard.press("Control+k")
    expect(options(listed).nth(1)).to_be_visible()
    expect(box(listed)).to_have_value("")


@pytest.mark.once
@pytest.mark.parametrize("again", [("Enter",), ("Escape", "Control+k")], ids=["by Enter", "opened anew"])
def test_what_cannot_be_loaded_is_said_and_tried_again(issue, listed, complaints, again):
    lost = without_module(listed)
    summon(listed, "")
    lost.wait()
    lost.abort()
    expect(preview(listed)).to_have_text("It could not be loaded. Try again, or reload the page.")
    expect(said(listed)).to_have_text("It could not be loaded. Try again, or reload the page.")
    for key in again:
        listed.keyboard.press(key)
    expect(options(listed).first).to_be_visible()
    expect(preview(listed)).to_be_hidden()
    complaints.clear()


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "asks", "found"), [("> p high", "**/words/**", "high"), ("cart", "**/palette/**", "The cart")]
)
def test_what_was_deleted_is_answered_no_more(issue, listed, text, asks, found):
    link(listed, "WEB-2").focus()
    held = Held(listed, asks)
    summon(listed, text)
    held.wait()
    box(listed).fill("")
    expect(options(listed)).not_to_have_count(0)
    held.release()
    settle(listed)
    expect(options(listed).filter(has_text=found)).to_have_count(0)
    expect(preview(listed)).to_be_hidden()


@pytest.mark.once
@pytest.mark.parametrize(
    ("arrives", "told"), [(True, "WEB-2: priority changed."), (False, "WEB-2: It could not be done")]
)
def test_what_is_being_set_is_told_beside_a_palette_that_was_opened_since(issue, listed, complaints, arrives, told):
    link(listed, "WEB-2").focus()
    sent = Held(listed, "**/set/")
    summon(listed, "> p high")
    expect(preview(listed).locator("ins")).to_have_text("high")
    listed.keyboard.press("Enter")
    sent.wait()
    listed.keyboard.press("Escape")
    summon(listed, "prio")
    listed.keyboard.press("Enter")
    expect(listed.locator("[data-row-menu]")).to_contain_text("WEB-2")
    listed.keyboard.press("Escape")
    summon(listed, "cart")
    expect(options(listed).filter(has_text="WEB-1")).to_be_visible()
    sent.release() if arrives else sent.abort()
    expect(listed.locator(".toast")).to_contain_text(told)
    expect(options(listed).filter(has_text="WEB-1")).to_be_visible()
    expect(preview(listed)).to_be_hidden()
    complaints.clear()


@pytest.mark.once
def test_enter_twice_does_it_once(issue, listed):
    link(listed, "WEB-2").focus()
    words, sent = Held(listed, "**/words/**"), Held(listed, "**/set/")
    summon(listed, "> p high")
    words.wait()
    listed.keyboard.press("Enter")
    listed.keyboard.press("Enter")
    words.release()
    sent.wait()
    listed.keyboard.press("Enter")
    settle(listed)
    assert len(sent.routes) == 1
    sent.release()
    expect(listed.locator(".toast")).to_contain_text("WEB-2: ")
    expect(listed.locator("#palette")).to_be_hidden()
