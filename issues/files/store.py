"""Files on disk, under names that nobody can guess and no sender has chosen."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import NamedTuple

from django.conf import settings

PIECE = 64 * 1024


class Written(NamedTuple):
    """What was written: the name on disk, the size, and a digest of the content."""

    token: str
    size: int
    digest: str


def path_of(token):
    """Return where the file `token` is."""
    return settings.ATTACHMENTS_DIR / token[:2] / token


def _incoming():
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def draft():
    """Return an open file without a name, which is gone when it is closed."""
    return TemporaryFile(dir=_incoming())


def pieces(file):
    """Yield the content of an open `file`, a piece at a time."""
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def write(content, token=None):
    """Write the pieces of `content` to disk, for good before this returns. Return what was Written.

    A restored file has its `token`, a new one gets one. What breaks off leaves nothing. Raises OSError.
    """
    token, digest = token or secrets.token_hex(16), hashlib.sha256()
    with NamedTemporaryFile(dir=_incoming(), delete=False) as file:
        try:
            for piece in content:
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            _put(Path(file.name), path_of(token))
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
        return Written(token, file.tell(), digest.hexdigest())


def _put(draft, place):
    place.parent.mkdir(mode=0o700, exist_ok=True)
    draft.replace(place)
    # The names are content of the folders, which are kept only when they are on disk, too.
    for folder in (place.parent, place.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(tokens):
    """Remove the files `tokens`; those that are gone already are no matter."""
    for token in tokens:
        path_of(token).unlink(missing_ok=True)


def walk():
    """Yield `(token, when it was written)` of every file, a folder's files as one list."""
    for folder in sorted(settings.ATTACHMENTS_DIR.glob("[0-9a-f][0-9a-f]")):
        yield _times(folder)


def _times(folder):
    found = []
    for file in os.scandir(folder):
        # It may be removed meanwhile.
        with suppress(FileNotFoundError):
            found.append((file.name, file.stat().st_mtime))
    return found


def _orphans():
    folder = settings.ATTACHMENTS_DIR / "orphans"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def orphans():
    """Return `{token: since when}` of the files that `note_orphans` was last called with."""
    return dict(_times(_orphans()))


def note_orphans(tokens, at):
    """Note that nothing names the files `tokens`, a set, and no others: since `at` those that were not noted before.

    An empty file stands for each, beside the files: so every database that is used with them finds what others noted.
    """
    folder, noted = _orphans(), orphans().keys()
    for token in noted - tokens:
        (folder / token).unlink(missing_ok=True)
    for token in tokens - noted:
        (folder / token).touch(mode=0o600)
        os.utime(folder / token, (at, at))


def forget_drafts(before):
    """Remove what has been coming in since `before`, a time in seconds: whoever sent it has gone."""
    for file in os.scandir(_incoming()):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < before:
                Path(file.path).unlink()
