"""What setting one field of an issue means for the others. Nothing here writes."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import BigAutoField, CharField
from django.utils.translation import gettext as _

from history.errors import Forbidden
from issues.choices import Return
from issues.models import Category, Issue, Status
from issuetracker.prepared import PreparedModels, Slot
from products import access
from products.access import REPORTER_FIELDS, TRIAGER
from products.models import PARTS

FIELDS = frozenset(
    [
        "product",
        "title",
        "description",
        "type",
        "status",
        "resolution",
        "priority",
        "severity",
        "component",
        "milestone",
        "version",
        "assignee",
        "labels",
        "due_on",
        "parent",
        "duplicate_of",
        "confidential",
        "snoozed_until",
    ]
)
TEXT_FIELDS = frozenset({"title", "description"})
CLOSING_FIELDS = frozenset({"status", "resolution"})
# What hangs on the status: setting one may set the others.
STAGE_FIELDS = frozenset(
    {"status", "resolution", "duplicate_of", "closed_at", "triaged_at", "returned_at", "returned_reason"}
)
LINKS = ("parent", "duplicate_of")
# So many labels an issue is given; an import may have brought more, which may stay.
LABELS_LIMIT = 100


def _of_category():
    return Status.objects.filter(category=Slot("category", CharField())).order_by("position", "id")[:1]


class _Held(PreparedModels):
    """Statuses that keep their category until the transaction ends. On SQLite nobody writes meanwhile."""

    def _compile(self, connection):
        sql, *others = super()._compile(connection)
        return (f"{sql} FOR KEY SHARE" if connection.vendor == "postgresql" else sql, *others)


STATUSES, HELD_OF_CATEGORY = PreparedModels(_of_category), _Held(_of_category)
HELD = _Held(lambda: Status.objects.filter(pk=Slot("pk", BigAutoField())).order_by())
CALLED = PreparedModels(lambda: Status.objects.filter(slug=Slot("slug", CharField())).order_by())


def find_status(slug):
    """Return the Status with that slug, or None."""
    return CALLED.first(slug=slug)


def held(status):
    """Return `status` as it is now, with the category that it keeps until the transaction ends."""
    return HELD.first(pk=status.pk)


def hold_category(status):
    """Let `status` keep its category until the transaction ends. Raises ValidationError where it has another by now."""
    if held(status).category != status.category:
        message = _("Somebody has changed this in the meantime.")
        raise ValidationError({"status": ValidationError(message, code="changed")})


def first_status(category, holds=False):
    """Return the first Status of `category` by position, which `holds` lets keep that until the transaction ends.

    Raises ValidationError where there is none.
    """
    rows = HELD_OF_CATEGORY if holds else STATUSES
    # One that was waited for, and is of another category by now, is not found; asked once more, the next one is.
    status = rows.first(category=category) or rows.first(category=category)
    if status is None:
        message = _("There is no status of the category %(category)s: an administrator can add one.")
        raise ValidationError({"status": ValidationError(message % {"category": category}, code="absent")})
    return status


def authorize_creation(actor, product, fields):
    """Raise Forbidden unless `actor` may file an issue with these `fields` in `product`."""
    access.authorize(actor, "create", product)
    if access.role(actor, product) < TRIAGER:
        _refuse_fields(set(fields) - REPORTER_FIELDS)


def settable(user, issue):
    """Return the names of the fields of `issue` that `user` may set to anything at all."""
    if access.can(user, "edit", issue):
        return FIELDS
    text = TEXT_FIELDS if access.can(user, "edit_text", issue) else frozenset()
    return text | CLOSING_FIELDS if access.can(user, "close", issue) else text


def seen_link(user, other):
    """Return `other`, the issue that a parent or an original is, or None where `user` does not see it."""
    gone = other is None or other.deleted_at or other.product.deleted_at
    return None if gone or not access.sees(user, other) else other


def without_hidden_links(actor, issue, changes):
    """Return `changes` without what clears a link of `issue` that `actor` does not see, which is not theirs to clear.

    Neither is its resolution then, of a duplicate: without one it would lose its original as well.
    """
    kept = dict(changes)
    empties = "resolution" in kept and not kept["resolution"]
    for field in LINKS:
        clears = field in kept or (field == "duplicate_of" and empties)
        if clears and kept.get(field) is None and _is_hidden_link(actor, issue, field):
            kept.pop(field, None)
            if field == "duplicate_of" and empties:
                del kept["resolution"]
    return kept


def _is_hidden_link(actor, issue, field):
    return getattr(issue, f"{field}_id") is not None and seen_link(actor, getattr(issue, field)) is None


def authorize_changes(actor, issue, changes):
    """Raise Forbidden unless `actor` may make these `changes` to `issue`; only real changes count."""
    status = changes.get("status") or issue.status
    changes = {field for field, value in changes.items() if not holds(issue, field, value)}
    reason = access.refusal(actor, "edit", issue)
    if reason is None:
        return
    if reason[1] == "archived":
        raise Forbidden(*reason)
    if changes & TEXT_FIELDS:
        access.authorize(actor, "edit_text", issue)
    if changes & CLOSING_FIELDS:
        access.authorize(actor, "close", issue)
        _refuse_other_stages(issue, status)
    if not changes:
        access.authorize(actor, "edit_text", issue)
    _refuse_fields(changes - TEXT_FIELDS - CLOSING_FIELDS)


def right_to_set(fields, issue):
    """Return the action that sets the `fields` of `issue` that an event names: some an author may set, too."""
    if fields <= TEXT_FIELDS:
        return "edit_text"
    if "closed_at" in fields:
        # The rest follows.
        by_author = STAGE_FIELDS | {"snoozed_until", "waits_from"}
    else:
        by_author = {"resolution"} if issue.is_open else CLOSING_FIELDS
    return "close" if fields <= TEXT_FIELDS | by_author else "edit"


def _refuse_other_stages(issue, status):
    """Refuse what is neither closing nor, of a closed issue, reopening into triage."""
    stays = status.pk == issue.status_id or status.category == Category.CLOSED
    if not stays and (issue.is_open or status != first_status(Category.TRIAGE)):
        _refuse_fields({"status"})


def _refuse_fields(fields):
    if fields:
        names = ", ".join(sorted(fields))
        raise Forbidden(_("Only a triager may set: %(fields)s.") % {"fields": names}, "field")


def holds(issue, field, value):
    """Return whether `field` of `issue` has that `value` already."""
    if field == "labels":
        return {label.pk for label in value} == {label.pk for label in issue.label_list}
    present = getattr(issue, field)
    return present == value or (present in (None, "") and value in (None, ""))


def set_status(issue, changes, *, now):
    """Set status, resolution and duplicate_of of `issue` from `changes`, with what follows from them.

    Setting `duplicate_of` closes as duplicate; closing without a resolution means fixed; leaving *closed* clears
    resolution and duplicate_of. Who may name which status was asked before.
    """
    was_closed = issue.status_id is not None and issue.status.category == Category.CLOSED
    status = changes.get("status") or (issue.status if issue.status_id else None)
    if changes.get("duplicate_of") and "status" not in changes and not was_closed:
        status = first_status(Category.CLOSED)
    if status.category == Category.CLOSED:
        _close(issue, changes, was_closed)
    else:
        _open(issue, changes)
    issue.status = status
    stamp(issue, now)


def _close(issue, changes, was_closed):
    if "duplicate_of" in changes:
        issue.duplicate_of = changes["duplicate_of"]
    # One that is named and empty is the default.
    resolution = changes.get("resolution", issue.resolution if was_closed else "")
    if changes.get("duplicate_of") and not changes.get("resolution"):
        resolution = Issue.Resolution.DUPLICATE
    issue.resolution = resolution or Issue.Resolution.FIXED
    if issue.resolution != Issue.Resolution.DUPLICATE and not changes.get("duplicate_of"):
        issue.duplicate_of = None
    elif issue.resolution == Issue.Resolution.DUPLICATE and issue.duplicate_of is None:
        message = _("Name the issue that this one is a duplicate of.")
        raise ValidationError({"duplicate_of": ValidationError(message, code="required")})


def _open(issue, changes):
    if changes.get("resolution"):
        message = _("Only a closed issue has a resolution: close it in the same change.")
        raise ValidationError({"resolution": ValidationError(message, code="open")})
    if changes.get("duplicate_of"):
        message = _("A duplicate is closed: leave the status out, or close it in the same change.")
        raise ValidationError({"duplicate_of": ValidationError(message, code="open")})
    issue.resolution, issue.duplicate_of = "", None


def stamp(issue, now):
    """Set when `issue` was closed and triaged from its status, which it has since `now` if not before.

    One that comes back into triage has returned, and its time there begins anew.
    """
    category = issue.status.category
    issue.closed_at = (issue.closed_at or now) if category == Category.CLOSED else None
    if category != Category.TRIAGE:
        issue.triaged_at = issue.triaged_at or now
        issue.returned_at, issue.returned_reason = None, ""
        issue.overdue_at = None
        return
    if issue.triaged_at is not None:
        issue.snoozed_until = None
        bring_back(issue, now, Return.REOPENED)
    if issue.triaged_at is not None or issue.overdue_at is None:
        begin_triage(issue, now)
    issue.triaged_at = None


def begin_triage(issue, now):
    """Let the time that the product of `issue` gives its triagers begin."""
    issue.overdue_at = now + timedelta(days=issue.product.triage_days)


def bring_back(issue, now, reason):
    """Note that `issue` is back in the queue since `now`, and why."""
    issue.returned_at, issue.returned_reason = now, reason.value


def snooze(issue, until, now):
    """Let `issue` sleep `until` some time, or wake it (None). The time that it sleeps does not count in triage."""
    leave_out_waiting(issue, now)
    if issue.is_in_triage and issue.overdue_at is not None:
        issue.overdue_at += _asleep(until, now) - _asleep(issue.snoozed_until, now)
    if _asleep(until, now):
        issue.returned_at, issue.returned_reason = None, ""
    issue.snoozed_until = until


def leave_out_waiting(issue, now):
    """Let the time that `issue` has waited for an answer, until `now`, not count in triage. Return whether it is so.

    What it slept meanwhile has been left out already; what it waits from `now` on is still to be.
    """
    if issue.waiting_since is None or not issue.is_in_triage or issue.overdue_at is None:
        return False
    since = max(issue.waiting_since, issue.waits_from, issue.snoozed_until or issue.waiting_since)
    left_out = issue.waits_from < now or bool(_asleep(issue.snoozed_until, now))
    issue.overdue_at += max(now - since, timedelta(0))
    issue.waiting_since = now
    return left_out


def _asleep(until, now):
    # Nobody sleeps longer, and the end of time is not far.
    return min(max(until - now, timedelta(0)), timedelta(days=36500)) if until is not None else timedelta(0)


def check_person(user, product):
    """Raise ValidationError for `assignee` unless `user` may be asked in `product`."""
    if user is not None and not access.may_be_asked(user, product):
        message = _("%(user)s is not active, or cannot see this product.") % {"user": user}
        raise ValidationError({"assignee": ValidationError(message, code="person")})


def check_parts(issue, changes):
    """Raise ValidationError by field where `changes` newly name what is archived or another product's."""
    errors = {}
    for name in PARTS:
        part = changes.get(name)
        if part is not None and (part.product_id != issue.product_id or part.archived):
            message = _("%(name)s is archived, or belongs to another product.") % {"name": part.name}
            errors[name] = ValidationError(message, code="archived" if part.archived else "other_product")
    if errors:
        raise ValidationError(errors)


def check_labels(issue, labels, present=()):
    """Raise ValidationError unless `labels` fit together and the product; those `present` may be archived, and many."""
    present = {label.pk for label in present}
    if len({label.pk for label in labels}) > max(LABELS_LIMIT, len(present)):
        message = _("At most %(limit)d labels.") % {"limit": LABELS_LIMIT}
        raise ValidationError({"labels": ValidationError(message, code="max_length")})
    groups = {}
    for label in labels:
        if label.product_id not in (None, issue.product_id) or (label.archived and label.pk not in present):
            message = _("The label %(name)s is archived, or belongs to another product.") % {"name": label.name}
            raise ValidationError({"labels": ValidationError(message, code="other_product")})
        other = groups.setdefault(label.group, label) if label.group else label
        if other is not label:
            message = _("%(one)s and %(other)s exclude one another.") % {"one": other.name, "other": label.name}
            raise ValidationError({"labels": ValidationError(message, code="exclusive")})


def canonical(target, actor):
    """Return the issue of which `target` is a duplicate, or itself: originals are no duplicates of others.

    The row is locked, so that it does not become one meanwhile. Raises ValidationError where `actor` does not see the
    original.
    """
    locked = Issue.objects.select_for_update(of=("self",)).select_related("product").filter(pk=target.pk).first()
    target = locked or target
    if target.duplicate_of_id is None:
        return target
    original = Issue.objects.visible_to(actor).select_related("product").filter(pk=target.duplicate_of_id).first()
    if original is None:
        message = _("This one is a duplicate itself: name its original.")
        raise ValidationError({"duplicate_of": ValidationError(message, code="duplicate")})
    return original


def check_link(issue, field, target, actor, *, may_be_trashed=False):
    """Raise ValidationError unless `issue` may point to `target` by `field` without a circle.

    A link that `may_be_trashed` is one that goes back: its target may have gone to the trash since, as with all others.
    The rows on the way up are read anew and locked, so that two such links made at once cannot close a circle between
    them.
    """
    above = Issue.objects.select_for_update(of=("self",)).select_related("product")
    step = above.filter(pk=target.pk).first()
    gone = step is None or (step.deleted_at and not may_be_trashed)
    if gone or not access.sees(actor, step):
        raise ValidationError({field: ValidationError(_("There is no such issue."), code="absent")})
    below = {issue.pk}
    while step is not None:
        if step.pk in below:
            message = _("This would go round in a circle.")
            raise ValidationError({field: ValidationError(message, code="circle")})
        below.add(step.pk)
        step = above.filter(pk=getattr(step, f"{field}_id")).first() if getattr(step, f"{field}_id") else None
