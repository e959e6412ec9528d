"""What was read and checked, kept in a nameless file until it is loaded: the source is read and understood once."""

import pickle
import tempfile
import weakref

# Written together: what many issues share, such as names, is written once.
TOGETHER = 250


class Spool:
    """Objects of ours, in their order, in constant memory. Take them back by `for one in spool`, as often as needed."""

    def __init__(self):
        # Closed as soon as nobody needs this any more.
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self.file.close)
        self.waiting = []

    def add(self, one):
        """Keep `one`."""
        self.waiting.append(one)
        if len(self.waiting) == TOGETHER:
            self._write()

    def _write(self):
        pickle.dump(self.waiting, self.file, pickle.HIGHEST_PROTOCOL)
        self.waiting = []

    def __iter__(self):
        if self.waiting:
            self._write()
        size = self.file.tell()
        self.file.seek(0)
        while self.file.tell() < size:
            # Nobody else can have written there.
            yield from pickle.load(self.file)  # noqa: S301
