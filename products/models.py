"""What is tracked, and who belongs to it. Knows nothing of issues."""

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products.querysets import PartQuerySet, ProductQuerySet

TEXT_LIMIT = 64 * 1024
# A year away from the first and the last that there are, so that every time zone can show the moment.
YEARS = range(1970, 9999)
# NUL, and halves of surrogate pairs.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
CONTROLS = re.compile("[\x00-\x1f\x7f]+")
INVISIBLE = {"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"}
# By their category letters or signs, but empty: the fillers of Hangul, and Braille without a dot.
EMPTY_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
PALETTE = [
    "red",
    "orange",
    "amber",
    "yellow",
    "lime",
    "green",
    "teal",
    "cyan",
    "blue",
    "indigo",
    "violet",
    "plum",
    "pink",
    "rose",
    "brown",
    "gray",
]


def clean_text(value):
    """Refuse what no database can keep: NUL, and halves of surrogate pairs. Raises ValidationError."""
    if UNSTORABLE.search(value):
        raise ValidationError(_("Contains characters that cannot be stored."), code="characters")


def is_visible(character):
    """Return whether `character` shows by itself: no blank, no mark on another, nothing that only steers the text."""
    return unicodedata.category(character) not in INVISIBLE and character not in EMPTY_LETTERS


def clean_line(value):
    """Refuse what nobody can see, and control characters, in what is shown on one line. Raises ValidationError."""
    clean_text(value)
    if not any(is_visible(character) for character in value):
        raise ValidationError(_("Write something."), code="blank")
    if CONTROLS.search(value):
        raise ValidationError(_("Write it on one line, without control characters."), code="characters")


def limit_text(value, limit=TEXT_LIMIT):
    """Refuse a text above `limit` bytes of UTF-8. Raises ValidationError."""
    clean_text(value)
    if len(value.encode()) > limit:
        message = _("Too long: at most %(limit)d KiB.")
        raise ValidationError(message, code="max_length", params={"limit": limit // 1024})


def limit_field(field, text, limit=TEXT_LIMIT):
    """Refuse a `text` as `limit_text` does. Raises ValidationError by `field`."""
    try:
        limit_text(text, limit)
    except ValidationError as error:
        raise ValidationError({field: error}) from error


def year_error(moment):
    """Return the ValidationError of a moment whose year is none of YEARS, else None."""
    if moment is None or moment.year in YEARS:
        return None
    return ValidationError(_("Choose a year from %(first)d to %(last)d.") % {"first": YEARS[0], "last": YEARS[-1]})


class Versioned(models.Model):
    """A row with a version that every visible change moves."""

    lock_version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    TRACKED = ()

    def recorded(self):
        """Return `{field: value}` of all that the log keeps of it."""
        return {name: getattr(self, name) for name in self.TRACKED}


class Product(Versioned):
    """Something that issues are filed against. Its key is the prefix of their keys."""

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("Public: everybody reads, whoever is signed in reports")
        INTERNAL = "internal", _("Internal: whoever is signed in reads and reports")
        PRIVATE = "private", _("Private: members only")

    key = models.CharField(
        _("key"),
        max_length=10,
        unique=True,
        validators=[
            RegexValidator(
                r"^[A-Z][A-Z0-9]{1,9}\Z", _("Use 2 to 10 capital letters and digits, beginning with a letter.")
            )
        ],
        help_text=_("The prefix of its issues, as in WEB-142."),
    )
    title = models.CharField(_("title"), max_length=200, validators=[clean_line])
    description = models.TextField(_("description"), blank=True, validators=[limit_text])
    description_html = models.TextField(editable=False, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    visibility = models.CharField(_("visibility"), max_length=8, choices=Visibility, default=Visibility.PUBLIC)
    members_skip_triage = models.BooleanField(
        _("members skip triage"), default=False, help_text=_("Issues that members file are accepted at once.")
    )
    triage_days = models.PositiveSmallIntegerField(
        _("days to triage"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("An issue that waits longer is overdue."),
    )
    archived_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["key"]

    def __str__(self):
        return self.key

    TRACKED = [
        "key",
        "title",
        "description",
        "owner",
        "visibility",
        "members_skip_triage",
        "triage_days",
        "archived_at",
        "deleted_at",
    ]

    def get_absolute_url(self):
        """Return the address of its page."""
        return reverse("product", args=[self.key])

    @property
    def history_name(self):
        """What the log calls it."""
        return self.key

    @property
    def archived(self):
        """Whether it is archived: read-only until it is taken out again."""
        return self.archived_at is not None


class ProductKey(models.Model):
    """Every key that a product ever had; none is ever given to another, also when its product is purged (None)."""

    key = models.CharField(max_length=10, unique=True)
    product = models.ForeignKey(Product, models.SET_NULL, null=True, related_name="keys")

    def __str__(self):
        return self.key


class Member(Versioned):
    """A person's role in a product."""

    class Role(models.TextChoices):
        VIEWER = "viewer", _("viewer")
        REPORTER = "reporter", _("reporter")
        TRIAGER = "triager", _("triager")
        MAINTAINER = "maintainer", _("maintainer")

    product = models.ForeignKey(Product, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.REPORTER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["product", "user"], name="member_once")]

    TRACKED = ("user", "role")

    def __str__(self):
        return f"{self.user} ({self.role})"


class Part(Versioned):
    """Something named that belongs to a product. Archived, never deleted, so that history can always name it."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="%(class)ss")
    name = models.CharField(_("name"), max_length=100, validators=[clean_line])
    archived_at = models.DateTimeField(null=True, editable=False)

    objects = PartQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def history_name(self):
        """What the log calls it."""
        return self.name

    @property
    def archived(self):
        """Whether it is archived: kept where it is used, no longer offered."""
        return self.archived_at is not None


def unique_in_product(kind):
    """Return the constraint that names of `kind` differ within a product, in any case."""
    return models.UniqueConstraint(
        "product",
        Lower("name"),
        name=f"{kind}_name_once",
        violation_error_code="name",
        violation_error_message=_("This product has one of that name already, maybe among the archived."),
    )


class Component(Part):
    """A part of the product, with the person who triages it."""

    TRACKED = ("product", "name", "description", "triage_owner", "default_assignee", "archived_at")

    description = models.TextField(_("description"), blank=True, validators=[limit_text])
    triage_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("triage owner"),
    )
    default_assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default assignee"),
    )

    class Meta(Part.Meta):
        verbose_name = _("component")
        verbose_name_plural = _("components")
        constraints = [unique_in_product("component")]


class Milestone(Part):
    """A date or release that work is planned for."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    TRACKED = ("product", "name", "due_on", "state", "archived_at")

    due_on = models.DateField(_("due date"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)

    class Meta(Part.Meta):
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [unique_in_product("milestone")]


class Version(Part):
    """A version in which a bug was found or fixed."""

    TRACKED = ("product", "name", "archived_at")

    class Meta(Part.Meta):
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [unique_in_product("version")]


def group_of(name):
    """Return the group of the labels of which one called `name` excludes the others, or None."""
    return name.rpartition("/")[0] or None


def excludes(one, other):
    """Return whether labels of these names exclude one another."""
    return group_of(one) is not None and group_of(one) == group_of(other)


class Label(Part):
    """A mark on issues, of one product or of the whole site; those of one `group/` exclude one another."""

    TRACKED = ("product", "name", "description", "colour", "archived_at")

    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True, related_name="labels")
    description = models.CharField(_("description"), max_length=200, blank=True, validators=[clean_line])
    colour = models.CharField(_("colour"), max_length=8, choices=[(name, name) for name in PALETTE], default="gray")

    class Meta(Part.Meta):
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        constraints = [
            unique_in_product("label"),
            models.UniqueConstraint(
                Lower("name"),
                condition=Q(product=None),
                name="label_site_name_once",
                violation_error_code="name",
                violation_error_message=_("The site has a label of that name already, maybe among the archived."),
            ),
        ]

    @property
    def group(self):
        """The group it excludes others of: what stands before the last slash, or None."""
        return group_of(self.name)


# What an issue has one of each of, which means something within its product alone.
PARTS: dict[str, type[Part]] = {"component": Component, "milestone": Milestone, "version": Version}
