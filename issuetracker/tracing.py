"""The name of each request: told in its answer, and in every line that is written down while it is answered."""

import logging
import re
import uuid
from contextvars import ContextVar

HEADER = "X-Request-ID"
# Nothing that could end a line or a header, and no more than a log can bear.
WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
OUTSIDE = "-"

# It stays until the thread begins its next request: a file that is streamed is read when all else is over.
_current: ContextVar[str] = ContextVar("request_id", default=OUTSIDE)


class RequestId:
    """Gives every request a name: the one it came with, if that is well formed, else a new one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`, and say its name in the answer."""
        name = name_of(request.META.get("HTTP_X_REQUEST_ID", ""))
        _current.set(name)
        response = self.get_response(request)
        response.headers[HEADER] = name
        return response


def name_of(sent):
    """Return what a request that came with the name `sent` is called."""
    return sent if WELL_FORMED.fullmatch(sent) else uuid.uuid4().hex


class Named(logging.Filter):
    """Adds the name of the request that is answered to log records; `-` where it is none."""

    def filter(self, record):
        """Return True."""
        record.request_id = _current.get()
        return True
