"""Undo: a batch is taken back, and what somebody has changed since is left alone and reported."""

from itertools import count

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.services import create_token, create_user, set_password, update_user
from accounts.services.factors import remove_factors
from accounts.services.invitations import invite
from history import log
from history.errors import Conflict, Forbidden
from history.models import Batch, Change, Event
from issues.models import Comment, Issue, Relation, Status
from issues.services import (
    add_comment,
    ask,
    can_undo,
    create_issue,
    create_status,
    edit_comment,
    purge,
    redact,
    relate,
    restore_comment,
    restore_issue,
    resume,
    running,
    trash_comment,
    trash_issue,
    undo,
    undoing,
    unrelate,
    update_issue,
    update_status,
)
from products import access
from products.models import Component, Label, Member
from products.services import (
    create_part,
    create_product,
    restore_product,
    set_member,
    trash_product,
    update_part,
    update_product,
)


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def change(issue, actor, **changes):
    update_issue(issue, actor=actor, via="web", **changes)
    return Batch.objects.latest("id")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def take_back(batch, actor):
    return undo(batch, actor=actor, via="web")


def to(slug):
    return Status.objects.get(slug=slug)


def test_a_change_is_taken_back_and_so_is_the_undo(issue, triager):
    undone = take_back(change(issue, triager, title="Better", priority=4), triager)
    assert (undone.left_alone, undone.state) == ([], "done")
    assert (fresh(issue).title, fresh(issue).priority) == ("Cart empties", 0)
    take_back(undone, triager)
    assert (fresh(issue).title, fresh(issue).priority) == ("Better", 4)


def test_what_was_changed_since_is_left_alone_and_reported(issue, triager, maintainer):
    batch = change(issue, triager, title="Better", priority=4)
    change(issue, maintainer, priority=2)
    undone = take_back(batch, triager)
    assert undone.left_alone == [{"issue": "WEB-1", "field": "priority", "by": "mia"}]
    assert (fresh(issue).title, fresh(issue).priority) == ("Cart empties", 2)


def test_a_batch_is_undone_once(issue, triager):
    batch = change(issue, triager, title="Better")
    take_back(batch, triager)
    with pytest.raises(Conflict) as refused:
        take_back(batch, triager)
    assert refused.value.code == "undone"


def test_undoing_a_reopening_brings_back_when_and_how_it_was_closed(issue, triager):
    change(issue, triager, status=to("closed"), resolution="invalid")
    closed = fresh(issue)
    take_back(change(issue, triager, status=to("new")), triager)
    assert (fresh(issue).status.slug, fresh(issue).resolution) == ("closed", "invalid")
    assert fresh(issue).closed_at == closed.closed_at


def test_status_and_resolution_stay_together(issue, triager):
    batch = change(issue, triager, status=to("closed"))
    change(issue, triager, resolution="invalid")
    undone = take_back(batch, triager)
    assert {left["field"] for left in undone.left_alone} >= {"status", "resolution"}
    assert (fresh(issue).status.slug, fresh(issue).resolution) == ("closed", "invalid")


def test_labels_are_taken_back_one_by_one(issue, product, triager, maintainer):
    one, two = (create_part(Label, product=product, actor=maintainer, via="web", name=name) for name in "ab")
    batch = change(issue, triager, labels=[one])
    change(issue, triager, labels=[one, two])
    assert take_back(batch, triager).left_alone == []
    assert fresh(issue).label_list == [two]


def test_a_created_issue_goes_to_the_trash_and_back(issue, triager, maintainer):
    undone = take_back(Batch.objects.get(events__issue=issue), triager)
    assert fresh(issue).deleted_at
    take_back(undone, maintainer)
    assert fresh(issue).deleted_at is None


def test_a_move_is_taken_back_to_the_old_number(issue, administrator, product):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    take_back(change(issue, administrator, product=other), administrator)
    assert fresh(issue).key == "WEB-1"


@pytest.mark.parametrize(
    ("before", "since", "component", "labels"),
    [
        (None, "Basket", None, []),
        (None, "Checkout", "Checkout", ["Checkout"]),
        ("Cart", None, "Cart", ["Cart"]),
        ("Cart", "Basket", "Cart", ["Cart"]),
        ("Cart", "Checkout", "Cart", ["Cart", "Checkout"]),
    ],
)
@pytest.mark.parametrize("part", [Component, Label])
def test_a_move_is_taken_back_also_where_a_part_was_set_since(
    issue, administrator, product, part, before, since, component, labels
):
    def named(home, name):
        return name and part.objects.get(product=home, name=name)

    def put(home, name):
        rows = {"component": named(home, name)} if part is Component else {"labels": [named(home, name)]}
        return name and change(fresh(issue), administrator, **rows)

    def parts():
        row = fresh(issue)
        return [label.name for label in row.label_list] if part is Label else row.component and row.component.name

    other = create_product(actor=administrator, via="web", key="API", title="API")
    for home, names in ((product, ("Cart", "Checkout")), (other, ("Basket", "Checkout"))):
        for name in names:
            create_part(part, product=home, actor=administrator, via="web", name=name)
    put(product, before)
    moving = change(fresh(issue), administrator, product=other)
    put(other, since)
    there = parts()
    undone = take_back(moving, administrator)
    assert (fresh(issue).key, undone.left_alone) == ("WEB-1", [])
    assert parts() == (labels if part is Label else component)
    assert {label.product for label in fresh(issue).label_list} <= {product}
    assert take_back(undone, administrator).left_alone == []
    assert (fresh(issue).product, parts()) == (other, there)


@pytest.mark.parametrize(
    ("before", "since", "labels"),
    [
        (["Cart", "Checkout"], ["Basket"], ["Cart"]),
        (["Cart", "Checkout"], ["Basket", "Checkout"], ["Cart", "Checkout"]),
        (["Cart", "Checkout"], [], ["Cart"]),
        (["Checkout"], [], []),
        (["Checkout"], ["ux"], ["ux"]),
    ],
)
def test_a_move_gives_back_the_labels_that_nobody_has_taken_off_since(
    issue, administrator, product, before, since, labels
):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    for home, names in ((product, ("Cart", "Checkout")), (other, ("Basket", "Checkout")), (None, ("ux",))):
        for name in names:
            create_part(Label, product=home, actor=administrator, via="web", name=name)
    change(issue, administrator, labels=list(Label.objects.filter(product=product, name__in=before)))
    moving = change(fresh(issue), administrator, product=other)
    chosen = Label.objects.filter(name__in=since).exclude(product=product)
    change(fresh(issue), administrator, labels=list(chosen))
    assert take_back(moving, administrator).left_alone == []
    assert [(label.name, label.product in (product, None)) for label in fresh(issue).label_list] == [
        (name, True) for name in labels
    ]


def test_nor_does_an_assignee_stand_in_its_way(issue, administrator, product, stranger):
    home = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="private")
    change(issue, administrator, product=home)
    moving = change(fresh(issue), administrator, product=product)
    change(fresh(issue), administrator, assignee=stranger)
    assert take_back(moving, administrator).left_alone == []
    assert (fresh(issue).product, fresh(issue).assignee) == (home, None)


def test_an_undo_that_leaves_all_alone_can_be_asked_for_again(issue, triager, maintainer):
    batch = change(issue, triager, title="Better")
    since = change(issue, maintainer, title="Best")
    assert take_back(batch, triager).left_alone == [{"issue": "WEB-1", "field": "title", "by": "mia"}]
    assert fresh(batch).undone_by is None
    take_back(since, triager)
    assert take_back(batch, triager).left_alone == []
    assert fresh(issue).title == "Cart empties"


def test_comments_are_taken_back(issue, reporter, maintainer):
    comment = add_comment(issue, actor=reporter, via="web", body="First")
    written = Batch.objects.latest("id")
    edit_comment(comment, actor=reporter, via="web", body="Second")
    take_back(Batch.objects.latest("id"), reporter)
    assert fresh(comment).body == "First"
    take_back(written, reporter)
    assert fresh(comment).deleted_at
    assert fresh(issue).comment_count == 0


def test_a_long_comment_of_an_import_comes_back_whole(issue, reporter):
    comment = add_comment(issue, actor=reporter, via="web", body="First")
    long = "é" * 50 * 1024
    Comment.objects.filter(pk=comment.pk).update(body=long)
    edit_comment(comment, actor=reporter, via="web", body="Second")
    assert take_back(Batch.objects.latest("id"), reporter).left_alone == []
    assert fresh(comment).body == long


def test_a_trashed_comment_comes_back(issue, reporter, maintainer):
    comment = add_comment(issue, actor=reporter, via="web", body="First")
    trash_comment(comment, actor=maintainer, via="web")
    take_back(Batch.objects.latest("id"), maintainer)
    assert Comment.objects.visible_to(reporter).get() == comment


@pytest.mark.parametrize("kind", ["blocks", "blocked-by", "relates"])
def test_relations_are_taken_back(issue, product, triager, kind):
    other = create_issue(product, actor=triager, via="web", title="Two")
    relation = relate(issue, actor=triager, via="web", kind=kind, other=other)
    told = (relation.source_id, relation.target_id, relation.kind)
    undone = take_back(Batch.objects.latest("id"), triager)
    assert not Relation.objects.exists()
    take_back(undone, triager)
    relation = Relation.objects.get()
    assert (relation.source_id, relation.target_id, relation.kind) == told
    unrelate(relation, actor=triager, via="web")
    take_back(Batch.objects.latest("id"), triager)
    assert Relation.objects.exists()


def test_members_products_parts_and_statuses_are_taken_back(product, administrator, stranger):
    set_member(product, stranger, "triager", actor=administrator, via="web")
    take_back(Batch.objects.latest("id"), administrator)
    assert not Member.objects.filter(user=stranger).exists()
    update_product(product, actor=administrator, via="web", title="Shop", archived=True)
    take_back(Batch.objects.latest("id"), administrator)
    assert (fresh(product).title, fresh(product).archived) == ("Web shop", False)
    part = create_part(Component, product=product, actor=administrator, via="web", name="Cart")
    take_back(Batch.objects.latest("id"), administrator)
    assert fresh(part).archived
    update_part(part, actor=administrator, via="web", archived=False, name="Basket")
    take_back(Batch.objects.latest("id"), administrator)
    assert (fresh(part).name, fresh(part).archived) == ("Cart", True)
    status = create_status(actor=administrator, via="web", slug="later", name="Later", category="accepted")
    with pytest.raises(Conflict):
        take_back(Batch.objects.latest("id"), administrator)
    update_status(status, actor=administrator, via="web", name="Much later")
    take_back(Batch.objects.latest("id"), administrator)
    assert fresh(status).name == "Later"


def test_the_category_of_a_status_that_issues_have_by_now_stays(issue, triager, administrator):
    status = create_status(actor=administrator, via="web", slug="review", name="Review", category="accepted")
    update_status(status, actor=administrator, via="web", category="closed")
    batch = Batch.objects.latest("id")
    change(issue, triager, status=fresh(status))
    with pytest.raises(Conflict) as refused:
        take_back(batch, administrator)
    assert (refused.value.code, fresh(status).category) == ("in_use", "closed")


def test_who_may_undo(issue, reporter, stranger, triager, administrator):
    edited = change(issue, reporter, title="Better")
    raised = change(issue, triager, priority=3)
    assert can_undo(reporter, edited)
    assert can_undo(triager, edited)
    assert not can_undo(stranger, edited)
    assert not can_undo(reporter, raised)
    with pytest.raises(Forbidden):
        take_back(raised, reporter)
    moved = Batch.objects.filter(events__about="product").latest("id")
    assert not can_undo(triager, moved)


def test_a_reporter_takes_their_issue_away_only_while_nobody_else_has_worked_on_it(issue, reporter, triager):
    batch = Batch.objects.get(events__issue=issue)
    assert can_undo(reporter, batch)
    add_comment(issue, actor=triager, via="web", body="I can see it.")
    assert not can_undo(reporter, batch)


def test_what_was_redacted_does_not_come_back(issue, triager, maintainer):
    batch = change(issue, triager, description="Secret")
    redact(issue, "description", actor=maintainer, via="web")
    with pytest.raises(Conflict):
        take_back(Batch.objects.latest("id"), maintainer)
    take_back(batch, triager)
    assert fresh(issue).description == ""


def test_what_went_to_the_trash_since_is_reported(issue, triager, maintainer):
    batch = change(issue, triager, priority=3)
    trash_issue(issue, actor=maintainer, via="web")
    assert take_back(batch, triager).left_alone == [{"issue": "WEB-1", "field": "issue", "by": "mia"}]


def test_a_duplicate_in_the_trash_follows_its_original_there_and_back(issue, product, triager, maintainer):
    told = {"via": "web"}
    first = create_issue(product, actor=triager, title="Basket", **told)
    duplicate = create_issue(product, actor=triager, title="Cart", **told)
    update_issue(duplicate, actor=triager, duplicate_of=issue, **told)
    trash_issue(duplicate, actor=maintainer, **told)

    def original():
        return Issue.objects.values_list("duplicate_of", flat=True).get(pk=duplicate.pk)

    update_issue(issue, actor=triager, duplicate_of=first, **told)
    merged = Batch.objects.latest("id")
    assert original() == first.pk
    undone = undo(merged, actor=triager, **told)
    assert (undone.left_alone, original()) == ([], issue.pk)
    redone = undo(undone, actor=triager, **told)
    assert (redone.left_alone, original()) == ([], first.pk)


def change_many(product, actor, amount):
    """Return a batch that has given so many new issues a priority, and these."""
    batch = log.open_batch(actor=actor, via="web", total=amount)
    issues = [create_issue(product, actor=actor, via="web", title=f"{n}") for n in range(amount)]
    for one in issues:
        update_issue(one, actor=actor, via="web", batch=batch, priority=3)
    return batch, issues


def test_a_long_undo_runs_on_step_by_step(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    batch, _issues = change_many(product, triager, 5)
    undone, steps = take_back(batch, triager), []
    assert (undone.state, undone.done, undone.total) == ("running", 2, 5)
    assert list(running()) == [undone]
    while undone.state == "running":
        undone = undoing.carry_on(undone)
        steps.append(undone.done)
    assert (undone.state, steps) == ("done", [3, 4, 5])
    assert set(Issue.objects.values_list("priority", flat=True)) == {0}


def test_the_worker_counts_nothing_of_a_long_undo(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    batch, _issues = change_many(product, triager, 5)
    undone = take_back(batch, triager)
    assert undone.undone == 2
    with CaptureQueriesContext(connection) as queries:
        resume(undone)
    counts = [one["sql"] for one in queries if 'COUNT(*) AS "__count" FROM "history_event"' in one["sql"]]
    assert counts == []


def failing_at(number, do):
    """Return `do`, whose so-manieth call fails as where the database goes away."""
    calls = count(1)

    def called(*arguments):
        if next(calls) == number:
            raise OperationalError("database is locked")
        return do(*arguments)

    return called


def locks_of(do, monkeypatch):
    """Return what `do()` locks, a list of ids for each time."""
    locked, lock_family = [], undoing.lock_family

    def lock(*ids, **beside):
        locked.append(sorted(ids))
        lock_family(*ids, **beside)

    monkeypatch.setattr(undoing, "lock_family", lock)
    do()
    return locked


@pytest.mark.django_db(transaction=True)
def test_an_undo_within_a_transaction_locks_all_of_it_first(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    batch, issues = change_many(product, triager, 3)
    ids = sorted(one.pk for one in issues)
    with transaction.atomic():
        locked = locks_of(lambda: take_back(batch, triager), monkeypatch)
    assert locked[0] == ids
    redone, _issues = change_many(product, triager, 3)
    # The control: alone it never holds more than a step asks for.
    assert {len(ids) for ids in locks_of(lambda: take_back(redone, triager), monkeypatch)} == {1}


@pytest.mark.django_db(transaction=True)
def test_an_undo_that_is_begun_goes_on_when_the_database_is_back(product, triager, monkeypatch, caplog):
    monkeypatch.setattr(undoing, "CHUNK", 2)
    batch, _issues = change_many(product, triager, 5)
    monkeypatch.setattr(undoing, "_step", failing_at(2, undoing._step))
    undone = take_back(batch, triager)
    assert (undone.state, undone.done) == ("running", 2)
    told = "The worker goes on with what was begun: database is locked"
    assert [record.getMessage() for record in caplog.records] == [told]
    assert list(running()) == [undone]
    assert resume(undone).state == "done"
    assert set(Issue.objects.values_list("priority", flat=True)) == {0}


@pytest.mark.django_db(transaction=True)
def test_an_undo_that_did_not_begin_is_told_as_not_done(product, triager, monkeypatch):
    batch, _issues = change_many(product, triager, 2)
    monkeypatch.setattr(undoing, "_step", failing_at(1, undoing._step))
    with pytest.raises(OperationalError):
        take_back(batch, triager)
    assert not running().exists()
    assert take_back(batch, triager).state == "done"


def test_a_purge_meanwhile_neither_stops_a_long_undo_nor_lets_it_skip_anything(
    product, triager, maintainer, monkeypatch
):
    monkeypatch.setattr(undoing, "CHUNK", 2)
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    batch, issues = change_many(product, triager, 6)
    undone = take_back(batch, triager)
    for gone in (issues[5], issues[0]):
        trash_issue(gone, actor=maintainer, via="web")
        purge(gone, actor=maintainer, via="web")
    undone = resume(undone)
    assert (undone.state, undone.done, undone.todo, undone.left_alone) == ("done", 5, None, [])
    assert set(Issue.objects.values_list("priority", flat=True)) == {0}


def test_a_duplicate_is_one_again_of_what_went_to_the_trash_meanwhile(product, issue, maintainer, triager):
    other = create_issue(product, actor=triager, via="web", title="Original")
    change(issue, triager, duplicate_of=other)
    reopened = change(fresh(issue), triager, status=to("accepted"))
    trash_issue(other, actor=maintainer, via="web")
    assert take_back(reopened, triager).left_alone == []
    assert fresh(issue).duplicate_of_id == other.pk
    restore_issue(other, actor=maintainer, via="web")
    assert fresh(issue).duplicate_of == fresh(other)


def test_one_that_was_begun_by_an_older_version_goes_on_where_it_was(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 2)
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    batch, _issues = change_many(product, triager, 5)
    undone = take_back(batch, triager)
    Batch.objects.filter(pk=undone.pk).update(todo=None)
    undone = resume(undone)
    assert (undone.done, undone.left_alone) == (5, [])
    assert set(Issue.objects.values_list("priority", flat=True)) == {0}


def test_staff_take_back_an_address_that_they_have_set(administrator, stranger):
    staff = create_user(actor=administrator, via="web", username="stan", is_staff=True)
    update_user(stranger, actor=administrator, via="web", email_confirmed=True)
    batches = []
    for address in ("b@example.org", "c@example.org"):
        update_user(fresh(stranger), actor=staff, via="web", email=address)
        batches.append(Batch.objects.latest("id"))
    # Nobody has confirmed the last one.
    take_back(batches[0], staff)
    assert (fresh(stranger).email, fresh(stranger).email_confirmed) == ("c@example.org", False)
    take_back(batches[1], staff)
    assert fresh(stranger).email == "b@example.org"


def test_a_question_that_was_withdrawn_as_it_came_back_is_asked_again(issue, administrator, maintainer, stranger):
    ask(issue, actor=maintainer, via="web", requestee=stranger, question="Which browser?")
    trash_issue(issue, actor=maintainer, via="web")
    update_user(stranger, actor=administrator, via="web", is_active=False)
    restore_issue(issue, actor=maintainer, via="web")
    batch = Batch.objects.latest("id")
    update_user(fresh(stranger), actor=administrator, via="web", is_active=True)
    assert take_back(batch, maintainer).left_alone == []
    assert fresh(issue).deleted_at is not None and fresh(issue).waiting_for == stranger


def test_what_is_taken_back_later_is_told_of_as_then(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    batch, issues = change_many(product, triager, 2)
    undone = take_back(batch, triager)
    update_issue(issues[0], actor=triager, via="web", title="Better")
    between = fresh(issues[0]).updated_at
    resume(undone)
    assert fresh(issues[0]).priority == 0 and fresh(issues[0]).updated_at > between
    assert Event.objects.filter(issue=issues[0]).latest("number").at > between


def test_a_token_is_held_to_its_products_to_the_end(product, triager, monkeypatch):
    monkeypatch.setattr(undoing, "CHUNK", 1)
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    batch, _issues = change_many(product, triager, 2)
    limits, revert = [], undoing._revert_or_leave

    def note(event, undone):
        limits.append(access.limit(undone.actor))
        return revert(event, undone)

    monkeypatch.setattr(undoing, "_revert_or_leave", note)
    access.limit_to(triager, {product.pk: "write"})
    resume(take_back(batch, triager))
    assert limits == [{product.pk: "write"}] * 2


def test_labels_that_exclude_one_another_by_now_stand_in_no_way(product, issue, maintainer, triager):
    first, second = (
        create_part(Label, product=product, actor=maintainer, via="web", name=name) for name in ("prio/a", "b")
    )
    change(issue, triager, labels=[first, second])
    batch = change(issue, triager, priority=3)
    update_part(second, actor=maintainer, via="web", name="prio/b")
    assert take_back(batch, triager).left_alone == []
    assert fresh(issue).priority == 0


def test_what_cannot_be_brought_back_is_not_said_to_be(administrator, stranger, settings):
    settings.SIGNUP = "invitation"
    invite(actor=administrator, via="web")
    invited = Batch.objects.latest("id")
    set_password(stranger, "a long enough one", actor=administrator, via="web")
    password = Batch.objects.latest("id")
    Authenticator.objects.create(user=stranger, type=Authenticator.Type.TOTP, data={})
    remove_factors(stranger, actor=administrator, via="web")
    for batch in (invited, password, Batch.objects.latest("id")):
        with pytest.raises(Conflict):
            take_back(batch, administrator)
        assert Batch.objects.get(pk=batch.pk).undone_by is None


def test_another_trashing_is_left_alone(issue, maintainer, administrator):
    trash_issue(issue, actor=maintainer, via="web")
    batch = Batch.objects.latest("id")
    restore_issue(issue, actor=administrator, via="web")
    trash_issue(issue, actor=administrator, via="web")
    left = take_back(batch, maintainer).left_alone
    assert left == [{"issue": "WEB-1", "field": "deleted_at", "by": "ada"}]
    assert fresh(issue).deleted_at is not None


def test_another_trashing_of_a_comment_is_left_alone(issue, triager, maintainer, administrator):
    comment = add_comment(issue, actor=triager, via="web", body="Seen")
    trash_comment(comment, actor=maintainer, via="web")
    batch = Batch.objects.latest("id")
    restore_comment(comment, actor=administrator, via="web")
    trash_comment(comment, actor=administrator, via="web")
    left = take_back(batch, maintainer).left_alone
    assert left == [{"issue": "WEB-1", "field": "deleted_at", "by": "ada"}]
    assert fresh(comment).deleted_at is not None


def told(row):
    """Return the kind and the changes of the newest event about `row`."""
    event = Event.objects.filter(about=row._meta.model_name, about_id=row.pk).latest("id")
    return event.kind, [change.field for change in event.changes.all()]


def test_a_created_product_goes_to_the_trash_and_back(administrator):
    product = create_product(actor=administrator, via="web", key="API", title="API")
    undone = take_back(Batch.objects.latest("id"), administrator)
    assert (undone.left_alone, undone.events.count()) == ([], 1)
    assert told(product) == ("trashed", ["deleted_at"])
    assert (bool(fresh(product).deleted_at), fresh(product).deleted_by) == (True, administrator)
    take_back(undone, administrator)
    assert told(product) == ("restored", ["deleted_at"])
    assert (fresh(product).deleted_at, fresh(product).deleted_by) == (None, None)
    assert Member.objects.get(product=product).user == administrator


def test_the_trashing_and_the_restoring_of_a_product_are_taken_back_as_such(product, maintainer):
    trash_product(product, actor=maintainer, via="web")
    take_back(Batch.objects.latest("id"), maintainer)
    assert told(product) == ("restored", ["deleted_at"])
    restore_product(trash_product(product, actor=maintainer, via="web"), actor=maintainer, via="web")
    take_back(Batch.objects.latest("id"), maintainer)
    assert told(product) == ("trashed", ["deleted_at"])


def test_what_is_in_the_trash_or_archived_already_stays_as_it_is(product, administrator):
    part = create_part(Component, product=product, actor=administrator, via="web", name="Cart")
    batch = Batch.objects.latest("id")
    update_part(part, actor=administrator, via="web", archived=True)
    assert take_back(batch, administrator).events.count() == 0


def test_who_is_inactive_by_now_is_left_alone(product, administrator, viewer):
    set_member(product, viewer, None, actor=administrator, via="web")
    batch = Batch.objects.latest("id")
    update_user(viewer, actor=administrator, via="web", is_active=False)
    left = take_back(batch, administrator).left_alone
    assert [one["field"] for one in left] == ["role"]
    assert not Member.objects.filter(user=viewer).exists()


def test_a_label_gets_no_name_back_that_is_one_of_the_site_by_now(product, maintainer, administrator):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="bug")
    update_part(label, actor=maintainer, via="web", name="defect", colour="teal")
    renaming = Batch.objects.latest("id")
    create_part(Label, product=None, actor=administrator, via="web", name="Bug")
    undone = take_back(renaming, maintainer)
    assert {one["field"] for one in undone.left_alone} == {"name", "colour"}
    assert fresh(label).name == "defect"


def test_another_trashing_of_a_product_is_left_alone(product, maintainer, administrator):
    trash_product(product, actor=maintainer, via="web")
    trashing = Batch.objects.latest("id")
    restore_product(product, actor=maintainer, via="web")
    trash_product(product, actor=administrator, via="web")
    undone = take_back(trashing, maintainer)
    assert undone.left_alone == [{"issue": None, "field": "deleted_at", "by": "ada"}]
    assert fresh(product).deleted_by == administrator


def deactivate(user, product, actor):
    update_user(user, actor=actor, via="web", is_active=False)


def hide(user, product, actor):
    update_product(product, actor=actor, via="web", visibility="private")


@pytest.mark.parametrize("do", [deactivate, hide])
@pytest.mark.parametrize("field", ["triage_owner", "default_assignee", "owner"])
def test_nor_is_anybody_else_asked_again(product, maintainer, administrator, stranger, field, do):
    component = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    row, save = (product, update_product) if field == "owner" else (component, update_part)
    save(row, actor=maintainer, via="web", **{field: stranger})
    save(row, actor=maintainer, via="web", **{field: None})
    batch = Batch.objects.latest("id")
    do(stranger, product, administrator)
    assert [left["field"] for left in take_back(batch, maintainer).left_alone] == [field]
    assert getattr(fresh(row), field) is None


@pytest.mark.parametrize("field", ["owner", "triage_owner"])
def test_all_else_goes_back_where_one_person_may_not_be_asked(product, maintainer, administrator, stranger, field):
    component = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    row, save, name = (product, update_product, "title") if field == "owner" else (component, update_part, "name")
    save(row, actor=maintainer, via="web", **{field: stranger})
    before = getattr(row, name)
    save(row, actor=maintainer, via="web", **{field: maintainer, name: "Shop"})
    batch = Batch.objects.latest("id")
    deactivate(stranger, product, administrator)
    undone = take_back(batch, maintainer)
    assert undone.left_alone == [{"issue": None, "field": field, "by": None}]
    assert (getattr(fresh(row), name), getattr(fresh(row), field)) == (before, maintainer)
    assert {change.field for change in Change.objects.filter(event__batch=undone)} == {name}


@pytest.mark.parametrize("do", [deactivate, hide])
def test_an_assignee_who_may_not_be_asked_any_more_is_left_alone(product, issue, triager, administrator, stranger, do):
    change(issue, triager, assignee=stranger)
    batch = change(issue, triager, assignee=None, priority=4, confidential=True)
    do(stranger, product, administrator)
    undone = take_back(batch, triager)
    assert undone.left_alone == [{"issue": "WEB-1", "field": "assignee", "by": None}]
    assert (fresh(issue).assignee, fresh(issue).priority) == (None, 0)


@pytest.mark.parametrize(("do", "left"), [(None, []), (deactivate, ["assignee"]), (hide, ["assignee"])])
def test_an_assignee_comes_back_with_the_move_to_where_they_may_be_asked(
    product, issue, administrator, stranger, do, left
):
    change(issue, administrator, assignee=stranger)
    ops = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="private")
    batch = change(issue, administrator, product=ops)
    assert fresh(issue).assignee is None
    if do:
        do(stranger, product, administrator)
    undone = take_back(batch, administrator)
    assert [one["field"] for one in undone.left_alone] == left
    assert (fresh(issue).key, fresh(issue).assignee) == ("WEB-1", None if left else stranger)


def test_the_last_maintainer_is_a_reason_that_is_told(product, administrator, stranger):
    set_member(product, stranger, "maintainer", actor=administrator, via="web")
    batch = Batch.objects.latest("id")
    set_member(product, administrator, None, actor=administrator, via="web")
    with pytest.raises(Conflict) as refused:
        take_back(batch, administrator)
    assert refused.value.code == "last_maintainer"


@pytest.mark.parametrize("error", [Conflict("x"), Forbidden("x"), ValidationError({"name": "x"}), Issue.DoesNotExist()])
def test_what_is_refused_stops_no_long_undo(product, triager, monkeypatch, error):
    monkeypatch.setattr(undoing, "CHUNK", 2)
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    batch, issues = change_many(product, triager, 5)
    revert = undoing._revert

    def refusing(event, into):
        left = revert(event, into)
        if event.issue_id == issues[1].pk:
            raise error
        return left

    monkeypatch.setattr(undoing, "_revert", refusing)
    undone = resume(take_back(batch, triager))
    assert (undone.state, undone.left_alone) == ("done", [{"issue": "WEB-2", "field": "issue", "by": None}])
    assert [fresh(one).priority for one in issues] == [0, 3, 0, 0, 0]


def test_a_token_is_not_brought_back(administrator, stranger):
    create_token(stranger, actor=stranger, via="web", name="x", scopes=["read"])
    with pytest.raises(Conflict) as refused:
        take_back(Batch.objects.latest("id"), administrator)
    assert refused.value.code == "token"
