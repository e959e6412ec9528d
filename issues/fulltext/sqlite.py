"""Full text on SQLite: an FTS5 table for each kind of document, of lines of terms with spaces between them."""

import json
from collections import Counter, defaultdict

from django.db import connection

from issues.fulltext.documents import COLUMNS, FILLER
from issues.fulltext.tokens import in_line

TABLES = ("issue_document_public", "issue_document_whole")
CHUNK = 500
PUBLIC_LINES = (
    "SELECT d.rowid, CASE p.visibility WHEN 'public' THEN NULL ELSE p.id END, d.title, d.body, d.comments"
    " FROM issue_document_public d JOIN issues_issue i ON i.id = d.rowid JOIN products_product p ON p.id = i.product_id"
    " WHERE NOT i.confidential AND i.deleted_at IS NULL AND p.deleted_at IS NULL AND d.rowid > %s"
    " ORDER BY d.rowid LIMIT %s"
)
# Of ASCII, terms hold letters and digits alone, but for mentions, which are written like user names; all else is kept.
CREATE = tuple(
    f"CREATE VIRTUAL TABLE {table} USING fts5({', '.join(COLUMNS)}, tokenize = \"ascii tokenchars '@._+-[]'\")"
    for table in TABLES
)
DROP = tuple(f"DROP TABLE IF EXISTS {table}" for table in TABLES)
ISSUES = "SELECT value FROM json_each(%s)"


def spell(document):
    """Return the lines of the columns of `document`: terms, runs and each extra behind a filler that ends phrases."""
    return [_line(document.columns[name]) for name in COLUMNS]


def _line(column):
    extras = (term for extra in column.extras for term in (FILLER, extra))
    return " ".join([*column.terms, *((FILLER, *column.runs) if column.runs else ()), *extras])


def put(rows):
    """Write `rows` of (issue id, whole, spelled document), in the place of what there is."""
    by_table = defaultdict(list)
    for pk, whole, lines in rows:
        by_table[TABLES[whole]].append((pk, *lines))
    with connection.cursor() as cursor:
        for table, lines in by_table.items():
            names = ", ".join(COLUMNS)
            cursor.executemany(
                f"INSERT OR REPLACE INTO {table} (rowid, {names}) VALUES (%s, %s, %s, %s)",  # noqa: S608
                lines,
            )


def remove(ids, *, whole_only=False):
    """Remove the documents of the issues `ids`, or only the whole ones."""
    with connection.cursor() as cursor:
        for table in TABLES[1:] if whole_only else TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE rowid IN ({ISSUES})", [json.dumps(list(ids))])  # noqa: S608


def sweep():
    """Remove the documents of issues that are no more."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE rowid NOT IN (SELECT id FROM issues_issue)")  # noqa: S608


def pattern(needles, columns=None):
    """Return the MATCH expression for all `needles`, in `columns` only where they are given."""
    phrases = " AND ".join(f"({' OR '.join(map(_phrase, one.ways))})" for one in needles)
    return f"{{{' '.join(columns)}}} : ({phrases})" if columns else phrases


def _phrase(one):
    words = " ".join(one.terms).replace('"', '""')
    return f'"{words}" *' if one.prefix else f'"{words}"'


def matches(issue, needles, columns, whole):
    """Return `(sql, params)`: whether a document of the issue (an expression of its id) holds all `needles`.

    The stored lines answer sooner than the index, which would begin anew for each issue.
    """
    names = columns or COLUMNS
    holds = " AND ".join(f"({' OR '.join(_holds(name, one) for name in names)})" for one in needles)
    tables = TABLES if whole else TABLES[:1]
    tests = [f"EXISTS (SELECT 1 FROM {table} WHERE rowid = {issue} AND {holds})" for table in tables]  # noqa: S608
    return f"({' OR '.join(tests)})", _wanted(needles, names) * len(tables)


def _holds(name, one):
    """Return whether the lines of a column hold a needle, as a test with the parameters of `_wanted`."""
    tests = [f"instr(' ' || {name} || ' ', %s) > 0"] * len(one.ways)
    return f"({' OR '.join(tests)})"


def _wanted(needles, names):
    return [in_line(way) for one in needles for _name in names for way in one.ways]


def candidates(issue, needles, columns, whole_products, limit):
    """Return `(sql, params)`: whether the issue is one of at most `limit` that the index gives for `needles`."""
    found, params = _found_ids(pattern(needles, columns), whole_products, limit)
    return f"{issue} IN ({found})", params


def _found_ids(query, whole_products, limit):
    public, whole = (f"SELECT rowid FROM {table} WHERE {table} MATCH %s" for table in TABLES)  # noqa: S608
    if not whole_products:
        return f"{public} LIMIT %s", [query, limit]
    if whole_products is True:
        return f"{public} UNION ALL {whole} LIMIT %s", [query, query, limit]
    # Issues have a rowid too: it has to be said whose is meant.
    held = f"(SELECT i.product_id FROM issues_issue i WHERE i.id = {TABLES[1]}.rowid) IN ({ISSUES})"  # noqa: S608
    return f"{public} UNION ALL {whole} AND {held} LIMIT %s", [query, query, json.dumps(list(whole_products)), limit]


def hits(ids, needles, whole_ids):
    """Return rows of (issue id, and for each needle whether it is in each column) of the documents of `ids`."""
    tests = ", ".join(_holds(name, one) for one in needles for name in COLUMNS)
    wanted = _wanted(needles, COLUMNS)
    rows = []
    with connection.cursor() as cursor:
        # The stored lines answer sooner than the index, which would be asked for each issue, word and column.
        for table, those in zip(TABLES, (ids, whole_ids), strict=True):
            cursor.execute(
                f"SELECT rowid, {tests} FROM {table} WHERE rowid IN ({ISSUES})",  # noqa: S608
                [*wanted, json.dumps(list(those))],
            )
            rows += cursor.fetchall()
    return rows


def read_counts():
    """Return `{product, None for all public ones: {word: how many public documents}}`."""
    counts: dict[int | None, Counter] = defaultdict(Counter)
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(PUBLIC_LINES, [last, CHUNK])
            rows = cursor.fetchall()
            if not rows:
                return counts
            last = rows[-1][0]
            for _pk, product, *lines in rows:
                counts[product].update(set(" ".join(lines).split()) - {FILLER})


def write_counts(counts, kept):
    """Write the `counts` of `read_counts` afresh, where they are `kept` or more."""
    rows = [
        (word, product, count) for product, words in counts.items() for word, count in words.items() if count >= kept
    ]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM issues_wordcount")
        cursor.executemany("INSERT INTO issues_wordcount (word, product_id, documents) VALUES (%s, %s, %s)", rows)
