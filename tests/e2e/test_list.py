"""The list in the browser: searched as one types, completed, narrowed, gone back, peeked into, changed in place."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from issues.choices import COLUMNS
from issues.models import Issue
from issues.services import create_issue, create_view, reserve_numbers, update_issue
from products.services import update_product
from tests.e2e.conftest import NARROW, WIDE, open_as
from tests.e2e.parts import row
from tests.e2e.test_every_page import objections

ADDRESS = "/products/WEB/issues/"


def box(page):
    return page.get_by_role("combobox", name="Search")


def rows(page):
    return page.locator(".issue-row")


def options(page):
    return page.get_by_role("option")


@pytest.mark.once
@pytest.mark.parametrize("width", [1440, 1000, 760])
@pytest.mark.parametrize(("key", "number"), [("CDT", 345678), ("WORKSHOPMW", 10), ("OOOOOOOOOO", 123456789012)])
def test_a_key_is_never_cut(transactional_db, visit, triager, product, administrator, key, number, width):
    update_product(product, actor=administrator, via="web", key=key)
    with transaction.atomic():
        reserve_numbers({product.pk: number - 1})
    create_issue(product, actor=triager, via="web", title="x" * 300)
    page = visit(f"/products/{key}/issues/", triager, {"width": width, "height": 900})
    cell = page.locator("td.col-key")
    expect(cell).to_have_text(f"{key}-{number}")
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")


def peek(page):
    return page.get_by_role("complementary").filter(has=page.locator("#peek-title"))


def menu(page):
    return page.locator("[data-row-menu]")


def fresh(issue):
    return Issue.objects.select_related("status", "assignee").get(pk=issue.pk)


@pytest.fixture
def listed(issue, visit, triager):
    """The list of the two issues of the product, open before its triager, its scripts at work."""
    page = visit(ADDRESS, triager)
    expect(box(page)).to_be_visible()
    return page


def test_results_follow_as_one_types_and_back_leads_to_what_was_before(listed):
    box(listed).click()
    listed.keyboard.press("End")
    listed.keyboard.type(" priority:urgent")
    expect(rows(listed)).to_have_count(1)
    expect(box(listed)).to_be_focused()
    expect(box(listed)).to_have_value("is:open priority:urgent")
    expect(listed).to_have_url(re.compile(r"q=is%3Aopen\+priority%3Aurgent"))
    expect(listed.locator("[data-said]")).to_have_text("1 issue")
    assert box(listed).evaluate("box => box.selectionStart") == len("is:open priority:urgent")

    listed.keyboard.press("Enter")
    listed.keyboard.type(" nowhere:1")
    listed.keyboard.press("Enter")
    expect(listed.locator("#query-problems")).to_be_visible()
    listed.go_back()
    expect(box(listed)).to_have_value("is:open priority:urgent")
    expect(listed.locator("#query-problems")).to_have_count(0)
    listed.go_back()
    expect(box(listed)).to_have_value("is:open")
    expect(rows(listed)).to_have_count(2)
    listed.go_forward()
    expect(rows(listed)).to_have_count(1)


@pytest.mark.once
@pytest.mark.clock
def test_the_beginning_of_a_field_is_not_at_once_a_word_to_look_for(listed):
    asked = []
    listed.on("request", lambda request: asked.append(request.url))
    listed.clock.install()
    # Nothing that the page waits for happens before it is said.
    listed.clock.pause_at(datetime.now() + timedelta(minutes=1))
    box(listed).click()
    listed.keyboard.press("End")
    listed.keyboard.type(" priori")
    listed.clock.run_for(100)
    expect(options(listed)).to_have_count(1)
    # Longer than what one types takes to be looked for, and shorter than it takes where a field is offered.
    listed.clock.run_for(400)
    listed.keyboard.type("ty:urgent")
    listed.clock.run_for(100)
    expect(options(listed)).to_have_count(0)
    listed.clock.run_for(400)
    expect(rows(listed)).to_have_count(1)
    assert not [url for url in asked if url.endswith("priori")]

    listed.keyboard.type(" labe")
    listed.clock.run_for(100)
    expect(options(listed)).to_have_count(1)
    listed.clock.run_for(400)
    assert not [url for url in asked if url.endswith("labe")]
    listed.clock.run_for(1000)
    expect(rows(listed)).to_have_count(0)
    assert [url for url in asked if url.endswith("labe")]


@pytest.mark.once
def test_a_query_is_completed_by_keyboard(listed):
    box(listed).fill("")
    listed.keyboard.press("ArrowDown")
    expect(options(listed).first).to_be_visible()
    expect(box(listed)).to_have_attribute("aria-expanded", "true")
    listed.keyboard.press("Escape")
    expect(options(listed)).to_have_count(0)
    expect(box(listed)).to_be_focused()

    listed.keyboard.type("-lab")
    expect(options(listed)).to_have_text(re.compile("^label:"))
    listed.keyboard.press("ArrowDown")
    active = box(listed).get_attribute("aria-activedescendant")
    assert listed.locator(f"#{active}").get_attribute("aria-selected") == "true"
    listed.keyboard.press("Tab")
    expect(box(listed)).to_have_value("-label:")
    expect(options(listed).filter(has_text="area/checkout")).to_be_visible()
    listed.keyboard.type("area")
    expect(options(listed)).to_have_count(1)
    listed.keyboard.press("ArrowDown")
    listed.keyboard.press("Enter")
    expect(box(listed)).to_have_value("-label:area/checkout ")
    expect(row(listed, "WEB-2")).to_be_visible()
    expect(rows(listed)).to_have_count(1)
    listed.keyboard.press("Escape")
    expect(box(listed)).not_to_be_focused()


@pytest.mark.once
def test_a_completion_is_taken_by_mouse_and_keeps_what_comes_after(listed):
    box(listed).fill("prio \U0001f6d2")
    for _ in range(2):
        listed.keyboard.press("ArrowLeft")
    listed.keyboard.press("Control+Space")
    options(listed).filter(has_text="priority:").click()
    expect(box(listed)).to_have_value("priority: \U0001f6d2")
    expect(options(listed).first).to_be_visible()
    expect(box(listed)).to_be_focused()

    box(listed).fill("(type:tusk,bug)")
    for _ in range(len("usk,bug)")):
        listed.keyboard.press("ArrowLeft")
    listed.keyboard.press("Control+Space")
    options(listed).filter(has_text="task").click()
    expect(box(listed)).to_have_value("(type:task,bug)")

    box(listed).fill("is:open")
    listed.keyboard.press("Home")
    listed.keyboard.type("label:")
    options(listed).filter(has_text="area/checkout").click()
    expect(box(listed)).to_have_value("label:area/checkout is:open")


@pytest.mark.once
def test_enter_without_a_highlighted_offer_searches(listed):
    box(listed).fill("is:open as")
    expect(options(listed).first).to_be_visible()
    listed.keyboard.press("Enter")
    expect(options(listed)).to_have_count(0)
    expect(listed).to_have_url(re.compile(r"q=is%3Aopen\+as$"))


@pytest.mark.once
@pytest.mark.parametrize("key", ["web-1", "1"])
@pytest.mark.parametrize("scripts", [True, False])
def test_a_key_alone_leads_to_its_issue_and_back_to_the_list(
    issue, live_server, special_context, triager, scripts, key
):
    page = open_as(special_context(java_script_enabled=scripts), live_server, ADDRESS, triager)
    expect(rows(page)).to_have_count(2)
    page.locator("#q").fill(key)
    if scripts:
        # As long as one only types, the list follows.
        expect(rows(page)).to_have_count(1)
    page.locator("#q").press("Enter")
    expect(page).to_have_url(re.compile("/issues/WEB-1/$"))
    page.go_back()
    if scripts:
        expect(rows(page)).to_have_count(1)
        page.go_back()
    expect(page).to_have_url(re.compile(f"{ADDRESS}$"))
    expect(rows(page)).to_have_count(2)


@pytest.mark.once
def test_a_mistake_is_marked_after_a_pause_and_mended_by_a_click(listed):
    box(listed).press("End")
    listed.keyboard.type(" asignee:tom")
    expect(listed.locator("#query-problems")).to_be_attached()
    expect(listed.locator("#query-problems")).to_be_hidden()
    expect(listed.locator("#query-problems")).to_be_visible()
    expect(box(listed)).to_have_attribute("aria-invalid", "true")
    expect(listed.locator(".query-marked mark")).to_have_text("asignee:tom")
    listed.get_by_role("link", name="assignee:tom").click()
    expect(box(listed)).to_have_value("is:open assignee:tom")
    expect(rows(listed)).to_have_count(1)
    expect(box(listed)).not_to_have_attribute("aria-invalid", "true")


def test_chips_and_order_are_changed_without_the_page(listed):
    listed.evaluate("window.same = true")
    listed.get_by_role("link", name="Remove is open").click()
    expect(box(listed)).to_have_value("")
    expect(listed.locator("#filter > summary")).to_be_focused()
    listed.locator("#sort > summary").click()
    listed.get_by_role("link", name="Oldest").click()
    expect(box(listed)).to_have_value("sort:created-asc")
    expect(rows(listed).first).to_have_attribute("data-issue", "WEB-1")
    expect(listed.locator("#sort > summary")).to_be_focused()
    head = listed.get_by_role("columnheader", name="Key")
    height = listed.locator("thead").bounding_box()["height"]
    head.get_by_role("link").click()
    expect(box(listed)).to_have_value("sort:number-desc")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(head.get_by_role("link")).to_be_focused()
    listed.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(listed.locator("#sort > summary")).to_have_text(re.compile("Lowest number"))
    steps = listed.evaluate("history.length")
    listed.locator("#sort > summary").click()
    listed.get_by_role("link", name="Number", exact=True).click()
    expect(head).to_have_attribute("aria-sort", "descending")
    listed.locator("#sort > summary").click()
    listed.get_by_role("link", name="Number", exact=True).click()
    expect(listed.locator("#sort")).not_to_have_attribute("open")
    assert listed.evaluate("history.length") == steps + 1
    assert listed.locator("thead").bounding_box()["height"] == height
    listed.locator("#columns > summary").click()
    listed.get_by_label("Votes").check()
    listed.get_by_role("button", name="Show", exact=True).click()
    expect(listed.get_by_role("columnheader", name="Votes")).to_be_visible()
    expect(listed).to_have_url(re.compile("columns=votes"))
    listed.locator("#group > summary").click()
    listed.get_by_role("link", name="Assignee").click()
    expect(listed.get_by_role("heading", name="Tom")).to_be_visible()
    listed.go_back()
    expect(listed.get_by_role("heading", name="Tom")).to_have_count(0)
    assert listed.evaluate("window.same")


def test_pages_follow_one_another(issue, visit, product, reporter, triager):
    for n in range(26):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    page = visit(f"{ADDRESS}?page_size=25", triager)
    length = page.locator("[data-results] [data-count]")
    expect(length).to_have_text("28 issues")
    page.get_by_role("link", name="Next").click()
    expect(rows(page)).to_have_count(3)
    expect(length).to_have_text("28 issues")
    expect(page.locator("[data-said]")).to_have_text("28 issues")
    assert page.evaluate("scrollY") == 0
    page.get_by_role("link", name="Previous").click()
    expect(rows(page)).to_have_count(25)
    page.go_back()
    expect(rows(page)).to_have_count(3)


@pytest.mark.once
def test_back_and_forward_lead_to_what_was_looked_at(issue, visit, product, reporter, triager):
    for n in range(40):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    page = visit("/issues/?q=is:open&page_size=25", triager, viewport={"width": 1440, "height": 400})

    def scroll(to):
        page.evaluate("to => new Promise((done) => { onscrollend = () => done(); scrollTo(0, to); })", to)

    def scrolled(to):
        for _ in range(60):
            if page.evaluate("scrollY") == to:
                return True
            page.wait_for_timeout(50)
        return False

    scroll(300)
    # As a key does, without scrolling to it first.
    page.get_by_role("link", name="Next").dispatch_event("click")
    expect(rows(page)).to_have_count(17)
    assert scrolled(0)
    scroll(120)
    page.go_back()
    expect(rows(page)).to_have_count(25)
    assert scrolled(300)
    page.go_forward()
    expect(rows(page)).to_have_count(17)
    assert scrolled(120)


@pytest.mark.once
def test_a_list_is_named_by_what_its_query_asks(issue, visit, triager):
    page = visit("/inbox/", triager)
    side = page.get_by_role("navigation", name="Main", exact=True)
    steps = (lambda: None, lambda: box(page).fill("is:open"), page.go_back)
    for name, step in zip(("Asked of me", "All issues", "Asked of me"), steps, strict=True):
        step()
        expect(page).to_have_title(f"{name} · Issues")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(side.locator("[aria-current]")).to_have_text(name)


@pytest.mark.once
def test_what_is_typed_while_a_chip_is_on_its_way_stays_and_is_looked_for(listed):
    held = []
    listed.route("**/issues/?q=", lambda route: held.append(route))
    listed.get_by_role("link", name="Remove is open").click()
    # Longer than the answer takes, as a field is offered.
    box(listed).press("End")
    listed.keyboard.type(" priori")
    held[0].continue_()
    expect(box(listed)).to_have_value("priori")
    listed.keyboard.type("ty:urgent")
    expect(box(listed)).to_have_value("priority:urgent")
    expect(listed.locator(".chip-remove")).to_have_count(1)
    expect(rows(listed)).to_have_count(1)
    expect(listed).to_have_url(re.compile("urgent"))


@pytest.mark.once
@pytest.mark.parametrize("home", ["/views/1/", "/issues/?q=sort:number-asc&page_size=25&columns=votes"])
def test_whoever_comes_back_from_an_issue_finds_the_list_as_it_was(issue, visit, product, reporter, triager, home):
    for n in range(26):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    view = create_view(actor=triager, via="web", name="By hand", query="is:open", group="status", columns=["votes"])
    page = visit(home.replace("1", str(view.pk)) if "views" in home else home, triager)
    if "views" in home:
        key, name = "WEB-28", "By hand"
    else:
        page.get_by_role("link", name="Next").click()
        key, name = "WEB-27", "All issues"
    row(page, key).locator(".issue-link").click()
    expect(page.locator("[data-action=back]")).to_have_text(f"Back to {name}")
    update_issue(issue, actor=triager, via="web", title="Another")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("Escape")
    expect(row(page, key).locator(".issue-link")).to_be_focused()
    expect(page.get_by_role("columnheader", name="Votes").first).to_be_attached()
    expect(page.locator(".list-section")).to_have_count(1 if "views" in home else 0)


@pytest.mark.once
def test_peeking_goes_on_and_gives_the_focus_back(listed):
    listed.keyboard.press("j")
    first = rows(listed).first.get_attribute("data-issue")
    listed.keyboard.press(" ")
    expect(peek(listed)).to_be_focused()
    expect(peek(listed)).to_contain_text(first)
    listed.keyboard.press("j")
    second = rows(listed).nth(1).get_attribute("data-issue")
    expect(peek(listed)).to_contain_text(second)
    expect(row(listed, second)).to_have_class(re.compile("is-current"))
    listed.keyboard.press("Escape")
    expect(peek(listed)).to_have_count(0)
    expect(row(listed, second).locator(".issue-link")).to_be_focused()
    row(listed, first).hover()
    row(listed, first).get_by_role("button", name="Peek").click()
    expect(peek(listed)).to_contain_text(first)
    listed.keyboard.press(" ")
    expect(peek(listed)).to_have_count(0)


def test_a_field_is_changed_by_key_and_taken_back(issue, listed):
    row(listed, "WEB-1").locator(".issue-link").focus()
    listed.keyboard.press("p")
    expect(menu(listed).get_by_role("button", name="Urgent")).to_be_focused()
    listed.keyboard.press("ArrowDown")
    listed.keyboard.press("Enter")
    expect(row(listed, "WEB-1").locator(".col-priority").get_by_role("img", name="Priority: high")).to_be_visible()
    expect(menu(listed)).to_be_hidden()
    expect(row(listed, "WEB-1").locator(".issue-link")).to_be_focused()
    assert fresh(issue).priority_slug == "high"
    listed.keyboard.press("z")
    expect(row(listed, "WEB-1").locator(".col-priority").get_by_role("img", name="Priority: urgent")).to_be_visible()
    expect(row(listed, "WEB-1").locator(".issue-link")).to_be_focused()
    assert fresh(issue).priority_slug == "urgent"


def test_more_is_changed_by_key_and_by_click(listed, complaints):
    other = Issue.objects.get(number=2)
    row(listed, "WEB-2").locator(".issue-link").focus()
    listed.keyboard.press("i")
    expect(row(listed, "WEB-2").locator(".col-assignee")).to_contain_text("Tom")
    listed.keyboard.press("l")
    menu(listed).get_by_label("area/checkout").check()
    menu(listed).get_by_role("button", name="Set").click()
    expect(row(listed, "WEB-2").locator(".labels")).to_contain_text("area/checkout")
    row(listed, "WEB-2").get_by_role("button", name="Status: New").click()
    menu(listed).get_by_role("button", name="In progress").click()
    expect(row(listed, "WEB-2").get_by_role("button", name="Status: In progress")).to_be_visible()
    assert (fresh(other).status.slug, fresh(other).assignee.username) == ("in-progress", "tom")
    listed.keyboard.press("a")
    listed.keyboard.type("nobody.knows")
    listed.keyboard.press("Enter")
    expect(menu(listed).get_by_role("alert")).to_contain_text("no active person")
    listed.keyboard.press("Escape")
    expect(row(listed, "WEB-2").locator(".issue-link")).to_be_focused()
    # The browser notes that the answer was a 400.
    complaints.clear()


def test_two_people_change_the_same_field(issue, listed, complaints, maintainer):
    row(listed, "WEB-1").locator(".issue-link").focus()
    listed.keyboard.press("p")
    expect(menu(listed).get_by_role("button", name="Urgent")).to_be_focused()
    update_issue(issue, actor=maintainer, via="web", priority=1)
    menu(listed).get_by_role("button", name="Medium").click()
    expect(menu(listed).get_by_role("alert")).to_contain_text("Somebody has changed this")
    expect(row(listed, "WEB-1").locator(".col-priority").get_by_role("img", name="Priority: low")).to_be_visible()
    menu(listed).get_by_role("button", name="Medium").click()
    expect(menu(listed)).to_be_hidden()
    assert fresh(issue).priority_slug == "medium"
    complaints.clear()


@pytest.mark.once
def test_keys_change_nothing_that_is_not_ones_own(issue, visit, stranger):
    page = visit(ADDRESS, stranger)
    expect(box(page)).to_be_visible()
    page.keyboard.press("j")
    for key in "saplI":
        page.keyboard.press(key)
    expect(menu(page)).to_be_hidden()
    expect(page.locator("a.cell")).to_have_count(0)


@pytest.mark.once
@pytest.mark.parametrize("width", [1440, 1101, 901, 721, 390])
def test_whatever_columns_are_chosen_the_title_keeps_a_place(issue, visit, triager, width):
    every = "&".join(f"columns={name}" for name in COLUMNS)
    page = visit(f"{ADDRESS}?q=&{every}", triager, viewport={"width": width, "height": 800})
    assert row(page, "WEB-1").locator(".issue-link").evaluate("link => link.parentElement.clientWidth") >= 150
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_same_is_done_by_forms_and_links(issue, live_server, special_context, triager):
    page = open_as(special_context(java_script_enabled=False), live_server, ADDRESS, triager)
    page.get_by_label("Search").fill("is:open priority:urgent")
    page.get_by_label("Search").press("Enter")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Remove priority urgent").click()
    expect(rows(page)).to_have_count(2)
    page.locator("#sort > summary").click()
    page.get_by_role("link", name="Oldest").click()
    expect(rows(page).first).to_have_attribute("data-issue", "WEB-1")
    expect(page.locator("[data-peek]").first).to_be_hidden()
    row(page, "WEB-1").locator('[data-field="status"]').click()
    expect(page.get_by_role("heading", level=1)).to_have_text(issue.title)


@pytest.mark.once
@pytest.mark.parametrize(
    ("viewport", "theme"), [(WIDE, "light"), (WIDE, "dark"), (NARROW, "dark")], ids=["light", "dark", "narrow"]
)
def test_axe_objects_to_nothing_that_opens(issue, live_server, special_context, triager, viewport, theme):
    page = open_as(special_context(bypass_csp=True), live_server, ADDRESS, triager, viewport, theme)
    box(page).press("End")
    page.keyboard.type(" asignee:tom la")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#query-problems")).to_be_visible()
    faults = objections(page, "completion and mistake")
    box(page).fill("is:open priority:urgent")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    box(page).blur()
    for name in ("chip-2", "filter", "sort", "columns"):
        page.locator(f"#{name} > summary").click()
        faults += objections(page, name)
        page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(peek(page)).to_be_visible()
    faults += objections(page, "peek")
    page.keyboard.press("s")
    expect(menu(page).get_by_role("button", name="In progress")).to_be_visible()
    faults += objections(page, "menu")
    assert not faults, "\n".join(map(str, faults))
