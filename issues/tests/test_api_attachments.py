"""Attachments over REST: sent as forms, listed, read, taken away, brought back, redacted and purged."""

import re

import pytest
from django.conf import settings
from django.test import Client

from issues.models import Attachment, Issue
from issues.services import add_comment, create_issue
from issues.tests.samples import picture, upload

API = "/api/v1/issues/WEB-1/attachments/"
FORM = re.compile(r'<form [^>]*multipart/form-data"(?:(?!</form>).)*type="file".*?</form>', re.DOTALL)


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def send(client, path=API, **fields):
    return client.post(path, fields or {"file": upload(b"log", "cart.log")}, format="multipart")


def test_a_file_is_sent_listed_and_read(issue, reporter, api):
    client = api(reporter)
    made = send(client, file=upload(picture(size=(8, 5)), "shot.png", "text/html"))
    told = made.json()
    pk, token = told["id"], Attachment.objects.get().token
    assert (made.status_code, made["Location"]) == (201, f"{API}{pk}/")
    assert told == {
        "id": pk,
        "name": "shot.png",
        "media_type": "image/png",
        "size": Attachment.objects.get().size,
        "width": 8,
        "height": 5,
        "comment": None,
        "author": {"username": "rosa", "display_name": "Rosa"},
        "created_at": told["created_at"],
        "markdown": f"![shot.png](/attachments/{token}/)",
        "url": f"{settings.SITE_URL}/attachments/{token}/",
    }
    assert client.get(API).json()["results"] == [told]
    read = client.get(made["Location"])
    assert (read.json(), read["ETag"]) == (told, made["ETag"])
    file = client.get(f"{made['Location']}file/", headers={"Accept": "image/*"})
    assert b"".join(file.streaming_content)[:8] == b"\x89PNG\r\n\x1a\n"
    body = {"body": f"See {told['markdown']}"}
    assert (
        f'<img src="/attachments/{token}/"' in client.post("/api/v1/issues/WEB-1/comments/", body).json()["body_html"]
    )


def test_a_file_on_a_comment_stands_among_those_of_the_issue(issue, reporter, stranger, triager, api):
    comment = add_comment(issue, actor=reporter, via="web", body="x")
    hidden = add_comment(issue, actor=triager, via="web", body="x", internal=True)
    path = f"/api/v1/issues/WEB-1/comments/{comment.pk}/attachments/"
    made = send(api(reporter), path)
    assert (made.status_code, made.json()["comment"]) == (201, comment.pk)
    assert made["Location"].startswith(API)
    assert send(api(stranger), path).status_code == 403
    assert send(api(reporter), path.replace(f"/{comment.pk}/", f"/{hidden.pk}/")).status_code == 404
    assert send(api(triager), path.replace(f"/{comment.pk}/", f"/{hidden.pk}/")).status_code == 201
    assert len(api(triager).get(API).json()["results"]) == 2
    assert len(api(reporter).get(API).json()["results"]) == len(api(reporter).get(path).json()["results"]) == 1
    assert api(reporter).get(path.replace(f"/{comment.pk}/", f"/{hidden.pk}/")).status_code == 404
    below = path.replace("issues/WEB-1/", "products/WEB/issues/1/")
    assert send(api(reporter), below)["Location"].startswith("/api/v1/products/WEB/issues/1/attachments/")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"other": "x"}, "required"),
        ({"file": "a text"}, "invalid"),
        ({"file": upload(b"", "nothing")}, "empty"),
        ({"file": [upload(b"one", "one"), upload(b"two", "two")]}, "repeated"),
        ({"file": ["a text", upload(b"two", "two")]}, "repeated"),
        ({"file": upload(b"x" * 1001, "large")}, "too_large"),
    ],
)
def test_what_is_refused_names_the_field(issue, reporter, api, settings, fields, code):
    settings.ATTACHMENT_LIMIT = 1000
    refused = send(api(reporter), **fields)
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert refused.json()["errors"]["file"][0]["code"] == code
    assert not Attachment.objects.exists()


def test_too_much_is_not_even_read(issue, reporter, api, settings):
    settings.ATTACHMENT_LIMIT = 10
    assert send(api(reporter), file=upload(b"x" * 3_000_000)).status_code == 413


def test_who_may_not_is_told_before_anything_is_read(issue, viewer, reporter, api):
    assert send(api()).status_code == 401
    assert send(api(reporter, "read")).status_code == 403
    issue.product.visibility = "private"
    issue.product.save()
    assert send(api(viewer)).status_code == 403
    assert not Attachment.objects.exists()


def test_a_session_needs_its_token(issue, reporter):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reporter)
    assert client.post(API, {"file": upload(b"x")}).status_code == 403
    assert not Attachment.objects.exists()


def test_a_page_of_the_api_has_a_form_that_can_be_sent(issue, reporter):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reporter)
    comment = add_comment(issue, actor=reporter, via="web", body="x")
    for path in (API, f"/api/v1/issues/WEB-1/comments/{comment.pk}/attachments/"):
        page = client.get(path, headers={"accept": "text/html"})
        for _time in range(2):
            (form,) = FORM.findall(page.text)
            (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
            assert re.findall(r'<input[^>]* name="(\w+)"', form)[1:] == ["file"]
            fields = {"csrfmiddlewaretoken": token, "file": upload(b"log", "cart.log")}
            # What has been sent shows the form once more.
            page = client.post(path, fields, headers={"accept": "text/html"})
            assert (page.status_code, page["Content-Type"]) == (201, "text/html; charset=utf-8")
    assert Attachment.objects.count() == 4
    assert client.post(API, {"file": upload(b"x"), "csrfmiddlewaretoken": "x" * 64}).status_code == 403


def test_the_button_of_a_page_of_the_api_restores_a_file(issue, maintainer, api):
    path = send(api(maintainer))["Location"]
    api(maintainer).delete(path)
    client = Client(enforce_csrf_checks=True)
    client.force_login(maintainer)
    page = client.get(f"{path}restore/", headers={"accept": "text/html"})
    fields = {"csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]}
    assert client.post(f"{path}restore/", {**fields, "file": "x"}).json()["errors"].keys() == {"file"}
    assert api(maintainer).post(f"{path}restore/", fields).json()["errors"].keys() == fields.keys()
    restored = client.post(f"{path}restore/", fields, headers={"accept": "text/html"})
    assert (restored.status_code, api(maintainer).get(path).status_code) == (200, 200)


def test_into_the_trash_back_redacted_and_purged(issue, stranger, reporter, triager, maintainer, api):
    path = send(api(stranger))["Location"]
    assert api(reporter).delete(path).status_code == 403
    tag = api(stranger).get(path)["ETag"]
    assert api(stranger).delete(path, headers={"If-Match": '"1-9"'}).status_code == 412
    assert api(stranger).delete(path, headers={"If-Match": tag}).status_code == 204
    assert api(stranger).get(path).status_code == 404
    assert api(triager).post(f"{path}restore/").status_code == 404
    assert api(maintainer).post(f"{path}restore/").status_code == 200
    assert api(triager).post(f"{path}redact/", {"field": "file"}).status_code == 403
    assert api(maintainer).post(f"{path}redact/", {"field": "name"}).status_code == 400
    redacted = api(maintainer).post(f"{path}redact/", {"field": "file"})
    assert (redacted.status_code, redacted.json()["name"]) == (200, "(redacted)")
    assert api(maintainer).get(f"{path}file/").status_code == 404
    gone = api(maintainer).delete(path)
    assert api(maintainer).post(f"{path}purge/").status_code == 428
    assert api(maintainer).post(f"{path}purge/", headers={"If-Match": gone["ETag"]}).status_code == 204
    assert not Attachment.objects.exists()


def test_events_tell_of_files_and_hide_those_of_hidden_comments(issue, reporter, triager, maintainer, api):
    send(api(reporter))
    comment = add_comment(issue, actor=triager, via="web", body="x", internal=True)
    send(api(triager), f"/api/v1/issues/WEB-1/comments/{comment.pk}/attachments/", file=upload(b"x", "hidden.log"))
    events = api(reporter).get("/api/v1/issues/WEB-1/events/").json()["results"]
    (told,) = [event for event in events if event["kind"] == "attached"]
    assert told["changes"]["file"] == [None, "cart.log"]
    assert "hidden.log" not in str(events)
    assert "hidden.log" in str(api(triager).get("/api/v1/issues/WEB-1/events/").json())
    undone = api(reporter).post(f"/api/v1/batches/{told['batch']}/undo/")
    assert undone.status_code == 200
    assert api(reporter).get(API).json()["results"] == []


def test_files_of_a_comment_in_the_trash_are_not_named(issue, reporter, maintainer, api):
    comment = add_comment(issue, actor=reporter, via="web", body="x")
    send(api(reporter), f"/api/v1/issues/WEB-1/comments/{comment.pk}/attachments/")
    assert "cart.log" in str(api(reporter).get("/api/v1/issues/WEB-1/events/").json())
    api(maintainer).delete(f"/api/v1/issues/WEB-1/comments/{comment.pk}/")
    assert "cart.log" not in str(api(reporter).get("/api/v1/issues/WEB-1/events/").json())


def test_if_match_speaks_of_the_issue(issue, reporter, api):
    stale = send_with(api(reporter), '"1-99"')
    assert stale.status_code == 412
    assert send_with(api(reporter), f'"{issue.pk}-{Issue.objects.get().lock_version}"').status_code == 201


def send_with(client, tag):
    return client.post(API, {"file": upload(b"x")}, format="multipart", headers={"If-Match": tag})


@pytest.mark.parametrize("number", ["9" * 25, "1" * 4000, "1" * 5000])
def test_a_comment_with_a_number_beyond_the_database_is_not_there(issue, reporter, api, number):
    path = f"/api/v1/issues/WEB-1/comments/{number}/attachments/"
    assert [api(reporter).get(path).status_code, send(api(reporter), path).status_code] == [404, 404]
