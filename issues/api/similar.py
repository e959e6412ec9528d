"""What is like an issue, or like a text that is to become one, and what the fields of an issue may be."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from history.writing import called
from issues import reading
from issues.api.serializers import IssueRowSerializer, unknown
from issues.api.views import OfIssue
from issues.models import TITLE_LIMIT
from issues.similar.finding import similar, similar_to
from issues.similar.suggesting import suggest
from issuetracker.api.fields import PersonField
from issuetracker.api.pages import refuse
from issuetracker.api.views import Resource
from products.finding import named
from products.models import Component

SIGNS = ("words", "description", "component", "product", "open", "duplicates")


class WhySerializer(serializers.Serializer):
    """What speaks for an issue: as signs, and as a sentence."""

    signs = serializers.ListField(child=serializers.ChoiceField([(sign, sign) for sign in SIGNS]))
    said = serializers.CharField()


class SimilarSerializer(serializers.Serializer):
    """An issue that is like what was asked for; the score is for the order alone."""

    issue = IssueRowSerializer()
    score = serializers.FloatField()
    why = WhySerializer()


class SimilarListSerializer(serializers.Serializer):
    """What is most alike, first."""

    results = SimilarSerializer(many=True)


class EvidenceSerializer(serializers.Serializer):
    """How many of how many similar issues have the value."""

    of = serializers.IntegerField()

    def get_fields(self):
        """Return the fields; `for` is a word of Python."""
        return {"for": serializers.IntegerField(), **super().get_fields()}


class SuggestionSerializer(serializers.Serializer):
    """What a field may be; the score is the share of the votes, from 0 to 1."""

    value = serializers.CharField()
    score = serializers.FloatField()
    evidence = EvidenceSerializer()


class PersonSuggestionSerializer(SuggestionSerializer):
    """Who may be asked."""

    value = PersonField()


class SuggestionsSerializer(serializers.Serializer):
    """What the empty fields of an issue may be; a field without suggestions is left out."""

    SOMETIMES = ("component", "type", "severity", "labels", "assignee")

    component = SuggestionSerializer(many=True, required=False)
    type = SuggestionSerializer(many=True, required=False)
    severity = SuggestionSerializer(many=True, required=False)
    labels = SuggestionSerializer(many=True, required=False)
    assignee = PersonSuggestionSerializer(many=True, required=False)


def told(found, user):
    """Return the answer of `found`, a list of Similar whose issues are rows that `user` sees."""
    return {
        "results": [
            {
                "issue": reading.represent(one.issue, user),
                "score": one.score,
                "why": {"signs": list(one.why), "said": one.said},
            }
            for one in found
        ]
    }


@extend_schema(tags=["issues"])
class OfIssueViewSet(OfIssue):
    """What the tracker knows of issues like one issue."""

    serializer_class = SimilarListSerializer
    pagination_class = None

    @extend_schema(responses=SimilarListSerializer)
    def similar(self, request, *args, **kwargs):
        """List the five issues that are most like this one, duplicates as what they are duplicates of."""
        return Response(told(similar_to(request.user, self.find_home(), fetch=reading.read_ids), request.user))

    @extend_schema(responses=SuggestionsSerializer)
    def suggestions(self, request, *args, **kwargs):
        """Suggest what the empty fields may be, by what similar issues were given. Nothing is set."""
        return Response(suggest(request.user, self.find_home()))


@extend_schema(tags=["issues"])
class SimilarViewSet(Resource):
    """What is like a text."""

    serializer_class = SimilarListSerializer
    pagination_class = None
    parameters = ("product", "title", "description", "component")

    @property
    def known_parameters(self):
        """The query parameters that may be given."""
        return ("tz", *self.parameters)

    @extend_schema(
        parameters=[
            OpenApiParameter("title", str, required=True),
            OpenApiParameter("description", str),
            OpenApiParameter("product", str, description="The key of the product that it would be filed in."),
            OpenApiParameter("component", str, description="The name of a component of that product."),
        ],
        responses=SimilarListSerializer,
    )
    def similar(self, request):
        """List the five issues that are most like a text, duplicates as what they are duplicates of."""
        params = request.query_params
        title, description = params.get("title", ""), params.get("description", "")
        if not title:
            refuse("title", _("Give a value."), "required")
        if len(title) > TITLE_LIMIT:
            refuse("title", _("At most %(limit)d characters.") % {"limit": TITLE_LIMIT}, "max_length")
        product = named(request.user, params.get("product"))
        component = self._component(product, params.get("component"))
        found = similar(request.user, title, description, product, component, fetch=reading.read_ids)
        return Response(told(found, request.user))

    def _component(self, product, name):
        if name is None:
            return None
        component = product and called(Component.objects.filter(product=product), name)
        if component is None:
            refuse("component", str(unknown(name)), "unknown")
        return component
