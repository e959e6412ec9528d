"""Events, batches and undo over the API, and the statuses of the site."""

import pytest
from django.db import OperationalError, connection

from history.models import Batch
from issues import services
from issues.models import Issue
from issues.services import bulk
from products.models import Component, Label
from products.services import create_part, set_member

ONE = "/api/v1/issues/WEB-1/"
TOM = {"username": "tom", "display_name": "Tom"}


@pytest.fixture
def issue(product, triager):
    """WEB-1."""
    return services.create_issue(product, actor=triager, via="web", title="one")


def events(client, path=ONE):
    return client.get(f"{path}events/").json()["results"]


def test_an_event_in_the_words_of_the_api(api, issue, product, triager, maintainer):
    create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    body = {"component": "Cart", "assignee": "tom", "priority": "high", "snoozed_until": "2026-12-01T08:00:00Z"}
    api(triager).patch(ONE, body)
    created, changed = events(api(triager))
    assert (created["kind"], created["issue"], created["changes"]["author"]) == ("created", "WEB-1", [None, TOM])
    assert created["changes"]["created_at"][1].endswith("Z")
    assert changed == {
        "id": changed["id"],
        "issue": "WEB-1",
        "kind": "changed",
        "actor": TOM,
        "via": "api",
        "at": changed["at"],
        "batch": changed["batch"],
        "changes": {
            "priority": ["none", "high"],
            "component": [None, "Cart"],
            "assignee": [None, TOM],
            "snoozed_until": [None, "2026-12-01T08:00:00Z"],
        },
    }


def test_what_is_empty_is_told_as_such_since_null_means_hidden(api, issue, product, triager, maintainer):
    create_part(Label, product=product, actor=maintainer, via="web", name="cart")
    client = api(triager)
    for body in ({"labels": ["cart"], "description": "text"}, {"labels": [], "description": ""}):
        client.patch(ONE, body)
    _created, filled, emptied = (event["changes"] for event in events(client))
    assert filled == {"description": ["", "text"], "labels": [[], ["cart"]]}
    assert emptied == {"description": ["text", ""], "labels": [["cart"], []]}
    created = services.create_issue(product, actor=triager, via="web", title="two", description="text")
    told = events(client, f"/api/v1/issues/{created.key}/")[0]["changes"]
    assert (told["title"], told["description"]) == (["", "two"], ["", "text"])


def test_events_come_oldest_first_by_pages(api, issue, triager):
    for title in ("two", "three"):
        api(triager).patch(ONE, {"title": title})
    first = api(triager).get(f"{ONE}events/?page_size=2").json()
    assert [row["kind"] for row in first["results"]] == ["created", "changed"]
    (last,) = api(triager).get(first["next"]).json()["results"]
    assert last["changes"] == {"title": ["two", "three"]}


def test_undo(api, issue, triager, stranger):
    client = api(triager)
    client.patch(ONE, {"title": "two", "priority": "high"})
    batch = events(client)[-1]["batch"]
    got = api(stranger).get(f"/api/v1/batches/{batch}/").json()
    assert got == {
        "id": batch,
        "actor": TOM,
        "via": "api",
        "at": got["at"],
        "state": "done",
        "total": 1,
        "done": 1,
        "undone_by": None,
        "changes": None,
        "unchanged": None,
        "refused": None,
        "left_alone": None,
    }
    client.patch(ONE, {"priority": "low"})
    assert api(stranger).post(f"/api/v1/batches/{batch}/undo/").status_code == 403
    assert api().post(f"/api/v1/batches/{batch}/undo/").status_code == 401
    stale = client.post(f"/api/v1/batches/{batch}/undo/", headers={"if-match": '"1-99"'})
    assert stale.status_code == 412
    answer = client.post(f"/api/v1/batches/{batch}/undo/")
    undoing = Batch.objects.latest("id").pk
    left = [{"issue": "WEB-1", "field": "priority", "by": "tom"}]
    assert (answer.status_code, answer.json()) == (200, {"batch": undoing, "undone": 1, "left_alone": left})
    now = client.get(ONE).json()
    assert (now["title"], now["priority"]) == ("one", "low")
    again = client.post(f"/api/v1/batches/{batch}/undo/")
    assert (again.status_code, again.json()["code"]) == (409, "undone")
    assert client.get(f"/api/v1/batches/{batch}/").json()["undone_by"] == undoing
    told = [api(user).get(f"/api/v1/batches/{undoing}/").json()["left_alone"] for user in (triager, stranger)]
    assert told == [left, None]


def test_a_long_undo_runs_on(api, issue, triager, monkeypatch):
    monkeypatch.setattr("issues.services.undoing.CHUNK", 1)
    monkeypatch.setattr("issues.services.undoing.AT_ONCE", 1)
    client = api(triager)
    services.add_comment(issue, actor=triager, via="web", body="x", title="two")
    answer = client.post(f"/api/v1/batches/{Batch.objects.latest('id').pk}/undo/")
    assert answer.status_code == 202
    assert client.get(f"/api/v1/batches/{answer.json()['batch']}/").json()["state"] == "running"
    services.resume(Batch.objects.latest("id"))
    assert client.get(ONE).json()["title"] == "one"


def test_an_undo_that_left_all_alone_is_told_to_whoever_began_it(api, issue, triager, maintainer):
    api(triager).patch(ONE, {"title": "two"})
    batch = Batch.objects.latest("id").pk
    api(maintainer).patch(ONE, {"title": "three"})
    undoing = api(triager).post(f"/api/v1/batches/{batch}/undo/").json()["batch"]
    told = [api(user).get(f"/api/v1/batches/{undoing}/") for user in (triager, maintainer)]
    assert [answer.status_code for answer in told] == [200, 404]
    assert told[0].json()["left_alone"] == [{"issue": "WEB-1", "field": "title", "by": "mia"}]


def test_an_undo_by_a_superuser_counts_what_it_has_taken_back(api, issue, administrator):
    client = api(administrator)
    client.patch(ONE, {"title": "two"})
    answer = client.post(f"/api/v1/batches/{Batch.objects.latest('id').pk}/undo/")
    assert (answer.json()["undone"], answer.json()["left_alone"]) == (1, [])


def test_a_change_of_many_tells_its_maker_and_a_superuser_what_it_refused(
    api, product, issue, triager, maintainer, administrator, monkeypatch
):
    monkeypatch.setattr("issues.services.bulk.CHUNK", 1)
    monkeypatch.setattr("issues.services.bulk.AT_ONCE", 1)
    services.create_issue(product, actor=triager, via="web", title="two")
    body = {"ids": list(Issue.objects.order_by("pk").values_list("pk", flat=True)), "set": {"priority": "high"}}
    answer = api(triager).post("/api/v1/issues/bulk/", body)
    path = f"/api/v1/batches/{answer.json()['batch']}/"
    assert [api(user).get(path).status_code for user in (triager, administrator)] == [200, 200]
    bulk.carry_on(Batch.objects.get(pk=answer.json()["batch"]))
    set_member(product, triager, "viewer", actor=maintainer, via="web")
    while Batch.objects.get(pk=answer.json()["batch"]).state == "running":
        bulk.carry_on(Batch.objects.get(pk=answer.json()["batch"]))
    refused = [{"issue": "WEB-2", "code": "forbidden"}]
    names = ("state", "changes", "unchanged", "refused", "left_alone")
    told = [[api(user).get(path).json()[name] for name in names] for user in (triager, administrator, maintainer)]
    assert told == [["done", 1, 0, refused, None]] * 2 + [["done", None, None, None, None]]
    services.trash_issue(Issue.objects.get(number=2), actor=maintainer, via="web")
    assert api(triager).get(path).json()["refused"] == []


@pytest.mark.parametrize("body", [{"dry_run": True}, ["dry_run"]])
def test_what_takes_no_field_is_not_done_with_one(api, issue, maintainer, body):
    client = api(maintainer)
    client.delete(ONE)
    any_version = {"if-match": "*"}
    undo = f"/api/v1/batches/{Batch.objects.latest('id').pk}/undo/"
    for path in (undo, f"{ONE}restore/", f"{ONE}purge/"):
        answer = client.post(path, body, headers=any_version)
        named = "dry_run" if isinstance(body, dict) else "non_field_errors"
        assert (answer.status_code, set(answer.json()["errors"])) == (400, {named}), path
    # The control: nothing was done, and without a body, or with an empty one, all is.
    assert client.post(f"{ONE}restore/").status_code == 200
    client.delete(ONE)
    assert client.post(f"{ONE}purge/", {}, headers=any_version).status_code == 204


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_done", "code", "undone"), [(False, 202, 1), (True, 200, 2)])
def test_an_undo_is_told_of_while_the_database_stays_away(api, issue, triager, monkeypatch, is_done, code, undone):
    carry_on = services.undoing._carry_on_counted

    def away(*arguments):
        raise OperationalError("database is locked")

    def go_away(undoing):
        undoing = carry_on(undoing) if is_done else undoing
        connection.execute_wrappers.append(away)
        return undoing if is_done else away()

    monkeypatch.setattr(services.undoing, "CHUNK", 1)
    monkeypatch.setattr(services.undoing, "_carry_on_counted", go_away)
    services.add_comment(issue, actor=triager, via="web", body="x", title="two")
    batch, client = Batch.objects.latest("id").pk, api(triager)
    try:
        answer = client.post(f"/api/v1/batches/{batch}/undo/")
    finally:
        connection.execute_wrappers.clear()
    assert (answer.status_code, answer.json()["undone"]) == (code, undone)


def test_what_was_trashed_comes_back_by_undo(api, issue, maintainer, stranger):
    api(maintainer).delete(ONE)
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/"
    assert api(stranger).get(path).status_code == 404
    assert api(maintainer).post(f"{path}undo/").status_code == 200
    assert api(maintainer).get(ONE).status_code == 200
    api(maintainer).delete("/api/v1/products/WEB/")
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/"
    assert api(maintainer).post(f"{path}undo/").status_code == 200
    assert api(stranger).get(ONE).status_code == 200


def test_a_batch_is_seen_by_who_sees_one_of_its_events(api, issue, triager, reporter, administrator):
    api(triager).post(f"{ONE}comments/", {"body": "hush", "internal": True})
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/"
    for user, status in ((triager, 200), (administrator, 200), (reporter, 404), (None, 404)):
        assert api(user).get(path).status_code == status
        assert api(user).post(f"{path}undo/").status_code == (200 if user == triager else 409 if status == 200 else 404)
    api(reporter).patch("/api/v1/me/", {"email": "new@example.org"})
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/"
    assert [api(user).get(path).status_code for user in (reporter, triager, administrator)] == [404, 404, 200]


def test_counts_of_what_is_hidden_are_not_told(api, issue, product, triager, stranger):
    secret = services.create_issue(product, actor=triager, via="web", title="s", confidential=True)
    clients = [api(user) for user in (triager, stranger)]
    services.relate(issue, actor=triager, via="web", kind="blocks", other=secret)
    services.add_comment(issue, actor=triager, via="web", body="hush", internal=True, title="two")
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/"
    assert [client.get(path).json()["total"] for client in clients] == [1, None]


def test_undoing_what_belongs_to_the_site_needs_the_scope_for_it(api, administrator):
    api(administrator).patch("/api/v1/statuses/new/", {"name": "Newest"})
    path = f"/api/v1/batches/{Batch.objects.latest('id').pk}/undo/"
    answer = api(administrator, "write").post(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert api(administrator).post(path).status_code == 200
    assert api().get("/api/v1/statuses/new/").json()["name"] == "New"


def test_statuses(api, administrator):
    client = api(administrator)
    assert [row["slug"] for row in api().get("/api/v1/statuses/").json()["results"]] == [
        "new",
        "accepted",
        "in-progress",
        "closed",
    ]
    body = {"slug": "review", "name": "In review", "category": "started", "position": 35}
    made = client.post("/api/v1/statuses/", body)
    assert (made.status_code, made.json(), made["Location"]) == (201, body, "/api/v1/statuses/review/")
    assert client.patch(made["Location"], {"name": "Review"}).json()["name"] == "Review"
    put = client.put(made["Location"], {"slug": "review", "name": "étude", "category": "started"})
    assert put.json() == {"slug": "review", "name": "étude", "category": "started", "position": 0}
    for body, field in (
        ({"slug": "new", "name": "x", "category": "triage"}, "slug"),
        ({"slug": "a b", "name": "x", "category": "triage"}, "slug"),
        ({"slug": 5, "name": "x", "category": "triage"}, "slug"),
        ({"slug": "x", "name": "CLOSED", "category": "triage"}, "name"),
        ({"slug": "x", "name": "ÉTUDE", "category": "triage"}, "name"),
        ({"slug": "x", "name": "x", "category": "done"}, "category"),
        ({"slug": "x", "name": "x", "category": "triage", "position": 10**9}, "position"),
    ):
        answer = client.post("/api/v1/statuses/", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_status_that_is_used_keeps_its_category(api, issue, administrator):
    answer = api(administrator).patch("/api/v1/statuses/new/", {"category": "started"})
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
