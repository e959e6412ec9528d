"""Writing many rows at once: ids known beforehand, COPY on PostgreSQL, one prepared INSERT on SQLite."""

import json
from io import StringIO

from django.db import connection
from django.db.models import JSONField

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def number_rows(rows):
    """Give each of `rows`, all of one model, the next ids of its table. Return the rows."""
    if rows:
        for row, pk in zip(rows, _next_ids(type(rows[0]), len(rows)), strict=True):
            row.pk = pk
    return rows


def _next_ids(model, count):
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
    if not rows:
        return
    model = type(rows[0])
    columns = [connection.ops.quote_name(field.column) for field in model._meta.concrete_fields]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", _lines(model, rows))
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", _values(model, rows))


def _values(model, rows):
    """Yield the values of each row as the database takes them."""
    fields = [(field.attname, field.get_db_prep_save) for field in model._meta.concrete_fields]
    for row in rows:
        held = row.__dict__
        yield [prepare(held[name], connection) for name, prepare in fields]


def _lines(model, rows):
    """Return the rows as a file that COPY reads."""
    fields = [(field.attname, isinstance(field, JSONField)) for field in model._meta.concrete_fields]
    lines = StringIO()
    for row in rows:
        held = row.__dict__
        lines.write("\t".join([_text(held[name], as_json) for name, as_json in fields]))
        lines.write("\n")
    lines.seek(0)
    return lines


def _text(value, as_json):
    """Return `value` as COPY reads it."""
    if value is None:
        return "\\N"
    if as_json:
        return json.dumps(value).translate(ESCAPES)
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return str(value)
