"""What the resources have in common: who may ask, what is found, conditions, and the five usual methods."""

from contextlib import suppress
from zlib import crc32

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from history.errors import Conflict, Forbidden
from history.models import Via
from issuetracker.api.conditions import etag, expected_version, is_known
from issuetracker.api.fields import StrictSerializer
from issuetracker.api.idempotency import is_repeated, once
from issuetracker.api.pages import PARAMETERS, SIZE_LIMIT, check_parameters, refuse, zone_of
from issuetracker.api.parsers import require_length
from issuetracker.api.problems import Moved, PreconditionRequired
from issuetracker.keyset import Key, paginate
from products import access

INCLUDE = OpenApiParameter("include", str, enum=["description"], description="Adds the descriptions.")


class Resource(GenericViewSet):
    """A kind of thing. What is asked for begins from `get_queryset`, which knows the reader and the URL's parents."""

    # The order of lists, their own query parameters, and what else of the query a cursor is bound to.
    ordering: tuple = (Key("id"),)
    parameters: tuple = ()
    # Those that may be given more than once.
    repeatable: tuple = ()
    list_terms = ""
    # The query as it was understood, where the list was asked for by one.
    canonical: str | None = None
    page_size_limit = SIZE_LIMIT
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    # The scope that a token needs to write.
    write_scope = "write"
    # The actions that read, whatever their method: a query may be too long for an address.
    reading: tuple = ()
    # What `products.access` calls the methods; asked before the body is looked at.
    actions: dict = {}
    # The same of those whose author may do more; the service asks, and a page before it offers them.
    authors_actions: dict = {}
    # Whether also what is read is for who is signed in alone, as the schema says it.
    for_people = False
    # Whether the answer to a POST holds a secret, and so is not kept for who asks again.
    told_once = False
    # The row that the answer to a POST tells of.
    subject = None

    def initial(self, request, *args, **kwargs):
        """Refuse what no answer can be given to, before any method runs."""
        super().initial(request, *args, **kwargs)
        if self.action is None:
            return
        if request.method not in SAFE_METHODS:
            require_length(request)
        self.zone = zone_of(request.query_params)
        check_parameters(request.query_params, self.known_parameters, self.repeatable)
        if not self.detail and request.method not in SAFE_METHODS and self.action not in self.reading:
            self.home = self.find_home_of_write()
            self.require_person()
            self.authorize(self.home)
        if request.method == "POST" and self.action not in self.reading:
            # The framework looks for it after this.
            self.post = once(self, self.post)

    @property
    def known_parameters(self):
        """The query parameters that may be given."""
        return (*PARAMETERS, *self.parameters) if self.is_list else ("tz",)

    @property
    def is_list(self):
        """Whether the answer is a page of a list."""
        return self.action == "list" or self.action in self.reading

    def require_person(self):
        """Raise NotAuthenticated unless somebody is signed in."""
        if not access.is_person(self.request.user):
            raise NotAuthenticated

    def authorize(self, obj):
        """Raise Forbidden unless the user may do what the method does to `obj`; the service asks the database."""
        name = self.actions.get(self.action)
        reason = access.refusal(self.request.user, name, obj) if name is not None else None
        if reason:
            raise Forbidden(*reason)

    def page(self, queryset, **options):
        """Return the Page of a list that `options` (those of `keyset.paginate`) ask for."""
        return paginate(queryset, self.ordering, **options)

    def find_home(self):
        """Return the URL's parent: the product or issue that all this belongs to, None at the top.

        Raises Http404 where it is hidden or absent, Moved where it has another name now.
        """
        return

    def find_home_of_write(self):
        """Return the URL's parent, also at its old path where the request was answered there before it moved."""
        try:
            return self.find_home()
        except Moved as moved:
            if not is_repeated(self.request):
                raise
            self.kwargs = {**self.kwargs, **moved.names}
            return self.find_home()

    def home_of(self, row):
        """Return what the rights to `row` hang on: a product, an issue, or None for the site."""
        return row

    def get_object(self):
        """Return the row that the URL names. Raises Http404, Moved, or NotAuthenticated for an anonymous write."""
        return self.allowed(self.find(self.get_queryset()))

    def allowed(self, row):
        """Return `row`, what the URL names, for who may do to it what is asked. Raises as `get_object`."""
        if row is None:
            self.find_home()
            self.miss()
            raise Http404
        if self.request.method not in SAFE_METHODS:
            self.require_person()
            self.authorize(self.home_of(row))
        return row

    def require_right(self):
        """Raise as the method would where the user may not do it, whatever its body: a page offers nothing else."""
        self.require_person()
        if not self.detail:
            self.authorize(self.find_home())
            return
        row, user, name = self.get_object(), self.request.user, self.authors_actions.get(self.action)
        reason = name and access.refusal(user, name, self.home_of(row), own=row.author_id == user.pk)
        if reason:
            raise Forbidden(*reason)

    def check_again(self, pk):
        """Raise as the POST would whose user may do it no longer, or no longer sees its subject, the row `pk`."""
        if self.detail:
            try:
                self.get_object()
            except Moved as moved:
                # What has another key now was found, and so may be seen.
                self.kwargs = {**self.kwargs, **moved.names}
        if pk is not None and not self.is_seen(pk):
            raise Http404

    def is_seen(self, pk):
        """Return whether the user sees the row `pk`."""
        return self.get_queryset().filter(pk=pk).exists()

    def may_be_told(self, body):
        """Return whether the user sees all that the `body` of an earlier answer names beside its subject."""
        return True

    def find(self, queryset):
        """Return the row of `queryset` that the URL names, or None."""
        return queryset.filter(**{self.lookup_field: self.kwargs[self.lookup_url_kwarg or self.lookup_field]}).first()

    def miss(self):
        """Raise Moved where what the URL names has another name now."""

    def moved(self, **names):
        """Return the exception that leads to the same path with other `names` in it."""
        match = self.request.resolver_match
        query = self.request.query_params.urlencode()
        path = reverse(match.view_name, kwargs={**match.kwargs, **names})
        return Moved(f"{path}?{query}" if query else path, names)

    def expected(self, row):
        """Return the version that the request says `row` has, or None. Raises Stale."""
        return expected_version(self.request, row)

    def take_nothing(self):
        """Raise ValidationError where the body has any field: what is asked for here takes none."""
        StrictSerializer(data=self.request.data).is_valid(raise_exception=True)

    @property
    def doing(self):
        """Who does it and by which door, as every service wants to know."""
        return {"actor": self.request.user, "via": Via.API}

    def again(self, row):
        """Return `row` as it is after a write, with all that its representation needs."""
        return self.rows().get(pk=row.pk)

    def answer(self, row, code=status.HTTP_200_OK):
        """Return the Response with the representation of `row` and its ETag."""
        self.subject = row
        told, tag = self.told(row)
        return Response(told, code, headers={"ETag": tag})

    def told(self, row):
        """Return `(representation, ETag)` of `row`: it may tell of more than its own row, such as names of others."""
        data = self.get_serializer(row).data
        return data, etag(row, sum_of(data))

    @property
    def is_plain(self):
        """Whether the answer is JSON, rather than a page of the browsable API with its forms."""
        return self.request.accepted_renderer.format == "json"


def sum_of(data):
    """Return what changes with the representation `data`."""
    return f"{crc32(repr(data).encode()):08x}"


class Unversioned:
    """What has a version that others may not know, as people have, who change their preferences."""

    def told(self, row):
        """Return `(representation, ETag)` of `row`: the same as long as nothing else is told."""
        data = self.get_serializer(row).data
        return data, f'"{sum_of(data)}"'


class Listed:
    """GET of the list."""

    def list(self, request, *args, **kwargs):
        """List, a page at a time."""
        rows = self.paginate_queryset(self.get_queryset())
        if not rows:
            self.find_home()
        return self.get_paginated_response(self.told_rows(rows))

    def told_rows(self, rows):
        """Return the representations of the rows of a list."""
        return self.get_serializer(rows, many=True).data


class Described:
    """What has a description, which lists leave out unless they are asked for it."""

    DESCRIBED_LIMIT = 25
    parameters: tuple = ("include",)
    # The serializer of a row in a list, which has no `description_html`.
    row_serializer_class: type

    @property
    def left_out(self):
        """The fields that this list leaves out."""
        return ("description_html",) if self.is_described else ("description", "description_html")

    @property
    def is_described(self):
        """Whether a list comes with descriptions."""
        return "include" in self.request.query_params

    @property
    def page_size_limit(self):
        """How many results a page may hold: fewer with descriptions."""
        return self.DESCRIBED_LIMIT if self.is_described else SIZE_LIMIT

    def get_serializer_class(self):
        """Return the serializer of one, or of a row in a list."""
        return self.row_serializer_class if self.is_list else self.serializer_class

    def get_serializer(self, *args, **kwargs):
        """Return the serializer without what is left out."""
        serializer = super().get_serializer(*args, **kwargs)
        if self.is_list and not self.is_described and not getattr(self, "swagger_fake_view", False):
            serializer.child.fields.pop("description")
        return serializer

    @extend_schema(parameters=[INCLUDE])
    def list(self, request, *args, **kwargs):
        """List, without descriptions unless `include=description`."""
        self.check_included()
        return super().list(request, *args, **kwargs)

    def check_included(self):
        """Raise ValidationError unless the request includes nothing that cannot be included."""
        if self.request.query_params.get("include", "description") != "description":
            refuse("include", _("Only “description” can be included."), "choice")


class Read:
    """GET of one."""

    def retrieve(self, request, *args, **kwargs):
        """Read one; 304 where the client has its present state."""
        told, tag = self.told(self.get_object())
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
        if self.is_plain and is_known(request, tag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(told, headers=headers)


class Created:
    """POST to the list."""

    # Whether what is to be created was there before, as a vote that one has given: `perform_create` says so.
    present = False

    def create(self, request, *args, **kwargs):
        """Create one. If-Match speaks of what it is added to, which the service asks once more where it locks that."""
        if self.home is not None:
            self.expected(self.home)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = self.again(self.perform_create(serializer.changes))
        if self.present:
            return self.answer(row)
        response = self.answer(row, status.HTTP_201_CREATED)
        response["Location"] = self.location(row)
        return response

    def location(self, row):
        """Return the path of the new `row`."""
        name = self.request.resolver_match.view_name.removesuffix("-list")
        lookup = self.lookup_url_kwarg or self.lookup_field
        return reverse(f"{name}-detail", kwargs={**self.kwargs, lookup: self.called(row)})

    def called(self, row):
        """Return what the URL calls `row`."""
        value = row
        for name in self.lookup_field.split("__"):
            value = getattr(value, name)
        return value


class Updated:
    """PUT and PATCH."""

    def update(self, request, *args, partial=False, **kwargs):
        """Set every field that can be set; those left out return to their default."""
        row = self.get_object()
        expected = self.expected(row)
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return self.answer(self.again(self.perform_update(row, expected, serializer.changes)))

    def partial_update(self, request, *args, **kwargs):
        """Set the fields that are sent, and no others."""
        return self.update(request, *args, partial=True, **kwargs)


class Ended:
    """DELETE."""

    # Whether something is left, of which the answer tells the state.
    leaves = True

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs):
        """Take it away: into the trash, or into the archive."""
        row = self.get_object()
        left = self.perform_destroy(row, self.expected(row))
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"ETag": etag(left)} if left else None)


class Passing(Ended):
    """DELETE of what is gone for good by it. Who sees and may change what it belonged to may be told of it again."""

    leaves = False

    def is_seen(self, pk):
        """Return True: the URL's parent was found, and whoever sees that sees all of these."""
        return True


class Trashed(Ended):
    """DELETE to the trash, and what can be done about it."""

    def get_trashed(self):
        """Return the row of the URL, in the trash or not, for who may restore it. Raises as `get_object`."""
        row = self.find(self.trash())
        if row is None:
            return self.get_object()
        self.require_person()
        self.authorize(self.home_of(row))
        return row

    def require_right(self):
        """Raise as the method would: only what is in the trash is restored and purged."""
        if self.action not in ("restore", "purge"):
            super().require_right()
        elif self.get_trashed().deleted_at is None:
            raise Conflict(_("This is not in the trash."), "not_in_trash")

    def check_again(self, pk):
        """Raise as `restore` would, whatever has become of the row since."""
        if self.action != "restore":
            super().check_again(pk)
            return
        with suppress(Moved):
            self.get_trashed()

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request, *args, **kwargs):
        """Take it out of the trash."""
        row = self.get_trashed()
        expected = self.expected(row)
        self.take_nothing()
        if row.deleted_at is None:
            raise Conflict(_("This is not in the trash."), "not_in_trash")
        return self.answer(self.again(self.perform_restore(row, expected)))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def purge(self, request, *args, **kwargs):
        """Delete what is in the trash for good, with its history. `If-Match` is required."""
        row = self.get_trashed()
        if "If-Match" not in request.headers:
            raise PreconditionRequired(row)
        expected = self.expected(row)
        self.take_nothing()
        self.perform_purge(row, expected)
        return Response(status=status.HTTP_204_NO_CONTENT)
