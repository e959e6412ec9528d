"""The log tells everything: whatever is done, by whatever door, replaying it from nothing gives the present rows."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from history import log
from history.models import Batch
from issues import reading
from issues.finding.pages import STAMP
from issues.models import Attachment, Comment, Issue, NeedInfo, Vote
from issues.services import undo
from issues.tests.doors import AdminDoor, ApiDoor, WebDoor
from issues.tests.whole import assert_log_is_whole
from products.models import Component, Label, Member, Milestone, Product, Version
from products.services import create_part, create_product, set_member
from tests.examples import examples

TEXTS = st.sampled_from(["Cart empties", "Größe & <b>", "日本", "x" * 500, "- [ ] one"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "description": TEXTS,
        "type": st.sampled_from(["bug", "feature", "task"]),
        "status": st.sampled_from(["new", "accepted", "in-progress", "closed"]),
        "priority": st.sampled_from(["none", "low", "medium", "high", "urgent"]),
        "severity": st.sampled_from(["unset", "s4", "s3", "s2", "s1"]),
        "component": st.sampled_from([None, "Cart", "Search"]),
        "milestone": st.sampled_from([None, "26.12"]),
        "version": st.sampled_from([None, "1.0"]),
        "assignee": st.sampled_from([None, "ada", "mia"]),
        "labels": st.sampled_from([[], ["a11y"], ["os/mac"], ["os/linux", "a11y"]]),
        "due_on": st.sampled_from([None, "2026-12-24"]),
        "confidential": st.booleans(),
        "product": st.sampled_from(["WEB", "API"]),
    },
)


@dataclass(frozen=True)
class Step:
    """One write: `do` says what, `which` picks the issue, comment or batch it is done to; `marks` are for many."""

    do: str
    which: int
    text: str
    changes: dict
    marks: dict


MARKS = st.sets(st.sampled_from(["a11y", "os/mac", "os/linux"]), min_size=1, max_size=2).map(sorted)

STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.builds(
            Step,
            do=st.sampled_from(
                [
                    "create",
                    "change",
                    "change",
                    "comment",
                    "edit",
                    "trash",
                    "undo",
                    "undo",
                    "product",
                    *["decide"] * 4,
                    *["many"] * 4,
                    "care",
                    *["file"] * 2,
                    "drop",
                ]
            ),
            which=st.integers(0, 5),
            text=TEXTS,
            changes=CHANGES,
            marks=st.fixed_dictionaries({}, optional={"add_labels": MARKS, "remove_labels": MARKS}),
        ),
    ),
    min_size=3,
    max_size=12,
)


@pytest.fixture
def site(product, administrator, maintainer):
    """Two products with the same parts, and Ada at each of the three doors."""
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, maintainer, "maintainer", actor=administrator, via="web")
    parts = [(Component, "Cart"), (Component, "Search"), (Milestone, "26.12"), (Version, "1.0")]
    labels = [(Label, name) for name in ("a11y", "os/mac", "os/linux")]
    for home in (product, other):
        for model, name in parts + labels:
            create_part(model, product=home, actor=administrator, via="web", name=name)
    client = Client()
    client.force_login(administrator)
    return [door(client, administrator) for door in (WebDoor, ApiDoor, AdminDoor)]


FIRST = [field.attname for field in Issue._meta.concrete_fields]
# They count on, or say who did it last; deadlines are compared apart.
MOVED_ON = {"lock_version", "event_count", "updated_at", "updated_by_id", "overdue_at", "deleted_by_id"}


@settings(
    max_examples=examples(15),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_undoing_everything_gives_the_first_state(site, steps, administrator):
    with transaction.atomic():
        site[0].create("WEB", "Cart empties", {})
        site[1].create("WEB", "Cart forgets", {})
        site[1].create("API", "Basket blinks", {"labels": ["a11y"]})
        first, deadlines, last = present(), due(), Batch.objects.latest("id").pk
        for door, step in steps:
            if step.do not in ("undo", "edit", "create"):
                take(site[door], step)
        # A change of many of which nothing came has nothing to undo.
        for batch in Batch.objects.filter(pk__gt=last, events__isnull=False).distinct().order_by("-id"):
            assert undo(batch, actor=administrator, via="web").left_alone == []
        assert present() == first
        assert_everything_replays()
        # What was undone later than it was done has slept, or waited, in between: here for moments.
        assert all(abs(one - other) < timedelta(minutes=1) for one, other in zip(due(), deadlines, strict=True))
        transaction.set_rollback(True)


def due():
    return list(Issue.objects.order_by("id").values_list("overdue_at", flat=True))


def present():
    return [
        {name: value for name, value in issue.__dict__.items() if name in FIRST and name not in MOVED_ON}
        | {"labels": [label.pk for label in issue.label_list]}
        for issue in Issue.objects.order_by("id")
    ]


# Without shrinking, which would repeat hundreds of requests for every failure.
@settings(
    max_examples=examples(20),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_replay_gives_the_present_whatever_was_done(site, steps, administrator):
    told: dict = {}
    with transaction.atomic():
        for door, step in steps:
            take(site[door], step)
            assert_stamps_tell_states_apart(told, administrator)
        assert_everything_replays()
        transaction.set_rollback(True)


def take(door, step):
    """Do one step through `door`, where there is something to do it to."""
    if step.do == "create":
        door.create("WEB", step.text, step.changes)
    elif step.do == "undo":
        batches = Batch.objects.filter(undone_by=None).order_by("-id")[:6]
        door.undo(batches[step.which % len(batches)])
    elif step.do == "product":
        door.change_product(Product.objects.get(key="WEB"), step.text)
    elif step.do == "edit":
        comments = Comment.objects.filter(deleted_at=None, issue__deleted_at=None).order_by("id")
        if comments:
            door.edit_comment(comments[step.which % len(comments)], step.text)
    elif step.do == "drop":
        files = Attachment.objects.filter(deleted_at=None, issue__deleted_at=None).order_by("id")
        if files:
            door.drop(files[step.which % len(files)])
    else:
        issues = Issue.objects.filter(deleted_at=None).order_by("id")
        if issues:
            issue = issues[step.which % len(issues)]
            if step.do == "decide":
                door.decide(issue, *decision(step, issues))
            elif step.do == "many":
                door.many(issues[step.which % 2 :], *plan(step, issues))
            else:
                argument = step.changes if step.do == "change" else step.text
                getattr(door, step.do)(issue, argument)


def decision(step, issues):
    """Return a decision and what it takes."""
    others = [issue.key for issue in issues]
    return (
        ("accept", {}),
        ("duplicate", {"duplicate_of": others[len(step.text) % len(others)]}),
        ("decline", {"resolution": "invalid", "comment": step.text}),
        ("needinfo", {"ask": "ada", "question": step.text}),
        ("snooze", {"until": "2030-01-02T09:00"}),
        ("reroute", {"product": step.changes.get("product", "API")}),
    )[step.which]


def plan(step, issues):
    """Return what is done to many: fields, labels more and less, and for some texts a decision with what it takes."""
    wanted = {**step.changes, **step.marks}
    texts = ("title", "description", "labels")
    if len(step.text) % 2:
        return {name: value for name, value in wanted.items() if name not in texts}, "", {}
    apart = (*texts, "status", "product")
    return {name: value for name, value in wanted.items() if name not in apart}, *decision(step, issues)


def assert_stamps_tell_states_apart(told, reader):
    """Assert that what lists read of an issue was the same whenever its stamp was: `told` is all that was read."""
    for pk, row in reading.read_ids(list(Issue.objects.values_list("pk", flat=True)), reader).items():
        others = {name: row.pop(name) for name in ("parent_row", "duplicate_of_row", "names")}
        stamp = pk, *(row[name] for name in STAMP)
        assert told.setdefault(stamp, row) == row, others


def assert_everything_replays():
    assert_log_is_whole()
    for model in (Issue, Comment, Attachment, NeedInfo, Product, Component, Label, Milestone, Version, Member):
        for row in model.objects.all():
            assert log.replay(model._meta.model_name, row.pk) == log.present(row), row
    assert not NeedInfo.objects.filter(state="open", issue__closed_at__isnull=False).exists()
    for issue in Issue.objects.all():
        assert (issue.overdue_at is None) == (issue.triaged_at is not None)
        asked = issue.needinfos.filter(state="open").order_by("created_at", "id").first()
        assert issue.waiting_for_id == (asked and asked.requestee_id)
        assert (issue.triaged_at is None) == (issue.status.category == "triage")
        assert issue.duplicate_of is None or issue.duplicate_of.duplicate_of is None
        assert issue.votes >= Vote.objects.filter(issue=issue).count()
        assert issue.event_count == issue.events.count()
        assert issue.comment_count == issue.comments.filter(deleted_at=None, internal=False).count()
        assert list(issue.events.order_by("id").values_list("number", flat=True)) == list(
            range(1, issue.event_count + 1)
        )
