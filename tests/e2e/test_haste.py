"""Whoever is quicker than the answers, cut off, or not alone: nothing is lost, doubled or done elsewhere."""

import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Route, expect

from issues.models import Issue
from issues.services import add_comment, create_issue, decide, edit_comment, trash_issue, update_issue
from products.models import Component
from products.services import create_part, create_product, set_member, update_product
from tests.cast import create_person
from tests.e2e.conftest import NARROW, hold_back, wait_until
from tests.e2e.parts import heading, link, row, toast
from tests.e2e.test_attachments import give
from tests.e2e.test_live import look

pytestmark = pytest.mark.once

LIST = "/issues/?q=is:untriaged+sort:created-asc"
TITLES = ("Cart empties", "Cart forgets", "Basket blinks")


@pytest.fixture
def reports(product, reporter):
    return [
        create_issue(product, actor=reporter, via="web", title=title, description="Long. " * 900) for title in TITLES
    ]


def fresh(number):
    return Issue.objects.select_related("status", "assignee").get(number=number)


def test_keys_faster_than_answers_change_each_row_that_they_were_pressed_at(reports, visit, triager):
    page = visit(LIST, triager)
    decision, menu = (hold_back(page, f"**/issues/{rest}") for rest in ("WEB-1/triage/", "WEB-2/menu/**"))
    link(page, "WEB-1").focus()
    for key in ("1", "j", "1", "j"):
        page.keyboard.press(key)
    for let_go in (decision, menu):
        let_go()
    expect(toast(page)).to_contain_text("Accepted WEB-2")
    assert [fresh(number).status.slug for number in (1, 2, 3)] == ["accepted", "accepted", "new"]
    expect(link(page, "WEB-3")).to_be_focused()
    for key in ("i", "1"):
        page.keyboard.press(key)
    expect(toast(page)).to_contain_text("Accepted WEB-3")
    assert (fresh(3).status.slug, fresh(3).assignee) == ("accepted", triager)


def sign_in(page, person, csrf=None):
    """Sign `person` in as another tab would, which also renews the secret of all forms where that is given."""
    client = Client()
    client.force_login(person)
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    cookies |= {settings.CSRF_COOKIE_NAME: csrf} if csrf else {}
    site = re.match(r"https?://[^/]+", page.url)[0]
    page.context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])


def come_back(page):
    """Let the page fetch the tokens of another session, as it does when one comes back to it."""
    here = page.url.partition("#")[0]
    with page.expect_event("requestfinished", lambda one: one.url == here and not one.is_navigation_request()):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)


def test_what_one_writes_about_one_row_outlives_the_answer_about_another(reports, visit, triager):
    page = visit(LIST, triager)
    let_go = hold_back(page, "**/issues/WEB-1/triage/")
    link(page, "WEB-1").focus()
    for key in ("1", "j", "r"):
        page.keyboard.press(key)
    comment = page.locator("[data-row-menu] textarea")
    comment.fill("Half a sentence")
    let_go()
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    expect(comment).to_have_value("Half a sentence")
    expect(comment).to_be_focused()


def test_an_answer_to_a_menu_that_was_closed_takes_no_focus(reports, visit, triager):
    page = visit(LIST, triager)
    let_go = hold_back(page, "**/issues/WEB-1/comments/")
    link(page, "WEB-1").focus()
    page.keyboard.press("r")
    page.locator("[data-row-menu] textarea").fill("Said")
    page.keyboard.press("Control+Enter")
    page.locator("#q").click()
    let_go()
    expect(toast(page)).to_contain_text("comment added")
    expect(page.locator("#q")).to_be_focused()
    link(page, "WEB-1").focus()
    page.keyboard.press("r")
    expect(page.locator("[data-row-menu] textarea")).to_have_value("")


def test_what_was_to_be_internal_is_internal_still(reports, visit, triager):
    page = visit(LIST, triager)
    menu = page.locator("[data-row-menu]")
    for key, internal in (("WEB-1", True), ("WEB-2", False), ("WEB-1", True)):
        link(page, key).focus()
        page.keyboard.press("r")
        if menu.locator("textarea").input_value() == "":
            menu.locator("textarea").fill(f"About {key}")
            menu.get_by_label("Internal").set_checked(internal)
        expect(menu.locator("textarea")).to_have_value(f"About {key}")
        assert menu.get_by_label("Internal").is_checked() == internal
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()


def test_a_row_of_my_work_stays_in_its_list(reports, visit, reporter, product, triager):
    create_issue(product, actor=triager, via="web", title="Mine to do", assignee=triager)
    create_issue(product, actor=triager, via="web", title="Reported by me")
    page = visit("/", triager)
    row(page, "WEB-5").locator('a[data-field="priority"]').click()
    page.get_by_role("button", name="Urgent").click()
    expect(toast(page)).to_contain_text("priority changed")
    expect(link(page, "WEB-5")).to_have_attribute("href", re.compile("author"))


def test_a_key_says_that_the_server_is_away(reports, visit, triager, complaints):
    page = visit(LIST, triager)
    page.route("**/menu/**", lambda route: route.abort())
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("WEB-1: It could not be done")
    page.unroute("**/menu/**")
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    complaints.clear()


AWAY = {
    "away": lambda route: route.abort(),
    "refused": lambda route: route.fulfill(status=503, body="Away"),
}


@pytest.mark.parametrize("answer", AWAY.values(), ids=AWAY)
@pytest.mark.parametrize(("key", "opened"), [("p", "[data-row-menu]"), (" ", "[data-peek-panel]")])
def test_what_the_server_cannot_show_now_leaves_the_list(reports, visit, triager, complaints, key, opened, answer):
    page = visit(LIST, triager)
    page.route("**/issues/WEB-1/*/**", answer)
    link(page, "WEB-1").focus()
    page.keyboard.press(key)
    expect(toast(page)).to_contain_text("WEB-1: It could not be done")
    expect(page.locator(opened)).to_be_hidden()
    expect(link(page, "WEB-1")).to_be_focused()
    page.unroute_all()
    page.keyboard.press(key)
    expect(page.locator(opened)).to_be_visible()
    complaints.clear()


@pytest.mark.parametrize("keys", ["jp", " j"], ids=["menu", "peek"])
def test_what_is_not_there_is_not_gone_to_once_it_is_closed(reports, visit, triager, complaints, keys):
    page = visit(LIST, triager)
    let_go = hold_back(page, "**/issues/WEB-2/*/**", lambda route: route.fulfill(status=404, body="Gone"))
    link(page, "WEB-1").focus()
    page.keyboard.press(keys[0])
    if keys[0] == " ":
        expect(page.locator("#peek-title")).to_have_text("Cart empties")
    page.keyboard.press(keys[1])
    page.keyboard.press("Escape")
    let_go()
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile(r"/issues/\?q="))
    expect(link(page, "WEB-2")).to_be_focused()
    complaints.clear()


def test_what_is_written_about_a_row_that_has_gone_is_sent(reports, visit, triager, maintainer):
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("r")
    page.locator("[data-row-menu] textarea").fill("Seen here, too.")
    decide(reports[0], "accept", actor=maintainer, via="web")
    look(page)
    expect(row(page, "WEB-1")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-row-menu]")).to_be_hidden()
    assert fresh(1).comment_count == 1
    link(page, "WEB-2").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-2")


def test_what_is_written_about_a_row_outlives_the_session(reports, visit, triager):
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("r")
    menu = page.locator("[data-row-menu]")
    menu.locator("textarea").fill("Half a thought")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.keyboard.press("Control+Enter")
    expect(menu).to_contain_text("no longer signed in")
    expect(menu.locator("textarea")).to_have_value("Half a thought")
    sign_in(page, triager, csrf="c" * 32)
    come_back(page)
    page.keyboard.press("Control+Enter")
    expect(toast(page)).to_contain_text("comment added")


def test_the_last_of_a_list_is_taken_back(reports, visit, triager, maintainer):
    for issue in reports[1:]:
        decide(issue, "accept", actor=maintainer, via="web")
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    page.locator("#q").focus()
    look(page)
    expect(page.locator(".issue-row")).to_have_count(0)
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Undone")
    assert fresh(1).is_queued


@pytest.mark.parametrize("alone", [False, True])
def test_the_focus_stays_in_a_list_without_what_is_taken_back(reports, visit, triager, maintainer, alone):
    for issue in reports[1:] if alone else ():
        decide(issue, "accept", actor=maintainer, via="web")
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Accepted WEB-1")
    toast(page).get_by_role("button", name="Undo").focus()
    look(page)
    expect(row(page, "WEB-1")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("Undone")
    expect(page.locator("#q") if alone else link(page, "WEB-2")).to_be_focused()


def test_a_tick_outlives_a_change_of_its_row_and_a_refresh(reports, visit, triager, maintainer):
    page = visit(LIST, triager)
    page.get_by_label("Select WEB-2").check()
    row(page, "WEB-2").locator('a[data-field="priority"]').click()
    page.get_by_role("button", name="Urgent").click()
    expect(toast(page)).to_contain_text("priority changed")
    link(page, "WEB-1").focus()
    decide(reports[2], "accept", actor=maintainer, via="web")
    look(page)
    expect(row(page, "WEB-3")).to_have_count(0)
    expect(page.get_by_label("Select WEB-2")).to_be_checked()


def test_a_peek_that_was_closed_stays_closed(reports, visit, triager):
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("Space")
    expect(page.locator("#peek-title")).to_have_text("Cart empties")
    let_go = hold_back(page, "**/issues/WEB-2/peek/")
    with page.expect_response("**/issues/WEB-2/peek/"):
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        expect(link(page, "WEB-2")).to_be_focused()
        let_go()
    page.wait_for_timeout(200)
    expect(page.locator("[data-peek-panel]")).to_be_hidden()
    expect(link(page, "WEB-2")).to_be_focused()


def test_keys_act_on_the_issue_that_is_peeked_at_when_the_next_cannot_be(reports, visit, triager, complaints):
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("Space")
    expect(page.locator("#peek-title")).to_have_text("Cart empties")
    page.route("**/issues/WEB-2/peek/", lambda route: None)
    page.route("**/issues/WEB-3/peek/", AWAY["refused"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(toast(page)).to_contain_text("WEB-3: It could not be done")
    expect(page.locator("#peek-title")).to_have_text("Cart empties")
    expect(page.locator(".issue-row.is-current")).to_have_attribute("data-issue", "WEB-1")
    complaints.clear()


@pytest.mark.parametrize("again", ["away", "refused"])
def test_what_is_wrong_is_said_though_the_menu_cannot_be_had_again(
    reports, visit, triager, maintainer, complaints, again
):
    page = visit(LIST, triager)
    link(page, "WEB-1").focus()
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Urgent")).to_be_visible()
    update_issue(reports[0], actor=maintainer, via="web", priority=1)
    page.route("**/menu/**", AWAY[again])
    page.get_by_role("button", name="Urgent").click()
    expect(toast(page)).to_contain_text("Somebody has changed this meanwhile")
    expect(page.locator("[data-row-menu]")).to_be_hidden()
    complaints.clear()


def test_what_is_wrong_is_seen_where_a_menu_was_closed_before_it_could_not_come(reports, visit, triager, complaints):
    page = visit(LIST, triager)
    menu, comment = (hold_back(page, f"**/issues/{rest}", Route.abort) for rest in ("WEB-2/menu/**", "WEB-1/comments/"))
    link(page, "WEB-1").focus()
    page.keyboard.press("r")
    page.locator("[data-row-menu] textarea").fill("Said")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    for key in ("j", "p", "Escape", "k"):
        page.keyboard.press(key)
    for let_go in (menu, comment):
        let_go()
    expect(page.locator("[data-menu-error]")).to_contain_text("It could not be done")
    expect(page.locator("[data-row-menu]")).to_have_css("opacity", "1")
    complaints.clear()


def test_what_was_refused_is_there_again_and_not_what_was_written_about_another(reports, visit, triager, complaints):
    page = visit(LIST, triager)
    menu = page.locator("[data-row-menu]")
    let_go = hold_back(page, "**/issues/WEB-1/triage/")
    link(page, "WEB-1").focus()
    page.keyboard.press("2")
    menu.locator("textarea").fill("About this one")
    menu.locator("input.control").fill("WEB-99999")
    page.keyboard.press("Enter")
    for key in ("Escape", "j", "r"):
        page.keyboard.press(key)
    menu.locator("textarea").fill("About the other")
    for key in ("Escape", "k"):
        page.keyboard.press(key)
    let_go()
    expect(page.locator("[data-menu-error]")).to_contain_text("WEB-99999")
    expect(menu.locator("textarea")).to_have_value("About this one")
    for key in ("Escape", "j", "r"):
        page.keyboard.press(key)
    expect(menu.locator("textarea")).to_have_value("About the other")
    complaints.clear()


@pytest.mark.parametrize("slow", [False, True])
def test_enter_assigns_to_the_same_however_fast_the_menu_comes(
    reports, visit, triager, product, administrator, stranger, slow
):
    set_member(product, create_person("balsam"), "triager", actor=administrator, via="web")
    page = visit(LIST, triager)
    let_go = hold_back(page, "**/menu/**") if slow else None
    link(page, "WEB-1").focus()
    page.keyboard.press("a")
    if not slow:
        expect(page.locator("#set-assignee")).to_be_focused()
    page.keyboard.type("bal")
    page.keyboard.press("Enter")
    if slow:
        let_go()
    expect(toast(page)).to_contain_text("assignee changed")
    assert fresh(1).assignee.username == "balsam"


def test_what_was_typed_and_deleted_is_not_looked_for(reports, visit, triager):
    page = visit("/issues/?q=is%3Aopen", triager)
    box = page.locator("#q")
    asked = re.compile(r"/issues/\?.*blinks")
    let_go = hold_back(page, asked)
    with page.expect_request(asked):
        box.fill("is:open blinks")
    box.fill("is:open")
    page.wait_for_timeout(500)
    let_go()
    page.wait_for_timeout(500)
    expect(page.locator(".issue-row")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"q=is(:|%3A)open$"))
    expect(page.locator("[data-results]")).not_to_have_attribute("aria-busy", "true")


def test_a_list_says_when_one_is_signed_out(reports, visit, triager):
    page = visit(LIST, triager)
    page.context.clear_cookies()
    look(page)
    expect(toast(page)).to_contain_text("no longer signed in")
    expect(page.locator(".issue-row")).to_have_count(3)
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("WEB-1: You are no longer signed in")
    page.locator("#q").fill("is:open cart")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    expect(page).to_have_url(re.compile("cart"))


class TestQueue:
    def test_setting_a_field_leaves_what_was_chosen_and_where_one_writes(
        self, reports, product, maintainer, visit, triager
    ):
        till, _office = (
            create_part(Component, product=product, actor=maintainer, via="web", name=name)
            for name in ("Till", "Office")
        )
        for number in range(3):
            made = create_issue(product, actor=triager, via="web", title=f"Cart empties again {number}", component=till)
            decide(made, "accept", actor=maintainer, via="web")
        page = visit("/triage/", triager)
        page.keyboard.press("y")
        ticked = page.locator("[data-suggested] :checked")
        expect(ticked).not_to_have_count(0)
        let_go = hold_back(page, "**/issues/WEB-1/set/")
        page.keyboard.press("p")
        page.get_by_role("button", name="Urgent").click()
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        page.keyboard.type("Half a ")
        let_go()
        expect(toast(page)).to_contain_text("priority changed")
        page.keyboard.type("sentence 1")
        expect(page.locator(".composer textarea")).to_have_value("Half a sentence 1")
        component = page.locator("[data-suggested] [name=set_component]")
        expect(component).to_be_checked()
        expect(page.locator(".triage-beside")).to_contain_text("Urgent")
        assert fresh(1).is_queued
        # A field that is set by its own key is not suggested any more, nor taken.
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+C")
        page.get_by_role("button", name="Office").click()
        expect(toast(page)).to_contain_text("component changed")
        expect(component).to_have_count(0)
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted WEB-1")

    def test_a_comment_is_sent_once_though_one_goes_and_comes_back(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/issues/WEB-1/comments/")
        page.keyboard.press("r")
        page.keyboard.type("Once")
        for key in ("Control+Enter", "Escape", "j"):
            page.keyboard.press(key)
        expect(heading(page)).to_have_text("Cart forgets")
        page.keyboard.press("k")
        expect(heading(page)).to_have_text("Cart empties")
        expect(page.locator(".composer textarea")).to_have_value("Once")
        let_go()
        expect(page.locator(".triage-story")).to_contain_text("Once")
        expect(page.locator(".composer textarea")).to_have_value("")

    def test_what_was_to_be_internal_is_internal_still(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("r")
        page.keyboard.type("Between us")
        page.get_by_label("Internal").check()
        for key in ("Escape", "j"):
            page.keyboard.press(key)
        expect(heading(page)).to_have_text("Cart forgets")
        expect(page.get_by_label("Internal")).not_to_be_checked()
        page.locator("article[data-shown]").focus()
        page.keyboard.press("k")
        expect(page.locator(".composer textarea")).to_have_value("Between us")
        expect(page.get_by_label("Internal")).to_be_checked()

    def test_what_is_written_after_it_was_sent_is_internal_still(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/issues/WEB-1/comments/")
        text = page.locator(".composer textarea")
        text.fill("Between us")
        page.get_by_label("Internal").check()
        text.press("Control+Enter")
        text.press_sequentially(" two")
        let_go()
        expect(toast(page)).to_contain_text("comment added")
        expect(text).to_have_value("Between us two")
        expect(page.get_by_label("Internal")).to_be_checked()
        expect(page.locator(".composer[aria-busy]")).to_have_count(0)
        text.press("Control+Enter")
        expect(text).to_have_value("")
        assert list(fresh(1).comments.values_list("internal", flat=True)) == [True, True]

    @pytest.mark.parametrize("fetched", [True, False])
    def test_a_comment_outlives_a_decision_and_what_takes_it_back(self, reports, visit, triager, fetched):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        if not fetched:
            # Nothing follows: the whole page is drawn anew.
            for report in reports[1:]:
                decide(report, "accept", actor=triager, via="web")
            page.reload()
            page.locator("html[data-ready]").wait_for(state="attached")
        page.keyboard.press("r")
        page.keyboard.type("Half a thought")
        for key in ("Escape", "3"):
            page.keyboard.press(key)
        page.locator("details[open] textarea").fill("Sorry")
        page.locator("details[open]").get_by_role("button", name="Invalid").click()
        expect(toast(page)).to_contain_text("Declined WEB-1")
        page.keyboard.press("z")
        expect(toast(page)).to_contain_text("Undone in WEB-1.")
        expect(page.locator(".composer textarea")).to_have_value("Half a thought")
        assert page.locator("#decide-comment-decline").input_value() == ""

    def test_a_comment_is_there_on_the_page_of_the_issue_and_back(self, reports, visit, triager):
        page = visit("/triage/?issue=WEB-2", triager)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("r")
        page.keyboard.type("Between us")
        page.get_by_label("Internal").check()
        for key in ("Escape", "n"):
            page.keyboard.press(key)
        page.get_by_label("Question").fill("Which cart?")
        for key in ("Escape", "k"):
            page.keyboard.press(key)
        expect(heading(page)).to_have_text("Cart empties")
        expect(page.locator("#comment-body")).to_have_value("")
        expect(page.locator("#decide-question")).to_have_value("")
        page.goto(page.url.split("/triage/")[0] + "/issues/WEB-2/")
        expect(page.locator("#comment-body")).to_have_value("Between us")
        expect(page.get_by_label("Internal")).to_be_checked()
        page.locator("#comment-body").fill("Between us two")
        page.goto(page.url.split("/issues/")[0] + "/triage/?issue=WEB-2")
        expect(page.locator("#comment-body")).to_have_value("Between us two")
        expect(page.locator("#decide-question")).to_have_value("Which cart?")
        page.locator("#comment-body").press("Control+Enter")
        expect(page.locator(".triage-story")).to_contain_text("Between us two")
        expect(page.locator("#comment-body")).to_have_value("")
        page.goto(page.url.split("/triage/")[0] + "/issues/WEB-2/")
        page.locator("html[data-ready]").wait_for(state="attached")
        expect(page.locator("#comment-body")).to_have_value("")

    def test_a_comment_that_was_sent_in_it_is_no_draft_where_one_goes_back(self, reports, visit, triager):
        page = visit("/issues/WEB-2/", triager)
        for text, kept in (("Sent", None), ("Unsent", "Unsent and more")):
            page.locator("#comment-body").fill(text)
            # As a browser leaves a page that it keeps, and comes back when the queue has kept or sent the comment.
            page.evaluate(
                """kept => {
                    dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
                    const key = Object.keys(sessionStorage).find(one => one.startsWith("draft "));
                    const { text, ...beside } = JSON.parse(sessionStorage.getItem(key));
                    if (kept) sessionStorage.setItem(key, JSON.stringify({ text: kept, ...beside }));
                    else sessionStorage.removeItem(key);
                    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
                }""",
                kept,
            )
            expect(page.locator("#comment-body")).to_have_value(kept or "")

    def test_its_filter_outlives_what_others_decide(self, reports, visit, triager, administrator, reporter, maintainer):
        other = create_product(actor=administrator, via="web", key="API", title="API")
        set_member(other, triager, "triager", actor=administrator, via="web")
        create_issue(other, actor=reporter, via="web", title="Elsewhere")
        page = visit("/triage/?q=product:WEB", triager)
        expect(page.locator(".queue-row")).to_have_count(3)
        decide(reports[0], "accept", actor=maintainer, via="web")
        for _one in range(2):
            look(page)
            expect(page.locator(".queue-row")).to_have_count(2)
        expect(page.locator("[data-queue]")).not_to_contain_text("Elsewhere")

    def test_what_comes_into_an_empty_one_is_shown(self, product, visit, triager, reporter):
        page = visit("/triage/", triager)
        expect(page.locator(".empty")).to_contain_text("All is decided")
        assert look(page).status == 204
        create_issue(product, actor=reporter, via="web", title="Quite new")
        assert look(page).status == 200
        expect(heading(page)).to_have_text("Quite new")
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted WEB-1")

    def test_on_a_phone_the_next_is_read_from_its_title_on(self, reports, visit, triager):
        page = visit("/triage/", triager, NARROW)
        page.wait_for_load_state("networkidle")
        page.evaluate("scrollTo(0, 900)")
        page.get_by_role("button", name="Accept").click()
        expect(heading(page)).to_have_text("Cart forgets")
        expect(heading(page)).to_be_in_viewport()

    def test_what_was_not_decided_is_still_in_it(self, reports, visit, triager, complaints):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        page.route("**/issues/WEB-1/triage/", lambda route: route.abort())
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("WEB-1: It could not be done")
        expect(heading(page)).to_have_text("Cart empties")
        expect(page.locator("article[data-shown]")).to_be_focused()
        expect(page).to_have_title("WEB-1 Cart empties")
        expect(page.locator(".queue-row")).to_have_count(3)
        expect(page).to_have_url(re.compile("issue=WEB-1"))
        page.unroute("**/issues/WEB-1/triage/")
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted WEB-1")
        complaints.clear()

    def test_one_stays_where_one_has_gone_on_to_before_the_next_came(self, reports, visit, triager):
        page = visit("/triage/?issue=WEB-2", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/triage/?issue=WEB-2")
        page.keyboard.press("k")
        expect(heading(page)).to_have_text("Cart empties")
        page.keyboard.press("1")
        with page.expect_response("**/triage/?issue=WEB-2"):
            page.locator(".queue-row", has_text="Basket blinks").click()
            expect(heading(page)).to_have_text("Basket blinks")
            let_go()
        expect(toast(page)).to_contain_text("Accepted WEB-1")
        page.wait_for_timeout(200)
        expect(heading(page)).to_have_text("Basket blinks")
        expect(page.locator(".queue-row")).to_have_count(2)
        expect(page).to_have_url(re.compile("issue=WEB-3"))

    @pytest.mark.parametrize("arrives_late", [False, True])
    def test_a_late_answer_brings_back_nothing_that_was_decided_since(self, reports, visit, triager, arrives_late):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/issues/WEB-1/triage/", done=not arrives_late)
        page.keyboard.press("1")
        expect(heading(page)).to_have_text("Cart forgets")
        with page.expect_response("**/issues/WEB-1/triage/"):
            page.keyboard.press("1")
            expect(toast(page)).to_contain_text("Accepted WEB-2")
            assert page.locator(".queue-row").count() == 1
            let_go()
        page.wait_for_timeout(200)
        expect(toast(page)).to_contain_text("Accepted WEB-2")
        expect(page.locator(".queue-row")).to_have_count(1)
        page.keyboard.press("z")
        expect(toast(page)).to_contain_text("Undone in WEB-2.")

    def test_a_comment_outlives_a_decision_that_is_refused(self, product, reporter, visit, triager, complaints):
        create_issue(product, actor=reporter, via="web", title="Cart empties")
        page = visit("/triage/", triager)
        page.locator(".composer textarea").fill("Half a thought")
        page.locator("article[data-shown]").focus()
        page.keyboard.press("2")
        page.keyboard.type("WEB-99999")
        page.keyboard.press("Enter")
        expect(page.locator("[data-error-summary]")).to_contain_text("WEB-99999")
        expect(page.locator(".composer textarea")).to_have_value("Half a thought")
        complaints.clear()

    def test_what_was_sent_with_the_last_decision_does_not_come_back(self, product, reporter, visit, triager):
        create_issue(product, actor=reporter, via="web", title="Cart empties")
        page = visit("/triage/", triager)
        page.keyboard.press("3")
        page.locator("details[open] textarea").fill("Sorry")
        page.locator("details[open]").get_by_role("button", name="Invalid").click()
        expect(toast(page)).to_contain_text("Declined WEB-1")
        toast(page).get_by_role("button", name="Undo").click()
        expect(heading(page)).to_have_text("Cart empties")
        assert {one.input_value() for one in page.locator(".triage-issue textarea").all()} == {""}

    def test_what_is_being_sent_is_nowhere_once_it_is_taken(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/issues/WEB-1/triage/")
        for key, title in (("j", TITLES[1]), ("k", TITLES[0])):
            page.keyboard.press(key)
            expect(heading(page)).to_have_text(title)
        self.ask(page)
        page.evaluate("history.go(-2)")
        expect(heading(page)).to_have_text(TITLES[0])
        expect(page.locator("#decide-question")).to_have_value("Which cart?")
        let_go()
        expect(toast(page)).to_contain_text("Asked about WEB-1")
        expect(page.locator("#decide-question")).to_have_value("")

    @pytest.mark.parametrize(("arrives", "kept"), [(True, ""), (False, "Which cart?")])
    def test_what_is_being_sent_while_one_leaves_is_kept_unless_it_arrives(
        self, reports, reporter, visit, triager, arrives, kept
    ):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        sent = []
        page.route("**/issues/WEB-1/triage/", lambda route: sent.append(route.fetch() if arrives else route))
        self.ask(page)
        wait_until(page, lambda: sent, "The question was not sent.")
        page.goto(page.url.split("/triage/")[0] + "/issues/WEB-2/")
        if arrives:
            add_comment(fresh(1), actor=reporter, via="web", body="This one.")
        page.goto(page.url.split("/issues/")[0] + "/triage/?issue=WEB-1")
        page.locator("html[data-ready]").wait_for(state="attached")
        expect(page.locator("#decide-question")).to_have_value(kept)

    @staticmethod
    def ask(page):
        """Ask about what is shown, and see the next before the answer."""
        page.keyboard.press("n")
        page.get_by_label("Question").fill("Which cart?")
        page.keyboard.press("Control+Enter")
        expect(heading(page)).to_have_text(TITLES[1])

    @pytest.mark.parametrize("taken", [True, False])
    def test_what_one_writes_outlives_the_answer_about_the_last(
        self, reports, visit, triager, maintainer, complaints, taken
    ):
        page = visit("/triage/?issue=WEB-3", triager)
        page.wait_for_load_state("networkidle")
        let_go = hold_back(page, "**/issues/WEB-3/triage/")
        if not taken:
            decide(reports[2], "accept", actor=maintainer, via="web")
        for key in ("1", "k"):
            page.keyboard.press(key)
        expect(heading(page)).to_have_text("Cart forgets")
        page.locator(".composer textarea").fill("Half a sentence")
        let_go()
        expect(toast(page)).to_contain_text("Accepted WEB-3" if taken else "Mia has decided on WEB-3")
        expect(page.locator(".composer textarea")).to_have_value("Half a sentence")
        expect(heading(page)).to_have_text("Cart forgets")
        expect(page.locator(".queue-row")).to_have_count(2)
        expect(page).to_have_url(re.compile("issue=WEB-2"))
        complaints.clear()

    def test_the_address_names_what_is_shown_after_a_refusal(self, reports, visit, triager, complaints):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("2")
        page.keyboard.type("WEB-99999")
        page.keyboard.press("Enter")
        expect(page.locator("[data-error-summary]")).to_contain_text("WEB-99999")
        expect(heading(page)).to_have_text("Cart empties")
        expect(page).to_have_url(re.compile("issue=WEB-1"))
        complaints.clear()


class TestQueueOfOthers:
    """What others do to what is read, the session and the server, while somebody writes in the queue."""

    @pytest.fixture
    def page(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        return page

    @pytest.fixture
    def other(self, administrator, triager):
        other = create_product(actor=administrator, via="web", key="API", title="API")
        set_member(other, triager, "triager", actor=administrator, via="web")
        return other

    @staticmethod
    def ask(page):
        page.keyboard.press("n")
        page.get_by_label("Question").fill("A careful question")

    def test_it_stops_for_another_reader(self, page, triager, maintainer):
        page.locator("#comment-body").fill("Half a thought")
        sign_in(page, maintainer)
        assert look(page).status == 200
        expect(toast(page)).to_contain_text("no longer signed in")
        expect(page.locator("#comment-body")).to_have_value("Half a thought")
        page.locator("article[data-shown]").focus()
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Cart forgets")
        with page.expect_response(lambda answer: "since=" in answer.url):
            page.keyboard.press("j")
        expect(toast(page)).to_contain_text("You are no longer signed in")
        expect(heading(page)).to_have_text("Cart forgets")
        sign_in(page, triager)
        assert look(page).status == 200
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Basket blinks")

    @pytest.mark.parametrize("seen", [True, False])
    def test_one_signs_in_in_another_tab_and_sends_what_was_written(self, page, triager, complaints, seen):
        self.ask(page)
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        # The queue finds out, too, before somebody can have signed in again.
        with page.expect_event("requestfinished", lambda one: re.search("/accounts/.*since", one.url)):
            page.keyboard.press("Control+Enter")
        expect(toast(page)).to_contain_text("no longer signed in")
        expect(page.get_by_label("Question")).to_have_value("A careful question")
        sign_in(page, triager, csrf="c" * 32)
        if seen:
            look(page)
        else:
            with page.expect_response(lambda answer: "since=" in answer.url):
                page.get_by_label("Question").press("Control+Enter")
            expect(toast(page)).to_contain_text("It could not be done. Try again.")
            page.wait_for_timeout(200)
        page.get_by_label("Question").press("Control+Enter")
        expect(page.locator(".toast").first).to_contain_text("Asked about WEB-1")
        assert fresh(1).waiting_for is not None
        complaints.clear()

    @pytest.mark.parametrize("answer", [None, {"status": 503, "body": "away"}], ids=["offline", "away"])
    def test_one_stays_where_the_next_cannot_be_fetched(self, reports, visit, triager, complaints, answer):
        page = visit("/triage/?issue=WEB-3", triager)
        page.route("**/triage/?issue=WEB-2", lambda route: route.fulfill(**answer) if answer else route.abort())
        self.ask(page)
        page.get_by_label("Question").press("Escape")
        page.keyboard.press("k")
        expect(toast(page)).to_contain_text("WEB-2: It could not be done")
        expect(heading(page)).to_have_text("Basket blinks")
        page.unroute_all()
        page.keyboard.press("k")
        expect(heading(page)).to_have_text("Cart forgets")
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Basket blinks")
        expect(page.get_by_label("Question")).to_have_value("A careful question")
        complaints.clear()

    def test_it_goes_on_without_what_is_hidden(self, page, reports, maintainer, complaints):
        trash_issue(reports[0], actor=maintainer, via="web")
        assert look(page).status == 404
        expect(toast(page)).to_contain_text("WEB-1: This issue is no longer to be seen")
        expect(heading(page)).to_have_text("Cart forgets")
        expect(page).to_have_url(re.compile("issue=WEB-2"))
        expect(page.locator(".queue-row")).to_have_count(2)
        decide(reports[2], "accept", actor=maintainer, via="web")
        look(page)
        expect(page.locator(".queue-row")).to_have_count(1)
        trash_issue(reports[1], actor=maintainer, via="web")
        look(page)
        expect(page.locator(".empty")).to_contain_text("All is decided")
        complaints.clear()

    def test_whoever_writes_about_what_is_hidden_is_not_taken_away(self, page, reports, maintainer, complaints):
        self.ask(page)
        trash_issue(reports[0], actor=maintainer, via="web")
        assert look(page).status == 404
        expect(page.locator(".queue-row")).to_have_count(2)
        decide(reports[2], "accept", actor=maintainer, via="web")
        assert look(page).status == 200
        expect(page.locator(".queue-row")).to_have_count(1)
        expect(page.get_by_label("Question")).to_have_value("A careful question")
        expect(page.get_by_label("Question")).to_be_focused()
        page.get_by_label("Question").press("Escape")
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Cart forgets")
        complaints.clear()

    def test_whoever_ends_writing_about_what_is_hidden_goes_on(self, page, reports, maintainer, complaints):
        self.ask(page)
        trash_issue(reports[0], actor=maintainer, via="web")
        assert [look(page).status for _time in range(3)] == [404, 200, 204]
        page.get_by_label("Question").fill("")
        page.get_by_label("Question").press("Escape")
        assert look(page).status == 200
        expect(heading(page)).to_have_text("Cart forgets")
        complaints.clear()

    @pytest.mark.parametrize("told", [True, False])
    @pytest.mark.parametrize(("at", "key", "then"), [(2, "j", 3), (3, "k", 2)])
    def test_one_goes_on_from_where_what_others_decided_was(
        self, reports, visit, triager, maintainer, complaints, at, key, then, told
    ):
        page = visit(f"/triage/?issue=WEB-{at}", triager)
        page.wait_for_load_state("networkidle")
        decide(reports[at - 1], "accept", actor=maintainer, via="web")
        if told:
            look(page)
        else:
            page.keyboard.press("1")
            expect(page.locator("[data-error-summary]")).to_contain_text(f"has decided on WEB-{at}")
        expect(page.locator(".queue-row")).to_have_count(2)
        expect(heading(page)).to_have_text(TITLES[at - 1])
        page.keyboard.press(key)
        expect(heading(page)).to_have_text(TITLES[then - 1])
        complaints.clear()

    @pytest.mark.parametrize("writes", [True, False])
    def test_what_was_rerouted_is_renewed_under_its_key(self, page, reports, other, maintainer, administrator, writes):
        set_member(other, maintainer, "maintainer", actor=administrator, via="web")
        if writes:
            page.locator("#comment-body").fill("Half a thought")
        decide(reports[0], "reroute", actor=maintainer, via="web", product=other)
        assert look(page).status == 200
        expect(page.locator(".triage-line .key")).to_have_text("API-1")
        expect(page).to_have_url(re.compile("issue=API-1"))
        expect(page.locator(".queue-row[aria-current]")).to_contain_text("API-1")
        expect(page.locator("#comment-body")).to_have_value("Half a thought" if writes else "")
        assert look(page).status == 204
        page.locator("article[data-shown]").focus()
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted API-1")

    def test_a_product_has_another_key_by_now(self, page, product, maintainer):
        update_product(product, actor=maintainer, via="web", key="SHOP")
        page.keyboard.press("p")
        page.get_by_role("button", name="Urgent").click()
        expect(toast(page)).to_contain_text("SHOP-1")
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted SHOP-1")
        expect(heading(page)).to_have_text("Cart forgets")
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted SHOP-2")


HIDE = """() => {
    Object.defineProperty(document, "hidden", { value: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return Object.values(sessionStorage).some((kept) => kept.includes("Half a thought"));
}"""


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/issues/WEB-1/", "#comment-body"),
        ("/triage/?issue=WEB-1", "#comment-body"),
        ("/issues/WEB-1/edit/", "[name=description]"),
        ("/issues/new/?product=WEB", "[name=description]"),
    ],
)
def test_what_is_written_is_kept_while_its_page_is_out_of_sight(reports, visit, triager, path, field):
    page = visit(path, triager)
    page.locator(field).fill("Half a thought")
    assert page.evaluate(HIDE)


def test_what_is_written_on_the_page_of_a_comment_is_there_again(reports, visit, triager, maintainer):
    comment = add_comment(reports[0], actor=triager, via="web", body="Said.\nAnd more.")
    path = f"/issues/WEB-1/comments/{comment.pk}/edit/"
    page = visit(path, triager)
    text = page.locator("[name=body]")
    text.fill("Said.\nHalf a thought")
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    expect(text).to_have_value("Said.\nHalf a thought")
    edit_comment(comment, actor=maintainer, via="web", body="Said otherwise.")
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    # Of another text it is no draft.
    expect(text).to_have_value("Said otherwise.")


class TestForms:
    """What is written on a page of its own: a new issue, and all fields of one."""

    NEW, EDIT = "/issues/new/?product=WEB", "/issues/WEB-1/edit/"

    @staticmethod
    def write(page, title, description=""):
        page.get_by_label("Title").fill(title)
        page.get_by_label("Description").fill(description)

    @staticmethod
    def go(page, path):
        """Open another page of the site in the same tab."""
        page.goto(re.sub(r"(?<=\d)/.*", path, page.url))
        page.locator("html[data-ready]").wait_for(state="attached")

    @staticmethod
    def expect_written(page, title, description):
        expect(page.get_by_label("Title")).to_have_value(title)
        expect(page.get_by_label("Description")).to_have_value(description)

    @pytest.mark.parametrize("path", [NEW, EDIT])
    def test_it_outlives_where_one_goes_until_it_is_sent(self, reports, visit, triager, path):
        page = visit(path, triager)
        self.write(page, "Half a title", "Half\na thought")
        self.go(page, "/issues/")
        self.go(page, path)
        self.expect_written(page, "Half a title", "Half\na thought")
        page.locator(".button-row .button-primary").click()
        expect(page.locator("h1")).to_have_text("Half a title")
        page.locator("html[data-ready]").wait_for(state="attached")
        page.go_back()
        page.wait_for_timeout(300)
        self.go(page, self.NEW)
        self.expect_written(page, "", "")
        assert Issue.objects.filter(title="Half a title").count() == 1

    @pytest.mark.parametrize("path", [NEW, EDIT])
    def test_it_is_sent_with_a_file_by_who_has_signed_in_again(self, reports, visit, triager, complaints, path):
        page = visit(path, triager)
        self.write(page, "A title", "A thought")
        page.set_input_files("#id_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        page.locator(".button-row .button-primary").click()
        expect(page.locator("form.form")).to_contain_text("no longer signed in")
        sign_in(page, triager, csrf="c" * 32)
        come_back(page)
        page.locator(".button-row .button-primary").click()
        expect(page.locator("h1")).to_have_text("A title")
        expect(page.locator("main")).to_contain_text("a.txt")
        complaints.clear()

    @pytest.mark.parametrize("path", [NEW, EDIT])
    def test_what_the_version_before_has_kept_breaks_nothing(self, reports, visit, triager, path):
        page = visit(path, triager)
        title, description = (page.get_by_label(one).input_value() for one in ("Title", "Description"))
        form = page.locator("form[data-written]")
        key = form.evaluate("({ dataset }) => `written ${dataset.reader} ${dataset.written}`")
        self.go(page, "/issues/")
        page.evaluate(
            """([key, title, description]) => {
                const kept = { texts: { title: "Old", description: "" }, was: JSON.stringify({ title, description }) };
                sessionStorage.setItem(key, JSON.stringify({ ...kept, sent: false }));
            }""",
            [key, title, description],
        )
        self.go(page, path)
        self.expect_written(page, title, description)
        self.write(page, "Half a title", "Half a thought")
        self.go(page, "/issues/")
        self.go(page, path)
        self.expect_written(page, "Half a title", "Half a thought")

    def test_it_is_there_again_where_it_was_refused(self, reports, visit, triager, complaints):
        page = visit(self.NEW, triager)
        self.write(page, "Half a title", "Half a thought")
        page.get_by_label("Assignee").fill("nobody-of-that-name")
        page.get_by_role("button", name="File it").click()
        expect(page.locator("[data-error-summary]")).to_be_visible()
        self.go(page, self.NEW)
        self.expect_written(page, "Half a title", "Half a thought")
        complaints.clear()

    def test_what_was_given_up_is_gone(self, reports, visit, triager):
        for path in (self.NEW, self.EDIT):
            page = visit(path, triager)
            self.write(page, "Half a title")
            page.get_by_role("link", name="Cancel").click()
            expect(page.get_by_label("Title")).to_have_count(0)
            self.go(page, path)
            expect(page.get_by_label("Title")).not_to_have_value("Half a title")

    def test_it_is_of_its_reader_and_product_or_issue_alone(
        self, reports, product, visit, triager, maintainer, administrator
    ):
        other = create_product(actor=administrator, via="web", key="API", title="API")
        set_member(other, triager, "triager", actor=administrator, via="web")
        page = visit(self.NEW, triager)
        self.write(page, "Half a title")
        for path, title in (("/issues/new/?product=API", ""), ("/issues/WEB-1/edit/", "Cart empties")):
            self.go(page, path)
            self.expect_written(page, title, page.get_by_label("Description").input_value())
        sign_in(page, maintainer)
        self.go(page, self.NEW)
        self.expect_written(page, "", "")

    def test_a_text_that_others_have_changed_is_not_overwritten(self, reports, visit, triager, maintainer):
        page = visit(self.EDIT, triager)
        self.write(page, "Mine", "Mine")
        self.go(page, "/issues/")
        update_issue(reports[0], actor=maintainer, via="web", description="Theirs")
        self.go(page, self.EDIT)
        self.expect_written(page, "Cart empties", "Theirs")

    def test_it_outlives_what_others_do_beside_its_texts(self, reports, visit, triager, maintainer):
        page = visit(self.EDIT, triager)
        self.write(page, "Mine", "Mine")
        self.go(page, "/issues/")
        add_comment(reports[0], actor=maintainer, via="web", body="Theirs")
        update_issue(fresh(1), actor=maintainer, via="web", priority=4)
        self.go(page, self.EDIT)
        self.expect_written(page, "Mine", "Mine")

    @pytest.mark.parametrize("path", [NEW, EDIT])
    def test_what_was_sent_and_not_saved_outlives_an_issue_of_its_title(
        self, reports, visit, triager, complaints, path
    ):
        page = visit(path, triager)
        self.write(page, "Cart empties", "Half a thought")
        page.route(re.compile(r"/(new|edit)/$"), lambda route: route.fulfill(status=500, body="Broken"))
        with page.expect_navigation():
            page.locator(".button-row .button-primary").click()
        expect(page.locator("body")).to_have_text("Broken")
        page.unroute_all()
        self.go(page, "/issues/WEB-1/")
        self.go(page, path)
        self.expect_written(page, "Cart empties", "Half a thought")
        complaints.clear()

    def test_what_was_saved_stays_away_when_it_is_undone(self, reports, visit, triager, maintainer):
        page = visit(self.EDIT, triager)
        before = page.get_by_label("Description").input_value()
        self.write(page, "Half a title", before)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_have_text("Half a title")
        page.locator("html[data-ready]").wait_for(state="attached")
        update_issue(fresh(1), actor=maintainer, via="web", title="Cart empties")
        self.go(page, self.EDIT)
        self.expect_written(page, "Cart empties", before)

    def test_a_form_that_a_conflict_has_drawn_anew_does_what_it_did(
        self, reports, visit, triager, maintainer, complaints
    ):
        page = visit(self.EDIT, triager)
        update_issue(reports[0], actor=maintainer, via="web", description="Theirs")
        page.get_by_label("Description").fill("Mine")
        page.set_input_files("#id_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".conflict")).to_contain_text("Theirs")
        page.get_by_label("Assignee").press_sequentially("to")
        expect(page.locator("datalist option[value=tom]")).to_have_count(1)
        page.get_by_role("link", name="Cancel").click()
        expect(page.locator("h1")).to_have_text("Cart empties")
        self.go(page, self.EDIT)
        self.expect_written(page, "Cart empties", "Theirs")
        complaints.clear()


class TestIssue:
    @pytest.fixture
    def page(self, reports, visit, triager):
        return visit("/issues/WEB-1/", triager)

    @staticmethod
    def comment(page):
        return page.get_by_label("Comment", exact=True)

    def test_a_comment_outlives_what_else_is_sent_and_where_one_goes(self, page):
        self.comment(page).fill("Half a thought")
        with page.expect_navigation():
            page.get_by_role("button", name="Watch").first.click()
        expect(self.comment(page)).to_have_value("Half a thought")
        page.goto(page.url.replace("WEB-1", "WEB-2"))
        expect(self.comment(page)).to_have_value("")
        page.goto(page.url.replace("WEB-2", "WEB-1"))
        expect(self.comment(page)).to_have_value("Half a thought")
        self.comment(page).press("Control+Enter")
        expect(page.locator(".timeline")).to_contain_text("Half a thought")
        for _one in range(2):
            expect(self.comment(page)).to_have_value("")
            page.reload()

    def test_what_was_to_be_internal_is_internal_still(self, page):
        self.comment(page).fill("Between us")
        page.get_by_label("Internal").check()
        for _one in range(2):
            page.reload()
            expect(self.comment(page)).to_have_value("Between us")
            expect(page.get_by_label("Internal")).to_be_checked()

    def test_what_was_sent_is_no_draft_where_one_goes_back(self, page):
        page.goto(page.url)
        self.comment(page).fill("Sent once")
        with page.expect_navigation(url=re.compile("#comment-")):
            self.comment(page).press("Control+Enter")
        # Until its scripts have come, the page of the comment does not know that it is made.
        page.locator("html[data-ready]").wait_for(state="attached")
        expect(page.locator(".timeline")).to_contain_text("Sent once")
        page.go_back()
        page.wait_for_timeout(300)
        page.goto(page.url.split("#")[0])
        expect(self.comment(page)).to_have_value("")
        assert fresh(1).comment_count == 1

    def test_the_same_comment_may_be_written_twice(self, page):
        self.comment(page).fill("Ping")
        with page.expect_navigation(url=re.compile("#comment-")):
            self.comment(page).press("Control+Enter")
        page.locator("html[data-ready]").wait_for(state="attached")
        self.comment(page).fill("Ping")
        for _one in range(2):
            page.reload()
            page.locator("html[data-ready]").wait_for(state="attached")
            expect(self.comment(page)).to_have_value("Ping")

    def test_a_second_comment_that_was_refused_is_still_there(self, page, complaints):
        self.comment(page).fill("First")
        with page.expect_navigation(url=re.compile("#comment-")):
            self.comment(page).press("Control+Enter")
        page.locator("html[data-ready]").wait_for(state="attached")
        page.route("**/comments/", lambda route: route.fulfill(status=403, body="Too old"))
        self.comment(page).fill("Second")
        self.comment(page).press("Control+Enter")
        expect(page.locator("body")).to_have_text("Too old")
        page.unroute_all()
        page.go_back()
        for _one in range(2):
            page.locator("html[data-ready]").wait_for(state="attached")
            expect(page).to_have_url(re.compile("#comment-"))
            expect(self.comment(page)).to_have_value("Second")
            page.reload()
        self.comment(page).press("Control+Enter")
        expect(page.locator(".timeline")).to_contain_text("Second")
        expect(self.comment(page)).to_have_value("")
        complaints.clear()

    def test_a_form_that_is_refused_is_not_taken_for_a_sign_out(self, page, triager, complaints):
        page.keyboard.press("a")
        page.get_by_label("User name").fill("nobody-of-that-name")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/set/"))
        complaints.clear()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(500)
        expect(page.locator(".toast")).to_have_count(0)

    def test_it_says_when_one_is_signed_out(self, page):
        self.comment(page).fill("Half a thought")
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        look(page)
        expect(toast(page)).to_contain_text("no longer signed in")
        expect(self.comment(page)).to_have_value("Half a thought")
        page.set_input_files("#comment-file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        self.comment(page).press("Control+Enter")
        expect(page.locator(".composer .field-error")).to_contain_text("no longer signed in")

    def test_a_conflict_is_shown_though_a_file_goes_along(self, reports, visit, triager, maintainer, complaints):
        page = visit("/issues/WEB-1/edit/", triager)
        update_issue(reports[0], actor=maintainer, via="web", description="Theirs")
        page.get_by_label("Description").fill("Mine")
        page.set_input_files("#id_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".conflict")).to_contain_text("Theirs")
        expect(page.get_by_label("Description")).to_have_value("Mine")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".issue-text")).to_contain_text("Mine")
        assert fresh(1).attachments.count() == 1
        complaints.clear()

    def test_what_is_dropped_while_another_is_sent_is_sent_too(self, page):
        let_go = hold_back(page, "**/attachments/")
        for name in ("one.png", "two.png"):
            give(page, ".issue-text", "drop", name)
        let_go()
        expect(page.locator("#files .file, .issue-text .file")).to_have_count(2)

    def test_nobody_is_taken_last(self, page, product, administrator):
        set_member(product, create_person("nora"), "triager", actor=administrator, via="web")
        page.reload()
        page.locator("html[data-ready]").wait_for(state="attached")
        page.keyboard.press("a")
        page.keyboard.type("no")
        page.keyboard.press("Enter")
        expect(page.locator(".timeline")).to_contain_text("nora", ignore_case=True)
        assert fresh(1).assignee.username == "nora"


@pytest.mark.clock
def test_an_error_stays_until_it_is_closed(reports, visit, triager, complaints):
    page = visit(LIST, triager)
    page.route("**/menu/**", lambda route: route.abort())
    page.clock.install()
    link(page, "WEB-1").focus()
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("could not be done")
    toast(page).hover()
    page.mouse.move(5, 5)
    page.clock.fast_forward(20_000)
    expect(toast(page)).to_contain_text("could not be done")
    complaints.clear()
