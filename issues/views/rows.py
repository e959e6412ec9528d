"""The rows of lists: what is read for them, what their reader may change in them, and rows alone as an answer."""

from django.shortcuts import render

from issues.columns import label_rows
from issues.forms import fields_to_edit
from issues.models import Issue
from issues.views.listing import chosen_columns

SHOWN = ("product", "status", "component", "milestone", "assignee")
ON_DEMAND = {"version", "author"}
LEFT_OUT = ("description", "description_html", "product__description")
IN_PLACE = ("status", "priority", "assignee", "labels")


def shown(rows, columns=()):
    """Return `rows` with what a row of the list shows in these `columns`."""
    rows = rows.select_related(*SHOWN, *ON_DEMAND.intersection(columns))
    return rows.defer(*LEFT_OUT).annotate(label_rows=label_rows())


def with_rights(issues, user):
    """Return `issues`, each with the names of the fields that `user` may change in its row as `in_place`."""
    for issue in issues:
        allowed = fields_to_edit(user, issue)
        issue.in_place = [name for name in IN_PLACE if name in allowed]
    return issues


def wants_rows(request):
    """Return whether the form was sent from a row of a list, which is to be drawn anew without the page around it."""
    return request.headers.get("X-Fragment") == "row"


def answer_with_rows(request, ids, *, errors=(), status=200):
    """Return the rows of the issues with these `ids`, in the columns of the list they stand in, with the messages."""
    columns = chosen_columns(request.POST)
    seen = shown(Issue.objects.visible_to(request.user).filter(pk__in=ids), columns)
    context = {
        "issues": with_rights(seen, request.user),
        "columns": columns,
        "list": request.POST.get("list", ""),
        "errors": errors,
    }
    return render(request, "issues/_rows.html", context, status=status)
