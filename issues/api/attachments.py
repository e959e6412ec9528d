"""Files on issues and comments. They come as forms, `multipart/form-data`, and go as they are."""

from functools import wraps

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS

from issues import services
from issues.api.serializers import AttachmentSerializer, FileSerializer
from issues.api.views import TRASH_ACTIONS, OfIssue, Redacted
from issues.downloads import send
from issues.models import Attachment, Comment
from issuetracker.api.idempotency import REPLAYED, is_repeated
from issuetracker.api.parsers import FormParser, StrictJSONParser
from issuetracker.api.views import Listed, Read, Trashed
from issuetracker.keyset import Key
from products.access import is_person

FORM = {"multipart/form-data": FileSerializer}


class Files(Listed, OfIssue):
    """Files, oldest first, and the form by which one is added."""

    serializer_class = AttachmentSerializer
    parser_classes = [FormParser, StrictJSONParser]
    ordering = (Key("created_at"), Key("id"))
    # Whose a file is, the service asks before one is taken away.
    actions = {"create": "attach", **{name: right for name, right in TRASH_ACTIONS.items() if name != "destroy"}}

    def rows(self):
        """Return the attachments, with all that their representation and rights need."""
        return Attachment.objects.select_related("author", "comment", "issue__product").defer(
            *("issue__description", "issue__description_html", "issue__product__description"),
            *("comment__body", "comment__body_html"),
        )

    def get_queryset(self):
        """Return those on the issue of the URL, and on its comments, that the reader sees."""
        return self.rows().visible_to(self.request.user).filter(self.of_issue())

    def get_serializer(self, *args, **kwargs):
        """Return the serializer of a file, or of the form that a page shows, by which one is added."""
        if not args and self.action == "create":
            return FileSerializer(**kwargs)
        return super().get_serializer(*args, **kwargs)

    def told(self, row):
        """Return `(representation, ETag)` of a file. It names no serializer: a page would take that for its form's."""
        data, tag = super().told(row)
        return dict(data), tag

    def home_of(self, row):
        """Return the issue that the file is on."""
        return row.issue

    def initial(self, request, *args, **kwargs):
        """Refuse what no answer can be given to, and take the file before the transaction that a key opens.

        A picture takes a while to be drawn, for which SQLite would let nobody else write.
        """
        super().initial(request, *args, **kwargs)
        if self.action == "create":
            self.post = self._with_file(self.post)

    def _with_file(self, method):
        @wraps(method)
        def answer(request, *args, **kwargs):
            if is_repeated(request):
                return method(request, *args, **kwargs)
            upload = self._read_upload()
            self.target, rights = self.find_target()
            with services.kept([upload], actor=request.user, home=self.home, **rights) as self.files:
                response = method(request, *args, **kwargs)
                if response.has_header(REPLAYED):
                    # The first request has ended meanwhile.
                    services.drop(self.files)
                return response

        return answer

    def _read_upload(self):
        asked = FileSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        if len(self.request.data.getlist("file")) > 1:
            raise ValidationError({"file": [ErrorDetail(_("Send one file at a time."), "repeated")]})
        return asked.validated_data["file"]

    @extend_schema(request=FORM, responses={201: AttachmentSerializer})
    def create(self, request, *args, **kwargs):
        """Add a file: the field `file` of a form. `markdown` of the answer shows it in a text."""
        expected = self.expected(self.target)
        (made,) = services.attach(self.target, files=self.files, expected_version=expected, **self.doing)
        answer = self.answer(self.again(made), 201)
        answer["Location"] = self.location(made)
        return answer

    def find_target(self):
        """Return what the file is added to, and what `kept` asks for."""
        return self.home, {"action": "attach"}

    def location(self, row):
        """Return the path of a new attachment, which stands below its issue."""
        name = self.request.resolver_match.view_name.replace("-comment-", "-").replace("-list", "-detail")
        above = {one: value for one, value in self.kwargs.items() if one != "comment_pk"}
        return reverse(name, kwargs={**above, "pk": row.pk})


@extend_schema(tags=["attachments"])
class AttachmentViewSet(Redacted, Read, Trashed, Files):
    """The files on an issue and on its comments, oldest first."""

    lookup_value_converter = "int"
    authors_actions = {"destroy": "detach"}

    def trash(self):
        """Return those in the trash that the user may restore."""
        return self.rows().trashed_for(self.request.user).filter(self.of_issue())

    def perform_destroy(self, row, expected):
        """Move the file to the trash. Return the Attachment."""
        return services.detach(row, expected_version=expected, **self.doing)

    def perform_restore(self, row, expected):
        """Take the file out of the trash. Return the Attachment."""
        return services.restore_attachment(row, expected_version=expected, **self.doing)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request, *args, **kwargs):
        """Read the content: a picture as such, all else as bytes to be saved."""
        return send(request, self.get_object())

    def perform_content_negotiation(self, request, force=False):
        """Choose the form of the answer; a file is what it is, whatever a client says it prefers."""
        return super().perform_content_negotiation(request, force or self.action == "file")


@extend_schema(tags=["attachments"])
class CommentAttachmentViewSet(Files):
    """The files on one comment, oldest first. Each of them stands among those of the issue, too."""

    def get_queryset(self):
        """Return those on the comment of the URL, if the reader sees that."""
        # A reference is not asked whether its number is one that the database can hold; a key is.
        return super().get_queryset().filter(comment__pk=self.kwargs["comment_pk"])

    def find_home(self):
        """Return the issue of the URL. Raises Http404, also where the reader does not see the comment."""
        home = super().find_home()
        # Who has to sign in first is told that, whatever there is.
        if self.request.method in SAFE_METHODS or is_person(self.request.user):
            self.find_target()
        return home

    def find_target(self):
        """Return the comment, and what `kept` asks for: the right to edit it. Raises Http404."""
        comments = Comment.objects.visible_to(self.request.user).filter(self.of_issue()).select_related("issue")
        comment = get_object_or_404(comments, pk=self.kwargs["comment_pk"])
        return comment, {"action": "edit_comment", "own": comment.author_id == self.request.user.pk}
