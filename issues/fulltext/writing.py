"""Keeping the documents of issues as their texts are."""

from collections import defaultdict

from django.apps import apps
from django.db import connection, transaction

from issues.fulltext.documents import build
from issues.fulltext.engines import engine_of

CHUNK = 500


def index(texts):
    """Write the documents of issues afresh, in the transaction that changed them: rows of (id, title, description).

    Who calls it holds the locks of the issues, so that none of their texts, comments among them, changes meanwhile.
    """
    texts = list(texts)
    said = _comments([pk for pk, *_ in texts])
    documents = [(pk, build(title, description, *said[pk])) for pk, title, description in texts]
    index_new(documents)
    lacking = [pk for pk, (_public, whole) in documents if whole is None]
    if lacking:
        engine_of(connection).remove(lacking, whole_only=True)


def _comments(ids):
    """Return `{issue: (public texts, internal texts)}` of the comments of the issues `ids`, in their order."""
    said: dict[int, tuple[list, list]] = defaultdict(lambda: ([], []))
    comments = apps.get_model("issues", "Comment").objects.filter(issue__in=ids, deleted_at=None)
    for issue, text, internal in comments.order_by("created_at", "pk").values_list("issue", "body", "internal"):
        said[issue][internal].append(text)
    return said


def index_new(documents):
    """Write the documents of new issues: pairs of (issue id, what `documents.build` made of its texts)."""
    index_spelled((pk, spelled(both)) for pk, both in documents)


def spelled(documents):
    """Return the `documents` of an issue in the way in which this database takes them; it is not asked."""
    spell = engine_of(connection).spell
    return tuple(spell(document) if document is not None else None for document in documents)


def index_spelled(documents):
    """Write the documents of new issues: pairs of (issue id, what `spelled` returned)."""
    rows = [
        (pk, whole, document)
        for pk, both in documents
        for whole, document in zip((False, True), both, strict=True)
        if document is not None
    ]
    if rows:
        engine_of(connection).put(rows)


def forget(ids):
    """Remove the documents of the issues `ids`, which are being purged."""
    engine_of(connection).remove(ids)


def reindex(on_progress=None):
    """Write the documents of all issues afresh, 500 a transaction, and remove those of issues that are no more.

    `on_progress(count)` is called after each transaction.
    """
    issues = apps.get_model("issues", "Issue").objects.order_by("pk")
    last = 0
    while ids := list(issues.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            index(issues.filter(pk__in=ids).locked().values_list("pk", "title", "description"))
        last = ids[-1]
        if on_progress:
            on_progress(len(ids))
    engine_of(connection).sweep()
