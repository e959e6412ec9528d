"""Issues and what hangs on them, saved views, statuses, events, and the undo of any batch."""

import re
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.addressing import asking
from accounts.api.authentication import require_scope
from history.errors import Forbidden, Unreadable
from history.models import Batch, Event
from issues import reading, services
from issues.api import bulk, events, serializers
from issues.api.keeping import Trusting
from issues.columns import label_rows
from issues.events import visible_events
from issues.exporters import FORMATS, export
from issues.finding import search
from issues.finding.pages import paginate, paginate_seen
from issues.models import Comment, Issue, Relation, SavedView, Status
from issues.query.fields import FIELDS
from issues.querysets import live_and_seen
from issues.rules import LINKS
from issues.services import bulk as bulk_service
from issues.services.relations import REVERSED
from issues.services.views import ABOUT as OF_VIEWS
from issuetracker.api.conditions import etag, etag_of
from issuetracker.api.pages import COUNT_CAP, PARAMETERS, refuse
from issuetracker.api.renderers import is_quick, written
from issuetracker.api.views import INCLUDE, Created, Described, Ended, Listed, Passing, Read, Resource, Trashed, Updated
from issuetracker.keyset import Key, nearest, paginate_ids
from products import access
from products import services as product_services
from products.api.serializers import RedactionSerializer
from products.api.views import OfProduct, find_product
from products.api.views import ProductViewSet as Products

# As an address says it; more digits than these no database number holds.
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
NAMES = ("assignee", "author", "created_by", "updated_by")
# What the representation of an issue shows, and what tells whether the reader may see the issues that it names.
COLUMNS = [
    *(field.name for field in Issue._meta.concrete_fields if field.name not in ("event_count", "deleted_by")),
    *(f"product__{name}" for name in ("key", "visibility", "archived_at", "deleted_at")),
    *(f"status__{name}" for name in ("slug", "category", "position")),
    *(f"{part}__name" for part in ("component", "milestone", "version")),
    *(f"{name}__{field}" for name in NAMES for field in ("username", "display_name")),
    *(f"{link}__{field}" for link in LINKS for field in ("number", "author", "assignee", "confidential", "deleted_at")),
    *(f"{link}__product__{field}" for link in LINKS for field in ("key", "visibility", "deleted_at")),
]
RELATED = (*NAMES, "product", "status", "component", "milestone", "version", *(f"{link}__product" for link in LINKS))
NUMBERED = (Key("number"),)


def issue_rows():
    """Return all issues, with what their representation needs, in one statement."""
    rows = Issue.objects.select_related(*RELATED).only(*COLUMNS).annotate(label_rows=label_rows())
    return rows.prefetch_related("needinfos__asker", "needinfos__requestee")


class Redacted:
    """What a maintainer can blank a text of."""

    @extend_schema(request=RedactionSerializer)
    @action(detail=True, methods=["post"])
    def redact(self, request, *args, **kwargs):
        """Blank one text, here and in all history. This cannot be undone."""
        row = self.get_object()
        expected = self.expected(row)
        asked = RedactionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        field = asked.validated_data["field"]
        return self.answer(self.again(services.redact(row, field, expected_version=expected, **self.doing)))

    def perform_purge(self, row, expected):
        """Delete the row for good."""
        services.purge(row, expected_version=expected, **self.doing)


TRASH_ACTIONS = {"destroy": "trash", "restore": "restore", "purge": "purge", "redact": "redact"}


@extend_schema(tags=["products"])
class ProductViewSet(Redacted, Trashed, Products):
    """Products, with the trash, which takes their issues along."""

    actions = {**Products.actions, **TRASH_ACTIONS}

    def trash(self):
        """Return those in the trash that the user may restore."""
        return self.rows().trashed_for(self.request.user)

    def perform_destroy(self, row, expected):
        """Move the product to the trash. Return it."""
        return product_services.trash_product(row, expected_version=expected, **self.doing)

    def perform_restore(self, row, expected):
        """Take the product out of the trash. Return it."""
        return product_services.restore_product(row, expected_version=expected, **self.doing)


def _written(row):
    """Return what is told of a row that is kept, as it is written: once for as long as it is kept."""
    if "written" not in row:
        row["written"] = written(row["told"])
    return row["written"]


def issue_at(kwargs):
    """Return `(product key, number)` of the issue that a URL names, either way. Raises Http404."""
    if "issue_key" not in kwargs:
        return kwargs["product_key"], kwargs["number"]
    key, _dash, number = kwargs["issue_key"].rpartition("-")
    if not NUMBER.fullmatch(number):
        raise Http404
    return key, int(number)


def find_issue(view):
    """Return the issue that the URL names. Raises Moved where it has another key now, Http404."""
    key, number = issue_at(view.kwargs)
    issue = Issue.objects.visible_to(view.request.user).select_related("product").at(f"{key}-{number}")
    if issue is None:
        raise Http404
    if (issue.product.key, issue.number) == (key, number):
        return issue
    if "issue_key" in view.kwargs:
        raise view.moved(issue_key=issue.key)
    raise view.moved(product_key=issue.product.key, number=issue.number)


FILTERS = [OpenApiParameter(field.name, str, many=field.many, description=str(field.help)) for field in FIELDS.values()]
# Of what is posted generated clients call the body so; a query says `body:` in it.
POSTED = [one for one in FILTERS if one.name != "body"]
SORT = OpenApiParameter("sort", str, description="Such as `updated-desc` or `priority,due-asc`.")
FORMAT = OpenApiParameter("format", str, enum=list(FORMATS), default="jsonl")
TIME_ZONE = OpenApiParameter("tz", str, description=PARAMETERS["tz"][1])
QUERY = OpenApiParameter("q", str, description="A query; `/issues/query/` explains the language.")
LISTED = extend_schema(parameters=[QUERY, *FILTERS, SORT, INCLUDE])


@extend_schema(tags=["issues"])
@extend_schema_view(list=LISTED)
class IssueViewSet(Trusting, Redacted, Described, Listed, Created, Read, Updated, Trashed, Resource):
    """Issues, by their key, or by their number below their product."""

    serializer_class = serializers.IssueSerializer
    row_serializer_class = serializers.IssueRowSerializer
    lookup_field = lookup_url_kwarg = "issue_key"
    lookup_value_converter = "name"
    parameters = (*Described.parameters, "q", *FIELDS, "sort")
    # Of a field that holds one value the search says how several are written.
    repeatable = tuple(FIELDS)
    actions = {
        "create": "create",
        "update": "edit_text",
        "partial_update": "edit_text",
        "triage": "triage",
        **TRASH_ACTIONS,
    }
    reading = ("search",)

    def rows(self):
        """Return all issues, with what their representation needs."""
        return issue_rows()

    def get_queryset(self):
        """Return those that the reader sees, of the URL's product, and as the filters ask."""
        if not self.is_list:
            return self.seen()
        params = self.request.query_params
        text = params.get("q", "") if self.action == "list" else self.text
        try:
            asked = self.ask(text)
        except (Unreadable, ValidationError):
            # Below a key that leads elsewhere there are no names.
            self.find_home()
            raise
        self.asked, self.list_terms = asked, asked.canonical
        self.canonical = asked.canonical if self.action != "list" or "q" in params else None
        # Seldom is it needed itself: a page is found by a statement that was compiled before.
        return SimpleLazyObject(lambda: asked.apply(self.seen().defer(*self.left_out)))

    def seen(self):
        """Return all that the reader sees of the URL's product, or of all."""
        rows = self.rows().visible_to(self.request.user)
        product_key = self.kwargs.get("product_key")
        return rows if product_key is None else rows.filter(product__key=product_key)

    def ask(self, text):
        """Return the Search for a query and the parameters of the address. Raises QueryError or ValidationError."""
        params, product = self.request.query_params, self.kwargs.get("product_key")
        return search(self.request.user, text=text, params=params, product=product, zone=self.zone)

    @extend_schema(
        parameters=[*POSTED, SORT, INCLUDE],
        request=serializers.SearchSerializer,
        responses=serializers.IssueRowSerializer(many=True),
    )
    @action(detail=False, methods=["post"])
    def search(self, request, *args, **kwargs):
        """List what a query finds that is too long for an address; pages as those of the list, with the same body."""
        asked = serializers.SearchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        self.text = asked.validated_data["q"]
        return self.list(request, *args, **kwargs)

    @extend_schema(
        parameters=[TIME_ZONE],
        request=serializers.BulkSerializer,
        responses={200: serializers.BulkAnswerSerializer, 202: serializers.BulkAnswerSerializer},
    )
    @action(detail=False, methods=["post"])
    def bulk(self, request, *args, **kwargs):
        """Change all that a query finds, or the issues with these ids. `dry_run` says what would happen.

        Above 500 issues the answer is 202: `batches/{id}/` tells how far it is.
        """
        # Of many it cannot speak, and whoever sends it relies on it.
        if request.headers.get("If-Match", "*").strip() != "*":
            refuse("If-Match", _("A change of many takes no If-Match."), "unknown")
        asked = serializers.BulkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        found = self.ask(data["q"]) if "q" in data else None
        ids = bulk.selected(found, data.get("ids", ()), request.user, self.home)
        plan = bulk.planned(ids, data["set"], self.get_serializer_context())
        if data.get("dry_run"):
            return Response(_told_bulk(len(ids), bulk_service.preview(ids, plan, actor=request.user).told()))
        said = bulk_service.chosen_by(found, ids, self.home)
        batch = bulk_service.change(ids, plan, query=said, **self.doing)
        running = batch.state == Batch.State.RUNNING
        return Response({**_told_bulk(len(ids), batch.todo), "batch": batch.pk}, 202 if running else 200)

    @property
    def known_parameters(self):
        """The query parameters that may be given: an export has no pages, and what is posted is the query."""
        if self.action == "export":
            return ("tz", "format", "q", *FIELDS, "sort")
        return tuple(name for name in super().known_parameters if name != "q" or self.action != "search")

    @extend_schema(
        parameters=[QUERY, *FILTERS, SORT, FORMAT, TIME_ZONE],
        responses={(200, "text/csv"): str, (200, "application/jsonl"): str},
    )
    @action(detail=False)
    def export(self, request, *args, **kwargs):
        """Write all that a query finds into a file: CSV, or JSON Lines.

        Those are one issue a line, as a list with `include=description` tells it, with its `attachments`.
        """
        kind = request.query_params.get("format", "jsonl")
        if kind not in FORMATS:
            refuse("format", _("Choose one of: %(names)s.") % {"names": ", ".join(FORMATS)}, "choice")
        product = self.find_home()
        asked = self.ask(request.query_params.get("q", ""))
        rows = Issue.objects.visible_to(request.user)
        rows = rows.filter(product=product) if product is not None else rows
        name = f"{product.key}-issues" if product is not None else "issues"
        return export(kind, asked, rows, request.user, name=name, head=request.method == "HEAD")

    def perform_content_negotiation(self, request, force=False):
        """Choose the form of the answer; an export is a file, whatever a client says it prefers."""
        return super().perform_content_negotiation(request, force or self.action == "export")

    def page(self, queryset, **options):
        """Return the Page that is asked for, in the order of the query."""
        if not self.is_plain:
            return paginate(queryset, self.asked, **options)
        cap = COUNT_CAP if self.request.query_params.get("count") == "1" else None
        read = partial(reading.read_ids, described=True) if self.is_described else reading.read_found
        return paginate_seen(self.asked, partial(read, user=self.request.user), cap=cap, **options)

    def told_rows(self, rows):
        """Return the representations of the rows of a list."""
        user = self.request.user
        if is_quick(self.request):
            return [_written(row) if "told" in row else reading.represent(row, user) for row in rows]
        return [reading.represent(row, user) for row in rows] if self.is_plain else super().told_rows(rows)

    def told(self, row):
        """Return `(representation, ETag)` of an issue, or of a row that was just read."""
        if not self.is_plain:
            data = self.get_serializer(row).data
            return data, etag(row, reading.names_version(data))
        read = row if isinstance(row, dict) else reading.read_whole(row.pk)
        told = reading.represent(read, self.request.user)
        return told, etag_of(read["id"], read["lock_version"], reading.names_version(told))

    def again(self, row):
        """Return the row to answer with; what is told of it is read anew."""
        return row if self.is_plain else super().again(row)

    def get_object(self):
        """Return the issue of the URL, or only its row where it is to be read. Raises as ever."""
        read = {"retrieve": reading.read_key, "update": reading.find, "partial_update": reading.find}.get(self.action)
        if read is None or not self.is_plain:
            return super().get_object()
        return self.allowed(read(self.request.user, *issue_at(self.kwargs)))

    def trash(self):
        """Return those in the trash that the user may restore."""
        return self.rows().trashed_for(self.request.user)

    def find(self, queryset):
        """Return the issue that the URL names, or None."""
        key, number = issue_at(self.kwargs)
        return queryset.filter(product__key=key, number=number).first()

    def find_home(self):
        """Return the product of the URL; None where the body names it."""
        return find_product(self, self.kwargs["product_key"]) if "product_key" in self.kwargs else None

    def miss(self):
        """Raise Moved where the issue has another key now."""
        find_issue(self)

    def authorize(self, obj):
        """Ask for the right, but where the body is still to name the product."""
        if obj is not None:
            super().authorize(obj)

    def check_again(self, pk):
        """Raise as the POST would now; where the body named the product, the issue tells which that was."""
        super().check_again(pk)
        if self.action == "create" and self.home is None:
            self.authorize(Issue.objects.select_related("product").get(pk=pk))

    def is_seen(self, pk):
        """Return whether the user sees the issue `pk`, in whatever product it is now."""
        return Issue.objects.visible_to(self.request.user).filter(pk=pk).exists()

    def may_be_told(self, body):
        """Return whether the user sees all issues that a change of many has refused, or that the answer links to."""
        if self.action == "bulk":
            return bulk.all_seen((one["issue"] for one in body["refused"]), self.request.user)
        issue = body.get("issue", body)
        return bulk.all_seen((issue[link] for link in LINKS), self.request.user)

    def location(self, row):
        """Return the path of the new issue."""
        return reverse("api-issue-detail", kwargs={"issue_key": row.key})

    @extend_schema(
        tags=["triage"], request=serializers.DecisionSerializer, responses={200: serializers.DecidedSerializer}
    )
    @action(detail=True, methods=["post"])
    def triage(self, request, *args, **kwargs):
        """Decide on a new report: accept, duplicate, decline, needinfo, snooze or reroute."""
        row = self.get_object()
        expected = self.expected(row)
        context = {**self.get_serializer_context(), "issue": row}
        asked = serializers.DecisionSerializer(data=request.data, context=context)
        asked.is_valid(raise_exception=True)
        try:
            decided = services.decide(row, expected_version=expected, **self.doing, **asked.validated_data)
        except ValidationError as error:
            raise _where_it_was_sent(error, asked.validated_data) from error
        self.subject = decided.issue
        told, tag = self.told(self.again(decided.issue))
        return Response({"issue": told, "batch": decided.batch.pk}, headers={"ETag": tag})

    def perform_create(self, fields):
        """File the issue. Return it."""
        product = fields.pop("product", None) or self.home
        return services.create_issue(product, expected_version=self.expected(product), **self.doing, **fields)

    def perform_update(self, row, expected, changes):
        """Change the issue; another product moves it. Return it."""
        return services.update_issue(row, expected_version=expected, **self.doing, **changes)

    def perform_destroy(self, row, expected):
        """Move the issue to the trash. Return it."""
        return services.trash_issue(row, expected_version=expected, **self.doing)

    def perform_restore(self, row, expected):
        """Take the issue out of the trash. Return it."""
        return services.restore_issue(row, expected_version=expected, **self.doing)


def _where_it_was_sent(error, decision):
    """Return what a service refused of a `decision`, with `set.` before what was set beside it."""
    beside = set(decision["changes"]) - set(decision)
    told = {f"set.{name}" if name in beside else name: errors for name, errors in error.error_dict.items()}
    return ValidationError(told)


def _told_bulk(matched, outcome):
    refused = [{"issue": key, "code": code} for key, code in outcome["refused"]]
    return {"matched": matched, **{name: outcome[name] for name in ("changes", "unchanged")}, "refused": refused}


class ProductIssueViewSet(IssueViewSet):
    """The same below a product, by number."""

    lookup_field = lookup_url_kwarg = "number"
    lookup_value_converter = "int"


class OfIssue(Resource):
    """What belongs to one issue."""

    def find_home(self):
        """Return the issue of the URL."""
        return find_issue(self)

    def of_issue(self, prefix="issue__"):
        """Return the condition that a row belongs to the issue of the URL."""
        key, number = issue_at(self.kwargs)
        live = {f"{prefix}deleted_at": None, f"{prefix}product__deleted_at": None}
        return Q(**{f"{prefix}product__key": key, f"{prefix}number": number}, **live)


@extend_schema(tags=["comments"])
class CommentViewSet(Redacted, Listed, Created, Read, Updated, Trashed, OfIssue):
    """The comments on an issue, oldest first."""

    serializer_class = serializers.CommentSerializer
    lookup_value_converter = "int"
    ordering = (Key("created_at"), Key("id"))
    actions = {"create": "comment", **TRASH_ACTIONS}
    authors_actions = dict.fromkeys(("update", "partial_update"), "edit_comment")

    def rows(self):
        """Return the comments, with all that their representation and rights need."""
        return Comment.objects.select_related("author", "issue__product").defer(
            "issue__description", "issue__description_html", "issue__product__description"
        )

    def get_queryset(self):
        """Return those on the issue of the URL that the reader sees."""
        return self.rows().visible_to(self.request.user).filter(self.of_issue())

    def trash(self):
        """Return those in the trash that the user may restore."""
        return self.rows().trashed_for(self.request.user).filter(self.of_issue())

    def home_of(self, row):
        """Return the issue that the comment is on."""
        return row.issue

    def perform_create(self, fields):
        """Comment on the issue. Return the Comment."""
        return services.add_comment(self.home, expected_version=self.expected(self.home), **self.doing, **fields)

    def perform_update(self, row, expected, changes):
        """Change the text. Return the Comment."""
        body = changes.get("body", row.body)
        return services.edit_comment(row, body=body, expected_version=expected, **self.doing)

    def perform_destroy(self, row, expected):
        """Move the comment to the trash. Return it."""
        return services.trash_comment(row, expected_version=expected, **self.doing)

    def perform_restore(self, row, expected):
        """Take the comment out of the trash. Return it."""
        return services.restore_comment(row, expected_version=expected, **self.doing)


@extend_schema(tags=["relations"])
class RelationViewSet(Listed, Created, Read, Passing, OfIssue):
    """What an issue blocks, is blocked by, or relates to."""

    serializer_class = serializers.RelationSerializer
    lookup_value_converter = "int"
    actions = {"create": "relate", "destroy": "relate"}
    ENDS = ("source", "target")

    def rows(self):
        """Return the relations with their two issues."""
        return Relation.objects.select_related("source__product", "target__product").defer(
            *(f"{end}__{name}" for end in self.ENDS for name in ("description", "description_html"))
        )

    def get_queryset(self):
        """Return those of the issue of the URL whose two ends the reader sees."""
        rows = self.rows()
        for end in self.ENDS:
            rows = rows.filter(live_and_seen(self.request.user, f"{end}__"))
        return rows.filter(self.of_issue("source__") | self.of_issue("target__"))

    def home_of(self, row):
        """Return the end of the relation that is the issue of the URL."""
        here = issue_at(self.kwargs)
        return row.source if (row.source.product.key, row.source.number) == here else row.target

    def may_be_told(self, body):
        """Return whether the user sees the other issue."""
        return bulk.all_seen([body["issue"]], self.request.user)

    def get_serializer(self, *args, **kwargs):
        """Return the serializer, for relations as they read from the issue of the URL."""
        if args:
            args = ([self._from_here(row) for row in args[0]] if kwargs.get("many") else self._from_here(args[0]),)
        return super().get_serializer(*args, **kwargs)

    def _from_here(self, row):
        outgoing = self.home_of(row) == row.source
        kind, other = (row.kind, row.target) if outgoing else (REVERSED[row.kind], row.source)
        return {"id": row.pk, "kind": kind, "issue": other}

    def perform_create(self, fields):
        """Relate the issue to another. Return the Relation."""
        options = {"kind": fields["kind"], "other": fields["issue"], "expected_version": self.expected(self.home)}
        return services.relate(self.home, **options, **self.doing)

    def perform_destroy(self, row, expected):
        """End the relation."""
        services.unrelate(row, issue=self.home_of(row), **self.doing)


class Events(Listed):
    """Events, oldest first."""

    serializer_class = serializers.EventSerializer

    def get_queryset(self):
        """Return those of the URL's parent that the reader sees."""
        seen = visible_events(self.request.user).filter(self.of_home())
        return (
            seen.select_related("batch", "actor", "issue__product")
            .only(
                *("about", "about_id", "kind", "at", "internal", "state"),
                *("batch__via", "actor__username", "actor__display_name", "issue__number", "issue__product__key"),
            )
            .prefetch_related("changes")
        )

    def get_serializer(self, *args, **kwargs):
        """Return the serializer of the events as the reader may see them."""
        told = (events.tell(rows, self.request.user) for rows in args)
        return super().get_serializer(*told, **kwargs)


@extend_schema(tags=["events"])
class IssueEventViewSet(Events, OfIssue):
    """What happened to an issue, oldest first."""

    def of_home(self):
        """Return the condition that an event is about the issue of the URL."""
        return self.of_issue()

    def page(self, queryset, **options):
        """Return the Page that is asked for, in the order of the numbers, which the index is of.

        A cursor holds the id of an event instead: gaps between the numbers tell how many events are hidden.
        """
        found: dict = {}

        def find(values, backwards, count):
            place = values and [Event.objects.filter(pk=values[0]).values("number")]
            found.update((event.pk, event) for event in nearest(queryset, NUMBERED, place, backwards, count))
            return [[pk] for pk in found]

        return paginate_ids(find, self.ordering, lambda ids: found, **options)


@extend_schema(tags=["events"])
class ProductEventViewSet(Events, OfProduct):
    """What happened to a product, its parts and its members, oldest first; issues have their own events."""

    def of_home(self):
        """Return the condition that an event is about the product of the URL, and no issue of it."""
        return Q(issue=None, product__deleted_at=None, product__key=self.kwargs["product_key"])


@extend_schema(tags=["site"])
class StatusViewSet(Listed, Created, Read, Updated, Resource):
    """The stages of work, the same on the whole site."""

    serializer_class = serializers.StatusSerializer
    lookup_field = "slug"
    lookup_value_converter = "name"
    ordering = (Key("position"), Key("id"))
    write_scope = "admin"
    actions = dict.fromkeys(("create", "update", "partial_update"), "edit_statuses")

    def rows(self):
        """Return the statuses."""
        return Status.objects.all()

    get_queryset = rows

    def perform_create(self, fields):
        """Create the status. Return it."""
        return services.create_status(**self.doing, **fields)

    def perform_update(self, row, expected, changes):
        """Change the status. Return it."""
        return services.update_status(row, expected_version=expected, **self.doing, **changes)


@extend_schema(tags=["views"])
class SavedViewSet(Listed, Created, Read, Updated, Ended, Resource):
    """Saved views: one's own, and those that are shared. Whoever sees one may set `pinned`, for themselves."""

    serializer_class = serializers.ViewSerializer
    lookup_value_converter = "int"
    ordering = (Key("name"), Key("id"))
    actions = {"update": "edit_view", "destroy": "edit_view"}

    def rows(self):
        """Return the views, with all that their representation and rights need."""
        return SavedView.objects.select_related("owner", "product").with_pins_of(self.request.user)

    def get_queryset(self):
        """Return those that the reader sees."""
        return self.rows().visible_to(self.request.user)

    def is_seen(self, pk):
        """Return whether the user sees the view `pk`, or would if it had not been deleted."""
        return SavedView.objects.seen_by(self.request.user).filter(pk=pk).exists()

    def perform_create(self, fields):
        """Save the view. Return it."""
        return services.create_view(**self.doing, **fields)

    @transaction.atomic
    def perform_update(self, row, expected, changes):
        """Change the view, and whether the reader has pinned it. Return it."""
        pinned = changes.pop("pinned", None)
        if changes:
            row = services.update_view(row, expected_version=expected, **self.doing, **changes)
        return services.pin_view(row, pinned=pinned, **self.doing) if pinned is not None else row

    def perform_destroy(self, row, expected):
        """Delete the view; the undo of its batch brings it back. Return it."""
        return services.archive_view(row, expected_version=expected, **self.doing)


@extend_schema(tags=["batches"])
class BatchViewSet(Read, Resource):
    """A call of a service: one change, or many at once."""

    serializer_class = serializers.BatchSerializer
    lookup_value_converter = "int"

    def get_queryset(self):
        """Return those of which the reader sees one event at least, and the reader's own; to a superuser all."""
        if access.is_superuser(self.request.user):
            return Batch.objects.select_related("actor")
        seen = visible_events(self.request.user).filter(batch=self.kwargs["pk"])
        # A change of many has no event as long as it waits for the worker, nor has an undo that has left all alone.
        own = Q(actor=self.request.user.pk or 0) & (Q(todo__isnull=False) | ~Q(left_alone=[]))
        # What it waits to do may lie beyond the products that a token is for.
        known = Q(pk__in=seen.values("batch"))
        rows = Batch.objects.filter(known | own if access.limit(self.request.user) is None else known)
        return rows.select_related("actor")

    @extend_schema(request=None, responses={200: serializers.UndoSerializer, 202: serializers.UndoSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request, *args, **kwargs):
        """Take the batch back. What somebody has changed since is left alone and reported; 202 while it runs on."""
        batch = self.get_object()
        self.expected(batch)
        self.take_nothing()
        if batch.events.filter(product=None).exclude(about__in=OF_VIEWS).exists():
            require_scope(request, "admin")
        if services.give_a_way_in([batch]) and asking(request._request):
            raise Forbidden(_("Show once more who you are on the site, then undo it there."), "proof")
        undoing = services.undo(batch, **self.doing)
        body = {"batch": undoing.pk, "undone": undoing.undone, "left_alone": undoing.left_alone}
        return Response(body, 202 if undoing.state == Batch.State.RUNNING else 200)

    def may_be_told(self, body):
        """Return whether the user sees all issues that an undo has left alone."""
        return bulk.all_seen((one["issue"] for one in body["left_alone"]), self.request.user)
