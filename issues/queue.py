"""Where an issue stands in the triage queue at some moment: a model, or anything with its columns as attributes."""

from issues.choices import Return


def is_queued(issue, now):
    """Return whether `issue` waits for a triager, and for nobody else."""
    asleep = issue.snoozed_until is not None and issue.snoozed_until > now
    return issue.triaged_at is None and issue.waiting_for_id is None and not asleep


def is_overdue(issue, now):
    """Return whether `issue` has waited for a triager for longer than its product allows."""
    return is_queued(issue, now) and issue.overdue_at is not None and issue.overdue_at <= now


def returned(issue, now):
    """Return `(when, why)` of an `issue` that came back into the queue, `(None, "")` of one that did not.

    A snooze ends by itself: that is told by the time alone.
    """
    if not is_queued(issue, now):
        return None, ""
    ended = issue.snoozed_until
    if ended is not None and (issue.returned_at is None or issue.returned_at < ended):
        return ended, Return.SNOOZE.value
    return issue.returned_at, issue.returned_reason


def waiting(issue, username):
    """Return for whom `issue` waits: "us", "reporter", or the `username` of who was asked."""
    if issue.waiting_for_id is None:
        return "us"
    return "reporter" if issue.waiting_for_id == issue.author_id else username
