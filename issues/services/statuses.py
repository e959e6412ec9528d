"""Every write to the site's statuses."""

from django.db import transaction
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict
from history.models import Kind
from history.writing import check, lock, refuse_unknown, save_named
from issues.models import Issue, Status
from products import access

FIELDS = frozenset({"slug", "name", "category", "position"})


@transaction.atomic
def create_status(*, actor, via, **fields):
    """Create a status (`slug`, `name`, `category`). Return it. Raises Forbidden, or ValidationError by field."""
    access.authorize(actor, "edit_statuses")
    refuse_unknown(fields, FIELDS)
    status = Status(**fields)
    check(status)
    save_named(status)
    log.record(log.open_batch(actor=actor, via=via), Kind.CREATED, about=status, state=log.present(status))
    return status


@transaction.atomic
def update_status(status, *, actor, via, expected_version=None, **changes):
    """Change the named fields of `status`. Return it.

    Raises Forbidden, Stale, ValidationError by field, or Conflict where issues have it and the category would
    change: they would all be opened or closed at once, unseen.
    """
    refuse_unknown(changes, FIELDS)
    status = lock(Status.objects.all(), status, expected_version)
    access.authorize(actor, "edit_statuses")
    before = log.state(status)
    for field, value in changes.items():
        setattr(status, field, value)
    check(status)
    return finish_status(status, before, lambda: log.open_batch(actor=actor, via=via))


def finish_status(status, before, log_to):
    """Save what differs from `before`, with its event in the batch that `log_to()` gives. Return the status.

    Raises Conflict as `update_status`.
    """
    changes = log.difference(before, log.state(status))
    if "category" in changes:
        # Whoever is just giving it to an issue holds its key, and is waited for.
        list(Status.objects.filter(pk=status.pk).select_for_update().values_list("pk"))
        if Issue.objects.filter(status=status).exists():
            message = _("Issues have this status: its category stays. Add a status of the other category.")
            raise Conflict(message, "in_use")
    if changes:
        status.lock_version += 1
        save_named(status, [*changes, "lock_version"])
        log.record(log_to(), Kind.CHANGED, about=status, changes=changes)
    return status
