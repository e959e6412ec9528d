"""Every write to API tokens."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import FEED, SCOPES, ApiToken
from accounts.services.people import allowed_fields
from history import log
from history.errors import Forbidden
from history.models import Kind
from history.writing import check, lock

USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_token(user, *, actor, via, name, scopes, expires_at=None):
    """Create an API token that acts for `user`. Return `(token, secret)`; the secret is never shown again.

    `scopes` are some of SCOPES, or FEED alone. `actor` None is a command on the server. Raises Forbidden, or
    ValidationError by field.
    """
    if actor is not None and actor.pk != user.pk:
        raise Forbidden(_("A token can be made for oneself only."))
    if not scopes or (set(scopes) - set(SCOPES) and set(scopes) != {FEED}):
        message = _("Choose at least one of: %(scopes)s.") % {"scopes": ", ".join(SCOPES)}
        raise ValidationError({"scopes": ValidationError(message, code="choice")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": ValidationError(_("Choose a time to come."), code="past")})
    secret = ApiToken.new_secret()
    scopes = [scope for scope in (*SCOPES, FEED) if scope in scopes]
    token = ApiToken(user=user, name=name, scopes=scopes, expires_at=expires_at, prefix=secret[:12])
    token.digest = ApiToken.digest_of(secret)
    check(token, exclude=["user"])
    token.save()
    _record_token(user, token, (None, _frozen(token)), actor, via)
    return token, secret


@transaction.atomic
def revoke_token(token, *, actor, via):
    """End `token` at once. Return it. Raises Forbidden unless it is the actor's own, or the actor is staff."""
    token = lock(ApiToken.objects.select_related("user"), token)
    if actor.pk != token.user_id and not allowed_fields(actor, token.user):
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
