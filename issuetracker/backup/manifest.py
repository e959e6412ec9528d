"""What an archive says of itself: which version made it, what is in it, and the digests of that."""

import hashlib
from dataclasses import asdict, dataclass, field
from functools import cache

import orjson
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.crypto import salted_hmac

from issuetracker.backup.errors import Unusable
from issuetracker.backup.tables import columns_of, saved_models

# The version of how an archive is written; one that cannot read it says so.
FORMAT = 1
FIRST, MANIFEST, SEAL = "format.json", "manifest.json", "manifest.sha256"
FILES = "files/"


@dataclass
class Table:
    """A table: its rows, the digest of their lines (`lines.in_order`), the last id given, and its `parts`.

    Each part is `[rows, bytes of lines, bytes as it is packed, digest as it is packed]`.
    """

    name: str
    columns: list
    rows: int = 0
    digest: str = ""
    last_id: int | None = None
    parts: list = field(default_factory=list)

    def part_names(self):
        """Return the names of its members in the archive."""
        return [part_name(self.name, number) for number in range(1, len(self.parts) + 1)]


@dataclass
class Files:
    """The attached files: how many, of how many bytes, the digest of their names and digests, and which are lacking."""

    count: int = 0
    bytes: int = 0
    digest: str = ""
    lacking: list = field(default_factory=list)


@dataclass
class Manifest:
    """All of it."""

    format: int
    made_at: str
    database: str
    migrations: dict
    # Tells whether another site has the same SECRET_KEY, and nothing of what that is.
    key: str
    tables: list
    files: Files

    def written(self):
        """Return it as the content of a member."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def part_name(table, number):
    """Return the name of a part of a table in the archive."""
    return f"tables/{table.lower()}/{number:06}.jsonl.gz"


def first_member():
    """Return the content of the member that comes first, by which every version knows whether it can read on."""
    return orjson.dumps({"issue tracker backup": FORMAT}, option=orjson.OPT_APPEND_NEWLINE)


def seal(manifest):
    """Return the content of the last member, for the content of the manifest: as `sha256sum --check` reads it."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def read_format(content):
    """Check that the first member is one that this version goes on from. Raises Unusable."""
    try:
        version = orjson.loads(content)["issue tracker backup"]
    except (ValueError, TypeError, KeyError) as error:
        raise Unusable("This is no backup of an issue tracker.") from error
    if version != FORMAT:
        said = f"The backup has the format {version}, and this version of the tracker reads {FORMAT}"
        raise Unusable(f"{said}: restore it with the version that made it, or a newer one.")


def read(content):
    """Return the Manifest in `content`, which is as it was sealed. Raises Unusable."""
    try:
        told = orjson.loads(content)
        told["tables"] = [Table(**table) for table in told["tables"]]
        told["files"] = Files(**told["files"])
        manifest = Manifest(**told)
        for table in manifest.tables:
            _check(table)
        _refuse_unless(all(isinstance(token, str) for token in manifest.files.lacking))
        _refuse_unless(isinstance(manifest.files.count, int) and isinstance(manifest.files.bytes, int))
        _refuse_unless(all(isinstance(names, list) for names in manifest.migrations.values()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unusable(f"{MANIFEST} is not as this version writes it.") from error
    return manifest


def _check(table):
    _refuse_unless(isinstance(table.name, str) and isinstance(table.digest, str))
    numbers = [table.rows, *([] if table.last_id is None else [table.last_id])]
    for rows, lines, packed, digest in table.parts:
        numbers += [rows, lines, packed]
        _refuse_unless(isinstance(digest, str))
    _refuse_unless(all(isinstance(number, int) and 0 <= number < 2**63 for number in numbers))


def _refuse_unless(right):
    if not right:
        raise ValueError


def refuse_other_version(manifest):
    """Raise Unusable unless the tables of `manifest` are those of this version of the tracker."""
    here = newest_migrations()
    differing = sorted(app for app in here.keys() | manifest.migrations.keys() if here.get(app) != _of(manifest, app))
    if differing:
        told = "; ".join(
            f"{app} is at {_named(_of(manifest, app))} in the backup, at {_named(here.get(app))} here"
            for app in differing
        )
        hint = " An app of providers is there where OIDC_PROVIDERS is set." if "socialaccount" in differing else ""
        said = f"The backup was made by another version of the tracker ({told})."
        raise Unusable(f"{said} Restore it with the version that has those migrations, then update.{hint}")
    expected = [(model._meta.label, columns_of(model)) for model in saved_models()]
    if [(table.name, table.columns) for table in manifest.tables] != expected:
        raise Unusable("The tables in the manifest are not those of this version of the tracker.")


def _of(manifest, app):
    return manifest.migrations.get(app)


def _named(migrations):
    return ", ".join(migrations) if migrations else "no migration"


@cache
def newest_migrations():
    """Return `{app: the last migrations}` of this version of the tracker."""
    newest: dict = {}
    for app, name in sorted(MigrationExecutor(None).loader.graph.leaf_nodes()):
        newest.setdefault(app, []).append(name)
    return newest


def refuse_unmigrated():
    """Raise Unusable unless the database has the tables of this version."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unusable("The database does not have the tables of this version: run `manage.py migrate` first.")


def fingerprint():
    """Return what tells one SECRET_KEY from another."""
    return salted_hmac("issuetracker.backup", "which key", algorithm="sha256").hexdigest()[:16]
