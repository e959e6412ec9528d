"""Lists whose rows belong to homes, for who sees few of these: a walk along an index of each, instead of one along all.

PostgreSQL joins such a walk to each home that the reader sees, and decides by how many there are. SQLite cannot, and is
given their ids. So is PostgreSQL where a walk is long: it merges them then, and goes along none further than it has to.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Expression, F, Func, IntegerField, Value

# Who sees no more than so many homes is served by a walk along each.
FEW = 50


@dataclass(frozen=True)
class Homes:
    """What the rows of a list belong to: by which foreign key, and the queryset of those that the reader sees.

    `within` is the list for rows of a home that is seen: without what says so once more, which misleads a planner.
    `ids` are those of the homes, where the database is given them.
    """

    name: str
    seen: Any
    within: Any = None
    ids: tuple | None = None

    def few(self, connection):
        """Return `(sql, params)` of the ids of the homes, of more than FEW one too many."""
        return compiled(self.seen.order_by().values_list("pk")[: FEW + 1], connection)

    def at(self, rows, home):
        """Return those of `rows` that belong to the home whose id the Expression `home` is."""
        return rows.filter(**{f"{self.name}_id": home})

    def this(self, model):
        """Return the Expression of the home that a walk is at."""
        return _This(output_field=self._key_of(model))

    def each(self, model):
        """Return the Expressions of the homes whose ids were given."""
        return [Value(pk, output_field=self._key_of(model)) for pk in self.ids or ()]

    def _key_of(self, model):
        return model._meta.get_field(self.name).target_field


def compiled(queryset, connection):
    """Return `(sql, params)` of a queryset, also of one that can find nothing: it is a part of a whole."""
    return queryset.query.get_compiler(connection=connection, elide_empty=False).as_sql()


class _This(Expression):
    def as_sql(self, _compiler, _connection):
        """Return the column of the home."""
        return "home.id", []


class Nearest(Func):
    """The condition that a row is one of the first of a list.

    Where there are more than a FEW homes, one walk along all rows finds them sooner: which of the two is decided by
    the same statement, and only one of them runs (the other is behind a filter that is asked once). `order` says the
    order of the keys `names`, of which the last is the id; `ordered` are all rows, `within` those of a home that is
    seen.
    """

    output_field = BooleanField()

    def __init__(self, ordered, within, names, order, count, homes):
        super().__init__(F("pk"))
        self.ordered, self.within, self.homes = ordered.values_list(*names), within.values_list(*names), homes
        self.names, self.count = names, count
        self.order = ", ".join(f"{place} {direction}" for place, direction in enumerate(order, 1))

    @property
    def _columns(self):
        return ", ".join(f"key{place}" for place in range(len(self.names)))

    def _is_among(self, compiler, ids, params):
        pk, before = compiler.compile(self.source_expressions[0])
        return f"{pk} IN ({ids})", (*before, *params)

    def as_sql(self, compiler, connection, **_extra):  # type: ignore[override]
        """Return the condition with a walk joined to each home."""
        if self.homes.ids is not None:
            # It merges walks that are each in order, where it knows that none goes on for ever.
            return self._along_given(compiler, connection, lambda home: self.homes.at(self.within, home)[: self.count])
        model, last = self.ordered.model, f"key{len(self.names) - 1}"
        homes, home_params = self.homes.few(connection)
        one, one_params = compiled(self.homes.at(self.within, self.homes.this(model))[: self.count], connection)
        all_, all_params = compiled(self.ordered[: self.count], connection)
        ids = (
            f"WITH home (id) AS MATERIALIZED ({homes})"  # noqa: S608 (what the compiler wrote)
            f" SELECT nearest.{last} FROM (SELECT one.* FROM home CROSS JOIN LATERAL ({one})"
            f" AS one ({self._columns}) WHERE (SELECT count(*) FROM home) <= {FEW}"
            f" ORDER BY {self.order} LIMIT {self.count})"
            f" AS nearest UNION ALL SELECT {last} FROM ({all_}) AS other ({self._columns})"
            f" WHERE (SELECT count(*) FROM home) > {FEW}"
        )
        return self._is_among(compiler, ids, (*home_params, *one_params, *all_params))

    def as_sqlite(self, compiler, connection, **_extra):
        """Return the condition with a walk along each of the homes that were given."""
        # It merges walks whose order stands with all of them, and would sort again what is in order by itself.
        return self._along_given(compiler, connection, lambda home: self.homes.at(self.within.order_by(), home))

    def _along_given(self, compiler, connection, along):
        walks = [along(home) for home in self.homes.each(self.ordered.model)]
        if not walks:
            return "FALSE", ()
        compound, params = _joined(walks, connection)
        ids = f"SELECT id FROM ({compound} ORDER BY {self.order} LIMIT {self.count}) AS nearest"  # noqa: S608 (as above)
        return self._is_among(compiler, ids, params)


class Counted(Expression):
    """The number of `rows` up to a cap, counted in each of FEW homes, as `Nearest` walks them."""

    output_field = IntegerField()

    def __init__(self, rows, cap, homes):
        super().__init__()
        self.homes, self.cap = homes, cap
        self.rows = rows.order_by().values("pk")
        self.within = self.rows if homes.within is None else homes.within.order_by().values("pk")

    def as_sql(self, _compiler, connection, **_extra):
        """Return the statement that counts."""
        most = self.cap + 1
        all_, all_params = compiled(self.rows[:most], connection)
        homes, home_params = self.homes.few(connection)
        one, one_params = compiled(self.homes.at(self.within, self.homes.this(self.rows.model))[:most], connection)
        sql = (
            f"(WITH home (id) AS MATERIALIZED ({homes})"  # noqa: S608 (what the compiler wrote)
            f" SELECT CASE WHEN (SELECT count(*) FROM home) <= {FEW} THEN (SELECT count(*) FROM"
            f" (SELECT FROM home CROSS JOIN LATERAL ({one}) AS one LIMIT {most}) AS near)"
            f" ELSE (SELECT count(*) FROM ({all_}) AS counted) END)"
        )
        return sql, (*home_params, *one_params, *all_params)

    def as_sqlite(self, _compiler, connection, **_extra):
        """Return the statement that counts in each of the homes that were given."""
        most = self.cap + 1
        walks = [self.homes.at(self.within, home)[:most] for home in self.homes.each(self.rows.model)]
        if not walks:
            return "0", ()
        parts, params = _joined(walks, connection)
        return f"(SELECT count(*) FROM (SELECT * FROM ({parts}) LIMIT {most}))", params  # noqa: S608 (as above)


def _joined(walks, connection):
    """Return `(sql, params)` of several limited querysets, one after the other."""
    parts = [compiled(one, connection) for one in walks]
    sql = " UNION ALL ".join(f"SELECT * FROM ({part}) AS one" for part, _params in parts)  # noqa: S608 (as above)
    return sql, tuple(param for _part, params in parts for param in params)
