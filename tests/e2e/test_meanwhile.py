"""What comes while one is at something else: it takes nothing away, and nothing of it is missed."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from issues.services import create_issue, update_issue
from tests.e2e.held import Held, settle
from tests.e2e.test_live import look, row

pytestmark = pytest.mark.once

LIST = "/issues/?q=is:untriaged+sort:created-asc"
TITLES = ("Cart empties", "Cart forgets", "Basket blinks")


@pytest.fixture
def reports(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]


def fresh(number):
    return Issue.objects.get(number=number)


def link(page, key):
    return row(page, key).locator(".issue-link")


def heading(page):
    return page.locator(".triage-issue-title")


def toast(page):
    return page.locator(".toast").last


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
