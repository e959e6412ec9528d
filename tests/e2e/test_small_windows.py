"""Where a window is narrow: nothing lies over what one needs, and all of it can be reached by touch."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.services import update_user
from issues.choices import Priority, Severity
from issues.models import Issue
from issues.services import add_comment, ask, bulk, create_issue, decide, update_issue
from products.services import create_product, set_member
from tests.e2e.conftest import NARROW, open_as
from tests.e2e.held import settle
from tests.e2e.test_live import look

pytestmark = pytest.mark.once

TITLES = ("Cart empties", "Cart forgets", "Cart jumps")
# The words that stand in more than one line, though they are short.
BROKEN = """selector => [...document.querySelectorAll(selector)].flatMap(cell => {
    const range = document.createRange();
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const broken = [];
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/(?<!\\S)\\S{2,16}(?=\\s|$)/g)) {
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(one => one.top)).size > 1) broken.push(word[0]);
    }
    return broken;
})"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Whether a bar that keeps its place lies over what has the focus, or half of that is out of the window. Of what may be
# larger than the window the middle alone is looked at.
COVERED = """() => {
    const at = document.activeElement;
    const { x, y, width, height } = at.getBoundingClientRect();
    const isSmall = at !== document.body && height < 100;
    const overAt = down => document.elementFromPoint(x + width / 2, y + down);
    const isUnderBar = down => {
        const bar = overAt(down)?.closest(".topbar, .triage-bar, .tabbar, .selection, .list-head");
        return Boolean(bar && !bar.contains(at));
    };
    const places = isSmall ? [1, height / 2, height - 1] : [height / 2];
    return places.some(isUnderBar) || isSmall && !overAt(height / 2);
}"""
# Where the words of each entry stand, and the button in it.
BESIDE = """entries => entries.map(entry => {
    const range = document.createRange();
    const form = entry.querySelector(".undo");
    range.setStart(form.parentElement, 0);
    range.setEndBefore(form);
    const rects = [...range.getClientRects()].filter(one => one.width);
    const [top, left, bottom, right] = [["top", "min"], ["left", "min"], ["bottom", "max"], ["right", "max"]]
        .map(([side, most]) => Math[most](...rects.map(one => one[side])));
    return [{ top, left, bottom, right }, form.querySelector("button").getBoundingClientRect().toJSON()];
})"""
TABLE = f"""| Browser | What is seen there | Times |
|---|---|---|
| Firefox | {"All of it comes too late. " * 20} | 128 |
| Chrome | `{"x" * 200}` | `512` |
"""


@pytest.fixture
def reports(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_queue_is_passed_over_by_touch(reports, special_context, live_server, triager, scripts):
    context = special_context(viewport=NARROW, has_touch=True, java_script_enabled=scripts)
    page = open_as(context, live_server, "/triage/", triager, NARROW)
    if scripts:
        page.locator("html[data-ready]").wait_for(state="attached")
    title, head = page.locator(".triage-issue-title"), page.locator(".triage-head")
    following, previous = (page.get_by_role("link", name=name, exact=True) for name in ("Next", "Previous"))
    expect(previous).to_have_count(0)
    for number, text in enumerate(TITLES[1:], start=2):
        following.tap()
        expect(title).to_have_text(text)
        expect(head).to_contain_text(f"{number} of 3")
    expect(following).to_have_count(0)
    previous.tap()
    expect(title).to_have_text("Cart forgets")
    box = following.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    assert not page.evaluate(TOO_WIDE)


def test_the_queue_counts_what_is_first_in_it(reports, visit, triager):
    Issue.objects.filter(number=1).update(snoozed_until=timezone.now())
    page = visit("/triage/", triager, NARROW)
    expect(page.locator(".triage-counts")).to_have_text("2 new · 1 returned", use_inner_text=True)
    assert page.locator(".triage-counts").evaluate("counts => counts.scrollWidth <= counts.clientWidth")
    assert not page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("width", [721, 760, 900])
@pytest.mark.parametrize("path", ["/triage/", "/issues/WEB-1/"], ids=["queue", "issue"])
def test_each_decision_can_be_reached(reports, visit, triager, path, width):
    page = visit(path, triager, {"width": width, "height": 700})
    for button in page.locator(".triage-bar .bar-button:visible").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= 700
    assert not page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("width", [320, 760, 830])
def test_what_acts_on_all_that_are_selected_stays_in_its_bar(reports, visit, triager, width):
    page = visit("/issues/?q=is:open", triager, {"width": width, "height": 700})
    page.locator("[name=ids]").first.evaluate("box => box.click()")
    bar = page.locator(".selection").bounding_box()
    for button in page.locator(".selection :is(button, input:not([type=hidden]))").all():
        box = button.bounding_box()
        assert box["x"] >= bar["x"] and box["x"] + box["width"] <= bar["x"] + bar["width"]
        assert box["y"] >= bar["y"] and box["y"] + box["height"] <= bar["y"] + bar["height"]


TABBED = ["/products/WEB/", "/products/WEB/settings/", "/products/WEB/trash/", "/profile/tokens/"]


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("path", TABBED)
def test_the_tab_that_one_is_at_is_in_view(product, visit, maintainer, path, width):
    page = visit(path, maintainer, {"width": width, "height": 700})
    current = page.locator(".tab[aria-current]")
    box = current.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("[scrollX, scrollY]") == [0, 0]


@pytest.mark.parametrize("path", ["/issues/?q=is:open", "/triage/"], ids=["list", "queue"])
def test_what_acts_on_all_that_are_selected_is_in_the_middle_beside_the_side_bar(reports, visit, triager, path):
    page = visit(path, triager)
    page.locator("[name=ids]").first.evaluate("box => box.click()")
    bar, side = (page.locator(name).bounding_box() for name in (".selection", ".sidebar"))
    left, right = bar["x"] - side["x"] - side["width"], page.viewport_size["width"] - bar["x"] - bar["width"]
    assert abs(left - right) <= 2


def test_chips_in_several_lines_hide_no_row(product, reporter, visit, triager):
    for n in range(40):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    without = "".join(f"+-{name}:nothing" for name in ("text", "title", "author"))
    query = f"is:open{without}+created:>2020-01-01+updated:>2020-01-01+comments:<9+votes:<9"
    page = visit(f"/issues/?q={query}", triager, {"width": 760, "height": 600})
    head = page.locator(".list-head-second")
    assert head.bounding_box()["height"] > 60
    for key in "j" * 30 + "k" * 25:
        page.keyboard.press(key)
    row = page.locator(".issue-row:focus-within").bounding_box()
    assert page.evaluate("scrollY") > 0
    assert row["y"] >= head.bounding_box()["y"] + head.bounding_box()["height"]


@pytest.mark.parametrize("width", [1440, 760, 390])
def test_words_and_numbers_in_tables_stay_whole(product, reporter, visit, stranger, width):
    create_issue(product, actor=reporter, via="web", title="Late", description=TABLE)
    page = visit("/issues/WEB-1/", stranger, {"width": width, "height": 800})
    assert page.evaluate(BROKEN, ".prose td") == []
    assert page.locator(".prose table").evaluate("table => table.scrollWidth <= table.clientWidth")
    assert not page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/triage/?issue=WEB-1"], ids=["issue", "queue"])
def test_undo_in_the_history_stands_beside_what_it_takes_back(reports, visit, triager, path, width):
    words = {"priority": Priority.HIGH, "severity": Severity.S2, "due_on": date(2031, 5, 6)}
    plan = bulk.Plan({reports[0].product_id: words})
    bulk.change([issue.pk for issue in reports[:2]], plan, actor=triager, via="web")
    update_issue(reports[0], actor=triager, via="web", title="Cart empties itself")
    page = visit(path, triager, {"width": width, "height": 800})
    boxes = page.locator(".timeline-event:has(.undo)").evaluate_all(BESIDE)
    assert len(boxes) == 2
    for text, button in boxes:
        assert text["right"] <= button["left"] and button["right"] <= width
        assert abs((text["top"] + text["bottom"] - button["top"] - button["bottom"]) / 2) <= 4 or width == 1440
        assert button["top"] < text["bottom"] and text["top"] < button["bottom"]
    assert all(above["bottom"] <= below["top"] for (_text, above), (_other, below) in pairwise(boxes))
    assert not page.evaluate(TOO_WIDE)


def test_fields_beside_one_another_begin_at_the_same_height(reports, visit, triager):
    decide(reports[0], "snooze", actor=triager, via="web", until=timezone.now() + timedelta(days=9))
    page = visit("/issues/WEB-1/", triager, NARROW)
    tops = {}
    for name in page.locator(".fields-row dt:visible").all():
        tops.setdefault(name.locator("..").bounding_box()["y"], set()).add(name.bounding_box()["y"])
    assert max(map(len, tops.values())) == 1 < len(tops)


def test_a_message_names_no_key_where_no_button_does(reports, visit, triager):
    page = visit("/issues/WEB-1/", triager, NARROW)
    page.keyboard.press("1")
    expect(page.locator(".toast-action")).to_be_visible()
    expect(page.locator(".toast-action kbd")).to_be_hidden()


def test_a_product_is_told_by_lines(product, visit, triager):
    page = visit("/products/", triager, NARROW)
    key, name, owner, seen, untriaged, open_ = (one.bounding_box() for one in page.locator("tbody td").all())
    lines = [(key, name), (owner,), (seen,), (untriaged, open_)]
    for line in lines:
        assert line[0]["x"] == key["x"]
        assert len({round(one["y"] + one["height"] / 2) for one in line}) == 1
    for upper, lower in pairwise(lines):
        assert max(one["y"] + one["height"] for one in upper) <= min(one["y"] for one in lower)
    assert not page.evaluate(TOO_WIDE)


def test_what_would_change_is_told_below_its_issue(reports, visit, triager):
    page = visit("/issues/?q=is:open", triager, NARROW)
    page.get_by_role("link", name="Change all").click()
    page.get_by_label("In words").fill("p urgent")
    page.get_by_role("button", name="Show what would change").click()
    keys, changes = (page.locator(f".bulk-first {one}") for one in (".key", ".secondary"))
    expect(changes).to_have_count(3)
    for key, change in zip(keys.all(), changes.all(), strict=True):
        above, below = key.bounding_box(), change.bounding_box()
        assert (below["x"], below["y"] >= above["y"] + above["height"]) == (above["x"], True)


def test_roles_are_set_at_the_same_place_of_each_row(product, visit, triager, stranger, maintainer):
    set_member(product, stranger, "viewer", actor=maintainer, via="web")
    update_user(triager, actor=triager, via="web", display_name="Tom Weber")
    page = visit("/products/WEB/members/", maintainer, NARROW)
    roles, removers = page.locator(".role-form").all(), page.locator(".cards .actions button").all()
    assert len(roles) == len(removers) >= 3
    assert len({role.locator("select").bounding_box()["x"] for role in roles}) == 1
    for role, remover in zip(roles, removers, strict=True):
        assert role.bounding_box()["y"] == remover.bounding_box()["y"]
    assert not page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_who_has_asked_whom_is_told_in_whole_words(reports, visit, triager, maintainer, width):
    for person, name in ((maintainer, "Lena Hoffmann"), (triager, "Tom Weber")):
        update_user(person, actor=person, via="web", display_name=name)
    ask(reports[0], actor=maintainer, via="web", requestee=triager, question="Which browser?")
    add_comment(reports[0], actor=triager, via="web", body="> Which browser?\n\nAll.")
    page = visit("/issues/WEB-1/", triager, {"width": width, "height": 800})
    assert page.evaluate(BROKEN, ".comment-head") == []
    quote = page.locator(".comment .prose blockquote")
    assert quote.evaluate("one => getComputedStyle(one).marginLeft") == "0px"


# At 400 % of a small screen.
LOW = {"width": 320, "height": 256}


def test_a_low_window_shows_an_issue_and_what_decides_on_it(reports, visit, triager):
    page = visit("/issues/WEB-1/", triager, LOW)
    heading = page.get_by_role("heading", level=1)
    heading.scroll_into_view_if_needed()
    expect(heading).to_be_in_viewport()
    covers = "y => document.elementsFromPoint(160, y).some(one => one.matches('.triage-bar'))"
    assert [y for y in range(8, 250, 8) if page.evaluate(covers, y)] == []
    page.locator(".triage-bar > details > summary", has_text="Decline").click()
    page.get_by_role("button", name="Invalid").click()
    expect(page.locator(".toast")).to_contain_text("Declined WEB-1")


def test_a_low_window_shows_rows_and_what_acts_on_those_selected(reports, visit, triager):
    page = visit("/issues/?q=is:open", triager, LOW)
    for key in ("j", "x"):
        page.keyboard.press(key)
    bar = page.locator("[data-selection]")
    expect(bar).to_contain_text("1 selected")
    assert bar.bounding_box()["height"] <= 128
    bar.get_by_role("button", name="Reroute").click()
    expect(page).to_have_url(re.compile("/bulk/"))


def is_within(page, panel):
    """Return whether the whole of a `panel` is in the window, above what stays at its lower edge."""
    box, window = panel.bounding_box(), page.viewport_size
    bars = page.locator(".tabbar:visible, .triage-bar:visible").all()
    lowest = min([window["height"], *(bar.bounding_box()["y"] for bar in bars)])
    return box["x"] >= 0 and box["x"] + box["width"] <= window["width"] and box["y"] + box["height"] <= lowest


@pytest.mark.parametrize("width", [721, 320])
def test_what_asks_about_an_issue_that_is_decided_opens_within_the_window(reports, visit, triager, width):
    decide(reports[0], "accept", actor=triager, via="web")
    page = visit("/issues/WEB-1/", triager, {"width": width, "height": 700})
    page.locator("[data-action=needinfo] > summary").click()
    assert is_within(page, page.locator(".ask-panel"))


@pytest.mark.parametrize("width", [1280, 900])
def test_the_menus_of_a_query_open_within_the_window(reports, visit, triager, width):
    # One chip after the other, until each has stood at the right edge.
    query = "+".join(["type:bug", "priority:none", "is:open", "-severity:s1"] * 4)
    page = visit(f"/issues/?q={query}", triager, {"width": width, "height": 700})
    menus = page.locator(".toolbar details.menu").all()
    assert len(menus) >= 10
    for menu in menus:
        menu.locator("summary").click()
        assert is_within(page, menu.locator(".menu-panel")), menu.inner_text()
        assert not page.evaluate(TOO_WIDE), menu.inner_text()
        page.keyboard.press("Escape")


def test_the_menu_of_a_chip_is_at_its_chip_where_the_browser_knows_no_anchors(
    reports, special_context, live_server, triager
):
    known = []

    def without_anchors(route):
        answer = route.fetch()
        known.append("(anchor-scope: --opener)" in answer.text())
        route.fulfill(response=answer, body=answer.text().replace("(anchor-scope: --opener)", "(anchor-scope: 0px)"))

    context = special_context()
    context.route("**/*.css", without_anchors)
    page = open_as(context, live_server, "/issues/?q=is:open+type:bug+priority:none", triager)
    menu = page.locator(".chip > details.menu").last
    menu.locator("summary").click()
    chip, panel = (one.bounding_box() for one in (menu.locator("summary"), menu.locator(".menu-panel")))
    assert any(known) and abs(panel["x"] - chip["x"]) <= 16


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (760, 700), (390, 844), (320, 256)])
def test_what_acts_on_all_that_are_selected_hides_no_row(product, reporter, visit, triager, width, height):
    for n in range(40):
        create_issue(product, actor=reporter, via="web", title=f"Issue {n}")
    page = visit("/issues/?q=is:open", triager, {"width": width, "height": height})
    for key in ("j", "x", *"j" * 34):
        page.keyboard.press(key)
    row, bar = (page.locator(name).bounding_box() for name in (".issue-row:focus-within", ".selection"))
    assert row["y"] + row["height"] <= bar["y"]


@pytest.mark.parametrize("size", [(900, 500), (390, 700)], ids=str)
@pytest.mark.parametrize("path", ["/issues/WEB-1/", "/issues/WEB-2/", "/triage/"], ids=["issue", "decided", "queue"])
def test_bars_hide_nothing_that_has_the_focus(reports, product, maintainer, visit, triager, path, size):
    decide(reports[1], "accept", actor=triager, via="web")
    for issue in reports[:2]:
        update_issue(issue, actor=maintainer, via="web", description="[Way](/issues/) in\n\n" * 20)
    page = visit(path, triager, dict(zip(("width", "height"), size, strict=True)))
    # The link to the content would still be on its way.
    page.emulate_media(reduced_motion="reduce")
    for key in ("Tab", "Shift+Tab"):
        covered = []
        for _step in range(70):
            page.keyboard.press(key)
            if page.evaluate(COVERED):
                covered.append(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
        assert covered == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_further_decisions_are_shown_where_one_has_read_to(
    reports, special_context, live_server, maintainer, triager, scripts
):
    update_issue(reports[0], actor=maintainer, via="web", description="A line.\n\n" * 80)
    context = special_context(viewport=NARROW, has_touch=True, java_script_enabled=scripts)
    page = open_as(context, live_server, "/triage/", triager, NARROW)
    page.evaluate("scrollTo(0, 700)")
    page.get_by_role("link", name="Later or ask").tap()
    expect(page.locator(".bar-later")).to_be_visible()
    assert page.evaluate("scrollY") == 700


def test_a_message_leaves_each_decision_free(reports, special_context, live_server, triager):
    page = open_as(special_context(viewport=NARROW, has_touch=True), live_server, "/triage/", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.get_by_role("button", name="Accept").tap()
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator(".triage-issue-title")).to_have_text(TITLES[0])
    # With the focus it stays.
    page.locator(".toast button").last.focus()
    for more in (False, True):
        if more:
            page.get_by_role("link", name="Later or ask").tap()
            expect(page.locator(".bar-later")).to_be_visible()
        message, bar = (page.locator(one).bounding_box() for one in (".toast", ".triage-bar"))
        assert message["y"] + message["height"] <= bar["y"]


def test_a_magnified_list_is_selected_and_peeked_into_by_mouse(reports, visit, triager):
    page = visit("/issues/?q=is:open", triager, {"width": 640, "height": 700})
    row = page.locator('.issue-row[data-issue="WEB-2"]')
    row.hover()
    row.get_by_label("Select WEB-2").click()
    expect(page.locator("[data-selection]")).to_contain_text("1 selected")
    row.get_by_role("button", name="Peek at WEB-2").click()
    expect(page.locator("#peek-title")).to_have_text("Cart forgets")
    expect(page).to_have_url(re.compile("q=is:open"))


def test_rows_are_selected_by_touch_once_one_asks_for_it(reports, special_context, live_server, triager):
    context = special_context(viewport=NARROW, has_touch=True)
    page = open_as(context, live_server, "/issues/?q=is:open", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    select, bar = page.get_by_role("button", name="Select", exact=True), page.locator("[data-selection]")
    select.tap()
    expect(select).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Cart forgets").tap()
    page.locator('.issue-row[data-issue="WEB-1"] .col-status').tap()
    expect(bar).to_contain_text("2 selected")
    page.get_by_label("Select WEB-2").tap()
    expect(bar).to_contain_text("1 selected")
    box = select.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    assert not page.evaluate(TOO_WIDE)
    page.get_by_role("button", name="Clear").tap()
    page.get_by_role("link", name="Cart forgets").tap()
    expect(bar).to_contain_text("1 selected")
    select.tap()
    expect(select).to_have_attribute("aria-pressed", "false")
    expect(bar).to_be_hidden()
    page.get_by_role("link", name="Cart forgets").tap()
    expect(page).to_have_url(re.compile("/issues/WEB-2/"))


def test_a_tap_that_selects_closes_a_menu_and_opens_no_issue(
    reports, special_context, live_server, triager, administrator
):
    elsewhere = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(elsewhere, actor=administrator, via="web", title="Not theirs to change")
    context = special_context(viewport=NARROW, has_touch=True)
    page = open_as(context, live_server, "/issues/?q=is:open", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.get_by_role("button", name="Select", exact=True).tap()
    page.get_by_role("link", name="Cart forgets").tap()
    group = page.locator("#group")
    group.locator("summary").tap()
    group.locator(".menu-item").last.tap(trial=True)
    page.get_by_role("link", name="Cart empties").tap()
    expect(group).not_to_have_attribute("open", "")
    expect(page.locator("[data-selection]")).to_contain_text("2 selected")
    page.get_by_role("link", name="Not theirs to change").tap()
    settle(page)
    expect(page).to_have_url(re.compile("/issues/\\?q="))


def test_my_work_is_selected_by_touch(reports, special_context, live_server, triager):
    update_issue(reports[0], actor=triager, via="web", assignee=triager)
    window = {"width": 320, "height": 640}
    page = open_as(special_context(viewport=window, has_touch=True), live_server, "/", triager, window)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.get_by_role("button", name="Select", exact=True).tap()
    page.get_by_role("link", name=TITLES[0]).tap()
    expect(page.locator("[data-selection]")).to_contain_text("1 selected")
    assert not page.evaluate(TOO_WIDE)


def test_one_goes_on_by_touch_from_what_somebody_else_has_decided(
    reports, special_context, live_server, triager, maintainer
):
    page = open_as(special_context(viewport=NARROW, has_touch=True), live_server, "/triage/", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.get_by_role("link", name="Next", exact=True).tap()
    expect(page.locator(".triage-issue-title")).to_have_text(TITLES[1])
    decide(reports[1], "accept", actor=maintainer, via="web")
    look(page)
    expect(page.locator(".triage-head")).to_contain_text("2 in the queue")
    page.get_by_role("link", name="Next", exact=True).tap()
    expect(page.locator(".triage-issue-title")).to_have_text(TITLES[2])


def test_the_boxes_of_a_small_screen_without_scripts(reports, special_context, live_server, triager):
    context = special_context(viewport=NARROW, has_touch=True, java_script_enabled=False)
    page = open_as(context, live_server, "/issues/?q=is:open", triager, NARROW)
    page.get_by_label("Select WEB-2").check()
    expect(page.locator("#selection")).to_contain_text("Change…")
