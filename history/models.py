"""The event log: what changed, in which call, by whom. Written by the services alone, never edited."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Via(models.TextChoices):
    """The door by which a change came in."""

    WEB = "web", _("web")
    API = "api", _("API")
    ADMIN = "admin", _("admin")
    IMPORT = "import", _("import")
    MAIL = "mail", _("mail")
    AGENT = "agent", _("agent")


class Kind(models.TextChoices):
    """What an event tells of."""

    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    COMMENTED = "commented", _("commented")
    COMMENT_EDITED = "comment-edited", _("comment edited")
    MOVED = "moved", _("moved")
    TRASHED = "trashed", _("moved to the trash")
    RESTORED = "restored", _("restored")
    REDACTED = "redacted", _("redacted")
    CORRECTED = "corrected", _("corrected")
    RELATED = "related", _("related")
    UNRELATED = "unrelated", _("no longer related")
    MEMBER_CHANGED = "member-changed", _("member changed")
    ASKED = "asked", _("asked")
    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("question withdrawn")
    RETURNED = "returned", _("back in the queue")
    VOTED = "voted", _("voted")
    UNVOTED = "unvoted", _("vote taken back")
    WATCHED = "watched", _("watched")
    ATTACHED = "attached", _("attached")


# What is kept of an issue for the undo alone: it moves with the time, and no reader is told.
ASIDE = frozenset({"waits_from", "waiting_since"})


class Batch(models.Model):
    """One call of a service: one change, or a bulk edit of hundreds."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=8, choices=Via)
    at = models.DateTimeField(default=timezone.now)
    query = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.DONE)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    left_alone = models.JSONField(default=list)
    # What a change of many is still to do, as its service wrote it down; none where all is done.
    todo = models.JSONField(null=True)
    undone_by = models.OneToOneField("self", models.SET_NULL, null=True, related_name="undoes")

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes = [models.Index(fields=["actor", "-at"], name="batch_actor_at")]

    def __str__(self):
        return f"#{self.pk}"


class Event(models.Model):
    """Something that happened to one thing (`about`, `about_id`), numbered within its issue where it has one."""

    # Its batch is written before it and never goes; its issue counts it in its own row, in the same transaction; its
    # product is that of the issue, or was at the time. To have the database ask again for each of millions costs more
    # than to write them.
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="events", db_constraint=False)
    product = models.ForeignKey(
        "products.Product", models.CASCADE, null=True, related_name="events", db_constraint=False
    )
    issue = models.ForeignKey(
        "issues.Issue", models.CASCADE, null=True, related_name="events", db_index=False, db_constraint=False
    )
    about = models.CharField(max_length=16)
    about_id = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    number = models.PositiveIntegerField(null=True)
    # The version that its issue then had, which unlike the number tells nothing of events that some do not see. None
    # where it was not kept yet: what was seen of the issue since is later.
    version = models.PositiveIntegerField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    internal = models.BooleanField(default=False)
    delivered_at = models.DateTimeField(null=True)
    # What was created, as it was then: `{field: frozen value}`, without what was empty. Only a creation has it.
    state = models.JSONField(null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["issue", "number"], name="event_issue_number")]
        indexes = [
            models.Index(fields=["about", "about_id", "id"], name="event_about"),
            models.Index(fields=["product", "-id"], name="event_product", condition=Q(issue=None)),
            models.Index(fields=["actor", "-at"], name="event_actor_at"),
            models.Index(fields=["id"], name="event_undelivered", condition=Q(delivered_at=None)),
        ]

    def __str__(self):
        return f"{self.kind} {self.about} {self.about_id}"

    def told(self):
        """Return its Changes in their order; a creation tells of each field of its state that it was empty before."""
        if self.state:
            return [Change(field=field, after=value) for field, value in self.state.items()]
        told = (change for change in self.changes.all() if change.field not in ASIDE)
        return sorted(told, key=lambda change: change.pk)


class Change(models.Model):
    """One field of one event, before and after; a row referred to is kept as `{"id": …, "name": …}`."""

    # Both are written in one transaction, and go in one.
    event = models.ForeignKey(Event, models.CASCADE, related_name="changes", db_index=False, db_constraint=False)
    # The issue of the event once more, for the indexes.
    issue = models.ForeignKey(
        "issues.Issue", models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    field = models.CharField(max_length=32)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    before_key = models.CharField(max_length=64, blank=True)
    after_key = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints = [models.UniqueConstraint(fields=["event", "field"], name="change_event_field")]
        indexes = [
            models.Index(fields=["issue", "field", "at"], name="change_issue_field_at"),
            models.Index(
                fields=["field", "before_key", "at"], name="change_field_before_at", condition=~Q(before_key="")
            ),
            models.Index(fields=["field", "after_key", "at"], name="change_field_after_at", condition=~Q(after_key="")),
        ]

    def __str__(self):
        return f"{self.field}: {self.before} → {self.after}"
