"""Who is acting: people, and the tokens that act for them."""

import hashlib
import secrets
from functools import cache
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# Secret scanners find our tokens by this mark.
TOKEN_MARK = "ist_"  # noqa: S105
SCOPES = ("read", "write", "admin")
# The scope of a token that stands in the address of a feed: good for nothing else, and nothing else is good for that.
FEED = "feed"
NAME_LIMIT, ADDRESS_LIMIT = 150, 254


@cache
def time_zones():
    """Return the names of all time zones, sorted. Once a process: the system is asked file by file."""
    return sorted(available_timezones())


def can_be_stored(text, limit):
    """Return whether `text` can be in a column of `limit` characters; of what is longer, SQLite makes no pattern."""
    return len(text) <= limit and "\x00" not in text


class People(UserManager):
    """Users, found without regard to case."""

    def get_by_natural_key(self, username):
        """Return the user whose user name is `username` in any case. Raises User.DoesNotExist."""
        return self.get(username__iexact=username)

    def called(self, name):
        """Return the user whose user name is `name` in any case, or None; what none can be is not looked for."""
        return self.filter(username__iexact=name).first() if can_be_stored(name, NAME_LIMIT) else None

    def create_superuser(self, username, email="", password=None, **fields):
        """Create an administrator, as `manage.py createsuperuser` asks, by the service that records it."""
        from accounts.services import create_user

        rights = {"is_staff": True, "is_superuser": True}
        return create_user(
            actor=None, via="admin", username=username, email=email or "", password=password, **rights, **fields
        )


class User(AbstractUser):
    """A person. Deactivated, never deleted; a placeholder came with an import and cannot sign in."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Like the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    first_name = None
    last_name = None
    username = models.CharField(
        _("user name"),
        max_length=NAME_LIMIT,
        unique=True,
        validators=[
            RegexValidator(r"^[\w.@+\-\[\]]+\Z", _("Use letters, digits and . @ + - _ [ ] only, without spaces."))
        ],
        error_messages={"unique": _("This user name is taken.")},
    )
    email = models.EmailField(_("e-mail address"), blank=True)
    display_name = models.CharField(_("display name"), max_length=150, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    single_key_shortcuts = models.BooleanField(_("single-key shortcuts"), default=True)
    is_placeholder = models.BooleanField(_("placeholder"), default=False, editable=False)
    lock_version = models.PositiveIntegerField(default=1, editable=False)

    objects = People()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_any_case",
                violation_error_code="username",
                violation_error_message=_("This user name is taken."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="user_email_any_case",
                violation_error_code="email",
                violation_error_message=_("This e-mail address is in use."),
            ),
        ]

    TRACKED = [
        "username",
        "email",
        "display_name",
        "time_zone",
        "theme",
        "single_key_shortcuts",
        "is_active",
        "is_staff",
        "is_superuser",
        "is_placeholder",
    ]

    def __str__(self):
        return self.username

    def recorded(self):
        """Return `{field: value}` of all that the log keeps of it; never a password."""
        return {name: getattr(self, name) for name in self.TRACKED}

    @property
    def history_name(self):
        """What the log calls it."""
        return self.username

    @property
    def name(self):
        """The name to show: the display name, else the user name."""
        return self.display_name or self.username

    def get_full_name(self):
        """Return the name to show; Django's admin asks for it."""
        return self.name

    get_short_name = get_full_name


class ApiToken(models.Model):
    """A secret that acts for its user within its scopes. Only its hash is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    # `{product id: "read" or "write"}`, None: all products. Not rows that go with a product: of a token for one product
    # that is purged a token for all must not be left.
    limits = models.JSONField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self):
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def new_secret():
        """Return a fresh secret: 256 random bits behind a mark that secret scanners can find."""
        return TOKEN_MARK + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret):
        """Return the stored form of `secret`: SHA-256 in hex (enough, since the secret has full entropy)."""
        return hashlib.sha256(secret.encode()).hexdigest()

    def is_live(self, at=None):
        """Return whether the token still works at `at` (now by default)."""
        at = at or timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at) and self.user.is_active

    def allows(self, scope):
        """Return whether the token was given `scope`; each scope contains the ones before it."""
        return any(scope in SCOPES[: SCOPES.index(given) + 1] for given in self.scopes if given in SCOPES)

    @property
    def scopes_by_product(self):
        """`{product id: the scope there}` of the products that it is for, None where it is for all."""
        return None if self.limits is None else {int(pk): scope for pk, scope in self.limits.items()}

    @property
    def is_for_feeds(self):
        """Whether it is one that stands in an address."""
        return FEED in self.scopes
