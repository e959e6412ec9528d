"""The routes of the API, on one screen."""

from django.urls import include, path, re_path, register_converter
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts.api import views as accounts
from issues.api import attachments, queries, similar, triage
from issues.api import views as issues
from issuetracker.api import docs, problems
from products.api import views as products


class NameConverter:
    """A name in a path: anything on one line but a slash."""

    regex = r"[^/\x00-\x1f\x7f]+"

    def to_python(self, value):
        """Return `value`."""
        return value

    to_url = to_python


register_converter(NameConverter, "name")
router = SimpleRouter(use_regex_path=False)

PRODUCT = "products/<name:product_key>"
# Looked through in this order, and so what is asked for most comes first.
for prefix, viewset, name in (
    (f"{PRODUCT}/issues", issues.ProductIssueViewSet, "product-issue"),
    ("issues", issues.IssueViewSet, "issue"),
    ("products", issues.ProductViewSet, "product"),
    (f"{PRODUCT}/components", products.ComponentViewSet, "component"),
    (f"{PRODUCT}/milestones", products.MilestoneViewSet, "milestone"),
    (f"{PRODUCT}/versions", products.VersionViewSet, "version"),
    (f"{PRODUCT}/labels", products.LabelViewSet, "label"),
    (f"{PRODUCT}/members", products.MemberViewSet, "member"),
    (f"{PRODUCT}/events", issues.ProductEventViewSet, "product-event"),
    ("labels", products.SiteLabelViewSet, "site-label"),
    ("views", issues.SavedViewSet, "view"),
    ("batches", issues.BatchViewSet, "batch"),
    ("statuses", issues.StatusViewSet, "status"),
    ("users", accounts.UserViewSet, "user"),
    ("me/tokens", accounts.TokenViewSet, "token"),
):
    router.register(prefix, viewset, basename=f"api-{name}")
for prefix, name in ((f"{PRODUCT}/issues/<int:number>", "product-issue"), ("issues/<name:issue_key>", "issue")):
    router.register(f"{prefix}/comments", issues.CommentViewSet, basename=f"api-{name}-comment")
    of_comment = f"{prefix}/comments/<int:comment_pk>/attachments"
    router.register(of_comment, attachments.CommentAttachmentViewSet, basename=f"api-{name}-comment-attachment")
    router.register(f"{prefix}/attachments", attachments.AttachmentViewSet, basename=f"api-{name}-attachment")
    router.register(f"{prefix}/events", issues.IssueEventViewSet, basename=f"api-{name}-event")
    router.register(f"{prefix}/relations", issues.RelationViewSet, basename=f"api-{name}-relation")
    router.register(f"{prefix}/needinfos", triage.NeedInfoViewSet, basename=f"api-{name}-needinfo")
    router.register(f"{prefix}/votes", triage.VoteViewSet, basename=f"api-{name}-vote")
    router.register(f"{prefix}/watchers", triage.WatcherViewSet, basename=f"api-{name}-watcher")
OF_ISSUE = [
    path(f"api/v1/{prefix}/{what}/", similar.OfIssueViewSet.as_view({"get": what}), name=f"api-{name}-{what}")
    for prefix, name in ((f"{PRODUCT}/issues/<int:number>", "product-issue"), ("issues/<name:issue_key>", "issue"))
    for what in ("similar", "suggestions")
]


class Root(APIView):
    """Where to begin."""

    @extend_schema(exclude=True)
    def get(self, request):
        """Name the lists that are not below anything else."""
        names = ("product", "issue", "view", "site-label", "status", "user")
        return Response({name.replace("site-", ""): reverse(f"api-{name}-list") for name in names})


urlpatterns = [
    # /api/v1/
    path("api/v1/", include([path(str(route.pattern), route.callback, name=route.name) for route in router.urls])),
    *OF_ISSUE,
    path("api/v1/similar/", similar.SimilarViewSet.as_view({"get": "similar"}), name="api-similar"),
    path("api/v1/me/", accounts.MeViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="api-me"),
    path("api/v1/triage/", triage.TriageViewSet.as_view({"get": "list"}), name="api-triage"),
    path("api/v1/query/parse/", queries.QueryViewSet.as_view({"post": "parse"}), name="api-query-parse"),
    path("api/v1/query/complete/", queries.QueryViewSet.as_view({"get": "complete"}), name="api-query-complete"),
    path("api/v1/", Root.as_view(), name="api-root"),
    re_path(r"^api/", problems.unknown_path),
    # /openapi.json and the page that shows it
    path("openapi.json", docs.openapi, name="openapi"),
    path("docs", docs.Docs.as_view(), name="docs"),
]
