"""Who may take what back: an undo gives nobody more than doing the same by hand would."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import create_user, update_user
from history.errors import Forbidden
from history.models import Batch
from issues.models import Comment, Relation, Status, Vote, Watch
from issues.services import (
    add_comment,
    ask,
    bulk,
    can_undo,
    create_issue,
    create_status,
    decide,
    purge,
    relate,
    restore_comment,
    restore_issue,
    resume,
    trash_comment,
    trash_issue,
    undo,
    undoing,
    unrelate,
    unvote,
    update_issue,
    vote,
    watch,
    withdraw,
)
from issues.tests.many import file_many
from issues.timeline import timeline
from products.models import Label, Product
from products.services import create_part, create_product, set_member, update_product

LATER = datetime(2126, 1, 1, tzinfo=UTC)


@pytest.fixture
def staff(db):
    """Stan, of the staff."""
    return create_user(actor=None, via="web", username="stan", is_staff=True)


@pytest.fixture
def secret(administrator):
    """The private product SEC, of which none but Ada is a member."""
    return create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def last():
    return Batch.objects.latest("id")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_staff_take_back_what_they_may_set_on_a_person(administrator, staff, stranger):
    update_user(stranger, actor=administrator, via="web", is_active=False)
    undo(last(), actor=staff, via="web")
    assert fresh(stranger).is_active


@pytest.mark.parametrize("field", ["is_superuser", "is_staff"])
def test_staff_raise_nobody_by_undo(administrator, staff, stranger, field):
    update_user(stranger, actor=administrator, via="web", **{field: True})
    update_user(stranger, actor=administrator, via="web", **{field: False})
    with pytest.raises(Forbidden):
        undo(last(), actor=staff, via="web")
    assert not getattr(fresh(stranger), field)
    undo(last(), actor=administrator, via="web")
    assert getattr(fresh(stranger), field)


def test_staff_take_back_nothing_of_a_superuser(administrator, staff, stranger):
    update_user(stranger, actor=administrator, via="web", is_superuser=True)
    update_user(stranger, actor=administrator, via="web", display_name="Samuel")
    with pytest.raises(Forbidden):
        undo(last(), actor=staff, via="web")


def test_a_move_is_taken_back_by_who_may_file_where_it_goes(issue, product, secret, administrator, triager):
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    update_issue(hidden, actor=administrator, via="web", product=product)
    batch = last()
    with pytest.raises(Forbidden) as refused:
        undo(batch, actor=triager, via="web")
    assert "SEC" not in str(refused.value)
    assert fresh(hidden).product == product
    set_member(secret, triager, "reporter", actor=administrator, via="web")
    undo(batch, actor=triager, via="web")
    assert fresh(hidden).key == "SEC-1"


def test_nothing_moves_back_into_an_archived_product(product, secret, administrator):
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    update_issue(hidden, actor=administrator, via="web", product=product)
    batch = last()
    update_product(secret, actor=administrator, via="web", archived=True)
    with pytest.raises(Forbidden) as refused:
        undo(batch, actor=administrator, via="web")
    assert refused.value.code == "archived"


def test_who_loses_the_right_while_an_undo_runs_on_moves_nothing_more(
    product, secret, administrator, triager, monkeypatch
):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    set_member(secret, triager, "triager", actor=administrator, via="web")
    issues = [create_issue(secret, actor=triager, via="web", title=title) for title in ("One", "Two")]
    update_issue(issues[0], actor=triager, via="web", product=product)
    batch = last()
    update_issue(issues[1], actor=triager, via="web", batch=batch, product=product)
    undone = undo(batch, actor=triager, via="web")
    set_member(secret, triager, None, actor=administrator, via="web")
    undone = resume(undone)
    assert [fresh(one).product for one in issues] == [product, secret]
    assert [left["field"] for left in undone.left_alone] == ["issue"]


def leave(product, triager, administrator):
    set_member(product, triager, None, actor=administrator, via="web")


def end(product, triager, administrator):
    update_user(triager, actor=administrator, via="web", is_active=False)


def archive(product, triager, administrator):
    update_product(product, actor=administrator, via="web", archived=True)


def raise_all(product, actor, count):
    """Return a batch that has given `count` new issues a priority, and these."""
    issues = file_many(product, actor, count)
    bulk.change([one.pk for one in issues], bulk.Plan({product.pk: {"priority": 3}}), actor=actor, via="web")
    return last(), issues


@pytest.mark.parametrize("lose", [leave, end, archive])
def test_nor_does_it_take_anything_else_back(product, administrator, triager, monkeypatch, lose):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    batch, issues = raise_all(product, administrator, 2)
    undone = undo(batch, actor=triager, via="web")
    lose(fresh(product), fresh(triager), administrator)
    undone = resume(undone)
    assert [fresh(one).priority for one in issues] == [3, 0]
    assert undone.left_alone == [{"issue": "WEB-1", "field": "issue", "by": None}]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("lose", [leave, archive])
def test_nor_does_who_loses_it_before_anything_is_locked(product, administrator, triager, monkeypatch, lose, count):
    batch, issues = raise_all(product, administrator, count)
    lock = undoing._lock_all_of

    def lose_first(events):
        lose(fresh(product), triager, administrator)
        lock(events)

    monkeypatch.setattr(undoing, "_lock_all_of", lose_first)
    if count == 1:
        refused_as(batch, triager)
    else:
        assert len(undo(batch, actor=triager, via="web").left_alone) == count
    assert {fresh(one).priority for one in issues} == {3}


def test_what_was_said_with_a_move_goes_with_it_also_where_a_step_ends_between(
    product, administrator, triager, monkeypatch
):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    home = create_product(actor=administrator, via="web", key="API", title="API")
    issue = create_issue(home, actor=administrator, via="web", title="Cart empties")
    decided = decide(issue, "reroute", actor=administrator, via="web", product=product, comment="Yours.")
    assert undo(decided.batch, actor=triager, via="web").left_alone == []
    assert fresh(issue).product == home and Comment.objects.get().deleted_at


@pytest.mark.parametrize("what", ["changed", "moved", "created"])
def test_to_ask_about_many_takes_no_more_than_about_few(product, administrator, triager, what):
    def asked(count):
        if what == "created":
            file_many(product, administrator, count)
        else:
            _batch, issues = raise_all(product, triager, count)
        if what == "moved":
            home = create_product(actor=administrator, via="web", key=f"TO{count}", title="API")
            set_member(home, triager, "triager", actor=administrator, via="web")
            plan = bulk.Plan({product.pk: {"product": home}})
            bulk.change([one.pk for one in issues], plan, actor=triager, via="web")
        batch = last()
        assert batch.events.count() == count
        with CaptureQueriesContext(connection) as queries:
            assert can_undo(triager, batch)
        return len(queries)

    assert asked(10) == asked(100)


@pytest.mark.parametrize(("field", "also"), [("parent", {}), ("duplicate_of", {"resolution": "fixed"})])
def test_an_issue_that_the_actor_does_not_see_is_not_named_again(issue, secret, administrator, triager, field, also):
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    update_issue(issue, actor=administrator, via="web", **{field: hidden})
    update_issue(fresh(issue), actor=administrator, via="web", **{field: None}, title="Better", **also)
    batch = last()
    undone = undo(batch, actor=triager, via="web")
    assert (fresh(issue).title, getattr(fresh(issue), field)) == ("Cart empties", None)
    assert field in {left["field"] for left in undone.left_alone}


def test_an_undo_closes_no_circle(issue, product, triager):
    other = create_issue(product, actor=triager, via="web", title="Other")
    update_issue(issue, actor=triager, via="web", parent=other)
    update_issue(issue, actor=triager, via="web", parent=None)
    batch = last()
    update_issue(other, actor=triager, via="web", parent=issue)
    undone = undo(batch, actor=triager, via="web")
    assert [left["field"] for left in undone.left_alone] == ["parent"]
    assert fresh(issue).parent is None


def test_what_is_purged_is_left_alone(issue, product, maintainer):
    other = create_issue(product, actor=maintainer, via="web", title="Other")
    update_issue(issue, actor=maintainer, via="web", parent=other)
    update_issue(issue, actor=maintainer, via="web", parent=None)
    batch = last()
    purge(trash_issue(other, actor=maintainer, via="web"), actor=maintainer, via="web")
    assert [left["field"] for left in undo(batch, actor=maintainer, via="web").left_alone] == ["parent"]


def test_labels_of_another_product_are_left_alone(issue, product, administrator):
    label = create_part(Label, product=product, actor=administrator, via="web", name="cart")
    update_issue(issue, actor=administrator, via="web", labels=[label])
    batches = []
    for key in ("API", "APP"):
        other = create_product(actor=administrator, via="web", key=key, title=key)
        update_issue(fresh(issue), actor=administrator, via="web", product=other)
        batches.append(last())
    undone = undo(batches[0], actor=administrator, via="web")
    assert {"labels", "product"} <= {left["field"] for left in undone.left_alone}
    assert fresh(issue).label_list == []


@pytest.mark.parametrize(
    ("changes", "own", "allowed"),
    [
        ({"title": "Better"}, True, True),
        ({"title": "Better"}, False, False),
        ({"title": "Better", "status": "closed"}, True, True),
        ({"resolution": "invalid"}, True, True),
        ({"status": "shelved"}, True, True),
        ({"status": "shelved", "resolution": "invalid"}, True, True),
        ({"status": "in-progress"}, True, False),
        ({"title": "Better", "priority": 3}, True, False),
        ({"snoozed_until": LATER}, True, False),
        ({"product": "API"}, True, False),
    ],
)
def test_who_is_no_triager_any_more_takes_back_what_they_may_still_do(
    product, reporter, triager, administrator, changes, own, allowed
):
    create_product(actor=administrator, via="web", key="API", title="API")
    create_status(actor=administrator, via="web", slug="shelved", name="Shelved", category="closed", position=9)
    issue = create_issue(product, actor=triager if own else reporter, via="web", title="Cart empties")
    if "resolution" in changes or changes.get("status") == "shelved":
        update_issue(issue, actor=triager, via="web", status=Status.objects.get(slug="closed"))
    rows = {"status": Status.objects.get, "product": Product.objects.get}
    named = {"status": "slug", "product": "key"}
    changes = {name: rows[name](**{named[name]: value}) if name in rows else value for name, value in changes.items()}
    update_issue(issue, actor=triager, via="web", **changes)
    batch = last()
    set_member(product, triager, None, actor=administrator, via="web")
    assert can_undo(triager, batch) == allowed
    entries, _cut = timeline(fresh(issue), triager)
    assert any(entry.may_undo for entry in entries if entry.event.batch_id == batch.pk) == allowed
    if allowed:
        undone = undo(batch, actor=triager, via="web")
        assert can_undo(triager, undone)


@pytest.mark.parametrize("end", [False, True])
def test_who_is_no_triager_any_more_takes_no_relation_back(product, triager, administrator, end):
    issue, other = (create_issue(product, actor=triager, via="web", title=title) for title in ("One", "Two"))
    relation = relate(issue, actor=triager, via="web", kind="blocks", other=other)
    if end:
        unrelate(relation, actor=triager, via="web")
    batch = last()
    assert can_undo(triager, batch)
    set_member(product, triager, None, actor=administrator, via="web")
    refused_as(batch, triager)
    entries, _cut = timeline(fresh(issue), triager)
    assert not any(entry.may_undo for entry in entries if entry.event.batch_id == batch.pk)
    assert Relation.objects.exists() != end


@pytest.mark.parametrize(("asked", "allowed"), [("reporter", False), ("triager", True)])
def test_who_is_no_triager_any_more_asks_nobody_else_again(
    issue, product, triager, administrator, request, asked, allowed
):
    question = ask(issue, actor=triager, via="web", requestee=request.getfixturevalue(asked), question="Which?")
    withdraw(question, actor=triager, via="web")
    batch = last()
    set_member(product, triager, None, actor=administrator, via="web")
    assert can_undo(triager, batch) == allowed
    entries, _cut = timeline(fresh(issue), triager)
    assert any(entry.may_undo for entry in entries if entry.event.batch_id == batch.pk) == allowed


def test_an_own_closing_is_taken_back_with_what_it_withdrew(issue, product, triager, reporter):
    question = ask(issue, actor=triager, via="web", requestee=triager, question="Which?")
    update_issue(issue, actor=reporter, via="web", status=Status.objects.get(slug="closed"))
    assert fresh(question).state == "withdrawn"
    undo(last(), actor=reporter, via="web")
    assert fresh(question).state == "open"


def test_of_two_changes_in_one_batch_both_are_asked_about(product, triager, administrator):
    issue = create_issue(product, actor=triager, via="web", title="Cart empties")
    update_issue(issue, actor=triager, via="web", title="Better")
    batch = last()
    set_member(product, triager, None, actor=administrator, via="web")
    assert can_undo(triager, batch)
    update_issue(fresh(issue), actor=administrator, via="web", batch=batch, priority=3)
    assert not can_undo(triager, batch)


def refused_as(batch, actor):
    """Return the code of why `actor` may not undo `batch`."""
    with pytest.raises(Forbidden) as refused:
        undo(batch, actor=actor, via="web")
    return refused.value.code


def test_nothing_in_an_archived_product_is_taken_back_but_the_archiving(issue, product, triager, maintainer):
    update_issue(issue, actor=triager, via="web", priority=3)
    batches = [last()]
    create_part(Label, product=product, actor=maintainer, via="web", name="cart")
    batches.append(last())
    update_product(product, actor=maintainer, via="web", title="Shop")
    batches.append(last())
    update_product(product, actor=maintainer, via="web", archived=True)
    archiving = last()
    for batch in batches:
        assert refused_as(batch, maintainer) == "archived"
    undo(archiving, actor=maintainer, via="web")
    assert not fresh(product).archived
    for batch in batches:
        undo(batch, actor=maintainer, via="web")
    assert fresh(product).title == "Web shop"


def test_out_of_the_trash_of_an_archived_product(issue, product, maintainer):
    trash_issue(issue, actor=maintainer, via="web")
    batch = last()
    update_product(product, actor=maintainer, via="web", archived=True)
    undo(batch, actor=maintainer, via="web")
    assert fresh(issue).deleted_at is None


def made(row, **doing):
    """Do nothing to what was just made: its creation is the last batch."""


def changed(row, **doing):
    update_issue(row, title="Better", **doing)


def restored(row, **doing):
    restore_issue(trash_issue(row, **doing), **doing)


def said(row, **doing):
    return add_comment(row, body="First", **doing)


def unsaid(row, **doing):
    return trash_comment(said(row, **doing), **doing)


def said_again(row, **doing):
    restore_comment(unsaid(row, **doing), **doing)


@pytest.mark.parametrize(
    ("do", "allowed"),
    [
        (made, True),
        (changed, True),
        (trash_issue, False),
        (restored, False),
        (said, True),
        (unsaid, False),
        (said_again, False),
    ],
)
def test_what_a_triager_takes_back_of_a_maintainers(product, maintainer, triager, do, allowed):
    issue = create_issue(product, actor=maintainer, via="web", title="Cart empties")
    do(issue, actor=maintainer, via="web")
    batch = last()
    if allowed:
        undo(batch, actor=triager, via="web")
    else:
        with pytest.raises(Forbidden):
            undo(batch, actor=triager, via="web")
        undo(batch, actor=maintainer, via="web")


@pytest.mark.parametrize(("role", "allowed"), [("viewer", True), (None, False)])
@pytest.mark.parametrize("kind", ["blocks", "blocked-by", "relates"])
def test_a_relation_is_taken_back_by_who_may_end_it(issue, secret, administrator, triager, kind, role, allowed):
    set_member(secret, triager, "viewer", actor=administrator, via="web")
    there = create_issue(secret, actor=administrator, via="web", title="There")
    relate(issue, actor=triager, via="web", kind=kind, other=there)
    batch = last()
    set_member(secret, triager, role, actor=administrator, via="web")
    assert can_undo(triager, batch) == allowed
    if allowed:
        assert undo(batch, actor=triager, via="web").left_alone == []
    assert Relation.objects.exists() != allowed


def test_a_page_offers_no_undo_that_would_be_refused(client, product, maintainer, triager):
    issue = create_issue(product, actor=maintainer, via="web", title="Cart empties")
    creation = last()
    client.force_login(triager)
    changed(issue, actor=maintainer, via="web")
    assert f"/batches/{last().pk}/undo/" in client.get(issue.get_absolute_url()).content.decode()
    restored(issue, actor=maintainer, via="web")
    assert f"/batches/{last().pk}/undo/" not in client.get(issue.get_absolute_url()).content.decode()
    page = client.post(f"/batches/{creation.pk}/undo/", follow=True)
    assert f"/batches/{last().pk}/undo/" not in page.content.decode()


def test_a_batch_is_undone_on_the_page_by_who_sees_it(client, product, maintainer, triager, reporter):
    issue = create_issue(product, actor=reporter, via="web", title="One")
    add_comment(issue, actor=triager, via="web", body="hush", internal=True)
    internal = last()
    client.force_login(reporter)
    assert client.post(f"/batches/{internal.pk}/undo/").status_code == 404
    trash_issue(issue, actor=maintainer, via="web")
    trashing = last()
    client.force_login(triager)
    assert client.post(f"/batches/{trashing.pk}/undo/").status_code == 404
    client.force_login(maintainer)
    assert client.post(f"/batches/{trashing.pk}/undo/").status_code == 302


class TestOwnAttention:
    """A viewer may vote and watch, and so take that back, whoever else may undo."""

    @pytest.fixture
    def hidden(self, secret, administrator, viewer):
        set_member(secret, viewer, "viewer", actor=administrator, via="web")
        return create_issue(secret, actor=administrator, via="web", title="Hole")

    @pytest.mark.parametrize("do", [vote, unvote, watch])
    def test_it_is_taken_back(self, api, hidden, viewer, stranger, do):
        if do is unvote:
            vote(hidden, actor=viewer, via="web")
        batch = do(hidden, actor=viewer, via="web")
        path = f"/api/v1/batches/{batch.pk}/"
        assert api(stranger).get(path).status_code == 404
        assert api(stranger).post(f"{path}undo/").status_code == 404
        client = api(viewer)
        assert client.get(path).json()["total"] == 1
        answer = client.post(f"{path}undo/")
        assert (answer.status_code, answer.json()["undone"], answer.json()["left_alone"]) == (200, 1, [])
        assert Vote.objects.count() == (do is unvote)
        assert not Watch.objects.filter(wanted=True).exists()
        again = client.post(f"/api/v1/batches/{answer.json()['batch']}/undo/")
        assert (again.status_code, Vote.objects.count()) == (200, do is vote)

    @pytest.mark.parametrize(("do", "code"), [(vote, 403), (watch, 404)])
    def test_that_of_others_is_not(self, api, secret, hidden, administrator, viewer, stranger, do, code):
        set_member(secret, stranger, "viewer", actor=administrator, via="web")
        batch = do(hidden, actor=viewer, via="web")
        assert api(stranger).post(f"/api/v1/batches/{batch.pk}/undo/").status_code == code

    def test_nor_what_one_undid_of_others_when_one_might(self, secret, hidden, administrator, viewer, triager):
        set_member(secret, triager, "triager", actor=administrator, via="web")
        undoing = undo(vote(hidden, actor=viewer, via="web"), actor=triager, via="web")
        set_member(secret, triager, "viewer", actor=administrator, via="web")
        with pytest.raises(Forbidden):
            undo(fresh(undoing), actor=triager, via="web")

    def test_what_one_sees_no_more_is_not_there(self, api, secret, hidden, administrator, viewer):
        batch = watch(hidden, actor=viewer, via="web")
        set_member(secret, viewer, None, actor=administrator, via="web")
        assert api(viewer).get(f"/api/v1/batches/{batch.pk}/").status_code == 404
        with pytest.raises(Forbidden):
            undo(batch, actor=viewer, via="web")

    def test_a_page_does_it_as_well(self, client, hidden, viewer):
        client.force_login(viewer)
        for do in (vote, watch):
            assert client.post(f"/batches/{do(hidden, actor=viewer, via='web').pk}/undo/").status_code == 302
        assert not Vote.objects.exists() and not Watch.objects.filter(wanted=True).exists()

    def test_the_history_offers_it(self, hidden, viewer):
        vote(hidden, actor=viewer, via="web")
        entries, _cut = timeline(fresh(hidden), viewer)
        assert [entry.may_undo for entry in entries] == [True]
