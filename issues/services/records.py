"""The plain records of the door for many issues, and the rows that they become."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from history import log
from history.models import Kind, Via
from history.writing import new_row, put
from issues import fulltext, rules
from issues.models import Comment, Issue, in_order
from issues.services.comments import check_comment
from issues.services.issues import SOURCES, check_issue
from products.linking import render_in
from products.models import limit_field

IMPORT_LIMIT = 1024 * 1024
# What is told of every new issue, and what every issue has one of a few of.
BORN = frozenset(
    {"product", "number", "title", "type", "status", "priority", "severity", "author", "source"}
    | {"created_at", "triaged_at", "closed_at"}
)
# What a status sets beside itself.
STAMPED = ("closed_at", "triaged_at", "returned_at", "returned_reason")
CHOSEN = ("type", "resolution", "priority", "severity")


@dataclass(slots=True)
class CommentRecord:
    """A comment to write; `author` is a User, or None where nobody knows."""

    body: str
    author: Any
    at: datetime
    internal: bool = False


@dataclass(slots=True)
class EventRecord:
    """A change in the past of an issue: `{field: value after}`, with rows where fields refer to rows.

    What follows from a status (when it was triaged, when it was closed) is not given: it is worked out. A product is
    told only: the row has its last one, and a number there, from the beginning.
    """

    at: datetime
    actor: Any
    changes: dict
    kind: str = Kind.CHANGED


@dataclass
class IssueRecord:
    """An issue to write: its `fields` when it was created, and the `events` and `comments` since.

    Without `number` it gets the product's next one, without `created_at` it is created now. `was` holds fields that
    it had at first, for the log alone, such as the product that it was moved from (a `history.log.Gone`). `watchers`
    are the users who want to hear of it; since when and by whose doing nobody knows, so that the log tells nothing.
    """

    product: Any
    fields: dict
    author: Any = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    number: int | None = None
    comments: list = field(default_factory=list)
    events: list = field(default_factory=list)
    watchers: list = field(default_factory=list)
    was: dict = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """The columns of an event with the rows of its changes, and what it is about: `comment`, or else its `issue`."""

    issue: Issue
    event: dict
    changes: list
    comment: Comment | None = None


@dataclass
class Rows:
    """The rows of one transaction: of each issue also its `documents`, what is searched, and its `watchers`."""

    issues: list = field(default_factory=list)
    documents: list = field(default_factory=list)
    watchers: list = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def build_rows(records, batch, first_status, known):
    """Return the Rows of `records`, still without ids and numbers; the database is not asked.

    `known` are the `known_keys` of products. Raises ValidationError that says which record it is.
    """
    builder = _Builder(batch, first_status, known)
    for record in records:
        try:
            builder.build(record)
        except ValidationError as error:
            raise ValidationError(dict(_named(record, error))) from error
    return builder.rows


def _named(record, error):
    """Yield the errors of a record under names that say which one it is."""
    place = f"{record.product.key}-{record.number}" if record.number else str(record.fields.get("title", ""))[:60]
    for name, errors in error.error_dict.items():
        yield f"{place}: {name}", errors


class _Builder:
    """Builds the rows of one transaction, remembering what comes again and again."""

    def __init__(self, batch, first_status, known):
        self.batch, self.first_status, self.known, self.now = batch, first_status, known, timezone.now()
        self.rows = Rows()
        self.freeze = log.Freezer().freeze
        self.valid = set()

    def build(self, record):
        """Append the rows of one record."""
        issue = self._created(record)
        state = first = self._first_state(issue, record)
        past = [told(self.batch, Kind.CREATED, issue, record.author, issue.created_at, state=first)]
        for step in sorted([*record.events, *record.comments], key=lambda step: step.at):
            if isinstance(step, CommentRecord):
                past.append(self._said(issue, step))
            else:
                state = self._changed(issue, step, state, past)
        self._check(issue)
        issue.description_html = render_in(issue.product, issue.description, self.known)
        issue.updated_at = max([record.updated_at or issue.created_at, *(one.event["at"] for one in past)])
        self.rows.issues.append(issue)
        self.rows.watchers.append(record.watchers)
        documents = fulltext.build(issue.title, issue.description, *_texts(past))
        self.rows.documents.append(fulltext.spelled(documents))
        self.rows.told += past

    def _created(self, record):
        """Return the Issue as it was when it was created, by the rules of the single door."""
        at = record.created_at or self.now
        by = record.author or self.batch.actor
        own = {
            "product": record.product,
            "author": record.author,
            "source": SOURCES.get(self.batch.via, self.batch.via),
            "number": record.number or 0,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        issue = new_row(Issue, own | {"status": self.first_status} | _without(record.fields, "labels"))
        issue.label_list = in_order(record.fields.get("labels", ()))
        rules.stamp(issue, at)
        return issue

    def _first_state(self, issue, record):
        """Return what the log keeps of a new `issue`, which nobody has told more of than its `record`."""
        named = [name for name in Issue.TRACKED if name in BORN or name in record.fields]
        values = issue.recorded(named) | record.was
        frozen = {name: self.freeze(value) for name, value in values.items()}
        return {name: value for name, value in frozen.items() if value not in (None, False)}

    def _said(self, issue, step):
        """Return the Told of a comment, counted as the single door counts it."""
        comment = Comment(issue=issue, body=step.body, author=step.author, internal=step.internal, created_at=step.at)
        check_comment(comment, limit=IMPORT_LIMIT)
        comment.body_html = render_in(issue.product, comment.body, self.known)
        if not comment.internal:
            issue.comment_count += 1
            issue.lock_version += 1
            issue.updated_by = step.author or issue.updated_by
        state = log.present(comment)
        return told(self.batch, Kind.COMMENTED, issue, step.author, step.at, comment=comment, state=state)

    def _changed(self, issue, step, state, past):
        """Apply a past change to `issue` and append its event to `past`. Return the state after it."""
        after = {}
        for name, value in step.changes.items():
            if name == "labels":
                # In the order in which the single door tells them.
                value = issue.label_list = in_order(value)
            elif name != "product" and not isinstance(value, log.Gone):
                put(issue, name, value)
            after[name] = self.freeze(value)
        for name in issue.RECORDED_AS.keys() & after.keys():
            after[name] = self.freeze(getattr(issue, issue.RECORDED_AS[name]))
        if "status" in after:
            rules.stamp(issue, step.at)
            after |= {name: log.freeze(getattr(issue, name)) for name in STAMPED}
        changes = log.difference(state, after)
        if changes:
            issue.lock_version += 1
            if step.actor:
                put(issue, "updated_by", step.actor)
            past.append(told(self.batch, step.kind, issue, step.actor, step.at, changes=changes))
        return state | after

    def _check(self, issue):
        """Raise ValidationError unless the issue, as it has become, is one that may be."""
        chosen = {(name, issue.__dict__[name]) for name in CHOSEN}
        check_issue(issue, {name for name, value in chosen & self.valid})
        self.valid |= chosen
        limit_field("description", issue.description, IMPORT_LIMIT)
        rules.check_labels(issue, issue.label_list, present=issue.label_list)


def _texts(past):
    """Return the texts of the comments in `past`: (public ones, internal ones)."""
    comments = [one.comment for one in past if one.comment]
    return tuple([one.body for one in comments if one.internal == internal] for internal in (False, True))


def _without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def told(batch, kind, issue, actor, at, *, comment=None, **fields):
    """Return the Told of an event at some time in the past of `issue`; `fields` are its changes or its state."""
    internal = comment is not None and comment.internal
    event, rows = log.build(
        batch,
        kind,
        about=comment or issue,
        product=issue.product,
        issue=issue,
        internal=internal,
        actor=actor,
        at=at,
        **fields,
    )
    if batch.via == Via.IMPORT:
        event["delivered_at"] = batch.at
    return Told(issue, event, rows, comment)
