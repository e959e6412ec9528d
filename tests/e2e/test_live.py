"""Pages that bring themselves up to date around what one is doing in them."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from issues.services import add_comment, create_issue, create_view, decide, update_issue, update_view
from issues.tests.many import file_many
from tests.e2e.parts import row

LIST = "/issues/?q=is:open+sort:created-asc"


@pytest.fixture
def reports(product, reporter):
    titles = ("Cart empties", "Cart forgets", "Basket blinks")
    return [create_issue(product, actor=reporter, via="web", title=title) for title in titles]


def look(page):
    """Let the page ask at once, as it does when one comes back to it."""
    with page.expect_response(lambda answer: "since=" in answer.url) as told:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    return told.value


@pytest.mark.once
def test_a_list(reports, visit, triager, maintainer, reporter, product):
    page = visit(LIST, triager)
    assert look(page).status == 204
    row(page, "WEB-2").locator(".issue-link").focus()
    row(page, "WEB-3").get_by_label("Select WEB-3").check()
    row(page, "WEB-2").locator(".issue-link").focus()
    update_issue(reports[0], actor=maintainer, via="web", title="Cart is empty")
    for issue in reports[1:]:
        decide(issue, "decline", resolution="invalid", actor=maintainer, via="web")
    create_issue(product, actor=reporter, via="web", title="Quite new")
    assert look(page).status == 200
    expect(row(page, "WEB-1")).to_contain_text("Cart is empty")
    expect(row(page, "WEB-4")).to_contain_text("Quite new")
    # What has left the list is still there while one is at it.
    expect(row(page, "WEB-2").locator(".issue-link")).to_be_focused()
    expect(page.locator(".issue-row.is-gone")).to_have_count(2)
    expect(page.get_by_label("Select WEB-3")).to_be_checked()
    expect(page.locator(".selection")).to_contain_text("1 selected")
    page.keyboard.press("k")
    expect(row(page, "WEB-1").locator(".issue-link")).to_be_focused()
    update_issue(reports[0], actor=maintainer, via="web", priority=4)
    look(page)
    expect(row(page, "WEB-2")).to_have_count(0)
    expect(row(page, "WEB-1").locator(".issue-link")).to_be_focused()
    page.get_by_label("Select WEB-3").uncheck()
    update_issue(reports[0], actor=maintainer, via="web", priority=3)
    row(page, "WEB-1").locator(".issue-link").focus()
    look(page)
    expect(row(page, "WEB-3")).to_have_count(0)


@pytest.mark.once
def test_how_long_a_list_of_several_pages_is(product, reporter, visit, triager):
    file_many(product, reporter, 26)
    page = visit(f"{LIST}&page_size=25", triager)
    length = page.locator("[data-count]")
    expect(length).to_have_text("26 issues")
    update_issue(Issue.objects.get(number=1), actor=triager, via="web", title="First of all")
    create_issue(product, actor=reporter, via="web", title="Quite new")
    look(page)
    expect(row(page, "WEB-1")).to_contain_text("First of all")
    expect(length).to_have_text("27 issues")
    # What others change while a list is counted does not keep from telling how long it is.
    held = []

    def hold(route):
        counts = route.request.headers.get("x-fragment") == "count"
        held.append(route) if counts and not held else route.continue_()

    page.route("**/issues/?**", hold)
    page.locator("#q").fill("is:open sort:created-asc type:bug")
    length.locator("a").focus()
    expect(page.locator("[data-said]")).to_be_empty()
    update_issue(Issue.objects.get(number=1), actor=triager, via="web", title="First again")
    look(page)
    expect(page.locator("[data-said]")).to_have_text("27 issues")
    expect(length.locator("a")).to_be_focused()
    expect(length).to_have_text("27 issues")


@pytest.mark.once
def test_the_box_says_what_is_listed(reports, visit, triager, complaints):
    view = create_view(actor=triager, via="web", name="Carts", query="is:open sort:created-asc")
    page = visit(view.get_absolute_url(), triager)
    row(page, "WEB-2").locator(".issue-link").focus()
    update_view(view, actor=triager, via="web", name="Triage", query="is:open sort:created-desc")
    look(page)
    expect(page.locator("#q")).to_have_value("is:open sort:created-desc")
    # Also around a row that has the focus.
    link = row(page, "WEB-2").locator(".issue-link")
    expect(link).to_be_focused()
    expect(link).to_have_attribute("href", re.compile("created-desc"))
    expect(page.locator(".issue-list")).to_have_attribute("data-list", re.compile("created-desc"))
    expect(page.get_by_role("heading", level=1)).to_have_attribute("title", "Triage")
    expect(page.locator(".sidebar > [aria-current]")).to_have_count(0)
    head = page.get_by_role("columnheader", name="Updated")
    head.get_by_role("link").focus()
    update_view(view, actor=triager, via="web", query="is:open sort:updated")
    look(page)
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(head.get_by_role("link")).to_be_focused()

    page.locator("#q").fill("is:closed")
    expect(page.locator(".issue-row")).to_have_count(0)
    page.route("**/views/**", lambda route: route.abort())
    page.go_back()
    expect(page.locator(".toast")).to_contain_text("could not be loaded")
    page.unroute("**/views/**")
    look(page)
    expect(page.locator(".issue-row")).to_have_count(3)
    expect(page.locator("#q")).to_have_value("is:open sort:updated")
    complaints.clear()


@pytest.mark.once
def test_the_page_of_an_issue(reports, visit, triager, maintainer, reporter):
    page = visit("/issues/WEB-1/", triager)
    page.get_by_label("Comment", exact=True).fill("Half a thought")
    page.locator("#set-priority").click()
    expect(page.get_by_role("button", name="Urgent")).to_be_visible()
    update_issue(reports[0], actor=maintainer, via="web", title="Cart is empty", severity=4, priority=2)
    add_comment(reports[0], actor=reporter, via="web", body="It still is.")
    assert look(page).status == 200
    expect(page.locator("h1")).to_have_text("Cart is empty")
    expect(page.locator(".timeline")).to_contain_text("It still is.")
    expect(page.locator("#set-severity")).to_contain_text("S1")
    expect(page.get_by_role("button", name="Urgent")).to_be_visible()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    page.keyboard.press("Escape")
    expect(page.locator("#set-priority")).to_be_focused()
    decide(reports[0], "accept", actor=maintainer, via="web")
    look(page)
    expect(page.locator("#set-priority")).to_contain_text("Medium")
    expect(page.locator(".triage-bar")).to_have_count(0)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")


@pytest.mark.once
def test_an_issue_that_one_sees_no_more(reports, visit, stranger, maintainer, complaints):
    page = visit("/issues/WEB-1/", stranger)
    update_issue(reports[0], actor=maintainer, via="web", confidential=True)
    assert look(page).status == 404
    expect(page.locator(".toast")).to_contain_text("no longer to be seen")
    complaints.clear()


@pytest.mark.once
def test_the_queue(reports, visit, triager, maintainer, reporter):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("n")
    page.get_by_label("Question").fill("Half a question")
    decide(reports[1], "accept", actor=maintainer, via="web")
    add_comment(reports[0], actor=reporter, via="web", body="It still is.")
    assert look(page).status == 200
    expect(page.locator(".queue-row")).to_have_count(2)
    expect(page.locator(".triage-story")).to_contain_text("It still is.")
    expect(page.get_by_label("Question")).to_have_value("Half a question")
    expect(page.get_by_label("Question")).to_be_focused()
    assert look(page).status == 204
    # The next issue does not wait for the answer.
    with page.expect_response("**/issues/WEB-1/triage/"):
        page.keyboard.press("Control+Enter")
        expect(page.locator(".triage-issue-title")).to_have_text("Basket blinks")
    assert Issue.objects.get(number=1).waiting_for is not None
