"""Comments and relations over the API."""

import pytest

from accounts.services import update_user
from issues import services

ONE = "/api/v1/issues/WEB-1/"
NESTED = "/api/v1/products/WEB/issues/1/"
ROSA = {"username": "rosa", "display_name": "Rosa"}


@pytest.fixture
def issues(product, triager):
    """WEB-1 and WEB-2."""
    return [services.create_issue(product, actor=triager, via="web", title=title) for title in ("one", "two")]


@pytest.mark.parametrize("base", [ONE, NESTED])
def test_comment_read_edit_trash_restore_purge(api, issues, reporter, maintainer, base):
    client = api(reporter)
    made = client.post(f"{base}comments/", {"body": "**hi**"})
    path = made["Location"]
    got = made.json()
    assert (made.status_code, path) == (201, f"{base}comments/{got['id']}/")
    assert got == {
        "id": got["id"],
        "body": "**hi**",
        "body_html": "<p><strong>hi</strong></p>\n",
        "author": ROSA,
        "internal": False,
        "created_at": got["created_at"],
        "edited_at": None,
    }
    assert client.get(path).json() == got == client.put(path, got).json()
    edited = client.patch(path, {"body": "new"})
    assert edited.json()["edited_at"] is not None
    assert edited["ETag"].startswith(f'"{got["id"]}-2-')
    assert client.get(ONE).json()["comment_count"] == 1
    tag = api(maintainer).delete(path)["ETag"]
    assert client.get(path).status_code == client.post(f"{path}restore/").status_code == 404
    assert client.get(ONE).json()["comment_count"] == 0
    assert api(maintainer).post(f"{path}restore/").json()["body"] == "new"
    tag = api(maintainer).delete(path)["ETag"]
    assert api(maintainer).post(f"{path}purge/").status_code == 428
    assert api(maintainer).post(f"{path}purge/", headers={"if-match": tag}).status_code == 204


def test_a_comment_that_was_read_before_somebody_edited_it_may_be_sent_back(api, issues, reporter, administrator):
    comment = services.add_comment(issues[0], actor=reporter, via="web", body="one")
    path, client = f"{ONE}comments/{comment.pk}/", api(reporter)
    first = client.get(path).json()
    services.edit_comment(comment, actor=administrator, via="web", body="two")
    update_user(reporter, actor=administrator, via="web", display_name="Rosa R.")
    second = client.get(path).json()
    for read, method in ((first, client.put), (second, client.patch)):
        answer = method(path, read)
        assert (answer.status_code, answer.json()["body"]) == (200, read["body"]), answer.content
    for field, value in (("body_html", 5), ("edited_at", "2999-01-01T00:00:00Z"), ("created_at", None), ("id", 5)):
        answer = client.put(path, {**second, field: value})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_long_comment_of_an_import_may_be_sent_back_and_not_another(api, issues, reporter):
    comment = services.add_comment(issues[0], actor=reporter, via="web", body="x")
    type(comment).objects.update(body="x" * 70_000)
    path = f"{ONE}comments/{comment.pk}/"
    got = api(reporter).get(path).json()
    assert api(reporter).put(path, got).json() == got
    assert api(reporter).patch(path, {"body": "y" * 70_000}).status_code == 400


def test_comments_come_oldest_first_and_internal_ones_to_triagers(api, issues, reporter, triager):
    for text in ("a", "b", "c"):
        api(triager).post(f"{ONE}comments/", {"body": text, "internal": text == "b"})

    def bodies(user, query=""):
        return [row["body"] for row in api(user).get(f"{ONE}comments/{query}").json()["results"]]

    assert bodies(triager) == ["a", "b", "c"]
    assert bodies(reporter) == ["a", "c"]
    assert bodies(triager, "?page_size=2") == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "body", "required"),
        ({"body": ""}, "body", "blank"),
        ({"body": " \n"}, "body", "blank"),
        ({"body": "ü" * 40_000}, "body", "max_length"),
        ({"body": 5}, "body", "text"),
        ({"body": "x", "author": "tom"}, "author", "read_only"),
        ({"body": "x", "status": "closed"}, "status", "unknown"),
    ],
)
def test_refused_comments(api, issues, reporter, body, field, code):
    answer = api(reporter).post(f"{ONE}comments/", body)
    assert answer.status_code == 400
    assert [(name, errors[0]["code"]) for name, errors in answer.json()["errors"].items()] == [(field, code)]


def test_a_comment_stays_internal_or_not(api, issues, triager):
    path = api(triager).post(f"{ONE}comments/", {"body": "x"})["Location"]
    answer = api(triager).patch(path, {"internal": True})
    assert (answer.status_code, answer.json()["errors"]["internal"][0]["code"]) == (400, "read_only")


def test_a_comment_is_found_on_its_own_issue_alone(api, issues, triager):
    path = api(triager).post(f"{ONE}comments/", {"body": "x"})["Location"]
    for method in ("get", "patch", "delete"):
        assert getattr(api(triager), method)(path.replace("WEB-1", "WEB-2")).status_code == 404


def test_a_comment_in_the_trash_is_silent_in_the_events(api, issues, reporter, maintainer):
    path = api(reporter).post(f"{ONE}comments/", {"body": "regretted"})["Location"]
    assert b"regretted" in api(reporter).get(f"{ONE}events/").content
    api(maintainer).delete(path)
    assert b"regretted" not in api(reporter).get(f"{ONE}events/").content


def test_redacting_a_comment(api, issues, reporter, maintainer):
    path = api(reporter).post(f"{ONE}comments/", {"body": "secret"})["Location"]
    assert api(reporter).post(f"{path}redact/", {"field": "body"}).status_code == 403
    assert api(maintainer).post(f"{path}redact/", {"field": "body"}).json()["body"] == ""
    assert b"secret" not in api(maintainer).get(f"{ONE}events/").content


@pytest.mark.parametrize(
    ("kind", "there"), [("blocks", "blocked-by"), ("blocked-by", "blocks"), ("relates", "relates")]
)
def test_a_relation_reads_from_both_ends(api, issues, triager, kind, there):
    client = api(triager)
    made = client.post(f"{ONE}relations/", {"kind": kind, "issue": "WEB-2"})
    got = made.json()
    assert (made.status_code, got) == (201, {"id": got["id"], "kind": kind, "issue": "WEB-2"})
    assert client.get(made["Location"]).json() == got
    (other,) = client.get("/api/v1/issues/WEB-2/relations/").json()["results"]
    assert other == {"id": got["id"], "kind": there, "issue": "WEB-1"}
    assert client.post(f"{ONE}relations/", {"kind": kind, "issue": "WEB-2"}).status_code == 409
    assert client.delete(f"/api/v1/issues/WEB-2/relations/{got['id']}/").status_code == 204
    assert client.get(f"{ONE}relations/").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"kind", "issue"}),
        ({"kind": "eats", "issue": "WEB-2"}, {"kind"}),
        ({"kind": "blocks", "issue": "WEB-1"}, {"issue"}),
        ({"kind": "blocks", "issue": "WEB-9"}, {"issue"}),
        ({"kind": "blocks", "issue": None}, {"issue"}),
    ],
)
def test_refused_relations(api, issues, triager, body, fields):
    answer = api(triager).post(f"{ONE}relations/", body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, fields)
