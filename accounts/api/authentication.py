"""Signing in to the API with a token, and what its scopes allow."""

from django.db import DEFAULT_DB_ALIAS
from django.db.models import CharField, DateTimeField, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.models import ApiToken, User
from accounts.services import mark_used
from history.errors import Forbidden
from issuetracker.prepared import Prepared, Slot
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
    rows = LIVE.rows(digest=ApiToken.digest_of(secret), now=timezone.now())
    if not rows:
        return None
    token = _built(ApiToken, TOKEN_FIELDS, rows[0])
    token.user = _built(User, USER_FIELDS, rows[0], "user__")
    remember_roles(token.user, [(row["in_product"], row["role"]) for row in rows if row["role"]])
    return token


def _live():
    """Return the tokens with a digest that can be used now: a row for each membership of their users."""
    live = Q(expires_at=None) | Q(expires_at__gt=Slot("now", DateTimeField()))
    tokens = ApiToken.objects.filter(live, digest=Slot("digest", CharField()), revoked_at=None, user__is_active=True)
    return tokens.annotate(in_product=F("user__memberships__product_id"), role=F("user__memberships__role"))


TOKEN_FIELDS = tuple(field.attname for field in ApiToken._meta.concrete_fields if field.name != "digest")
USER_FIELDS = tuple(field.attname for field in User._meta.concrete_fields if field.name != "password")
LIVE = Prepared((*TOKEN_FIELDS, *(f"user__{name}" for name in USER_FIELDS), "in_product", "role"), _live)


def _built(model, names, row, prefix=""):
    """Return the instance of `model` whose fields are the columns of `row` that begin with `prefix`."""
    return model.from_db(DEFAULT_DB_ALIAS, names, [row[f"{prefix}{name}"] for name in names])


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
