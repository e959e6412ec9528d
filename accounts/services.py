"""Every write to people and their tokens."""

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import FEED, SCOPES, ApiToken, User, time_zones
from history import log
from history.errors import Conflict, Forbidden
from history.models import Kind
from history.writing import check, lock, refuse_unknown, save_named
from products import access
from products.models import Product, clean_line

OWN_FIELDS = frozenset({"display_name", "email", "time_zone", "theme", "single_key_shortcuts"})
STAFF_FIELDS = OWN_FIELDS | {"username", "is_active", "is_staff"}
SUPERUSER_FIELDS = STAFF_FIELDS | {"is_superuser"}
NAMES_AT_ONCE = 500
# What a token for some products may have there.
PRODUCT_SCOPES = ("read", "write")
USE_NOTED_EVERY = timedelta(minutes=1)


def allowed_fields(actor, user=None):
    """Return the fields of `user` (None: of a new one) that `actor` may set; none where nothing may be set."""
    if access.limit(actor) is not None:
        return frozenset()
    if actor.is_active and actor.is_superuser:
        return SUPERUSER_FIELDS
    if actor.is_active and actor.is_staff and not (user and user.is_superuser):
        return STAFF_FIELDS - {"is_staff"}
    return OWN_FIELDS if user is not None and actor.pk == user.pk and actor.is_active else frozenset()


def authorize_fields(actor, user, fields):
    """Raise Forbidden unless `actor` may set all of `fields` on `user` (None: on a new one)."""
    allowed = allowed_fields(actor, user)
    refused = sorted(set(fields) - allowed)
    if refused or not allowed:
        raise Forbidden(_("You do not have the right to set: %(fields)s.") % {"fields": ", ".join(refused) or "—"})


@transaction.atomic
def create_user(*, actor, via, username, password=None, is_placeholder=False, **fields):
    """Create a person who signs in with `password` (None: cannot sign in by password yet). Return the User.

    `actor` None is the site itself: its set-up, a command, an import. Raises Forbidden, or ValidationError by field.
    """
    refuse_unknown(fields, SUPERUSER_FIELDS)
    if actor is not None:
        authorize_fields(actor, None, fields)
    user = User(username=username, is_placeholder=is_placeholder, **fields)
    if is_placeholder:
        user.is_active = False
    _set_password(user, password)
    _check_user(user)
    save_named(user)
    log.record(log.open_batch(actor=actor, via=via), Kind.CREATED, about=user, state=log.present(user))
    return user


@transaction.atomic
def create_placeholders(usernames, *, via):
    """Create a placeholder for each of `usernames` that nobody has in any case. Return `{name in lower case: User}`.

    They stand for the people of an import: they cannot sign in. Raises ValidationError for a name that none may have.
    """
    wanted = {name.lower(): name for name in usernames}
    found = _called(wanted)
    # Databases and Python differ in the small letters of some names (İ, Σ at an end; SQLite knows those of ASCII
    # alone). Those names are made one by one, each unless the database has it in its own letters.
    odd = [low for low, name in wanted.items() if low not in found and not name.isascii() and low != name]
    made = _make_placeholders(name for low, name in wanted.items() if low not in found and low not in odd)
    for low in odd:
        own = User.objects.alias(lowered=Lower("username")).filter(lowered=Lower(Value(wanted[low]))).first()
        if own is None:
            made += _make_placeholders([wanted[low]])
        else:
            found[low] = own
    if made:
        batch = log.open_batch(actor=None, via=via, total=len(made))
        log.record_all(log.build(batch, Kind.CREATED, about=user, state=log.present(user)) for user in made)
    return found | {user.username.lower(): user for user in made}


def _make_placeholders(names):
    # One for all: nobody can sign in by it, and making thousands takes longer than writing them.
    unusable = make_password(None)
    users = [User(username=name, is_placeholder=True, is_active=False, password=unusable) for name in names]
    for user in users:
        User._meta.get_field("username").run_validators(user.username)
    User.objects.bulk_create(users)
    return list(_slices(User.objects, "username__in", [user.username for user in users]))


def _called(names):
    """Return `{name: User}` of those of the lower-case `names` that somebody has, as the database writes them."""
    lowered = User.objects.annotate(lowered=Lower("username"))
    return {user.lowered: user for user in _slices(lowered, "lowered__in", list(names))}


def _slices(queryset, lookup, values):
    for start in range(0, len(values), NAMES_AT_ONCE):
        yield from queryset.filter(**{lookup: values[start : start + NAMES_AT_ONCE]})


def _set_password(user, password):
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error
    user.set_password(password)


def _check_user(user):
    user.email = User.objects.normalize_email(user.email)
    check(user, exclude=["password"])
    _check_display_name(user.display_name)
    if user.time_zone not in time_zones():
        raise ValidationError({"time_zone": ValidationError(_("There is no such time zone."), code="choice")})


def _check_display_name(name):
    try:
        if name:
            clean_line(name)
    except ValidationError as error:
        raise ValidationError({"display_name": error}) from error


@transaction.atomic
def update_user(user, *, actor, via, expected_version=None, **changes):
    """Change the named fields of `user`: one's own preferences, or as staff. Return the User.

    Raises Forbidden, Stale, Conflict (the last active superuser stays), or ValidationError by field.
    """
    refuse_unknown(changes, SUPERUSER_FIELDS)
    user = lock(User.objects.all(), user, expected_version)
    changes = {field: value for field, value in changes.items() if getattr(user, field) != value}
    authorize_fields(actor, user, changes)
    before = log.state(user)
    for field, value in changes.items():
        setattr(user, field, value)
    return finish_user(user, before, lambda: log.open_batch(actor=actor, via=via))


def finish_user(user, before, log_to):
    """Save what differs from the state `before` of a locked user, with its event in the batch of `log_to()`."""
    _check_user(user)
    changes = log.difference(before, log.state(user))
    if not changes:
        return user
    _keep_a_superuser(user, changes)
    user.lock_version += 1
    save_named(user, [*changes, "lock_version"])
    log.record(log_to(), Kind.CHANGED, about=user, changes=changes)
    return user


def _keep_a_superuser(user, changes):
    if {"is_active", "is_superuser"} & set(changes) and not (user.is_active and user.is_superuser):
        others = User.objects.filter(is_active=True, is_superuser=True).exclude(pk=user.pk)
        if not others.exists() and User.objects.filter(pk=user.pk, is_superuser=True).exists():
            raise Conflict(_("This is the last administrator: make another one first."), "last_superuser")


@transaction.atomic
def set_password(user, password, *, actor, via):
    """Give `user` a new password, which the log notes without its value. Raises Forbidden, or ValidationError."""
    user = lock(User.objects.all(), user)
    authorize_fields(actor, user, ())
    _set_password(user, password)
    user.save(update_fields=["password"])
    changes = {"password": (None, None)}
    log.record(log.open_batch(actor=actor, via=via), Kind.CHANGED, about=user, changes=changes)
    return user


@transaction.atomic
def create_token(user, *, actor, via, name, scopes, expires_at=None, products=None):
    """Create an API token that acts for `user`. Return `(token, secret)`; the secret is never shown again.

    `scopes` are some of SCOPES, or FEED alone. `products` limits it to these, `{key: "read", "write", or "" for
    what `scopes` say}`; None: it is for all. `actor` None is a command on the server. Raises Forbidden, or
    ValidationError by field.
    """
    if actor is not None and (actor.pk != user.pk or not allowed_fields(actor, user)):
        raise Forbidden(_("A token can be made for oneself only, and not by one that is for some products."))
    if not scopes or (set(scopes) - set(SCOPES) and set(scopes) != {FEED}):
        message = _("Choose at least one of: %(scopes)s.") % {"scopes": ", ".join(SCOPES)}
        raise ValidationError({"scopes": ValidationError(message, code="choice")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": ValidationError(_("Choose a time to come."), code="past")})
    secret = ApiToken.new_secret()
    scopes = [scope for scope in (*SCOPES, FEED) if scope in scopes]
    limits = None if products is None else _limits(user, scopes, products)
    token = ApiToken(user=user, name=name, scopes=scopes, limits=limits, expires_at=expires_at, prefix=secret[:12])
    token.digest = ApiToken.digest_of(secret)
    check(token, exclude=["user"])
    token.save()
    _record_token(user, token, (None, _frozen(token)), actor, via)
    return token, secret


def _limits(user, scopes, products):
    """Return `{product id: the scope there}` as a token keeps it. Raises ValidationError by field."""
    held = scopes[-1]
    if held not in PRODUCT_SCOPES:
        message = _("A token for some products can only read or write.")
        raise ValidationError({"scopes": ValidationError(message, code="choice")})
    found = dict(Product.objects.visible_to(user).filter(key__in=products).values_list("key", "pk"))
    absent = [key for key in products if key not in found]
    if absent or not products:
        message = _("There is no product “%(key)s”.") % {"key": ", ".join(absent)} if absent else _("Name a product.")
        raise ValidationError({"products": ValidationError(message, code="unknown")})
    if not set(products.values()) <= {"", *PRODUCT_SCOPES[: PRODUCT_SCOPES.index(held) + 1]}:
        message = _("A token can do no more in one product than its scopes say: %(scopes)s.")
        raise ValidationError({"products": ValidationError(message % {"scopes": ", ".join(scopes)}, code="choice")})
    return {str(found[key]): scope or held for key, scope in products.items()}


@transaction.atomic
def revoke_token(token, *, actor, via):
    """End `token` at once. Return it. Raises Forbidden unless it is the actor's own, or the actor is staff."""
    token = lock(ApiToken.objects.select_related("user"), token)
    if not allowed_fields(actor, token.user):
        raise Forbidden(_("This is somebody else’s token."))
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        _record_token(token.user, token, (_frozen(token), None), actor, via)
    return token


def mark_used(token, now):
    """Note that `token` was used, at most once a minute, so that reading does not turn into writing."""
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        earlier = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(earlier, pk=token.pk).update(last_used_at=now)


def _frozen(token):
    return {"id": token.pk, "name": token.name}


def _record_token(user, token, pair, actor, via):
    batch = log.open_batch(actor=actor, via=via)
    log.record(batch, Kind.CHANGED, about=token, changes={"token": pair, "user": (None, log.freeze(user))})
