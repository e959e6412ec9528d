"""The issues that share words with a text: one statement, in which nothing counts that the reader may not see."""

import json

from django.db import connection
from django.db.models import Value
from django.db.models.expressions import RawSQL

from issues.similar import weights as w
from issues.similar.scoring import BODY, TITLE
from issues.similar.writing import SCALE
from issuetracker.prepared import array

# In the sorted lists the right to see an issue is asked one by one, as a scalar subquery, until there are enough.
# Neither planner can do otherwise: it makes no join of such a one, and takes no condition into what has a limit.
STATEMENT = """
WITH asked AS ({asked}),
found AS MATERIALIZED (
    SELECT p.issue_id, p.part, SUM(p.weight * a.tells) AS points
    FROM asked a {join} issues_posting p ON p.term = a.term AND p.part = a.part{of_products}
    GROUP BY p.issue_id, p.part
)
SELECT issue_id, part, points FROM found WHERE issue_id IN ({chosen})
"""
SORTED = "SELECT issue_id, points FROM found WHERE part = {part} ORDER BY {order} LIMIT 1000000"
BEST = "SELECT issue_id FROM ({sorted}) m WHERE {visible} LIMIT {limit}"
NEWEST = """
SELECT issue_id FROM (SELECT issue_id, points FROM ({sorted}) m WHERE {visible} LIMIT {newest}) n
ORDER BY {order} LIMIT {limit}
"""
BRANCH = "SELECT issue_id FROM ({branch}) b{place}"
BY_POINTS = "points DESC, issue_id DESC"
ASKED = {
    "postgresql": "SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[]) AS a (term, part, tells)",
    "sqlite": "SELECT value ->> 0 AS term, value ->> 1 AS part, value ->> 2 AS tells FROM json_each(%s)",
}
# SQLite takes tables in the order in which they are crossed.
JOIN = {"postgresql": "JOIN", "sqlite": "CROSS JOIN"}
OF_PRODUCTS = {
    "postgresql": " AND p.product_id = ANY(%s::bigint[])",
    "sqlite": " AND p.product_id IN (SELECT value FROM json_each(%s))",
}


def candidates(issues, asked, products=None):
    """Return `{id: (title score, body score)}` of those of `issues`, a queryset, that are most like what is asked.

    `asked[part][term]` is how much a term tells. `products` are the ids of the only products in question, if there
    are few. They are the best by title, the best of the newest that share a word of the title, and the best by body
    where one is asked for.
    """
    rows = [(term, part, round(tells * SCALE)) for part, terms in asked.items() for term, tells in terms.items()]
    if not rows:
        return {}
    vendor = connection.vendor
    visible, seen = _visible(issues)
    branches = [
        BEST.format(sorted=_sorted(TITLE, BY_POINTS), visible=visible, limit=w.BEST),
        NEWEST.format(
            sorted=_sorted(TITLE, "issue_id DESC"), visible=visible, order=BY_POINTS, newest=w.NEWEST, limit=w.BEST
        ),
    ]
    if asked.get(BODY):
        branches.append(BEST.format(sorted=_sorted(BODY, BY_POINTS), visible=visible, limit=w.BEST))
    statement = STATEMENT.format(
        asked=ASKED[vendor],
        join=JOIN[vendor],
        of_products=OF_PRODUCTS[vendor] if products is not None else "",
        chosen=" UNION ".join(BRANCH.format(branch=branch, place=place) for place, branch in enumerate(branches)),
    )
    given: list = list(zip(*rows, strict=True)) if vendor == "postgresql" else [rows]
    if products is not None:
        given.append(list(products))
    given = list(map(array if vendor == "postgresql" else json.dumps, given))
    found: dict = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, *seen * len(branches)])
        for issue, part, points in cursor.fetchall():
            scores = found.setdefault(issue, [0.0, 0.0])
            scores[part] = int(points) / SCALE / SCALE
    return {issue: tuple(scores) for issue, scores in found.items()}


def _sorted(part, order):
    return SORTED.format(part=part, order=order)


def _visible(issues):
    """Return `(sql, params)` of whether the issue of the row `m` is one of `issues`."""
    one = issues.order_by().filter(pk=RawSQL("m.issue_id", [])).values_list(Value(1))
    sql, params = one.query.get_compiler("default").as_sql()
    return f"({sql}) = 1", list(params)
