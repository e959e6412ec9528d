"""Keeps the attached files of a snapshot on disk until they are copied, also those that are purged meanwhile."""

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

from issues.files import store
from issuetracker.backup.errors import Unusable


class Held:
    """Second names of files in a `folder` of their own: with the first name gone, the content stays."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.missing = set()

    def hold(self, tokens):
        """Hold the files `tokens`; those that are not there are `missing`."""
        for token in tokens:
            try:
                os.link(store.path_of(token), self.folder / token)
            except FileNotFoundError:
                self.missing.add(token)
            except OSError:
                # Some file systems have no second names: then the first must last.
                if not store.path_of(token).exists():
                    self.missing.add(token)

    def open(self, token):
        """Open a file that is held. Raises FileNotFoundError where it could not be, and has been purged since."""
        with suppress(FileNotFoundError):
            return (self.folder / token).open("rb")
        return store.path_of(token).open("rb")


@contextmanager
def holding():
    """Give a Held, whose names are gone afterwards. Raises Unusable while another backup is being made."""
    home = settings.ATTACHMENTS_DIR / "held"
    home.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(home, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable("Another backup is being made.") from error
        # Of one that was killed.
        for left in home.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        folder = mkdtemp(dir=home)
        try:
            yield Held(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
