"""What a list shows beside the rows themselves, as columns of the same statement."""

from datetime import UTC

import orjson
from django.db.models import IntegerField, JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from issues.models import NeedInfo
from products.models import Label


class QuickJSONField(JSONField):
    """JSON that the database makes; a list has two such columns a row."""

    def from_db_value(self, value, _expression, _connection):
        """Return what the text `value` means."""
        return orjson.loads(value)


class JSONRows(Subquery):
    """The rows of a subquery with one column `row` as a JSON list."""

    template = "(SELECT COALESCE(jsonb_agg(rows.row), '[]') FROM (%(subquery)s) AS rows)"
    output_field = QuickJSONField()

    def as_sqlite(self, compiler, connection, **extra):
        """Return the SQL for SQLite, which calls the same thing by another name."""
        template = "(SELECT json_group_array(json(rows.row)) FROM (%(subquery)s) AS rows)"
        return self.as_sql(compiler, connection, template=template, **extra)


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


def moment_in_json(text):
    """Return the moment that a `text` in JSON means: PostgreSQL writes the zone, SQLite leaves it out."""
    moment = parse_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def capped_count(queryset, cap):
    """Return the expression for the number of rows in `queryset`, counting no further than to `cap` + 1."""
    return RowCount(queryset.order_by().values("pk")[: cap + 1])
