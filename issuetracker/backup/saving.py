"""Writing an archive: one snapshot of the database, and the files that it names."""

import hashlib
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from issues.files import store
from issues.models import Attachment
from issuetracker.backup import lines
from issuetracker.backup.container import Writer
from issuetracker.backup.errors import Unusable
from issuetracker.backup.holding import holding
from issuetracker.backup.manifest import (
    FILES,
    FIRST,
    FORMAT,
    MANIFEST,
    SEAL,
    Files,
    Manifest,
    Table,
    fingerprint,
    first_member,
    newest_migrations,
    part_name,
    refuse_unmigrated,
    seal,
)
from issuetracker.backup.tables import columns_of, last_id, saved_models

NAMED = 5
TELL_EVERY = 1000


def save(file, say, *, skip_damaged=False):
    """Write everything to the open `file`, and return the Manifest. `say(text)` is told how far it is.

    Attached files that are gone or damaged are left out with `skip_damaged`, and named in the manifest. Raises Unusable
    where there are such, where the database is of another version, or while another backup is being made.
    """
    refuse_unmigrated()
    writer = Writer(file)
    with holding() as held, _snapshot_with_files(held):
        if held.missing and not skip_damaged:
            raise _damaged(held.missing)
        writer.add_content(FIRST, first_member())
        tables = [_save_table(writer, model, say) for model in saved_models()]
        files = _save_files(writer, held, say, skip_damaged)
    manifest = Manifest(
        format=FORMAT,
        made_at=timezone.now().isoformat(timespec="seconds"),
        database=connection.vendor,
        migrations=newest_migrations(),
        key=fingerprint(),
        tables=tables,
        files=files,
    )
    writer.add_content(MANIFEST, manifest.written())
    writer.add_content(SEAL, seal(manifest.written()))
    writer.end()
    return manifest


@contextmanager
def _snapshot_with_files(held):
    """Look at the database as it is at one moment, with all files of that moment `held`, but those that are missing.

    A file goes after its row. One that a snapshot names and that is gone was purged meanwhile, which the next snapshot
    knows of; or it has been gone for long, and is missing for the next one, too.
    """
    while True:
        before = held.missing
        with snapshot():
            held.missing = set()
            held.hold(_kept_files().values_list("token", flat=True).iterator(chunk_size=lines.PAGE))
            if held.missing == before:
                yield
                return


@contextmanager
def snapshot():
    """Look at the database as it is now until the end of the block, whatever others write meanwhile."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    connection.ensure_connection()
    sqlite: Any = connection
    usual = sqlite.transaction_mode
    # As all transactions of the tracker begin, this one would keep everybody from writing.
    sqlite.transaction_mode = "DEFERRED"
    try:
        with transaction.atomic(durable=True):
            yield
    finally:
        sqlite.transaction_mode = usual


def _kept_files():
    return Attachment._base_manager.exclude(digest="").order_by("pk")


def _save_table(writer, model, say):
    """Write the rows of `model` in parts. Return the Table."""
    label = model._meta.label
    table = Table(label, columns_of(model))
    digest = hashlib.sha256()
    for number, part in enumerate(lines.parts_of(model), 1):
        packed = lines.pack(part.lines)
        writer.add_content(part_name(label, number), packed)
        digest.update(lines.in_order(model, part.lines))
        table.rows += part.rows
        table.parts.append([part.rows, len(part.lines), len(packed), hashlib.sha256(packed).hexdigest()])
    table.digest, table.last_id = digest.hexdigest(), last_id(model)
    if table.rows:
        say(f"  {label}: {table.rows:,} rows")
    return table


def _save_files(writer, held, say, skip_damaged):
    """Write the attached files in the order of their rows. Return the Files."""
    files, digest = Files(lacking=sorted(held.missing)), hashlib.sha256()
    rows = _kept_files().values_list("token", "size", "digest")
    for token, size, wanted in rows.iterator(chunk_size=lines.PAGE):
        if token in held.missing:
            continue
        try:
            file = held.open(token)
        except FileNotFoundError as error:
            raise Unusable("A file was purged meanwhile: make the backup again.") from error
        with file:
            # Read twice, since its header tells that it is here, and goes before it.
            if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                if not skip_damaged:
                    raise _damaged([token])
                files.lacking.append(token)
                continue
            writer.add(FILES + token, size, store.pieces(file))
        files.count += 1
        files.bytes += size
        digest.update(listed(token, size, wanted))
        if files.count % TELL_EVERY == 0:
            say(f"  {files.count:,} files")
    files.digest = digest.hexdigest()
    if files.count:
        say(f"  {files.count:,} files of {files.bytes:,} bytes")
    return files


def listed(token, size, digest):
    """Return what goes for a file into the digest of all files."""
    return f"{digest} {size} {token}\n".encode()


def _damaged(tokens):
    """Return the Unusable that names some of the files `tokens`."""
    named = ", ".join(sorted(tokens)[:NAMED])
    told = f"{len(tokens):,} attached files are gone or damaged ({named}{', …' if len(tokens) > NAMED else ''})."
    return Unusable(f"{told} --skip-damaged makes the backup without them.")
