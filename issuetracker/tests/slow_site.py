"""A site that takes its time, and says which process has answered; and what serves it without much patience."""

import os
import time
from tempfile import TemporaryFile

from issuetracker.accepting import SharingWorker

# More than the system keeps for a client that takes nothing.
LARGE = 30_000_000


class HastyWorker(SharingWorker):
    """Waits for a second where the tracker waits for half a minute."""

    patience = 1


def application(environ, start_response):
    """Read all that comes, and answer with the number of the process; or with much, as one text or as a file."""
    environ["wsgi.input"].read()
    time.sleep(0.05)
    if environ["PATH_INFO"] == "/file":
        file = TemporaryFile()  # noqa: SIM115
        file.truncate(LARGE)
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return environ["wsgi.file_wrapper"](file)
    body = bytes(LARGE) if environ["PATH_INFO"] == "/text" else str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
