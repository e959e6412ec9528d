"""Writing many rows at once: COPY on PostgreSQL, one prepared INSERT on SQLite."""

import json
import re
from datetime import date, datetime
from functools import partial
from itertools import islice

from django.db import connection
from django.db.models import ForeignKey, IntegerField, JSONField

# How many rows COPY is given at once: the server takes them in while the next ones are written down.
PIECE = 60
SPECIAL = re.compile(r"[\\\t\n\r]")
ENCODER = json.JSONEncoder()
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def commit_without_waiting():
    """Let the commit of this transaction return before it is on disk. A later commit that waits, waits for it too."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")


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
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", _Lines(values, fields))
        else:
            as_json = [isinstance(field, JSONField) for field in fields]
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


class _Lines:
    """The rows as a file that COPY reads."""

    def __init__(self, values, fields):
        self.values = iter(values)
        self.writers = [_writer(field) for field in fields]

    def read(self, _size):
        """Return the next rows, a line each, or "" where there are no more."""
        rows = list(islice(self.values, PIECE))
        if not rows:
            return ""
        # Column by column, each by one loop in C where that can be.
        columns = [write(column) for write, column in zip(self.writers, zip(*rows, strict=True), strict=True)]
        return "".join([f"{line}\n" for line in map("\t".join, zip(*columns, strict=True))])


def _writer(field):
    """Return a function from the values of a column to their texts as COPY reads them."""
    if isinstance(field, JSONField):
        return _JsonTexts().write
    if not field.null and isinstance(field, (IntegerField, ForeignKey)):
        return partial(map, str)
    return partial(map, _Texts().__getitem__)


class _Texts(dict):
    """The values of a column as COPY reads them, remembered: most come again and again."""

    def __init__(self):
        super().__init__({None: "\\N"})

    def __missing__(self, value):
        text = self[value] = _escaped(value) if isinstance(value, str) else str(value)
        return text


class _JsonTexts(dict):
    """The values of a column of JSON as COPY reads them, remembered by their identity: rows are frozen once."""

    def write(self, column):
        """Return the texts of a `column`."""
        return ["\\N" if value is None else (self.get(id(value)) or self._add(value))[0] for value in column]

    def _add(self, value):
        # The value is kept beside: as long as it lives nothing else has its identity.
        known = self[id(value)] = _escaped(ENCODER.encode(value)), value
        return known


def _escaped(text):
    """Return `text` with what means something to COPY escaped."""
    # Most texts are words, which have nothing to escape.
    return text if text.isalnum() or not SPECIAL.search(text) else text.translate(ESCAPES)
