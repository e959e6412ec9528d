"""The triage queue: what waits for a decision, in its order, and how much there is of it."""

from dataclasses import replace

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.db.models.functions import Now

from issues.query.tree import Sort
from products import access

IN_ORDER = (Sort("triage", False),)


def snoozed(now):
    """Return the condition that an issue sleeps at `now`, a moment or an expression of one."""
    return Q(snoozed_until__isnull=False, snoozed_until__gt=now)


def queued(now):
    """Return the condition that an issue waits for a triager, and for nobody else: as `issues.queue.is_queued`."""
    return Q(triaged_at=None, waiting_for=None) & (Q(snoozed_until=None) | Q(snoozed_until__lte=now))


def overdue(now):
    """Return the condition that an issue has waited for longer than its product allows."""
    return queued(now) & Q(overdue_at__lte=now)


def returned(now):
    """Return the condition that an issue has come back into the queue: for a reason, or since its snooze has ended."""
    return queued(now) & (Q(returned_at__isnull=False) | Q(snoozed_until__isnull=False))


RANK = Case(
    When(overdue(Now()), Value(0)), When(returned(Now()), Value(1)), default=Value(2), output_field=IntegerField()
)
# Overdue first, then what has come back, then the rest; of each the oldest first.


def triaged_by(user, prefix="product__"):
    """Return the condition that `user` triages a product."""
    held = access.products_with_role(user, "triager", prefix)
    return held & Q(**{f"{prefix}archived_at": None})


def queue_of(asked, now):
    """Return the Search `asked` for what of it is in the queue of its user, in the queue's order unless in another."""
    condition = asked.condition & queued(now) & triaged_by(asked.user)
    return replace(asked, condition=condition, query=replace(asked.query, sort=asked.query.sort or IN_ORDER))


def counts(rows, now):
    """Return `{"new", "returned", "overdue"}`: how many of `rows`, all of a queue, are what; each is counted once."""
    late, back = overdue(now), returned(now)
    return rows.order_by().aggregate(
        new=Count("pk", filter=~late & ~back),
        returned=Count("pk", filter=back & ~late),
        overdue=Count("pk", filter=late),
    )
