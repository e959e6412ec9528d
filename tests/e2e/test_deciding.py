"""Decisions where one meets an issue: on its page, in a list, beside it, and on many at once."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from issues.services import create_issue

TITLES = ("Cart empties", "Cart forgets", "Basket blinks", "Total is wrong")


@pytest.fixture
def reports(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]


def fresh(number):
    return Issue.objects.get(number=number)


def toast(page):
    return page.locator(".toast").last


def link(page, key):
    return page.locator(f'.issue-row[data-issue="{key}"] .issue-link')


@pytest.mark.once
def test_on_the_page_of_the_issue(reports, visit, triager):
    page = visit("/issues/WEB-1/?list=q%3Dis%253Aopen", triager)
    page.keyboard.press("2")
    expect(page.get_by_label("Duplicate of").last).to_be_focused()
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
