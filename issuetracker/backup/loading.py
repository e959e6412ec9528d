"""Filling an empty database from an archive that was checked.

A door of its own beside the services, as the one for many is: what comes was written by services, with all that the log
tells of it, and is taken as it is. So there is nobody who acts and nothing that is recorded; instead every table is
read back and compared with the archive before anything is kept.
"""

import shutil
from collections import defaultdict

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import Error, OperationalError, connection, transaction

from issues import fulltext, similar
from issues.files import store
from issues.services.rows import insert_values
from issuetracker import database
from issuetracker.backup import lines, tables
from issuetracker.backup.errors import Unsure, Unusable
from issuetracker.backup.manifest import refuse_unmigrated
from issuetracker.logs import in_a_line

# What is left free beside the files.
SPARE = 64 * 1024 * 1024


def prepare():
    """Migrate a database that has no tables at all. Raises Unusable unless it then is of this version, and empty."""
    if not connection.introspection.table_names():
        call_command("migrate", interactive=False, verbosity=0)
    refuse_unmigrated()
    refuse_occupied()


def refuse_occupied():
    """Raise Unusable where there is anything that a freshly migrated database does not have."""
    found = tables.occupied()
    if found:
        told = ", ".join(f"{label} ({count:,} rows)" for label, count in found.items())
        raise Unusable(f"The database is not empty: {told}. Restore into a new one.")


def refuse_twins(archive):
    """Raise Unusable where this database takes names in `archive` for one, naming all of them.

    Older versions on SQLite have let names in that differ by the case of letters beyond ASCII: to SQLite they do.
    """
    if connection.vendor == "sqlite":
        return
    told = []
    for table in archive.manifest.tables:
        model = apps.get_model(table.name)
        for field in tables.named_once(model):
            twins = _twins(model, field, (row for text in archive.lines_of(table) for row in lines.values(model, text)))
            told += [f"{table.name}: {', '.join(names)}" for names in twins]
    if told:
        raise Unusable(
            f"To this database, some names that differ by case stand for one: {'; '.join(told)}."
            " Rename all but one of each where they come from, and make another backup."
        )


def _twins(model, field, rows):
    """Return the names among `rows` that are one to this database, a list for each."""
    columns, alike, same = tables.columns_of(model), defaultdict(list), defaultdict(list)
    name, homes = columns.index(field), [columns.index(one) for one in columns if one == "product_id"]
    for row in rows:
        # The small letter of İ is i, with a dot above it or, to some databases, without.
        folded = row[name].casefold().replace("\u0307", "")
        alike[folded, *(row[home] for home in homes)].append(row[name])
    for place, names in alike.items():
        # Of names in ASCII alone, all databases let the same in.
        for one in names if len(names) > 1 and not "".join(names).isascii() else ():
            same[place, _lowered(one)].append(one)
    return [names for names in same.values() if len(names) > 1]


def _lowered(name):
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT LOWER(%s)", [name])
            return cursor.fetchone()
    except OperationalError as error:
        told = in_a_line(error)
        raise Unusable(f"The database, which has to say which names are one to it, cannot be asked: {told}") from error


def refuse_other_files(archive):
    """Raise Unusable where another file has a name of one in `archive`, or there is no room for all of them."""
    needed = 0
    for file, member in archive.files():
        path = store.path_of(file.token)
        if not path.exists():
            needed += file.size
        elif path.stat().st_size != file.size or not _is_same(path, archive.reader.pieces(member)):
            raise Unusable(f"{path} is there already, and is another file than the one in the backup.")
    free = shutil.disk_usage(settings.ATTACHMENTS_DIR).free
    if needed and needed + SPARE > free:
        raise Unusable(f"The attached files need {needed:,} bytes, and {free:,} are free.")


def _is_same(path, pieces):
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces)


def load(archive, say, on_indexed):
    """Write everything in `archive`, or nothing; `say(text)` is told how far it is, `on_indexed(count)` of full text.

    Raises Unusable where the database refuses a row or keeps another than it was given, and Unsure where it goes away.
    """
    placed: list[str] = []
    try:
        with transaction.atomic(durable=True):
            _keep_others_out()
            refuse_occupied()
            _empty()
            for table in archive.manifest.tables:
                _fill(table, archive, say)
            _compare(archive.manifest, say)
            _refuse_lost()
            _place(archive, placed, say)
            fulltext.reindex(on_indexed)
            similar.post_all_later()
    except Error as error:
        told = in_a_line(error)
        if database.may_be_done(error):
            # The files stay, since it may have kept the rows. A restore into an empty database takes them as they are.
            raise Unsure(f"The database went away: {told}. If it is empty, restore the backup again.") from error
        store.remove(placed)
        raise Unusable(f"The database does not take the backup: {told}") from error
    except BaseException:
        store.remove(placed)
        raise
    ContentType.objects.clear_cache()


def _keep_others_out():
    # On SQLite the transaction has done so.
    if connection.vendor == "postgresql":
        names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in tables.saved_models())
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _empty():
    for model in tables.emptied_models():
        model._base_manager.all()._raw_delete(connection.alias)


def _fill(table, archive, say):
    """Insert the rows of `table`."""
    model, done = apps.get_model(table.name), 0
    names = tables.columns_of(model)
    for text in archive.lines_of(table):
        # A part at a time: what COPY is given is remembered until it ends.
        insert_values(model, names, lines.values(model, text))
        done += text.count(b"\n")
    tables.go_on_after(model, table.last_id)
    if done:
        say(f"  {table.name}: {done:,} rows")


def _compare(manifest, say):
    """Read every table back. Raises Unusable where it differs from the archive."""
    for table in manifest.tables:
        found = lines.digest_of(apps.get_model(table.name))
        if found != (table.rows, table.digest):
            raise Unusable(f"{table.name} is not in the database as it is in the backup.")
    rows = sum(table.rows for table in manifest.tables)
    say(f"  {rows:,} rows of {len(manifest.tables)} tables were read back: all are as in the backup.")


def _refuse_lost():
    """Raise Unusable where a row names another that is not there, and the database does not look."""
    found = tables.lost()
    if found:
        raise Unusable(f"The backup is not whole: what a row names in {found} is not in it.")


def _place(archive, placed, say):
    """Write the attached files that are not there, and add them to the list `placed`, before the rows are kept."""
    for file, member in archive.files():
        if store.path_of(file.token).exists():
            continue
        placed.append(file.token)
        if store.write(archive.reader.pieces(member), file.token).digest != file.digest:
            raise Unusable(f"{member.name} is not on disk as it is in the backup.")
    if archive.file_count:
        present = archive.file_count - len(placed)
        say(f"  {len(placed):,} attached files were written{f', {present:,} were there' if present else ''}.")
