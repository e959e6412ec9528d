"""Every write to people."""

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import Letter, User, same_address, time_zones
from accounts.services.letters import post, post_notice
from accounts.services.sessions import end_sessions
from history import log
from history.errors import Conflict, Forbidden
from history.models import Kind
from history.writing import check, lock, refuse_unknown, save_named
from products import access, following
from products.models import clean_line

OWN_FIELDS = frozenset({"display_name", "email", "time_zone", "theme", "single_key_shortcuts"})
STAFF_FIELDS = OWN_FIELDS | {"username", "email_confirmed", "is_active", "is_staff"}
SUPERUSER_FIELDS = STAFF_FIELDS | {"is_superuser"}
# With a value they let somebody in, let a provider or a letter do so, or make them mightier.
WAYS_IN = ("password", "email", "email_confirmed", "is_active", "is_staff", "is_superuser")
# What the log says that was changed without saying to what, or what only its owner can set up again.
SECRET = ("password", "sessions", "totp", "passkey", "recovery_codes", "second_factors", "provider")
NAMES_AT_ONCE = 500


def allowed_fields(actor, user=None):
    """Return the fields of `user` (None: of a new one) that `actor` may set; none where nothing may be set."""
    if access.limit(actor) is not None:
        return frozenset()
    if actor.is_active and actor.is_superuser:
        return SUPERUSER_FIELDS
    if actor.is_active and actor.is_staff and not (user and user.is_superuser):
        # By a confirmed address a provider finds whose account it is, and may make an administrator of them.
        return STAFF_FIELDS - {"is_staff", "email_confirmed"}
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
    """Return `{name: User}` of those of the lower-case `names` that somebody has, as the database or Python has it."""
    lowered = User.objects.annotate(lowered=Lower("username"))
    found = {user.lowered: user for user in _slices(lowered, "lowered__in", list(names))}
    if not all(map(str.isascii, names)):
        # SQLite knows the small letters of ASCII alone.
        for user in lowered.filter(username__regex="[^ -~]"):
            found.setdefault(user.username.lower(), user)
    return {name: user for name, user in found.items() if name in names}


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


def _check_user(user, fields=frozenset(User.TRACKED)):
    """Raise ValidationError by field unless the named `fields` of `user` are valid."""
    check(user, exclude={field.name for field in User._meta.fields} - set(fields))
    if "display_name" in fields:
        _check_display_name(user.display_name)
    if "time_zone" in fields and user.time_zone not in time_zones():
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

    Where there is mail, one's own new address counts only once it has answered; until then a letter is all that
    changes. `actor` None is the site itself: what a provider says of its people. Raises Forbidden, Stale, Conflict
    (the last active superuser stays), or ValidationError by field.
    """
    refuse_unknown(changes, SUPERUSER_FIELDS)
    if {"is_active", "is_superuser"} & set(changes):
        _lock_superusers()
    user = lock(User.objects.all(), user, expected_version)
    changes = {field: value for field, value in changes.items() if getattr(user, field) != value}
    if actor is not None:
        authorize_fields(actor, user, changes)
    before = log.state(user)
    if settings.MAIL and actor is not None and actor.pk == user.pk and changes.get("email"):
        ask_address(user, changes.pop("email"))
    if "email" in changes:
        changes.setdefault("email_confirmed", False)
    for field, value in changes.items():
        setattr(user, field, value)
    return finish_user(user, before, lambda: log.open_batch(actor=actor, via=via))


def ask_address(user, address):
    """Write to `address` for a word that it is that of `user`. Raises ValidationError where it can be nobody's.

    It may be the present one, which is confirmed by that. Whether it is somebody else's shows in no answer: whoever
    reads their mail is told.
    """
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError({"email": error}) from error
    post(Letter.Kind.CONFIRM, User.objects.normalize_email(address), user)
    if not same_address(address, user.email):
        post_notice(user, _("Another address was asked for. It counts once the link in a letter to it is followed."))


@transaction.atomic
def confirm_address(user, address, *, via):
    """Make `address`, which has answered, that of `user`. Return the User. Raises ValidationError where it is taken."""
    user = lock(User.objects.all(), user)
    before = log.state(user)
    user.email, user.email_confirmed = address, True
    return finish_user(user, before, lambda: log.open_batch(actor=user, via=via))


def finish_user(user, before, log_to):
    """Save what differs from the state `before` of a locked user, with its event in the batch of `log_to()`.

    That alone is checked: a time zone that there is no longer keeps nobody from being deactivated.
    """
    # The name and the address as they are kept.
    user.clean()
    # Who may sign in stands for themselves.
    user.is_placeholder = user.is_placeholder and not user.is_active
    changes = log.difference(before, log.state(user))
    if not changes:
        return user
    _check_user(user, changes)
    _keep_a_superuser(user, changes)
    user.lock_version += 1
    save_named(user, [*changes, "lock_version"])
    batch = log_to()
    log.record(batch, Kind.CHANGED, about=user, changes=changes)
    if "email" in changes:
        _tell_address_before(user, changes["email"][0])
    if "is_active" in changes and not user.is_active:
        end_sessions(user)
    if any(name in changes and not getattr(user, name) for name in ("is_active", "is_superuser")):
        following.tell_of_person(user, batch)
    return user


def _tell_address_before(user, address):
    """Tell whoever reads `address` that it is no longer that of `user`, whoever has changed it."""
    if address and not same_address(address, user.email):
        post_notice(user, _("Your e-mail address was changed."), to=address)


def _lock_superusers():
    """Return the ids of all active superusers, locked in one order: two who take it from one another wait."""
    rows = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").select_for_update(no_key=True)
    return set(rows.values_list("pk", flat=True))


def _keep_a_superuser(user, changes):
    is_none = {"is_active", "is_superuser"} & set(changes) and not (user.is_active and user.is_superuser)
    if is_none and _lock_superusers() == {user.pk}:
        raise Conflict(_("This is the last administrator: make another one first."), "last_superuser")


@transaction.atomic
def set_password(user, password, *, actor, via, keep=None):
    """Give `user` a new password, which the log notes without its value, and end their sessions but that of key `keep`.

    Raises Forbidden, or ValidationError.
    """
    user = lock(User.objects.all(), user)
    authorize_fields(actor, user, ())
    _set_password(user, password)
    user.save(update_fields=["password"])
    changes = {"password": (None, None)}
    log.record(log.open_batch(actor=actor, via=via), Kind.CHANGED, about=user, changes=changes)
    end_sessions(user, keep)
    # What a letter says of the present password it says when it is sent.
    Letter.objects.filter(user=user, kind=Letter.Kind.CONFIRM).delete()
    post_notice(user, _("Your password was changed."))
    return user


@transaction.atomic
def reset_password(user, password, *, via):
    """Give `user` a new password by the link of a letter, which confirms the address that it went to. Return the User.

    Raises Forbidden, or ValidationError.
    """
    changed = set_password(user, password, actor=user, via=via)
    return confirm_address(changed, user.email, via=via) if changed.email == user.email else changed
