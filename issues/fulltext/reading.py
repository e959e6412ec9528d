"""What the documents answer beside conditions: where words stand."""

from functools import cache

from django.db import connection

from issues.fulltext.documents import COLUMNS
from issues.fulltext.engines import engine_of


def hits(ids, needles, whole_ids=()):
    """Return `{issue id: {(index of a needle, name of a column that holds it)}}` of at most 1,000 `ids`.

    The sets are frozen. In the issues `whole_ids`, some of `ids`, internal comments count as well.
    """
    ids, needles = list(ids), list(needles)
    found: dict = dict.fromkeys(ids, frozenset())
    if not ids or not needles:
        return found
    # Of a thousand documents there are a few kinds.
    named = cache(_named)
    for pk, *tests in engine_of(connection).hits(ids, needles, list(whole_ids)):
        found[pk] |= named(tuple(tests))
    return found


def _named(tests):
    places = ((place // len(COLUMNS), COLUMNS[place % len(COLUMNS)]) for place, holds in enumerate(tests) if holds)
    return frozenset(places)
