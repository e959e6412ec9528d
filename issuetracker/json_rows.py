"""Several rows that belong to one, as a column of its statement."""

import orjson
from django.db.models import JSONField, Subquery


class QuickJSONField(JSONField):
    """JSON that the database makes; a list has four such columns a row."""

    def from_db_value(self, value, _expression, _connection):
        """Return what the text `value` means, None without one."""
        return None if value is None else orjson.loads(value)


class Within(Subquery):
    """A subquery within an SQL `template`; the one for SQLite is another."""

    sqlite_template = ""

    def as_sqlite(self, compiler, connection, **extra):
        """Return the SQL for SQLite."""
        return self.as_sql(compiler, connection, template=self.sqlite_template, **extra)


class JSONRows(Within):
    """The rows of a subquery with one column `row` as a JSON list."""

    # As text: the driver would have each value of its own type read by a function.
    template = "(SELECT COALESCE(jsonb_agg(rows.row), '[]')::text FROM (%(subquery)s) AS rows)"
    sqlite_template = "(SELECT json_group_array(json(rows.row)) FROM (%(subquery)s) AS rows)"
    output_field = QuickJSONField()


class JSONRow(Within):
    """The column `row` of the one row of a subquery, or None."""

    template = "(SELECT rows.row::text FROM (%(subquery)s) AS rows)"
    sqlite_template = "(%(subquery)s)"
    output_field = QuickJSONField()
