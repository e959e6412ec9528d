"""The people, and oneself."""

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated

from accounts import services
from accounts.addressing import asking, authorize_address
from accounts.api.serializers import MeSerializer, PersonSerializer, TokenSerializer
from accounts.models import NAME_LIMIT, ApiToken, User, can_be_stored
from accounts.tokens import with_products
from history.errors import Forbidden
from issuetracker.api.views import Created, Listed, Passing, Read, Resource, Unversioned, Updated
from issuetracker.keyset import Key
from products import access


@extend_schema(tags=["people"])
class UserViewSet(Unversioned, Listed, Read, Resource):
    """The people of this site, for who is signed in."""

    serializer_class = PersonSerializer
    lookup_field = "username"
    lookup_value_converter = "name"
    ordering = (Key("username"),)
    parameters = ("q",)
    for_people = True

    def get_queryset(self):
        """Return the active people, those of ?q= alone whose names begin so."""
        if not access.is_person(self.request.user):
            raise NotAuthenticated
        people = User.objects.filter(Q(is_active=True) | Q(is_placeholder=True))
        prefix = self.request.query_params.get("q", "") if self.action == "list" else ""
        if not can_be_stored(prefix, NAME_LIMIT):
            return people.none()
        self.list_terms = prefix
        return people.filter(Q(username__istartswith=prefix) | Q(display_name__istartswith=prefix))

    @extend_schema(parameters=[OpenApiParameter("q", str, description="How the user name or display name begins.")])
    def list(self, request, *args, **kwargs):
        """List the people, by user name."""
        return super().list(request, *args, **kwargs)


@extend_schema(tags=["people"])
class MeViewSet(Read, Updated, Resource):
    """Who is signed in."""

    serializer_class = MeSerializer
    write_scope = "admin"
    for_people = True
    http_method_names = ("get", "head", "patch")

    def get_object(self):
        """Return oneself. Raises NotAuthenticated."""
        self.require_person()
        return self.request.user

    def again(self, row):
        """Return oneself as one is after the write."""
        return row

    def perform_update(self, row, expected, changes):
        """Change one's preferences. Return the User. Raises Forbidden and ValidationError for an address."""
        if "email" in changes:
            authorize_address(self.request._request, changes["email"])
        return services.update_user(row, expected_version=expected, **self.doing, **changes)


@extend_schema(tags=["people"])
class TokenViewSet(Listed, Created, Read, Passing, Resource):
    """One's own tokens that are not revoked. A token that is for some products neither sees nor makes any."""

    serializer_class = TokenSerializer
    lookup_value_converter = "int"
    write_scope = "admin"
    for_people = True
    told_once = True
    ordering = (Key("id"),)

    def get_queryset(self):
        """Return those of who is signed in. Raises NotAuthenticated."""
        self.require_person()
        own = ApiToken.objects.filter(user=self.request.user.pk, revoked_at=None).select_related("user")
        return own if access.limit(self.request.user) is None else own.none()

    def is_seen(self, pk):
        """Return whether the user sees tokens: one that was made is their own, also where it has been revoked."""
        return access.limit(self.request.user) is None

    def told_rows(self, rows):
        """Return the representations of the rows of a list."""
        return super().told_rows(with_products(rows, self.request.user))

    def told(self, row):
        """Return `(representation, ETag)` of a token."""
        return super().told(*with_products([row], self.request.user))

    def again(self, row):
        """Return the new token with its secret, which no other answer tells."""
        return row

    def perform_create(self, fields):
        """Make a token. Return it. Raises Forbidden at a browser where nobody has shown just now who they are."""
        # A token may make others: whoever made it had shown that.
        if self.request.auth is None and asking(self.request._request):
            raise Forbidden(_("Show once more who you are on the site, then make it there, in your profile."), "proof")
        token, secret = services.create_token(self.request.user, **self.doing, **fields)
        token.secret = secret
        return token

    def perform_destroy(self, row, expected):
        """Revoke the token at once."""
        services.revoke_token(row, **self.doing)
