"""What a provider says of its people: who they are here, and what their groups give them."""

import logging
import re

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import NAME_LIMIT, User, same_address
from accounts.services.letters import post_notice
from accounts.services.people import create_user, update_user
from history import log
from history.errors import Conflict, Forbidden
from history.models import Kind, Via
from history.writing import lock
from products.access import ROLES
from products.models import Member, ProductKey
from products.services import set_member

logger = logging.getLogger(__name__)

ADMINISTRATOR, STAFF = "administrator", "staff"


def _identities():
    return apps.get_model("socialaccount", "SocialAccount").objects


def connections(user):
    """Return `(provider, identity)` of every provider; None where `user` has not signed in with it."""
    held = {one.provider: one for one in _identities().filter(user=user)} if settings.OIDC_PROVIDERS else {}
    return [(provider, held.get(provider["name"])) for provider in settings.OIDC_PROVIDERS]


def keep_a_way_in(user, without):
    """Raise Conflict where that identity or passkey is the only way in of `user`."""
    if set(_ways_in(user)) == {without}:
        raise Conflict(_("This is your only way to sign in: set a password first."), "last")


def _ways_in(user):
    # A provider that is no longer there lets nobody in.
    if present := [provider["name"] for provider in settings.OIDC_PROVIDERS]:
        yield from _identities().filter(user=user, provider__in=present)
    if user.may_sign_in_locally:
        if user.has_usable_password():
            yield "password"
        if settings.PASSKEYS:
            yield from Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)


@transaction.atomic
def person_of(provider, subject, claims):
    """Return who `subject` of `provider` is here, with the rights that the groups in `claims` give.

    Somebody new is made, or found by an address that both sides have confirmed. Raises Forbidden, with what to do.
    """
    identity = _identities().filter(provider=provider["name"], uid=subject).select_related("user").first()
    user = identity.user if identity else _known_or_new(provider, subject, claims)
    if not user.is_active:
        raise Forbidden(_("This account is not active."))
    _give_by_groups(user, provider, groups_in(claims, provider["groups_claim"]))
    return User.objects.get(pk=user.pk)


@transaction.atomic
def connect(user, provider, subject, *, actor, via):
    """Let `user` sign in as `subject` of `provider`. Raises Forbidden, or Conflict where that is somebody else."""
    user = _own(user, actor)
    taken = _identities().filter(provider=provider["name"], uid=subject).first()
    if taken is not None and taken.user_id != user.pk:
        raise Conflict(_("Somebody else here signs in with that account of %(title)s.") % provider, "taken")
    if taken is None:
        _add(user, provider, subject, actor, via)


@transaction.atomic
def disconnect(user, identity, *, actor, via):
    """Let `user` sign in by `identity` no more. Raises Forbidden, or Conflict where there is no other way in."""
    user = _own(user, actor)
    keep_a_way_in(user, identity)
    if _identities().filter(pk=identity.pk, user=user).delete()[0]:
        _record(user, (identity.provider, None), actor, via)
        post_notice(user, _("You no longer sign in with %(title)s.") % {"title": identity.provider})


def _own(user, actor):
    if actor.pk != user.pk or not actor.is_active:
        raise Forbidden(_("One connects accounts of one’s own."))
    return lock(User.objects.all(), user)


def _known_or_new(provider, subject, claims):
    address = str(claims.get("email") or "").strip()
    confirmed = claims.get("email_verified") in (True, "true") and provider["trust_email"]
    owner = User.objects.at_address(address)
    if owner is not None and not (confirmed and owner.email_confirmed and owner.is_active):
        raise Forbidden(
            _("An account with your address exists here. Sign in to it, and connect %(title)s in your profile.")
            % provider
        )
    if owner is None and not provider["create"]:
        raise Forbidden(_("There is no account for you here yet. Ask whoever looks after this site."))
    name = str(claims.get("preferred_username") or address.partition("@")[0])
    if not (confirmed and same_address(name, address)):
        # Where one signs in a name goes before an address: with that of somebody else theirs would lead here.
        name = name.partition("@")[0]
    user = owner or create_user(
        actor=None,
        via=Via.WEB,
        username=_free_name(name),
        display_name=_display_name(claims),
        email=address if confirmed else "",
        email_confirmed=bool(confirmed and address),
    )
    _add(user, provider, subject, None, Via.WEB)
    return user


def _free_name(wanted):
    """Return a user name like `wanted` that nobody has."""
    base = re.sub(r"[^\w.@+\-]", "", User.normalize_username(wanted))[: NAME_LIMIT - 10] or "user"
    taken = {
        # As a pattern, since without one SQLite knows the capitals of ASCII alone.
        name.lower()
        for name in User.objects.filter(username__iregex=f"^{re.escape(base)}").values_list("username", flat=True)
    }
    return next(name for name in _numbered(base) if name.lower() not in taken)


def _numbered(base):
    yield base
    number = 2
    while True:
        yield f"{base}{number}"
        number += 1


def _display_name(claims):
    return " ".join(str(claims.get("name") or "").split())[:NAME_LIMIT]


def _add(user, provider, subject, actor, via):
    _identities().create(user=user, provider=provider["name"], uid=subject)
    _record(user, (None, provider["name"]), actor, via)
    post_notice(user, _("You can sign in with %(title)s now.") % provider)


def _record(user, pair, actor, via):
    log.record(log.open_batch(actor=actor, via=via), Kind.CHANGED, about=user, changes={"provider": pair})


def groups_in(claims, name):
    """Return the groups that the claim `name` lists; dots in it may lead to a claim within another."""
    found = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return {group for group in listed if isinstance(group, str)}


def _give_by_groups(user, provider, groups):
    """Give `user` the rights of `groups`, and take those that other groups would give.

    What no group of the provider can give is left alone, as is whoever must not be locked out.
    """
    mapping = provider["groups"]
    for key in sorted({key for given in mapping.values() if isinstance(given, dict) for key in given}):
        offered = [given.get(key) for group, given in mapping.items() if group in groups and isinstance(given, dict)]
        _give_role(user, key, max(filter(None, offered), key=ROLES.__getitem__, default=None))
    ranks = {given for given in mapping.values() if isinstance(given, str)}
    if ranks and not user.is_named_by_break_glass:
        _give_rank(user, ranks, {mapping[group] for group in groups & set(mapping) if isinstance(mapping[group], str)})


def _give_role(user, key, role):
    known = ProductKey.objects.filter(key=key, product__isnull=False).select_related("product").first()
    if known is None:
        logger.warning("A group gives a role in %s, which is no product.", key)
        return
    present = Member.objects.filter(product=known.product, user=user).values_list("role", flat=True).first()
    if present == role:
        return
    try:
        set_member(known.product, user, role, actor=None, via=Via.WEB)
    except Conflict as refused:
        logger.warning("%s stays %s of %s: %s", user, present, key, refused.detail)


def _give_rank(user, ranks, given):
    superuser = ADMINISTRATOR in given if ADMINISTRATOR in ranks else user.is_superuser
    by_hand = user.is_staff and STAFF not in ranks and not user.is_superuser
    changes = {"is_superuser": superuser, "is_staff": superuser or by_hand or bool(given)}
    try:
        update_user(user, actor=None, via=Via.WEB, **changes)
    except Conflict as refused:
        logger.warning("%s stays administrator: %s", user, refused.detail)
