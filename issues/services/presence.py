"""Who has an issue before them just now. Nothing of this is history: it is forgotten within a minute."""

from datetime import timedelta

from django.db import transaction
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
    Presence.objects.filter(issue=issue, seen_at__lt=now - FORGOTTEN).delete()
    Presence.objects.filter(user=actor).exclude(issue=issue).delete()
    here = Presence.objects.filter(issue=issue).exclude(user=actor).values("user")
    return User.objects.filter(pk__in=here, is_active=True).order_by("username")
