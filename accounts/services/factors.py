"""Every write to second factors: apps that make codes, recovery codes, and passkeys."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.identities import keep_a_way_in
from accounts.services.letters import post_notice
from history import log
from history.errors import Conflict, Forbidden
from history.models import Kind
from history.writing import lock

Type = Authenticator.Type
NAME_LIMIT = 60
PASSKEYS_LIMIT = 20


@transaction.atomic
def add_totp(user, secret, *, actor, via):
    """Let an app that knows `secret` make codes for `user`. Return the Authenticator.

    Raises Forbidden, or Conflict where there is one already.
    """
    from allauth.mfa.totp.internal.auth import TOTP

    user = _own(user, actor)
    if _factors(user).filter(type=Type.TOTP).exists():
        raise Conflict(_("An app is set up already: remove it first."), "exists")
    made = TOTP.activate(user, secret).instance
    _finish(user, {"totp": (None, True)}, _("An app that makes codes was set up."), actor, via)
    return made


@transaction.atomic
def remove_totp(user, *, actor, via):
    """Take no more codes of the app of `user`. Raises Forbidden."""
    user = _own(user, actor)
    if _factors(user).filter(type=Type.TOTP).delete()[0]:
        _finish(user, {"totp": (True, None)}, _("The app that makes codes was removed."), actor, via)


@transaction.atomic
def add_passkey(user, name, credential, *, actor, via):
    """Keep the passkey `credential`, which was verified, under a name. Return the Authenticator.

    Raises Forbidden, or Conflict where there are too many.
    """
    user = _own(user, actor)
    if _factors(user).filter(type=Type.WEBAUTHN).count() >= PASSKEYS_LIMIT:
        raise Conflict(_("You have as many passkeys as there can be: remove one first."), "limit")
    name = name[:NAME_LIMIT]
    data = {"name": name, "credential": credential}
    made = Authenticator.objects.create(user=user, type=Type.WEBAUTHN, data=data)
    said = _("The passkey “%(name)s” was added.") % {"name": name}
    _finish(user, {"passkey": (None, {"id": made.pk, "name": name})}, said, actor, via)
    return made


@transaction.atomic
def rename_passkey(user, passkey, name, *, actor, via):
    """Call `passkey` of `user` something else. Return it. Raises Forbidden, or Authenticator.DoesNotExist."""
    user = _own(user, actor)
    passkey = _factors(user).get(pk=passkey.pk, type=Type.WEBAUTHN)
    before, name = passkey.data["name"], name[:NAME_LIMIT]
    if name == before:
        return passkey
    passkey.data["name"] = name
    passkey.save(update_fields=["data"])
    said = _("The passkey “%(before)s” was renamed to “%(name)s”.") % {"before": before, "name": name}
    pair = ({"id": passkey.pk, "name": before}, {"id": passkey.pk, "name": name})
    _finish(user, {"passkey": pair}, said, actor, via)
    return passkey


@transaction.atomic
def remove_passkey(user, passkey, *, actor, via):
    """Forget `passkey` of `user`.

    Raises Forbidden, Authenticator.DoesNotExist, or Conflict where there is no other way in.
    """
    user = _own(user, actor)
    passkey = _factors(user).get(pk=passkey.pk, type=Type.WEBAUTHN)
    keep_a_way_in(user, passkey)
    named = {"id": passkey.pk, "name": passkey.data["name"]}
    passkey.delete()
    said = _("The passkey “%(name)s” was removed.") % {"name": named["name"]}
    _finish(user, {"passkey": (named, None)}, said, actor, via)


@transaction.atomic
def renew_recovery_codes(user, *, actor, via):
    """Make new recovery codes, which end the old ones. Raises Forbidden, or Conflict where nothing needs them."""
    user = _own(user, actor)
    if not _factors(user).exclude(type=Type.RECOVERY_CODES).exists():
        raise Conflict(_("Recovery codes stand in for an app or a passkey: set one up first."), "needless")
    _factors(user).filter(type=Type.RECOVERY_CODES).delete()
    _finish(user, {"recovery_codes": (None, None)}, _("New recovery codes were made."), actor, via)


@transaction.atomic
def remove_factors(user, *, actor, via):
    """Take all second factors of `user` away, for somebody who has lost them. Return how many.

    Raises Forbidden unless `actor` is a superuser, or None: a command on the server.
    """
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise Forbidden(_("Only an administrator may take second factors away."))
    user = lock(User.objects.all(), user)
    count = _factors(user).delete()[0]
    if count:
        said = _("An administrator removed your second factors.")
        _record(user, {"second_factors": (None, None)}, said, actor, via)
    return count


def _own(user, actor):
    """Return `user`, locked. Raises Forbidden where that is not the one who acts."""
    if actor.pk != user.pk or not actor.is_active:
        raise Forbidden(_("One sets up second factors for oneself."))
    return lock(User.objects.all(), user)


def _factors(user):
    return Authenticator.objects.filter(user=user)


def _finish(user, changes, said, actor, via):
    """Keep recovery codes beside every other factor, and none without; then record the change and tell `user`."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    if _factors(user).exclude(type=Type.RECOVERY_CODES).exists():
        RecoveryCodes.activate(user)
    else:
        _factors(user).delete()
    _record(user, changes, said, actor, via)


def _record(user, changes, said, actor, via):
    log.record(log.open_batch(actor=actor, via=via), Kind.CHANGED, about=user, changes=changes)
    post_notice(user, said)
