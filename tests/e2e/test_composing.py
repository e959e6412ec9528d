"""An input method: the Enter that confirms what it has composed, as Safari tells of it, is no key of ours."""

import pytest
from playwright.sync_api import expect

from tests.e2e.parts import link
from tests.e2e.test_keys import LIST, press

pytestmark = pytest.mark.once

CONFIRM = """key => {
    const options = { key, keyCode: 229, bubbles: true, cancelable: true };
    return document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
}"""


@pytest.fixture
def page(issue, visit, triager):
    return visit(LIST + "?q=is:open+sort:number-asc", triager)


def confirm(page, key="Enter"):
    """Press the last key of a composition; return whether the page left it alone."""
    return page.evaluate(CONFIRM, key)


def test_in_the_palette(page):
    press(page, "mod+k")
    page.keyboard.type("prod")
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    assert confirm(page)
    expect(page.locator("#palette")).to_be_visible()


def test_in_the_palette_before_its_module_has_come(page):
    held = []
    page.route("**/js/palette*.js", lambda route: held.append(route))
    with page.expect_request("**/js/palette*.js"):
        press(page, "mod+k")
    assert confirm(page)
    held[0].continue_()
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    expect(page.locator("#palette")).to_be_visible()


def test_in_the_menu_of_people(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    press(page, "a")
    page.keyboard.type("mi")
    assert confirm(page)


def test_among_the_offers_for_a_query(page):
    press(page, "/")
    page.keyboard.type("assi")
    expect(page.locator("#query-offers [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert confirm(page)
    expect(page.locator("#q")).to_have_value("assi")


def test_outside_of_fields(page):
    link(page, "WEB-1").focus()
    assert confirm(page, "p")
    expect(page.locator("[data-row-menu]")).to_be_hidden()
