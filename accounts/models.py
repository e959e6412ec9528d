"""Who is acting: people, and the tokens that act for them."""

import hashlib
import secrets
from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from history.writing import in_any_case

# Secret scanners find our tokens by this mark.
TOKEN_MARK = "ist_"  # noqa: S105
SCOPES = ("read", "write", "admin")
# The scope of a token that stands in the address of a feed: good for nothing else, and nothing else is good for that.
FEED = "feed"
ALL_SCOPES = (*SCOPES, FEED)
NAME_LIMIT, ADDRESS_LIMIT = 150, 254


@cache
def time_zones():
    """Return the names of all time zones, sorted. Once a process: the system is asked file by file."""
    return sorted(available_timezones())


def can_be_stored(text, limit):
    """Return whether `text` can be in a column of `limit` characters; of what is longer, SQLite makes no pattern."""
    return len(text) <= limit and "\x00" not in text


def same_name(one, other):
    """Return whether both are one user name. PostgreSQL compares capitals, of which ı and ſ have those of i and s."""
    return one.lower() == other.lower()


def same_address(one, other):
    """Return whether both are one e-mail address: letters beyond ASCII that only look the same lead elsewhere."""
    return one.encode().lower() == other.encode().lower()


class People(UserManager):
    """Users, found without regard to case."""

    def get_by_natural_key(self, username):
        """Return the user whose user name is `username` in any case. Raises User.DoesNotExist."""
        user = self.called(username)
        if user is None:
            raise self.model.DoesNotExist
        return user

    def called(self, name):
        """Return the user whose user name is `name` in any case, or None; what none can be is not looked for."""
        found = self.filter(in_any_case("username", name)) if can_be_stored(name, NAME_LIMIT) else ()
        same = (user for user in found if same_name(user.username, name))
        # SQLite has let two in whose names differ by the case of letters beyond ASCII.
        return min(same, key=lambda user: user.username != name, default=None)

    def at_address(self, address):
        """Return whose e-mail address `address` is in any case, or None; what only looks like it leads elsewhere."""
        found = self.filter(email__iexact=address) if address else ()
        return next((user for user in found if same_address(user.email, address)), None)

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
    # Whether a letter, a provider or the staff has vouched for the address; a provider may sign in to no other account.
    email_confirmed = models.BooleanField(_("e-mail address confirmed"), default=False)
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
        "email_confirmed",
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

    def clean_fields(self, exclude=None):
        """Check the fields, the user name as it is kept: letters that only look different (NFKC) may make it longer."""
        self.username = self.normalize_username(self.username)
        super().clean_fields(exclude)

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

    @property
    def is_named_by_break_glass(self):
        """Whether BREAK_GLASS names it; getting in by that takes more."""
        return same_name(self.username, settings.BREAK_GLASS)

    @property
    def may_sign_in_locally(self):
        """Whether it may come in by a password or a passkey: with LOCAL_LOGIN off only whom BREAK_GLASS names may."""
        return settings.LOCAL_LOGIN or (self.is_named_by_break_glass and self.is_superuser and self.is_active)

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
        return f"{self.history_name} ({self.prefix}…)"

    @property
    def history_name(self):
        """What the log and the staff call it: what a feed is of is told to its owner alone, who may see more."""
        return str(_("Feed")) if self.is_for_feeds else self.name

    @staticmethod
    def new_secret():
        """Return a fresh secret: 256 random bits behind a mark that secret scanners can find."""
        return TOKEN_MARK + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret):
        """Return the stored form of `secret`: SHA-256 in hex (enough, since the secret has full entropy)."""
        return hashlib.sha256(secret.encode()).hexdigest()

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


class Session(AbstractBaseSession):
    """Somebody's visit with one browser. Its row is the session: without it that browser is signed in no longer."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    agent = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45, blank=True)
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = BaseSessionManager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    @classmethod
    def get_session_store_class(cls):
        """Return the store that keeps these rows; Django asks for it."""
        from accounts.sessions import SessionStore

        return SessionStore

    @property
    def handle(self):
        """What stands for it in pages, where its key would let whoever reads them be that browser."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:16]


class Tally(models.Model):
    """How often something was tried until its time is up, counted for all processes. The key is a hash."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    # In seconds, as the statement that counts compares them.
    ends_at = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self):
        return f"{self.key[:8]}… {self.count}"


class IdempotencyRecord(models.Model):
    """The first answer to a POST that came with a key of its client, who sends it again where that answer was lost.

    It is written in the transaction of what was done: neither is there without the other.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    # Without one only in the transaction that is to settle it.
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    # Whether the body is not told twice: it held a secret, or what has been redacted since.
    withheld = models.BooleanField(default=False)
    # What the body tells of, as events name it.
    about = models.CharField(max_length=30, blank=True)
    about_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key")]
        indexes = [models.Index(fields=["about", "about_id"], name="answers_about")]

    def __str__(self):
        return f"{self.status} {self.about} {self.about_id or ''}".strip()


class Invitation(models.Model):
    """A link with which one person makes an account, once. It follows from the nonce and SECRET_KEY; its hash is kept.

    So the worker can write the link of one that goes by e-mail, and who reads the database alone cannot.
    """

    nonce = models.CharField(max_length=32, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), blank=True)
    # Whether the link was sent to that address and shown to nobody: then it vouches for whose the address is.
    posted = models.BooleanField(default=False, editable=False)
    # What the one who accepts becomes a member of, and as what; neither for an account alone.
    product = models.ForeignKey("products.Product", models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(_("role"), max_length=12, blank=True)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self):
        return self.email or f"#{self.pk}"

    @property
    def history_name(self):
        """What the log calls it."""
        return str(self)

    @property
    def secret(self):
        """What its link ends with."""
        return salted_hmac("accounts.invitation", self.nonce, algorithm="sha256").hexdigest()

    @staticmethod
    def digest_of(secret):
        """Return the stored form of `secret`."""
        return hashlib.sha256(secret.encode()).hexdigest()

    def is_open(self):
        """Return whether it can be accepted still."""
        return self.revoked_at is None and self.accepted_by_id is None and self.expires_at > timezone.now()


class Letter(models.Model):
    """An e-mail that the worker sends. It is also written, to nobody, where there is nobody to write to.

    So neither the answer nor its time tells whether there is. Secrets are made when it is sent, and not kept here.
    """

    class Kind(models.TextChoices):
        RESET = "reset", _("reset a password")
        SIGN_UP = "sign-up", _("make an account")
        CONFIRM = "confirm", _("confirm an address")
        INVITATION = "invite", _("invitation")
        NOTICE = "notice", _("how one signs in was changed")

    kind = models.CharField(max_length=8, choices=Kind)
    to = models.EmailField(blank=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    invitation = models.ForeignKey(Invitation, models.CASCADE, null=True, related_name="+")
    text = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")

    def __str__(self):
        return f"{self.kind} {self.to}"
