"""What the documents answer beside conditions: where words stand."""

from django.db import connection

from issues.fulltext.documents import COLUMNS
from issues.fulltext.engines import engine_of


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
