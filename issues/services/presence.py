"""Who has an issue before them just now. Nothing of this is history: it is forgotten within a minute."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from issues.models import Presence
from products import access

FORGOTTEN = timedelta(seconds=50)


@transaction.atomic
def be_here(issue, *, actor):
    """Note that `actor` has `issue` before them. Return the other Users who have. Raises Forbidden."""
    access.authorize(actor, "triage", issue)
    now = timezone.now()
    Presence.objects.bulk_create(
        [Presence(issue=issue, user=actor, seen_at=now)],
        update_conflicts=True,
        unique_fields=["issue", "user"],
        update_fields=["seen_at"],
    )
    old = Q(issue=issue, seen_at__lt=now - FORGOTTEN) | (Q(user=actor) & ~Q(issue=issue))
    # A row that somebody holds is being renewed or removed: waiting for it, two could wait for one another.
    gone = Presence.objects.filter(old).select_for_update(skip_locked=True).values("pk")
    Presence.objects.filter(pk__in=gone).delete()
    here = Presence.objects.filter(issue=issue).exclude(user=actor).values("user")
    return User.objects.filter(pk__in=here, is_active=True).order_by("username")
