"""Parts of pages that scripts ask for: an issue beside its list, and the menu that changes a field of it."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from history.errors import Forbidden
from issues.choices import Decision
from issues.forms import CommentForm, IssueForm
from issues.models import Comment
from issues.similar.finding import similar_to
from issues.views.access import at_issue
from issues.views.deciding import decisions_of
from issues.views.fields import fields_of
from products import access
from products.markdown import is_plain

LAST_COMMENTS = 5
LONG_TEXT = 4000
FIELDS = ("status", "priority", "severity", "assignee", "component", "labels", "due_on", "snoozed_until")
MENUS = (*FIELDS, *Decision.values, "comment")
# Once somebody has decided, this is what a field is set to.
AFTERWARDS = {Decision.DUPLICATE: "status", Decision.DECLINE: "status", Decision.SNOOZE: "snoozed_until"}


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
        "plain": issue.description[:LONG_TEXT] if is_plain(issue.description) else "",
    }
    return render(request, "issues/_peek.html", context)


@require_safe
@at_issue
def menu(request, issue, field):
    """Offer what a field of an issue can be set to, with the forms that set it, or a form to comment."""
    if field == "comment":
        return _comment_form(request, issue)
    if not issue.is_in_triage:
        field = AFTERWARDS.get(field, field)
    if field in Decision.values:
        return _decision(request, issue, field)
    context = fields_of(request.user, issue)
    if field not in context["editable"]:
        raise Forbidden(_("You do not have the right to do this."))
    more = {"heading": IssueForm.base_fields[field].label, "menu": f"issues/menus/_{field}.html"}
    return render(request, "issues/_menu.html", {**context, **more})


def _decision(request, issue, decision):
    access.authorize(request.user, "triage", issue)
    context = fields_of(request.user, issue)
    context |= decisions_of(request.user, issue, context["facts"])
    alike = similar_to(request.user, issue) if decision == Decision.DUPLICATE else []
    heading = Decision(decision).label.capitalize()
    more = {"alike": alike, "heading": heading, "menu": f"triage/decisions/_{decision}.html"}
    return render(request, "issues/_menu.html", {**context, **more})


def _comment_form(request, issue):
    access.authorize(request.user, "comment", issue)
    internally = access.can(request.user, "comment_internally", issue)
    context = {"issue": issue, "may_comment_internally": internally, "heading": CommentForm.base_fields["body"].label}
    return render(request, "issues/_menu.html", {**context, "menu": "issues/menus/_comment.html"})
