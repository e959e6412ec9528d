"""Files in the browser: pasted, dropped and chosen; and hostile ones, of which none runs, however it is opened."""

import contextlib
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from playwright.sync_api import Error, expect

from issues.models import Attachment, Comment
from issues.services import attach, kept
from issues.tests.samples import bomb, hostile, picture, upload
from tests.e2e.conftest import NARROW, WIDE, open_as
from tests.e2e.held import Held

# What a script of a page gives to a text as the clipboard or a mouse does.
GIVE = """([place, kind, name, size]) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    canvas.getContext("2d").fillRect(0, 0, size, size);
    return new Promise((done) => canvas.toBlob((blob) => {
        const data = new DataTransfer();
        data.items.add(new File([blob], name, { type: "image/png" }));
        const more = { bubbles: true, cancelable: true };
        const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...more })
            : new DragEvent(kind, { dataTransfer: data, ...more });
        document.querySelector(place).dispatchEvent(event);
        done();
    }));
}"""


# As a browser that comes back to a page does, which tells nobody.
RESTORE = """place => {
    const data = new DataTransfer();
    data.items.add(new File(["log"], "secret.log", { type: "text/plain" }));
    document.querySelector(place).files = data.files;
    dispatchEvent(new PageTransitionEvent("pageshow"));
}"""


def give(page, place, kind, name="image.png", size=40):
    page.evaluate(GIVE, [place, kind, name, size])


def test_pictures_are_pasted_and_dropped_into_a_comment(issue, visit, reporter):
    page = visit("/issues/WEB-1/", reporter)
    text = page.get_by_label("Comment", exact=True)
    text.fill("Look:")
    give(page, "#comment-body", "paste")
    give(page, "#comment-body", "drop")
    give(page, "#comment-body", "paste", "left out.png")
    expect(text).to_have_value(
        "Look:\n![image.png](attachment:image.png)\n![image-2.png](attachment:image-2.png)\n"
        "![left-out.png](attachment:left-out.png)\n"
    )
    page.get_by_role("button", name="Leave out left-out.png").click()
    expect(page.locator(".composer .file-list li")).to_have_count(2)
    assert "left-out" not in text.input_value()
    page.get_by_role("button", name="Comment", exact=False).last.click()
    shown = page.locator(".comment .prose img")
    expect(shown).to_have_count(2)
    assert shown.last.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 40
    expect(text).to_have_value("")
    comment = Comment.objects.latest("id")
    assert [one.name for one in comment.attachments.order_by("pk")] == ["image.png", "image-2.png"]
    assert page.url.endswith(f"#comment-{comment.pk}")


def test_what_is_chosen_for_an_issue_is_sent_at_once_and_undone(issue, visit, reporter):
    page = visit("/issues/WEB-1/", reporter)
    page.set_input_files("#attach-file", {"name": "cart.log", "mimeType": "text/plain", "buffer": b"log"})
    file = page.locator("#files .file")
    expect(file).to_contain_text("cart.log")
    with page.expect_download() as download:
        file.get_by_role("link").click()
    assert download.value.suggested_filename == "cart.log"
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator("#files .file")).to_have_count(0)


def test_what_is_refused_is_said_and_nothing_is_lost(issue, visit, reporter, settings, complaints):
    settings.ATTACHMENT_TYPES = ["image/*"]
    page = visit("/issues/WEB-1/", reporter)
    page.get_by_label("Comment", exact=True).fill("My words")
    page.set_input_files("#comment-file", {"name": "cart.log", "mimeType": "text/plain", "buffer": b"log"})
    page.locator("#comment-body").press("Control+Enter")
    expect(page.locator("#comment-file-error")).to_contain_text("cart.log is text/plain, which is not taken here.")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("My words")
    expect(page.locator(".composer .file-list li")).to_have_count(1)
    complaints.clear()


@pytest.mark.once
def test_what_a_browser_chooses_again_is_seen(issue, visit, reporter):
    page = visit("/issues/WEB-1/", reporter)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.evaluate(RESTORE, "#comment-file")
    expect(page.locator(".composer .file-list li")).to_contain_text("secret.log")


def test_what_is_too_large_is_not_even_sent(issue, visit, reporter, settings):
    settings.ATTACHMENT_LIMIT = 100
    page = visit("/issues/WEB-1/", reporter)
    page.set_input_files("#comment-file", {"name": "cart.log", "mimeType": "text/plain", "buffer": b"x" * 101})
    expect(page.locator("#comment-file-error")).to_contain_text("cart.log is too large: at most 100")
    expect(page.locator(".composer .file-list li")).to_have_count(0)


@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_without_scripts_a_form_sends_them(issue, live_server, special_context, reporter, viewport):
    page = open_as(special_context(java_script_enabled=False), live_server, "/issues/WEB-1/", reporter, viewport)
    page.get_by_label("Comment", exact=True).fill("![shot](attachment:shot.png)")
    page.set_input_files("#comment-file", {"name": "shot.png", "mimeType": "image/png", "buffer": picture()})
    page.get_by_role("button", name="Comment", exact=False).last.click()
    expect(page.locator(".comment .prose img")).to_have_count(1)
    assert Attachment.objects.get().comment is not None


def test_a_new_issue_takes_what_is_dropped(issue, visit, reporter):
    page = visit("/issues/new/?product=WEB", reporter)
    page.get_by_label("Title").fill("Totals are wrong in the cart")
    give(page, "#id_description", "drop", "cart.png")
    page.get_by_role("button", name="File it").click()
    expect(page.locator(".issue-text .prose img")).to_have_count(1)


@pytest.fixture
def addresses(issue, reporter):
    """The addresses of hostile files by name, all attached to one issue."""
    found = {}
    for name, content in hostile().items():
        with kept([upload(content, name)], actor=reporter, action="attach", home=issue) as files:
            (attachment,) = attach(issue, actor=reporter, via="web", files=files)
        found[name] = attachment.get_absolute_url()
    with pytest.raises(ValidationError), kept([upload(bomb())], actor=reporter, action="attach", home=issue):
        pass
    return found


# Put an element into the page that opens an address, and say when that is through, one way or the other.
OPEN = """([kind, address]) => new Promise((done) => {
    if (kind === "worker" || kind === "module worker") {
        const worker = new Worker(address, { type: kind === "worker" ? "classic" : "module" });
        worker.onerror = () => done("refused");
        setTimeout(() => done("silent"), 1000);
        return;
    }
    const made = {
        script: () => Object.assign(document.createElement("script"), { src: address }),
        module: () => Object.assign(document.createElement("script"), { src: address, type: "module" }),
        image: () => Object.assign(document.createElement("img"), { src: address }),
        frame: () => Object.assign(document.createElement("iframe"), { src: address }),
        object: () => Object.assign(document.createElement("object"), { data: address }),
        embed: () => Object.assign(document.createElement("embed"), { src: address }),
        style: () => Object.assign(document.createElement("link"), { href: address, rel: "stylesheet" }),
    }[kind]();
    made.onload = () => done("loaded");
    made.onerror = () => done("refused");
    setTimeout(() => done("silent"), 600);
    document.body.append(made);
})"""
NEVER_RUN = ("script", "module", "worker", "module worker", "style")
KINDS = (*NEVER_RUN, "image", "frame", "object", "embed")


@pytest.fixture
def opened(special_context, live_server):
    """A function that opens addresses in all ways, with our policy or without, and returns what has run."""

    def open_all(addresses, *, bypass_csp, prepare=lambda page: None):
        context = special_context(bypass_csp=bypass_csp)
        page, ran = context.new_page(), []
        context.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        prepare(page)
        for address in addresses:
            # What is saved is no page: the browser says that the way there was broken off.
            with contextlib.suppress(Error):
                page.goto(f"{live_server.url}{address}", wait_until="load")
                page.wait_for_timeout(50)
        page.goto(f"{live_server.url}/issues/")
        for address in addresses:
            ran += [
                f"{kind} {address}"
                for kind in KINDS
                if page.evaluate(OPEN, [kind, address]) == "loaded" and kind in NEVER_RUN
            ]
        assert page.evaluate("document.querySelector('.main') !== null")
        return ran

    return open_all


# With --long in the browser that people use, which shows more kinds of files by itself.
@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("bypass_csp", [False, True])
def test_no_hostile_file_runs_however_it_is_opened(addresses, opened, bypass_csp):
    assert len(addresses) >= 12
    assert opened(addresses.values(), bypass_csp=bypass_csp) == []


@pytest.mark.once
def test_the_same_files_would_run_if_they_were_sent_as_what_they_say_they_are(opened, live_server):
    sent = {"page.html": "text/html", "drawing.svg": "image/svg+xml", "module.js": "text/javascript"}

    def fulfil(route, **answer):
        route.fulfill(**answer)

    def naked(page):
        for name, kind in sent.items():
            page.route(f"**/naked/{name}", partial(fulfil, body=hostile()[name], content_type=kind))

    ran = opened([f"/naked/{name}" for name in sent], bypass_csp=True, prepare=naked)
    assert "localhost" in ran and "1" in ran
    assert {"script /naked/module.js", "module /naked/module.js"} <= set(ran)


@pytest.mark.once
@pytest.mark.parametrize("arrives", [True, False])
def test_nothing_comes_to_a_comment_whose_files_are_being_sent(issue, visit, reporter, complaints, arrives):
    page = visit("/issues/WEB-1/", reporter)
    text, error = page.locator("#comment-body"), page.locator("#comment-file-error")
    text.fill("Look:")
    give(page, "#comment-body", "paste")
    held = Held(page, "**/comments/")
    text.press("Control+Enter")
    held.wait()
    sent = text.input_value()
    page.keyboard.type("And more")
    give(page, "#comment-body", "paste", "late.png")
    expect(error).to_contain_text("Wait until the files have been sent.")
    page.get_by_role("button", name="Leave out image.png").click()
    expect(page.locator(".composer .file-list li")).to_have_count(1)
    expect(text).to_have_value(sent)
    if arrives:
        held.release()
        expect(page.locator(".comment .prose img")).to_have_count(1)
        expect(text).to_have_value("")
    else:
        held.abort()
        expect(error).to_contain_text("The files could not be sent. Try again.")
        text.press("End")
        page.keyboard.type("And more")
        expect(text).to_have_value(f"{sent}And more")
        complaints.clear()
