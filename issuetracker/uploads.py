"""How the files of a form come in: to disk, and none of them further than a file may be large."""

import errno
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

# What is read of one form at the most, as so many files of the greatest size.
FILES = 10


def is_too_much(length):
    """Return whether a body of that `length` is more than any form may send."""
    return length > FILES * settings.ATTACHMENT_LIMIT + settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class BoundedUploads(TemporaryFileUploadHandler):
    """Keeps each file on disk up to ATTACHMENT_LIMIT; what comes beyond that is read and forgotten.

    So whoever sent it can be told what was wrong, where a connection that is cut off says nothing. The size of such a
    file is what was sent.
    """

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803
        """Refuse what would take too long to read. Raises BadRequest."""
        if is_too_much(content_length):
            raise BadRequest(_("Too much at once: send fewer files, or smaller ones."))

    def receive_data_chunk(self, raw_data, start):
        """Keep a piece of the file that comes in."""
        if start + len(raw_data) <= settings.ATTACHMENT_LIMIT:
            self.file.write(raw_data)


class Entire:
    """A body of which as much comes as was announced, or an error: what breaks off is no shorter text.

    Django asks for no more than is still to come, and takes what it gets for all of it.
    """

    def __init__(self, stream):
        self.stream = stream

    def read(self, size):
        """Return `size` bytes. Raises ConnectionResetError."""
        return self._all(self.stream.read(size), size)

    def readline(self, size):
        """Return a line, of `size` bytes at most. Raises ConnectionResetError."""
        line = self.stream.readline(size)
        return line if line.endswith(b"\n") else self._all(line, size)

    def _all(self, piece, size):
        if len(piece) < size:
            raise ConnectionResetError(errno.ECONNRESET, "The body ended before its length.")
        return piece


def entire(application):
    """Return the WSGI application that takes no body which breaks off for a whole one."""

    def answer(environ, start_response):
        environ["wsgi.input"] = Entire(environ["wsgi.input"])
        return application(environ, start_response)

    return answer


@contextmanager
def whole(request):
    """Read the body of `request` within: where that breaks off, what has come in of its files goes at once.

    Django would leave it on the disk, which may be full of it, until memory is looked through. Raises BadRequest where
    the client breaks it off: that is no fault of ours.
    """
    try:
        yield
    except Exception as error:
        for handler in request.upload_handlers:
            if hasattr(handler, "file"):
                with suppress(OSError):
                    handler.file.close()
        if isinstance(error, UnreadablePostError):
            raise BadRequest(_("It broke off on its way.")) from None
        raise
