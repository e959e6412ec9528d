"""Every write to invitations, and the accounts that are made by people themselves."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Invitation, Letter, User, same_address
from accounts.services.letters import post
from accounts.services.people import create_user
from history import log
from history.errors import Conflict, Forbidden
from history.models import Kind, Via
from history.writing import check, lock
from products.access import ROLES, can, is_staff
from products.models import Member
from products.services import set_member

GOOD_FOR = timedelta(days=7)
CLOSED = "closed"


def may_invite(actor, product):
    """Return whether `actor` may invite somebody to be a member of `product`; of None: to have an account alone."""
    return can(actor, "maintain", product) if product is not None else is_staff(actor)


def stands(invitation):
    """Return whether `invitation` can be accepted still: it is open, and who made it may still make such a one."""
    product = invitation.product
    in_trash = product is not None and product.deleted_at is not None
    return invitation.is_open() and not in_trash and may_invite(invitation.created_by, product)


@transaction.atomic
def invite(*, actor, via, email="", product=None, role=""):
    """Make an invitation, good for a week and once. Return it; its `secret` makes the link.

    With an address, and where there is mail, the link goes there alone. Raises Forbidden, Conflict where accounts are
    not made by invitation, or ValidationError by field.
    """
    if settings.SIGNUP == CLOSED:
        raise Conflict(_("Accounts are not made by invitation here: SIGNUP is closed."), "closed")
    if not may_invite(actor, product):
        raise Forbidden(_("Only maintainers invite to a product, and only the staff to this site."))
    if (product is None) != (not role) or (role and role not in ROLES):
        raise ValidationError({"role": ValidationError(_("Choose a role in the product."), code="choice")})
    invitation = Invitation(email=email, product=product, role=role, created_by=actor, nonce=secrets.token_urlsafe(16))
    invitation.digest = Invitation.digest_of(invitation.secret)
    invitation.expires_at = timezone.now() + GOOD_FOR
    invitation.posted = bool(settings.MAIL and email)
    check(invitation, exclude=["created_by", "product"])
    invitation.save()
    if invitation.posted:
        post(Letter.Kind.INVITATION, email, invitation=invitation)
    _record(invitation, {"invitation": (None, log.freeze(invitation))}, actor, via)
    return invitation


@transaction.atomic
def withdraw(invitation, *, actor, via):
    """End `invitation`. Raises Forbidden unless it is the actor's own, or one that the actor could make."""
    invitation = lock(Invitation.objects.select_related("product"), invitation)
    if actor.pk != invitation.created_by_id and not may_invite(actor, invitation.product):
        raise Forbidden(_("This is somebody else’s invitation."))
    if invitation.is_open():
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        _record(invitation, {"invitation": (log.freeze(invitation), None)}, actor, via)


@transaction.atomic
def accept(invitation, *, user=None, via=Via.WEB, **fields):
    """Use `invitation` up: for `user`, or for a new account with these fields. Return the User.

    Raises Conflict where it is used, over or withdrawn, or the one who invited may no longer do so; ValidationError.
    """
    invitation = lock(Invitation.objects.select_related("product", "created_by"), invitation)
    if not stands(invitation):
        raise Conflict(_("This invitation is used, over, or withdrawn."), "over")
    if settings.SIGNUP == CLOSED:
        raise Conflict(_("Nobody is invited here any longer."), "closed")
    if user is None:
        if invitation.posted:
            fields |= {"email": invitation.email, "email_confirmed": True}
        user = _create(via, **fields)
    if invitation.product is not None:
        _raise_role(invitation, user, via)
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_by"])
    _record(invitation, {"accepted_by": (None, log.freeze(user))}, user, via)
    return user


def _raise_role(invitation, user, via):
    present = Member.objects.filter(product=invitation.product, user=user).values_list("role", flat=True).first()
    # Who has more already keeps it.
    if present is None or ROLES[present] < ROLES[invitation.role]:
        set_member(invitation.product, user, invitation.role, actor=invitation.created_by, via=via)


@transaction.atomic
def sign_up(*, via=Via.WEB, username, password, address=""):
    """Make an account for whoever asks for one, with an `address` that has answered. Return the User.

    Raises Conflict where SIGNUP is not open, or ValidationError by field.
    """
    if settings.SIGNUP != "open":
        raise Conflict(_("No accounts are made here without an invitation."), "closed")
    fields = {"email": address, "email_confirmed": bool(address)}
    return _create(via, username=username, password=password, **fields)


def _create(via, *, username, email="", **fields):
    """Create a person who makes their own account. Raises ValidationError by field.

    A name goes before an address where one signs in: with that of somebody else theirs would lead to this account.
    """
    name = User.normalize_username(username)
    if "@" in name and not same_address(name, email):
        message = _("A name with @ is for whoever has shown that this is their e-mail address: choose another.")
        raise ValidationError({"username": ValidationError(message, code="address")})
    return create_user(actor=None, via=via, username=username, email=email, **fields)


def _record(invitation, changes, actor, via):
    log.record(log.open_batch(actor=actor, via=via), Kind.CHANGED, about=invitation, changes=changes)


def ask_for_account(address):
    """Have a letter sent to `address`: with a link that makes an account, or a word that there is one already."""
    post(Letter.Kind.SIGN_UP, address, User.objects.at_address(address))


def ask_for_reset(address):
    """Have a letter sent to `address` that lets its owner set a password; to nobody where there is no such person."""
    found = User.objects.at_address(address)
    owner = found if found is not None and found.is_active else None
    post(Letter.Kind.RESET, owner.email if owner else "", owner)
