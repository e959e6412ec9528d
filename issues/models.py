"""The work itself: issues, their statuses, numbers, comments and relations."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from issues import choices, queue
from issues.choices import COLUMNS, GROUPS, Category, Priority, Severity
from issues.files.references import address_of, reference
from issues.querysets import AttachmentQuerySet, CommentQuerySet, IssueQuerySet, SavedViewQuerySet
from issues.similar.tables import FittedWeights, Posting, TermCount, ToPost  # noqa: F401 (tables of this app)
from products.models import Component, Label, Milestone, Product, Version, Versioned, clean_line, clean_text, year_error

TITLE_LIMIT = 500
# As long as a query may be.
QUERY_LIMIT = 1000


def in_order(labels):
    """Return `labels` as a list by name."""
    return sorted(labels, key=lambda label: label.name.lower())


class Status(Versioned):
    """A stage of work, the same on the whole site."""

    slug = models.SlugField(_("slug"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60, validators=[clean_line])
    category = models.CharField(_("category"), max_length=8, choices=Category)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("status")
        verbose_name_plural = _("statuses")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="status_name_once",
                violation_error_code="name",
                violation_error_message=_("There is a status of that name."),
            )
        ]

    def __str__(self):
        return self.name

    TRACKED = ("slug", "name", "category", "position")

    @property
    def history_name(self):
        """What the log calls it."""
        return self.slug


class Issue(Versioned):
    """Something to be done about a product. `key` is its name; `number` counts within the product."""

    Type, Resolution, Source = choices.Type, choices.Resolution, choices.Source

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="issues", verbose_name=_("product"), db_index=False
    )
    number = models.PositiveBigIntegerField(editable=False)
    title = models.CharField(_("title"), max_length=TITLE_LIMIT, validators=[clean_line])
    description = models.TextField(_("description"), blank=True, validators=[clean_text])
    description_html = models.TextField(editable=False, blank=True)
    type = models.CharField(_("type"), max_length=8, choices=Type, default=Type.BUG)
    status = models.ForeignKey(Status, models.PROTECT, related_name="+", verbose_name=_("status"), db_index=False)
    resolution = models.CharField(_("resolution"), max_length=20, choices=Resolution, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NONE)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, default=Severity.UNSET)
    component = models.ForeignKey(
        Component, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("component"), db_index=False
    )
    milestone = models.ForeignKey(
        Milestone, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("milestone"), db_index=False
    )
    version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("found in"), db_index=False
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assignee"),
        db_index=False,
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    labels = models.ManyToManyField(Label, through="IssueLabel", blank=True, related_name="+", verbose_name=_("labels"))
    due_on = models.DateField(_("due date"), null=True, blank=True)
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
        db_index=False,
    )
    duplicate_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="duplicates",
        verbose_name=_("duplicate of"),
        db_index=False,
    )
    confidential = models.BooleanField(
        _("confidential"), default=False, help_text=_("Seen by its author, its assignee and triagers only.")
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    # Why it is back in the queue and since when; a snooze that has ended is told by its time alone.
    returned_at = models.DateTimeField(null=True, editable=False)
    returned_reason = models.CharField(max_length=8, choices=choices.Return, blank=True, editable=False)
    # Kept for the queue, and following from what the log keeps: when its time in triage is up, while it is there, and
    # who was asked first of those who have not answered yet, and since when anybody is, or since it was last put to
    # sleep or woken: what it waited before is in `overdue_at` by then.
    overdue_at = models.DateTimeField(null=True, editable=False)
    waiting_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    waiting_since = models.DateTimeField(null=True, editable=False)
    source = models.CharField(max_length=8, choices=Source, editable=False)
    votes = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    event_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    triaged_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="issue_number_once")]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="issue_updated"),
            # The list that everybody begins with.
            models.Index(fields=["-updated_at", "-id"], name="issue_open_updated", condition=Q(closed_at=None)),
            models.Index(fields=["product", "-updated_at", "-id"], name="issue_product_updated"),
            models.Index(fields=["-created_at", "-id"], name="issue_created"),
            models.Index(fields=["product", "-created_at", "-id"], name="issue_product_created"),
            models.Index(fields=["product", "-priority", "-id"], name="issue_product_priority"),
            models.Index(fields=["product", "status", "-updated_at", "-id"], name="issue_product_status"),
            models.Index(fields=["status", "-updated_at", "-id"], name="issue_status_updated"),
            models.Index(
                fields=["product", "-updated_at", "-id"], name="issue_open_product", condition=Q(closed_at=None)
            ),
            models.Index(
                fields=["assignee", "-updated_at", "-id"], name="issue_open_assignee", condition=Q(closed_at=None)
            ),
            models.Index(fields=["assignee", "-updated_at", "-id"], name="issue_assignee_updated"),
            # What somebody has to do in each product that the reader sees.
            models.Index(
                fields=["product", "assignee", "-updated_at", "-id"],
                name="issue_open_product_assignee",
                condition=Q(closed_at=None),
            ),
            # The orders that a list offers, of what is open; and what is so seldom so that it is asked for by itself.
            models.Index(fields=["-priority", "-id"], name="issue_open_priority", condition=Q(closed_at=None)),
            models.Index(fields=["-votes", "-id"], name="issue_open_votes", condition=Q(closed_at=None)),
            models.Index(fields=["due_on", "id"], name="issue_open_due", condition=Q(closed_at=None)),
            models.Index(fields=["-severity", "-id"], name="issue_open_severity", condition=Q(closed_at=None)),
            models.Index(fields=["-updated_at", "-id"], name="issue_confidential", condition=Q(confidential=True)),
            models.Index(fields=["-updated_at", "-id"], name="issue_duplicate", condition=Q(resolution="duplicate")),
            # Seldom set: an index of those that are is small, and SQLite believes in no other once it has counted.
            *(
                models.Index(fields=[name], name=f"issue_{name}", condition=Q(**{f"{name}__isnull": False}))
                for name in ("parent", "duplicate_of", "component", "milestone", "version")
            ),
            models.Index(fields=["snoozed_until"], name="issue_snoozed", condition=Q(snoozed_until__isnull=False)),
            models.Index(fields=["deleted_at"], name="issue_trash", condition=Q(deleted_at__isnull=False)),
            models.Index(fields=["product", "created_at", "id"], name="issue_queue", condition=Q(triaged_at=None)),
        ]

    def __str__(self):
        return f"{self.key} {self.title}"

    @property
    def key(self):
        """Its name, such as WEB-142."""
        return f"{self.product.key}-{self.number}"

    history_name = key

    TRACKED = [
        "product",
        "number",
        "title",
        "description",
        "type",
        "status",
        "resolution",
        "priority",
        "severity",
        "component",
        "milestone",
        "version",
        "assignee",
        "author",
        "labels",
        "due_on",
        "parent",
        "duplicate_of",
        "confidential",
        "snoozed_until",
        "returned_at",
        "returned_reason",
        "source",
        "created_at",
        "triaged_at",
        "closed_at",
        "deleted_at",
    ]

    RECORDED_AS = {"priority": "priority_slug", "severity": "severity_slug", "labels": "label_list"}

    def recorded(self, fields=TRACKED):
        """Return `{field: value}` of what the log keeps of it, or of some `fields`, in the words of the API."""
        return {name: getattr(self, self.RECORDED_AS.get(name, name)) for name in fields}

    @property
    def priority_slug(self):
        """The name of its priority in the API, such as "high"."""
        return Priority(self.priority).name.lower()

    @property
    def severity_slug(self):
        """The name of its severity in the API, such as "s2"."""
        return Severity(self.severity).name.lower()

    @cached_property
    def label_list(self):
        """Its labels by name, read once (prefetched ones are used)."""
        return in_order(self.labels.all())

    @property
    def is_open(self):
        """Whether it is not closed."""
        return self.closed_at is None

    @property
    def is_in_triage(self):
        """Whether nobody has decided on it yet."""
        return self.triaged_at is None

    @property
    def waits_from(self):
        """From when on its days in triage count: the later, the longer it has slept or waited for an answer."""
        return None if self.overdue_at is None else self.overdue_at - timedelta(days=self.product.triage_days)

    @property
    def is_snoozed(self):
        """Whether it is hidden from the queue until some time or until something happens."""
        return self.snoozed_until is not None and self.snoozed_until > timezone.now()

    @property
    def is_queued(self):
        """Whether it waits for a triager, and for nobody else."""
        return queue.is_queued(self, timezone.now())

    @property
    def is_overdue(self):
        """Whether it has waited for a triager for longer than its product allows."""
        return queue.is_overdue(self, timezone.now())

    @property
    def returned(self):
        """Return `(when, why)` it came back into the queue, `(None, "")` where it did not."""
        return queue.returned(self, timezone.now())

    @property
    def questions(self):
        """What was asked about it, oldest first (prefetched ones are used)."""
        return sorted(self.needinfos.all(), key=lambda one: (one.created_at, one.pk))

    @property
    def open_questions(self):
        """Those of them that nobody has answered or withdrawn."""
        return [one for one in self.questions if one.state == NeedInfo.State.OPEN]

    @property
    def waiting(self):
        """For whom it waits: "us", "reporter", or a user name."""
        return queue.waiting(self, self.waiting_for.username if self.waiting_for_id else "")

    def get_absolute_url(self):
        """Return the address of its page."""
        return reverse("issue", args=[self.key])

    def clean(self):
        """Check what concerns several fields at once. Raises ValidationError by field."""
        errors = {}
        if self.resolution and self.status.category != Category.CLOSED:
            errors["resolution"] = _("Only a closed issue has a resolution.")
        if self.status.category == Category.CLOSED and not self.resolution:
            errors["resolution"] = _("Say how it was resolved.")
        if self.duplicate_of_id and self.resolution != self.Resolution.DUPLICATE:
            errors["duplicate_of"] = _("Only an issue closed as duplicate is a duplicate of another.")
        for name in ("component", "milestone", "version"):
            # What was not even loaded is what it was.
            part = getattr(self, name) if self._meta.get_field(name).is_cached(self) else None
            if part and part.product_id != self.product_id:
                errors[name] = _("%(name)s belongs to another product.") % {"name": part.name}
        for name in ("parent", "duplicate_of"):
            if self.pk and getattr(self, f"{name}_id") == self.pk:
                errors[name] = _("An issue cannot be this to itself.")
        wrong_year = year_error(self.snoozed_until)
        if wrong_year:
            errors["snoozed_until"] = wrong_year
        if errors:
            raise ValidationError(errors)


class IssueLabel(models.Model):
    """A label on an issue."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="label_links", db_index=False)
    label = models.ForeignKey(Label, models.PROTECT, related_name="issue_links", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "label"], name="issue_label_once")]
        indexes = [models.Index(fields=["label", "issue"], name="label_issue")]

    def __str__(self):
        return f"{self.issue_id}: {self.label_id}"


class IssueNumber(models.Model):
    """A number that an issue has or had; it is that issue's for ever, also in the trash and after a move."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveBigIntegerField()
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="numbers")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="number_once")]

    def __str__(self):
        return f"{self.product_id}: {self.number}"


class FormerKey(models.Model):
    """A key that an issue had in a product that has been purged since it moved; it leads to that issue for ever."""

    # As long as the longest: ten characters, a dash and a number of 64 bits.
    key = models.CharField(max_length=30, unique=True)
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="former_keys")

    def __str__(self):
        return self.key


class IssueCounter(models.Model):
    """The last number given in a product: a row of its own, so that locking it blocks nothing else."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="+")
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self):
        return f"{self.product_id}: {self.last}"


class Comment(Versioned):
    """What somebody said about an issue; an internal one is for triagers."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="comments", db_index=False)
    body = models.TextField(_("comment"), validators=[clean_text])
    body_html = models.TextField(editable=False, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    internal = models.BooleanField(_("internal"), default=False, help_text=_("Seen by triagers only."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [
            models.Index(fields=["issue", "created_at", "id"], name="comment_issue_created"),
            models.Index(fields=["deleted_at"], name="comment_trash", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self):
        return f"{self.pk}"

    TRACKED = ("body", "author", "internal", "created_at", "edited_at", "deleted_at")

    @property
    def history_name(self):
        """What the log calls it."""
        return str(self.pk)


class Attachment(Versioned):
    """A file that somebody has added to an issue, or to a comment on it: then whoever sees that sees the file."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="attachments", db_index=False)
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, blank=True, related_name="attachments")
    # Its name on disk and in its address, which nobody can guess.
    token = models.CharField(max_length=32, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, validators=[clean_line])
    media_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveBigIntegerField(editable=False)
    # Of the content; "" where that is gone.
    digest = models.CharField(max_length=64, blank=True, editable=False)
    # Of a picture that was drawn anew, and may be shown.
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(fields=["issue", "id"], name="attachment_issue"),
            models.Index(fields=["deleted_at"], name="attachment_trash", condition=Q(deleted_at__isnull=False)),
        ]

    TRACKED = ("file", "comment", "media_type", "size", "author", "created_at", "deleted_at")

    def __str__(self):
        return self.name

    @property
    def history_name(self):
        """What the log calls it."""
        return self.name

    @property
    def file(self):
        """Itself, while it is not in the trash: what the log says comes and goes."""
        return self if self.deleted_at is None else None

    @property
    def is_picture(self):
        """Whether it may be shown rather than saved."""
        return self.width is not None

    @property
    def internal(self):
        """Whether it is on a comment that triagers alone see."""
        return self.comment_id is not None and self.comment.internal

    @property
    def markdown(self):
        """How a text shows it, or leads to it."""
        return reference(self.name, self.token, is_picture=self.is_picture)

    def get_absolute_url(self):
        """Return the address of the file, which stays the same wherever its issue moves."""
        return address_of(self.token)


class Relation(models.Model):
    """A link between two issues: `source` blocks `target`, or both relate (then `source` has the lower id)."""

    class Kind(models.TextChoices):
        BLOCKS = "blocks", _("blocks")
        RELATES = "relates", _("relates to")

    kind = models.CharField(max_length=8, choices=Kind)
    source = models.ForeignKey(Issue, models.CASCADE, related_name="relations_from", db_index=False)
    target = models.ForeignKey(Issue, models.CASCADE, related_name="relations_to")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints = [models.UniqueConstraint(fields=["source", "target", "kind"], name="relation_once")]

    def __str__(self):
        return f"{self.source_id} {self.kind} {self.target_id}"


class NeedInfo(Versioned):
    """A question about an issue to one named person."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        WITHDRAWN = "withdrawn", _("withdrawn")

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="needinfos", db_index=False)
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    requestee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("whom"), db_index=False
    )
    question = models.TextField(_("question"), validators=[clean_text])
    due_on = models.DateField(_("due date"), null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        indexes = [
            models.Index(fields=["issue", "created_at", "id"], name="needinfo_issue"),
            models.Index(fields=["requestee", "issue"], name="needinfo_open", condition=Q(state="open")),
        ]

    TRACKED = ("asker", "requestee", "question", "due_on", "state", "created_at", "closed_at")

    def __str__(self):
        return f"{self.issue_id}: {self.requestee_id}"

    @property
    def history_name(self):
        """What the log calls it."""
        return str(self.pk)


class Vote(models.Model):
    """That somebody wants an issue, or has the same trouble."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="voters", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "user"], name="vote_once")]

    def __str__(self):
        return f"{self.issue_id}: {self.user_id}"


class Watch(models.Model):
    """That somebody wants, or does not want, to hear of an issue: author, assignee and commenters do without."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="watches", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # None: as it is for who has said nothing.
    wanted = models.BooleanField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "user"], name="watch_once")]

    def __str__(self):
        return f"{self.issue_id}: {self.user_id}"


class Presence(models.Model):
    """That somebody has an issue before them, so that no two decide on it: of no importance a minute later."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "user"], name="presence_once")]

    def __str__(self):
        return f"{self.issue_id}: {self.user_id}"


class SavedView(Versioned):
    """A named list: a query with its columns and sections. Personal, or shared; of one product, or of all."""

    name = models.CharField(_("name"), max_length=100, validators=[clean_line])
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    query = models.CharField(_("query"), max_length=QUERY_LIMIT, blank=True, validators=[clean_text])
    columns = models.JSONField(_("columns"), default=list, blank=True)
    group = models.CharField(_("sections"), max_length=16, blank=True, choices=list(GROUPS.items()))
    shared = models.BooleanField(_("shared"), default=False)
    is_default = models.BooleanField(_("default view of the product"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(is_default=True, archived_at=None),
                name="view_default_once",
                violation_error_message=_("This product has another default view."),
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(shared=True, product__isnull=False),
                name="view_default_shared",
                violation_error_message=_("Only a shared view of a product can be its default."),
            ),
        ]

    TRACKED = ("name", "owner", "product", "query", "columns", "group", "shared", "is_default", "archived_at")

    def __str__(self):
        return self.name

    @property
    def history_name(self):
        """What the log calls it."""
        return self.name

    def get_absolute_url(self):
        """Return the address of its list."""
        return reverse("view", args=[self.pk])

    def clean(self):
        """Check that its columns are such. Raises ValidationError by field."""
        unknown = [name for name in self.columns if name not in COLUMNS]
        if unknown:
            message = _("There is no column “%(name)s”.") % {"name": unknown[0]}
            raise ValidationError({"columns": ValidationError(message, code="choice")})


class SavedViewPin(models.Model):
    """A view that somebody has pinned to the side bar."""

    view = models.ForeignKey(SavedView, models.CASCADE, related_name="pins", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["view", "user"], name="view_pin_once")]

    def __str__(self):
        return f"{self.user_id}: {self.view_id}"


class WordCount(models.Model):
    """In how many issues that are not confidential a word is: of all public products, or of one that is not public."""

    word = models.CharField(max_length=64)
    product = models.ForeignKey(Product, models.CASCADE, null=True, related_name="+")
    documents = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word", "product"], name="word_count_once")]

    def __str__(self):
        return f"{self.word}: {self.documents}"


class WordCensus(models.Model):
    """When the words were counted, and which event was the last then. There is one row."""

    at = models.DateTimeField(default=timezone.now)
    event = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.at}"


class NamesVersion(models.Model):
    """Another text with every change of a name that answers tell: triggers see to that.

    There is one row, on PostgreSQL as many as have ever changed names at the same time.
    """

    version = models.CharField(max_length=64)

    def __str__(self):
        return self.version
