"""The triage queue: what waits for a decision, in its order, and how much there is of it."""

from dataclasses import replace

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.db.models.functions import Now

from issues.columns import totals
from issues.models import Issue
from issues.query.tree import Sort
from issuetracker.prepared import ByReader, PreparedTuples
from products import access

IN_ORDER = (Sort("triage", False),)
# No query says this one: it is only ever before others.
BY_RANK = Sort("rank", False)


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


# Overdue first, then what has come back, then the rest; of each the oldest first.
RANK = Case(
    When(overdue(Now()), Value(0)), When(returned(Now()), Value(1)), default=Value(2), output_field=IntegerField()
)


def triaged_by(user, prefix="product__"):
    """Return the condition that `user` triages a product."""
    held = access.products_with_role(user, "triager", prefix)
    return held & Q(**{f"{prefix}archived_at": None})


def queue_of(asked):
    """Return the Search `asked` for what of it is in the queue of its user, in the queue's order unless in another."""
    # The moment is the database's, so that the statements are the same the next time.
    condition = asked.condition & queued(Now()) & triaged_by(asked.user)
    return replace(asked, condition=condition, query=replace(asked.query, sort=asked.query.sort or IN_ORDER))


def in_sections(asked):
    """Return a Search for a queue with the ranks of the queue first, and its own order within each.

    How well words fit is no order beside another.
    """
    sort = asked.unranked(IN_ORDER).query.sort
    return replace(asked, query=replace(asked.query, sort=sort if sort == IN_ORDER else (BY_RANK, *sort)))


def counts(asked):
    """Return `{"new", "returned", "overdue"}`: how many of a queue, which `asked` finds, are what; each counts once."""
    condition = asked.condition if asked.product is None else asked.condition & Q(product=asked.product.pk)
    (found,) = COUNTED.of(access.reader(asked.user), condition).tuples()
    return dict(zip(("new", "returned", "overdue"), found, strict=True))


def _counted(user, condition):
    late, back = overdue(Now()), returned(Now())
    return totals(
        Issue.objects.visible_to(user).filter(condition),
        new=Count("pk", filter=~late & ~back),
        returned=Count("pk", filter=back & ~late),
        overdue=Count("pk", filter=late),
    )


COUNTED = ByReader(PreparedTuples, _counted)
