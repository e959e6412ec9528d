"""Reading an archive through: all of it is as it was written, before anything is done with it."""

import hashlib
import re
import shutil
import sys
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import NamedTuple

from django.apps import apps
from django.conf import settings

from issues.models import Attachment
from issuetracker.backup import lines, manifest
from issuetracker.backup.container import Member, Reader
from issuetracker.backup.errors import Unusable
from issuetracker.backup.manifest import FILES, FIRST, MANIFEST, SEAL
from issuetracker.backup.saving import listed
from issuetracker.backup.tables import columns_of

SMALL = 4096
# What any backup has; nothing else is asked for on disk by its name.
TOKEN = re.compile(r"[0-9a-f]{32}")
PART_NAME = re.compile(r"tables/[a-z_.]+/[0-9]{6,}\.jsonl\.gz")
MANIFEST_MOST = 64 * 1024 * 1024


class File(NamedTuple):
    """An attached file, as its row tells of it."""

    token: str
    size: int
    digest: str


@contextmanager
def opened(path):
    """Give the Archive in the file `path`, the frame of which is right; "-" is the input. Raises Unusable."""
    if str(path) == "-":
        # It is read more than once, which an input cannot be.
        with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
            yield Archive(Reader(file))
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield Archive(Reader(file))


class Archive:
    """An archive that has a first member, a manifest with its seal, and no members but those that this one tells of."""

    def __init__(self, reader):
        self.reader = reader
        self.parts: dict[str, Member] = {}
        # Files are many: only where the first is, and how many follow, is kept.
        self.files_at, self.file_count, last = 0, 0, {}
        for place, member in enumerate(reader.members()):
            if place == 0:
                self._begin(member)
            elif member.name in (MANIFEST, SEAL) and member.name not in last:
                last[member.name] = member
            elif last:
                raise Unusable(f"{member.name} has no place after the manifest.")
            elif member.name.startswith(FILES) and TOKEN.fullmatch(member.name.removeprefix(FILES)):
                self.file_count += 1
                self.files_at = self.files_at or place
            elif self.file_count or member.name in self.parts or not PART_NAME.fullmatch(member.name):
                raise Unusable(f"{member.name} is not where it belongs in the archive.")
            else:
                self.parts[member.name] = member
        if list(last) != [MANIFEST, SEAL]:
            raise Unusable("The archive has no manifest with its seal.")
        content = reader.content(last[MANIFEST], MANIFEST_MOST)
        if reader.content(last[SEAL], SMALL) != manifest.seal(content):
            raise Unusable(f"{MANIFEST} is damaged: it is not what {SEAL} says.")
        self.manifest = manifest.read(content)
        self._compare()

    def _begin(self, member):
        if member.name != FIRST:
            raise Unusable("This is no backup of an issue tracker.")
        manifest.read_format(self.reader.content(member, SMALL))

    def _compare(self):
        """Raise Unusable where the manifest tells of other members than there are."""
        told = [name for table in self.manifest.tables for name in table.part_names()]
        missing = [name for name in told if name not in self.parts]
        if missing:
            raise Unusable(f"{missing[0]} is missing in the archive.")
        added = self.parts.keys() - set(told)
        if added:
            raise Unusable(f"{min(added)} is in the archive, and the manifest tells nothing of it.")
        if self.file_count != self.manifest.files.count:
            said = f"{self.file_count:,} attached files are in the archive"
            raise Unusable(f"{said}, and the manifest tells of {self.manifest.files.count:,}.")

    def check(self, say):
        """Read everything, and compare it with the manifest; `say(text)` is told how far it is. Raises Unusable."""
        manifest.refuse_other_version(self.manifest)
        for table in self.manifest.tables:
            self._check_table(table)
        say(f"  {len(self.manifest.tables)} tables are as the manifest says.")
        digest, size = hashlib.sha256(), 0
        for file, member in self.files():
            content = hashlib.sha256()
            for piece in self.reader.pieces(member):
                content.update(piece)
            if content.hexdigest() != file.digest:
                raise Unusable(f"{member.name} is damaged.")
            digest.update(listed(*file))
            size += file.size
        if digest.hexdigest() != self.manifest.files.digest or size != self.manifest.files.bytes:
            raise Unusable("The attached files are not those that the manifest tells of.")
        say(f"  {self.file_count:,} attached files are, too.")

    def _check_table(self, table):
        digest, rows = hashlib.sha256(), 0
        for name, (_rows, size, packed_size, packed_digest) in zip(table.part_names(), table.parts, strict=True):
            packed = self.reader.content(self.parts[name], lines.PART_MOST)
            if len(packed) != packed_size or hashlib.sha256(packed).hexdigest() != packed_digest:
                raise Unusable(f"{name} is damaged.")
            text = lines.unpack(packed, size)
            digest.update(lines.in_order(apps.get_model(table.name), text))
            rows += text.count(b"\n")
        if rows != table.rows:
            raise Unusable(f"{table.name} has {rows:,} rows, and the manifest tells of {table.rows:,}.")
        if digest.hexdigest() != table.digest:
            raise Unusable(f"{table.name} is not what the manifest says.")

    def lines_of(self, table):
        """Yield the lines of `table`, a part at a time."""
        for name, (_rows, size, _packed, _digest) in zip(table.part_names(), table.parts, strict=True):
            yield lines.unpack(self.reader.content(self.parts[name], lines.PART_MOST), size)

    def files(self):
        """Yield `(File, Member)` of the attached files. Raises Unusable where they are not those that the rows name."""
        members = iter(self.reader.members())
        for _place in range(self.files_at):
            next(members)
        for file in self._named_files():
            member = next(members)
            if member.name != FILES + file.token:
                raise Unusable(f"{member.name} is where {FILES}{file.token} should be in the archive.")
            if member.size != file.size:
                raise Unusable(f"{member.name} is not as long as its row says.")
            yield file, member

    def _named_files(self):
        """Yield the Files that rows in the archive name, and that are not lacking."""
        table = next(table for table in self.manifest.tables if table.name == Attachment._meta.label)
        token, size, digest = (columns_of(Attachment).index(name) for name in ("token", "size", "digest"))
        lacking = set(self.manifest.files.lacking)
        for text in self.lines_of(table):
            for row in lines.values(Attachment, text):
                if not TOKEN.fullmatch(str(row[token])):
                    raise Unusable("A row names an attached file by what is no name of one.")
                if row[digest] and row[token] not in lacking:
                    yield File(row[token], row[size], row[digest])
