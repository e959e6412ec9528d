"""Exports: CSV for spreadsheets, JSON Lines for programs."""

import csv
import json
import re
from array import array
from dataclasses import dataclass
from io import StringIO
from itertools import chain

from django.conf import settings
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from issues import reading
from issues.files.references import address_of
from issues.models import Attachment
from issues.query.fields import EXPORTED
from issues.query.tree import Sort
from issuetracker import keyset
from issuetracker.database import allowing

CHUNK = 500
NAMES = (*reading.COLUMNS, "description")
COLUMNS = {**EXPORTED, "attachments": "attachments"}
ATTACHED = ("name", "media_type", "size", "token")
# The order of what is exported where none is asked for: an issue that changes meanwhile keeps its place.
NEWEST = (Sort("created", True),)
# Seconds for the order of all that is exported.
NOTING = 30
# By these keys each issue keeps its place, whatever is changed in it.
STEADY = {"created_at", "id"}
# A spreadsheet takes a cell that begins so for a formula. Some end cells elsewhere than we do, whatever is in quotes.
FORMULA = re.compile(r"""(?:^|[;|\t][\s"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])""")
# Spreadsheets take a file without it for one in the encoding of their country.
MARK = "\ufeff"


@dataclass(frozen=True)
class Format:
    """How a file is written: `begin()` is its head, `write(rows)` the text of some representations of issues."""

    media_type: str
    begin: object
    write: object


def export(kind, asked, rows, user, *, name, head=False):
    """Return the answer with all of `rows`, issues that `user` may see, that the Search `asked` finds.

    `kind` is one of `FORMATS`, `name` what the file is called; of a `head` nothing is read.
    """
    file = FORMATS[kind]
    headers = {
        "Content-Disposition": content_disposition_header(True, _file_name(name, kind)),
        "Cache-Control": "private, no-store",
    }
    if head:
        # As the file itself, it does not say how long that is.
        return StreamingHttpResponse((), content_type=file.media_type, headers=headers)
    pieces = chunks(asked, rows, user)
    # What is wrong with the query shows with the first rows, while there can still be another answer.
    first = next(pieces, [])
    texts = (file.write(told) for told in chain([first], pieces))
    return StreamingHttpResponse(chain([file.begin()], texts), content_type=file.media_type, headers=headers)


def chunks(asked, rows, user):
    """Yield the representations of all that `asked` finds among `rows`, in lists of 500, by two statements each."""
    for read in _read(asked.unranked(NEWEST), rows):
        yield _with_attachments([reading.represent(row, user) for row in reading.completed(read)], user)


def _read(asked, rows):
    """Yield the rows of what `asked` finds among `rows`, in lists of 500."""
    found = asked.apply(rows)
    if all(key.name in STEADY for key in asked.ordering):
        yield from keyset.walk(reading.with_rows(found), asked.ordering, NAMES, CHUNK)
        return
    ids = _noted(keyset.beginning(found, asked.ordering, None, False))
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        here = {row["id"]: row for row in reading.with_rows(rows).filter(pk__in=part).values(*NAMES)}
        yield [here[pk] for pk in part if pk in here]


def _noted(ordered):
    """Return the ids of all rows in the order in which they stand now: what is changed from here on moves nothing."""
    # PostgreSQL hands over piece by piece, each in its own time, but only in a transaction; with one, SQLite would let
    # nobody write meanwhile.
    with transaction.atomic() if connection.vendor == "postgresql" else allowing(NOTING):
        return array("q", ordered.values_list("pk", flat=True).iterator(chunk_size=2000))


def _with_attachments(told, user):
    """Return what is `told` of issues with the files on each and on its comments, as `user` sees them."""
    files: dict = {issue["id"]: [] for issue in told}
    seen = Attachment.objects.visible_to(user).kept().filter(issue__in=files).order_by("pk")
    for pk, issue, name, kind, size, token in seen.values_list("pk", "issue", *ATTACHED):
        address = f"{settings.SITE_URL}{address_of(token)}"
        files[issue].append({"id": pk, "name": name, "media_type": kind, "size": size, "url": address})
    return [{**issue, "attachments": files[issue["id"]]} for issue in told]


def _file_name(name, kind):
    return f"{slugify(name) or 'issues'}-{timezone.localdate().isoformat()}.{kind}"


def _csv_head():
    return MARK + _csv([list(COLUMNS)])


def _csv_rows(told):
    return _csv([[_cell(issue[column]) for column in COLUMNS.values()] for issue in told])


def _csv(rows):
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value):
    """Return a value of a representation as the text of a cell, which no spreadsheet takes for a formula."""
    if isinstance(value, dict):
        value = value["username"]
    if isinstance(value, list):
        value = ", ".join(one["name"] if isinstance(one, dict) else one for one in value)
    value = reading.said(value)
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = "" if value is None else str(value)
    return FORMULA.sub(r"\g<0>'", text)


def _json_rows(told):
    return "".join(f"{_json(issue)}\n" for issue in told)


def _json(issue):
    text = json.dumps(issue, ensure_ascii=False, separators=(",", ":"), default=reading.said)
    # Some readers take these for the end of a line.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", _csv_head, _csv_rows),
    "jsonl": Format("application/jsonl; charset=utf-8", str, _json_rows),
}
