"""Every write to saved views and to who has pinned them."""

import re
from functools import cache, partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict, Forbidden, Unreadable
from history.models import Kind
from history.writing import check, insert, lock, refuse_unknown, save_changed
from issues.choices import COLUMNS
from issues.finding import search
from issues.models import SavedView, SavedViewPin
from issues.query import QueryError
from products import access
from products.access import authorize
from products.models import Product

FIELDS = frozenset({"name", "product", "query", "columns", "group", "shared", "is_default"})
# What the log calls views and pins.
ABOUT = ("savedview", "savedviewpin")
# So many views fit into a side bar.
PINS_LIMIT = 20
LINE_ENDS = re.compile(r"[\r\n]+")


@transaction.atomic
def create_view(*, actor, via, pinned=False, **fields):
    """Save a view (`name` needed) that `actor` owns, `pinned` to their side bar. Return it.

    Raises Forbidden, Unreadable for a query that cannot be run, or ValidationError by field.
    """
    refuse_unknown(fields, FIELDS)
    authorize(actor, _right_to(fields.get("shared")), fields.get("product"))
    view = SavedView(owner=actor)
    _set(view, fields)
    check(view, exclude=["is_default"])
    _check_query(view, actor)
    batch = log.open_batch(actor=actor, via=via)
    if view.is_default:
        _choose_default(view, actor, lambda: batch)
    check(view)
    insert(view)
    log.record(batch, Kind.CREATED, state=log.present(view), **_about(view))
    if pinned:
        _pin(view, actor, batch)
    return view


@transaction.atomic
def update_view(view, *, actor, via, expected_version=None, **changes):
    """Change the named fields of `view`; only what differs takes the right to edit it. Return it as it is then.

    Raises Forbidden, Stale, Unreadable for a query that cannot be run, or ValidationError by field.
    """
    refuse_unknown(changes, FIELDS)
    if not {"is_default", "product", "shared"}.isdisjoint(changes):
        # Whoever chooses a default holds its product, and then the view that was the default.
        homes = {view.product_id, getattr(changes.get("product"), "pk", None)}
        list(Product.objects.filter(pk__in=homes).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    view = _lock(view, expected_version)
    authorize(actor, "pin_view", view)
    refusal = access.refusal(actor, "edit_view", view)
    before, home = log.state(view), (view.product, view.shared)
    log_to = cache(partial(log.open_batch, actor=actor, via=via))
    _set(view, changes)
    if refusal and log.difference(before, log.state(view)):
        raise Forbidden(*refusal)
    moved = (view.product, view.shared) != home
    if moved:
        authorize(actor, _right_to(view.shared), view.product)
        # What was chosen for one place is not chosen for another.
        view.is_default = changes.get("is_default", False)
    if view.is_default if moved else view.is_default != before["is_default"]:
        _choose_default(view, actor, log_to)
    if "query" in changes or "product" in changes:
        _check_query(view, actor, before)
    return finish_view(view, before, log_to)


@transaction.atomic
def archive_view(view, *, actor, via, expected_version=None):
    """Delete `view`; undo brings it back. Return it. Raises Forbidden or Stale."""
    view = _lock(view, expected_version)
    authorize(actor, "edit_view", view)
    before = log.state(view)
    view.archived_at = timezone.now()
    return finish_view(view, before, lambda: log.open_batch(actor=actor, via=via))


def finish_view(view, before, log_to):
    """Save what differs from the state `before` of a locked view, with its event in the batch of `log_to()`."""
    changes = log.difference(before, log.state(view))
    if changes:
        check(view)
        view.lock_version += 1
        save_changed(view, [*changes, "lock_version"])
        log.record(log_to(), Kind.CHANGED, changes=changes, **_about(view))
    return view


@transaction.atomic
def pin_view(view, *, actor, via, pinned):
    """Pin `view` to the side bar of `actor`, or take it away from there. Return it. Raises Forbidden or Conflict."""
    view = _lock(view)
    authorize(actor, "pin_view", view)
    pin = SavedViewPin.objects.filter(view=view, user=actor).first()
    if pinned and pin is None:
        _pin(view, actor, log.open_batch(actor=actor, via=via))
    elif pin is not None and not pinned:
        _unpin(pin, log.open_batch(actor=actor, via=via))
    return view


def _right_to(shared):
    """Return what `products.access` calls to have a view in a product."""
    return "share_view" if shared else "save_view"


def _lock(view, expected_version=None):
    # Without its product: whoever had to wait would be given the one from before, or none, beside the present row.
    view = lock(SavedView.objects.filter(archived_at=None), view, expected_version)
    if view.product is not None and view.product.deleted_at is not None:
        raise SavedView.DoesNotExist
    return view


def _set(view, fields):
    for field, value in fields.items():
        if field == "columns":
            # In the order of the table, so that the same columns are the same view.
            value = [*(name for name in COLUMNS if name in value), *(name for name in value if name not in COLUMNS)]
        if field == "query":
            # As it is read: the box above a list, which has one line, would leave the ends of others out.
            value = LINE_ENDS.sub(" ", value)
        setattr(view, field, value)


def _about(view):
    """Return what an event says of where it belongs: what is personal is told to the owner alone."""
    return {"about": view, "product": view.product, "internal": not view.shared}


def _check_query(view, actor, before=None):
    """Raise Unreadable, by field, unless `actor` could run the query now, or it is what it was `before`."""
    if before and all(log.same(before[name], log.freeze(getattr(view, name))) for name in ("query", "product")):
        return
    try:
        search(actor, text=view.query, product=view.product)
    except QueryError as error:
        raise Unreadable(error.detail, {"query": error.errors["q"]}) from error


def _choose_default(view, actor, log_to):
    """See that `actor` may say whether `view` is the default of its product; if it is now, no other is any more."""
    if view.product is None or not view.shared:
        if view.is_default:
            message = _("Only a shared view of a product can be its default.")
            raise ValidationError({"is_default": ValidationError(message, code="shared")})
        return
    # Of two who choose at once, one waits.
    product = lock(Product.objects.all(), view.product)
    authorize(actor, "choose_default_view", product)
    others = SavedView.objects.filter(product=product, is_default=True, archived_at=None).exclude(pk=view.pk)
    for other in others.select_for_update() if view.is_default else ():
        before = log.state(other)
        other.is_default = False
        finish_view(other, before, log_to)


def _pin(view, user, batch):
    if SavedView.objects.pinned_by(user).count() >= PINS_LIMIT:
        message = _("The side bar holds %(limit)d views: take one away first.")
        raise Conflict(message % {"limit": PINS_LIMIT}, "pins")
    held = SavedViewPin.objects.filter(user=user)
    last = held.aggregate(last=Max("position"))["last"] or 0
    pin, made = held.get_or_create(view=view, user=user, defaults={"position": last + 1})
    if made:
        _record_pin(pin, batch, (None, log.freeze(view)))


def _unpin(pin, batch):
    frozen = (log.freeze(pin.view), None)
    pk = pin.pk
    pin.delete()
    pin.pk = pk
    _record_pin(pin, batch, frozen)


def _record_pin(pin, batch, pair):
    changes = {"view": pair, "user": (None, log.freeze(pin.user))}
    log.record(batch, Kind.CHANGED, about=pin, changes=changes, internal=True)


def authorize_undo(actor, event):
    """Raise Forbidden unless `actor` may take back what an event did to a view, or to the own side bar."""
    if event.about == "savedviewpin":
        if event.actor_id != actor.pk:
            raise Forbidden(_("This is somebody else’s side bar."))
        return
    view = SavedView.objects.select_related("product").filter(pk=event.about_id).first()
    if view is None:
        raise Forbidden(_("This view was deleted for good with its product."))
    authorize(actor, "edit_view", view)
    if view.product and event.changes.filter(field="is_default").exists():
        authorize(actor, "choose_default_view", view.product)


def finish_undone(view, before, undoing):
    """Save a locked view as the undo batch has put it. Raises ValidationError where it may no longer be there."""
    if not access.can(undoing.actor, _right_to(view.shared), view.product):
        raise ValidationError({"product": ValidationError(_("You cannot have a view there."), code="forbidden")})
    finish_view(view, before, lambda: undoing)


def revert_pin(event, undoing):
    """Pin a view again, or take it away, in the batch `undoing`. Return what was left alone: nothing."""
    change = event.changes.get(field="view")
    view = SavedView.objects.filter(pk=(change.after or change.before)["id"]).first()
    pin = SavedViewPin.objects.filter(view=view, user=event.actor).first() if view else None
    if change.after and pin is not None:
        _unpin(pin, undoing)
    elif view is not None and change.before and pin is None and access.can(event.actor, "pin_view", view):
        _pin(view, event.actor, undoing)
    return []
