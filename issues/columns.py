"""What a list shows beside the rows themselves, as columns of the same statement."""

from datetime import UTC

from django.db.models import Case, CharField, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Concat, JSONObject
from django.utils.dateparse import parse_datetime

from issues.models import Issue, NeedInfo
from issuetracker.json_rows import JSONRow, JSONRows
from products.models import Label


class RowCount(Subquery):
    """The number of the rows of a subquery."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def label_rows():
    """Return the expression for an issue's labels: `[{"name", "colour"}]` by name."""
    labels = Label.objects.filter(issue_links__issue=OuterRef("pk")).order_by("name")
    return JSONRows(labels.values(row=JSONObject(name="name", colour="colour")))


def needinfo_rows(**conditions):
    """Return the expression for what was asked about an issue, as the API tells it, oldest first."""
    asked = NeedInfo.objects.filter(issue=OuterRef("pk"), **conditions).order_by("created_at", "pk")
    people = {
        name: JSONObject(id=name, username=f"{name}__username", display_name=f"{name}__display_name")
        for name in ("asker", "requestee")
    }
    columns = {name: name for name in ("id", "question", "due_on", "state", "created_at")}
    return JSONRows(asked.values(row=JSONObject(**columns, **people)))


# What tells whether the reader may see an issue that another points to, and its key.
LINKED = ("number", "author_id", "assignee_id", "confidential", "product_id", "product__key", "product__visibility")


def linked_row(link):
    """Return the expression for `LINKED` of what an issue's `link` is, None where that is in the trash."""
    live = Issue.objects.live().filter(pk=OuterRef(f"{link}_id"))
    row = JSONRow(live.order_by().values(row=JSONObject(**{name: name for name in LINKED})))
    # Most have none: PostgreSQL would begin the search for nothing with each.
    return Case(When(**{f"{link}__isnull": False}, then=row))


def moment_in_json(text):
    """Return the moment that a `text` in JSON means: PostgreSQL writes the zone, SQLite leaves it out."""
    moment = parse_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def capped_count(queryset, cap):
    """Return the expression for the number of rows in `queryset`, counting no further than to `cap` + 1."""
    return RowCount(queryset.order_by().values("pk")[: cap + 1])


def totals(queryset, **aggregates):
    """Return the queryset of one row, with the values of `aggregates` over all rows of `queryset`."""
    whole = queryset.order_by().annotate(whole=Value(1)).values("whole")
    return whole.annotate(**aggregates).values_list(*aggregates)


def issue_key(product_key="product__key"):
    """Return the expression for an issue's key, such as WEB-142; `product_key` leads to the first half."""
    return Concat(product_key, Value("-"), Cast("number", CharField()), output_field=CharField())
