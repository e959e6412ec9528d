"""The query language itself over REST: explaining a query without running it, and completing one."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from issues.api.views import TIME_ZONE
from issues.finding import search
from issues.finding.completion import complete
from issues.query import to_text
from issues.query.parsing import CHARACTERS
from issues.query.printing import print_node
from issues.query.tree import Not, Ref, Term, Text
from issuetracker.api.fields import StrictSerializer
from issuetracker.api.fields import Text as TextField
from issuetracker.api.pages import check_parameters, refuse, zone_of
from issuetracker.api.parsers import require_length
from products.finding import named
from products.numbers import read_number

KINDS = ("term", "words", "issue", "group")


class AskedSerializer(StrictSerializer):
    """A query, and the key of the product whose list it is for, if it is of one."""

    q = TextField(allow_blank=True, max_length=CHARACTERS)
    product = TextField(required=False, max_length=10)


class PartSerializer(serializers.Serializer):
    """What stands side by side in a query: `kind` is term, words, issue, or group."""

    text = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    field = serializers.CharField(allow_null=True)
    negated = serializers.BooleanField()


class ExplainedSerializer(serializers.Serializer):
    """What a query means."""

    canonical = serializers.CharField()
    parts = PartSerializer(many=True)
    sort = serializers.ListField(child=serializers.CharField())
    where = serializers.CharField(allow_null=True)


class OfferSerializer(serializers.Serializer):
    """A completion; `open` says that more is to follow."""

    text = serializers.CharField()
    said = serializers.CharField()
    open = serializers.BooleanField()


class CompletedSerializer(serializers.Serializer):
    """What may replace the query from `start` to `end`: all of what is being written, also behind the place."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    offers = OfferSerializer(many=True)


@extend_schema(tags=["queries"])
class QueryViewSet(GenericViewSet):
    """The query language."""

    serializer_class = AskedSerializer
    reading = ("parse",)
    pagination_class = None

    @extend_schema(
        parameters=[TIME_ZONE],
        request=AskedSerializer,
        responses=ExplainedSerializer,
        operation_id="query_parse",
    )
    def parse(self, request):
        """Explain a query without running it: 400 with the places of all mistakes where it cannot be run."""
        require_length(request)
        asked = AskedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        check_parameters(request.query_params, ("tz",))
        product = named(request.user, asked.validated_data.get("product"))
        text, zone = asked.validated_data["q"], zone_of(request.query_params)
        found = search(request.user, text=text, product=product, zone=zone)
        sort = [f"{one.key}-{'desc' if one.descending else 'asc'}" for one in found.sort]
        told = {"canonical": to_text(found.query), "parts": [_part(node) for node in found.query.nodes], "sort": sort}
        return Response({**told, "where": found.query.where})

    @extend_schema(
        parameters=[
            OpenApiParameter("q", {"type": "string", "maxLength": CHARACTERS}),
            OpenApiParameter(
                "at",
                {"type": "integer", "minimum": 0},
                description="The place in it, in code points; by default its end.",
            ),
            OpenApiParameter("product", str, description="The key of the product whose list it is for."),
            TIME_ZONE,
        ],
        responses=CompletedSerializer,
        operation_id="query_complete",
    )
    def complete(self, request):
        """Complete a query at a place: fields, then values, only such as the reader may see."""
        params = request.query_params
        check_parameters(params, ("q", "at", "product", "tz"))
        zone_of(params)
        text, at = params.get("q", ""), params.get("at", "")
        if len(text) > CHARACTERS:
            refuse("q", _("At most %(limit)d characters.") % {"limit": CHARACTERS}, "max_length")
        if at and read_number(at) is None:
            refuse("at", _("Give the number of characters before the place."), "invalid")
        return Response(complete(text, at, request.user, named(request.user, params.get("product"))))


def _part(node):
    inner = node.node if isinstance(node, Not) else node
    kinds = {Text: "words", Ref: "issue", Term: "term"}
    kind = kinds.get(type(inner), "term" if hasattr(inner, "place") else "group")
    text = print_node(inner)
    field = text.partition(":")[0] if kind == "term" else None
    return {"text": text, "kind": kind, "field": field, "negated": isinstance(node, Not)}
