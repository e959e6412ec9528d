"""What happened to an issue, as its reader sees it: comments and sentences in the order of time."""

from dataclasses import dataclass

from django.db.models import BigAutoField, Case, CharField, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf

from history.models import ASIDE, Change, Event, Kind, Via
from history.sentences import names_hidden, sentence
from issues.events import look_up
from issues.models import Attachment, Comment, Issue
from issues.querysets import live_and_seen
from issues.related import without_hidden_relations
from issues.services import right_by_hand, right_to_undo
from issuetracker.prepared import ByReader, PreparedModels, Slot
from products.access import can, reader, sees_internals

SHOWN = 100
# Of these nobody reads in the history.
UNTOLD = (Kind.COMMENT_EDITED, Kind.WATCHED)
ALL = 5000
# Of a change of more issues than that it is not said of how many: a bulk change has no more.
COUNTED = 10_000
# Among so many of a product's issues is looked for what was decided last.
CHANGED_LAST = 500
UNREAD = ("event__state", "event__issue__description", "event__issue__description_html")
ICONS = {
    Kind.MOVED: "move",
    Kind.TRASHED: "trash",
    Kind.RESTORED: "restore",
    Kind.RELATED: "relates",
    Kind.UNRELATED: "relates",
    Kind.REDACTED: "eye",
    Kind.ATTACHED: "paperclip",
}
FIELD_ICONS = {
    "assignee": "user",
    "labels": "tag",
    "duplicate_of": "merge",
    "milestone": "milestone",
    "component": "component",
    "due_on": "calendar",
    "confidential": "lock",
    "parent": "parent",
}


@dataclass(frozen=True)
class Entry:
    """A comment, a question, or the sentence about an event."""

    at: object
    order: int
    actor: object = None
    comment: object = None
    question: object = None
    files: tuple = ()
    may_edit: bool = False
    event: object = None
    said: str = ""
    icon: str = "pencil"
    category: str = ""
    resolution: str = ""
    may_undo: bool = False
    # In so many issues that the reader sees.
    undoes: int = 1


def timeline(issue, user, *, questions=(), files=None, everything=False):
    """Return `(entries, whether older ones are left out)` in three statements.

    `questions` are the NeedInfos of the issue, which have a place in it as comments have; `files` those of its comments
    as `files_of` gives them.
    """
    limit = ALL if everything else SHOWN
    comments = COMMENTS.of(reader(user), limit + 1).rows(issue=issue.pk)
    events, cut = _events(issue, user, limit)
    cut |= len(comments) > limit
    entries = [
        *_comment_entries(issue, user, comments[:limit], files or {}),
        *_event_entries(issue, user, events),
    ]
    entries += [Entry(one.created_at, 0, actor=one.asker, question=one) for one in questions]
    return sorted(entries, key=lambda entry: (entry.at, entry.order)), cut


def _comments(user, amount):
    said = Comment.objects.visible_to(user).filter(issue=Slot("issue", BigAutoField()))
    edited_by = Case(When(edited_at=None, then=None), default=Subquery(_other_editor()))
    return said.annotate(edited_by=edited_by).select_related("author").order_by("-created_at", "-id")[:amount]


def _other_editor():
    """Return the name of who edited a comment last, where that was not its author."""
    edits = Event.objects.filter(about="comment", about_id=OuterRef("pk"), kind=Kind.COMMENT_EDITED).order_by("-id")
    name = Coalesce(NullIf("actor__display_name", Value("", CharField())), "actor__username", output_field=CharField())
    return edits.values(other=Case(When(actor=OuterRef("author"), then=None), default=name))[:1]


COMMENTS = ByReader(PreparedModels, _comments)


def _events(issue, user, limit):
    """Return the newest events as `(event, its changes)`, newest first, and whether older ones are left out.

    Comments speak for themselves.
    """
    grouped: dict = {}
    # An event has few changes: this many rows mostly hold more events than are shown.
    amount = 4 * (limit + 1)
    seen = (sees_internals(user, issue.product), can(user, "restore", issue))
    rows = CHANGES.of(*seen, reader(user), amount).rows(issue=issue.pk)
    for change in rows:
        grouped.setdefault(change.event_id, (change.event, []))[1].append(change)
    events = list(grouped.values())
    if len(rows) == amount:
        # The oldest may have more changes than were read.
        return events[:-1][:limit], True
    return events[:limit], len(events) > limit


def _changes(internal, trash, user, amount):
    """Leave out what tells of a file in the trash to others than who has done it, or may restore it.

    Relations to what is hidden are left out here, since what is left out later would be counted as older entries.
    """
    told = Change.objects.filter(live_and_seen(user, "issue__"), issue=Slot("issue", BigAutoField()))
    told = without_hidden_relations(told, user)
    told = told.exclude(event__kind__in=UNTOLD).exclude(field__in=ASIDE)
    if not internal:
        told = told.exclude(event__internal=True)
    if not trash:
        files = Attachment.objects.gone().filter(pk=OuterRef("event__about_id"))
        told = told.exclude(Q(event__about="attachment") & ~Q(event__actor=user.pk) & Q(Exists(files)))
    return told.select_related("event__actor", "event__batch").order_by("-event_id", "id")[:amount]


CHANGES = ByReader(PreparedModels, _changes)


def _comment_entries(issue, user, comments, files):
    any_of_all = can(user, "edit_comment", issue)
    own = any_of_all or can(user, "edit_comment", issue, own=True)
    for comment in comments:
        may_edit = any_of_all or (own and comment.author_id == user.pk)
        shown = tuple(files.get(comment.pk, ()))
        yield Entry(comment.created_at, 0, actor=comment.author, comment=comment, files=shown, may_edit=may_edit)


def _event_entries(issue, user, events):
    may_undo = can(user, "undo", issue)
    known = _known(
        events,
        user,
        [
            event.batch_id
            for event, _changes in events
            if _is_of_many(event.batch) and (may_undo or event.actor_id == user.pk)
        ],
    )
    undoable = _undoable(issue, user, events, known.hidden)
    for event, changes in events:
        category, resolution = _status_set(changes, known.categories)
        said = sentence(event, changes, known.hidden, known.names)
        if said:
            yield Entry(
                event.at,
                event.number,
                actor=event.actor,
                event=event,
                said=said,
                icon=_icon(event, changes),
                category=category,
                resolution=resolution,
                may_undo=event.pk in undoable,
                undoes=known.issues.get(event.batch_id, 1),
            )


def _known(events, user, batches=()):
    return look_up([change for _event, changes in events for change in changes], user, batches)


def _is_of_many(batch):
    """Return whether `batch` may be undone, and perhaps in other issues as well, but not in too many to count."""
    return 1 < batch.total <= COUNTED and batch.undone_by_id is None and batch.via != Via.IMPORT


def _status_set(changes, categories):
    """Return the category of the status that an event set, and the resolution; both "" where it set none."""
    after = {change.field: change.after for change in changes}
    status = after.get("status")
    return (categories.get(status["id"], ""), after.get("resolution") or "") if status else ("", "")


def _icon(event, changes):
    fields = {change.field for change in changes}
    named = next((icon for field, icon in FIELD_ICONS.items() if field in fields), "pencil")
    return ICONS.get(event.kind, named)


def _undoable(issue, user, events, unseen):
    """Return the ids of the events whose batch `user` may undo: of each batch the newest.

    An import is not undone from the page of one of its issues: that would take all of them away. Nothing moves back
    into a product that is `unseen`.
    """
    may_undo = can(user, "undo", issue)
    newest: dict = {}
    for event, changes in events:
        newest.setdefault(event.batch_id, (event, changes))
    return {
        event.pk
        for event, changes in newest.values()
        if event.batch.undone_by_id is None
        and event.batch.via != Via.IMPORT
        and event.kind != Kind.REDACTED
        and can(user, right_to_undo(event, event.actor_id == user.pk), issue, own=event.actor_id == user.pk)
        and (may_undo or can(user, *right_by_hand(event, changes, issue)))
        and not any(change.field == "product" and names_hidden(change, unseen) for change in changes)
    }


def recent(product, user, amount):
    """Return the newest entries about issues of `product` that `user` may see, newest first; each has its issue.

    They are those of the issues that changed last: whatever happens to one changes it, and to look through all that
    ever happened would take longer the more there is.
    """
    changed = Issue.objects.visible_to(user).filter(product=product).order_by("-updated_at", "-id")[:CHANGED_LAST]
    told = Change.objects.filter(
        # As a list: PostgreSQL would otherwise look through the history of all, and then for these.
        issue__in=list(changed.values_list("pk", flat=True)),
        event__internal=False,
        field__in=("status", "resolution", "assignee", "priority", "duplicate_of"),
    )
    told = (
        told.select_related("event__actor", "event__issue__product").defer(*UNREAD).order_by("-at", "-event_id", "id")
    )
    events: dict = {}
    for change in told[: 3 * amount]:
        events.setdefault(change.event_id, (change.event, []))[1].append(change)
    newest = list(events.values())[:amount]
    known = _known(newest, user)
    entries = []
    for event, changes in newest:
        said = sentence(event, changes, known.hidden, known.names)
        category, resolution = _status_set(changes, known.categories)
        shape = {"icon": _icon(event, changes), "category": category, "resolution": resolution}
        entries.append(Entry(event.at, 0, actor=event.actor, event=event, said=said, **shape))
    return [entry for entry in entries if entry.said]
