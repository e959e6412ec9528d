"""Rows as lines of JSON: the same for the same row, whichever database it comes from, but for the order in objects."""

import hashlib
import zlib
from datetime import date, datetime
from typing import NamedTuple

import orjson

from issuetracker.backup.errors import Unusable
from issuetracker.backup.tables import columns_of

PAGE = 500
# Lines are packed by so many bytes, so that no more than these are in memory; a row alone may be longer.
PART = 1024 * 1024
PART_MOST = 256 * 1024 * 1024
LEVEL = 6
# A header of gzip, too.
GZIP = 16 + zlib.MAX_WBITS
SPELLING = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
FROM_TEXT = {"DateTimeField": datetime.fromisoformat, "DateField": date.fromisoformat}
AS_THEY_ARE = {
    "AutoField",
    "BigAutoField",
    "BigIntegerField",
    "BooleanField",
    "CharField",
    "ForeignKey",
    "JSONField",
    "OneToOneField",
    "PositiveBigIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "SlugField",
    "TextField",
}


class Part(NamedTuple):
    """Some lines of a table: how many, and their bytes."""

    rows: int
    lines: bytes


def parts_of(model):
    """Yield the rows of `model` by their ids, in Parts. Raises Unusable at what cannot be written."""
    _check_kinds(model)
    # Copied at once: orjson gives each line, however short, the room of a long one.
    rows, lines = 0, bytearray()
    for row in _rows(model):
        lines += _line(model, row)
        rows += 1
        if len(lines) >= PART:
            yield Part(rows, bytes(lines))
            rows, lines = 0, bytearray()
    if rows:
        yield Part(rows, bytes(lines))


def _line(model, row):
    try:
        return orjson.dumps(row, option=SPELLING)
    except TypeError as error:
        raise Unusable(f"A row of {model._meta.label} cannot be written ({error}): {row[:1]}.") from error


def _check_kinds(model):
    for field in model._meta.concrete_fields:
        if field.get_internal_type() not in AS_THEY_ARE | set(FROM_TEXT):
            raise Unusable(f"A backup does not know how to write the field {field}.")


def _rows(model):
    # By the keys rather than by a cursor: what a pooler or SQLite makes of those differs, and memory with it.
    wanted = model._base_manager.order_by("pk").values_list(*columns_of(model), "pk")
    page = list(wanted[:PAGE])
    while page:
        yield from (row[:-1] for row in page)
        page = list(wanted.filter(pk__gt=page[-1][-1])[:PAGE])


def digest_of(model):
    """Return `(how many rows, the digest of their lines)` of what is in the database."""
    rows, digest = 0, hashlib.sha256()
    for part in parts_of(model):
        rows += part.rows
        digest.update(in_order(model, part.lines))
    return rows, digest.hexdigest()


def in_order(model, lines):
    """Return `lines` with all objects of JSON in them in one order, for digests. Raises Unusable.

    SQLite keeps the order, in which pages and the API then show things, so that lines have it; PostgreSQL has its own.
    """
    if not any(field.get_internal_type() == "JSONField" for field in model._meta.concrete_fields):
        return lines
    ordered = bytearray()
    try:
        for line in lines.splitlines():
            ordered += orjson.dumps(orjson.loads(line), option=SPELLING | orjson.OPT_SORT_KEYS)
    except ValueError as error:
        raise Unusable(f"A row of {model._meta.label} cannot be read.") from error
    return bytes(ordered)


def pack(lines):
    """Return `lines` compressed, always in the same way."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(lines) + packer.flush()


def unpack(packed, size):
    """Return the lines that `packed` holds, which are `size` bytes. Raises Unusable where they are not, or too many."""
    unpacker = zlib.decompressobj(GZIP)
    try:
        if size > PART_MOST:
            raise Unusable("A part of a table is larger than any backup has it.")
        # One more than there should be, and no further, whatever it would grow to.
        lines = unpacker.decompress(packed, size + 1)
    except zlib.error as error:
        raise Unusable("A part of a table cannot be unpacked.") from error
    if len(lines) != size or not unpacker.eof or unpacker.unused_data:
        raise Unusable("A part of a table is not as long as the manifest says.")
    return lines


def values(model, lines):
    """Yield the values of each row in `lines`, in the order of `columns_of(model)`. Raises Unusable."""
    made = [FROM_TEXT.get(field.get_internal_type()) for field in model._meta.concrete_fields]
    from_text = [(place, make) for place, make in enumerate(made) if make]
    try:
        for line in lines.splitlines():
            row = orjson.loads(line)
            if len(row) != len(made):
                raise ValueError
            for place, make in from_text:
                if row[place] is not None:
                    row[place] = make(row[place])
            yield row
    except (ValueError, TypeError) as error:
        raise Unusable(f"A row of {model._meta.label} cannot be read.") from error
