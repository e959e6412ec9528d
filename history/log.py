"""How the services write the log: the state of a row before and after, and one Event with the difference."""

import datetime
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

from django.db import Error
from django.db.models import Model
from django.utils import timezone

from history.models import ASIDE, Batch, Change, Event, Kind
from history.writing import insert, insert_all

# What nobody asks the past for: texts, and what is the same for ever or follows from something else.
KEYLESS = frozenset(
    {
        "title",
        "description",
        "body",
        "number",
        "source",
        "created_at",
        "edited_at",
        "closed_at",
        "triaged_at",
        "returned_at",
        *ASIDE,
    }
)
KEY_LENGTH = 64


@dataclass(frozen=True)
class Gone:
    """Something that a source names and that is not here, such as the product that an issue was moved from."""

    history_name: str
    pk: None = None


def freeze(value):
    """Return `value` as the log keeps it: JSON, where a row is `{"id", "name"}` and an absent value None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (Model, Gone)):
        return {"id": value.pk, "name": value.history_name}  # type: ignore[union-attr]
    if isinstance(value, (list, tuple, set)):
        return [freeze(item) for item in value] or None
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo is datetime.UTC else value.astimezone(datetime.UTC)).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


class Freezer(dict):
    """`freeze` for many values at a time in which no name changes: the same row is frozen once."""

    def freeze(self, value):
        """Return `freeze(value)`."""
        if isinstance(value, str):
            return value or None
        if not isinstance(value, (Model, Gone)):
            return freeze(value)
        # By identity, which holds since the row is kept beside: to compare rows costs as much as to freeze one.
        known = self.get(id(value))
        if known is None:
            known = self[id(value)] = freeze(value), value
        return known[0]


def state(row, fields=None):
    """Return `{field: frozen value}` of all that the log keeps of `row`, or of some `fields` of an issue."""
    values = row.recorded() if fields is None else row.recorded(fields)
    return {field: freeze(value) for field, value in values.items()}


def identity(frozen):
    """Return what two frozen values are compared by: of a row its id, since names change."""
    if isinstance(frozen, dict):
        return ("row", frozen["id"]) if frozen["id"] is not None else ("name", frozen["name"])
    if isinstance(frozen, list):
        return sorted((identity(item) for item in frozen), key=repr)
    return frozen


def same(one, other):
    """Return whether two frozen values mean the same."""
    if one == other:
        return True
    if not isinstance(one, (dict, list)):
        return False
    return identity(one) == identity(other)


def difference(before, after):
    """Return `{field: (before, after)}` of the fields in which two states differ."""
    return {field: (before.get(field), value) for field, value in after.items() if not same(before.get(field), value)}


_opened: ContextVar[list | None] = ContextVar("opened", default=None)


@contextmanager
def opened():
    """Give the list of the Batches that are opened within: by the first of them all that was done can be taken back."""
    batches: list = []
    before = _opened.set(batches)
    try:
        yield batches
    finally:
        _opened.reset(before)


def open_batch(*, actor, via, at=None, query="", total=1, **fields):
    """Return a new saved Batch: one call of a service by `actor` (a user or None)."""
    batch = Batch(
        actor=actor,
        via=via,
        at=at or timezone.now(),
        query=query,
        total=total,
        done=fields.pop("done", total),
        **fields,
    )
    opened = _opened.get()
    if opened is not None:
        opened.append(batch)
    return insert(batch)


@contextmanager
def shared_batch(*, actor, via):
    """Give one Batch to several calls of services, so that one undo takes all back. One without events goes again."""
    with late_batch(actor=actor, via=via, total=0) as log_to:
        yield log_to()


@contextmanager
def late_batch(**fields):
    """Give what returns one Batch, which `open_batch` opens at the first call. One without events goes again."""
    log_to = cache(partial(open_batch, **fields))
    try:
        yield log_to
    except BaseException:
        # What has ended it is told, also where the database answers nothing more.
        with suppress(Error):
            _close(log_to)
        raise
    _close(log_to)


def _close(log_to):
    if not log_to.cache_info().currsize:
        return
    batch = log_to()
    batch.total = batch.done = batch.events.count()
    if batch.total:
        batch.save(update_fields=["total", "done"])
    else:
        batch.delete()


class Row(NamedTuple):
    """What a Change says of one field, before it belongs to an event."""

    field: str
    before: Any
    after: Any
    before_key: str
    after_key: str


def build(
    batch, kind, *, about, changes=None, state=None, product=None, issue=None, internal=False, actor=None, at=None
):
    """Return the columns of an Event, `{attribute: value}`, and the Rows of its changes.

    `about` is the row it tells of, `changes` is `{field: (before, after)}` of frozen values; what is new has a `state`
    instead, as `present` gives it. With an `issue`, whose row the caller holds locked, the event takes the issue's
    next number, and notes the version that the issue has by then; the caller saves both.
    """
    if issue is not None:
        issue.event_count += 1
    event = {
        "batch_id": batch.id,
        "product_id": product.id if product is not None else None,
        "issue_id": issue.id if issue is not None else None,
        "about": about._meta.model_name,
        "about_id": about.id,
        "kind": kind,
        "number": issue.event_count if issue is not None else None,
        "version": issue.lock_version if issue is not None else None,
        "actor_id": actor.id if actor is not None else None,
        "at": at or batch.at,
        "internal": internal,
        "state": state,
        "delivered_at": None,
    }
    return event, [
        Row(field, before, after, short_key(field, before), short_key(field, after))
        for field, (before, after) in (changes or {}).items()
    ]


def record(batch, kind, **fields):
    """Write one Event with its Changes (the arguments are those of `build`; the actor is the batch's). Return it."""
    fields.setdefault("actor", batch.actor)
    columns, rows = build(batch, kind, **fields)
    event = insert(Event(**columns))
    insert_all(_changes(event, rows))
    return event


def record_all(built):
    """Write many Events with their Changes, as `build` returns them, in as few statements as there can be."""
    told = [(Event(**columns), rows) for columns, rows in built]
    Event.objects.bulk_create([event for event, _rows in told])
    Change.objects.bulk_create([change for event, rows in told for change in _changes(event, rows)], batch_size=1000)


def _changes(event, rows):
    return [Change(event=event, issue_id=event.issue_id, at=event.at, **row._asdict()) for row in rows]


def short_key(field, frozen):
    """Return what `was:` and `changed:` look a value up by: an id, a short word, a name without a row, or nothing."""
    if frozen is None or isinstance(frozen, list) or field in KEYLESS:
        return ""
    if not isinstance(frozen, dict):
        return str(frozen).lower()[:KEY_LENGTH]
    return name_key(frozen["name"]) if frozen["id"] is None else str(frozen["id"])


def name_key(name):
    """Return what a name is looked up by that stands for no row: it is never an id."""
    return f"={name}".lower()[:KEY_LENGTH]


def present(row):
    """Return the state of `row` without what is empty: what `replay` must give."""
    return _filled(state(row))


def _filled(values):
    return {field: value for field, value in values.items() if value not in (None, False)}


def replay(about, about_id):
    """Return the state that the log gives for a thing, folding its events from nothing; empty fields are left out."""
    born = Event.objects.filter(about=about, about_id=about_id, state__isnull=False).order_by("id")
    folded = {field: value for state in born.values_list("state", flat=True) for field, value in (state or {}).items()}
    changes = Change.objects.filter(event__about=about, event__about_id=about_id).exclude(field__in=ASIDE)
    for field, after in changes.order_by("event_id").values_list("field", "after"):
        folded[field] = after
    return _filled(folded)


INVERSE = {
    Kind.CREATED: Kind.TRASHED,
    Kind.COMMENTED: Kind.TRASHED,
    Kind.ATTACHED: Kind.TRASHED,
    Kind.TRASHED: Kind.RESTORED,
    Kind.RESTORED: Kind.TRASHED,
    Kind.RELATED: Kind.UNRELATED,
    Kind.UNRELATED: Kind.RELATED,
}
