"""The rows of lists: what is read for them, what their reader may change in them, and rows alone as an answer."""

from types import SimpleNamespace

from django.db.models import BigAutoField, F
from django.db.models.functions import Left
from django.shortcuts import render

from issues.columns import label_rows
from issues.finding.snippets import LENGTH
from issues.forms import fields_to_edit
from issues.models import Issue
from issues.views.listing import chosen_columns
from issuetracker.prepared import Among, ListSlot, PreparedTuples
from products import access

IN_PLACE = ("status", "priority", "assignee", "labels")
OWN = (
    *("id", "number", "title", "priority", "severity", "resolution", "confidential", "due_on", "votes"),
    *("comment_count", "lock_version", "created_at", "updated_at", "closed_at"),
    *("author_id", "assignee_id", "product_id"),
)
PRODUCT = ("key", "visibility", "archived_at")
NAMED = (
    *(f"product__{name}" for name in PRODUCT),
    *("status__category", "status__name", "component__name", "milestone__name", "version__name"),
    *(f"{person}__{name}" for person in ("author", "assignee") for name in ("username", "display_name")),
)
COLUMNS = (*OWN, *NAMED, "label_rows")


class Row(SimpleNamespace):
    """What a list shows of one issue: the columns of `COLUMNS` under their names.

    `in_place` are the names of the fields that its reader may change in it, `beginning` that of its description if it
    was read, `snippet` what was found in its texts, and `marked` its title where that was found.
    """

    @property
    def pk(self):
        """Return the issue's id."""
        return self.id

    @property
    def key(self):
        """Return the issue's key."""
        return f"{self.product__key}-{self.number}"


def _listed():
    rows = Issue.objects.order_by().live().filter(Among(F("pk"), ListSlot("ids", BigAutoField())))
    return rows.annotate(label_rows=label_rows())


PLAIN = PreparedTuples(lambda: _listed().values_list(*COLUMNS))
SEARCHED = PreparedTuples(
    lambda: _listed().annotate(beginning=Left("description", LENGTH)).values_list(*COLUMNS, "beginning")
)


def read_rows(ids, user, *, searched=False):
    """Return `{id: Row}` of the issues with these `ids` that `user` sees, also if they were found to see them before.

    The rows of what is `searched` for words come with the beginnings of their texts.
    """
    statement, names = (SEARCHED, (*COLUMNS, "beginning")) if searched else (PLAIN, COLUMNS)
    found = {}
    # Rows that are alike in what rights depend on have the same.
    rights: dict = {}
    for values in statement.tuples(ids=ids) if ids else ():
        row = Row(**dict(zip(names, values, strict=True)), snippet=(), marked=())
        like = (row.product_id, row.confidential, user.pk == row.author_id, user.pk == row.assignee_id)
        if like not in rights:
            row.product = SimpleNamespace(
                pk=row.product_id, visibility=row.product__visibility, archived=row.product__archived_at is not None
            )
            editable = fields_to_edit(user, row)
            rights[like] = [name for name in IN_PLACE if name in editable] if access.sees(user, row) else None
        row.in_place = rights[like]
        if row.in_place is not None:
            found[row.id] = row
    return found


def wants_rows(request):
    """Return whether the form was sent from a row of a list, which is to be drawn anew without the page around it."""
    return request.headers.get("X-Fragment") == "row"


def answer_with_rows(request, ids, *, form=None, status=200):
    """Return the rows of the issues with these `ids`, in the columns of the list they stand in, with the messages.

    Of a `form` that was not accepted it is said what is wrong.
    """
    seen = Issue.objects.visible_to(request.user).filter(pk__in=ids)
    rows = read_rows(list(seen.order_by().values_list("pk", flat=True)), request.user)
    context = {
        "issues": rows.values(),
        "columns": chosen_columns(request.POST),
        "list": request.POST.get("list", ""),
        "errors": [text for texts in form.errors.values() for text in texts] if form else [],
    }
    return render(request, "issues/_rows.html", context, status=status)
