"""What a screen reader hears, and where the focus is after something has gone or been drawn anew."""

import pytest
from playwright.sync_api import expect

from issues.services import create_issue
from tests.e2e.conftest import NARROW, WIDE, hold_back
from tests.e2e.parts import link

pytestmark = pytest.mark.once

LIST = "/issues/?q=is:open+sort:created-asc"
LISTEN = """said => {
    window.heard = [];
    new MutationObserver(() => window.heard.push(said.textContent)).observe(said, { childList: true });
}"""


def said(page):
    return page.locator("[data-said]")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_all_of_a_row(issue, visit, triager, viewport):
    page = visit(LIST, triager, viewport)
    heard, _cells = page.locator('.issue-row[data-issue="WEB-1"]').aria_snapshot().split("\n", 1)
    for words in ("Priority: urgent", " WEB-1 ", "Severity S2", " Cart ", "area/checkout"):
        assert words in heard


def test_the_same_is_said_again(issue, visit, triager):
    page = visit(LIST, triager)
    said(page).evaluate(LISTEN)
    for words in ("is:open", "is:open priority:urgent", "is:open priority:urgent type:bug"):
        page.get_by_role("combobox", name="Search").fill(words)
        page.keyboard.press("Enter")
        expect(page.locator(".issue-row")).to_have_count(2 if words == "is:open" else 1)
        page.wait_for_function("address => location.search.endsWith(address)", arg=words.split(":")[-1])
        expect(said(page)).to_contain_text("issue")
    # What stays as it was is not read out, even where it is written anew.
    assert page.evaluate("window.heard") == ["2 issues", "", "1 issue", "", "1 issue"]


def test_a_message_that_came_with_the_page(issue, visit, triager):
    page = visit("/issues/WEB-2/", triager)
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-2")
    expect(said(page)).to_have_text("Accepted WEB-2")


def test_what_is_beside_the_list_keeps_the_focus_when_it_goes_on(issue, visit, triager):
    page = visit(LIST, triager)
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("[data-peek-panel]")).to_be_focused()
    page.locator("#peek-title a").focus()
    page.keyboard.press("j")
    expect(page.locator("#peek-title")).to_have_text("Sessions end too early")
    expect(page.locator("[data-peek-panel]")).to_be_focused()
    expect(said(page)).to_have_text("WEB-2 Sessions end too early")


def test_the_report_that_one_is_brought_back_to(product, reporter, visit, triager, complaints):
    for title in ("Cart empties", "Cart forgets"):
        create_issue(product, actor=reporter, via="web", title=title)
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    let_go = hold_back(page, "**/issues/WEB-1/triage/")
    for key in ("2", *"WEB-99", "Enter"):
        page.keyboard.press(key)
    expect(said(page)).to_have_text("WEB-2 Cart forgets")
    let_go()
    expect(page.get_by_role("alert")).to_contain_text("There is no issue WEB-99.")
    expect(said(page)).to_have_text("WEB-1 Cart empties")
    complaints.clear()


def test_that_the_queue_is_empty(product, reporter, visit, triager):
    create_issue(product, actor=reporter, via="web", title="Cart empties")
    page = visit("/triage/", triager)
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="All is decided")).to_be_focused()
    expect(said(page)).to_have_text("All is decided")
    expect(page).to_have_title("Triage")


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_closing_a_message_leads_back(issue, visit, triager, by):
    page = visit(LIST, triager)
    link(page, "WEB-2").focus()
    page.keyboard.press("1")
    close = page.locator(".toast").get_by_role("button", name="Close")
    if by == "mouse":
        close.click()
    else:
        page.locator(".toast").get_by_role("button", name="Undo").focus()
        page.keyboard.press("Tab")
        expect(close).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_count(0)
    expect(link(page, "WEB-2")).to_be_focused()
