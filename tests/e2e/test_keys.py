"""Keys in the browser: each action of the table has something that does it, here and on every page that offers it."""

import re
from operator import attrgetter

import pytest
from playwright.sync_api import expect

from issues.keys import ACTIONS
from issues.models import Comment, Issue
from issues.services import create_issue, update_issue
from products.models import Label
from products.services import create_part, set_member
from tests.cast import create_person
from tests.e2e.conftest import open_as
from tests.e2e.parts import link, row

LIST = "/products/WEB/issues/"
# Offered by a module, where the page has no element that claims them.
OFFERED = {"help", "palette", "submit", "undo"}
# An element of any kind, in place of those that the page has for it.
CLAIM = """name => {
    for (const one of document.querySelectorAll("[data-action]")) one.removeAttribute("data-action");
    const button = document.createElement("button");
    button.dataset.action = name;
    button.onclick = () => { window.pressed = name; };
    document.body.append(button);
    document.activeElement.blur();
}"""


def fresh(issue):
    return Issue.objects.select_related("status", "assignee", "component").get(pk=issue.pk)


def menu(page):
    return page.locator("[data-row-menu]")


def listed(page):
    """Return the names of the actions in the open sheet of keys."""
    return {one.get_attribute("data-describes") for one in page.locator("[data-describes]").all() if one.is_visible()}


def press(page, key):
    """Press a key as the table writes it."""
    for step in key.split(" "):
        name = step.replace("mod+", "Control+").replace("space", " ")
        shifted = name.startswith("shift+")
        page.keyboard.press(f"Shift+{name[-1].upper()}" if shifted else name)


@pytest.fixture
def rows(issue, visit, triager, product, reporter):
    """The list of five issues, open before the triager of the product."""
    for n in range(3):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    page = visit(LIST + "?q=is:open+sort:number-asc", triager)
    expect(page.locator(".issue-row")).to_have_count(5)
    return page


@pytest.mark.once
def test_whatever_claims_an_action_gets_its_keys(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    missed = []
    for action in ACTIONS:
        if action.name in OFFERED:
            continue
        for key in action.keys:
            page.evaluate(CLAIM, action.name)
            press(page, key)
            if page.evaluate("window.pressed") != action.name:
                missed.append((action.name, key))
    assert missed == []


@pytest.mark.once
def test_a_page_lists_what_it_offers(issue, visit, triager, stranger):
    page = visit(LIST, triager)
    page.keyboard.press("?")
    everywhere = {"go-triage", "go-inbox", "go-mine", "go-views", "go-products", "palette", "create", "submit", "help"}
    fields = {"status", "assignee", "to-me", "priority", "severity", "component", "labels", "due", "comment"}
    walking = {"next", "previous", "open", "back", "peek", "search", "filter", "undo"}
    selecting = {"select", "select-next", "select-previous", "select-all"}
    deciding = {"accept", "duplicate", "decline", "needinfo", "snooze", "reroute"}
    assert listed(page) == everywhere | fields | walking | selecting | deciding
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen", triager)
    page.keyboard.press("?")
    assert listed(page) >= everywhere | fields | {"back", "undo", "edit"}
    assert listed(page) >= deciding and not listed(page) & (selecting | {"peek"})
    page = visit(LIST, stranger)
    page.keyboard.press("?")
    assert not listed(page) & ((fields - {"comment"}) | selecting)


def test_the_keys_of_a_list(issue, rows, triager):
    page = rows
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    expect(link(page, "WEB-1")).to_be_focused()
    page.keyboard.press("Shift+P")
    menu(page).get_by_role("button", name="S1").click()
    expect(row(page, "WEB-1")).to_contain_text("S1")
    page.keyboard.press("Shift+C")
    expect(menu(page).get_by_role("button", name="Cart")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(menu(page)).to_be_hidden()
    expect(link(page, "WEB-1")).to_be_focused()
    assert (fresh(issue).severity_slug, fresh(issue).component) == ("s1", None)
    page.keyboard.press("d")
    expect(menu(page).get_by_label("Due date")).to_be_focused()
    menu(page).get_by_label("Due date").fill("2031-05-06")
    page.keyboard.press("Enter")
    expect(menu(page)).to_be_hidden()
    assert str(fresh(issue).due_on) == "2031-05-06"
    page.keyboard.press("r")
    page.keyboard.type("From the *list*.")
    expect(menu(page).get_by_label("Comment")).to_have_value("From the *list*.")
    page.keyboard.press("Escape")
    expect(menu(page)).to_be_hidden()
    expect(link(page, "WEB-1")).to_be_focused()
    page.keyboard.press("r")
    expect(menu(page).get_by_label("Comment")).to_have_value("From the *list*.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("WEB-1: comment added.")
    assert Comment.objects.filter(issue=issue, body="From the *list*.").count() == 1
    page.keyboard.press("z")
    expect(page).to_have_url(re.compile("/issues/WEB-1/"))
    expect(page.locator(".timeline").get_by_role("button", name="Undo").last).to_be_focused()


@pytest.mark.once
def test_the_same_keys_beside_the_list(issue, rows, triager):
    page = rows
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("#peek-title")).to_be_visible()
    page.keyboard.press("p")
    menu(page).get_by_role("button", name="Low").click()
    expect(page.locator(".peek-fields")).to_contain_text("Low")
    assert fresh(issue).priority_slug == "low"
    page.keyboard.press("j")
    expect(page.locator("[data-peek-content]")).to_contain_text("WEB-2")
    page.keyboard.press("u")
    expect(page.locator("#peek-title")).to_be_hidden()
    expect(link(page, "WEB-2")).to_be_focused()
    page.keyboard.press(" ")
    expect(page.locator("#peek-title")).to_be_visible()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("/issues/WEB-2/"))


def test_the_keys_of_an_issue(issue, visit, triager, maintainer):
    update_issue(issue, actor=maintainer, via="web", type="task")
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen", triager)
    for key, action in (("s", "status"), ("p", "priority"), ("Shift+P", "severity"), ("Shift+C", "component")):
        page.keyboard.press(key)
        expect(page.locator(f'details[data-action="{action}"]')).to_have_attribute("open", "")
        page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".timeline form[data-own]").get_by_role("button", name="Undo").last).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.type("Unsent")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Unsent")
    page.get_by_label("Comment", exact=True).fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/products/WEB/issues/"))
    expect(link(page, "WEB-1")).to_be_focused()


def test_the_keys_of_the_triage_page(issue, visit, triager, product, reporter):
    page = visit("/triage/", triager)
    shown = page.locator(".triage-text")
    expect(shown).to_have_attribute("data-shown", "WEB-1")
    page.keyboard.press("?")
    assert listed(page) >= {
        "accept",
        "duplicate",
        "decline",
        "needinfo",
        "snooze",
        "reroute",
        "next",
        "previous",
        "open",
    }
    assert listed(page) >= {"select", "select-next", "priority", "comment", "due"}
    assert not listed(page) & {"suggestions", "peek"}
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#triage-q")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    page.keyboard.press("j")
    expect(shown).to_have_attribute("data-shown", "WEB-2")
    page.keyboard.press("k")
    expect(shown).to_have_attribute("data-shown", "WEB-1")
    for key, action in (("n", "needinfo"), ("h", "snooze"), ("v", "reroute"), ("2", "duplicate"), ("3", "decline")):
        page.keyboard.press(key)
        expect(page.locator(f'details[data-action="{action}"]')).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(page.locator("details.menu[open]")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type("> sp s4")
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()
    expect(shown.locator(".severity")).to_contain_text("S4")
    expect(shown).to_be_focused()
    page.keyboard.press("1")
    expect(shown).to_have_attribute("data-shown", "WEB-2")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-1")
    assert (fresh(issue).status.category, fresh(issue).severity_slug) == ("accepted", "s4")
    page.keyboard.press("z")
    expect(page.locator(".queue-row")).to_have_count(2)
    assert fresh(issue).status.category == "triage"


@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/triage/"], ids=["issue", "queue"])
def test_an_open_menu_keeps_its_letters(issue, visit, triager, path):
    page = visit(path, triager)
    opened = page.locator("details.menu[open]")
    page.keyboard.press("p")
    expect(opened).to_have_attribute("data-action", "priority")
    for key in ("h", "v", "?", "j", "z", "g", "t"):
        page.keyboard.press(key)
    expect(opened).to_have_attribute("data-action", "priority")
    assert page.url.endswith(path)
    expect(page.locator("#shortcuts")).to_be_hidden()
    for key, name in (("n", "None"), ("l", "Low"), ("u", "Urgent"), ("h", "High")):
        page.keyboard.press(key)
        expect(opened.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(opened).to_have_attribute("data-action", "needinfo")


@pytest.mark.parametrize(("key", "name"), [("l", "login"), ("a", "Aaron")], ids=["labels", "assignee"])
@pytest.mark.parametrize("path", ["/issues/WEB-1/", LIST], ids=["issue", "list"])
def test_the_letter_of_a_menu_goes_on_in_it(issue, visit, triager, product, maintainer, administrator, path, key, name):
    create_part(Label, product=product, actor=maintainer, via="web", name="login", colour="teal")
    set_member(product, create_person("aaron"), "triager", actor=administrator, via="web")
    page = visit(path, triager)
    if path == LIST:
        link(page, "WEB-1").focus()
    page.keyboard.press(key)
    panel = page.locator(".menu-panel:visible")
    item = panel.locator("button, label:has(input)", has_text=name)
    expect(item).to_be_visible()
    panel.locator("button:visible, input[type=checkbox]:visible").last.focus()
    page.keyboard.press(key)
    expect(item.locator("input").or_(item).last).to_be_focused()


def test_a_letter_assigns_to_oneself_where_no_name_begins_so(issue, visit, triager, product, administrator):
    update_issue(issue, actor=triager, via="web", assignee=None)
    page = visit("/issues/WEB-1/", triager)
    for key in ("a", "ArrowDown", "i"):
        page.keyboard.press(key)
    expect(page.locator(".toast")).to_contain_text("WEB-1")
    assert fresh(issue).assignee == triager
    update_issue(fresh(issue), actor=triager, via="web", assignee=None)
    set_member(product, create_person("ida"), "triager", actor=administrator, via="web")
    page = visit("/issues/WEB-1/", triager)
    for key in ("a", "ArrowDown", "i"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Ida")).to_be_focused()
    assert fresh(issue).assignee is None


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [(("i", "Enter"), "tom"), (("m", "i", "ArrowDown", "Enter"), "mia"), (("m", "i", "ArrowDown", "i"), "tom")],
    ids=["oneself", "gone to", "oneself after all"],
)
@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/triage/", LIST], ids=["issue", "queue", "list"])
@pytest.mark.once
def test_who_is_gone_to_in_a_menu_of_people_is_meant(issue, visit, triager, path, keys, chosen):
    update_issue(issue, actor=triager, via="web", assignee=None)
    page = visit(path, triager)
    if path == LIST:
        link(page, "WEB-1").focus()
    page.keyboard.press("a")
    expect(page.locator("#set-assignee:visible")).to_be_focused()
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(".toast")).to_contain_text("WEB-1")
    assert fresh(issue).assignee.username == chosen


@pytest.mark.parametrize(
    ("key", "digit", "field", "value"),
    [
        ("p", "2", "priority_slug", "high"),
        ("Shift+P", "1", "severity_slug", "s1"),
        ("s", "2", "status.slug", "accepted"),
    ],
)
@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/triage/", LIST], ids=["issue", "queue", "list"])
@pytest.mark.once
def test_a_digit_chooses_in_a_menu_of_a_field(issue, visit, triager, path, key, digit, field, value):
    page = visit(path, triager)
    if path == LIST:
        link(page, "WEB-1").focus()
    page.keyboard.press(key)
    button = page.locator(".menu-panel:visible [data-digit]").first
    expect(button).to_be_visible()
    page.keyboard.press(digit)
    expect(page.locator(".toast")).to_contain_text("WEB-1")
    assert attrgetter(field)(fresh(issue)) == value


@pytest.mark.parametrize(
    ("key", "name", "field", "value"),
    [
        ("p", "High", "priority_slug", "high"),
        ("Shift+C", "None", "component", None),
        ("3", "Won’t do", "status.slug", "closed"),
    ],
    ids=["priority", "component", "decline"],
)
@pytest.mark.once
def test_the_form_of_a_menu_is_sent_with_what_has_the_focus(issue, visit, triager, key, name, field, value):
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press(key)
    page.locator("details.menu[open]").get_by_role("button", name=name).focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("WEB-1")
    assert attrgetter(field)(fresh(issue)) == value


def test_the_letters_of_a_menu_in_a_list(rows):
    page = rows
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(menu(page).get_by_role("button").first).to_be_visible()
    for key, name in (("l", "Low"), ("h", "High"), ("a", "High")):
        page.keyboard.press(key)
        expect(menu(page).get_by_role("button", name=name)).to_be_focused()


@pytest.mark.once
def test_one_key_after_the_other_leads_to_places(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("g")
    page.wait_for_timeout(1700)
    page.keyboard.press("p")
    expect(page.locator('details[data-action="priority"]')).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("/products/$"))
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/new/"))


@pytest.mark.once
def test_rows_are_selected_by_key_and_by_click(rows):
    page = rows
    bar = page.locator("[data-selection]")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 selected")
    expect(page.locator("[data-said]")).to_have_text("1 selected")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("Shift+K")
    expect(bar).to_contain_text("2 selected")
    expect(link(page, "WEB-2")).to_be_focused()
    page.get_by_label("Select WEB-4").check()
    page.get_by_label("Select WEB-5").click(modifiers=["Shift"])
    expect(bar).to_contain_text("4 selected")
    page.keyboard.press("*")
    page.keyboard.press("a")
    expect(bar).to_contain_text("5 selected")
    expect(page.get_by_label("Select all")).to_be_checked()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert page.locator("[name=ids]:checked").count() == 0


@pytest.mark.once
def test_boxes_are_part_of_a_form_without_scripts(issue, live_server, special_context, triager):
    page = open_as(special_context(java_script_enabled=False), live_server, LIST, triager)
    page.get_by_label("Select WEB-1").check()
    expect(page.locator("#selection")).to_be_visible()
    assert page.get_by_label("Select WEB-1").get_attribute("form") == "selection"
    assert page.get_by_label("Select WEB-1").get_attribute("value") == str(issue.pk)


@pytest.mark.once
def test_keys_that_are_off_leave_those_with_a_modifier(issue, visit, triager):
    type(triager).objects.filter(pk=triager.pk).update(single_key_shortcuts=False)
    page = visit("/issues/WEB-1/", triager)
    for key in ("p", "?", "g", "p", "j", "c", "*", "a", "/"):
        page.keyboard.press(key)
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(page).to_have_url(re.compile("/issues/WEB-1/$"))
    page.get_by_label("Comment", exact=True).fill("Sent by key.")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("Sent by key.")
    page.get_by_role("button", name="Keys").click()
    assert listed(page) == {"back", "palette", "submit"}
    expect(page.locator("#shortcuts kbd", has_text=re.compile("^u$"))).to_be_hidden()


@pytest.mark.once
def test_no_key_fires_in_a_field_or_with_a_modifier(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    for key in ("Alt+p", "Control+i", "Meta+l", "Control+Shift+K"):
        page.keyboard.press(key)
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#palette-box")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.get_by_label("Comment", exact=True).focus()
    page.keyboard.type("g p?x1z")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("g p?x1z")
    expect(page.locator("details.menu[open]")).to_have_count(0)


@pytest.mark.once
def test_an_open_menu_lets_no_key_through_to_the_page(issue, visit, triager):
    version = fresh(issue).lock_version
    for address in ("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen", "/triage/?issue=WEB-1"):
        page = visit(address, triager)
        before = page.url
        page.keyboard.press("p")
        expect(page.locator('details[data-action="priority"]')).to_have_attribute("open", "")
        for key in ("9", "i", "u", "x", "Shift+P"):
            page.keyboard.press(key)
        expect(page.locator('details[data-action="priority"]')).to_have_attribute("open", "")
        assert page.url == before
    assert fresh(issue).lock_version == version


@pytest.mark.once
def test_tab_leads_out_of_a_menu_and_not_beneath_it(rows):
    menu, last = rows.locator("#sort"), rows.locator("#sort .menu-panel a").last
    rows.locator("#sort > summary").click()
    rows.keyboard.press("End")
    expect(last).to_be_focused()
    rows.keyboard.press("Shift+Tab")
    expect(menu).to_have_attribute("open", "")
    rows.keyboard.press("End")
    rows.keyboard.press("Tab")
    expect(menu).not_to_have_attribute("open", "")
    # A click on what is no control takes the focus away: the menu stays.
    rows.locator("#filter > summary").click()
    rows.locator("#filter .menu-heading").first.click()
    expect(rows.locator("#filter")).to_have_attribute("open", "")


def hold(page, key):
    """Press a key and keep it down until it has repeated itself a few times, each after an answer."""
    page.keyboard.down(key)
    for _repeat in range(3):
        page.wait_for_timeout(250)
        page.keyboard.down(key)
    page.wait_for_timeout(250)
    page.keyboard.up(key)


@pytest.mark.once
class TestHeld:
    @pytest.mark.parametrize("path", ["/triage/", LIST], ids=["queue", "list"])
    @pytest.mark.parametrize(("key", "decided"), [("1", 1), ("2", 0), ("3", 0)])
    def test_a_digit_decides_once(self, product, reporter, visit, triager, path, key, decided):
        for title in ("The cart is empty", "The cart is empty again", "An empty cart"):
            create_issue(product, actor=reporter, via="web", title=title)
        page = visit(path, triager)
        if path == LIST:
            link(page, "WEB-3").focus()
        hold(page, key)
        if decided:
            expect(page.locator(".toast")).to_contain_text("Accepted")
        assert Issue.objects.exclude(status__category="triage").count() == decided

    def test_a_digit_does_not_choose_in_a_menu_that_it_opens_late(self, issue, rows):
        page = rows
        page.route("**/menu/**", lambda route: (page.wait_for_timeout(500), route.continue_()))
        link(page, "WEB-1").focus()
        hold(page, "3")
        expect(menu(page).locator("[data-digit]").first).to_be_visible()
        expect(menu(page)).to_be_visible()
        assert fresh(issue).is_open

    @pytest.mark.parametrize("key", ["Enter", "a", "r"])
    def test_what_opens_a_menu_acts_on_nothing_in_it(self, issue, rows, triager, key):
        page = rows
        (row(page, "WEB-1").locator('a[data-field="assignee"]') if key == "Enter" else link(page, "WEB-1")).focus()
        hold(page, key)
        field = menu(page).locator("textarea, #set-assignee")
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        assert fresh(issue).assignee == triager

    def test_arrows_walk_through_a_menu_and_letters_are_written(self, rows):
        page = rows
        link(page, "WEB-1").focus()
        page.keyboard.press("p")
        expect(menu(page).get_by_role("button", name="Urgent")).to_be_focused()
        hold(page, "ArrowDown")
        expect(menu(page).get_by_role("button", name="None")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(menu(page).locator("textarea")).to_be_focused()
        hold(page, "a")
        expect(menu(page).locator("textarea")).to_have_value("aaaa")

    def test_it_walks_on(self, rows):
        page = rows
        page.keyboard.press("j")
        hold(page, "j")
        expect(link(page, "WEB-5")).to_be_focused()
        page.keyboard.down("Shift")
        hold(page, "K")
        page.keyboard.up("Shift")
        expect(page.locator("[data-selection]")).to_contain_text("5 selected")

    def test_what_opens_something_shuts_it_no_more(self, issue, rows):
        page = rows
        page.keyboard.press("j")
        page.keyboard.down("Control")
        hold(page, "k")
        page.keyboard.up("Control")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("x")
        hold(page, "Escape")
        hold(page, "x")
        expect(page.locator("[data-selection]")).to_contain_text("1 selected")

    def test_a_form_is_sent_once(self, issue, rows):
        page = rows
        link(page, "WEB-1").focus()
        page.keyboard.press("r")
        expect(menu(page).locator("textarea")).to_be_focused()
        page.keyboard.type("Once")
        page.keyboard.down("Control")
        hold(page, "Enter")
        page.keyboard.up("Control")
        expect(page.locator(".toast")).to_contain_text("comment added")
        assert Comment.objects.filter(issue=issue, body="Once").count() == 1


PRESS = """([key, code, ctrlKey, shiftKey]) => {
    const options = { key, code, ctrlKey, shiftKey, bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
}"""


@pytest.mark.once
@pytest.mark.parametrize(
    ("keys", "opened"),
    [
        ([("K", "KeyK", True, False)], "#palette"),
        ([("P", "KeyP", False, False)], '[data-action="priority"] .menu-panel'),
        ([("л", "KeyK", True, False)], "#palette"),
        ([("з", "KeyP", False, False)], '[data-action="priority"] .menu-panel'),
        ([("З", "KeyP", False, True)], '[data-action="severity"] .menu-panel'),
        ([("ש", "KeyA", False, False)], '[data-action="assignee"] .menu-panel'),
        ([("\u0e49", "KeyP", False, False)], '[data-action="priority"] .menu-panel'),
        ([("\u0644\u0627", "KeyP", False, False)], '[data-action="priority"] .menu-panel'),
        # A keyboard with other Latin letters, or with these in other places, says itself which it means.
        ([("p", "KeyR", False, False)], '[data-action="priority"] .menu-panel'),
        ([("ö", "KeyP", False, False)], None),
    ],
    ids=[
        "Caps Lock with Ctrl",
        "Caps Lock",
        "Russian with Ctrl",
        "Russian",
        "Russian with Shift",
        "Hebrew",
        "a sign above letters",
        "two letters",
        "Dvorak",
        "Latin",
    ],
)
def test_letters_of_any_keyboard(issue, visit, triager, keys, opened):
    page = visit("/issues/WEB-1/", triager)
    for key in keys:
        page.evaluate(PRESS, key)
    expect(page.locator(opened or "details.menu[open], dialog[open]")).to_be_visible(visible=opened is not None)


FILE = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
UNSENT = {
    "a comment": lambda page: page.get_by_label("Comment", exact=True).fill("Half a thought"),
    "a file": lambda page: page.set_input_files("#comment-file", FILE),
    "a field": lambda page: page.locator("#set-product").evaluate("field => { field.value = 'API'; }"),
    "a box": lambda page: page.get_by_label("Internal").check(),
}


@pytest.mark.once
@pytest.mark.parametrize("fill", UNSENT.values(), ids=UNSENT)
def test_no_key_leaves_what_is_not_sent(issue, visit, triager, fill):
    page = visit("/issues/WEB-1/", triager)
    fill(page)
    page.evaluate("document.activeElement.blur()")
    for key in ("u", "Escape"):
        page.keyboard.press(key)
        expect(page.locator(".toast").last).to_contain_text("has not been sent yet")
        page.locator(".toast [data-close]").click()
        page.evaluate("document.activeElement.blur()")
    page.locator('[data-action="back"]').click()
    expect(page).to_have_url(re.compile("/products/WEB/issues/$"))


@pytest.mark.once
@pytest.mark.parametrize("key", ["j", "e", "c", "g t"])
@pytest.mark.parametrize("fill", [fill for name, fill in UNSENT.items() if name != "a comment"])
def test_no_key_follows_a_link_from_what_would_be_lost(issue, visit, triager, fill, key):
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen+sort%253Anumber-asc", triager)
    fill(page)
    page.evaluate("document.activeElement.blur()")
    press(page, key)
    expect(page.locator(".toast").last).to_contain_text("has not been sent yet")
    expect(page).to_have_url(re.compile("/issues/WEB-1/"))


@pytest.mark.once
def test_a_key_goes_on_from_a_comment_that_is_kept(issue, visit, triager):
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen+sort%253Anumber-asc", triager)
    UNSENT["a comment"](page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("/issues/WEB-2/"))
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile("/issues/WEB-1/"))
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")


@pytest.mark.once
@pytest.mark.parametrize("key", ["u", "Escape"])
def test_a_key_leaves_a_page_as_it_came(issue, visit, triager, key):
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press(key)
    expect(page).to_have_url(re.compile("/products/WEB/issues/$"))
