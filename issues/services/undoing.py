"""Taking a batch back: each of its events is answered by its inverse, unless somebody has changed that since."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import services as users
from accounts.models import User
from history import log
from history.errors import Conflict, Forbidden
from history.models import Batch, Change, Event, Kind, Via
from history.writing import lock
from issues.models import Comment, Issue, Priority, Relation, SavedView, Severity, Status
from issues.services import comments, relations, statuses, trash, views
from issues.services.issues import finish, lock_issue
from products import access
from products import services as products
from products.models import Component, Label, Milestone, Product, Version

CHUNK = 500
# Fields that mean something only together: if one was changed since, all of them are left alone.
TOGETHER = (
    frozenset({"status", "resolution", "duplicate_of", "closed_at", "triaged_at"}),
    frozenset({"product", "number"}),
)
EMPTY = {"BooleanField": bool, "JSONField": list}
RANKS = {"priority": Priority, "severity": Severity}
SITE_RIGHTS = {"status": "edit_statuses", "label": "edit_site_labels"}
MODELS = {
    model._meta.model_name: model
    for model in (Component, Label, Milestone, Version, Product, Status, User, Issue, Comment, SavedView)
}


def undo(batch, *, actor, via):
    """Take `batch` back. Return the Batch that does it; its `left_alone` lists what somebody has changed since.

    A batch of more than 500 events is `running` when this returns: the worker carries on with `resume`. Raises
    Forbidden, or Conflict where it is undone already, is still running or cannot be undone.
    """
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        authorize_undo(actor, batch)
        _refuse_what_cannot_be_undone(batch)
        total = _events_of(batch).count()
        undoing = log.open_batch(actor=actor, via=via, total=total, done=0, state=Batch.State.RUNNING)
        batch.undone_by = undoing
        batch.save(update_fields=["undone_by"])
        return _step(undoing, batch)


def resume(undoing):
    """Carry on with a running undo until it is done, 500 events a transaction. Return the batch."""
    while undoing.state == Batch.State.RUNNING:
        with transaction.atomic():
            undoing = Batch.objects.select_for_update(of=("self",)).select_related("actor").get(pk=undoing.pk)
            if undoing.state == Batch.State.RUNNING:
                undoing = _step(undoing, undoing.undoes)
    return undoing


def running():
    """Return the undo batches that wait for the worker."""
    return Batch.objects.filter(state=Batch.State.RUNNING, undoes__isnull=False)


def _step(undoing, batch):
    events = _events_of(batch).order_by("-id").select_related("issue__product")
    events = list(events[undoing.done : undoing.done + CHUNK])
    for event in events:
        undoing.left_alone += _revert(event, undoing)
    undoing.done += len(events)
    if undoing.done >= undoing.total:
        undoing.state = Batch.State.DONE
    undoing.save(update_fields=["left_alone", "done", "state"])
    return undoing


def _events_of(batch):
    """Return the events that the undo of `batch` answers: of an import the creations, since it goes to the trash."""
    return batch.events.filter(kind=Kind.CREATED) if batch.via == Via.IMPORT else batch.events.all()


def can_undo(actor, batch, events=None):
    """Return whether `actor` may undo `batch`; `events` are its events with product and issue, if at hand."""
    try:
        authorize_undo(actor, batch, events)
    except Forbidden:
        return False
    return True


def authorize_undo(actor, batch, events=None):
    """Raise Forbidden unless `actor` may take back every event of `batch`.

    A triager undoes anybody's change to an issue, a reporter the own; what maintainers or staff did to products,
    parts, members and statuses is undone by such. What was done to a view is undone by who may do it.
    """
    homes: dict = {}
    if events is None:
        events = (
            _events_of(batch)
            .select_related("issue__product", "product")
            .only(
                "about",
                "about_id",
                "actor",
                "batch_id",
                "issue__author",
                "issue__assignee",
                "issue__confidential",
                "issue__product",
                "product",
            )
        )
    for event in events:
        one_by_one = event.about_id if event.about in views.ABOUT else None
        homes.setdefault((event.about, event.issue_id, event.product_id, one_by_one), event)
    own = batch.actor_id is not None and batch.actor_id == actor.pk
    for event in homes.values():
        _authorize_event(actor, event, own)


def _authorize_event(actor, event, own):
    if event.issue is not None:
        access.authorize(actor, "undo", event.issue, own=own)
        if not access.can(actor, "undo", event.issue):
            _refuse_others_work(actor, event)
    elif event.about in views.ABOUT:
        views.authorize_undo(actor, event)
    elif event.about == "product":
        access.authorize(actor, "unarchive", event.product)
    elif event.product is not None:
        access.authorize(actor, "maintain", event.product)
    else:
        access.authorize(actor, SITE_RIGHTS.get(event.about, "edit_users"))


def _refuse_others_work(actor, event):
    """Refuse that a reporter takes a whole issue away in which others have written."""
    created = Event.objects.filter(batch=event.batch_id, issue=event.issue, kind=Kind.CREATED).exists()
    if created and Event.objects.filter(issue=event.issue).exclude(actor=actor).exists():
        raise Forbidden(_("Others have worked on this issue: only a triager can take it back."))


def _refuse_what_cannot_be_undone(batch):
    if batch.undone_by_id is not None:
        raise Conflict(_("This has been undone already."), "undone")
    if batch.state == Batch.State.RUNNING:
        raise Conflict(_("This is still running: undo it when it is done."), "running")
    if batch.events.filter(kind=Kind.REDACTED).exists():
        raise Conflict(_("What was redacted is gone and cannot be brought back."), "redacted")
    if not batch.events.exists():
        raise Conflict(_("Nothing of this is left to undo."), "empty")


def _revert(event, undoing):
    """Write the inverse of `event` into the batch `undoing`. Return what was left alone."""
    if event.about == "relation":
        return _revert_relation(event, undoing)
    if event.about == "comment":
        return _revert_comment(event, undoing)
    if event.issue_id is not None:
        return _revert_issue(event, undoing)
    if event.about == "member":
        return _revert_member(event, undoing)
    if event.about == "savedviewpin":
        return views.revert_pin(event, undoing)
    return _revert_row(event, undoing)


def _revert_issue(event, undoing):
    trashed = event.kind == Kind.RESTORED or event.kind == Kind.CREATED
    try:
        if event.kind == Kind.TRASHED:
            trash.set_trashed(trash.lock_trashed(event.issue), undoing, False)
            return []
        issue = lock_issue(event.issue)
    except Issue.DoesNotExist:
        return [] if trashed else [_left(event, None)]
    if trashed:
        trash.set_trashed(issue, undoing, True)
        return []
    before = log.state(issue)
    wanted, left = _invert(event, before)
    try:
        # A savepoint, so that what does not fit any more leaves nothing half done.
        with transaction.atomic():
            _put(issue, wanted)
            finish(issue, before, undoing, Kind.MOVED if "product" in wanted else Kind.CHANGED)
    except (ValidationError, Status.DoesNotExist):
        return left + [_left(event, field) for field in wanted]
    return left


def _invert(event, state):
    """Return `({field: frozen value to go back to}, what is left alone)` for a row whose present state is `state`."""
    wanted, stale = {}, set()
    for change in event.changes.all():
        if log.same(change.before, change.after):
            continue
        if change.field == "labels":
            wanted["labels"], fits = _labels_back(state["labels"], change)
            stale |= set() if fits else {"labels"}
        elif log.same(state.get(change.field), change.after):
            wanted[change.field] = change.before
        else:
            stale.add(change.field)
    for group in TOGETHER:
        if stale & group:
            stale |= group & set(wanted)
    return (
        {field: value for field, value in wanted.items() if field not in stale},
        [_left(event, field) for field in sorted(stale)],
    )


def _labels_back(present, change):
    """Return the labels without those that `change` added and with those that it took, and whether that fits."""
    before, after, now = (
        {item["id"]: item for item in items or []} for items in (change.before, change.after, present)
    )
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    fits = added <= now.keys() and not removed & now.keys()
    kept = [item for pk, item in now.items() if pk not in added]
    return kept + [before[pk] for pk in removed], fits


def _put(row, wanted):
    """Set the frozen values `wanted` on `row`."""
    for field, value in wanted.items():
        if field == "labels":
            ids = [item["id"] for item in value]
            row.label_list = sorted(Label.objects.filter(pk__in=ids), key=lambda label: label.name.lower())
        elif field in ("priority", "severity"):
            setattr(row, field, RANKS[field][value.upper()])
        else:
            _put_plain(row, row._meta.get_field(field), value)


def _put_plain(row, field, value):
    if field.is_relation:
        setattr(row, field.name, field.related_model._base_manager.get(pk=value["id"]) if value else None)
    elif value is None and not field.null:
        setattr(row, field.name, EMPTY.get(field.get_internal_type(), str)())
    else:
        setattr(row, field.name, field.to_python(value))


def _revert_comment(event, undoing):
    comment = Comment.objects.filter(pk=event.about_id).select_related("issue").first()
    gone = event.kind != Kind.TRASHED
    try:
        if comment is None:
            return [_left(event, None)]
        comment, issue = comments.lock_comment(comment, trashed=not gone)
    except (Comment.DoesNotExist, Issue.DoesNotExist):
        return [] if event.kind in (Kind.COMMENTED, Kind.RESTORED) else [_left(event, None)]
    if event.kind != Kind.COMMENT_EDITED:
        comments.set_trashed(comment, issue, undoing, gone)
        return []
    change = event.changes.get(field="body")
    if not log.same(change.after, log.freeze(comment.body)) or not change.before:
        return [_left(event, "body")]
    comments.set_body(comment, issue, change.before, undoing)
    return []


def _revert_relation(event, undoing):
    """Undo a relation once, with the event on its source; the event on its target says the same."""
    change = event.changes.get()
    if change.field == "blocked-by":
        return []
    ends = (event.issue_id, (change.before or change.after)["id"])
    source, target = sorted(ends) if change.field == "relates" else ends
    if event.issue_id != source:
        return []
    live = relations.live_issues(source, target)
    relation = relations.find_relation(source, target, change.field)
    if len(live) < 2 or (relation is None) == (event.kind == Kind.RELATED):
        return [_left(event, change.field)]
    if event.kind == Kind.RELATED:
        relations.remove_relation(relation, live[source], live[target], undoing)
    else:
        relations.add_relation(live[source], live[target], Relation.Kind(change.field), undoing)
    return []


def _revert_member(event, undoing):
    changes = {change.field: change for change in event.changes.all()}
    user = User.objects.get(pk=changes["user"].after["id"])
    return products.revert_member(event, user, changes["role"], undoing)


def _revert_row(event, undoing):
    """Undo a change to a product, a part, a status, a user or a view."""
    model = MODELS[event.about]
    row = lock(model.objects.all(), model(pk=event.about_id))
    before = log.state(row)
    if event.kind == Kind.CHANGED:
        wanted, left = _invert(event, before)
    else:
        wanted, left = _existence(event, row, undoing), []
    try:
        with transaction.atomic():
            _put(row, wanted)
            _finish_row(row, before, undoing)
    except ValidationError:
        return left + [_left(event, field) for field in wanted]
    return left


def _existence(event, row, undoing):
    """Return what takes a row away, or brings it back: products have a trash, all else is archived."""
    gone = None if event.kind == Kind.TRASHED else log.freeze(undoing.at)
    if isinstance(row, Product):
        return {"deleted_at": gone}
    if isinstance(row, (Status, User)):
        raise Conflict(_("What was created here stays: deactivate or rename it instead."), "created")
    return {"archived_at": gone}


def _finish_row(row, before, undoing):
    if isinstance(row, Product):
        products.finish_product(row, before, log_to=lambda: undoing)
    elif isinstance(row, Status):
        statuses.finish_status(row, before, lambda: undoing)
    elif isinstance(row, User):
        users.finish_user(row, before, lambda: undoing)
    elif isinstance(row, SavedView):
        views.finish_undone(row, before, undoing)
    else:
        products.finish_part(row, before, lambda: undoing)


def _left(event, field):
    """Return the report on one `field` (None for the whole) that is left alone, and who changed it last."""
    later = Change.objects.filter(event__about=event.about, event__about_id=event.about_id, event_id__gt=event.pk)
    if field is not None:
        later = later.filter(field=field)
    last = later.order_by("-event_id").select_related("event__actor").first()
    actor = last.event.actor if last else None
    key = event.issue.key if event.issue_id else None
    return {"issue": key, "field": field or event.about, "by": actor.username if actor else None}
