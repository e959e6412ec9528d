"""Every write to API tokens."""

from contextlib import suppress
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import FEED, SCOPES, ApiToken
from accounts.services.letters import post_notice
from accounts.services.people import allowed_fields
from history import log
from history.errors import Forbidden
from history.models import Kind
from history.writing import check, lock
from products.models import Product, year_error

# What a token for some products may have there.
PRODUCT_SCOPES = ("read", "write")
USE_NOTED_EVERY = timedelta(minutes=1)


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
        unknown = ", ".join(scope for scope in scopes if scope and scope not in (*SCOPES, FEED))
        if unknown:
            message = _("There is no scope “%(name)s”.") % {"name": unknown} + f" {message}"
        raise ValidationError({"scopes": ValidationError(message, code="choice")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": ValidationError(_("Choose a time to come."), code="past")})
    wrong_year = year_error(expires_at)
    if wrong_year:
        raise ValidationError({"expires_at": wrong_year})
    secret = ApiToken.new_secret()
    scopes = [scope for scope in (*SCOPES, FEED) if scope in scopes]
    limits = None if products is None else _limits(user, scopes, products)
    token = ApiToken(user=user, name=name, scopes=scopes, limits=limits, expires_at=expires_at, prefix=secret[:12])
    token.digest = ApiToken.digest_of(secret)
    check(token, exclude=["user"])
    token.save()
    _record_token(user, token, (None, log.freeze(token)), actor, via)
    if scopes != [FEED]:
        post_notice(user, _("The token “%(name)s” was made.") % {"name": name})
    return token, secret


def _limits(user, scopes, products):
    """Return `{product id: the scope there}` as a token keeps it. Raises ValidationError by field."""
    held = "read" if scopes == [FEED] else scopes[-1]
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
        _record_token(token.user, token, (log.freeze(token), None), actor, via)
    return token


def mark_used(token, now):
    """Note that `token` was used, at most once a minute, so that reading does not turn into writing."""
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        earlier = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        # What cannot be noted, as on a disk that is full, can be read all the same.
        with suppress(OperationalError):
            ApiToken.objects.filter(earlier, pk=token.pk).update(last_used_at=now)


def _record_token(user, token, pair, actor, via):
    batch = log.open_batch(actor=actor, via=via)
    log.record(batch, Kind.CHANGED, about=token, changes={"token": pair, "user": (None, log.freeze(user))})
