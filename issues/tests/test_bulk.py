"""One change to many issues: foreseen and made, refused one by one, large ones by the worker, undone as one."""

from contextlib import nullcontext
from itertools import count
from unittest.mock import Mock

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from history import log
from history.models import Batch, Event
from issues.finding import search
from issues.models import Issue
from issues.services import bulk, create_issue, purge, trash_issue, update_issue
from issues.tests.many import file_many
from products.models import Component, Label, Product
from products.services import create_part, create_product, set_member, trash_product, update_part, update_product

BULK = "/api/v1/issues/bulk/"


@pytest.fixture
def parts(product, maintainer):
    make = {"product": product, "actor": maintainer, "via": "web"}
    create_part(Component, name="Cart", **make)
    return [create_part(Label, name=name, **make) for name in ("bug", "ui", "os/linux", "os/mac")]


@pytest.fixture
def issues(product, parts, reporter):
    return [create_issue(product, actor=reporter, via="web", title=f"Cart {number}") for number in range(1, 5)]


@pytest.fixture
def other(administrator, reporter):
    """The product API, which Tom does not triage, with an issue of its own."""
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(other, actor=reporter, via="web", title="Cart of another")
    return other


def send(api, user, code=200, **body):
    answer = api(user).post(BULK, body, format="json")
    assert answer.status_code == code, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("wanted", "field", "value"),
    [
        ({"priority": "high"}, "priority", "high"),
        ({"status": "in-progress"}, "status", "in-progress"),
        ({"status": "closed", "resolution": "invalid"}, "resolution", "invalid"),
        ({"component": "cart"}, "component", "Cart"),
        ({"assignee": "mia"}, "assignee", {"username": "mia", "display_name": "Mia"}),
        ({"due_on": "2030-01-02"}, "due_on", "2030-01-02"),
        ({"snoozed_until": "2030-01-02T10:00:00Z"}, "snoozed_until", "2030-01-02T10:00:00Z"),
        ({"labels": ["bug"]}, "labels", ["bug"]),
        ({"add_labels": ["ui"]}, "labels", ["os/linux", "ui"]),
        ({"remove_labels": ["os/linux", "nothing"]}, "labels", []),
        ({"labels": []}, "labels", []),
        ({"add_labels": ["ui"], "remove_labels": ["nothing"]}, "labels", ["os/linux", "ui"]),
        ({"add_labels": [], "remove_labels": ["os/linux"]}, "labels", []),
        ({"confidential": True}, "confidential", True),
        ({"decision": "accept", "priority": "low"}, "status", "accepted"),
        ({"decision": "decline", "resolution": "wont-do", "comment": "Sorry."}, "comment_count", 1),
        ({"decision": "duplicate", "duplicate_of": "WEB-4"}, "duplicate_of", "WEB-4"),
        ({"decision": "needinfo", "ask": "rosa", "question": "Which?"}, "waiting", "reporter"),
        ({"decision": "snooze", "until": "2030-01-02T10:00:00Z"}, "snoozed_until", "2030-01-02T10:00:00Z"),
    ],
)
def test_what_can_be_set_on_many(api, issues, parts, triager, wanted, field, value):
    for issue in issues[:2]:
        update_issue(issue, actor=triager, via="web", labels=[parts[2]])
    body = {"ids": [issue.pk for issue in issues[:2]], "set": wanted}
    expected = {"matched": 2, "changes": 2, "unchanged": 0, "refused": []}
    versions = list(Issue.objects.order_by("pk").values_list("lock_version", flat=True))
    assert send(api, triager, **body, dry_run=True) == expected
    assert list(Issue.objects.order_by("pk").values_list("lock_version", flat=True)) == versions
    done = send(api, triager, **body)
    assert {name: done[name] for name in expected} == expected
    client = api(triager)
    assert [client.get(f"/api/v1/issues/WEB-{number}/").json()[field] for number in (1, 2)] == [value, value]
    assert client.get("/api/v1/issues/WEB-3/").json()[field] != value or (field == "labels" and value == [])
    batch = client.get(f"/api/v1/batches/{done['batch']}/").json()
    assert (batch["state"], batch["total"], batch["done"]) == ("done", 2, 2)
    assert client.post(f"/api/v1/batches/{done['batch']}/undo/").json()["left_alone"] == []
    for issue in Issue.objects.all():
        assert log.replay("issue", issue.pk) == log.present(issue)


def test_by_a_query_with_what_is_so_already_and_what_is_refused(api, issues, other, triager):
    update_issue(issues[0], actor=triager, via="web", priority=3)
    body = {"q": "cart sort:number", "set": {"priority": "high"}}
    expected = {"matched": 5, "changes": 3, "unchanged": 1, "refused": [{"issue": "API-1", "code": "forbidden"}]}
    assert send(api, triager, **body, dry_run=True) == expected
    done = send(api, triager, **body)
    assert {name: done[name] for name in expected} == expected
    assert Batch.objects.get(pk=done["batch"]).query == "cart sort:number-desc"
    assert Issue.objects.filter(priority=3).count() == 4


@pytest.mark.parametrize("by", ["q", "ids"])
def test_below_a_product_it_is_of_that_product_alone(api, issues, other, administrator, by):
    chosen = {"q": "cart"} if by == "q" else {"ids": list(Issue.objects.values_list("pk", flat=True))}
    path = "/api/v1/products/WEB/issues/bulk/"
    for dry_run in (True, False):
        body = {**chosen, "set": {"priority": "high"}, "dry_run": dry_run}
        answer = api(administrator).post(path, body, format="json")
        assert (answer.status_code, answer.json()["matched"], answer.json()["changes"]) == (200, 4, 4)
    assert not Issue.objects.filter(product=other, priority=3).exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("cart", "product:WEB cart"),
        ("cart OR is:closed", "product:WEB (cart OR is:closed)"),
        ("cart product:web,API sort:number", "product:WEB cart sort:number-desc"),
    ],
)
def test_what_it_was_chosen_by_is_said_alike_on_pages_and_in_the_api(api, client, issues, other, triager, query, said):
    path = "/api/v1/products/WEB/issues/bulk/"
    assert api(triager).post(path, {"q": query, "set": {"priority": "high"}}, format="json").status_code == 200
    client.force_login(triager)
    client.post("/issues/bulk/", {"q": query, "in": "WEB", "words": "p low", "apply": "1"})
    assert list(Batch.objects.order_by("-id").values_list("query", flat=True)[:2]) == [said, said]
    assert search(triager, text=said).apply(Issue.objects.visible_to(triager)).count() == 4


def test_names_of_one_product_alone(api, issues, other, triager, administrator):
    set_member(other, triager, "triager", actor=administrator, via="web")
    body = {"q": "cart", "set": {"component": "Cart"}}
    refused = [{"issue": "API-1", "code": "unknown"}]
    assert send(api, triager, **body, dry_run=True)["refused"] == send(api, triager, **body)["refused"] == refused
    assert Issue.objects.filter(component__name="Cart").count() == 4


@pytest.fixture
def moving(issues, other, parts, triager, administrator):
    """Two issues with labels, of which API has one as well, and another that WEB lacks; Tom triages there, too."""
    set_member(other, triager, "triager", actor=administrator, via="web")
    for name in ("bug", "theirs"):
        create_part(Label, product=other, actor=administrator, via="web", name=name)
    for issue in issues[:2]:
        update_issue(issue, actor=triager, via="web", labels=parts[:3])
    return [issue.pk for issue in issues[:2]]


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        ({}, ["bug"]),
        ({"remove_labels": ["ui"]}, ["bug"]),
        ({"remove_labels": ["bug"]}, []),
        ({"add_labels": ["theirs"]}, ["bug", "theirs"]),
        ({"add_labels": ["theirs"], "remove_labels": ["bug", "os/linux"]}, ["theirs"]),
        ({"labels": ["theirs"]}, ["theirs"]),
    ],
)
@pytest.mark.parametrize("by", [{}, {"decision": "reroute"}])
def test_labels_of_what_moves_are_those_of_its_new_product(api, moving, other, triager, wanted, labels, by):
    body = {"ids": moving, "set": {"product": "API", **wanted, **by}}
    expected = {"matched": 2, "changes": 2, "unchanged": 0, "refused": []}
    assert send(api, triager, **body, dry_run=True) == expected
    done = send(api, triager, **body)
    assert {name: done[name] for name in expected} == expected
    found = Issue.objects.filter(pk__in=moving, product=other)
    assert [[label.name for label in issue.label_list] for issue in found] == [labels] * 2


@pytest.mark.parametrize("by", [{}, {"decision": "reroute"}])
@pytest.mark.parametrize("wanted", [{"add_labels": ["ui"]}, {"labels": ["ui"]}])
def test_a_label_that_the_new_product_lacks_is_refused(api, moving, triager, wanted, by):
    answer = send(api, triager, 400, ids=moving, set={"product": "API", **wanted, **by})
    assert "ui" in str(answer["errors"])


def test_what_moves_to_where_it_is_keeps_its_archived_labels(api, moving, parts, triager, maintainer):
    update_part(parts[2], actor=maintainer, via="web", archived=True)
    send(api, triager, ids=moving, set={"product": "WEB", "remove_labels": ["ui"]})
    found = Issue.objects.filter(pk__in=moving)
    assert [[label.name for label in issue.label_list] for issue in found] == [["bug", "os/linux"]] * 2


def test_what_does_not_fit_is_refused_alone(api, issues, parts, triager, maintainer):
    update_issue(issues[0], actor=triager, via="web", labels=[parts[2]])
    update_issue(issues[1], actor=maintainer, via="web", status=issues[0].status.__class__.objects.get(slug="accepted"))
    body = {"q": "cart", "set": {"add_labels": ["os/mac"]}}
    assert send(api, triager, **body, dry_run=True)["refused"] == [{"issue": "WEB-1", "code": "exclusive"}]
    assert send(api, triager, **body)["changes"] == 3
    body = {"q": "cart", "set": {"decision": "accept"}}
    done = send(api, triager, **body)
    assert (done["changes"], done["refused"]) == (3, [{"issue": "WEB-2", "code": "decided"}])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"set": {"priority": "low"}}, "q"),
        ({"q": "cart", "ids": [1], "set": {"priority": "low"}}, "q"),
        ({"q": "cart", "set": {}}, "set"),
        ({"q": "cart"}, "set"),
        ({"q": "is:nonsense", "set": {"priority": "low"}}, "q"),
        ({"q": "cart", "set": {"priority": "huge"}}, "set.priority"),
        ({"q": "cart", "set": {"nothing": 1}}, "set.nothing"),
        ({"q": "cart", "set": {"component": "Nope"}}, "set.component"),
        ({"q": "cart", "set": {"add_labels": ["nope"]}}, "set.add_labels"),
        ({"q": "cart", "set": {"add_labels": "bug"}}, "set.add_labels"),
        ({"q": "cart", "set": {"decision": "keep"}}, "set.decision"),
        ({"q": "cart", "set": {"decision": "accept", "priority": "huge"}}, "set.priority"),
        ({"q": "cart", "set": {"decision": "accept", "component": "Nope"}}, "set.component"),
        ({"q": "cart", "set": {"decision": "accept", "set": {"priority": "low"}}}, "set.set"),
        ({"ids": ["WEB-1"], "set": {"priority": "low"}}, "ids.0"),
        ({"q": "cart", "set": {"priority": "low"}, "force": True}, "force"),
    ],
)
def test_what_is_wrong_changes_nothing(api, issues, triager, body, field):
    answer = send(api, triager, 400, **body)
    assert list(answer["errors"]) == [field], answer
    assert not Batch.objects.filter(todo__isnull=False).exists()


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ({"priorty": "high"}, ["set.priorty"]),
        ({"priority": "huge", "status": "nope"}, ["set.priority", "set.status"]),
        ({"add_labels": "bug"}, ["set.add_labels"]),
        ({"decision": "keep"}, ["set.decision"]),
        ({"decision": "accept", "priority": "huge"}, ["set.priority"]),
        ({"decision": "snooze", "until": "soon"}, ["set.until"]),
        # What a product may have.
        ({"component": "Nope", "add_labels": ["nope"]}, []),
        ({"decision": "reroute", "product": "API"}, []),
        ({"product": "API", "priority": "high"}, []),
    ],
)
@pytest.mark.parametrize("path", [BULK, "/api/v1/products/WEB/issues/bulk/"])
def test_what_is_wrong_is_said_where_nothing_is_found(api, issues, other, triager, path, wanted, fields):
    for dry_run in (True, False):
        body = {"q": "title:nosuchthing", "set": wanted, "dry_run": dry_run}
        answer = api(triager).post(path, body, format="json")
        assert answer.status_code == (400 if fields else 200), answer.content
        assert sorted(answer.json().get("errors", ())) == fields


@pytest.mark.parametrize("more", [{}, {"component": "Cart"}, {"decision": "accept"}])
def test_what_is_no_field_is_none_in_any_product(api, issues, other, triager, more):
    answer = send(api, triager, 400, q="cart", set={"nothing": 1, **more})
    assert "no such field" in str(answer["errors"]) and not Batch.objects.filter(todo__isnull=False).exists()


def test_what_is_hidden_is_not_matched(api, issues, triager, reporter, stranger):
    update_issue(issues[0], actor=triager, via="web", confidential=True)
    done = send(api, stranger, ids=[issue.pk for issue in issues], set={"priority": "low"})
    assert (done["matched"], done["changes"]) == (3, 0)
    assert "WEB-1" not in str(done)
    assert api().post(BULK, {"q": "cart", "set": {"priority": "low"}}, format="json").status_code == 401


@pytest.fixture
def locked(monkeypatch):
    """The ids of the issues that bulk changes have locked, call by call."""
    locked, lock_family = [], bulk.lock_family
    monkeypatch.setattr(bulk, "lock_family", lambda *ids, **more: locked.append(list(ids)) or lock_family(*ids, **more))
    return locked


@pytest.mark.parametrize("at_once", [1, 500])
@pytest.mark.parametrize("wanted", [{"priority": "low"}, {"parent": "WEB-4"}])
def test_who_may_change_nothing_locks_nothing_and_leaves_nothing_to_the_worker(
    api, issues, stranger, monkeypatch, locked, wanted, at_once
):
    monkeypatch.setattr(bulk, "AT_ONCE", at_once)
    done = send(api, stranger, ids=[issue.pk for issue in issues], set=wanted)
    refused = [{"issue": issue.key, "code": "forbidden"} for issue in issues]
    assert (done["matched"], done["changes"], done["refused"]) == (4, 0, refused)
    assert (locked, list(bulk.unfinished())) == ([], [])
    batch = Batch.objects.get(pk=done["batch"])
    assert (batch.done, batch.todo.keys()) == (4, {"changes", "unchanged", "refused"})


def test_of_products_that_refuse_all_nothing_is_locked(api, issues, other, triager, administrator, locked):
    theirs = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    set_member(theirs, triager, "triager", actor=administrator, via="web")
    create_issue(theirs, actor=triager, via="web", title="Cart without parts")
    done = send(api, triager, q="cart sort:created-asc", set={"component": "Cart"})
    assert (done["matched"], done["changes"]) == (6, 4)
    assert done["refused"] == [{"issue": "API-1", "code": "forbidden"}, {"issue": "OPS-1", "code": "unknown"}]
    assert locked == [[issue.pk for issue in issues]]


@pytest.fixture
def linked(issues, other, maintainer):
    """WEB-1 and WEB-2: what they link to is, in one order or the other, WEB-4 and an issue that Tom does not see."""

    def link(field, hidden):
        for place, issue in enumerate(issues[:2]):
            target = other.issues.get() if place == hidden else issues[3]
            update_issue(issue, actor=maintainer, via="web", **{field: target})
        Product.objects.filter(pk=other.pk).update(visibility="private")
        return issues[:2]

    return link


@pytest.mark.parametrize("hidden", [0, 1])
@pytest.mark.parametrize("decision", [{}, {"decision": "accept"}])
def test_links_that_are_hidden_stay_and_the_others_go(api, linked, triager, decision, hidden):
    issues = linked("parent", hidden)
    body = {"ids": [issue.pk for issue in issues], "set": {"parent": None, **decision}}
    dry, done = send(api, triager, **body, dry_run=True), send(api, triager, **body)
    assert dry["changes"] == done["changes"] == (2 if decision else 1)
    assert list(Issue.objects.exclude(parent=None)) == [issues[hidden]]


@pytest.mark.parametrize("hidden", [0, 1])
def test_nothing_tells_of_an_original_that_is_hidden(api, linked, triager, hidden):
    issues = linked("duplicate_of", hidden)
    body = {"ids": [issue.pk for issue in issues], "set": {"duplicate_of": None}}
    dry, done = send(api, triager, **body, dry_run=True), send(api, triager, **body)
    assert (dry["unchanged"], dry["refused"]) == (done["unchanged"], done["refused"])
    assert dry["refused"] == [{"issue": issues[1 - hidden].key, "code": "required"}]


def test_an_archived_product_refuses(api, issues, product, triager, maintainer):
    update_product(product, actor=maintainer, via="web", archived=True)
    done = send(api, triager, q="cart", set={"priority": "low"})
    assert {one["code"] for one in done["refused"]} == {"archived"}


def test_large_ones_are_finished_by_the_worker(api, product, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 20)
    file_many(product, triager, 60)
    done = send(api, triager, 202, q="is:open", set={"priority": "high"})
    batch = Batch.objects.get(pk=done["batch"])
    told = api(triager).get(f"/api/v1/batches/{batch.pk}/").json()
    assert (told["state"], told["total"], told["done"]) == ("running", 60, 0)
    assert api(triager).post(f"/api/v1/batches/{batch.pk}/undo/").status_code == 409
    batch = bulk.carry_on(batch)
    assert (batch.done, Issue.objects.filter(priority=3).count()) == (bulk.CHUNK, bulk.CHUNK)
    call_command("worker", once=True)
    told = api(triager).get(f"/api/v1/batches/{batch.pk}/").json()
    assert (told["state"], told["done"], Issue.objects.filter(priority=3).count()) == ("done", 60, 60)
    assert api(triager).post(f"/api/v1/batches/{batch.pk}/undo/").status_code == 200
    assert not Issue.objects.filter(priority=3).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails_at", [1, 2])
def test_what_is_written_down_goes_on_when_the_database_is_back(api, product, triager, monkeypatch, fails_at):
    calls, lock_family = count(1), bulk.lock_family

    def away(*ids, **beside):
        if next(calls) == fails_at:
            raise OperationalError("database is locked")
        lock_family(*ids, **beside)

    monkeypatch.setattr(bulk, "CHUNK", 2)
    monkeypatch.setattr(bulk, "lock_family", away)
    file_many(product, triager, 5)
    done = send(api, triager, 202, q="is:open", set={"priority": "high"})
    assert Issue.objects.filter(priority=3).count() == 2 * (fails_at - 1)
    call_command("worker", once=True)
    batch = Batch.objects.get(pk=done["batch"])
    assert (batch.state, batch.todo["changes"], Issue.objects.filter(priority=3).count()) == ("done", 5, 5)


def test_within_one_transaction_nothing_of_it_stays_when_the_database_goes_away(product, issues, triager, monkeypatch):
    monkeypatch.setattr(bulk, "carry_on", Mock(side_effect=OperationalError("database is locked")))
    plan = bulk.Plan({product.pk: {"priority": 3}})
    with pytest.raises(OperationalError), transaction.atomic():
        bulk.change([one.pk for one in issues], plan, actor=triager, via="api")
    assert not bulk.unfinished().exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_part", [True, False])
def test_a_change_within_a_transaction_locks_all_of_them_first(product, issues, triager, monkeypatch, locked, is_part):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    ids = [one.pk for one in issues[:3]]
    plan = bulk.Plan({product.pk: {"parent": issues[3]}})
    with transaction.atomic() if is_part else nullcontext():
        assert bulk.change(ids, plan, actor=triager, via="api").state == "done"
    # Alone it never holds more than a step asks for.
    steps = [[pk, issues[3].pk] for pk in ids]
    assert locked == ([[*ids, issues[3].pk], *steps] if is_part else steps)


def test_rights_are_asked_for_again_by_the_worker(api, product, triager, maintainer, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    file_many(product, maintainer, 3)
    done = send(api, triager, 202, q="is:open", set={"priority": "high"})
    set_member(product, triager, "reporter", actor=maintainer, via="web")
    call_command("worker", once=True)
    batch = Batch.objects.get(pk=done["batch"])
    assert (batch.state, batch.todo["changes"], len(batch.todo["refused"])) == ("done", 0, 3)


def test_what_moves_away_while_it_waits_is_refused(api, product, triager, administrator, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    file_many(product, triager, 3)
    elsewhere = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    set_member(elsewhere, triager, "triager", actor=administrator, via="web")
    done = send(api, triager, 202, q="is:open", set={"priority": "high"})
    update_issue(Issue.objects.get(number=2), actor=administrator, via="web", product=elsewhere)
    call_command("worker", once=True)
    batch = Batch.objects.get(pk=done["batch"])
    assert (batch.state, batch.todo["changes"], batch.todo["refused"]) == ("done", 2, [["OPS-1", "moved"]])


def test_a_preview_asks_no_more_for_many(product, triager):
    counts = []
    for amount in (10, 15):
        issues = file_many(product, triager, amount)
        plan = bulk.Plan({product.pk: {"priority": 3}})
        bulk.preview([issues[0].pk], plan, actor=triager)
        with CaptureQueriesContext(connection) as made:
            assert bulk.preview([issue.pk for issue in issues], plan, actor=triager).changes == amount
        counts.append(len(made) - 2 * amount)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("field", "also"), [("parent", {}), ("duplicate_of", {"resolution": "fixed"})])
def test_a_preview_asks_no_more_for_issues_with_links(product, triager, field, also):
    original, *others = file_many(product, triager, 6)
    plan = bulk.Plan({product.pk: {field: None, **also}})
    counts = []
    for one in others:
        update_issue(one, actor=triager, via="web", **{field: original})
    for amount in (2, 5):
        with CaptureQueriesContext(connection) as made:
            assert bulk.preview([one.pk for one in others[:amount]], plan, actor=triager).refused == []
        counts.append(len(made) - 2 * amount)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"decision": "needinfo", "ask": "rosa"}, "blank"),
        ({"decision": "needinfo", "ask": "sam", "question": "Which?", "confidential": True}, "person"),
        ({"decision": "needinfo", "ask": "rosa", "question": "Which?"}, None),
        ({"decision": "accept", "comment": " "}, None),
        ({"decision": "snooze", "until": "2020-01-02T10:00:00Z"}, "required"),
        ({"decision": "decline"}, "required"),
        ({"decision": "duplicate", "duplicate_of": "WEB-1"}, "circle"),
    ],
)
def test_what_is_foreseen_is_what_is_done(api, issues, triager, stranger, wanted, code):
    body = {"ids": [issues[0].pk], "set": wanted}
    foreseen = send(api, triager, **body, dry_run=True)
    done = send(api, triager, **body)
    done.pop("batch")
    assert foreseen == done
    assert [one["code"] for one in done["refused"]] == ([code] if code else [])


def test_nothing_is_kept_of_what_was_said(api, issues, triager):
    send(api, triager, ids=[issues[0].pk], set={"decision": "accept", "comment": "hunter2"})
    assert Batch.objects.latest("id").todo == {"changes": 1, "unchanged": 0, "refused": []}


def test_what_it_names_may_be_purged_while_it_waits(product, issues, triager, administrator, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    original, *others = issues
    plan = bulk.Plan({product.pk: {}}, "duplicate", {product.pk: {"duplicate_of": original}})
    batch = bulk.change([one.pk for one in others], plan, actor=triager, via="web")
    trash_issue(original, actor=administrator, via="web")
    purge(Issue.objects.get(pk=original.pk), actor=administrator, via="web")
    call_command("worker", once=True)
    batch.refresh_from_db()
    assert (batch.state, batch.todo["changes"]) == (Batch.State.FAILED, 0)
    assert not bulk.unfinished().exists()


def test_nothing_moves_into_a_product_that_went_to_the_trash_while_it_waits(
    product, issues, other, triager, administrator, monkeypatch
):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    plan = bulk.Plan({product.pk: {"product": other}})
    batch = bulk.change([one.pk for one in issues], plan, actor=triager, via="web")
    trash_product(other, actor=administrator, via="web")
    call_command("worker", once=True)
    batch.refresh_from_db()
    refused = [[one.key, "absent"] for one in issues]
    assert (batch.state, batch.todo["changes"], batch.todo["refused"]) == ("done", 0, refused)
    assert Issue.objects.filter(product=product).count() == len(issues)


def test_the_worker_tells_the_time_at_which_it_changes_them(api, product, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    first, _second = file_many(product, triager, 2)
    done = send(api, triager, 202, q="is:open", set={"priority": "high"})
    asked = Batch.objects.get(pk=done["batch"]).at
    changed = update_issue(first, actor=triager, via="web", title="Meanwhile").updated_at
    call_command("worker", once=True)
    assert Issue.objects.get(pk=first.pk).updated_at > changed
    moments = list(Event.objects.filter(issue=first).order_by("number").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert Batch.objects.get(pk=done["batch"]).at == asked
