"""Parts of pages that scripts ask for: an issue beside its list, and the menu that changes a field of it."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from history.errors import Forbidden
from issues.forms import CommentForm, IssueForm
from issues.models import Comment
from issues.views.access import at_issue
from issues.views.fields import fields_of
from products import access
from products.markdown import RENDER_LIMIT

LAST_COMMENTS = 5
LONG_TEXT = 4000
MENUS = ("status", "priority", "severity", "assignee", "component", "labels", "due_on", "comment")


@require_safe
@at_issue
def peek(request, issue):
    """Show what one needs to know of an issue beside its list."""
    comments = Comment.objects.visible_to(request.user).filter(issue=issue).select_related("author")
    newest = list(comments.order_by("-created_at", "-id")[: LAST_COMMENTS + 1])
    context = {
        "issue": issue,
        "labels": issue.label_list,
        "comments": newest[LAST_COMMENTS - 1 :: -1],
        "cut": len(newest) > LAST_COMMENTS,
        "plain": issue.description[:LONG_TEXT] if len(issue.description.encode()) > RENDER_LIMIT else "",
    }
    return render(request, "issues/_peek.html", context)


@require_safe
@at_issue
def menu(request, issue, field):
    """Offer what a field of an issue can be set to, with the forms that set it, or a form to comment."""
    if field == "comment":
        return _comment_form(request, issue)
    context = fields_of(request.user, issue)
    if field not in context["editable"]:
        raise Forbidden(_("You do not have the right to do this."))
    more = {"heading": IssueForm.base_fields[field].label, "menu": f"issues/menus/_{field}.html"}
    return render(request, "issues/_menu.html", {**context, **more})


def _comment_form(request, issue):
    access.authorize(request.user, "comment", issue)
    internally = access.can(request.user, "comment_internally", issue)
    context = {"issue": issue, "may_comment_internally": internally, "heading": CommentForm.base_fields["body"].label}
    return render(request, "issues/_menu.html", {**context, "menu": "issues/menus/_comment.html"})
