"""An archive that is not as it was written is refused, with the reason, before anything is done."""

import hashlib
import io

import orjson
import pytest

from issues.models import Attachment
from issuetracker.backup import lines, manifest
from issuetracker.backup.checking import Archive
from issuetracker.backup.container import BLOCK, END, Reader, Writer, header
from issuetracker.backup.errors import Unusable
from issuetracker.backup.manifest import FILES, FIRST, MANIFEST, SEAL, Files, Manifest, Table
from issuetracker.backup.saving import listed
from issuetracker.backup.tables import columns_of, saved_models

TOKEN = "0123456789abcdef" * 2
CONTENT = b"what was attached"
ATTACHMENTS = Attachment._meta.label


class Made:
    """An archive that no database was asked for: empty tables, and an attached file with its row."""

    def __init__(self):
        self.tables = {model._meta.label: Table(model._meta.label, columns_of(model)) for model in saved_models()}
        for table in self.tables.values():
            table.digest = hashlib.sha256().hexdigest()
        self.members = {FIRST: manifest.first_member()}
        self.row = dict.fromkeys(columns_of(Attachment))
        self.row |= {"id": 1, "token": TOKEN, "size": len(CONTENT), "digest": hashlib.sha256(CONTENT).hexdigest()}
        self.files = {TOKEN: CONTENT}
        self.told = {"format": 1, "migrations": dict(manifest.newest_migrations())}
        self.write_rows([self.row])

    def write_rows(self, rows):
        """Let these be the rows of attachments."""
        text = b"".join(orjson.dumps(list(row.values())) + b"\n" for row in rows)
        table, packed = self.tables[ATTACHMENTS], lines.pack(text)
        table.rows, table.digest = len(rows), hashlib.sha256(text).hexdigest()
        table.parts = [[len(rows), len(text), len(packed), hashlib.sha256(packed).hexdigest()]]
        self.members[table.part_names()[0]] = packed

    def manifest(self):
        """Return the content of its manifest."""
        digest = hashlib.sha256(
            b"".join(listed(token, len(one), hashlib.sha256(one).hexdigest()) for token, one in self.files.items())
        )
        files = Files(len(self.files), sum(map(len, self.files.values())), digest.hexdigest())
        told = {"made_at": "", "database": "sqlite", "key": "", "tables": list(self.tables.values()), "files": files}
        return Manifest(**(told | self.told)).written()

    def written(self, **members):
        """Return all of it; `members` come in the place of those of these names, in their order."""
        told = self.manifest()
        files = {FILES + token: content for token, content in self.files.items()}
        out = io.BytesIO()
        writer = Writer(out)
        for name, content in (self.members | files | {MANIFEST: told, SEAL: manifest.seal(told)} | members).items():
            if content is not None:
                writer.add_content(name, content)
        writer.end()
        return out.getvalue()


@pytest.fixture
def made():
    """An archive to damage."""
    return Made()


def check(content):
    """Read the archive in `content` through."""
    Archive(Reader(io.BytesIO(content))).check(str)


def refuse(content, reason):
    """Check that the archive in `content` is refused for the `reason`."""
    with pytest.raises(Unusable, match=reason):
        check(content)


def test_what_was_written_is_taken(made):
    check(made.written())


def test_a_byte_that_is_another_is_noticed_wherever_it_is(made, long):
    content = made.written()
    for place in range(0, len(content), 1 if long else 37):
        for bit in (0x01, 0x80) if long else (0x01,):
            other = bytearray(content)
            other[place] ^= bit
            with pytest.raises(Unusable):
                check(bytes(other))


def test_a_cut_is_noticed_wherever_it_is(made, long):
    content = made.written()
    for length in range(0, len(content), 1 if long else 101):
        with pytest.raises(Unusable):
            check(content[:length])
    refuse(content[:-1], "is cut off: its end is missing")
    refuse(content + b"\0", "Something follows the end")


PART = "tables/issues.attachment/000001.jsonl.gz"
REFUSED = {
    "a table is missing": ({PART: None}, "000001.jsonl.gz is missing in the archive"),
    "a file is missing": ({FILES + TOKEN: None}, "0 attached files are in the archive, and the manifest tells of 1"),
    "no manifest": ({MANIFEST: None}, "has no manifest with its seal"),
    "no seal": ({SEAL: None}, "has no manifest with its seal"),
    "another manifest": ({MANIFEST: b"{}"}, "manifest.json is damaged"),
    "no first member": ({FIRST: None}, "This is no backup of an issue tracker"),
    "a first member of something else": ({FIRST: b"[]"}, "This is no backup of an issue tracker"),
    "a newer format": (
        {FIRST: b'{"issue tracker backup": 2}'},
        "has the format 2, and this version of the tracker reads 1: restore it with the version that made it",
    ),
    "other rows": ({PART: lines.pack(b"[]\n")}, "000001.jsonl.gz is damaged"),
    "another file": ({FILES + TOKEN: CONTENT[::-1]}, f"{TOKEN} is damaged"),
    "a longer file": ({FILES + TOKEN: CONTENT + b"!"}, f"{TOKEN} is not as long as its row says"),
    "something after the manifest": ({"tables/issues.issue/000009.jsonl.gz": b""}, "has no place after the manifest"),
}


@pytest.mark.parametrize(("members", "reason"), REFUSED.values(), ids=REFUSED)
def test_other_members_are_refused(made, members, reason):
    refuse(made.written(**members), reason)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tables/issues.issue/000001.jsonl.gz", "and the manifest tells nothing of it"),
        ("tables/issues.attachment/000002.jsonl.gz", "and the manifest tells nothing of it"),
        ("../../etc/passwd", "is not where it belongs"),
        ("/etc/passwd", "is not where it belongs"),
        ("files/../../secret_key", "is not where it belongs"),
        ("notes.txt", "is not where it belongs"),
    ],
)
def test_a_member_that_nobody_told_of_is_refused(made, name, reason):
    made.members[name] = b""
    refuse(made.written(), reason)


def test_a_file_that_no_row_names_is_refused(made):
    made.files["f" * 32] = b"more"
    refuse(made.written(), "not those that the manifest tells of")


def test_a_row_whose_file_is_another_is_refused(made):
    made.files = {"f" * 32: CONTENT}
    refuse(made.written(), f"is where files/{TOKEN} should be")


@pytest.mark.parametrize("token", ["../../../../etc/passwd", "", "0" * 33, "0" * 31 + "\n"])
def test_a_row_that_leads_elsewhere_on_disk_is_refused(made, token):
    made.write_rows([made.row | {"token": token}])
    refuse(made.written(), "names an attached file by what is no name of one")


def test_counts_that_are_not_right_are_refused(made):
    made.tables[ATTACHMENTS].rows = 2
    refuse(made.written(), r"issues\.Attachment has 1 rows, and the manifest tells of 2")


def test_rows_that_are_not_those_of_the_table_are_refused(made):
    made.tables[ATTACHMENTS].digest = "0" * 64
    refuse(made.written(), r"issues\.Attachment is not what the manifest says")


@pytest.mark.parametrize(
    ("migrations", "reason"),
    [
        ({"issues": ["0099_later"]}, r"issues is at 0099_later in the backup, at \S+ here.*the version that has those"),
        ({"issues": None}, "issues is at no migration in the backup"),
        ({"socialaccount": None}, "OIDC_PROVIDERS"),
        ({"extra": ["0001_initial"]}, "extra is at 0001_initial in the backup, at no migration here"),
    ],
)
def test_another_version_is_refused_and_named(made, migrations, reason):
    told = made.told["migrations"] | migrations
    made.told["migrations"] = {app: names for app, names in told.items() if names}
    refuse(made.written(), reason)


def test_other_tables_than_those_of_this_version_are_refused(made):
    made.tables["issues.Vote"].columns = ["id"]
    refuse(made.written(), "The tables in the manifest are not those")


@pytest.mark.parametrize(
    "told", [{}, {"tables": []}, {"tables": [{"name": 1}], "files": {}}, [], {"format": 1, "other": 2}]
)
def test_a_manifest_of_another_shape_is_refused(made, told):
    told = orjson.dumps(told)
    refuse(made.written(**{MANIFEST: told, SEAL: manifest.seal(told)}), "not as this version writes it")


@pytest.mark.parametrize("number", [-1, "1", 2**63, None, 1.5])
def test_numbers_in_a_manifest_are_such(made, number):
    made.tables[ATTACHMENTS].parts[0][1] = number
    refuse(made.written(), "not as this version writes it|is not as long as|damaged")


def test_what_unpacks_to_more_than_is_told_is_not_unpacked(made):
    bomb = lines.pack(bytes(50_000_000))
    made.tables[ATTACHMENTS].parts = [[1, 1000, len(bomb), hashlib.sha256(bomb).hexdigest()]]
    refuse(made.written(**{PART: bomb}), "not as long as the manifest says")
    made.tables[ATTACHMENTS].parts[0][1] = 2**40
    refuse(made.written(**{PART: bomb}), "larger than any backup has it")


@pytest.mark.parametrize("packed", [b"", b"no gzip at all", lines.pack(b"[]\n")[:-1], lines.pack(b"[]\n") + b"!"])
def test_what_cannot_be_unpacked_is_refused(packed):
    with pytest.raises(Unusable):
        lines.unpack(packed, 3)


@pytest.mark.parametrize("line", [b"{}", b"[1]", b"[", b"7"])
def test_a_row_that_is_none_is_refused(line):
    with pytest.raises(Unusable, match=r"A row of issues\.Attachment cannot be read"):
        list(lines.values(Attachment, line + b"\n"))


@pytest.mark.parametrize("kind", [b"1", b"2", b"5", b"L"])
def test_links_and_folders_are_refused(made, kind):
    block = bytearray(header("files/" + TOKEN, 0))
    block[156:157] = kind
    refuse(bytes(block) + END, "This is no backup, or it is damaged at byte 0")


def test_other_files_are_no_backups():
    for content in (b"", b"SQLite format 3\0" * 100, b"\x1f\x8b" + bytes(2 * BLOCK), bytes(4 * BLOCK), END):
        with pytest.raises(Unusable):
            check(content)
