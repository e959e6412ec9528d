"""What the documents answer beside conditions: how many there are, and where words stand."""

from django.db import connection

from issues.fulltext.conditions import LIMIT
from issues.fulltext.documents import COLUMNS
from issues.fulltext.engines import engine_of


def count_up_to(needles, columns=None, limit=LIMIT, whole_products=None):
    """Return how many documents hold all `needles`, or `limit` where they are as many or more.

    It counts what no reader may see as well, so it is for the choice of a plan, and never shown. The arguments are
    those of `candidates`, which gives all of them where this is less than `limit`.
    """
    engine = engine_of(connection)
    products = whole_products if whole_products is True else tuple(whole_products or ())
    sql, params = engine.found_ids(engine.pattern(needles, columns), products, limit)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) found", params)  # noqa: S608 (made of parameters by the engine)
        return cursor.fetchone()[0]


def hits(ids, needles, whole_ids=()):
    """Return `{issue id: {index of a needle: names of the columns that hold it}}` of at most 1,000 `ids`.

    In the issues `whole_ids`, some of `ids`, internal comments count as well.
    """
    ids, needles = list(ids), list(needles)
    found: dict = {pk: {} for pk in ids}
    if not ids or not needles:
        return found
    for pk, *tests in engine_of(connection).hits(ids, needles, list(whole_ids)):
        for place, holds in enumerate(tests):
            if holds:
                found[pk].setdefault(place // len(COLUMNS), set()).add(COLUMNS[place % len(COLUMNS)])
    return found
