"""The door for many issues: the same input gives the same rows and the same events as the door for one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from history import log
from history.errors import Forbidden
from history.models import ASIDE, Batch, Event
from issues.models import Comment, Issue, IssueCounter, IssueNumber, Status
from issues.services import (
    CommentRecord,
    EventRecord,
    IssueRecord,
    add_comment,
    create_issue,
    link_duplicates,
    undo,
    undoing,
    update_issue,
    vote,
    write_batch,
)
from issues.services import batch as batch_door
from products.models import Component, Label
from products.services import create_part

BEGUN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
# What differs by nature: when it was done, and under which id.
APART = {"id", "issue_id", "event_id", "batch_id", "about_id", "number", "created_at", "updated_at", "at", "edited_at"}


@pytest.fixture
def parts(product, maintainer):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    return cart, label


def to(slug):
    return Status.objects.get(slug=slug)


def told(issue):
    """Return all that the log says of `issue`, without what differs by nature, and what undos need.

    A change that came with many is undone with all of them alone, which go to the trash.
    """
    rows = []
    for event in issue.events.order_by("number"):
        changes = {
            change.field: (change.before, change.after, change.before_key, change.after_key)
            for change in event.changes.all()
            if change.field not in {"number", "created_at", "closed_at", "triaged_at", *ASIDE}
        }
        rows.append((event.number, event.kind, event.about, event.actor, event.product, event.internal, changes))
    return rows


def held(row):
    return {name: value for name, value in row.__dict__.items() if name not in APART and not name.startswith("_")}


def test_both_doors_write_the_same(product, triager, reporter, parts):
    cart, label = parts
    fields = {"title": "Cart *empties*", "description": "After **login**.", "component": cart, "labels": [label]}
    single = create_issue(product, actor=reporter, via="api", severity=3, **fields)
    add_comment(single, actor=triager, via="api", body="I *see* it.")
    add_comment(single, actor=triager, via="api", body="Ask finance.", internal=True)
    update_issue(single, actor=triager, via="api", priority=3, assignee=triager, labels=[], status=to("accepted"))
    update_issue(single, actor=triager, via="api", status=to("closed"), resolution="wont-do")
    at = [BEGUN + timedelta(hours=n) for n in range(5)]
    changes = {"priority": 3, "assignee": triager, "labels": [], "status": to("accepted")}
    record = IssueRecord(
        product,
        {**fields, "severity": 3},
        author=reporter,
        created_at=at[0],
        comments=[CommentRecord("I *see* it.", triager, at[1]), CommentRecord("Ask finance.", triager, at[2], True)],
        events=[
            EventRecord(at[3], triager, changes),
            EventRecord(at[4], triager, {"status": to("closed"), "resolution": "wont-do"}),
        ],
    )
    write_batch([record], actor=None, via="api")
    single, many = Issue.objects.order_by("id")
    for row in (single, many):
        row.triaged_at, row.closed_at = bool(row.triaged_at), bool(row.closed_at)
        assert row.overdue_at is None
    assert held(many) == held(single)
    assert told(many) == told(single)
    assert [held(comment) for comment in many.comments.all()] == [held(comment) for comment in single.comments.all()]
    assert (many.created_at, many.updated_at, many.key) == (at[0], at[4], "WEB-2")
    assert (Issue.objects.get(pk=many.pk).closed_at, Issue.objects.get(pk=many.pk).triaged_at) == (at[4], at[3])
    for issue in (single, many):
        assert log.replay("issue", issue.pk) == log.present(Issue.objects.get(pk=issue.pk))
    for comment in Comment.objects.all():
        assert log.replay("comment", comment.pk) == log.present(comment)


def test_numbers_are_kept_or_given_and_the_counter_follows(product, reporter):
    create_issue(product, actor=reporter, via="web", title="One")
    numbers = [40, None, 7, None]
    write_batch([IssueRecord(product, {"title": "x"}, number=n) for n in numbers], actor=None, via="import")
    assert set(Issue.objects.values_list("number", flat=True)) == {1, 40, 41, 7, 42}
    assert IssueCounter.objects.get().last == 42
    assert IssueNumber.objects.count() == 5
    assert create_issue(product, actor=reporter, via="web", title="Next").number == 43
    for issue in Issue.objects.all():
        assert log.replay("issue", issue.pk) == log.present(issue)


def test_imported_events_are_born_delivered_and_others_are_not(product):
    write_batch([IssueRecord(product, {"title": "x"})], actor=None, via="import")
    assert Event.objects.get(about="issue").delivered_at
    write_batch([IssueRecord(product, {"title": "x"})], actor=None, via="api")
    assert Event.objects.filter(about="issue").latest("id").delivered_at is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "x", "type": "riddle"}, "type"),
        ({"title": "x", "description": "é" * 600_000}, "description"),
        ({"title": "x", "resolution": "fixed"}, "resolution"),
    ],
)
def test_a_bad_record_is_named_and_nothing_is_written(product, fields, field):
    records = [IssueRecord(product, {"title": "fine"}, number=1), IssueRecord(product, fields, number=2)]
    with pytest.raises(ValidationError) as refused:
        write_batch(records, actor=None, via="import")
    assert set(refused.value.message_dict) == {f"WEB-2: {field}"}
    assert not Issue.objects.exists()


def test_texts_up_to_a_mebibyte_come_in_and_are_shown_as_they_are(product):
    write_batch([IssueRecord(product, {"title": "x", "description": "é" * 500_000})], actor=None, via="import")
    assert Issue.objects.get().description_html.startswith("<pre>é")


def test_what_is_gone_stays_in_the_log_by_name(product):
    moved = EventRecord(BEGUN, None, {"product": product}, kind="moved")
    record = IssueRecord(
        product, {"title": "x"}, created_at=BEGUN, events=[moved], was={"product": log.Gone("Platform")}
    )
    write_batch([record], actor=None, via="import")
    issue = Issue.objects.get()
    change = issue.events.get(kind="moved").changes.get()
    assert (change.before, change.after["name"]) == ({"id": None, "name": "Platform"}, "WEB")
    assert log.replay("issue", issue.pk) == log.present(issue)


def test_only_maintainers_bring_in_many(product, triager, maintainer):
    with pytest.raises(Forbidden):
        write_batch([IssueRecord(product, {"title": "x"})], actor=triager, via="import")
    batch = write_batch([IssueRecord(product, {"title": "x"})], actor=maintainer, via="import")
    assert (batch.state, batch.total, batch.done, batch.actor) == ("done", 1, 1, maintainer)


def test_many_are_written_in_steps_and_undone_as_one(product, maintainer, django_assert_max_num_queries, monkeypatch):
    assert (batch_door.CHUNK, undoing.AT_ONCE) == (500, 500)
    monkeypatch.setattr(batch_door, "CHUNK", 50)
    monkeypatch.setattr(undoing, "AT_ONCE", 50)
    steps = []
    with django_assert_max_num_queries(80):
        records = (IssueRecord(product, {"title": f"{n}"}) for n in range(110))
        batch = write_batch(records, actor=maintainer, via="import", on_progress=steps.append)
    assert steps == [50, 50, 10]
    undo_of_all = undo(Batch.objects.get(pk=batch.pk), actor=maintainer, via="web")
    assert undo_of_all.total == 110
    assert Issue.objects.filter(deleted_at__isnull=False).count() == 50


@pytest.mark.parametrize("then", ["merged", "taken apart"])
def test_what_becomes_of_an_original_before_it_is_locked_is_heeded(product, maintainer, monkeypatch, then):
    records = (IssueRecord(product, {"title": title}) for title in ("Report", "Original", "Another"))
    batch = write_batch(records, actor=maintainer, via="import")
    report, original, another = Issue.objects.order_by("number")
    closed = {"status": Status.objects.get(slug="closed"), "resolution": "duplicate", "closed_at": report.created_at}
    Issue.objects.filter(pk=report.pk).update(**closed)
    after = {"merged": another, "taken apart": None}[then]
    if after is None:
        update_issue(original, actor=maintainer, via="web", duplicate_of=another)
    changes = iter([{"duplicate_of": after} if after else {"status": Status.objects.get(slug="new")}])

    def locked(*ids):
        for one in changes:
            update_issue(original, actor=maintainer, via="web", **one)
        lock(*ids)

    lock = batch_door.lock_family
    monkeypatch.setattr(batch_door, "lock_family", locked)
    assert link_duplicates([(report.pk, original.pk)], batch=batch) == 1
    report.refresh_from_db()
    assert report.duplicate_of == (after or original)


@pytest.mark.parametrize(("resolution", "linked"), [("duplicate", 1), ("wont-do", 0)])
def test_only_what_is_still_closed_as_a_duplicate_gets_an_original(product, maintainer, reporter, resolution, linked):
    records = (IssueRecord(product, {"title": title}) for title in ("Original", "Report"))
    batch = write_batch(records, actor=maintainer, via="import")
    original, report = Issue.objects.order_by("number")
    vote(report, actor=reporter, via="web")
    closed = {"status": Status.objects.get(slug="closed"), "resolution": resolution}
    Issue.objects.filter(pk=report.pk).update(closed_at=report.created_at, **closed)
    assert link_duplicates([(report.pk, original.pk)], batch=batch) == linked
    original.refresh_from_db()
    assert original.votes == linked
    update_issue(report, actor=maintainer, via="web", title="Still to be changed")
