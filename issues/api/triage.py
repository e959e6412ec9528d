"""The triage queue, questions, votes and watchers."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view

from history.errors import Forbidden
from issues import services
from issues.api import serializers
from issues.api.views import LISTED, IssueViewSet, OfIssue, Redacted
from issues.finding import queue
from issues.models import Issue, NeedInfo, Vote
from issues.watchers import watchers
from issuetracker.api.conditions import is_expected
from issuetracker.api.pages import KeysetPagination
from issuetracker.api.problems import NotAsSeen
from issuetracker.api.views import Created, Listed, Passing, Read, Unversioned
from issuetracker.keyset import Key


def once(serializer):
    """Return what the schema says of a POST that may find what it asks for: 201 where it is made, 200 where not."""
    return extend_schema(responses={200: serializer, 201: serializer})


class QueuePagination(KeysetPagination):
    """Pages of the queue, each with the counts of the whole."""

    COUNTED = ("new", "returned", "overdue")

    def get_paginated_response_schema(self, schema):
        """Return how a page is described in the schema."""
        page = super().get_paginated_response_schema(schema)
        counts = {"type": "object", "required": [*self.COUNTED]}
        counts["properties"] = {name: {"type": "integer"} for name in self.COUNTED}
        return {
            **page,
            "required": [*page["required"], "counts"],
            "properties": {**page["properties"], "counts": counts},
        }


@extend_schema(tags=["triage"])
class TriageViewSet(IssueViewSet):
    """What waits for a decision in the products that one triages, in the order of the queue."""

    pagination_class = QueuePagination
    page_name = "TriageQueue"
    for_people = True
    http_method_names = ("get", "head")

    def ask(self, text):
        """Return the Search for what of a query is in the reader's queue."""
        return queue.queue_of(super().ask(text))

    @LISTED
    def list(self, request, *args, **kwargs):
        """List the queue, with `counts` of what is new, has returned and is overdue."""
        self.require_person()
        answer = super().list(request, *args, **kwargs)
        answer.data["counts"] = queue.counts(self.asked)
        return answer


@extend_schema(tags=["triage"])
class NeedInfoViewSet(Redacted, Listed, Read, OfIssue):
    """What somebody was asked about an issue, oldest first."""

    serializer_class = serializers.NeedInfoSerializer
    lookup_value_converter = "int"
    ordering = (Key("created_at"), Key("id"))
    actions = {"redact": "redact"}

    def rows(self):
        """Return the questions, with all that their representation and rights need."""
        return NeedInfo.objects.select_related("asker", "requestee", "issue__product").defer(
            "issue__description", "issue__description_html", "issue__product__description"
        )

    def get_queryset(self):
        """Return those about the issue of the URL, if the reader sees it."""
        seen = Issue.objects.visible_to(self.request.user)
        return self.rows().filter(self.of_issue(), issue__in=seen)

    def home_of(self, row):
        """Return the issue that was asked about."""
        return row.issue

    def partial_update(self, request, *args, **kwargs):
        """Withdraw an open question."""
        row = self.get_object()
        expected = self.expected(row)
        serializer = self.get_serializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        if serializer.changes.get("state", row.state) != row.state:
            services.withdraw(row, expected_version=expected, **self.doing)
        return self.answer(self.again(row))


@extend_schema(tags=["issues"])
@extend_schema_view(create=once(serializers.VoteSerializer))
class VoteViewSet(Listed, Created, Read, Passing, OfIssue):
    """Who wants an issue. A vote is one's own."""

    serializer_class = serializers.VoteSerializer
    lookup_value_converter = "int"
    ordering = (Key("created_at"), Key("id"))
    actions = {"create": "vote", "destroy": "vote"}

    def rows(self):
        """Return the votes, with all that their representation and rights need."""
        return Vote.objects.select_related("user", "issue__product")

    def get_queryset(self):
        """Return those for the issue of the URL, if the reader sees it."""
        seen = Issue.objects.visible_to(self.request.user)
        return self.rows().filter(self.of_issue(), issue__in=seen)

    def home_of(self, row):
        """Return the issue that the vote is for."""
        return row.issue

    def perform_create(self, fields):
        """Vote. Return the Vote, also one that was there before."""
        self.present = services.vote(self.home, expected_version=self.expected(self.home), **self.doing) is None
        return Vote.objects.get(issue=self.home, user=self.request.user)

    def perform_destroy(self, row, expected):
        """Take one's vote back."""
        if row.user_id != self.request.user.pk:
            raise Forbidden(_("This is somebody else’s vote."))
        services.unvote(row.issue, **self.doing)


@extend_schema(tags=["issues"])
@extend_schema_view(create=once(serializers.WatcherSerializer))
class WatcherViewSet(Unversioned, Listed, Created, Read, Passing, OfIssue):
    """Who hears of an issue. One watches, or does not, for oneself."""

    serializer_class = serializers.WatcherSerializer
    lookup_field = "username"
    lookup_value_converter = "name"
    ordering = (Key("username"),)
    actions = {"create": "watch", "destroy": "watch"}

    def get_queryset(self):
        """Return the users who hear of the issue of the URL."""
        return watchers(self.find_home(), self.request.user)

    rows = get_queryset

    def home_of(self, row):
        """Return the issue of the URL."""
        return self.find_home()

    def expected(self, row):
        """Return the version that the request says the issue has, or None. Raises Stale; for a watcher NotAsSeen."""
        if isinstance(row, Issue):
            return super().expected(row)
        tag = self.told(row)[1]
        if not is_expected(self.request, tag):
            raise NotAsSeen(tag)
        return None

    def perform_create(self, fields):
        """Watch the issue. Return the user, who may have heard of it before."""
        self.present = self.get_queryset().filter(pk=self.request.user.pk).exists()
        services.watch(self.home, expected_version=self.expected(self.home), **self.doing)
        return self.request.user

    def perform_destroy(self, row, expected):
        """Watch no longer."""
        if row.pk != self.request.user.pk:
            raise Forbidden(_("Everybody watches for themselves."))
        services.watch(self.find_home(), wanted=False, **self.doing)
