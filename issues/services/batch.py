"""The door for many issues at once: imports, the loading of volumes, demonstrations.

It takes plain records with their past and writes issues, numbers, labels, comments, events and changes set-wise, in
transactions of at most 500 issues. Rules and record are those of the door for a single issue.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log
from history.models import Batch, Change, Kind
from issues import rules
from issues.models import Category, Comment, Issue, IssueCounter, IssueLabel, IssueNumber
from issues.services.comments import check_comment
from issues.services.issues import SOURCES, check_issue
from issues.services.rows import insert_rows, insert_values, number_rows
from products.access import authorize
from products.markdown import render
from products.models import clean_text

CHUNK = 500
IMPORT_LIMIT = 1024 * 1024


@dataclass
class CommentRecord:
    """A comment to write; `author` is a User, or None where nobody knows."""

    body: str
    author: Any
    at: datetime
    internal: bool = False


@dataclass
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
    it had at first, for the log alone, such as the product that it was moved from (a `history.log.Gone`).
    """

    product: Any
    fields: dict
    author: Any = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    number: int | None = None
    comments: list = field(default_factory=list)
    events: list = field(default_factory=list)
    was: dict = field(default_factory=dict)


@dataclass
class _Rows:
    """The rows of one transaction, by table, and the status of those that do not say theirs."""

    first_status: Any
    issues: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    comments: list = field(default_factory=list)
    told: list = field(default_factory=list)


def write_batch(records, *, actor, via, batch=None, on_progress=None):
    """Write `records` (IssueRecords; any iterable). Return the Batch.

    `actor` None is the site itself. `batch` carries on with one begun before; `on_progress(count)` is called after
    each transaction. Events of an import are born delivered. Raises Forbidden, or ValidationError that says which
    record it is: then nothing of its transaction is written, and what came before stays.
    """
    batch = batch or log.open_batch(actor=actor, via=via, total=0, done=0, state=Batch.State.RUNNING)
    chunk: list = []
    for record in records:
        chunk.append(record)
        if len(chunk) == CHUNK:
            _write_chunk(chunk, batch, on_progress)
            chunk = []
    _write_chunk(chunk, batch, on_progress)
    batch.state = Batch.State.DONE
    batch.save(update_fields=["state"])
    return batch


def link_duplicates(pairs, *, batch):
    """Note which issues of an import are duplicates: `pairs` of `(id, id of the original)`. Return how many were set.

    What has, or once had, an original is left alone, and so is what would close a circle. The event goes into
    `batch`, is dated like the closing of the issue, and does not move when it was updated.
    """
    originals = dict(Issue.objects.filter(duplicate_of__isnull=False).values_list("pk", "duplicate_of"))
    pairs, written = list(pairs), 0
    for start in range(0, len(pairs), CHUNK):
        written += _link_chunk(pairs[start : start + CHUNK], originals, batch)
    return written


@transaction.atomic
def _link_chunk(pairs, originals, batch):
    wanted = dict(pairs)
    told = Change.objects.filter(issue__in=wanted, field="duplicate_of").values("issue")
    issues = Issue.objects.select_for_update(of=("self",)).select_related("product").order_by("pk")
    issues = issues.filter(pk__in=wanted, duplicate_of=None, closed_at__isnull=False).exclude(pk__in=told)
    targets = Issue.objects.select_related("product").in_bulk(set(wanted.values()))
    linked, built = [], []
    for issue in issues:
        target = targets.get(wanted[issue.pk])
        if target is None or _is_above(originals, target.pk, issue.pk):
            continue
        originals[issue.pk] = target.pk
        issue.duplicate_of = target
        issue.lock_version += 1
        event, changes = _event(batch, Kind.CHANGED, issue, issue, {"duplicate_of": (None, log.freeze(target))})
        built.append(_dated(event, changes, EventRecord(issue.closed_at, None, {})))
        linked.append(issue)
    Issue.objects.bulk_update(linked, ["duplicate_of", "lock_version", "event_count"])
    log.record_all(built)
    return len(linked)


def _is_above(originals, pk, wanted):
    """Return whether the way up from the issue `pk` comes by the issue `wanted`."""
    while pk is not None and pk != wanted:
        pk = originals.get(pk)
    return pk is not None


@transaction.atomic
def _write_chunk(records, batch, on_progress):
    if not records:
        return
    products = {record.product.pk: record.product for record in records}
    if batch.actor is not None:
        for product in products.values():
            authorize(batch.actor, "import", product)
    rows = _Rows(rules.first_status(Category.TRIAGE))
    for record in records:
        try:
            _build(record, batch, rows)
        except ValidationError as error:
            raise ValidationError(dict(_named(record, error))) from error
    _number(rows.issues, records)
    _insert(rows)
    batch.total += len(records)
    batch.done += len(records)
    batch.save(update_fields=["total", "done"])
    if on_progress:
        on_progress(len(records))


def _named(record, error):
    """Yield the errors of a record under names that say which one it is."""
    place = f"{record.product.key}-{record.number}" if record.number else str(record.fields.get("title", ""))[:60]
    for name, errors in error.error_dict.items():
        yield f"{place}: {name}", errors


def _build(record, batch, rows):
    """Append the rows of one record, still without ids and number, to `rows`."""
    now = timezone.now()
    issue = _created(record, batch, record.created_at or now, rows.first_status)
    first = {**log.present(issue), **{name: log.freeze(value) for name, value in record.was.items()}}
    first["number"] = issue.number
    told = [_event(batch, Kind.CREATED, issue, issue, {name: (None, value) for name, value in first.items()})]
    told[0][0].actor, told[0][0].at = record.author, issue.created_at
    state = first
    comments = []
    for step in sorted([*record.events, *record.comments], key=lambda step: step.at):
        if isinstance(step, CommentRecord):
            comment = _comment(issue, step)
            comments.append(comment)
            told.append((*_said(batch, issue, comment, step),))
        else:
            state = _changed(batch, issue, step, state, told)
    _check(issue)
    issue.description_html = render(issue.description)
    issue.updated_at = max([record.updated_at or issue.created_at, *(event.at for event, _changes in told)])
    rows.issues.append(issue)
    rows.labels += [IssueLabel(issue=issue, label=label) for label in issue.label_list]
    rows.comments += comments
    rows.told += told


def _created(record, batch, at, first_status):
    """Return the Issue as it was when it was created, by the rules of the single door."""
    fields = dict(record.fields)
    labels = fields.pop("labels", ())
    status = fields.pop("status", None) or first_status
    issue = Issue(
        product=record.product,
        author=record.author,
        source=SOURCES.get(batch.via, batch.via),
        number=record.number or 0,
        created_at=at,
        created_by=record.author or batch.actor,
        updated_at=at,
        updated_by=record.author or batch.actor,
        status=status,
        **fields,
    )
    issue.label_list = sorted(labels, key=lambda label: label.name.lower())
    rules.stamp(issue, at)
    return issue


def _event(batch, kind, issue, about, changes, internal=False):
    event, rows = log.build(
        batch, kind, about=about, product=issue.product, issue=issue, changes=changes, internal=internal
    )
    event.delivered_at = timezone.now() if batch.via == "import" else None
    return event, rows


def _comment(issue, step):
    comment = Comment(issue=issue, body=step.body, author=step.author, internal=step.internal, created_at=step.at)
    check_comment(comment, limit=IMPORT_LIMIT)
    comment.body_html = render(comment.body)
    return comment


def _said(batch, issue, comment, step):
    """Return the event of a comment, counted as the single door counts it."""
    if not comment.internal:
        issue.comment_count += 1
        issue.lock_version += 1
        issue.updated_by = step.author or issue.updated_by
    event, changes = _event(batch, Kind.COMMENTED, issue, comment, log.created(comment), internal=comment.internal)
    return _dated(event, changes, step)


def _dated(event, changes, step):
    event.at, event.actor = step.at, getattr(step, "actor", None) or getattr(step, "author", None)
    return event, changes


def _changed(batch, issue, step, state, told):
    """Apply a past change to `issue` and append its event to `told`. Return the state after it."""
    values = dict(step.changes)
    for name, value in values.items():
        if name == "labels":
            issue.label_list = sorted(value, key=lambda label: label.name.lower())
        elif name != "product" and not isinstance(value, log.Gone):
            setattr(issue, name, value)
    if "status" in values:
        rules.stamp(issue, step.at)
    after = {name: log.freeze(value) for name, value in values.items()}
    for name, value in (("priority", issue.priority_slug), ("severity", issue.severity_slug)):
        if name in after:
            after[name] = value
    if "status" in values:
        after |= {"closed_at": log.freeze(issue.closed_at), "triaged_at": log.freeze(issue.triaged_at)}
    changes = log.difference(state, after)
    if changes:
        issue.lock_version += 1
        issue.updated_by = step.actor or issue.updated_by
        told.append(_dated(*_event(batch, step.kind, issue, issue, changes), step))
    return state | after


def _check(issue):
    """Raise ValidationError unless the issue, as it has become, is one that may be."""
    check_issue(issue)
    clean_text(issue.description)
    if len(issue.description.encode()) > IMPORT_LIMIT:
        raise ValidationError({"description": ValidationError(_("Too long: at most 1 MiB."), code="max_length")})
    rules.check_labels(issue, issue.label_list, present=issue.label_list)


def _number(issues, records):
    """Give the issues their ids and numbers: one step for each product, whose counter is locked until the end."""
    by_product = defaultdict(list)
    for issue in issues:
        by_product[issue.product].append(issue)
    for product in sorted(by_product, key=lambda one: one.pk):
        last = _reserve(product, by_product[product])
        for issue in by_product[product]:
            if not issue.number:
                last += 1
                issue.number = last
    number_rows(issues)


def _reserve(product, issues):
    """Lock the counter of `product` and move it past what `issues` need. Return the last number before."""
    IssueCounter.objects.bulk_create([IssueCounter(product=product)], ignore_conflicts=True)
    counter = IssueCounter.objects.select_for_update().get(product=product)
    kept = max((issue.number for issue in issues), default=0)
    wanted = sum(not issue.number for issue in issues)
    before = max(counter.last, kept)
    IssueCounter.objects.filter(product=product).update(last=before + wanted)
    return before


def _insert(rows):
    """Insert all rows; the log of each issue is told in the order of its numbers."""
    events = [event for event, _changes in rows.told]
    for group in (rows.comments, events, rows.labels):
        for row in number_rows(group):
            # Not by setattr: it would forget the row, whose id is known only now.
            row.__dict__["issue_id"] = row._state.fields_cache["issue"].pk
    comments = iter(rows.comments)
    for event in events:
        event.about_id = next(comments).pk if event.about == "comment" else event.issue_id
    insert_rows(rows.issues)
    numbers = ((issue.product_id, issue.number, issue.pk) for issue in rows.issues)
    insert_values(IssueNumber, ("product_id", "number", "issue_id"), numbers)
    for group in (rows.labels, rows.comments, events):
        insert_rows(group)
    insert_values(Change, ("event_id", "issue_id", *log.Row._fields, "at"), _change_values(rows.told))


def _change_values(told):
    """Yield the values of every change; the number of a new issue is known only now."""
    for event, changes in told:
        for change in changes:
            if change.field == "number" and event.kind == Kind.CREATED:
                number = event.issue.number
                change = change._replace(after=number, after_key=log.short_key("number", number))
            yield (event.pk, event.issue_id, *change, event.at)
