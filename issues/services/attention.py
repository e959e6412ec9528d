"""Who wants an issue, and who wants to hear of it."""

from django.db import transaction

from history import log
from history.models import Kind
from history.writing import save_changed
from issues.models import Vote, Watch
from issues.services.issues import COUNTED, count_votes, lock_issue, touch
from products import access


@transaction.atomic
def vote(issue, *, actor, via, expected_version=None):
    """Vote for `issue`, once. Return the Batch, or None where one had voted before. Raises Forbidden and Stale."""
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "vote", issue)
    if Vote.objects.filter(issue=issue, user=actor).exists():
        return None
    batch = log.open_batch(actor=actor, via=via)
    set_vote(issue, actor, True, batch)
    return batch


@transaction.atomic
def unvote(issue, *, actor, via):
    """Take one's vote for `issue` back, if there is one. Return the Batch, or None. Raises Forbidden."""
    issue = lock_issue(issue)
    access.authorize(actor, "vote", issue)
    if not Vote.objects.filter(issue=issue, user=actor).exists():
        return None
    batch = log.open_batch(actor=actor, via=via)
    set_vote(issue, actor, False, batch)
    return batch


def set_vote(issue, user, wanted, batch):
    """Make or end the vote of `user` for a locked `issue`, with its event in `batch`."""
    if wanted:
        one = Vote.objects.create(issue=issue, user=user, created_at=batch.at)
    else:
        one = Vote.objects.get(issue=issue, user=user)
        Vote.objects.filter(pk=one.pk).delete()
    pair = (None, log.freeze(user)) if wanted else (log.freeze(user), None)
    touch(issue, batch)
    kind = Kind.VOTED if wanted else Kind.UNVOTED
    log.record(batch, kind, about=one, product=issue.product, issue=issue, changes={"vote": pair})
    save_changed(issue, COUNTED)
    count_votes(*filter(None, (issue.pk, issue.duplicate_of_id)))


@transaction.atomic
def watch(issue, *, actor, via, wanted=True, expected_version=None):
    """Say that one wants to hear of `issue`, or not (`wanted`). Return the Batch, or None where that was said before.

    Raises Forbidden and Stale.
    """
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "watch", issue)
    present = Watch.objects.filter(issue=issue, user=actor).first()
    if present is not None and present.wanted == wanted:
        return None
    batch = log.open_batch(actor=actor, via=via)
    set_watch(issue, actor, wanted, batch)
    return batch


def set_watch(issue, user, wanted, batch):
    """Set whether `user` wants to hear of a locked `issue` (None: as it is without), with its event in `batch`.

    The event is internal, and moves neither the version nor the date: it concerns nobody else.
    """
    one, _made = Watch.objects.get_or_create(issue=issue, user=user, defaults={"wanted": None, "created_at": batch.at})
    before, one.wanted = one.wanted, wanted
    save_changed(one, ["wanted"])
    changes = {"wanted": (before, wanted)}
    log.record(batch, Kind.WATCHED, about=one, product=issue.product, issue=issue, internal=True, changes=changes)
    save_changed(issue, ["event_count"])
