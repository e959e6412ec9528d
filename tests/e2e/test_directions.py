"""What people write in scripts that are read from right to left stands in their own direction, whatever the page's."""

import pytest
from playwright.sync_api import expect

from issues.services import create_issue
from tests.e2e.conftest import NARROW, WIDE

pytestmark = pytest.mark.once

TITLE = "שגיאה בטופס ההזמנה!"
# Whether the last letter, which has no direction of its own, stands at the left of all others.
FROM_THE_RIGHT = """element => {
    const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
    const [first, last] = [0, text.data.trimEnd().length - 1].map(at => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect();
    });
    return last.left < first.left;
}"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_of_an_issue(product, reporter, visit, triager, viewport):
    description = f"{TITLE}\n\n- {TITLE}\n\n| {TITLE} |\n|---|\n| {TITLE} |\n"
    for _n in range(2):
        create_issue(product, actor=reporter, via="web", title=TITLE, description=description)
    places = {
        "/issues/": [".issue-link"],
        "/issues/?q=שגיאה": [".issue-link"],
        "/issues/WEB-1/": ["h1", ".prose p", ".prose li", ".prose th", ".prose td"],
        "/triage/": [".queue-title", ".triage-issue-title", ".similar a"],
    }
    for address, selectors in places.items():
        page = visit(address, triager, viewport)
        for selector in selectors:
            element = page.locator(selector).first
            expect(element).to_be_attached()
            if element.is_visible():
                assert element.evaluate(FROM_THE_RIGHT), (address, selector)


def test_of_what_is_being_written(product, visit, triager):
    page = visit("/issues/new/?product=WEB", triager)
    for name in ("Title", "Description"):
        field = page.get_by_label(name)
        field.fill(TITLE)
        assert field.evaluate("field => getComputedStyle(field).unicodeBidi") == "plaintext"
        assert field.evaluate("field => getComputedStyle(field).textAlign") == "start"
