"""The file that a backup becomes: there whole, or not at all."""

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from issuetracker.backup.errors import Unusable


@contextmanager
def target(path, *, force):
    """Give an open file, which is at `path` when the block is through; in the place of another one only by `force`.

    "-" is the standard output. Raises Unusable where it cannot be written.
    """
    if path == "-":
        if sys.stdout.isatty():
            raise Unusable("A backup is not for a terminal to show: send it on, or name a file.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with _put_when_whole(Path(path), force=force) as file:
            yield file
    except OSError as error:
        raise Unusable(f"{error.filename or path} cannot be written: {error.strerror}.") from error


@contextmanager
def _put_when_whole(path, *, force):
    if path.exists() and not force:
        raise Unusable(f"{path} is there already: --force replaces it.")
    # Nobody else may read what such a file is created with.
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        draft = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _put(draft, path, force=force)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()


def _put(draft, path, *, force):
    if not force:
        try:
            # Unlike a change of names, this replaces nothing that has come meanwhile.
            os.link(draft, path)
        except FileExistsError as error:
            raise Unusable(f"{path} is there already: --force replaces it.") from error
        except OSError:
            # Some file systems have no second names.
            draft.replace(path)
    else:
        draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
