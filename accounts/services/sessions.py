"""Every end of somebody's sessions."""

from django.db import transaction

from accounts.models import Session, User
from history import log
from history.models import Kind


def end_sessions(user: User, keep: str | None = None) -> int:
    """End all sessions of `user` but that of key `keep`, as part of what has made them end. Return how many."""
    return Session.objects.filter(user=user).exclude(session_key=keep or "").delete()[0]


@transaction.atomic
def sign_out_elsewhere(user: User, *, via: str, keep: str | None = None, only: Session | None = None) -> int:
    """End `user`'s sessions but that of key `keep`, or `only` one of them, and record it. Return how many.

    They are over with the next request of their browsers.
    """
    ended = end_sessions(user, keep) if only is None else Session.objects.filter(pk=only.pk, user=user).delete()[0]
    if ended:
        changes = {"sessions": (None, None)}
        log.record(log.open_batch(actor=user, via=via), Kind.CHANGED, about=user, changes=changes)
    return ended
