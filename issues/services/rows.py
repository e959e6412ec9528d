"""Writing many rows at once: COPY on PostgreSQL, one prepared INSERT on SQLite."""

import json
import re
from datetime import date, datetime
from io import StringIO

from django.db import connection
from django.db.models import JSONField

# How much of a file COPY takes at once: between two pieces other threads get their turn.
PIECE = 1 << 20
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def number_rows(rows):
    """Give each of `rows`, all of one model, the next ids of its table. Return the rows."""
    if rows:
        for row, pk in zip(rows, next_ids(type(rows[0]), len(rows)), strict=True):
            row.pk = pk
    return rows


def next_ids(model, count):
    """Return the next `count` ids of the table of `model`, which nobody else gets then."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table, count])
            return [pk for (pk,) in cursor.fetchall()]
        # The write lock of the transaction keeps everybody else from taking them.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        last = found[0] if found else 0
        return range(last + 1, last + 1 + count)


def insert_rows(rows):
    """Insert `rows`, all of one model and with ids."""
    if rows:
        names = [field.attname for field in rows[0]._meta.concrete_fields]
        insert_values(type(rows[0]), names, ([row.__dict__[name] for name in names] for row in rows))


def insert_values(model, names, values):
    """Insert a row of `model` for each list of `values`, which belong to the columns of its attributes `names`."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    as_json = [isinstance(field, JSONField) for field in fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", _lines(values, as_json), PIECE)
        else:
            places = ", ".join(["%s"] * len(names))
            # Names of our own tables and columns, quoted; the values go apart.
            statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
            cursor.executemany(statement, _adapted(values, as_json))


def _adapted(values, as_json):
    """Yield the values of each row as SQLite takes them: a moment, a date and JSON are text."""
    moment = connection.ops.adapt_datetimefield_value
    for row in values:
        adapted = []
        for value, is_json in zip(row, as_json, strict=True):
            if value is not None and is_json:
                value = json.dumps(value)
            elif isinstance(value, datetime):
                value = moment(value)
            elif isinstance(value, date):
                value = value.isoformat()
            adapted.append(value)
        yield adapted


def _lines(values, as_json):
    """Return the rows as a file that COPY reads."""
    writers = [_json_text if is_json else _text for is_json in as_json]
    lines = ["\t".join([write(value) for write, value in zip(writers, row, strict=True)]) for row in values]
    return StringIO("\n".join([*lines, ""]))


def _json_text(value):
    """Return `value` as COPY reads JSON."""
    return "\\N" if value is None else _text(json.dumps(value))


def _text(value):
    """Return `value` as COPY reads it."""
    if value is None:
        return "\\N"
    if not isinstance(value, str):
        return str(value)
    # Most texts are words, which have nothing to escape.
    return value if value.isalnum() or not SPECIAL.search(value) else value.translate(ESCAPES)
