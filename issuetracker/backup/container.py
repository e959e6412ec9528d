"""A tar of which every byte follows from what is in it: whatever was altered, cut off or added shows.

Any `tar` reads it. Python's own library reads more kinds of members than are wanted here, overlooks padding, and takes
what follows the end for nothing.
"""

import os
from typing import NamedTuple

from issuetracker.backup.errors import Unusable

BLOCK = 512
PIECE = 1024 * 1024
END = bytes(2 * BLOCK)
# The size has eleven digits in base eight.
MOST = 8**11 - 1
NAME, SIZE = slice(0, 100), slice(124, 136)


class Member(NamedTuple):
    """Something in a tar: its name, and where its content lies."""

    name: str
    offset: int
    size: int


def header(name, size):
    """Return the block that stands before a file of `size` bytes, which nobody but its owner may read."""
    if size > MOST:
        raise Unusable(f"{name} is too large for an archive.")
    fields = [
        name.encode("ascii").ljust(100, b"\0"),
        b"0000600\0" + b"0000000\0" * 2,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        b"0".ljust(101, b"\0"),
        b"ustar\x0000".ljust(72, b"\0"),
        b"0000000\0" * 2,
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padding(size):
    """Return what follows a content of `size` bytes up to the next block."""
    return bytes(-size % BLOCK)


class Writer:
    """Writes members one after another into a file that need not be able to go back."""

    def __init__(self, file):
        self.file = file

    def add(self, name, size, pieces):
        """Write a member of exactly `size` bytes, which come as `pieces`. Raises Unusable where they are others."""
        self.file.write(header(name, size))
        written = 0
        for piece in pieces:
            written += len(piece)
            self.file.write(piece)
        if written != size:
            raise Unusable(f"{name} has changed while it was read.")
        self.file.write(padding(size))

    def add_content(self, name, content):
        """Write a member that is in memory."""
        self.add(name, len(content), [content])

    def end(self):
        """Write what ends a tar."""
        self.file.write(END)


class Reader:
    """Reads an open `file` that Writer has written."""

    def __init__(self, file):
        self.file = file
        self.size = file.seek(0, os.SEEK_END)

    def members(self):
        """Yield the Members in their order, without reading them. Raises Unusable where Writer has not written them."""
        place = 0
        while True:
            block = self._block(place)
            if block == END[:BLOCK]:
                break
            member = self._member(block, place)
            place = member.offset + member.size
            self._expect(place, padding(member.size))
            yield member
            place += len(padding(member.size))
        self._expect(place, END)
        if place + len(END) != self.size:
            raise Unusable("Something follows the end of the archive.")

    def _member(self, block, place):
        name, size = block[NAME].rstrip(b"\0"), block[SIZE].rstrip(b"\0")
        if not name or not name.isascii() or not size.isdigit() or set(size) - set(b"01234567"):
            raise Unusable(f"This is no backup, or it is damaged at byte {place:,}.")
        member = Member(name.decode(), place + BLOCK, int(size, 8))
        if block != header(member.name, member.size):
            raise Unusable(f"This is no backup, or it is damaged at byte {place:,}.")
        if member.offset + member.size > self.size:
            raise Unusable(f"The archive is cut off within {member.name}.")
        return member

    def _block(self, place):
        self.file.seek(place)
        block = self.file.read(BLOCK)
        if len(block) < BLOCK:
            raise Unusable(f"The archive is cut off: its end is missing, after {self.size:,} bytes.")
        return block

    def _expect(self, place, wanted):
        self.file.seek(place)
        found = self.file.read(len(wanted))
        if len(found) < len(wanted):
            raise Unusable(f"The archive is cut off: its end is missing, after {self.size:,} bytes.")
        if found != wanted:
            raise Unusable(f"The archive is damaged near byte {place:,}.")

    def pieces(self, member):
        """Yield the content of `member`, a piece at a time."""
        place, end = member.offset, member.offset + member.size
        while place < end:
            # Others read elsewhere in the file between two pieces.
            self.file.seek(place)
            piece = self.file.read(min(PIECE, end - place))
            if not piece:
                raise Unusable(f"The archive is cut off within {member.name}.")
            place += len(piece)
            yield piece

    def content(self, member, most):
        """Return the content of `member` at once. Raises Unusable where it is longer than `most`."""
        if member.size > most:
            raise Unusable(f"{member.name} is larger than any backup has it.")
        return b"".join(self.pieces(member))
