"""What the server writes down: one line a record, as text or as JSON, and no secret in any."""

import json
import logging
import re
import time

LONGEST_PART = 20
# What a record may carry beside its message.
EXTRAS = ("request_id", "method", "path", "status", "milliseconds")
# As gunicorn begins.
UNREADABLE = "Invalid request"
LINE = "{asctime} {levelname} {name}: {message}"


def discreet(path):
    """Return `path` without its query and without what may be a secret in it: whatever is long enough to be one."""
    parts = re.split(r"[?#\s]", path, maxsplit=1)[0].split("/")
    return "/".join("…" if len(part) > LONGEST_PART else part for part in parts)


def in_a_line(told):
    """Return what `told`, a text or an error, says, with blanks in the place of the ends of its lines."""
    return " ".join(str(told).split())


class Discreet(logging.Filter):
    """Lets records pass, the paths in them being `discreet`: links that reset a password are secrets."""

    def filter(self, record):
        """Return True."""
        if isinstance(record.msg, str) and record.msg.startswith(UNREADABLE):
            # What follows are the bytes that could not be read, whatever is in them.
            record.msg = record.msg.partition(": ")[0]
        if isinstance(record.args, tuple):
            record.args = tuple(
                discreet(one) if isinstance(one, str) and one.startswith("/") else one for one in record.args
            )
        return True


class Line(logging.Formatter):
    """Lines for people, with the id of the request where one is known."""

    converter = time.gmtime

    def __init__(self):
        super().__init__(LINE, style="{")

    def formatMessage(self, record):  # noqa: N802
        """Return the line, without its traceback."""
        line = super().formatMessage(record)
        request = getattr(record, "request_id", None)
        return f"{line} [{request}]" if request else line


class JSONLines(logging.Formatter):
    """Lines for programs: an object each."""

    converter = time.gmtime

    def format(self, record):
        """Return the line."""
        told = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in EXTRAS if getattr(record, name, None) is not None}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)
