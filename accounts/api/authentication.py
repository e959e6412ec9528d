"""Signing in to the API with a token, and what its scopes allow."""

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.services import mark_used
from accounts.tokens import live_token
from history.errors import Forbidden
from issuetracker.replica import primary


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ist_…`. The token, its user and the user's roles are read in one statement."""

    def authenticate(self, request):
        """Return `(user, token)`, or None without such a header. Raises AuthenticationFailed."""
        kind, _blank, secret = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        # A view may have found it a moment ago.
        find = getattr(request.parser_context.get("view"), "find_token", live_token)
        token = find(secret.decode("latin-1").strip())
        # What stands in addresses is seen by more eyes than a header.
        if token is None or token.is_for_feeds:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        with primary():
            mark_used(token, timezone.now())
        return token.user, token

    def authenticate_header(self, request):
        """Return what to say in WWW-Authenticate."""
        return "Bearer"


class LacksScope(Forbidden, APIException):
    """The token is not for this. The pages of the API leave out a form where an exception of the framework says so."""

    code = "scope"


class HasScope(BasePermission):
    """A token may read with any scope, and write with the one that the view names; a session may do both."""

    def has_permission(self, request, view):
        """Return True, or raise LacksScope."""
        reads = request.method in SAFE_METHODS or getattr(view, "action", None) in getattr(view, "reading", ())
        needed = "read" if reads else getattr(view, "write_scope", "write")
        require_scope(request, needed)
        return True


def require_scope(request, needed):
    """Raise LacksScope unless the token of `request`, if it has one, was given the scope `needed`."""
    if request.auth is not None and not request.auth.allows(needed):
        raise LacksScope(_("This token lacks the scope “%(scope)s”.") % {"scope": needed})


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema describes tokens."""

    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token from the profile page, or `create_token`."}
