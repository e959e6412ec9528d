"""What the change of a product or a person means for issues, in the same transaction and by few statements."""

from contextlib import suppress
from datetime import timedelta

from django.db.models import F

from history import log
from issues.models import Issue, NeedInfo
from issues.services.issues import count_votes, lock_issue
from issues.services.needinfos import is_idle, withdraw_idle

# At once so many originals are locked and counted.
CHUNK = 500
# What decides who sees the issues of a product.
SHOWN_BY = frozenset({"visibility", "deleted_at"})


def follow_product(product, changes, batch):
    """Do what follows from the `changes`, `{field: (before, after)}`, of a locked `product` or a member of it."""
    if "triage_days" in changes:
        _move_deadlines(product, *changes["triage_days"])
    if not SHOWN_BY.isdisjoint(changes):
        _count_votes(product)
    if product.deleted_at is None and not (SHOWN_BY | {"role"}).isdisjoint(changes):
        _withdraw_idle(product, batch)


def follow_person(user, batch):
    """Take back the questions to `user`, who in `batch` was deactivated or became no superuser, where they are idle.

    What they keep waiting is in the queue again. In a batch of its own, since who may undo that need not triage here.
    """
    idle = _idle(NeedInfo.objects.filter(state=NeedInfo.State.OPEN, requestee=user))
    if idle:
        _withdraw(idle, log.open_batch(actor=batch.actor, via=batch.via, at=batch.at))


def _move_deadlines(product, before, after):
    """Give what waits in triage the days that it has now: what it slept, or waited for an answer, stays on top."""
    waiting = Issue.objects.filter(product=product, triaged_at=None, overdue_at__isnull=False)
    waiting.update(overdue_at=F("overdue_at") + timedelta(days=after - before))


def _count_votes(product):
    """Count the votes of the originals of which a duplicate is in another product, where one of both is `product`."""
    merged = Issue.objects.filter(duplicate_of__isnull=False).exclude(duplicate_of__product=F("product"))
    there, here = merged.filter(product=product), merged.filter(duplicate_of__product=product)
    found = there.values("duplicate_of").union(here.values("duplicate_of")).values_list("duplicate_of", flat=True)
    originals = sorted(filter(None, found))
    for start in range(0, len(originals), CHUNK):
        count_votes(*originals[start : start + CHUNK])


def _withdraw_idle(product, batch):
    """Take back the questions to who does not see the issue any more, which few are: each is an event."""
    _withdraw(_idle(NeedInfo.objects.filter(state=NeedInfo.State.OPEN, issue__product=product)), batch)


def _idle(asked):
    """Return the ids of the issues, not in the trash, about which one of the questions `asked` is idle. Locks them.

    Those in the trash as well, and before it is asked which are: who moves or restores one meanwhile does not yet see
    what has become of the person.
    """
    list(Issue.objects.filter(pk__in=set(asked.values_list("issue", flat=True))).locked().values_list("pk"))
    asked = asked.filter(issue__deleted_at=None, issue__product__deleted_at=None)
    people: dict = {}
    idle = set()
    for one in asked.select_related("requestee", "issue__product"):
        # The roles of each person are read once.
        one.requestee = people.setdefault(one.requestee_id, one.requestee)
        if is_idle(one, one.issue):
            idle.add(one.issue_id)
    return idle


def _withdraw(ids, batch):
    for issue in Issue.objects.filter(pk__in=ids).order_by("pk"):
        # What has gone to the trash meanwhile is looked at when it comes back.
        with suppress(Issue.DoesNotExist):
            withdraw_idle(lock_issue(issue), batch)
