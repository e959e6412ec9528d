"""Full text on PostgreSQL: a tsvector a document, written by us, under one GIN index."""

from collections import defaultdict

from django.db import connection

from issues.fulltext.documents import COLUMNS, FILLER, LENGTHS, RUN_LENGTHS

# Where each column begins, and its runs. A column's extras share one place, which no phrase can leave or enter.
BEGINS = {"title": 1, "body": 1002, "comments": 9004}
RUNS_BEGIN = {"title": 14_006, "body": 14_208, "comments": 15_410}
ALONE = {"title": 16_374, "body": 16_377, "comments": 16_380}
WEIGHTS = dict(zip(COLUMNS, "ABC", strict=True))


def _weighted(begins, lengths):
    return {
        name: [f"{place}{WEIGHTS[name]}" for place in range(begins[name], begins[name] + lengths[name])]
        for name in COLUMNS
    }


PLACES, RUN_PLACES = _weighted(BEGINS, LENGTHS), _weighted(RUNS_BEGIN, RUN_LENGTHS)
CREATE = (
    "CREATE TABLE issue_document"
    " (issue_id bigint NOT NULL, whole boolean NOT NULL, words tsvector NOT NULL, PRIMARY KEY (issue_id, whole))",
    "CREATE INDEX issue_document_words ON issue_document USING gin (words)",
)
DROP = ("DROP TABLE IF EXISTS issue_document",)
PUBLIC_WORDS = (
    "SELECT d.words FROM issue_document d JOIN issues_issue i ON i.id = d.issue_id"
    " JOIN products_product p ON p.id = i.product_id"
    " WHERE NOT d.whole AND NOT i.confidential AND i.deleted_at IS NULL AND p.deleted_at IS NULL"
)


def spell(document):
    """Return `document` as the literal of a tsvector."""
    places = defaultdict(list)
    for name, column in document.columns.items():
        for term, place in zip(column.terms, PLACES[name], strict=False):
            places[term].append(place)
        for term, place in zip(column.runs, RUN_PLACES[name], strict=False):
            places[term].append(place)
        for term in column.extras:
            places[term].append(f"{ALONE[name]}{WEIGHTS[name]}")
    places.pop(FILLER, None)
    return " ".join([f"{_quoted(term)}:{','.join(at)}" for term, at in places.items()])


def _quoted(term):
    if term.isalnum():
        return f"'{term}'"
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def put(rows):
    """Write `rows` of (issue id, whole, spelled document), in the place of what there is."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO issue_document (issue_id, whole, words)"
            " SELECT pk, whole, words::tsvector"
            " FROM unnest(%s::bigint[], %s::boolean[], %s::text[]) AS document (pk, whole, words)"
            " ON CONFLICT (issue_id, whole) DO UPDATE SET words = EXCLUDED.words",
            columns,
        )


def remove(ids, *, whole_only=False):
    """Remove the documents of the issues `ids`, or only the whole ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM issue_document WHERE issue_id = ANY(%s) AND (whole OR NOT %s)", [list(ids), whole_only]
        )


def sweep():
    """Remove the documents of issues that are no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM issue_document d WHERE NOT EXISTS (SELECT 1 FROM issues_issue i WHERE i.id = d.issue_id)"
        )


def pattern(needles, columns=None):
    """Return the literal of a tsquery for all `needles`, in `columns` only where they are given."""
    weights = "".join(WEIGHTS[name] for name in columns or ())
    return " & ".join(f"({' | '.join(_phrase(way, weights) for way in one.ways)})" for one in needles)


def _phrase(one, weights):
    flags = [f":{weights}"] * len(one.terms) if weights else [""] * len(one.terms)
    if one.prefix:
        flags[-1] = f":*{weights}"
    return " <-> ".join(_quoted(term) + flag for term, flag in zip(one.terms, flags, strict=True))


def matches(issue, needles, columns, whole):
    """Return `(sql, params)`: whether a document of the issue (an expression of its id) holds all `needles`.

    A scalar subquery, which leaves the planner no choice but to go along the index that the list is ordered by.
    """
    query = pattern(needles, columns)
    if whole:
        return (
            "COALESCE((SELECT bool_or(issue_document.words @@ %s::tsquery) FROM issue_document"  # noqa: S608
            f" WHERE issue_document.issue_id = {issue}), FALSE)",
            [query],
        )
    return (
        "COALESCE((SELECT issue_document.words @@ %s::tsquery FROM issue_document"  # noqa: S608
        f" WHERE issue_document.issue_id = {issue} AND NOT issue_document.whole), FALSE)",
        [query],
    )


def candidates(issue, needles, columns, whole_products, limit):
    """Return `(sql, params)`: whether the issue is one of at most `limit` that the index gives for `needles`."""
    found, params = _found_ids(pattern(needles, columns), whole_products, limit)
    return f"{issue} = ANY(ARRAY({found}))", params


def _found_ids(query, whole_products, limit):
    allowed, params = _allowed(whole_products)
    sql = f"SELECT d.issue_id FROM issue_document d WHERE d.words @@ %s::tsquery AND {allowed} LIMIT %s"  # noqa: S608
    return sql, [query, *params, limit]


def _allowed(whole_products):
    """Return `(sql, params)`: whether the document `d` is one that a reader may be matched against."""
    if whole_products is True:
        return "TRUE", []
    if not whole_products:
        return "NOT d.whole", []
    # Not EXISTS: for that the planner would first read the ids of all issues of the products.
    sql = "(NOT d.whole OR (SELECT i.product_id FROM issues_issue i WHERE i.id = d.issue_id) = ANY(%s))"
    return sql, [list(whole_products)]


def hits(ids, needles, whole_ids):
    """Return rows of (issue id, and for each needle whether it is in each column) of the documents of `ids`."""
    queries = [pattern([one], [name]) for one in needles for name in COLUMNS]
    tests = ", ".join(["words @@ %s::tsquery"] * len(queries))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT issue_id, {tests} FROM issue_document"  # noqa: S608 (nothing but places for parameters)
            " WHERE issue_id = ANY(%s) AND (NOT whole OR issue_id = ANY(%s))",
            [*queries, list(ids), list(whole_ids)],
        )
        return cursor.fetchall()


def read_counts():
    """Return nothing: the server counts while `write_counts` writes."""


def write_counts(_counts, kept):
    """Write afresh in how many public documents each word is, where these are `kept` or more."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM issues_wordcount")
        cursor.execute("SELECT id FROM products_product WHERE visibility <> 'public' AND deleted_at IS NULL")
        private = [pk for (pk,) in cursor.fetchall()]
        _count_words(cursor, None, f"{PUBLIC_WORDS} AND p.visibility = 'public'", kept)
        for pk in private:
            _count_words(cursor, pk, f"{PUBLIC_WORDS} AND p.id = {int(pk)}", kept)


def _count_words(cursor, product, documents, kept):
    cursor.execute(
        "INSERT INTO issues_wordcount (word, product_id, documents)"
        " SELECT word, %s::bigint, ndoc FROM ts_stat(%s) WHERE ndoc >= %s",
        [product, documents, kept],
    )
