"""Issues over the API: how they are written, created, read, replaced, patched and deleted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import update_user
from issues import services
from issues.models import Issue, Status, Vote
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product, update_part

ISSUES = "/api/v1/issues/"
NESTED = "/api/v1/products/WEB/issues/"
MIA = {"username": "mia", "display_name": "Mia"}
TOM = {"username": "tom", "display_name": "Tom"}
FULL = {
    "title": "Cart loses items",
    "description": "**always**",
    "type": "feature",
    "status": "in-progress",
    "priority": "high",
    "severity": "s2",
    "component": "Cart",
    "milestone": "1.0",
    "version": "0.9",
    "labels": ["bug", "os/linux"],
    "assignee": "tom",
    "parent": "WEB-1",
    "confidential": True,
    "due_on": "2026-12-24",
    "snoozed_until": "2026-12-01T10:00:00+02:00",
}
DEFAULTS = {
    "description": "",
    "description_html": "",
    "type": "bug",
    "status": "new",
    "status_category": "triage",
    "resolution": None,
    "priority": "none",
    "severity": "unset",
    "component": None,
    "milestone": None,
    "version": None,
    "labels": [],
    "assignee": None,
    "parent": None,
    "duplicate_of": None,
    "confidential": False,
    "due_on": None,
    "snoozed_until": None,
}


def codes(answer):
    assert answer.status_code == 400, answer.content
    return {name: [one["code"] for one in errors] for name, errors in answer.json()["errors"].items()}


def subset(got, wanted):
    return {field: got[field] for field in wanted}


@pytest.fixture
def parts(product, maintainer, triager):
    """One part of each kind, two labels, and the issue WEB-1."""
    for model, name in ((Component, "Cart"), (Milestone, "1.0"), (Version, "0.9"), (Label, "bug"), (Label, "os/linux")):
        create_part(model, product=product, actor=maintainer, via="web", name=name)
    return services.create_issue(product, actor=triager, via="web", title="first")


def test_representation(api, parts, maintainer, triager):
    made = api(maintainer).post(NESTED, FULL)
    assert (made.status_code, made["Location"]) == (201, f"{ISSUES}WEB-2/")
    got = made.json()
    stamps = {got["created_at"], got["updated_at"], got["triaged_at"]}
    assert len(stamps) == 1 and stamps.pop().endswith("Z")
    assert got == {
        **FULL,
        "id": got["id"],
        "key": "WEB-2",
        "product": "WEB",
        "number": 2,
        "description_html": "<p><strong>always</strong></p>\n",
        "status_category": "started",
        "resolution": None,
        "assignee": TOM,
        "author": MIA,
        "duplicate_of": None,
        "snoozed_until": "2026-12-01T08:00:00Z",
        "returned_at": None,
        "returned_reason": None,
        "waiting": "us",
        "overdue": False,
        "needinfos": [],
        "source": "api",
        "votes": 0,
        "comment_count": 0,
        "lock_version": 1,
        "created_at": got["created_at"],
        "updated_at": got["created_at"],
        "triaged_at": got["created_at"],
        "closed_at": None,
        "created_by": MIA,
        "updated_by": MIA,
        "url": "http://localhost:8002/issues/WEB-2/",
    }
    assert made["ETag"].startswith(f'"{got["id"]}-1-')
    for path in (f"{NESTED}2/", f"{ISSUES}WEB-2/"):
        assert api(triager).get(path).json() == got


@pytest.mark.parametrize("path", [f"{NESTED}1/", f"{ISSUES}WEB-1/"])
def test_create_read_replace_patch_delete_by_either_path(api, parts, triager, maintainer, path):
    client = api(maintainer)
    got = client.get(path).json()
    assert client.put(path, got).json() == got
    patched = client.patch(path, {"labels": ["bug"], "priority": "urgent"}).json()
    assert subset(patched, ("labels", "priority", "title")) == {
        "labels": ["bug"],
        "priority": "urgent",
        "title": "first",
    }
    replaced = client.put(path, {"title": "other"}).json()
    assert replaced["title"] == "other" and subset(replaced, DEFAULTS) == DEFAULTS
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post(f"{path}restore/").json()["title"] == "other"


def test_over_all_products_the_body_names_the_product(api, parts, reporter):
    assert api(reporter).post(ISSUES, {"title": "x", "product": "WEB"}).json()["key"] == "WEB-2"
    assert codes(api(reporter).post(ISSUES, {"title": "x"})) == {"product": ["required"]}
    assert codes(api(reporter).post(ISSUES, {"title": "x", "product": "NONE"})) == {"product": ["unknown"]}
    assert api().post(ISSUES, {"title": "x", "product": "WEB"}).status_code == 401


def test_put_resets_what_it_leaves_out(api, parts, maintainer):
    made = api(maintainer).post(NESTED, FULL).json()
    got = api(maintainer).put(f"{ISSUES}{made['key']}/", {"title": "bare"}).json()
    assert subset(got, DEFAULTS) == DEFAULTS
    api(maintainer).patch(f"{ISSUES}WEB-2/", {"duplicate_of": "WEB-1"})
    again = api(maintainer).put(f"{ISSUES}WEB-2/", {"title": "bare", "duplicate_of": "WEB-1"}).json()
    assert (again["status"], again["resolution"], again["duplicate_of"]) == ("closed", "duplicate", "WEB-1")
    assert api(maintainer).put(f"{ISSUES}WEB-2/", {"title": "bare"}).json()["status"] == "new"


@pytest.mark.parametrize("original", [None, "WEB-1"])
@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("patch", {"resolution": None}, "fixed"),
        ("put", {"title": "x", "status": "closed"}, "fixed"),
        ("patch", {"status": "closed"}, None),
        ("put", {"title": "x", "status": "closed", "resolution": "invalid"}, "invalid"),
    ],
)
def test_the_default_of_a_resolution_is_fixed(api, parts, maintainer, original, method, body, expected):
    was = {"duplicate_of": original} if original else {"status": "closed", "resolution": "wont-do"}
    made = api(maintainer).post(NESTED, {"title": "x", **was}).json()
    got = getattr(api(maintainer), method)(f"{ISSUES}{made['key']}/", body).json()
    stays = expected is None
    assert subset(got, ("resolution", "duplicate_of")) == {
        "resolution": made["resolution"] if stays else expected,
        "duplicate_of": original if stays else None,
    }


@pytest.mark.parametrize("body", [{"resolution": None, "duplicate_of": "WEB-1"}, {"duplicate_of": "WEB-1"}])
def test_a_duplicate_needs_no_resolution_beside_its_original(api, parts, maintainer, body):
    api(maintainer).post(NESTED, {"title": "x", "duplicate_of": "WEB-1"})
    for method in ("patch", "put"):
        got = getattr(api(maintainer), method)(f"{ISSUES}WEB-2/", {"title": "x", **body}).json()
        assert (got["resolution"], got["duplicate_of"]) == ("duplicate", "WEB-1")


@pytest.mark.parametrize(
    ("who", "method", "is_hidden"),
    [
        ("triager", "put", True),
        ("triager", "patch", True),
        ("reporter", "put", True),
        ("reporter", "put", False),
    ],
)
def test_an_original_stays_that_one_does_not_see_or_may_not_set(
    request, api, parts, product, reporter, administrator, who, method, is_hidden
):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    home = secret if is_hidden else product
    original = services.create_issue(home, actor=administrator, via="web", title="Original")
    issue = services.create_issue(product, actor=reporter, via="web", title="x")
    services.update_issue(issue, actor=administrator, via="web", duplicate_of=original)
    body = {"title": "y", "status": "closed"} if method == "put" else {"title": "y", "resolution": None}
    got = getattr(api(request.getfixturevalue(who)), method)(f"{ISSUES}{issue.key}/", body).json()
    issue.refresh_from_db()
    assert (got["title"], got["resolution"], issue.duplicate_of) == ("y", "duplicate", original)


def test_a_long_description_of_an_import_may_be_sent_back_and_not_another(api, parts, maintainer):
    Issue.objects.filter(number=1).update(description="x" * 70_000)
    client = api(maintainer)
    got = client.get(f"{ISSUES}WEB-1/").json()
    assert client.put(f"{ISSUES}WEB-1/", got | {"title": "other"}).json()["title"] == "other"
    for text in ("y" * 70_000, "é" * 40_000):
        assert codes(client.patch(f"{ISSUES}WEB-1/", {"description": text})) == {"description": ["max_length"]}
    assert codes(client.post(NESTED, {"title": "x", "description": got["description"]})) == {
        "description": ["max_length"]
    }


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"title": ["required"]}),
        ({"title": None}, {"title": ["null"]}),
        ({"title": ""}, {"title": ["blank"]}),
        ({"title": "  "}, {"title": ["blank"]}),
        ({"title": "x" * 501}, {"title": ["max_length"]}),
        ({"title": "a\nb"}, {"title": ["characters"]}),
        ({"title": "x", "description": "ü" * 40_000}, {"description": ["max_length"]}),
        ({"title": "x", "type": "epic"}, {"type": ["invalid_choice"]}),
        ({"title": "x", "type": ["bug"]}, {"type": ["invalid_choice"]}),
        ({"title": "x", "status": "nope"}, {"status": ["unknown"]}),
        ({"title": "x", "resolution": "fixed"}, {"resolution": ["open"]}),
        ({"title": "x", "status": "closed", "resolution": "duplicate"}, {"duplicate_of": ["required"]}),
        ({"title": "x", "priority": 3}, {"priority": ["invalid_choice"]}),
        ({"title": "x", "severity": "s5"}, {"severity": ["invalid_choice"]}),
        ({"title": "x", "component": "Nope", "version": "9"}, {"component": ["unknown"], "version": ["unknown"]}),
        ({"title": "x", "labels": ["bug", "nope"]}, {"labels.1": ["unknown"]}),
        ({"title": "x", "labels": ["bug", 5]}, {"labels.1": ["text"]}),
        ({"title": "x", "labels": "bug"}, {"labels": ["not_a_list"]}),
        ({"title": "x", "labels": None}, {"labels": ["null"]}),
        ({"title": "x", "assignee": "nobody"}, {"assignee": ["unknown"]}),
        ({"title": "x", "assignee": {"username": 5}}, {"assignee": ["invalid"]}),
        ({"title": "x", "parent": "WEB-99"}, {"parent": ["unknown"]}),
        ({"title": "x", "parent": "WEB-" + "9" * 26}, {"parent": ["unknown"]}),
        ({"title": "x", "parent": "first"}, {"parent": ["unknown"]}),
        ({"title": "x", "due_on": "2026-13-01"}, {"due_on": ["invalid"]}),
        ({"title": "x", "snoozed_until": "soon"}, {"snoozed_until": ["invalid"]}),
        ({"title": "x", "confidential": "yes"}, {"confidential": ["invalid"]}),
        ({"title": "x", "author": "mia", "number": 9}, {"author": ["read_only"], "number": ["read_only"]}),
        ({"title": "x", "created_at": "2020-01-01T00:00:00Z"}, {"created_at": ["read_only"]}),
        ({"title": "x", "lock_version": 1, "nope": 1}, {"lock_version": ["read_only"], "nope": ["unknown"]}),
        ({"title": "x", "product": "APP"}, {"product": ["read_only"]}),
    ],
)
def test_refused_bodies_burn_no_number(api, parts, maintainer, administrator, body, errors):
    create_product(actor=administrator, via="web", key="APP", title="App")
    assert codes(api(maintainer).post(NESTED, body)) == errors
    assert api(maintainer).post(NESTED, {"title": "next"}).json()["number"] == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"priority": "hgh"}, "“hgh” is none of: none, low, medium, high, urgent."),
        ({"priority": 3}, "“3” is none of: none, low, medium, high, urgent."),
        ({"type": "epic"}, "“epic” is none of: bug, feature, task."),
    ],
)
def test_a_word_that_there_is_not_is_answered_with_those_that_there_are(api, parts, triager, body, said):
    answer = api(triager).patch(f"{ISSUES}WEB-1/", body).json()
    (((error,),),) = [list(answer["errors"].values())]
    assert error == {"code": "invalid_choice", "message": said}


def test_people_are_written_by_user_name_or_as_they_are_read(api, parts, triager):
    for written in ("tom", "TOM", TOM, {"username": "tom"}):
        assert api(triager).patch(f"{ISSUES}WEB-1/", {"assignee": written}).json()["assignee"] == TOM
    assert api(triager).patch(f"{ISSUES}WEB-1/", {"assignee": None}).json()["assignee"] is None


def test_an_archived_part_stays_where_it_is(api, parts, maintainer):
    got = api(maintainer).patch(f"{ISSUES}WEB-1/", {"component": "cart", "labels": ["BUG"]}).json()
    assert (got["component"], got["labels"]) == ("Cart", ["bug"])
    for model in (Component, Label):
        for part in model.objects.all():
            update_part(part, actor=maintainer, via="web", archived=True)
    assert api(maintainer).put(f"{ISSUES}WEB-1/", got).json() == got
    answer = api(maintainer).post(NESTED, {"title": "x", "component": "Cart"})
    assert codes(answer) == {"component": ["archived"]}


def test_statuses_and_resolutions(api, parts, triager):
    client, path = api(triager), f"{ISSUES}WEB-1/"
    closed = client.patch(path, {"status": "closed"}).json()
    assert (closed["resolution"], closed["status_category"]) == ("fixed", "closed")
    assert closed["closed_at"] is not None
    assert client.patch(path, {"resolution": "wont-do"}).json()["resolution"] == "wont-do"
    opened = client.patch(path, {"status": "accepted"}).json()
    assert (opened["resolution"], opened["closed_at"]) == (None, None)
    client.post(NESTED, {"title": "second"})
    double = client.patch(path, {"duplicate_of": "WEB-2"}).json()
    assert (double["status"], double["resolution"], double["duplicate_of"]) == ("closed", "duplicate", "WEB-2")
    assert codes(client.patch(f"{ISSUES}WEB-2/", {"duplicate_of": "WEB-1"})) == {"duplicate_of": ["circle"]}


def test_read_only_fields_may_come_back_unchanged_alone(api, parts, triager):
    got = api(triager).get(f"{ISSUES}WEB-1/").json()
    assert api(triager).patch(f"{ISSUES}WEB-1/", {**got, "title": "new"}).json()["title"] == "new"
    changed = {"number": 7, "key": "WEB-7", "updated_at": "2020-01-01T00:00:00Z", "votes": -9, "source": "web "}
    assert codes(api(triager).patch(f"{ISSUES}WEB-1/", changed)) == {field: ["read_only"] for field in changed}


def test_two_who_change_different_fields_both_win(api, parts, triager, maintainer):
    api(triager).patch(f"{ISSUES}WEB-1/", {"title": "by Tom"})
    api(maintainer).patch(f"{ISSUES}WEB-1/", {"priority": "low"})
    got = api(triager).get(f"{ISSUES}WEB-1/").json()
    assert (got["title"], got["priority"], got["lock_version"]) == ("by Tom", "low", 3)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_moving(api, parts, maintainer, administrator, stranger, method):
    create_product(actor=administrator, via="web", key="APP", title="App")
    got = api(administrator).get(f"{ISSUES}WEB-1/").json()
    body = {"product": "APP"} if method == "patch" else {**got, "product": "APP"}
    moved = getattr(api(administrator), method)(f"{NESTED}1/", body)
    assert (moved.status_code, moved.json()["key"]) == (200, "APP-1")
    for path, target in (
        (f"{NESTED}1/", "/api/v1/products/APP/issues/1/"),
        (f"{ISSUES}WEB-1/", f"{ISSUES}APP-1/"),
        (f"{ISSUES}WEB-1/comments/", f"{ISSUES}APP-1/comments/"),
        (f"{NESTED}1/events/?page_size=3", "/api/v1/products/APP/issues/1/events/?page_size=3"),
    ):
        answer = api(stranger).get(path)
        assert (answer.status_code, answer["Location"]) == (301, target)
    for method, tail in (("patch", ""), ("delete", ""), ("post", "comments/"), ("post", "redact/")):
        answer = getattr(api(maintainer), method)(f"{ISSUES}WEB-1/{tail}", {})
        assert (answer.status_code, answer["Location"]) == (308, f"{ISSUES}APP-1/{tail}")
    api(administrator).patch("/api/v1/products/APP/", {"visibility": "private"})
    for path in (f"{NESTED}1/", f"{ISSUES}WEB-1/", f"{ISSUES}WEB-1/comments/"):
        assert api(stranger).get(path).status_code == 404
    back = api(administrator).patch(f"{ISSUES}APP-1/", {"product": "WEB"})
    assert back.json()["key"] == "WEB-1"


@pytest.mark.parametrize(
    "tail",
    ["WEB-99/", "WEB-0/", "WEB-01/", "WEB/", "WEB-/", "-1/", "web--1/", "WEB-x/", "WEB-٣/", "NONE-1/", "WEB-1%01/"],
)
def test_what_is_no_issue_is_not_found(api, parts, triager, tail):
    for path in (f"{ISSUES}{tail}", f"{ISSUES}WEB-{'9' * 25}/", f"{ISSUES}WEB-{'9' * 5000}/"):
        assert api(triager).get(path).status_code == 404


@pytest.mark.parametrize("number", [0, 99, 10**25, int("9" * 4000)])
def test_what_is_no_number_is_not_found(api, parts, triager, number):
    assert api(triager).get(f"{NESTED}{number}/").status_code == 404
    assert api(triager).get(f"{NESTED}1/comments/{number}/").status_code == 404
    assert api(triager).delete(f"{ISSUES}WEB-1/relations/{number}/").status_code == 404
    assert api(triager).get(f"/api/v1/batches/{number}/").status_code == 404


def test_links_to_hidden_issues_are_null_and_stay(api, parts, triager, administrator, stranger, product):
    secret = services.create_issue(product, actor=triager, via="web", title="s", confidential=True)
    mine = services.create_issue(product, actor=stranger, via="web", title="mine")
    services.update_issue(mine, actor=triager, via="web", duplicate_of=secret, parent=secret)
    client, path = api(stranger), f"{ISSUES}{mine.key}/"
    got = client.get(path).json()
    assert (got["parent"], got["duplicate_of"], got["resolution"]) == (None, None, "duplicate")
    assert client.put(path, {**got, "title": "mine still"}).status_code == 200
    assert codes(client.patch(path, {"parent": secret.key})) == {"parent": ["unknown"]}
    mine.refresh_from_db()
    assert (mine.title, mine.parent, mine.duplicate_of) == ("mine still", secret, secret)


def test_redacting(api, parts, maintainer, triager):
    api(triager).patch(f"{ISSUES}WEB-1/", {"description": "secret"})
    answer = api(maintainer).post(f"{ISSUES}WEB-1/redact/", {"field": "description"})
    assert (answer.status_code, answer.json()["description"]) == (200, "")
    assert answer["ETag"].startswith(f'"{answer.json()["id"]}-3-')
    assert codes(api(maintainer).post(f"{ISSUES}WEB-1/redact/", {"field": "status"})) == {"field": ["choice"]}
    assert codes(api(maintainer).post(f"{ISSUES}WEB-1/redact/", {})) == {"field": ["required"]}
    assert api(triager).post(f"{ISSUES}WEB-1/redact/", {"field": "title"}).status_code == 403
    assert b"secret" not in api(triager).get(f"{ISSUES}WEB-1/events/").content


def test_purging(api, parts, maintainer, triager):
    client, path = api(maintainer), f"{ISSUES}WEB-1/"
    assert client.post(f"{path}purge/", headers={"if-match": "*"}).status_code == 409
    tag = client.delete(path)["ETag"]
    missing = client.post(f"{path}purge/")
    assert (missing.status_code, missing["ETag"]) == (428, tag)
    assert client.post(f"{path}purge/", headers={"if-match": '"1-99"'}).status_code == 412
    assert api(triager).post(f"{path}purge/", headers={"if-match": tag}).status_code == 404
    assert client.post(f"{path}purge/", headers={"if-match": tag}).status_code == 204
    assert not Issue.objects.exists()


def test_what_was_read_before_somebody_commented_can_be_sent_back(api, product, triager, reporter):
    issue = services.create_issue(product, actor=reporter, via="web", title="one")
    client = api(triager)
    before = client.get(f"{ISSUES}WEB-1/").json()
    services.add_comment(issue, actor=reporter, via="web", body="meanwhile")
    for method in (client.put, client.patch):
        answer = method(f"{ISSUES}WEB-1/", before)
        assert (answer.status_code, answer.json()["comment_count"]) == (200, 1)
    services.update_issue(issue, actor=reporter, via="web", title="two")
    assert client.put(f"{ISSUES}WEB-1/", before).json()["title"] == "one"


def test_what_was_read_before_somebody_voted_or_no_longer_did_can_be_sent_back(api, product, triager, reporter):
    issue = services.create_issue(product, actor=reporter, via="web", title="one")
    client = api(triager)
    without = client.get(f"{ISSUES}WEB-1/").json()
    services.vote(issue, actor=reporter, via="web")
    wanted = client.get(f"{ISSUES}WEB-1/").json()
    assert (without["votes"], wanted["votes"]) == (0, 1)
    assert (client.put(f"{ISSUES}WEB-1/", without).status_code, Vote.objects.count()) == (200, 1)
    services.unvote(issue, actor=reporter, via="web")
    assert (client.patch(f"{ISSUES}WEB-1/", wanted).status_code, Vote.objects.count()) == (200, 0)


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("snoozed", [True, False])
def test_what_was_read_before_time_passed_can_be_sent_back(api, product, triager, monkeypatch, snoozed, method):
    issue = services.create_issue(product, actor=triager, via="web", title="one")
    if snoozed:
        services.update_issue(issue, actor=triager, via="web", snoozed_until=timezone.now() + timedelta(hours=1))
    before = api(triager).get(f"{ISSUES}WEB-1/").json()
    later = timezone.now() + timedelta(days=365)
    monkeypatch.setattr(timezone, "now", lambda: later)
    after = api(triager).get(f"{ISSUES}WEB-1/").json()
    assert (before["overdue"], after["overdue"]) == (False, True)
    assert (before["returned_reason"], after["returned_reason"]) == (None, "snooze" if snoozed else None)
    answer = getattr(api(triager), method)(f"{ISSUES}WEB-1/", before)
    assert (answer.status_code, answer.json()) == (200, after)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_was_read_before_a_question_was_answered_can_be_sent_back(api, product, triager, reporter, method):
    issue = services.create_issue(product, actor=reporter, via="web", title="one")
    services.ask(issue, requestee=reporter, question="Which?", actor=triager, via="web")
    before = api(triager).get(f"{ISSUES}WEB-1/").json()
    services.add_comment(issue, actor=reporter, via="web", body="That one.")
    after = api(triager).get(f"{ISSUES}WEB-1/").json()
    assert (before["waiting"], after["waiting"], after["returned_reason"]) == ("reporter", "us", "answer")
    assert [one["state"] for one in (*before["needinfos"], *after["needinfos"])] == ["open", "answered"]
    answer = getattr(api(triager), method)(f"{ISSUES}WEB-1/", before)
    assert (answer.status_code, answer.json()) == (200, after)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_was_read_before_others_changed_it_can_be_sent_back(api, product, triager, administrator, method):
    """The later one wins, also where what they changed is told by fields that nobody sets."""
    issue = services.create_issue(product, actor=triager, via="web", title="one", description="x")
    send = getattr(api(triager), method)
    first = api(triager).get(f"{ISSUES}WEB-1/").json()
    closed = Status.objects.get(slug="closed")
    services.update_issue(issue, actor=administrator, via="web", description="y", status=closed)
    update_user(triager, actor=administrator, via="web", display_name="Thomas")
    second = api(triager).get(f"{ISSUES}WEB-1/").json()
    assert {"description_html", "status_category", "closed_at", "triaged_at", "author"} <= {
        name for name in first if first[name] != second[name]
    }
    answer = send(f"{ISSUES}WEB-1/", {**first, "title": "two"})
    assert answer.status_code == 200, answer.content
    assert [answer.json()[name] for name in ("title", "description", "status")] == ["two", "x", "new"]
    assert send(f"{ISSUES}WEB-1/", second).json()["closed_at"] is not None
    ops = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    services.update_issue(Issue.objects.get(), actor=administrator, via="web", product=ops)
    moved = api(triager).get(f"{ISSUES}OPS-1/").json()
    back = getattr(api(administrator), method)(f"{ISSUES}OPS-1/", {**first, "title": "three"})
    assert (back.status_code, back.json()["key"]) == (200, "WEB-1"), back.content
    assert getattr(api(administrator), method)(f"{ISSUES}WEB-1/", moved).json()["key"] == "OPS-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 99),
        ("created_at", "2001-01-01T00:00:00Z"),
        ("source", "import"),
        ("description_html", 5),
        ("status_category", "over"),
        ("status_category", ["open"]),
        ("closed_at", "2999-01-01T00:00:00Z"),
        ("triaged_at", "yesterday"),
        ("author", "rosa"),
        ("created_by", {"username": "rosa"}),
        ("key", None),
        ("number", "1"),
        ("url", 5),
    ],
)
def test_what_no_version_can_have_said_is_read_only(api, product, triager, field, value):
    services.create_issue(product, actor=triager, via="web", title="one", description="x")
    got = api(triager).get(f"{ISSUES}WEB-1/").json()
    answer = api(triager).put(f"{ISSUES}WEB-1/", {**got, field: value})
    assert codes(answer) == {field: ["read_only"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overdue", 1),
        ("overdue", "yes"),
        ("returned_at", "2999-01-01T00:00:00Z"),
        ("returned_at", "yesterday"),
        ("returned_at", "2001-01-01T00:00:00"),
        ("returned_at", 5),
        ("returned_reason", "nothing"),
        ("returned_reason", ["answer"]),
        ("waiting", ""),
        ("waiting", None),
        ("needinfos", "none"),
        ("needinfos", ["Which?"]),
        ("needinfos", [{"question": "Which?"}]),
        ("comment_count", -1),
        ("comment_count", "0"),
        ("comment_count", True),
        ("lock_version", 99),
        ("lock_version", 0),
        ("updated_at", "2999-01-01T00:00:00Z"),
        ("updated_at", "yesterday"),
        ("updated_at", "2026-02-30T00:00:00Z"),
        ("updated_at", "2001-01-01T00:00:00"),
        ("updated_at", 5),
        ("updated_by", "rosa"),
        ("updated_by", {"username": "rosa"}),
        ("updated_by", {"username": 1, "display_name": "x"}),
        ("created_at", "2001-01-01T00:00:00Z"),
        ("votes", -1),
        ("votes", "0"),
        ("description_html", ""),
        ("status_category", "closed"),
        ("closed_at", "2001-01-01T00:00:00Z"),
        ("author", {"username": "rosa", "display_name": "Rosa"}),
        ("key", "WEB-2"),
    ],
)
def test_what_no_earlier_answer_can_have_said_is_read_only(api, product, triager, field, value):
    services.create_issue(product, actor=triager, via="web", title="one", description="x")
    answer = api(triager).patch(f"{ISSUES}WEB-1/", {field: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][field][0]["code"] == "read_only"


def test_put_by_a_reporter_leaves_alone_what_they_may_not_set(api, parts, product, reporter, triager):
    mine = services.create_issue(product, actor=reporter, via="web", title="mine", description="x")
    accepted = {"status": Status.objects.get(slug="accepted"), "labels": list(Label.objects.all()[:1])}
    fields = {"type": "task", "severity": 3, "priority": 2, "assignee": triager}
    services.update_issue(mine, actor=triager, via="web", **fields, **accepted)
    answer = api(reporter).put(f"{ISSUES}{mine.key}/", {"title": "better"})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["title"], told["description"], told["type"], told["severity"]) == ("better", "", "task", "s2")
    assert (told["priority"], told["status"], told["assignee"]["username"]) == ("medium", "accepted", "tom")
    assert len(told["labels"]) == 1
    refused = api(reporter).put(f"{ISSUES}{mine.key}/", {"title": "better", "severity": "unset"})
    assert (refused.status_code, refused.json()["code"]) == (403, "field")
    assert api(triager).put(f"{ISSUES}{mine.key}/", {"title": "better"}).json()["severity"] == "unset"
