"""Saved views in the browser: saved from a list, pinned with a count, shared by an address; without scripts, too."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import SavedView
from issues.services import create_issue
from tests.e2e.conftest import NARROW, open_as


@pytest.fixture
def hush(issue, product, triager):
    """A confidential issue beside WEB-1 and WEB-2."""
    return create_issue(product, actor=triager, via="web", title="Hush", confidential=True)


def keys(page):
    expect(page.locator(".issue-row").first).to_be_visible()
    return page.locator(".issue-row .col-key").all_inner_texts()


def save(page, name):
    page.locator("#save-view-menu summary").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Shared with all who see the product").check()
    page.locator("#save-view").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_save_a_view_and_share_its_address(hush, visit, triager, stranger):
    page = visit("/products/WEB/issues/?q=is:open", triager)
    page.wait_for_load_state("networkidle")
    # What is saved is what the list says by now, not what the page was opened with.
    page.locator("#q").fill("is:open sort:number-asc")
    expect(page).to_have_url(re.compile("number-asc"))
    save(page, "In order")
    view = SavedView.objects.get()
    assert (view.query, view.shared, view.owner) == ("is:open sort:number-asc", True, triager)
    assert keys(page) == ["WEB-1", "WEB-2", "WEB-3"]
    pinned = page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="In order")
    expect(pinned).to_have_text("In order3")

    theirs = visit(f"/views/{view.pk}/", stranger)
    expect(theirs.get_by_role("heading", level=1)).to_have_text("In order")
    assert keys(theirs) == ["WEB-1", "WEB-2"]
    expect(theirs.locator("[data-results] [data-count]")).to_have_text("2 issues")
    assert "Hush" not in theirs.content()
    assert theirs.get_by_role("button", name="Save changes").count() == 0


def test_change_a_view_and_save_the_change(hush, visit, triager):
    page = visit("/products/WEB/issues/?q=is:open", triager)
    save(page, "Mine")
    page.wait_for_load_state("networkidle")
    page.locator("#group summary").click()
    page.locator("#group").get_by_role("link", name="Priority").click()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)
    assert SavedView.objects.get().group == "priority"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#group summary")).to_contain_text("None")
    assert SavedView.objects.get().group == ""


def test_without_scripts(hush, live_server, special_context, triager):
    context = special_context(java_script_enabled=False)
    page = open_as(context, live_server, "/products/WEB/issues/?q=is:open", triager)
    save(page, "Plain")
    pinned = page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Plain")
    expect(pinned).to_have_text("Plain")
    page.get_by_role("link", name="Saved views").click()
    page.get_by_role("button", name="Unpin").click()
    expect(pinned).to_have_count(0)
    page.get_by_role("main").get_by_role("link", name="Plain").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("plain-")
    page.get_by_role("button", name="Feed address").click()
    expect(page.locator(".secret")).to_contain_text(f"/views/{SavedView.objects.get().pk}/feed.atom?token=ist_")


@pytest.mark.once
def test_the_button_that_saves_says_so_on_a_phone(issue, visit, triager):
    page = visit("/issues/", triager, viewport=NARROW)
    page.locator("#save-view-menu summary").click()
    button = page.locator("#save-view").get_by_role("button", name="Save", exact=True)
    expect(button).not_to_have_css("font-size", "0px")


@pytest.mark.once
def test_no_view_is_offered_of_what_stands_beside_too_long_a_query(issue, visit, triager):
    page = visit("/issues/?q=is:open" + "".join(f"+-{'z' * 25}{n}" for n in range(34)), triager)
    menu = page.locator("#save-view-menu")
    expect(menu).to_be_visible()
    page.locator("#filter > summary").click()
    page.locator("#filter-assignee").fill("tom")
    page.locator("#filter-author").fill("rosa")
    page.locator("#filter").get_by_role("button", name="Add").click()
    expect(page).to_have_url(re.compile("assignee=tom"))
    expect(menu).to_be_hidden()
