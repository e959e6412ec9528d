"""Files on pages: sent with issues, comments and edits, and by themselves; without a script and with one."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues.models import Attachment, Comment, Issue
from issues.services import add_comment, attach, create_issue, kept
from issues.tests.clients import at
from issues.tests.samples import picture, upload


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def shot(name="shot.png"):
    return upload(picture(), name)


NEW = {"product": "WEB", "title": "Totals are wrong", "type": "bug", "priority": "none", "severity": "unset"}


def test_a_new_issue_brings_its_files(product, triager):
    fields = {**NEW, "description": "![shot](attachment:shot.png)", "file": [shot(), upload(b"log", "cart.log")]}
    assert at(triager).post("/issues/new/", fields).status_code == 302
    page = at(triager).get("/issues/WEB-1/").content.decode()
    one, two = Attachment.objects.order_by("pk")
    assert f'<img src="/attachments/{one.token}/" alt="shot"' in page
    # It is in the text: below it there is its name alone.
    assert "file-picture" not in page
    assert f'href="/attachments/{two.token}/"' in page and "cart.log" in page


def test_a_comment_may_be_a_picture_alone(issue, stranger):
    answer = at(stranger).post("/issues/WEB-1/comments/", {"body": "", "file": shot()})
    comment = Comment.objects.get()
    assert answer["Location"] == f"/issues/WEB-1/#comment-{comment.pk}"
    assert comment.attachments.get().markdown == comment.body
    assert at(stranger).post("/issues/WEB-1/comments/", {"body": ""}).status_code == 400


def test_an_internal_comment_keeps_its_files_to_itself(issue, triager, stranger):
    at(triager).post("/issues/WEB-1/comments/", {"body": "x", "internal": "on", "file": upload(b"x", "hidden.log")})
    assert "hidden.log" in at(triager).get("/issues/WEB-1/").content.decode()
    assert "hidden.log" not in at(stranger).get("/issues/WEB-1/").content.decode()
    refused = at(stranger).post("/issues/WEB-1/comments/", {"body": "x", "internal": "on", "file": shot()})
    assert refused.status_code == 403
    assert Attachment.objects.count() == 1


def test_edits_bring_files(issue, reporter):
    comment = add_comment(issue, actor=reporter, via="web", body="One")
    fields = {"body": "Two", "version": 1, "file": shot()}
    assert at(reporter).post(f"/issues/WEB-1/comments/{comment.pk}/edit/", fields).status_code == 302
    fields = {"seen": Issue.objects.get().lock_version, "was_title": "Cart empties", "title": "Cart empties"}
    assert at(reporter).post("/issues/WEB-1/edit/", {**fields, "file": shot("two.png")}).status_code == 302
    assert {one.name: one.comment_id for one in Attachment.objects.all()} == {"shot.png": comment.pk, "two.png": None}


def test_files_are_added_taken_away_and_brought_back(issue, reporter, maintainer):
    client = at(reporter)
    added = client.post("/issues/WEB-1/attachments/", {"file": [shot(), upload(b"x", "<b>.log")]}, follow=True)
    text = added.content.decode()
    assert "Attached: shot.png, &lt;b&gt;.log." in text and "attached <b>shot.png</b>" in text
    assert "<b>.log" not in text.replace("<b>&lt;", "")
    one = Attachment.objects.get(name="shot.png")
    assert 'class="file-picture"' in text
    text = client.post(f"/issues/WEB-1/attachments/{one.pk}/detach/", follow=True).content.decode()
    assert "removed the file <b>shot.png</b>" in text
    assert one.token not in text
    assert "shot.png" in at(maintainer).get("/products/WEB/trash/").content.decode()
    back = at(maintainer).post(f"/issues/WEB-1/attachments/{one.pk}/restore/", follow=True).content.decode()
    assert "shot.png is out of the trash." in back
    assert one.token in client.get("/issues/WEB-1/").content.decode()


def test_redacting_asks_first(issue, reporter, maintainer):
    at(reporter).post("/issues/WEB-1/attachments/", {"file": shot("secret.png")})
    one = Attachment.objects.get()
    path = f"/issues/WEB-1/attachments/{one.pk}/redact/"
    assert at(reporter).post(path, {"confirm": "1"}).status_code == 403
    assert "Blank the file secret.png" in at(maintainer).post(path).content.decode()
    text = at(maintainer).post(path, {"confirm": "1"}, follow=True).content.decode()
    assert "secret.png" not in text and one.token not in text
    assert "redacted a file" in text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/issues/WEB-1/attachments/", {}),
        ("/issues/WEB-1/comments/", {"body": "My words"}),
        ("/issues/new/", {**NEW, "description": "My words"}),
        ("/issues/WEB-1/edit/", {"seen": "1", "title": "My words", "was_title": "Cart empties"}),
    ],
)
def test_what_is_refused_is_said_beside_the_field(issue, triager, settings, path, fields):
    settings.ATTACHMENT_LIMIT = 10
    answer = at(triager).post(path, {**fields, "file": upload(b"x" * 11, "large.log")})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "large.log is too large: at most 10\xa0bytes a file." in text
    assert 'aria-invalid="true"' in text
    assert "My words" in text or not fields
    assert (Issue.objects.count(), Attachment.objects.count(), Comment.objects.count()) == (1, 0, 0)


@pytest.mark.parametrize("then", ["closed:fixed", "accepted"])
def test_what_was_to_follow_a_refused_comment_stays_chosen(issue, triager, settings, then):
    settings.ATTACHMENT_LIMIT = 10
    fields = {"body": "My words", "then": then, "file": upload(b"x" * 11, "large.log")}
    text = at(triager).post("/issues/WEB-1/comments/", fields).content.decode()
    box = text[text.index('id="comment-then"') :].partition("</select>")[0]
    assert re.findall('value="([^"]*)" selected', box) == [then]


def test_nothing_chosen_is_said(issue, reporter):
    answer = at(reporter).post("/issues/WEB-1/attachments/")
    assert (answer.status_code, "Choose a file." in answer.content.decode()) == (400, True)


def test_too_much_is_not_even_read(issue, reporter, settings):
    settings.ATTACHMENT_LIMIT = 10
    answer = at(reporter).post("/issues/WEB-1/attachments/", {"file": upload(b"x" * 3_000_000)})
    assert answer.status_code == 400
    assert not Attachment.objects.exists()


def test_a_script_is_told_where_to_go_on_or_what_is_wrong(issue, reporter):
    headers = {"X-Fragment": "upload"}
    done = at(reporter).post("/issues/WEB-1/comments/", {"body": "x", "file": shot()}, headers=headers)
    assert (done.status_code, done["Location"]) == (201, f"/issues/WEB-1/#comment-{Comment.objects.get().pk}")
    wrong = at(reporter).post("/issues/WEB-1/attachments/", headers=headers)
    assert "data-error-summary" in wrong.content.decode()


def test_who_may_not_attach_sees_no_form(issue, product):
    assert 'type="file"' not in at(None).get("/issues/WEB-1/").content.decode()
    answer = at(None).post("/issues/WEB-1/attachments/", {"file": shot()})
    assert (answer.status_code, answer["Location"].startswith("/accounts/login/")) == (302, True)
    assert not Attachment.objects.exists()


def test_many_files_cost_no_more_statements(issue, triager):
    client = at(triager)

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/issues/WEB-1/").status_code == 200
        return len(queries)

    count()
    first = count()
    for number in range(12):
        with kept([shot(f"{number}.png")], actor=triager, action="attach", home=issue) as files:
            home = add_comment(issue, actor=triager, via="web", body="x") if number % 2 else issue
            attach(home, actor=triager, via="web", files=files)
    assert count() <= max(first, 8)
