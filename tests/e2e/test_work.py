"""Work in the browser: file, comment, change in place, close, undo; by mouse, by key, without scripts."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Comment, Issue
from issues.services import update_issue
from products.services import set_member
from tests.cast import create_person
from tests.e2e.conftest import NARROW, WIDE, open_as


def fresh(issue):
    return Issue.objects.select_related("status", "assignee", "component").get(pk=issue.pk)


def test_file_comment_change_close_and_undo(issue, visit, triager):
    page = visit("/products/WEB/issues/", triager)
    page.get_by_role("link", name="New issue").first.click()
    page.get_by_label("Title").fill("Totals are wrong in the cart")
    page.get_by_label("Description").fill("Two *things* cost one.")
    page.get_by_role("button", name="File it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Totals are wrong in the cart")
    new = Issue.objects.get(title="Totals are wrong in the cart")
    assert new.author == triager

    page.get_by_label("Comment", exact=True).fill("It is the *rounding*.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("It is the rounding.")
    assert Comment.objects.filter(issue=new).count() == 1

    fields = page.get_by_role("complementary", name="Fields")
    fields.locator("summary", has_text="New").click()
    page.get_by_role("button", name="Won’t do").click()
    expect(page.locator(".timeline")).to_contain_text("won’t do")
    assert (fresh(new).status.slug, fresh(new).resolution) == ("closed", "wont-do")

    page.locator(".timeline").get_by_role("button", name="Undo").last.click()
    expect(fields.locator("summary").first).to_contain_text("New")
    assert (fresh(new).status.slug, fresh(new).resolution) == ("new", "")


@pytest.mark.once
def test_by_keys_alone(issue, visit, triager):
    page = visit("/products/WEB/issues/", triager)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/issues/WEB-"))
    page.goto(page.url.split("?")[0].rsplit("/issues/", 1)[0] + "/issues/WEB-1/")
    page.keyboard.press("p")
    menu = page.locator("details.menu[open]")
    expect(menu).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    page.keyboard.type("jkp?")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("jkp?")


@pytest.mark.once
def test_back_in_the_list_one_goes_on_from_the_row_of_the_issue(issue, visit, triager):
    page = visit("/products/WEB/issues/", triager)
    page.wait_for_load_state("networkidle")
    page.locator(".issue-row .issue-link").first.click()
    expect(page.locator(".topbar")).to_contain_text("1 of 2")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    expect(page.locator(".topbar")).to_contain_text("2 of 2")
    page.wait_for_load_state("networkidle")
    key = re.search(r"WEB-[0-9]+", page.url).group()
    page.keyboard.press("u")
    expect(page.locator(f'.issue-row[data-issue="{key}"] .issue-link')).to_be_focused()


@pytest.mark.once
def test_a_menu_opens_at_what_is_chosen_and_the_list_is_kept(issue, visit, triager):
    page = visit("/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen", triager)
    page.keyboard.press("p")
    menu = page.locator("details.menu[open]")
    expect(menu.get_by_role("button", name="Urgent")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("WEB-1: priority changed.")
    expect(page).to_have_url(re.compile("list=in%3DWEB.*#fields$"))
    assert fresh(issue).priority_slug == "high"


@pytest.mark.once
def test_who_is_asked_for_by_a_part_of_a_name_is_found(issue, visit, triager, maintainer, stranger):
    page = visit("/issues/WEB-1/", triager)
    menu = page.locator('details[data-action="assignee"]')
    items = menu.locator(".menu-item:visible")
    page.keyboard.press("a")
    page.keyboard.type("MI")
    expect(items).to_have_text([re.compile("Mia")])
    page.keyboard.press("Enter")
    expect(menu.locator("summary")).to_contain_text("Mia")
    assert fresh(issue).assignee == maintainer
    # This is another page, which shows its text before it listens to keys.
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("a")
    page.keyboard.type("nob")
    expect(items).to_have_text([re.compile("Nobody")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(items).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu.locator("summary")).not_to_contain_text("Mia")
    assert fresh(issue).assignee is None


@pytest.mark.once
@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("zoe", "zoe"), ("ZOE", "zoe"), ("bal", "balsam"), ("nin", "a.nina-zoe"), ("sam", "sam")],
    ids=["a member who is not offered", "in capitals", "a beginning", "that of a later word", "who is no member"],
)
def test_enter_assigns_to_whom_it_names(issue, visit, triager, product, administrator, stranger, typed, chosen):
    for name in ("a.nina-zoe", "balsam", *(f"c{number:02}" for number in range(30)), "zoe"):
        set_member(product, create_person(name), "triager", actor=administrator, via="web")
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("a")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("WEB-1")
    assert fresh(issue).assignee.username == chosen


def test_a_wrong_value_in_place_is_mended_where_it_stands(issue, visit, complaints, triager):
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("a")
    page.keyboard.type("nobody.knows")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()
    expect(page.get_by_label("User name")).to_have_value("nobody.knows")
    expect(page.locator("#set-assignee-error")).to_be_visible()
    complaints.clear()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_what_cannot_be_taken_back_asks_once(issue, live_server, special_context, maintainer, scripts):
    page = open_as(special_context(java_script_enabled=scripts), live_server, "/issues/WEB-1/", maintainer)
    page.locator(".topbar summary").click()
    page.get_by_role("button", name="Redact the title").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Blank the title of WEB-1 for good?")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    assert fresh(issue).title == issue.title
    page.get_by_role("button", name="Blank it for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("(redacted)")


@pytest.mark.once
@pytest.mark.parametrize("viewport", [WIDE, NARROW, {"width": 320, "height": 256}], ids=["wide", "narrow", "400 %"])
def test_a_long_word_does_not_make_the_page_wider(issue, visit, triager, viewport):
    update_issue(issue, actor=triager, via="web", title="x" * 200)
    for path in ("/issues/WEB-1/", "/products/WEB/issues/", "/products/WEB/", "/products/WEB/members/", "/products/"):
        page = visit(path, triager, viewport)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
        page.close()


@pytest.mark.once
def test_a_list_of_tasks_keeps_its_shape(issue, visit, triager):
    update_issue(issue, actor=triager, via="web", description="- plain\n- [ ] task\n  - [x] part\n  - plain part")
    items = visit("/issues/WEB-1/", triager).locator(".prose li")
    assert items.evaluate_all("all => all.map(one => getComputedStyle(one).listStyleType)") == (
        ["disc", "none", "none", "disc"]
    )
    # The text of each begins where its item does, with the box before it.
    starts = """one => {
        const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode(), range = document.createRange();
        range.selectNodeContents(text);
        range.setStart(text, text.data.length - text.data.trimStart().length);
        return Math.abs(range.getBoundingClientRect().left - one.getBoundingClientRect().left);
    }"""
    assert items.evaluate_all(f"all => all.every(one => ({starts})(one) < 2)")
    task, part = (items.nth(number).bounding_box()["x"] for number in (1, 2))
    assert part - task > 15


def test_the_shortcuts_can_be_switched_off(issue, visit, triager):
    type(triager).objects.filter(pk=triager.pk).update(single_key_shortcuts=False)
    page = visit("/issues/WEB-1/", triager)
    page.keyboard.press("p")
    page.keyboard.press("?")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_two_people_at_once(issue, visit, triager, maintainer):
    page = visit("/issues/WEB-1/edit/", triager)
    update_issue(issue, actor=maintainer, via="web", title="Renamed by another")
    page.get_by_label("Title").fill("Renamed by me")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.get_by_role("main")).to_contain_text("Renamed by another")
    assert fresh(issue).title == "Renamed by another"
    expect(page.get_by_label("Title")).to_have_value("Renamed by me")


def test_in_place_two_people_set_different_fields(issue, visit, triager, maintainer):
    page = visit("/issues/WEB-1/", triager)
    update_issue(issue, actor=maintainer, via="web", title="Renamed by another")
    page.keyboard.press("p")
    page.get_by_role("button", name="Low").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Renamed by another")
    assert fresh(issue).priority_slug == "low"


def test_sending_twice_sends_once(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    page.get_by_label("Comment", exact=True).fill("Once.")
    page.get_by_role("button", name="Comment", exact=False).last.dblclick()
    expect(page.locator(".timeline")).to_contain_text("Once.")
    assert Comment.objects.filter(body="Once.").count() == 1


# What pressing the button of a form asks of its page; returns whether the browser may send it.
SUBMIT = """field => field.form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }))"""

# The same as soon as a form is emptied, before the page that follows has come.
SUBMIT_EMPTIED = f"""field => field.form.addEventListener("reset", async () => {{
    await null;
    sessionStorage.sent = ({SUBMIT})(field);
}})"""


@pytest.mark.once
@pytest.mark.clock
def test_what_was_stopped_can_be_sent_again(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    comment = page.get_by_label("Comment", exact=True)
    page.clock.install()
    assert [comment.evaluate(SUBMIT) for _press in range(2)] == [True, False]
    page.clock.fast_forward(25_000)
    assert not comment.evaluate(SUBMIT)
    page.clock.fast_forward(6000)
    assert [comment.evaluate(SUBMIT) for _press in range(2)] == [True, False]


@pytest.mark.once
@pytest.mark.clock
def test_files_that_take_long_are_sent_once(issue, visit, triager):
    page, asked = visit("/issues/WEB-1/", triager), []
    comment = page.get_by_label("Comment", exact=True)
    page.clock.install()
    page.route("**/comments/", lambda route: asked.append(route))
    comment.fill("With a file.")
    page.set_input_files("#comment-file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    assert not comment.evaluate(SUBMIT)
    page.clock.fast_forward(40_000)
    assert not comment.evaluate(SUBMIT)
    page.wait_for_timeout(200)
    assert len(asked) == 1
    page.clock.fast_forward(40_000)
    comment.evaluate(SUBMIT_EMPTIED)
    asked[0].continue_()
    expect(page.locator(".timeline")).to_contain_text("With a file.")
    assert page.evaluate("sessionStorage.sent") == "false"
    assert Comment.objects.filter(body="With a file.").count() == 1


@pytest.mark.once
def test_files_that_were_stopped_can_be_sent_again(issue, visit, triager):
    page = visit("/issues/WEB-1/", triager)
    page.route("**/comments/", lambda route: None)
    page.get_by_label("Comment", exact=True).fill("With a file.")
    page.set_input_files("#comment-file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    send = page.get_by_role("button", name="Comment", exact=False).last
    with page.expect_request("**/comments/"):
        send.click()
    page.evaluate("stop()")
    expect(page.locator("#comment-file-error")).to_contain_text("could not be sent")
    page.unroute_all()
    send.click()
    expect(page.locator(".timeline")).to_contain_text("With a file.")
    assert Comment.objects.filter(body="With a file.").count() == 1


@pytest.mark.once
def test_a_wrong_value_is_named_beside_its_field(issue, visit, triager):
    page = visit("/issues/new/?product=WEB", triager)
    page.get_by_label("Title").evaluate("field => field.removeAttribute('required')")
    page.get_by_role("button", name="File it").click()
    title = page.get_by_label("Title")
    assert title.get_attribute("aria-invalid") == "true"
    expect(page.locator(f"#{title.get_attribute('aria-describedby').split()[-1]}")).to_be_visible()


@pytest.mark.once
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_on_a_phone(issue, live_server, special_context, triager, scripts):
    context = special_context(java_script_enabled=scripts)
    page = open_as(context, live_server, "/issues/WEB-1/", triager, NARROW)
    status = page.get_by_role("complementary", name="Fields").locator("summary").first
    status.click()
    page.get_by_role("button", name="In progress").click()
    expect(page.get_by_role("complementary", name="Fields").locator("summary").first).to_contain_text("In progress")
    assert fresh(issue).status.slug == "in-progress"
    page.get_by_label("Comment", exact=True).fill("From the train.")
    page.locator(".composer").get_by_role("button", name="Comment").click()
    expect(page.locator(".timeline")).to_contain_text("From the train.")
    with page.expect_navigation():
        page.locator(".timeline").get_by_role("button", name="Undo").last.click()
    assert fresh(issue).status.slug == "new"


def test_sign_in_sends_on_to_where_one_wanted_to_go(issue, visit, triager):
    page = visit("/issues/new/")
    page.get_by_label("User name").fill("TOM@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/issues/new/"))


def test_what_one_may_not_see_is_not_there(issue, visit, stranger, administrator):
    from products.services import update_product

    update_product(issue.product, actor=administrator, via="web", visibility="private")
    page = visit("/issues/WEB-1/", stranger)
    hidden = page.get_by_role("main").inner_text()
    page.goto(page.url.replace("WEB-1", "WEB-999"))
    assert page.get_by_role("main").inner_text() == hidden


@pytest.mark.once
def test_me_too_leaves_what_is_being_written(issue, visit, context, triager):
    page = visit("/issues/new/?product=WEB", triager)
    page.get_by_label("Description").fill("Written with care")
    page.get_by_label("Title").fill("The cart empties itself")
    for _again in range(2):
        with context.expect_page() as opened:
            page.get_by_role("button", name="Me too").first.click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text(issue.title)
        expect(page.get_by_label("Description")).to_have_value("Written with care")
        expect(page).to_have_url(re.compile("/issues/new/"))
    issue.refresh_from_db()
    assert issue.votes == 1


def test_a_name_is_completed_where_a_person_is_wanted(product, visit, maintainer, stranger):
    page = visit("/products/WEB/members/", maintainer)
    page.get_by_label("User name").press_sequentially("sa")
    expect(page.locator("#id_user-people option")).to_have_attribute("value", "sam")
