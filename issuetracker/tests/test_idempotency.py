"""Idempotency-Key: what is asked for twice is done once, and answered as it was the first time."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.client import encode_multipart
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiToken, IdempotencyRecord
from accounts.services import create_token
from history.models import Event
from issues import services
from issues.api.views import IssueViewSet
from issues.files import pictures
from issues.models import Attachment, Comment, Issue, Vote
from issues.tests.samples import picture
from issuetracker.api import views
from issuetracker.tests.test_api_schema import operations
from products.services import create_product, set_member, update_product

ISSUES = "/api/v1/products/WEB/issues/"
KEY = {"idempotency-key": "9f1c-one"}
BODY = {"title": "once", "description": "and *not* twice"}


@pytest.fixture
def issue(product, triager):
    """WEB-1, new."""
    return services.create_issue(product, actor=triager, via="web", title="one")


def told(answer):
    return answer.status_code, answer.content, answer.get("ETag"), answer.get("Location")


def test_asked_for_twice_it_is_done_once_and_answered_alike(api, reporter):
    client = api(reporter)
    first, second = (client.post(ISSUES, BODY, headers=KEY) for _turn in range(2))
    assert first.status_code == 201 and "Idempotent-Replayed" not in first
    assert told(second) == told(first)
    assert (second["Idempotent-Replayed"], second["Content-Type"]) == ("true", first["Content-Type"])
    assert Issue.objects.count() == 1
    assert Event.objects.filter(issue__isnull=False).count() == 1


def test_it_is_the_first_answer_though_things_have_changed(api, reporter, triager):
    client = api(reporter)
    first = client.post(ISSUES, BODY, headers=KEY)
    api(triager).patch(f"{ISSUES}1/", {"title": "other", "priority": "high"})
    assert told(client.post(ISSUES, BODY, headers=KEY)) == told(first)


def test_without_a_key_and_with_another_it_is_done_again(api, reporter):
    client = api(reporter)
    client.post(ISSUES, BODY, headers=KEY)
    client.post(ISSUES, BODY)
    client.post(ISSUES, BODY, headers={"idempotency-key": "9f1c-two"})
    assert (Issue.objects.count(), IdempotencyRecord.objects.count()) == (3, 2)


def test_a_key_is_its_users_own(api, reporter, triager):
    for user in (reporter, triager):
        answer = api(user).post(ISSUES, {"title": user.username}, headers=KEY)
        assert (answer.status_code, answer.json()["author"]["username"]) == (201, user.username)
    # Another token of the same person is the same person.
    assert "Idempotent-Replayed" in api(reporter).post(ISSUES, {"title": "rosa"}, headers=KEY)
    assert Issue.objects.count() == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ISSUES, {**BODY, "title": "twice"}),
        (ISSUES, {"title": "once"}),
        ("/api/v1/issues/", {**BODY, "product": "WEB"}),
        (f"{ISSUES}?tz=UTC", BODY),
        (f"{ISSUES}1/votes/", {}),
    ],
)
def test_with_another_request_the_key_is_refused(api, reporter, path, body):
    client = api(reporter)
    client.post(ISSUES, BODY, headers=KEY)
    answer = client.post(path, body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert answer["Content-Type"] == "application/problem+json"
    assert (Issue.objects.count(), Vote.objects.count()) == (1, 0)


def test_the_same_meaning_is_the_same_body(api, reporter):
    client = api(reporter)
    client.post(ISSUES, BODY, headers=KEY)
    text = '{"description":"and *not* twice",   "title":"once"}'
    answer = client.post(ISSUES, text, content_type="application/json", headers=KEY)
    assert (answer.status_code, answer["Idempotent-Replayed"]) == (201, "true")


def test_what_was_refused_may_be_mended_under_the_same_key(api, reporter):
    client = api(reporter)
    for body, status in (({"title": ""}, 400), ({"title": "once", "priority": "high"}, 403), ("[", 400)):
        options = {"content_type": "application/json"} if body == "[" else {}
        assert client.post(ISSUES, body, headers=KEY, **options).status_code == status
    assert not IdempotencyRecord.objects.exists()
    assert client.post(ISSUES, BODY, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "a\tb", "a\x7f", "naïve"])
def test_a_key_that_cannot_be_one_is_refused_by_name(api, reporter, key):
    answer = api(reporter).post(ISSUES, BODY, headers={"idempotency-key": key})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"Idempotency-Key"})
    assert not Issue.objects.exists()


@pytest.mark.parametrize("key", ["x" * 255, "a b", '"quoted"', "~!@#$%^&*()", "1"])
def test_a_key_is_any_printable_text(api, reporter, key):
    client = api(reporter)
    for _turn in range(2):
        assert client.post(ISSUES, BODY, headers={"idempotency-key": key}).status_code == 201
    assert Issue.objects.count() == 1


@pytest.mark.parametrize("key", ["9f1c-one", "é"])
def test_nobody_is_told_to_sign_in_as_ever(api, product, key):
    assert api().post(ISSUES, BODY, headers={"idempotency-key": key}).status_code == 401
    assert not IdempotencyRecord.objects.exists()


def test_a_fault_of_ours_leaves_neither_record_nor_change(api, reporter, monkeypatch):
    client = api(reporter)
    client.raise_request_exception = False
    monkeypatch.setattr(IssueViewSet, "location", lambda view, row: 1 / 0)
    assert client.post(ISSUES, BODY, headers=KEY).status_code == 500
    assert not IdempotencyRecord.objects.exists() and not Issue.objects.exists()
    # The control: without a key the change was made by then.
    assert client.post(ISSUES, BODY).status_code == 500
    assert Issue.objects.count() == 1
    monkeypatch.undo()
    assert client.post(ISSUES, BODY, headers=KEY).status_code == 201


def test_without_a_key_not_one_statement_more_is_asked(api, reporter, django_assert_num_queries, monkeypatch):
    client = api(reporter)
    client.post(ISSUES, BODY)
    with CaptureQueriesContext(connection) as asked:
        client.post(ISSUES, BODY)
    monkeypatch.setattr(views, "once", lambda view, method: method)
    with django_assert_num_queries(len(asked)):
        client.post(ISSUES, BODY)


# Whose right is lost how, and what is answered then.


def lose_membership(product, maintainer, reporter):
    update_product(product, actor=maintainer, via="web", visibility="private")
    set_member(product, reporter, None, actor=maintainer, via="web")


def lose_role(product, maintainer, reporter):
    update_product(product, actor=maintainer, via="web", visibility="private")
    set_member(product, reporter, "viewer", actor=maintainer, via="web")


def trash(product, maintainer, reporter):
    services.trash_issue(Issue.objects.latest("pk"), actor=maintainer, via="web")


def archive(product, maintainer, reporter):
    update_product(product, actor=maintainer, via="web", archived=True)


@pytest.mark.parametrize(("path", "more"), [(ISSUES, {}), ("/api/v1/issues/", {"product": "WEB"})])
@pytest.mark.parametrize(("lose", "status"), [(lose_membership, 404), (lose_role, 403), (trash, 404), (archive, 403)])
def test_who_has_lost_the_right_is_answered_as_now(api, product, maintainer, reporter, path, more, lose, status):
    client = api(reporter)
    first = client.post(path, {**BODY, **more}, headers=KEY)
    assert first.status_code == 201
    lose(product, maintainer, reporter)
    answer = client.post(path, {**BODY, **more}, headers=KEY)
    assert (answer.status_code, "twice" in answer.text) == (status, False)
    # The control: the answer is kept, and it is the right alone that is missing.
    assert "twice" in IdempotencyRecord.objects.get().body


def test_a_token_with_fewer_rights_is_told_no_more_than_they_give(api, product, maintainer, administrator):
    body = {**BODY, "product": "WEB"}
    assert api(maintainer).post("/api/v1/issues/", body, headers=KEY).status_code == 201
    docs = create_product(actor=administrator, via="web", key="DOCS", title="Docs")
    set_member(docs, maintainer, "maintainer", actor=administrator, via="web")
    answer = narrow(maintainer, docs).post("/api/v1/issues/", body, content_type="application/json", headers=KEY)
    assert answer.status_code == 404
    reader = api(maintainer, "read")
    assert reader.post("/api/v1/issues/", body, headers=KEY).json()["code"] == "scope"


def narrow(maintainer, product):
    """Return a client with a token of Mia's for one product alone."""
    options = {"name": "narrow", "scopes": ["write"], "products": {product.key: "write"}}
    _token, secret = create_token(maintainer, actor=maintainer, via="web", **options)
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.mark.parametrize("by", ["membership", "token"])
@pytest.mark.parametrize("what", ["bulk", "undo"])
def test_the_keys_of_issues_are_told_again_to_who_still_sees_them(
    api, issue, product, maintainer, triager, administrator, what, by
):
    docs = create_product(actor=administrator, via="web", key="DOCS", title="Docs", visibility="private")
    set_member(docs, maintainer, "viewer" if what == "bulk" else "triager", actor=administrator, via="web")
    hidden = services.create_issue(docs, actor=administrator, via="web", title="hidden")
    client = api(maintainer)
    body = {"ids": [issue.pk, hidden.pk], "set": {"priority": "high"}}
    path = "/api/v1/issues/bulk/"
    if what == "undo":
        path, body = f"/api/v1/batches/{client.post(path, body).json()['batch']}/undo/", {}
        services.update_issue(hidden, actor=administrator, via="web", priority=1)
    first = client.post(path, body, headers=KEY)
    assert (first.status_code, "DOCS-1" in first.text) == (200, True)
    assert told(client.post(path, body, headers=KEY)) == told(first)
    # Under its old key one sees it as well.
    update_product(docs, actor=administrator, via="web", key="MANUAL")
    assert told(client.post(path, body, headers=KEY)) == told(first)
    if by == "membership":
        set_member(docs, maintainer, None, actor=administrator, via="web")
    else:
        client = narrow(maintainer, product)
    again = client.post(path, json.dumps(body), content_type="application/json", headers=KEY)
    assert (again.status_code, again.json()["code"], "DOCS" in again.text) == (409, "withheld", False)


@pytest.mark.parametrize(
    ("path", "body", "link"),
    [
        (ISSUES, {"title": "x", "parent": "DOCS-1"}, None),
        ("/api/v1/issues/WEB-1/triage/", {"decision": "duplicate", "duplicate_of": "DOCS-1"}, None),
        ("/api/v1/issues/WEB-1/triage/", {"decision": "accept"}, "parent"),
        ("/api/v1/issues/WEB-1/redact/", {"field": "title"}, "parent"),
        ("/api/v1/issues/WEB-1/restore/", {}, "parent"),
    ],
)
def test_an_issue_that_another_one_leads_to_is_named_again_to_who_still_sees_it(
    api, issue, product, maintainer, administrator, path, body, link
):
    docs = create_product(actor=administrator, via="web", key="DOCS", title="Docs", visibility="private")
    set_member(docs, maintainer, "viewer", actor=administrator, via="web")
    hidden = services.create_issue(docs, actor=administrator, via="web", title="hidden")
    if link:
        services.update_issue(issue, actor=administrator, via="web", parent=hidden)
    client = api(maintainer)
    if "restore" in path:
        client.delete(f"{ISSUES}1/")
    first = client.post(path, body, headers=KEY)
    assert (first.status_code // 100, "DOCS-1" in first.text) == (2, True), first.text
    assert told(client.post(path, body, headers=KEY)) == told(first)
    set_member(docs, maintainer, None, actor=administrator, via="web")
    again = client.post(path, body, headers=KEY)
    assert (again.status_code, again.json().get("code"), "DOCS" in again.text) == (409, "withheld", False)


ENDED = {
    f"{ISSUES}1/votes/": {},
    f"{ISSUES}1/watchers/": {},
    f"{ISSUES}1/relations/": {"kind": "blocks", "issue": "DOCS-1"},
    "/api/v1/products/WEB/members/": {"user": "sam", "role": "triager"},
    "/api/v1/views/": {"name": "Hot", "product": "WEB"},
    "/api/v1/me/tokens/": {"name": "script", "scopes": ["read"]},
}


@pytest.mark.parametrize(("path", "body"), ENDED.items())
def test_what_has_been_ended_since_is_told_again_to_who_sees_what_it_belonged_to(
    api, issue, product, administrator, maintainer, stranger, path, body
):
    docs = create_product(actor=administrator, via="web", key="DOCS", title="Docs", visibility="private")
    set_member(docs, maintainer, "triager", actor=administrator, via="web")
    services.create_issue(docs, actor=administrator, via="web", title="hidden")
    client = api(maintainer)
    first = client.post(path, body, headers=KEY)
    assert client.delete(first["Location"]).status_code == 204
    again = client.post(path, body, headers=KEY)
    if "tokens" in path:
        assert (again.status_code, again.json()["code"]) == (409, "withheld")
        return
    assert (first.status_code, told(again)) == (201, told(first))
    # Who has lost the right since is told nothing.
    lost = docs if "relations" in path else product
    update_product(product, actor=administrator, via="web", visibility="private")
    set_member(lost, maintainer, None, actor=administrator, via="web")
    assert client.post(path, body, headers=KEY).status_code == (409 if "relations" in path else 404)


# What is done to one thing.


def test_decisions_are_made_once_and_answered_again_though_the_issue_has_moved(api, issue, triager, administrator):
    administrator_api = api(administrator)
    administrator_api.post("/api/v1/products/", {"key": "APP", "title": "App", "visibility": "public"})
    client = api(triager)
    body = {"decision": "reroute", "product": "APP"}
    first, second = (client.post("/api/v1/issues/WEB-1/triage/", body, headers=KEY) for _turn in range(2))
    assert first.status_code == 200, first.content
    assert told(second) == told(first)
    issue.refresh_from_db()
    assert issue.product.key == "APP"


def move(product, administrator):
    """Move WEB-1 to the product APP, where it becomes APP-1. Return APP."""
    app = create_product(actor=administrator, via="web", key="APP", title="App", visibility="public")
    services.update_issue(Issue.objects.get(), actor=administrator, via="web", product=app)
    return app


def rename(product, administrator):
    """Give WEB the key APP."""
    return update_product(product, actor=administrator, via="web", key="APP")


@pytest.mark.parametrize("become", [move, rename])
@pytest.mark.parametrize(("tail", "body"), [("comments/", {"body": "hello"}), ("votes/", {}), ("watchers/", {})])
@pytest.mark.parametrize("at", ["/api/v1/issues/WEB-1/", f"{ISSUES}1/"])
def test_what_was_added_is_told_again_though_the_issue_has_another_key(
    api, issue, product, reporter, administrator, become, at, tail, body
):
    client = api(reporter)
    first = client.post(f"{at}{tail}", body, headers=KEY)
    app = become(product, administrator)
    second = client.post(f"{at}{tail}", body, headers=KEY)
    assert (first.status_code in (200, 201), told(second)) == (True, told(first))
    assert second["Idempotent-Replayed"] == "true"
    # The control: what is new is led to where the issue is now, and there it is done.
    led = client.post(f"{at}{tail}", body, headers={"idempotency-key": "two"})
    assert led.status_code == 308
    assert client.post(led["Location"], body, headers={"idempotency-key": "two"}).status_code in (200, 201)
    assert client.post(f"{at}{tail}", {"body": "other"}, headers=KEY).status_code == 308
    # Who sees it no longer is told nothing.
    update_product(app, actor=administrator, via="web", visibility="private")
    if become is rename:
        set_member(product, reporter, None, actor=administrator, via="web")
    assert client.post(f"{at}{tail}", body, headers=KEY).status_code == 404


def test_what_was_filed_is_told_again_though_the_product_has_another_key(api, product, reporter, administrator):
    client = api(reporter)
    first = client.post(ISSUES, BODY, headers=KEY)
    rename(product, administrator)
    assert told(client.post(ISSUES, BODY, headers=KEY)) == told(first)
    assert Issue.objects.count() == 1


@pytest.mark.parametrize("become", [move, rename])
def test_what_was_redacted_is_told_again_though_the_issue_has_another_key(
    api, issue, product, maintainer, administrator, become
):
    client = api(maintainer)
    comment = services.add_comment(issue, actor=maintainer, via="web", body="a secret")
    path = f"{ISSUES}1/comments/{comment.pk}/redact/"
    first = client.post(path, {"field": "body"}, headers=KEY)
    become(product, administrator)
    assert (first.status_code, told(client.post(path, {"field": "body"}, headers=KEY))) == (200, told(first))


def test_restoring_redacting_and_undoing_are_done_once(api, issue, maintainer):
    client = api(maintainer)
    client.delete(f"{ISSUES}1/")
    for number, (path, body) in enumerate(
        (("issues/WEB-1/restore/", {}), ("issues/WEB-1/redact/", {"field": "title"})), start=1
    ):
        key = {"idempotency-key": str(number)}
        first, second = (client.post(f"/api/v1/{path}", body, headers=key) for _turn in range(2))
        assert (first.status_code, told(second)) == (200, told(first)), path
    client.patch(f"{ISSUES}1/", {"priority": "high"})
    path = f"/api/v1/batches/{Event.objects.latest('pk').batch_id}/undo/"
    first, second = (client.post(path, headers=KEY) for _turn in range(2))
    assert (first.status_code, told(second)) == (200, told(first))
    # The control: without a key the second is refused.
    assert client.post(path).status_code == 409


def test_a_purge_is_told_again_though_nothing_is_left(api, issue, maintainer):
    client = api(maintainer)
    tag = client.delete(f"{ISSUES}1/")["ETag"]
    headers = {**KEY, "if-match": tag}
    first, second = (client.post(f"{ISSUES}1/purge/", headers=headers) for _turn in range(2))
    assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (204, 204, "true")


def test_if_match_is_a_matter_of_the_first(api, issue, reporter, triager):
    client = api(reporter)
    headers = {**KEY, "if-match": client.get(f"{ISSUES}1/")["ETag"]}
    first = client.post(f"{ISSUES}1/comments/", {"body": "hello"}, headers=headers)
    second = client.post(f"{ISSUES}1/comments/", {"body": "hello"}, headers=headers)
    assert (first.status_code, told(second)) == (201, told(first))
    assert Comment.objects.count() == 1


def test_a_vote_is_given_once(api, issue, reporter):
    client = api(reporter)
    first, second = (client.post(f"{ISSUES}1/votes/", headers=KEY) for _turn in range(2))
    assert (first.status_code, told(second)) == (201, told(first))


def test_many_are_changed_once(api, issue, triager):
    client = api(triager)
    body = {"ids": [issue.pk], "set": {"priority": "high"}}
    first, second = (client.post("/api/v1/issues/bulk/", body, headers=KEY) for _turn in range(2))
    assert (first.status_code, first.json()["changes"], told(second)) == (200, 1, told(first))


def test_a_file_is_added_once_whatever_the_boundary(api, issue, reporter):
    client = api(reporter)

    def send(content, boundary):
        # A page brings another token along each time.
        fields = {"csrfmiddlewaretoken": boundary * 64, "file": SimpleUploadedFile("note.txt", content)}
        body = encode_multipart(boundary, fields)
        form = f"multipart/form-data; boundary={boundary}"
        return client.post(f"{ISSUES}1/attachments/", body, content_type=form, headers=KEY)

    first, second, other = send(b"hello", "a"), send(b"hello", "b"), send(b"other", "c")
    assert (first.status_code, told(second), other.status_code) == (201, told(first), 422)
    assert Attachment.objects.count() == 1


@pytest.fixture
def draw(api, issue, reporter, monkeypatch, settings, tmp_path):
    """A function that sends a picture with the key, calling `meanwhile()` when one is drawn, and returns the answer."""
    settings.ATTACHMENTS_DIR, settings.FILE_UPLOAD_TEMP_DIR = tmp_path, tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    client, redraw = api(reporter), pictures.redraw

    def send(meanwhile):
        def drawn(*of_picture):
            meanwhile()
            return redraw(*of_picture)

        monkeypatch.setattr(pictures, "redraw", drawn)
        sent = {"file": SimpleUploadedFile("shot.png", picture())}
        return client.post(f"{ISSUES}1/attachments/", sent, format="multipart", headers=KEY)

    return send


def test_a_picture_is_drawn_once_and_before_anything_is_locked(draw):
    claimed = []
    first, second = (draw(lambda: claimed.append(IdempotencyRecord.objects.exists())) for _turn in range(2))
    assert (first.status_code, told(second)) == (201, told(first))
    assert claimed == [False]


def test_a_picture_that_another_request_has_added_meanwhile_is_not_kept_twice(draw, tmp_path):
    answers = []
    late = draw(lambda: answers.append(draw(lambda: None)))
    assert (answers[0].status_code, late["Idempotent-Replayed"], told(late)) == (201, "true", told(answers[0]))
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {Attachment.objects.get().token}


def test_the_secret_of_a_token_is_not_kept(api, reporter):
    client = api(reporter)
    body = {"name": "script", "scopes": ["read"]}
    first, second = (client.post("/api/v1/me/tokens/", body, headers=KEY) for _turn in range(2))
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "withheld")
    assert ApiToken.objects.filter(name="script").count() == 1
    kept = json.dumps(list(IdempotencyRecord.objects.values()), default=str)
    assert first.json()["secret"] not in kept


@pytest.mark.parametrize("end", ["redact", "purge"])
@pytest.mark.parametrize("what", ["issue", "comment"])
def test_what_is_redacted_or_purged_is_not_told_again(api, issue, maintainer, what, end):
    client = api(maintainer)
    path, field = (ISSUES, "description") if what == "issue" else (f"{ISSUES}1/comments/", "body")
    body = {"title": "x", field: "a secret"} if what == "issue" else {field: "a secret"}
    made = client.post(path, body, headers=KEY)
    at = f"{ISSUES}{made.json()['number']}/" if what == "issue" else f"{path}{made.json()['id']}/"
    if end == "redact":
        assert client.post(f"{at}redact/", {"field": field}).status_code == 200
    else:
        client.delete(at)
        tag = {"if-match": "*"}
        assert client.post(f"{at}purge/", headers=tag).status_code == 204
    assert not IdempotencyRecord.objects.filter(body__contains="a secret").exists()
    again = client.post(path, body, headers=KEY)
    assert again.status_code == (409 if end == "redact" else 404)


def test_a_redacted_question_is_not_told_again_by_the_issue_either(api, issue, triager, maintainer):
    client = api(triager)
    body = {"decision": "needinfo", "ask": "tom", "question": "a secret"}
    asked = client.post(f"{ISSUES}1/triage/", body, headers=KEY)
    assert asked.status_code == 200, asked.content
    question = asked.json()["issue"]["needinfos"][0]["id"]
    path = f"{ISSUES}1/needinfos/{question}/redact/"
    assert api(maintainer).post(path, {"field": "question"}).status_code == 200
    assert not IdempotencyRecord.objects.filter(body__contains="a secret").exists()
    assert client.post(f"{ISSUES}1/triage/", body, headers=KEY).json()["code"] == "withheld"


def test_what_only_reads_keeps_nothing(api, issue, reporter):
    client = api(reporter)
    for _turn in range(2):
        answer = client.post("/api/v1/issues/search/", {"q": "one"}, headers=KEY)
        assert answer.status_code == 200 and "Idempotent-Replayed" not in answer
    assert not IdempotencyRecord.objects.exists()


def test_a_session_of_a_browser_may_do_the_same(reporter, product):
    client = Client()
    client.force_login(reporter)
    for _turn in range(2):
        assert client.post(ISSUES, BODY, content_type="application/json", headers=KEY).status_code == 201
    assert Issue.objects.count() == 1


def test_it_is_kept_for_a_day(api, reporter):
    client = api(reporter)
    client.post(ISSUES, BODY, headers=KEY)
    for age, left in ((timedelta(hours=23), 1), (timedelta(hours=25), 0)):
        IdempotencyRecord.objects.update(created_at=timezone.now() - age)
        call_command("worker", once=True)
        assert IdempotencyRecord.objects.count() == left
    assert client.post(ISSUES, BODY, headers=KEY).status_code == 201
    assert Issue.objects.count() == 2


def test_the_schema_tells_of_it_at_every_post_that_does_something():
    schema = Client().get("/openapi.json").json()
    reads = {"issues_search", "products_issues_search", "query_parse"}
    for path, method, operation in operations(schema):
        names = {one["name"] for one in operation.get("parameters", [])}
        does = method == "post" and operation["operationId"] not in reads
        assert ("Idempotency-Key" in names, "422" in operation["responses"]) == (does, does), (method, path)
