"""Signing in to the API with a token, and what its scopes allow."""

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.models import ApiToken
from accounts.services import mark_used
from history.errors import Forbidden
from products.access import remember_roles

SECRET_LIMIT = 200


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ist_…`. The token, its user and the user's roles are read in one statement."""

    def authenticate(self, request):
        """Return `(user, token)`, or None without such a header. Raises AuthenticationFailed."""
        kind, _blank, secret = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        token = _live_token(secret.decode("latin-1").strip())
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        mark_used(token, timezone.now())
        return token.user, token

    def authenticate_header(self, request):
        """Return what to say in WWW-Authenticate."""
        return "Bearer"


def _live_token(secret):
    if not secret or len(secret) > SECRET_LIMIT:
        return None
    tokens = ApiToken.objects.filter(digest=ApiToken.digest_of(secret), revoked_at=None, user__is_active=True)
    tokens = tokens.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now())).select_related("user")
    # A row for each membership, since roles are asked for by every request.
    rows = list(tokens.annotate(in_product=F("user__memberships__product_id"), role=F("user__memberships__role")))
    if not rows:
        return None
    token = rows[0]
    remember_roles(token.user, [(row.in_product, row.role) for row in rows if row.role])
    return token


class HasScope(BasePermission):
    """A token may read with any scope, and write with the one that the view names; a session may do both."""

    def has_permission(self, request, view):
        """Return True, or raise Forbidden with the code "scope"."""
        reads = request.method in SAFE_METHODS or getattr(view, "action", None) in getattr(view, "reading", ())
        needed = "read" if reads else getattr(view, "write_scope", "write")
        require_scope(request, needed)
        return True


def require_scope(request, needed):
    """Raise Forbidden unless the token of `request`, if it has one, was given the scope `needed`."""
    if request.auth is not None and not request.auth.allows(needed):
        raise Forbidden(_("This token lacks the scope “%(scope)s”.") % {"scope": needed}, "scope")


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema describes tokens."""

    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token from the profile page, or `create_token`."}
