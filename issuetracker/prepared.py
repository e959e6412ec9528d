"""Querysets that are compiled once and run with new values: what the ORM costs a request is paid once a process.

On PostgreSQL what runs again is prepared in the server too, once a connection: to plan a statement often takes it
several times as long as to run it.
"""

import json
from functools import lru_cache
from itertools import count
from typing import Any

from django.db import DatabaseError, connections
from django.db.models import BooleanField, Expression, Field, Func, Q
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from psycopg2.extensions import AsIs

DEFAULT = "default"
# Of how many readers the statements are kept.
REMEMBERED = 256
# Conditions of more parts make statements of a megabyte, and are seldom asked for again.
LONG = 16
# What has run so often in this process is worth preparing in the server, which keeps so many for a connection.
OFTEN, KEPT = 3, 200
# The server's codes for a statement that it no longer knows, and for one that a migration has changed.
FORGOTTEN, CHANGED = "26000", "0A000"
numbers = count(1)


class Slot(Expression):
    """The place of a value that is given when the queryset runs, under a name; `field` is what it is compared to."""

    def __init__(self, name: str, field: Field):
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, _compiler, _connection):
        """Return the place, with the slot itself as its parameter."""
        return "%s", [self]

    def adapted(self, value, connection):
        """Return `value` as the driver of `connection` takes it."""
        return self.output_field.get_db_prep_value(value, connection, prepared=False)

    def type_in(self, connection):
        """Return the type that the value has in the database."""
        return self.output_field.rel_db_type(connection) or self.output_field.db_type(connection)


def array(numbers):
    """Return `numbers` as the text of an array, which PostgreSQL reads several times as fast as so many expressions."""
    return f"{{{','.join('NULL' if one is None else str(one) for one in numbers)}}}"


class ListSlot(Slot):
    """The place of a list of ids."""

    def adapted(self, value, connection):
        """Return the list as the text of an array, for SQLite of JSON."""
        return array(value) if connection.vendor == "postgresql" else json.dumps(list(value))

    def type_in(self, connection):
        """Return the type of an array of such values."""
        return f"{super().type_in(connection)}[]"


class Among(Func):
    """The condition that an expression has one of the values of a ListSlot: one parameter, however many there are."""

    output_field = BooleanField()

    def as_sql(self, compiler, connection, **_extra):  # type: ignore[override]
        """Return the comparison with an array."""
        return self._compared(compiler, "= ANY({})")

    def as_sqlite(self, compiler, _connection, **_extra):
        """Return the comparison with the values of a list in JSON."""
        return self._compared(compiler, "IN (SELECT value FROM json_each({}))")

    def _compared(self, compiler, how):
        (one, before), (place, params) = (compiler.compile(part) for part in self.source_expressions)
        return f"{one} {how.format(place)}", [*before, *params]


class PreparedTuples:
    """A queryset that is made by `build()` with Slots for what changes, and compiled when it first runs.

    It leans on the compiler of querysets, `as_sql` and `get_converters`, and on what makes instances of its rows.
    """

    def __init__(self, build):
        self.build = build
        self.uses = 0
        self._compiled: Any = None

    def queryset(self):
        """Return the queryset to compile."""
        return self.build()

    def tuples(self, **values):
        """Return the rows as the columns of the statement, with `values` in the slots of these names."""
        connection = connections[DEFAULT]
        if self._compiled is None:
            self._compiled = self._compile(connection)
        _sql, _params, compiler, converters = self._compiled
        with connection.cursor() as cursor:
            self._execute(cursor, connection, values)
            rows = cursor.fetchall()
        return list(compiler.apply_converters(rows, converters)) if converters else rows

    def _execute(self, cursor, connection, values):
        self.uses += 1
        if self.uses > OFTEN and can_prepare(connection):
            try:
                Statements.of(connection).execute(self, cursor, values)
                return
            except DatabaseError as error:
                if not _is_lost(error, connection):
                    raise
                Statements.forget(connection)
        sql, params, _compiler, _converters = self._compiled
        cursor.execute(sql, [_filled(one, values, connection) for one in params])

    def _compile(self, connection):
        # What can find nothing is asked all the same: it is seldom, and simpler than another way round.
        compiler = self.queryset().query.get_compiler(DEFAULT, elide_empty=False)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
        return sql, params, compiler, converters


def can_prepare(connection):
    """Return whether the server keeps statements for `connection`: not where transactions share it with others'."""
    return connection.vendor == "postgresql" and not connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]


def _filled(param, values, connection):
    return param.adapted(values[param.name], connection) if isinstance(param, Slot) else param


def _is_lost(error, connection):
    """Return whether `error` says that a prepared statement is of no use any more, and nothing else is spoilt by it."""
    code = getattr(error.__cause__, "pgcode", None)
    return code in (FORGOTTEN, CHANGED) and not connection.in_atomic_block


class Statements:
    """What is prepared in the server for one connection to it; the latest are kept."""

    def __init__(self, session):
        self.session = session
        self.held: dict = {}

    @classmethod
    def of(cls, connection):
        """Return those of `connection`: none, if it has been opened anew."""
        found = getattr(connection, "prepared_statements", None)
        if found is None or found.session is not connection.connection:
            found = connection.prepared_statements = cls(connection.connection)
        return found

    @staticmethod
    def forget(connection):
        """Take none to be prepared any more."""
        connection.prepared_statements = None

    def execute(self, statement, cursor, values):
        """Run a PreparedTuples, prepared before or now, with `values` in its slots."""
        name, slots = self.held.pop(statement, None) or self._prepare(statement)
        # Taken out and put back, it is the last to go.
        self.held[statement] = name, slots
        places = f" ({', '.join(['%s'] * len(slots))})" if slots else ""
        cursor.execute(f"EXECUTE {name}{places}", [_filled(one, values, connections[DEFAULT]) for one in slots])

    def _prepare(self, statement):
        sql, params, _compiler, _converters = statement._compiled
        wrapper, name = connections[DEFAULT], f"prepared_{next(numbers)}"
        slots = {(one.name, one.type_in(wrapper)): one for one in params if isinstance(one, Slot)}
        places = {key: AsIs(f"${number}") for number, key in enumerate(slots, 1)}
        filled = [places[one.name, one.type_in(wrapper)] if isinstance(one, Slot) else one for one in params]
        types = f" ({', '.join(kind for _name, kind in slots)})" if slots else ""
        # This cursor is none of Django's, which would translate the server's errors by itself.
        with wrapper.wrap_database_errors, self.session.cursor() as cursor:
            if len(self.held) >= KEPT:
                oldest = next(iter(self.held))
                cursor.execute(f"DEALLOCATE {self.held.pop(oldest)[0]}")
            cursor.execute(f"PREPARE {name}{types} AS ".encode() + cursor.mogrify(sql, filled))
        return name, list(slots.values())


class _Rows(PreparedTuples):
    def rows(self, **values):
        """Return the rows, with `values` in the slots of these names."""
        raise NotImplementedError

    def first(self, **values):
        """Return the first row, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None


class Prepared(_Rows):
    """A prepared queryset of dictionaries; `names` are its columns."""

    def __init__(self, names, build):
        super().__init__(build)
        self.names = tuple(names)

    def queryset(self):
        """Return the queryset to compile."""
        return self.build().values(*self.names)

    def rows(self, **values):
        """Return the rows as dictionaries, with `values` in the slots of these names."""
        return [dict(zip(self.names, row, strict=True)) for row in self.tuples(**values)]


def built(model, names, values):
    """Return the instance of `model` with its fields `names` as the database has them; others are read when needed.

    It is what `from_db` returns, without the signals, at a fraction of the price.
    """
    one = model.__new__(model)
    one._state = state = ModelState()
    state.adding, state.db = False, DEFAULT
    one.__dict__.update(zip(names, values, strict=True))
    return one


class PreparedModels(_Rows):
    """A prepared queryset of whole rows of a model, with its annotations and what it selects as related."""

    def rows(self, **values):
        """Return the rows as instances, with `values` in the slots of these names."""
        tuples = self.tuples(**values)
        _sql, _params, compiler, _converters = self._compiled
        start, end = _bounds(compiler.klass_info)
        names = [column.target.attname for column, _sql, _alias in compiler.select[start:end]]
        annotated = compiler.annotation_col_map.items()
        populators = get_related_populators(compiler.klass_info, compiler.select, DEFAULT)
        found = []
        for row in tuples:
            one = built(compiler.klass_info["model"], names, row[start:end])
            one.__dict__.update((name, row[place]) for name, place in annotated)
            for populator in populators:
                populator.populate(row, one)
            found.append(one)
        return found


def _bounds(klass_info):
    """Return where the columns of the model itself begin and end."""
    fields = klass_info["select_fields"]
    return fields[0], fields[-1] + 1


class ByReader:
    """Prepared querysets whose conditions hang on who reads: one for each reader's rights, the latest are kept.

    `build(reader, *options)` returns the queryset, `kind` is the class of what is prepared; a reader is whatever is
    equal for equal rights.
    """

    def __init__(self, kind, build):
        self.made = lambda reader, *options: kind(lambda: build(reader, *options))
        self.kept = lru_cache(REMEMBERED)(self.made)

    def of(self, reader, *options):
        """Return what is prepared for `reader` and the options; where those are long, for this one time."""
        return (self.made if any(map(is_long, options)) else self.kept)(reader, *options)


def is_long(option):
    """Return whether `option` is a condition of so many parts that it is not worth its place."""
    return isinstance(option, Q) and _parts(option) > LONG


def _parts(condition):
    return sum(_parts(part) if isinstance(part, Q) else 1 for part in condition.children)
