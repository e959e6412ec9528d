"""Taking a batch back: each of its events is answered by its inverse, unless somebody has changed that since."""

from datetime import timedelta
from functools import cache, partial
from itertools import chain

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import services as users
from accounts.models import User
from history import log
from history.errors import Conflict, Forbidden, Refused
from history.models import ASIDE, Batch, Change, Event, Kind, Via
from history.writing import called, lock
from issues import rules
from issues.choices import RANKS
from issues.models import (
    Attachment,
    Comment,
    Issue,
    NeedInfo,
    Relation,
    SavedView,
    Status,
    Vote,
    Watch,
    in_order,
)
from issues.related import relations_shown
from issues.services import attachments, attention, comments, needinfos, relations, statuses, trash, views
from issues.services.issues import KEPT, finish, hold_people, labels_in, lock_family, lock_issue, take_duplicates_along
from issues.services.records import IMPORT_LIMIT
from issuetracker.database import ending_when_away
from products import access
from products import services as products
from products.models import Component, Label, Milestone, Product, Version

# So many events are answered while the request waits; the worker goes on with the others.
AT_ONCE = 500
# How many a transaction answers: nobody else waits for longer than these take.
CHUNK = 25
# So many are read at once to ask who may take them back.
READ = 1000
# Fields that mean something only together: if one was changed since, all of them are left alone.
TOGETHER = (
    frozenset({"status", "resolution", "duplicate_of", "closed_at", "triaged_at"}),
    frozenset({"product", "number"}),
    # What was confirmed is that address alone.
    frozenset({"email", "email_confirmed"}),
    frozenset({"is_active", "is_placeholder"}),
)
# They follow from other things, which are told.
FOLLOWING = {"returned_at", "returned_reason"}
# With these the time in triage ends or begins anew.
TIMED = {"product", "triaged_at"}
EMPTY = {"BooleanField": bool, "JSONField": list}
# All else that was done to an issue asks for the right to undo.
RIGHTS = {Kind.TRASHED: "restore", Kind.RESTORED: "trash"}
# What is one's own, and to be taken back by whoever may do it.
ATTENTION = {Kind.VOTED: "vote", Kind.UNVOTED: "vote", Kind.WATCHED: "watch"}
SITE_RIGHTS = {"status": "edit_statuses", "label": "edit_site_labels"}
MODELS = {
    model._meta.model_name: model
    for model in (Component, Label, Milestone, Version, Product, Status, User, Issue, Comment, SavedView)
}


def undo(batch, *, actor, via):
    """Take `batch` back. Return the Batch that does it, with how many events it has `undone`.

    Its `left_alone` lists what somebody has changed since.
    A batch of more than 500 events is `running` when this returns, and so is one that was begun when the database went
    away: the worker carries on with `carry_on`. Raises Forbidden, or Conflict where it is undone already, is still
    running or cannot be undone.
    """
    is_part = connection.in_atomic_block
    # Before anything is locked, since thousands of events are read for it; each step asks again.
    authorize_undo(actor, batch)
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        _refuse_what_cannot_be_undone(batch)
        total = _events_of(batch).count()
        undoing = log.open_batch(actor=actor, via=via, total=total, done=0, state=Batch.State.RUNNING)
        batch.undone_by = undoing
        if batch.state == Batch.State.RUNNING:
            batch.state = Batch.State.FAILED
        batch.save(update_fields=["undone_by", "state"])
        if is_part and total > CHUNK:
            # All steps are one transaction then, which holds what each of them locks.
            _lock_all_of(_events_of(batch).order_by("-id")[:AT_ONCE])
        undoing = _counted(_step(undoing, batch))
    with ending_when_away():
        while undoing.state == Batch.State.RUNNING and undoing.done < AT_ONCE:
            undoing = _carry_on_counted(undoing)
    return undoing


@transaction.atomic
def _carry_on_counted(undoing):
    return _counted(carry_on(undoing))


def _counted(undoing):
    """Return `undoing` with its number of events as `undone`: the database may be away by the time it is told.

    A duplicate that came along is not counted where its undoer does not see it.
    """
    actor = undoing.actor
    seen = Q() if access.is_superuser(actor) else Q(issue=None) | access.visible_issues(actor, "issue__")
    undoing.undone = undoing.events.filter(seen).count()
    return undoing


def resume(undoing):
    """Carry on with a running undo until it is done. Return the batch."""
    while undoing.state == Batch.State.RUNNING:
        undoing = carry_on(undoing)
    return undoing


@transaction.atomic
def carry_on(undoing):
    """Answer the next few events of a running undo. Return the batch as it is then."""
    undoing = Batch.objects.select_for_update(of=("self",)).select_related("actor").get(pk=undoing.pk)
    if undoing.state != Batch.State.RUNNING:
        return undoing
    # What is taken back now is told of as now.
    undoing.at = timezone.now()
    access.limit_again(undoing.actor, (undoing.todo or {}).get("limit"))
    return _step(undoing, undoing.undoes)


def running():
    """Return the undo batches that wait for the worker, those first that came first."""
    return Batch.objects.filter(state=Batch.State.RUNNING, undoes__isnull=False).order_by("pk")


def _step(undoing, batch):
    waiting = _events_of(batch).order_by("-id")
    if undoing.todo is not None:
        waiting = waiting.filter(pk__lt=undoing.todo["below"])
    # One that was begun before places were kept knows only how many are done.
    skipped = undoing.done if undoing.todo is None else 0
    found = list(waiting.only("batch", "issue", "product", "about", "about_id")[skipped : skipped + CHUNK])
    _lock_all_of(found)
    # Read under the locks: rights hang on where an issue is, and on who sees it.
    again = _events_of(batch).filter(pk__in=[event.pk for event in found])
    events = list(_with_what_decides(again).order_by("-id"))
    refused = _refused_by_now(undoing, batch, events)
    for event in events:
        left = [_left_whole(event)] if event.pk in refused else _revert_or_leave(event, undoing)
        # A duplicate that came along may be one that its undoer does not see.
        if event.issue_id is None or undoing.actor is None or access.sees(undoing.actor, event.issue):
            undoing.left_alone += left
    undoing.done += len(found)
    # Some may have been purged meanwhile.
    if undoing.done >= undoing.total or len(found) < CHUNK:
        undoing.state, undoing.todo = Batch.State.DONE, None
    else:
        undoing.todo = {"below": found[-1].pk, "limit": access.limit(undoing.actor)}
    undoing.save(update_fields=["left_alone", "done", "state", "todo"])
    if undoing.state == Batch.State.DONE and undoing.left_alone and not undoing.events.exists():
        # Nothing of it is undone: marked as such it could never be.
        batch.undone_by = None
        batch.save(update_fields=["undone_by"])
    return undoing


def _refused_by_now(undoing, batch, events):
    """Return the ids of those of the `events` that may not be taken back by now. Raises Forbidden for the only one."""
    # Moved back by this undo, an issue is no longer where its events were asked about.
    moves = undoing.events.filter(kind=Kind.MOVED, issue__in={event.issue_id for event in events} - {None})
    moved = set(moves.values_list("issue", flat=True))
    refused = {}
    for event, error in _refusals(undoing.actor, batch, [event for event in events if event.issue_id not in moved]):
        if undoing.total == 1:
            raise error
        refused[event.pk] = error
    return refused


def _lock_all_of(events):
    """Lock all that the undo of `events` may write to, in one order, whichever it comes to first."""
    asked = NeedInfo.objects.filter(pk__in=[event.about_id for event in events if event.about == "needinfo"])
    hold_people(asked.exclude(requestee=None).values_list("requestee", flat=True).distinct())
    changed = Product.objects.filter(pk__in={one.product_id for one in events if one.about in ("product", "member")})
    list(changed.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    ids = {event.issue_id for event in events} - {None}
    named: dict = {"parent": [], "duplicate_of": [], "product": []} | {kind: [] for kind in relations.REVERSED}
    changes = Change.objects.filter(event__in=[event.pk for event in events], field__in=named)
    for field, *pair in changes.values_list("field", "before", "after"):
        named[field] += [value["id"] for value in pair if value]
    products = named.pop("product")
    lock_family(*ids, *chain.from_iterable(named.values()), parents=named["parent"], products=products)


def _events_of(batch):
    """Return the events that the undo of `batch` answers.

    Of an import these are the creations, since it goes to the trash, and so does a product that was created, with the
    member whom it got at once.
    """
    if batch.via == Via.IMPORT:
        return batch.events.filter(kind=Kind.CREATED)
    created = batch.events.filter(about="product", kind=Kind.CREATED)
    return batch.events.exclude(about="member", product__in=created.values("product"))


def can_undo(actor, batch):
    """Return whether `actor` may undo `batch`."""
    try:
        authorize_undo(actor, batch)
    except Forbidden:
        return False
    return True


def authorize_undo(actor, batch):
    """Raise Forbidden unless `actor` may take back every event of `batch`.

    A triager undoes anybody's change to an issue, a reporter those of their own that they may make by hand; only a
    maintainer undoes a trashing or a restoring. What maintainers or staff did to products, parts, members and statuses
    is undone by such, what was set on a person by who may set the same, and what was done to a view by who may do it.
    """
    events = _with_what_decides(_events_of(batch)).only(
        "about",
        "about_id",
        "actor",
        "batch_id",
        "kind",
        "issue__author",
        "issue__assignee",
        "issue__closed_at",
        "issue__confidential",
        "issue__product",
        "product",
    )
    for _event, error in _refusals(actor, batch, events.iterator(chunk_size=READ)):
        raise error


def _with_what_decides(events):
    return events.select_related("issue__product", "product").prefetch_related("changes")


def _refusals(actor, batch, events):
    """Yield `(event, Forbidden)` of those of the `events` of `batch` that `actor` may not take back.

    Whoever triages asks nothing of the database for another event: there may be thousands.
    """
    access.forget_roles(actor)
    own = batch.actor_id is not None and batch.actor_id == actor.pk
    authorize_return = cache(partial(_authorize_return, actor))
    for event in events:
        try:
            _authorize_event(actor, event, own, authorize_return)
        except Forbidden as error:
            if not (own and _came_along(event)):
                yield event, error


def _came_along(event):
    """Return whether an `event` gave a duplicate the original of its original, an issue of the same batch.

    Whoever merged the original takes that back with it, whatever they see of the duplicates.
    """
    change = _change_of_original(event)
    if change is None or change.before is None:
        return False
    return Event.objects.filter(batch=event.batch_id, issue=change.before["id"]).exists()


def _change_of_original(event):
    """Return the Change of an `event` that gave a duplicate another original and did nothing else, or None."""
    if event.about != "issue" or event.kind != Kind.CHANGED:
        return None
    changes = list(event.changes.all())
    return changes[0] if [change.field for change in changes] == ["duplicate_of"] else None


def give_a_way_in(batches):
    """Return whether the undo of any of `batches` lets somebody in, or makes them mightier: that takes a proof.

    Any change of an address does: letters about the account go elsewhere.
    """
    changes = Change.objects.filter(event__batch__in=batches, event__about="user", field__in=users.WAYS_IN)
    return any(before or field == "email" for field, before in changes.values_list("field", "before"))


def right_to_undo(event, own=False):
    """Return the action that who undoes an `event` of an issue must be allowed to do; `own`: it is theirs."""
    if event.about == "attachment":
        return "detach"
    return ATTENTION[event.kind] if own and event.kind in ATTENTION else RIGHTS.get(event.kind, "undo")


def right_by_hand(event, changes, issue):
    """Return the action, and on what, that who is no triager of `issue` must be allowed to do to undo an own `event`.

    Its `changes` are theirs to take back where they may make them by hand; a closing or a reopening leads to the status
    from before, whichever that was. A move is so, too, where they triage in the old product: they may have moved the
    issue to where they only report.
    """
    if event.about == "issue" and event.kind == Kind.CHANGED:
        return rules.right_to_set({change.field for change in changes}, issue), issue
    if event.kind == Kind.MOVED:
        return "triage", _product_of(_moved_from(changes)) or issue
    if event.about == "relation":
        return "relate", issue
    return "triage" if _asks_again(event) else "view", issue


def _asks_again(event):
    """Return whether the undo of an `event` asks somebody else again: it withdrew a question, and that was all."""
    if event.about != "needinfo" or event.kind != Kind.WITHDRAWN:
        return False
    alone = not Event.objects.filter(batch=event.batch_id).exclude(about="needinfo").exists()
    return alone and NeedInfo.objects.filter(pk=event.about_id).exclude(requestee=event.actor_id).exists()


def _right_on_product(event):
    """Return the action that undoes an `event` of a product: in the archive only some are allowed."""
    if event.kind == Kind.CREATED:
        return "trash"
    archiving = any(change.field == "archived_at" for change in event.changes.all())
    return RIGHTS.get(event.kind, "unarchive" if archiving else "maintain")


def _authorize_event(actor, event, own, authorize_return):
    if event.about == "relation":
        _authorize_on_relation(actor, event)
    elif event.issue is not None:
        theirs = own and event.kind in ATTENTION and _person_of(event) == actor.pk
        access.require(actor, right_to_undo(event, theirs), event.issue, own=own)
        if not access.can(actor, "undo", event.issue):
            if event.kind == Kind.CREATED:
                _refuse_others_work(actor, event)
            access.require(actor, *right_by_hand(event, event.changes.all(), event.issue))
        if event.kind == Kind.MOVED:
            authorize_return(_moved_from(event.changes.all()))
    elif event.about in views.ABOUT:
        views.authorize_undo(actor, event)
    elif event.about == "product":
        access.require(actor, _right_on_product(event), event.product)
    elif event.product is not None:
        access.require(actor, "maintain", event.product)
    else:
        access.require(actor, SITE_RIGHTS.get(event.about, "edit_users"))
        if event.about == "user":
            _authorize_on_person(actor, event)


def _authorize_on_relation(actor, event):
    """Raise Forbidden unless `actor` may undo this end of a relation, or end it from the other one."""
    access.require(actor, "be_related", event.issue)
    change = event.changes.get()
    other = Issue.objects.select_related("product").filter(pk=(change.before or change.after)["id"]).first()
    if other is None or not access.can(actor, "relate", other):
        access.require(actor, "relate", event.issue)


def _person_of(event):
    """Return the id of who has voted or watched, by what an `event` of that tells; others may have undone it."""
    if event.kind == Kind.WATCHED:
        return Watch.objects.filter(pk=event.about_id).values_list("user", flat=True).first()
    change = event.changes.get()
    return (change.after or change.before)["id"]


def _authorize_on_person(actor, event):
    """Raise Forbidden unless `actor` may set on the person what `event` has changed."""
    fields = {change.field for change in event.changes.all() if not log.same(change.before, change.after)}
    # What follows from another field goes back with it alone.
    if "email" in fields:
        fields -= {"email_confirmed"}
    fields -= {"is_placeholder"}
    users.authorize_fields(actor, User.objects.get(pk=event.about_id), fields)


def _refuse_others_work(actor, event):
    """Refuse that a reporter takes a whole issue away in which others have written."""
    # What the actor is not told of is no reason: the refusal would tell of it.
    told = Event.objects.filter(access.visible_internals(actor, product="issue__product__"), relations_shown(actor))
    if told.filter(issue=event.issue).exclude(actor=actor).exists():
        raise Forbidden(_("Others have worked on this issue: only a triager can take it back."))


def _authorize_return(actor, product):
    """Raise Forbidden unless `actor` may file issues where the undo of a move leads, as for a move by hand.

    Left alone it would be marked as undone, and nobody else could take it back any more.
    """
    old = _product_of(product)
    if old is not None:
        access.require(actor, "create", old)


def _product_of(pk):
    """Return the product, or None where it is in the trash or gone."""
    return Product.objects.filter(pk=pk, deleted_at=None).first()


def _moved_from(changes):
    """Return the id of the product from which the `changes` of a move led."""
    return next(change.before["id"] for change in changes if change.field == "product")


def _refuse_what_cannot_be_undone(batch):
    if batch.undone_by_id is not None:
        raise Conflict(_("This has been undone already."), "undone")
    # What an import is still to bring does not come in any more once it is undone; nobody knows whether it was killed.
    if batch.state == Batch.State.RUNNING and batch.via != Via.IMPORT:
        raise Conflict(_("This is still running: undo it when it is done."), "running")
    if batch.events.filter(kind=Kind.REDACTED).exists():
        raise Conflict(_("What was redacted is gone and cannot be brought back."), "redacted")
    if batch.events.filter(about__in=("apitoken", "invitation")).exists():
        raise Conflict(_("A token or an invitation is made once, and what has ended stays so."), "token")
    if batch.events.filter(about="user", changes__field__in=users.SECRET).exists():
        raise Conflict(_("How somebody signs in, and where, cannot be brought back."), "secret")
    if not batch.events.exists():
        raise Conflict(_("Nothing of this is left to undo."), "empty")


def _revert_or_leave(event, undoing):
    """Revert `event`, or leave it alone where its inverse is refused: no event stands in the way of the others.

    The only event of a batch says why it is refused.
    """
    try:
        # A savepoint, so that what is refused half way leaves nothing behind.
        with transaction.atomic():
            return _revert(event, undoing)
    except Refused:
        if undoing.total == 1:
            raise
    except (ValidationError, ObjectDoesNotExist):
        pass
    return [_left_whole(event)]


def _revert(event, undoing):
    """Write the inverse of `event` into the batch `undoing`. Return what was left alone."""
    if event.about == "relation":
        return _revert_relation(event, undoing)
    if event.about == "comment":
        return _revert_comment(event, undoing)
    if event.about == "attachment":
        return _revert_attachment(event, undoing)
    if event.about == "needinfo":
        return _revert_question(event, undoing)
    if event.about in ("vote", "watch"):
        return _revert_attention(event, undoing)
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
            issue = trash.lock_trashed(event.issue)
            if not _has_trashed(event, issue):
                return [_left(event, "deleted_at")]
            trash.set_trashed(issue, undoing, False)
            return []
        # A duplicate in the trash follows its original there, and so back.
        issue = trash.lock_trashed(event.issue) if _follows_in_trash(event) else lock_issue(event.issue)
    except Issue.DoesNotExist:
        return [] if trashed else [_left(event, None)]
    if trashed:
        trash.set_trashed(issue, undoing, True)
        return []
    before = log.state(issue, KEPT)
    wanted, left = _invert(event, before, partial(_may_return, issue, undoing.actor, event.batch_id))
    if event.kind == Kind.RETURNED and "snoozed_until" in wanted and _is_decided_since(event, issue):
        del wanted["snoozed_until"]
        left.append(_left(event, "snoozed_until"))
    if not _may_be_asked(issue, wanted):
        del wanted["assignee"]
        left.append(_left(event, "assignee"))
    if "product" in wanted:
        fitting = _fitting(issue, wanted, event)
        wanted |= fitting
        left = [one for one in left if one["field"] not in {"labels", *fitting}]
    try:
        # A savepoint, so that what does not fit any more leaves nothing half done.
        with transaction.atomic():
            _put_issue(issue, wanted, event)
            if not {"labels", "product"}.isdisjoint(wanted):
                rules.check_labels(issue, issue.label_list, present=issue.label_list)
            if issue.waiting_for_id is not None:
                needinfos.withdraw_idle(issue, undoing)
            finish(issue, before, undoing, Kind.MOVED if "product" in wanted else Kind.CHANGED)
            if wanted.get("duplicate_of") is not None:
                # Those that the batch tells of go back by themselves.
                told = Change.objects.filter(event__batch=event.batch_id, field="duplicate_of")
                take_duplicates_along(issue, undoing, but=told.values("issue"))
    except (ValidationError, ObjectDoesNotExist):
        return left + [_left(event, field) for field in wanted]
    return left


def _has_trashed(event, row):
    """Return whether it is by `event` that `row` is in the trash: it may have been brought back, and trashed anew."""
    return log.same(event.changes.get(field="deleted_at").after, log.freeze(row.deleted_at))


def _follows_in_trash(event):
    """Return whether `event` gave what is in the trash another original, since its own got one in the same batch."""
    change = _change_of_original(event) if event.issue.deleted_at else None
    if change is None:
        return False
    originals = [value["id"] for value in (change.before, change.after) if value]
    return Change.objects.filter(event__batch=event.batch_id, field="duplicate_of", issue__in=originals).exists()


def _put_issue(issue, wanted, event):
    """Set the frozen values `wanted` on `issue`, and when its time in triage is up, as it was before `event`."""
    present, waiting_since = issue.waits_from, issue.waiting_since
    _put(issue, wanted)
    if "status" in wanted:
        rules.hold_category(issue.status)
    if not issue.is_in_triage:
        issue.overdue_at = None
    elif not TIMED.isdisjoint(wanted) and (change := event.changes.filter(field="waits_from").first()) is not None:
        before, after = (parse_datetime(value) if value else None for value in (change.before, change.after))
        # What it has slept or waited since then still does not count.
        since = present - after if present and after else timedelta(0)
        if before is not None:
            issue.overdue_at = before + since + timedelta(days=issue.product.triage_days)
            # What it has waited is not in that.
            issue.waiting_since = waiting_since


def _may_return(issue, actor, batch, field, frozen):
    """Return whether `actor` may put `issue` back to where the value leads, or under what it names.

    No duplicate gets an original that is one itself, unless that ends in the same `batch`.
    """
    if field == "product":
        old = _product_of(frozen["id"])
        return old is not None and access.can(actor, "create", old)
    if field not in rules.LINKS or frozen is None:
        return True
    try:
        other = Issue.objects.select_related("product").get(pk=frozen["id"])
        if field == "duplicate_of" and other.duplicate_of_id is not None and not _is_freed(other, actor, batch):
            return False
        rules.check_link(issue, field, other, actor, may_be_trashed=True)
    except (ValidationError, Issue.DoesNotExist):
        return False
    return True


def _is_freed(issue, actor, batch):
    """Return whether the duplicate `issue` is none any more once the undo of `batch` has come to it.

    Raises Issue.DoesNotExist where it is in the trash, and so stays one.
    """
    issue = lock_issue(issue)
    merged = Event.objects.filter(batch=batch, issue=issue, changes__field="duplicate_of")
    event = _with_what_decides(merged).select_related("batch").first()
    if event is None or any(_refusals(actor, event.batch, [event])):
        return False
    wanted, _left_alone = _invert(event, log.state(issue, KEPT), partial(_may_return, issue, actor, batch))
    return wanted.get("duplicate_of", issue) is None


def _is_decided_since(event, issue):
    """Return whether somebody has decided on an `issue` that `event` woke in the queue."""
    return not issue.is_in_triage and any(change.field == "returned_at" for change in event.changes.all())


def _may_be_asked(issue, wanted):
    """Return whether whom the frozen values `wanted` assign to `issue`, if anybody, may be asked where they put it."""
    if wanted.get("assignee") is None:
        return True
    home = _product_of(wanted["product"]["id"]) if "product" in wanted else issue.product
    return access.may_be_asked(User.objects.filter(pk=wanted["assignee"]["id"]).first(), home)


def _fitting(issue, wanted, event):
    """Return frozen values for what was set on `issue` since it was moved and does not fit where it goes back to.

    A part becomes what it was before the move or, where that did not change it, the one of the same name, if any. So
    does a label, and whoever may not be asked there is no assignee any more: as in a move.
    """
    home = _product_of(wanted["product"]["id"])
    was = {change.field: change.before for change in event.changes.all()}
    fitting: dict = {}
    for field in rules.PARTS:
        part = getattr(issue, field)
        if part is not None and field not in wanted:
            there = called(type(part).objects.active().filter(product=home), part.name)
            fitting[field] = was.get(field, log.freeze(there))
    if "assignee" not in wanted and issue.assignee and not access.may_be_asked(issue.assignee, home):
        fitting["assignee"] = None
    if "labels" in wanted:
        labels = list(Label.objects.filter(pk__in=[item["id"] for item in wanted["labels"]]))
    else:
        labels = [*issue.label_list, *_labels_taken(event)]
    kept = [label for label in labels if label.product_id in (None, home.pk)]
    others = labels_in(home, [label for label in labels if label not in kept])
    fit: dict = {}
    for label in (*kept, *others):
        fit.setdefault((label.group,) if label.group else label.pk, label)
    if set(fit.values()) != set(labels if "labels" in wanted else issue.label_list):
        fitting["labels"] = [log.freeze(label) for label in fit.values()]
    return fitting


def _labels_taken(event):
    """Return the labels that a move left behind, as far as they are there: where it went had none of their names."""
    change = next((change for change in event.changes.all() if change.field == "labels"), None)
    if change is None:
        return []
    names = {item["name"].lower() for item in change.after or ()}
    left = [item["id"] for item in change.before or () if item["name"].lower() not in names]
    return list(Label.objects.filter(pk__in=left))


def _revert_question(event, undoing):
    """Open a question again that was closed, or take one back that was asked."""
    issue = lock_issue(event.issue)
    question = NeedInfo.objects.select_for_update(of=("self",)).get(pk=event.about_id)
    changes = {change.field: change.before for change in event.changes.all()}
    became = NeedInfo.State.OPEN if event.state is not None else event.changes.get(field="state").after
    before = changes.get("state", NeedInfo.State.WITHDRAWN)
    idle = before == NeedInfo.State.OPEN and needinfos.is_idle(question, issue)
    if question.state != became or idle:
        return [_left(event, "state")]
    since = changes.get("waiting_since")
    needinfos.set_state(question, issue, before, undoing, since=parse_datetime(since) if since else None)
    return []


def _revert_attention(event, undoing):
    """Take a vote or a watch back, or make it again."""
    issue = lock_issue(event.issue)
    change = event.changes.get()
    if event.about == "watch":
        watch = Watch.objects.get(pk=event.about_id)
        if watch.wanted != change.after:
            return [_left(event, "wanted")]
        attention.set_watch(issue, watch.user, change.before, undoing)
        return []
    user = User.objects.get(pk=_person_of(event))
    wanted = change.after is None
    if Vote.objects.filter(issue=issue, user=user).exists() == wanted:
        return [_left(event, "vote")]
    attention.set_vote(issue, user, wanted, undoing)
    return []


def _invert(event, state, may_return=lambda field, frozen: True):
    """Return `({field: frozen value to go back to}, what is left alone)` for a row whose present state is `state`.

    What was changed since is left alone, and what `may_return(field, value)` denies.
    """
    wanted, stale = {}, set()
    for change in event.changes.all():
        if change.field in ASIDE or log.same(change.before, change.after):
            continue
        if change.field == "labels":
            wanted["labels"], fits = _labels_back(state["labels"], change)
            stale |= set() if fits else {"labels"}
        elif log.same(state.get(change.field), change.after) and may_return(change.field, change.before):
            wanted[change.field] = change.before
        else:
            stale.add(change.field)
    for group in TOGETHER:
        if stale & group:
            stale |= group & set(wanted)
    return (
        {field: value for field, value in wanted.items() if field not in stale},
        [_left(event, field) for field in sorted(stale - FOLLOWING)],
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
    if "snoozed_until" in wanted:
        until = wanted["snoozed_until"]
        rules.snooze(row, parse_datetime(until) if until else None, timezone.now())
    for field, value in wanted.items():
        if field == "labels":
            ids = [item["id"] for item in value]
            row.label_list = in_order(Label.objects.filter(pk__in=ids))
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
    if not gone and not _has_trashed(event, comment):
        return [_left(event, "deleted_at")]
    if event.kind != Kind.COMMENT_EDITED:
        comments.set_trashed(comment, issue, undoing, gone)
        return []
    change = event.changes.get(field="body")
    if not log.same(change.after, log.freeze(comment.body)) or not change.before:
        return [_left(event, "body")]
    # An import may have brought more than a person may write.
    comments.set_body(comment, issue, change.before, undoing, IMPORT_LIMIT)
    return []


def _revert_attachment(event, undoing):
    """Take an attachment away, or bring it back."""
    gone = event.kind != Kind.TRASHED
    attachment = Attachment.objects.select_related("issue").get(pk=event.about_id)
    try:
        attachment, issue = attachments.lock_attachment(attachment, trashed=not gone)
    except (Attachment.DoesNotExist, Issue.DoesNotExist):
        return [] if gone else [_left(event, None)]
    if not gone and not _has_trashed(event, attachment):
        return [_left(event, "deleted_at")]
    attachments.set_trashed(attachment, issue, undoing, gone)
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
    elif event.kind == Kind.TRASHED and not _has_trashed(event, row):
        return [_left(event, "deleted_at")]
    else:
        wanted, left = _existence(event, row, undoing), []
    kind = log.INVERSE.get(event.kind, Kind.CHANGED)
    return left + [_left(event, field) for field in _put_row(row, wanted, before, undoing, kind)]


def _put_row(row, wanted, before, undoing, kind):
    """Save `row` with the frozen values `wanted`. Return the fields left alone: all, or people not to be asked."""
    try:
        with transaction.atomic():
            _put(row, wanted)
            _finish_row(row, before, undoing, kind)
    except ValidationError as error:
        refused = products.PEOPLE & wanted.keys() & getattr(error, "error_dict", {}).keys()
        if not refused:
            return list(wanted)
        row.refresh_from_db()
        kept = {field: value for field, value in wanted.items() if field not in refused}
        return sorted(refused) + _put_row(row, kept, before, undoing, kind)
    return []


def _existence(event, row, undoing):
    """Return what takes a row away, or brings it back: products have a trash, all else is archived."""
    if isinstance(row, (Status, User)):
        raise Conflict(_("What was created here stays: deactivate or rename it instead."), "created")
    field = "deleted_at" if isinstance(row, Product) else "archived_at"
    back = event.kind == Kind.TRASHED
    if (getattr(row, field) is None) == back:
        return {}
    return {field: None if back else log.freeze(undoing.at)}


def _finish_row(row, before, undoing, kind):
    if isinstance(row, Product):
        if kind != Kind.CHANGED:
            row.deleted_by = undoing.actor if row.deleted_at else None
        products.finish_product(row, before, log_to=lambda: undoing, kind=kind)
    elif isinstance(row, Status):
        statuses.finish_status(row, before, lambda: undoing)
    elif isinstance(row, User):
        users.finish_user(row, before, lambda: undoing)
    elif isinstance(row, SavedView):
        views.finish_undone(row, before, undoing)
    else:
        products.finish_part(row, before, lambda: undoing)


def _left_whole(event):
    return _left(event, "role" if event.about == "member" else None)


def _left(event, field):
    """Return the report on one `field` (None for the whole) that is left alone, and who changed it last."""
    later = Change.objects.filter(event__about=event.about, event__about_id=event.about_id, event_id__gt=event.pk)
    if field is not None:
        later = later.filter(field=field)
    last = later.order_by("-event_id").select_related("event__actor").first()
    actor = last.event.actor if last else None
    key = event.issue.key if event.issue_id else None
    return {"issue": key, "field": field or event.about, "by": actor.username if actor else None}
