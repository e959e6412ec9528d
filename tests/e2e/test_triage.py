"""A queue of twelve, worked to zero in the browser: by keys alone, by touch, without scripts, and by two at once."""

import re

import pytest
from django.core.cache import caches
from playwright.sync_api import expect

from issues.models import Issue, Status
from issues.services import add_comment, create_issue, decide, update_issue
from products.models import Component
from products.services import create_part
from tests.e2e.conftest import NARROW, WIDE, hold_back, open_as
from tests.e2e.parts import heading
from tests.e2e.test_live import look

TITLES = (
    *("Cart empties", "Cart forgets", "Cart jumps", "Basket blinks", "Checkout hangs", "Coupon counts twice"),
    *("Total is wrong", "Stamp is missing", "Receipt is blank", "Postage is zero", "Order repeats", "Mail comes late"),
)

NAMES = ("Till", "Shelf")


@pytest.fixture
def twelve(product, reporter, triager):
    """Twelve reports, one of which has come back."""
    made = [create_issue(product, actor=reporter, via="web", title=title) for title in TITLES]
    decide(made[0], "needinfo", actor=triager, via="web", ask=reporter, question="Which browser?")
    add_comment(made[0], actor=reporter, via="web", body="This one.")
    return made


def shown(page):
    return page.locator("article[data-shown]")


def untriaged():
    return Issue.objects.filter(triaged_at=None, snoozed_until=None, waiting_for=None).count()


@pytest.mark.once
def test_by_keys_alone(twelve, visit, triager):
    page = visit("/triage/", triager)
    expect(heading(page)).to_have_text("Cart empties")
    expect(page.locator(".triage-counts")).to_contain_text("11 new")
    keys = page.keyboard
    keys.press("j")
    expect(heading(page)).to_have_text("Cart forgets")
    expect(page.locator(".triage-head")).to_contain_text("2 of 12")
    keys.press("k")
    expect(heading(page)).to_have_text("Cart empties")

    keys.press("1")
    expect(heading(page)).to_have_text("Cart forgets")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-1")
    assert Issue.objects.get(number=1).status.slug == "accepted"

    keys.press("2")
    expect(page.locator("#decide-duplicate_of")).to_be_focused()
    keys.type("web-1")
    keys.press("Control+Enter")
    expect(heading(page)).to_have_text("Cart jumps")
    expect(page.locator(".toast")).to_contain_text("duplicate of WEB-1")

    keys.press("3")
    keys.press("2")
    expect(heading(page)).to_have_text("Basket blinks")
    expect(page.locator(".toast")).to_contain_text("Declined WEB-3")
    assert Issue.objects.get(number=3).resolution == "invalid"

    keys.press("n")
    expect(page.get_by_label("Question")).to_be_focused()
    keys.type("Does it blink at night? 123")
    keys.press("Control+Enter")
    expect(heading(page)).to_have_text("Checkout hangs")
    expect(page.locator(".toast")).to_contain_text("Asked about WEB-4")

    keys.press("h")
    keys.press("3")
    expect(heading(page)).to_have_text("Coupon counts twice")
    expect(page.locator(".toast")).to_contain_text("Snoozed WEB-5")

    keys.press("z")
    expect(page.locator(".toast").last).to_contain_text("Undone")
    assert untriaged() == 8
    page.goto(page.url)
    page.locator("html[data-ready]").wait_for(state="attached")
    for left in range(8, 0, -1):
        expect(page.locator(".queue-row")).to_have_count(left)
        key = shown(page).get_attribute("data-shown")
        keys.press("1")
        expect(page.locator(".toast")).to_contain_text(f"Accepted {key}")
    expect(page.locator(".empty")).to_contain_text("All is decided")
    assert untriaged() == 0


@pytest.mark.once
def test_the_next_is_there_before_the_answer(twelve, visit, triager):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    let_go = hold_back(page, "**/issues/WEB-1/triage/")
    page.keyboard.press("1")
    expect(heading(page)).to_have_text("Cart forgets")
    let_go()
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-1")


@pytest.mark.once
def test_what_is_wrong_is_said_and_what_was_written_stays(twelve, visit, triager, complaints):
    page = visit("/triage/", triager)
    page.keyboard.press("2")
    page.keyboard.type("WEB-99")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no issue WEB-99.")
    expect(heading(page)).to_have_text("Cart empties")
    expect(page.locator("#decide-duplicate_of")).to_have_value("WEB-99")
    assert untriaged() == 12
    # The browser notes that the answer was a refusal.
    complaints.clear()


def test_by_touch(twelve, special_context, live_server, triager):
    context = special_context(viewport=NARROW, has_touch=True)
    page = open_as(context, live_server, "/triage/", triager, NARROW)
    page.locator("html[data-ready]").wait_for(state="attached")
    for left in range(12, 9, -1):
        assert untriaged() == left
        page.get_by_role("button", name="Accept").tap()
        expect(page.locator(".toast")).to_contain_text(f"Accepted WEB-{13 - left}")
    page.locator("summary", has_text="Decline").tap()
    page.get_by_role("button", name="Invalid").tap()
    expect(page.locator(".toast")).to_contain_text("Declined WEB-4")
    page.get_by_role("link", name="Later or ask").tap()
    page.locator("summary", has_text="Snooze").tap()
    page.get_by_role("button", name=re.compile("In a week")).tap()
    expect(page.locator(".toast")).to_contain_text("Snoozed WEB-5")
    box = page.locator(".triage-bar").bounding_box()
    assert box["y"] + box["height"] <= NARROW["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert untriaged() == 7


def test_without_scripts(twelve, special_context, live_server, triager):
    page = open_as(special_context(java_script_enabled=False), live_server, "/triage/", triager)
    for number in range(1, 4):
        page.get_by_role("button", name="Accept").click()
        expect(page.locator(".toast")).to_contain_text(f"Accepted WEB-{number}")
    page.locator("summary", has_text="Ask").click()
    page.get_by_label("Question").fill("Which?")
    page.locator("details[open]").get_by_role("button", name="Ask").click()
    expect(page.locator(".toast")).to_contain_text("Asked about WEB-4")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".triage-counts")).to_contain_text("9 new")
    expect(heading(page)).to_have_text(TITLES[3])
    page.locator(".queue-row", has_text="Mail comes late").click()
    expect(heading(page)).to_have_text("Mail comes late")


@pytest.mark.once
def test_two_at_once(twelve, special_context, live_server, triager, maintainer):
    ours, theirs = (open_as(special_context(), live_server, "/triage/", person) for person in (triager, maintainer))
    for page in (ours, theirs):
        page.locator("html[data-ready]").wait_for(state="attached")
    theirs.goto(theirs.url)
    expect(theirs.locator(".triage-here")).to_have_text("Tom is on this one")
    theirs.locator("html[data-ready]").wait_for(state="attached")
    theirs.keyboard.press("1")
    expect(theirs.locator(".toast")).to_contain_text("Accepted WEB-1")
    ours.keyboard.press("3")
    ours.keyboard.press("1")
    expect(ours.get_by_role("alert")).to_contain_text("has decided on WEB-1: it is Accepted.")
    assert Issue.objects.get(number=1).status.slug == "accepted"
    assert untriaged() == 11


def test_each_decision_is_undone_from_its_toast(twelve, visit, triager):
    page = visit("/triage/", triager)
    for key, then in (("1", ""), ("3", "1"), ("h", "1")):
        page.goto(page.url.split("?")[0])
        page.locator("html[data-ready]").wait_for(state="attached")
        page.keyboard.press(key)
        if then:
            page.keyboard.press(then)
        page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(page.locator(".toast").last).to_contain_text("Undone")
        assert untriaged() == 12


def test_undo_leads_back_to_the_report_that_was_decided_on(twelve, visit, triager):
    page = visit("/triage/?q=product:WEB&issue=WEB-3", triager)
    page.keyboard.press("1")
    expect(heading(page)).to_have_text(TITLES[3])
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-3")
    page.keyboard.press("z")
    expect(page.locator(".toast").last).to_contain_text("Undone in WEB-3.")
    expect(heading(page)).to_have_text(TITLES[2])
    expect(page.locator("#triage-q")).to_have_value("product:WEB")


@pytest.mark.once
@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_one_goes_on_where_a_page_of_it_ends(twelve, visit, triager, monkeypatch, viewport):
    monkeypatch.setattr("issues.views.triage.SHOWN", 5)
    page = visit("/triage/?q=product:WEB&issue=WEB-5", triager, viewport)
    ready = page.locator("html[data-ready]")
    if viewport is WIDE:
        page.keyboard.press("j")
    else:
        page.get_by_role("link", name="Next").click()
    expect(heading(page)).to_have_text(TITLES[5])
    expect(page.locator(".triage-head")).to_contain_text("12 in the queue")
    ready.wait_for(state="attached")
    page.keyboard.press("j")
    expect(heading(page)).to_have_text(TITLES[6])
    page.keyboard.press("k")
    expect(heading(page)).to_have_text(TITLES[5])
    page.keyboard.press("k")
    expect(heading(page)).to_have_text(TITLES[4])
    ready.wait_for(state="attached")
    page.get_by_role("link", name="Previous").click()
    expect(heading(page)).to_have_text(TITLES[3])


@pytest.mark.once
def test_after_the_last_of_a_page_comes_what_moves_up(twelve, visit, triager, monkeypatch):
    monkeypatch.setattr("issues.views.triage.SHOWN", 5)
    page = visit("/triage/?q=product:WEB&issue=WEB-4", triager)
    page.wait_for_load_state("networkidle")
    for key, title in (("j", TITLES[4]), ("1", TITLES[5]), ("1", TITLES[6]), ("k", TITLES[3])):
        page.keyboard.press(key)
        expect(heading(page)).to_have_text(title)
    expect(page.locator(".queue-row")).to_have_count(5)


@pytest.mark.once
def test_its_key_undoes_ones_own_decision_whatever_else_is_said_meanwhile(twelve, visit, triager, maintainer):
    update_issue(twelve[11], actor=maintainer, via="web", title="Mail comes too late")
    page = visit("/triage/?issue=WEB-12", triager)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("nothing of yours to undo")
    expect(page.locator(".undo button")).not_to_be_focused()
    page.keyboard.press("k")
    expect(heading(page)).to_have_text("Order repeats")
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-11")
    page.keyboard.press("j")
    expect(page.locator(".toast")).to_have_count(2)
    expect(page.locator(".toast").last).to_contain_text("Nothing comes after this one")
    # It has gone by itself, or been closed: what was decided is still the last thing that was done.
    for _one in range(2):
        page.locator(".toast [data-close]").first.click()
    expect(page.locator(".toast")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone in WEB-11.")
    expect(heading(page)).to_have_text("Order repeats")
    assert Issue.objects.get(number=12).title == "Mail comes too late"


@pytest.mark.once
def test_its_key_undoes_nothing_before_the_last(twelve, visit, triager):
    page = visit("/triage/?issue=WEB-2", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-2")
    let_go = hold_back(page, "**/issues/WEB-3/triage/")
    page.keyboard.press("1")
    expect(heading(page)).to_have_text("Basket blinks")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("is still being sent")
    let_go()
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-3")
    let_go = hold_back(page, "**/comments/")
    page.locator("#comment-body").fill("Seen")
    page.locator("#comment-body").press("Control+Enter")
    shown(page).focus()
    page.keyboard.press("z")
    expect(page.locator(".toast", has_text="is still being sent")).to_be_visible()
    let_go()
    expect(page.locator(".toast")).to_contain_text("comment added")
    shown(page).focus()
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("nothing of yours to undo")
    assert untriaged() == 10


@pytest.mark.once
def test_its_key_undoes_what_the_page_came_with_or_points_it_out(twelve, visit, triager):
    page = visit("/triage/?issue=WEB-2", triager)
    page.keyboard.press("x")
    page.keyboard.press("1")
    page.get_by_role("button", name="Change 1 issue").click()
    expect(page.locator(".toast form")).to_be_visible()
    assert untriaged() == 11
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator(".toast [data-close]").click()
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    assert untriaged() == 12
    decide(twelve[2], "accept", actor=triager, via="web")
    # In the same tab: one that stays open would say who is here with the cookies of before.
    page.goto(re.sub(r"(?<=\d)/.*", "/triage/?issue=WEB-3", page.url))
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("z")
    expect(page.locator(".undo[data-own] button")).to_be_focused()


@pytest.mark.once
def test_no_key_leaves_a_page_of_it_with_what_is_not_sent(twelve, visit, triager, monkeypatch):
    monkeypatch.setattr("issues.views.triage.SHOWN", 5)
    page = visit("/triage/?issue=WEB-5", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("x")
    page.keyboard.press("j")
    expect(page.locator(".toast")).to_contain_text("not sent")
    page.keyboard.press("Escape")
    page.locator(".toast [data-close]").click()
    page.keyboard.press("2")
    page.keyboard.type("WEB-")
    for key in ("Escape", "j"):
        page.keyboard.press(key)
    expect(page.locator(".toast")).to_contain_text("not sent")
    page.locator("#decide-duplicate_of").evaluate("one => { one.value = ''; }")
    let_go = hold_back(page, "**/issues/WEB-5/triage/")
    page.keyboard.press("1")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".toast")).to_contain_text("is still being sent")
    page.locator(".toast [data-close]").click()
    page.keyboard.press("j")
    expect(page.locator(".toast")).to_contain_text("is still being sent")
    let_go()
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-5")
    expect(heading(page)).to_have_text(TITLES[5])
    page.locator("#comment-body").fill("Seen")
    shown(page).focus()
    page.keyboard.press("n")
    page.get_by_label("Question").fill("Which?")
    for key in ("Escape", "j"):
        page.keyboard.press(key)
    expect(heading(page)).to_have_text(TITLES[6])
    # Texts are kept.
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("k")
    expect(page.locator("#decide-question")).to_have_value("Which?")


def written(page):
    return page.evaluate("[...document.querySelectorAll('textarea')].map((one) => one.value).join()")


@pytest.mark.once
def test_back_leads_to_where_one_was(twelve, visit, triager):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    expect(heading(page)).to_have_text("Cart forgets")
    page.go_back()
    expect(heading(page)).to_have_text("Cart empties")


@pytest.mark.once
def test_whoever_opens_an_issue_comes_back_to_it(twelve, visit, triager):
    page = visit("/triage/?q=cart", triager)
    page.keyboard.press("j")
    expect(heading(page)).to_have_text("Cart forgets")
    for there, here in (("o", "u"), ("o", "Escape")):
        page.keyboard.press(there)
        expect(page.get_by_role("heading", level=1)).to_have_text("Cart forgets")
        page.locator("html[data-ready]").wait_for(state="attached")
        page.keyboard.press(here)
        page.wait_for_url("**/triage/?q=cart&issue=WEB-2")
        page.locator("html[data-ready]").wait_for(state="attached")


@pytest.mark.once
def test_what_was_written_outlives_a_server_that_is_away(twelve, visit, triager, complaints):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    away = {"status": 503, "body": "away", "content_type": "text/html"}
    page.route("**/issues/WEB-1/triage/", lambda route: route.fulfill(**away))
    page.keyboard.press("n")
    page.get_by_label("Question").fill("A careful question")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It could not be done")
    assert "A careful question" in written(page)
    complaints.clear()


@pytest.mark.once
def test_what_is_written_on_the_next_outlives_a_refusal_of_the_first(twelve, visit, triager, maintainer, complaints):
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    decide(twelve[0], "accept", actor=maintainer, via="web")
    let_go = hold_back(page, "**/issues/WEB-1/triage/")
    page.keyboard.press("1")
    expect(heading(page)).to_have_text("Cart forgets")
    page.keyboard.press("n")
    page.get_by_label("Question").fill("Written on the second")
    let_go()
    expect(page.locator(".toast")).to_contain_text("has decided on WEB-1")
    assert "Written on the second" in written(page)
    complaints.clear()


@pytest.mark.once
def test_suggestions_are_taken_by_a_key(product, maintainer, twelve, visit, triager):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Till")
    accepted = Status.objects.get(slug="accepted")
    for number in range(3):
        fields = {"title": f"Cart empties again {number}", "component": cart, "status": accepted}
        create_issue(product, actor=triager, via="web", **fields)
    page = visit("/triage/", triager)
    page.wait_for_load_state("networkidle")
    till = page.locator(".suggestion", has_text="Till")
    expect(till).to_contain_text("3/3")
    page.keyboard.press("y")
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Accepted WEB-1")
    assert Issue.objects.get(number=1).component == cart
    # What was fetched of the next one before that knew of three.
    expect(till).to_contain_text("4/4")


@pytest.mark.once
def test_what_was_ticked_is_itself_when_the_order_turns(product, maintainer, twelve, visit, triager):
    accepted = Status.objects.get(slug="accepted")

    def put_in(component, number):
        for _one in range(number):
            fields = {"title": "Cart empties again", "component": component, "status": accepted}
            create_issue(product, actor=triager, via="web", **fields)

    till, shelf = (create_part(Component, product=product, actor=maintainer, via="web", name=one) for one in NAMES)
    put_in(till, 3)
    put_in(shelf, 2)
    page = visit("/triage/", triager)
    suggestions = page.locator(".suggestions").first.locator(".suggestion")
    expect(suggestions).to_have_text(["Till3/5", "Shelf2/5"])
    suggestions.first.locator("input").check()
    like = page.locator(".similar a").first
    like.focus()
    href = like.get_attribute("href")
    put_in(shelf, 3)
    update_issue(twelve[0], actor=maintainer, via="web", priority=2)
    look(page)
    expect(suggestions).to_have_text(["Shelf5/8", "Till3/8"])
    assert [one.is_checked() for one in suggestions.locator("input").all()] == [False, True]
    focused = page.locator(".similar a:focus")
    expect(focused).to_have_attribute("href", href)
    expect(focused.locator("xpath=..")).to_contain_text(href.split("/")[2])
    assert len({one.inner_text() for one in page.locator(".similar p").all()}) == page.locator(".similar li").count()
    page.get_by_role("button", name="Take the first of each").click()
    assert [one.is_checked() for one in suggestions.locator("input").all()] == [True, False]


@pytest.mark.once
def test_a_similar_one_by_its_digit(product, twelve, visit, triager):
    create_issue(product, actor=triager, via="web", title="Cart empties", status=Status.objects.get(slug="accepted"))
    page = visit("/triage/", triager)
    page.keyboard.press("2")
    page.keyboard.press("1")
    expect(page.locator(".toast")).to_contain_text("Closed WEB-1 as a duplicate of WEB-13")


@pytest.mark.once
def test_the_icons_beside_it_say_what_they_are(twelve, visit, triager, maintainer):
    decide(twelve[0], "needinfo", actor=maintainer, via="web", ask=triager, question="Is it the till?")
    # What another test has counted is remembered for some seconds.
    caches["shared"].clear()
    page = visit("/triage/", triager)
    side = page.get_by_role("navigation", name="Main")
    inbox = side.get_by_title("Asked of me")
    expect(inbox.locator(".count")).to_have_text("1")
    badge, link = inbox.locator(".count").bounding_box(), inbox.bounding_box()
    assert badge["width"] > 4 and badge["x"] + badge["width"] <= link["x"] + link["width"] + 2
    for name in ("Triage", "My work", "All issues", "Products", "Views", "Keys"):
        expect(side.get_by_title(name, exact=True)).to_be_visible()
    expect(side.get_by_role("button", name="Sign out")).to_be_in_viewport()
    expect(side.get_by_role("heading")).to_have_count(0)
    expect(side.locator(".sidebar-heading")).to_have_count(1)


@pytest.mark.once
def test_a_similar_one_is_looked_at_in_place(product, twelve, visit, triager, complaints):
    page = visit("/triage/", triager)
    page.locator(".composer textarea").fill("Half a thought")
    link = page.locator(".similar a").first
    key = link.get_attribute("href").split("/")[2]
    link.focus()
    page.route("**/peek/", lambda route: route.abort())
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(f"{key}: It could not be done")
    page.unroute_all()
    complaints.clear()
    page.keyboard.press("Enter")
    peek = page.get_by_role("dialog")
    expect(peek).to_contain_text(key)
    expect(peek.get_by_role("heading").first).to_have_text(link.inner_text())
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(peek).to_have_count(0)
    expect(link).to_be_focused()
    expect(heading(page)).to_have_text("Cart empties")
    expect(page.locator(".composer textarea")).to_have_value("Half a thought")
    assert untriaged() == 12
    link.click()
    peek.get_by_role("link", name=key).first.click()
    expect(page).to_have_url(re.compile(f"/issues/{key}/$"))


@pytest.mark.once
def test_the_current_one_is_told_in_the_colours_of_a_system(twelve, visit, triager):
    page = visit("/triage/", triager)
    page.emulate_media(forced_colors="active")
    look = "row => ['outlineStyle', 'outlineColor', 'borderLeftColor'].map(name => getComputedStyle(row)[name]).join()"
    here, other = (
        page.locator(f".queue-row{one}").first.evaluate(look) for one in ("[aria-current]", ":not([aria-current])")
    )
    assert here.startswith("solid") and other.startswith("none")
    assert here.split(",", 1)[1] != other.split(",", 1)[1]


@pytest.mark.once
def test_all_of_a_report_is_printed(product, reporter, twelve, visit, triager):
    long = create_issue(product, actor=reporter, via="web", title="Long", description="Line\n\n" * 200)
    page = visit(f"/triage/?issue={long.key}", triager)
    page.emulate_media(media="print")
    text = page.locator(".triage-text")
    assert text.evaluate("one => getComputedStyle(one).overflowY") == "visible"
    foot = text.bounding_box()["y"] + text.bounding_box()["height"]
    assert text.bounding_box()["height"] > 2000
    assert page.locator(".triage").bounding_box()["height"] >= foot
    assert page.locator(".triage-beside").bounding_box()["y"] >= foot
    for hidden in (".composer", ".triage-bar", ".triage-queue", "[data-suggested]", ".beside-hint", ".menu-panel"):
        for one in page.locator(hidden).all():
            expect(one).to_be_hidden()
