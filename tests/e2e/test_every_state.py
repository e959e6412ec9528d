"""What opens on pages, and what comes after something was done: nothing for axe to object to, light and dark."""

import pytest
from playwright.sync_api import expect

from accounts.services import factors
from accounts.tests.test_second_step import SECRET
from history.models import Batch
from issues.models import Issue
from issues.services import be_here, bulk, create_issue, decide, update_issue
from tests.cast import PASSWORD
from tests.e2e.test_every_page import examine, objections  # noqa: F401 (a fixture)

pytestmark = pytest.mark.once

LIST = "/issues/?q=is:open+sort:created-asc"
DECISIONS = {"2": "duplicate", "3": "decline", "n": "needinfo", "h": "snooze", "v": "reroute"}
OPEN = "details.menu[open], [popover]:popover-open"
# All else is the same in both.
COLOURS = {"runOnly": ["color-contrast"], "resultTypes": ["violations"], "preload": False}


@pytest.fixture
def look(examine):  # noqa: F811 (the fixture)
    """A function that opens one page after the other, and `look.at(page, state)`, which notes what is wrong there."""
    return Look(examine)


class Look:
    """One page of one browser, whose states are examined in light and in dark; `visit` opens the page."""

    def __init__(self, visit):
        self.visit, self.page, self.whom, self.faults = visit, None, (), []

    def open(self, path, user=None):
        """Open a page. Return it."""
        if self.page is None or user != self.whom:
            self.page, self.whom = self.visit(path, user), user
        else:
            self.page.goto(path)
        self.page.locator("html[data-ready], html:not(:has([data-module]))").wait_for(state="attached")
        return self.page

    def at(self, state, within="html"):
        """Note what axe objects to in what is shown, or `within` a part of that."""
        self.faults += objections(self.page, state, within=within)
        self.page.emulate_media(color_scheme="dark")
        self.faults += objections(self.page, f"{state}, dark", COLOURS, within)
        self.page.emulate_media(color_scheme="light")

    def menus(self, where, keys):
        """Open a menu by each of the `keys`, and look at it."""
        for key in keys:
            self.page.keyboard.press(key)
            expect(self.page.locator(OPEN)).to_have_count(1)
            expect(self.page.locator("[data-loading]")).to_have_count(0)
            self.at(f"{where}: {DECISIONS.get(key, key)}", OPEN)
            self.page.keyboard.press("Escape")
            expect(self.page.locator(OPEN)).to_have_count(0)


@pytest.fixture
def reports(issue, product, reporter):
    """The issue with a story, and three that are like it."""
    for n in range(3):
        create_issue(product, actor=reporter, via="web", title=f"The cart empties itself once more {n}")
    return Issue.objects.order_by("pk")


def told(look):
    assert not look.faults, "\n".join(map(str, look.faults))


def test_in_a_list(reports, look, triager):
    page = look.open(LIST, triager)
    page.keyboard.press("j")
    look.menus("a row", DECISIONS)
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    look.at("two are selected")
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    expect(page.locator("#peek-title")).to_be_visible()
    look.at("beside the list")
    look.menus("beside the list", DECISIONS)
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Accepted")
    look.at("a message with its undo")
    page.keyboard.press("1")
    expect(page.locator(".toast.is-error")).to_contain_text("has decided")
    look.at("a message of what went wrong")
    page.keyboard.press("?")
    look.at("the keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("cart")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    look.at("the palette")
    page.locator("#palette-box").fill("> p high l nothing")
    expect(page.locator("#palette")).to_contain_text("nothing")
    look.at("the palette, where it sets fields")
    page.keyboard.press("Escape")
    told(look)


def test_many_at_once(reports, look, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    page = look.open("/issues/bulk/?q=is:open", triager)
    for name in DECISIONS.values():
        page.get_by_label("Decision").select_option(name)
        look.at(f"many: {name}")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    look.at("many: something is lacking")
    page = look.open("/issues/bulk/?q=is:open", triager)
    page.get_by_label("Decision").select_option("accept")
    page.get_by_label("In words").fill("p high")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator(".notice")).to_contain_text("would change")
    look.at("many: what would change")
    page.locator("button[name=apply]").click()
    expect(page.locator(".bulk-progress")).to_contain_text("0 of")
    look.at("many: how far it is")
    batch = Batch.objects.latest("id")
    while batch.state == Batch.State.RUNNING:
        batch = bulk.carry_on(batch)
    expect(page.get_by_role("heading", name="Many issues are changed")).to_be_visible()
    look.at("many: done")
    told(look)


def test_in_the_queue(reports, look, triager, maintainer):
    first = reports[0]
    be_here(first, actor=maintainer)
    page = look.open("/triage/", triager)
    expect(page.locator("[data-here]")).to_contain_text("is on this one")
    look.at("somebody else is on this one")
    look.menus("the queue", [*DECISIONS, "s", "a", "p", "l", "d", "Shift+P", "Shift+C", "/"])
    decide(first, "accept", actor=maintainer, via="web")
    page.keyboard.press("3")
    page.keyboard.press("1")
    expect(page.locator(".toast.is-error, [data-error-summary]").first).to_contain_text("has decided")
    look.at("the queue: somebody was first")
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    look.at("the queue: two are selected")
    told(look)


def test_on_the_page_of_an_issue(reports, look, triager, maintainer):
    first = reports[0]
    page = look.open("/issues/WEB-1/", triager)
    look.menus("the page", DECISIONS)
    decide(first, "accept", actor=maintainer, via="web")
    page = look.open("/issues/WEB-1/", triager)
    look.menus("what is decided", DECISIONS)
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("has been decided")
    look.at("what is decided: said")
    page = look.open("/issues/WEB-1/edit/", triager)
    update_issue(first, actor=maintainer, via="web", title="Theirs")
    page.get_by_label("Title").fill("Mine")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".conflict")).to_contain_text("Theirs")
    look.at("two have edited it")
    told(look)


def test_files_that_are_refused(issue, look, reporter, settings):
    settings.ATTACHMENT_TYPES = ["image/*"]
    page = look.open("/issues/WEB-1/", reporter)
    page.set_input_files("#comment-file", {"name": "cart.log", "mimeType": "text/plain", "buffer": b"log"})
    look.at("a file that is chosen")
    page.locator("#comment-body").press("Control+Enter")
    expect(page.locator("#comment-file-error")).to_contain_text("which is not taken here")
    look.at("a file that is refused")
    told(look)


def test_steps_of_sign_in(look, transactional_db, stranger):
    factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    page = look.open("/accounts/login/")
    page.get_by_label("User name or e-mail").fill("sam")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").wait_for()
    look.at("sign-in: wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Second step").wait_for()
    look.at("sign-in: second step")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("That is not right").first.wait_for()
    look.at("sign-in: a wrong code")
    page.get_by_label("Code").fill(recovery_code(stranger))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    for path in ("/profile/sign-in/codes/", "/profile/sign-in/passkeys/new/"):
        page.goto(path)
        look.at(path)
    factors.add_passkey(stranger, "laptop", {"id": "x"}, actor=stranger, via="web")
    page.goto("/profile/sign-in/")
    look.at("sign-in: a passkey and an app")
    page.get_by_role("link", name="Rename laptop").click()
    page.get_by_label("Name").fill("blue key")
    look.at("sign-in: another name")
    page.get_by_role("button", name="Rename it").click()
    page.get_by_text("Your passkey is renamed.").first.wait_for()
    page.get_by_role("button", name="Remove blue key").click()
    page.get_by_role("button", name="Remove it").wait_for()
    look.at("sign-in: sure?")
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("The passkey is removed.").first.wait_for()
    page.locator("form[action$='app/remove/'] button").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("The app is removed.").first.wait_for()
    look.at("sign-in: done")
    page.goto("/profile/sign-in/app/")
    look.at("sign-in: a new app")
    told(look)


def recovery_code(user):
    return user.authenticator_set.get(type="recovery_codes").wrap().get_unused_codes()[0]
