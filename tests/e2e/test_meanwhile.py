"""What comes while one is at something else: it takes nothing away, and nothing of it is missed."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from issues.rules import find_status
from issues.services import add_comment, create_issue, decide, update_issue
from tests.e2e.held import Held, settle
from tests.e2e.parts import heading, link, toast
from tests.e2e.test_attachments import give
from tests.e2e.test_live import look

pytestmark = pytest.mark.once

LIST = "/issues/?q=is:untriaged+sort:created-asc"
TITLES = ("Cart empties", "Cart forgets", "Basket blinks")


@pytest.fixture
def reports(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]


def fresh(number):
    return Issue.objects.get(number=number)


class TestQueue:
    """The queue, whose address says what is shown, and whose focus stays."""

    @pytest.mark.parametrize("place", ["Select WEB-2", "More of the queue"])
    def test_the_focus_stays_in_it(self, reports, reporter, visit, triager, monkeypatch, place):
        monkeypatch.setattr("issues.views.triage.SHOWN", 2)
        page = visit("/triage/", triager)
        focused = page.get_by_label(place) if place.startswith("Select") else page.get_by_role("link", name=place)
        focused.focus()
        update_issue(reports[1], actor=reporter, via="web", title="Cart remembers")
        look(page)
        expect(page.locator(".queue-row").nth(1)).to_contain_text("Cart remembers")
        expect(focused).to_be_focused()

    def test_back_leads_to_what_was_shown_after_a_link_within_the_page(self, reports, visit, triager):
        page = visit("/triage/", triager)
        page.wait_for_load_state("networkidle")
        page.evaluate("location.hash = 'later'")
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Cart forgets")
        page.go_back()
        expect(heading(page)).to_have_text("Cart empties")

    @pytest.mark.parametrize("comes", [True, False])
    def test_the_address_says_what_is_shown_after_back(self, reports, visit, triager, complaints, comes):
        page = visit("/triage/?issue=WEB-1", triager)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("j")
        expect(heading(page)).to_have_text("Cart forgets")
        page.wait_for_load_state("networkidle")
        decision, before = Held(page, "**/issues/WEB-2/triage/"), Held(page, "**issue=WEB-1")
        page.keyboard.press("1")
        expect(heading(page)).to_have_text("Basket blinks")
        page.go_back()
        before.wait()
        if comes:
            decision.release()
            expect(toast(page)).to_contain_text("Accepted WEB-2")
            before.release()
            expect(heading(page)).to_have_text("Cart empties")
            expect(page).to_have_url(re.compile("issue=WEB-1$"))
        else:
            before.abort()
            expect(toast(page)).to_contain_text("WEB-1: It could not be done")
            expect(page).to_have_url(re.compile("issue=WEB-3$"))
            expect(heading(page)).to_have_text("Basket blinks")
            complaints.clear()

    def test_one_stays_after_all(self, reports, visit, triager):
        page = visit("/triage/?issue=WEB-3", triager)
        page.wait_for_load_state("networkidle")
        held = Held(page, "**issue=WEB-2")
        page.keyboard.press("k")
        held.wait()
        page.locator('.queue-row[data-issue="WEB-3"]').click()
        held.release()
        settle(page)
        expect(heading(page)).to_have_text("Basket blinks")
        expect(page).to_have_url(re.compile("issue=WEB-3$"))


@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/triage/?issue=WEB-1"])
def test_a_menu_says_what_has_changed_once_it_is_closed(reports, visit, triager, maintainer, path):
    page = visit(path, triager)
    page.locator("#set-priority").click()
    expect(page.get_by_role("button", name="Urgent")).to_be_visible()
    for priority in (2, 3):
        update_issue(reports[0], actor=maintainer, via="web", priority=priority)
        look(page)
        expect(page.get_by_role("button", name="Urgent")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#set-priority")).to_contain_text("High")
    expect(page.locator("#set-priority")).to_be_focused()
    page.locator("#set-priority").click()
    page.get_by_role("button", name="Urgent").click()
    expect(page.locator("#set-priority")).to_contain_text("Urgent")


def test_more_entries_than_are_shown_come_to_whoever_writes(reports, reporter, visit, triager, monkeypatch):
    monkeypatch.setattr("issues.timeline.SHOWN", 2)
    add_comment(reports[0], actor=reporter, via="web", body="First.")
    page = visit("/issues/WEB-1/", triager)
    text = page.locator("#comment-body")
    text.fill("Half a thought")
    for said in ("Second.", "Third.", "Fourth."):
        add_comment(reports[0], actor=reporter, via="web", body=said)
        look(page)
        expect(page.locator(".timeline")).to_contain_text(said)
    expect(page.get_by_text("Older entries are left out.")).to_be_visible()
    expect(text).to_have_value("Half a thought")
    expect(text).to_be_focused()


def test_more_entries_than_are_shown_come_to_whoever_reads_them_in_the_queue(
    reports, reporter, visit, triager, monkeypatch
):
    monkeypatch.setattr("issues.timeline.SHOWN", 2)
    for said in ("First.", "Second."):
        add_comment(reports[0], actor=reporter, via="web", body=said)
    page = visit("/triage/?issue=WEB-1", triager)
    at = page.locator(".triage-story .comment-head > a").last
    identity = at.get_attribute("href")
    at.focus()
    add_comment(reports[0], actor=reporter, via="web", body="Third.")
    look(page)
    expect(page.locator(".triage-story")).to_contain_text("Third.")
    expect(page.get_by_text("Older entries are left out.")).to_be_visible()
    expect(page.locator(f'.triage-story a[href="{identity}"]')).to_be_focused()


def test_a_field_that_is_new_comes_around_the_focus(reports, visit, triager, maintainer):
    page = visit("/issues/WEB-1/", triager)
    button = page.locator(".issue-fields").get_by_role("button", name="Me too")
    button.focus()
    decide(reports[0], "decline", resolution="invalid", actor=maintainer, via="web")
    look(page)
    expect(page.locator(".issue-fields dt", has_text=re.compile("^Closed$"))).to_be_visible()
    expect(button).to_be_focused()


def test_what_is_similar_is_asked_for_again(reports, visit, triager, complaints):
    page = visit("/issues/WEB-1/", triager)
    page.route("**/menu/duplicate/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.keyboard.press("2")
    page.unroute("**/menu/duplicate/")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator("[data-digit]", has_text="WEB-2")).to_be_visible()
    complaints.clear()


@pytest.mark.parametrize("written", ["", "The same"])
def test_what_is_similar_is_there_again_after_an_update(reports, visit, triager, maintainer, written):
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("2")
    similar = page.locator("[data-digit]", has_text="WEB-2")
    expect(similar).to_be_visible()
    page.locator("#decide-comment-duplicate").fill(written)
    update_issue(reports[0], actor=maintainer, via="web", priority=2)
    look(page)
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Duplicate").focus()
    page.keyboard.press("2")
    expect(similar).to_have_count(1)
    expect(similar).to_be_visible()
    expect(page.locator("#decide-comment-duplicate")).to_have_value(written)


@pytest.mark.parametrize(("path", "files"), [("/triage/?issue=WEB-1", False), ("/issues/WEB-1/", True)])
def test_a_comment_that_is_refused_for_what_was_not_seen_shows_that(
    reports, visit, triager, maintainer, complaints, path, files
):
    page = visit(path, triager)
    text = page.locator("#comment-body")
    text.fill("Done.")
    if files:
        give(page, "#comment-body", "paste")
    page.get_by_label("And then").select_option("closed:fixed")
    update_issue(reports[0], actor=maintainer, via="web", status=find_status("accepted"))
    text.press("Control+Enter")
    place = page.locator("#comment-file-error" if files else ".toast.is-error")
    expect(place).to_contain_text("Somebody has changed this meanwhile")
    expect(page.locator("#set-status")).to_contain_text("Accepted")
    text.press("Control+Enter")
    expect(page.locator("#set-status")).to_contain_text("Closed")
    assert fresh(1).resolution == "fixed"
    complaints.clear()


class TestList:
    """A list, where one presses and writes on before the answer."""

    def test_undo_is_sent_once(self, reports, visit, triager, complaints):
        page = visit(LIST, triager)
        link(page, "WEB-1").focus()
        page.keyboard.press("1")
        expect(toast(page)).to_contain_text("Accepted WEB-1")
        held = Held(page, "**/undo/")
        for _again in range(2):
            page.keyboard.press("z")
        held.wait()
        settle(page)
        assert len(held.routes) == 1
        held.abort()
        expect(toast(page)).to_contain_text("It could not be done")
        complaints.clear()
        page.unroute_all()
        page.keyboard.press("z")
        expect(toast(page)).to_contain_text("Undone")
        assert fresh(1).is_queued

    def say(self, page, text):
        """Send a comment on the first row, and return what keeps the answer back."""
        link(page, "WEB-1").focus()
        page.keyboard.press("r")
        text.fill("Said")
        held = Held(page, "**/comments/")
        page.keyboard.press("Control+Enter")
        held.wait()
        return held

    def say_and_go_on(self, page, text):
        """Do so, and write on before the answer."""
        held = self.say(page, text)
        page.keyboard.type(" and more")
        return held

    def test_what_is_written_after_it_was_sent_stays(self, reports, visit, triager):
        page = visit(LIST, triager)
        menu = page.locator("[data-row-menu]")
        text = menu.locator("textarea")
        held = self.say_and_go_on(page, text)
        held.release()
        expect(toast(page)).to_contain_text("comment added")
        expect(text).to_have_value("Said and more")
        expect(text).to_be_focused()
        page.keyboard.press("Escape")
        expect(link(page, "WEB-1")).to_be_focused()
        page.keyboard.press("r")
        expect(text).to_be_focused()
        expect(text).to_have_value("Said and more")
        page.keyboard.press("Control+Enter")
        expect(menu).to_be_hidden()
        assert fresh(1).comment_count == 2

    def test_what_is_written_after_it_was_sent_stays_where_another_row_is_gone_to(self, reports, visit, triager):
        page = visit(LIST, triager)
        text = page.locator("[data-row-menu] textarea")
        held = self.say_and_go_on(page, text)
        for key in ("Escape", "j", "r"):
            page.keyboard.press(key)
        expect(text).to_have_value("")
        held.release()
        expect(toast(page)).to_contain_text("comment added")
        for key in ("Escape", "k", "r"):
            page.keyboard.press(key)
        expect(text).to_have_value("Said and more")

    @pytest.mark.parametrize(("closes", "arrives"), [(False, True), (True, True), (False, False)])
    def test_what_is_being_sent_is_sent_once_though_its_menu_is_opened_again(
        self, reports, visit, triager, complaints, closes, arrives
    ):
        page = visit(LIST, triager)
        text = page.locator("[data-row-menu] textarea")
        held = self.say(page, text)
        page.keyboard.press("Escape")
        expect(link(page, "WEB-1")).to_be_focused()
        page.keyboard.press("r")
        expect(text).to_have_value("Said")
        page.keyboard.press("Control+Enter")
        expect(toast(page)).to_contain_text("WEB-1: Wait a moment")
        assert len(held.routes) == 1
        if closes:
            page.keyboard.press("Escape")
        (held.release if arrives else held.abort)()
        expect(toast(page)).to_contain_text("comment added" if arrives else "WEB-1: It could not be done")
        if not closes:
            expect(text).to_have_value("" if arrives else "Said")
            page.keyboard.press("Escape")
        expect(link(page, "WEB-1")).to_be_focused()
        page.keyboard.press("r")
        expect(text).to_have_value("" if arrives else "Said")
        if not arrives:
            page.keyboard.press("Control+Enter")
            expect(toast(page)).to_contain_text("comment added")
        assert fresh(1).comment_count == 1
        complaints.clear()

    @pytest.mark.parametrize(
        ("query", "at", "typed"),
        [
            ("is:open type:bug", "End", " blinks"),
            ("is:open type:bug bli", "End", "nks"),
            ("is:open type:bug", "Home", "blinks "),
        ],
    )
    def test_words_that_were_not_looked_for_yet_are_looked_for_beside_a_chip(
        self, reports, visit, triager, query, at, typed
    ):
        page = visit(f"/issues/?q={query}", triager)
        box = page.locator("#q")
        held = Held(page, "**blinks**")
        box.press(at)
        page.keyboard.type(typed)
        page.locator(".chip", has_text="bug").locator(".chip-remove").click()
        expect(page.locator(".chip", has_text="bug")).to_have_count(0)
        expect(box).to_have_value("is:open blinks")
        held.release()
        expect(page.locator(".issue-row")).to_have_count(1)
        expect(page).to_have_url(re.compile(r"q=is(:|%3A)open(\+|%20)blinks"))
        page.get_by_role("columnheader", name="Updated").get_by_role("link").click()
        expect(box).to_have_value(re.compile("^is:open blinks sort:updated"))
