"""Full text as conditions on issues, for the filters of any queryset of them."""

from django.db.models import BooleanField, F, Func

from issues.fulltext.engines import engine_of

LIMIT = 5001


def matches(needles, columns=None, whole=False, issue="pk"):
    """Return the condition that one document of an issue holds all `needles` (one or more).

    `columns` are those to look in: some of "title", "body" and "comments". With `whole` internal comments count as
    well: for triagers of its product only. `issue` leads to the issue.
    """
    return _Matches(F(issue), needles=tuple(needles), columns=_ordered(columns), whole=bool(whole))


def candidates(needles, columns=None, whole_products=None, limit=LIMIT, issue="pk"):
    """Return the condition that an issue is one of the `limit` that the index of words gives first for `needles`.

    For rare words, of which it gives all. `whole_products` are the ids of the products in whose internal comments to
    look as well, True for all.
    """
    products = whole_products if whole_products is True else tuple(whole_products or ())
    return _Candidates(
        F(issue), needles=tuple(needles), columns=_ordered(columns), whole_products=products, limit=limit
    )


def _ordered(columns):
    return tuple(sorted(columns or ()))


class _Search(Func):
    """A condition on the id of an issue, spelled by the function `asked` of the engine."""

    output_field = BooleanField()
    asked: str

    def __init__(self, issue, *, needles, columns, **options):
        super().__init__(issue)
        self.needles, self.columns, self.options = needles, columns, options

    def as_sql(self, compiler, connection, **_extra):  # type: ignore[override]
        """Return `(sql, params)` for the database of `connection`."""
        engine = engine_of(connection)
        issue, before = compiler.compile(self.source_expressions[0])
        sql, params = getattr(engine, self.asked)(issue, self.needles, self.columns, **self.options)
        return sql, [*before, *params]


class _Matches(_Search):
    asked = "matches"


class _Candidates(_Search):
    asked = "candidates"
