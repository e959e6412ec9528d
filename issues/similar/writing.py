"""Keeping the words of issues as their texts are."""

import json

from django.apps import apps
from django.db import connection, transaction
from django.db.models import F, Sum

from issues.similar.counts import count_terms
from issues.similar.scoring import weigh
from issues.similar.words import number_of
from issuetracker.prepared import array

CHUNK = 500
# How many issues are locked at a time while their words are written: nobody waits for longer than these take.
PART = 50
SCALE = 1000
COLUMNS = "issue_id, part, term, product_id, weight"
INSERT = {
    "postgresql": f"INSERT INTO issues_posting ({COLUMNS}) SELECT * FROM"  # noqa: S608 (names of ours)
    " unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::smallint[])",
    "sqlite": f"INSERT INTO issues_posting ({COLUMNS}) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608
}
DELETE = {
    "postgresql": "DELETE FROM issues_posting WHERE issue_id = ANY(%s)",
    "sqlite": "DELETE FROM issues_posting WHERE issue_id IN (SELECT value FROM json_each(%s))",
}
SWEEP = (
    "DELETE FROM issues_posting WHERE NOT EXISTS (SELECT 1 FROM issues_issue i WHERE i.id = issues_posting.issue_id)"
)


def post(texts):
    """Write the words of issues afresh, in the transaction that changed them; rows as `post_new` takes them.

    Who calls it holds the locks of the issues, so that none of their texts changes meanwhile.
    """
    texts = list(texts)
    forget(pk for pk, *_ in texts)
    post_new(texts)


def post_new(texts):
    """Write the words of issues that have none yet: rows of (id, id of the product, title, description)."""
    rows = [
        (issue, part, number_of(word), product, round(weight * SCALE))
        for issue, product, title, description in texts
        for part, words in weigh(title, description).items()
        for word, weight in words.items()
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(INSERT["postgresql"], list(map(array, zip(*rows, strict=True))))
        else:
            cursor.executemany(INSERT["sqlite"], rows)


def forget(ids):
    """Remove the words of the issues `ids`."""
    ids = list(ids)
    with connection.cursor() as cursor:
        cursor.execute(DELETE[connection.vendor], [ids if connection.vendor == "postgresql" else json.dumps(ids)])


def post_later(ids):
    """Leave the words of new issues to the worker, in the transaction that writes them; `ids` have no large gaps."""
    _waiting().create(first=min(ids), last=max(ids))


def post_all_later():
    """Leave the words of all issues to the worker, 500 at a time, and remove those of issues that are no more."""
    issues = apps.get_model("issues", "Issue").objects.order_by("pk").values_list("pk", flat=True)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(SWEEP)
        _waiting().all().delete()
        last = 0
        while ids := list(issues.filter(pk__gt=last)[:CHUNK]):
            last = ids[-1]
            _waiting().create(first=ids[0], last=last)


def count_waiting():
    """Return how many issues' words are still to be written, or a few more: some of the ids may be gone."""
    return _waiting().aggregate(count=Sum(F("last") - F("first") + 1))["count"] or 0


def post_waiting(on_progress=None, parts=None):
    """Write words that were left for later, 50 issues a transaction, all or so many `parts`. Return whether there were.

    `on_progress(count)` is called after each. After the last one the words are counted anew. Whatever ends it, it goes
    on there the next time.
    """
    written = 0
    while written != parts and (count := _post_part()) is not None:
        written += 1
        if on_progress:
            on_progress(count)
    if written and not _waiting().exists():
        count_terms()
    return bool(written)


@transaction.atomic
def _post_part():
    """Write the words of the first issues of a chunk. Return of how many ids, None where there is none left."""
    # Another worker takes another one.
    chunk = _waiting().select_for_update(skip_locked=True).order_by("pk").first()
    if chunk is None:
        return None
    issues = apps.get_model("issues", "Issue").objects.order_by("pk")
    ids = list(issues.filter(pk__gte=chunk.first, pk__lte=chunk.last).values_list("pk", flat=True)[:PART])
    post(list(issues.filter(pk__in=ids).locked().values_list("pk", "product_id", "title", "description")))
    first, chunk.first = chunk.first, ids[-1] + 1 if len(ids) == PART else chunk.last + 1
    if chunk.first > chunk.last:
        chunk.delete()
    else:
        chunk.save(update_fields=["first"])
    return chunk.first - first


def _waiting():
    return apps.get_model("issues", "ToPost").objects
