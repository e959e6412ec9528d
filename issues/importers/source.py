"""What readers yield, whatever the source, and how they read a file that nobody vouches for."""

import gzip
import json
import re
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from accounts.models import NAME_LIMIT as USER_NAME_LIMIT
from issues.importers.words import BUG, CLOSED, OPEN
from issues.models import TITLE_LIMIT
from issues.services.records import IMPORT_LIMIT
from products.models import CONTROLS, UNSTORABLE, is_visible

MEBIBYTE = 1024 * 1024
LINE_LIMIT = 16 * MEBIBYTE
NAME_LIMIT = 100
NUMBER_LIMIT = 10**12
UNTITLED = "(no title)"
# What an issue has where its source says nothing.
BLANK = {
    "description": "",
    "type": BUG,
    "priority": 0,
    "severity": 0,
    "component": None,
    "version": None,
    "milestone": None,
    "assignee": None,
    "labels": (),
    "confidential": False,
}
# What an unknown word is taken for, where that is not simply the default.
MEANINGS = {
    "resolution": "fixed where the issue is closed",
    "state_reason": "fixed where the issue is closed",
    "priority": "none",
    "severity": "unset",
}
NOT_IN_USER_NAMES = re.compile(r"[^\w.@+\-\[\]]")


class SourceError(Exception):
    """The file is not what it should be; `place` says where, the text why."""

    def __init__(self, place, reason):
        super().__init__(f"{place}: {reason}")


@dataclass(slots=True)
class SourceComment:
    """A comment; `who` is a user name, or None where nobody knows."""

    at: datetime
    who: str | None
    body: str
    internal: bool = False


@dataclass(slots=True)
class Step:
    """What one person changed at one moment: `{field: (before, after)}` in the values of `SourceIssue.fields`."""

    at: datetime
    who: str | None
    changes: dict


@dataclass(slots=True)
class SourceIssue:
    """An issue as its source has it, in our words.

    `fields` are those of an issue as they stand at the end: `status` is "open", "started" or "closed", people are
    user names, component, milestone and version are names, labels a tuple of names. `steps` are what led there.
    `ref` is the source's own id, `duplicate_of` the ref of another. `watchers` are user names. `parts` are facts on
    labels and milestones, `{("label", name): {"colour": …}}`.
    """

    place: str
    ref: str
    number: int
    product: str | None
    fields: dict
    author: str | None
    created_at: datetime | None
    updated_at: datetime | None = None
    comments: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    duplicate_of: str | None = None
    watchers: list = field(default_factory=list)
    parts: dict = field(default_factory=dict)


class Report:
    """What a reader left out or had to guess, counted by reason in the words of the summary."""

    def __init__(self):
        self.left_out = Counter()
        self.changed = Counter()
        self.unknown = Counter()


class Reader:
    """The ways in which every reader takes single values from its source, telling `report` of what it changes."""

    def __init__(self, report):
        self.report = report
        self._user_names: dict[str, str | None] = {}
        # The same few names stand in most records.
        self._names: dict[str, str | None] = {}
        self._labels: dict[str, str] = {}
        self._last_moment: tuple[Any, datetime | None] = (None, None)

    def text(self, value, place):
        """Return a text that can be stored. Raises SourceError where it is none, or above 1 MiB."""
        value = self._string(value, place)
        found = UNSTORABLE.findall(value)
        if found:
            self.report.changed["characters that no database can keep, replaced"] += len(found)
            value = UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        if len(value.encode()) > IMPORT_LIMIT:
            raise SourceError(place, "a text of more than 1 MiB")
        return value

    def line(self, value, place):
        """Return a text on one line, which is empty where nothing of it can be seen. Raises SourceError."""
        return visible(CONTROLS.sub(" ", self.text(value, place)).strip())

    def title(self, value, place):
        """Return a title on one line, at most 500 characters; where there is none, one that says so."""
        line = self.line(value, place)
        if len(line) > TITLE_LIMIT:
            self.report.changed["titles longer than 500 characters, cut"] += 1
            line = visible(line[:TITLE_LIMIT])
        return line or UNTITLED

    def name(self, value, place):
        """Return the name of a product, component, label, milestone or version, or None. Raises SourceError."""
        if isinstance(value, str) and value in self._names:
            return self._names[value]
        line = self.line(value, place)
        if len(line) > NAME_LIMIT:
            raise SourceError(place, f"a name of more than {NAME_LIMIT} characters")
        self._names[value] = line or None
        return line or None

    def label(self, value, place):
        """Return the name of a label, or None; names that differ by case alone are one, spelled as the first."""
        name = self.name(value, place)
        return name and self._labels.setdefault(name.lower(), name)

    def facts(self, label, place):
        """Return what is told of a label beside its name, without what is not told."""
        colour, description = self.text(label.get("color"), place), self.line(label.get("description"), place)
        return {key: value for key, value in (("colour", colour), ("description", description)) if value}

    def person(self, value, place):
        """Return a user name: the login, or what stands before the @ of an address, which is not kept."""
        value = self._string(value, place)
        if value not in self._user_names:
            self._user_names[value] = self._user_name(value.strip())
        return self._user_names[value]

    def _user_name(self, value):
        role_address = value.startswith("inbox-") and "@" in value
        if role_address:
            return None
        login = value.lstrip("@").partition("@")[0]
        name = NOT_IN_USER_NAMES.sub("-", login)[:USER_NAME_LIMIT]
        self.report.changed["user names that none may have here, mended"] += name != login
        return name or None

    def moment(self, value, place):
        """Return an aware datetime in UTC, or None for null. Raises SourceError."""
        if value is None:
            return None
        # What one person changes at once has one time.
        last, found = self._last_moment
        if value == last:
            return found
        try:
            found = parse_datetime(self._string(value, place))
        except ValueError:
            found = None
        if found is None:
            raise SourceError(place, f"{value!r:.60} is no date and time")
        try:
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except OverflowError:
            raise SourceError(place, f"{value!r:.60} is no date and time") from None
        if not MINYEAR < found.year < MAXYEAR:
            # Those years end within the day in some time zone, where pages could not show it.
            raise SourceError(place, f"{value!r:.60} is no date and time")
        self._last_moment = value, found
        return found

    def number(self, value, place):
        """Return the number that ends an id. Raises SourceError where there is none."""
        text = str(value)
        found = re.search(r"\d+\Z", text, re.ASCII) if len(text) <= NAME_LIMIT else None
        negative = isinstance(value, int) and value < 0
        if not found or negative or not 0 < int(found.group()) < NUMBER_LIMIT:
            raise SourceError(place, f"the id {value!r:.60} does not end in a number from 1 up")
        return int(found.group())

    def word(self, field, table, value, default):
        """Return what `value` means by `table`; a word that is not there is counted, and means `default`."""
        if value is None or value == "":
            return default
        known = table.get(str(value).lower())
        if known is None:
            meaning = MEANINGS.get(field, default)
            self.report.unknown[f"{field} {str(value)[:60]!r}, taken as {meaning}"] += 1
            return default
        return known

    def comments(self, told, created):
        """Return the SourceComments of `told`, which yields `(place, at, who, body, internal)` as the source has them.

        What has no text or no date is counted, and left out; none is older than its issue, `created` then.
        """
        found = []
        for place, at, who, body, internal in told:
            at, body = self.moment(at, place), self.text(body, place)
            if at is None or not body.strip():
                self.report.left_out["comments without a text or a date"] += 1
            else:
                found.append(SourceComment(max(at, created or at), self.person(who, place), body, internal))
        return found

    def truth(self, value, place):
        """Return whether `value` is true, null being false. Raises SourceError where it is neither."""
        if value not in (None, False, True):
            raise SourceError(place, f"{value!r:.60} is neither true nor false")
        return bool(value)

    def close(self, issue, at, who=None):
        """Give a closed `issue`, none of whose Steps closed it, the one that did so `at` that time, if known."""
        told = [step.changes["status"] for step in issue.steps if "status" in step.changes]
        untold = not any(before != after == CLOSED for before, after in told)
        if issue.fields["status"] == CLOSED and at is not None and untold:
            changes = {"status": (OPEN, CLOSED), "resolution": ("", issue.fields["resolution"])}
            issue.steps.append(Step(max(at, issue.created_at or at), who, changes))

    def listed(self, value, place):
        """Return a list, or an empty one for null. Raises SourceError."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise SourceError(place, "here must be a list")
        return value

    def object(self, value, place):
        """Return a dict, or an empty one for null. Raises SourceError."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise SourceError(place, "here must be an object")
        return value

    def _string(self, value, place):
        if value is None:
            return ""
        if not isinstance(value, str):
            raise SourceError(place, f"{value!r:.60} is no text")
        return value


def visible(line):
    """Return `line`, or an empty one where nothing of it can be seen: no name and no title here."""
    return line if line.isascii() or any(map(is_visible, line)) else ""


def shown(value):
    """Return the beginning of any `value` of the file, fit for a terminal."""
    text = str(value)[:40]
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


@contextmanager
def opened(path, limit):
    """Open a file, unpacked where it is gzip, for reading bytes, at most `limit` of them. Raises SourceError."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield _Bounded(gzip.GzipFile(fileobj=file) if packed else file, path.name, limit)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(path.name, f"cannot be unpacked: {error}") from error
    except OSError as error:
        raise SourceError(path.name, error.strerror or str(error)) from error


class _Bounded:
    """Reads from a file until a limit, so that a small archive cannot unpack without end."""

    def __init__(self, file, name, limit):
        self.file, self.name, self.limit, self.left = file, name, limit, limit

    def read(self):
        """Return all of it."""
        return self._counted(self.file.read(self.left + 1), self.name)

    def lines(self):
        """Yield `(place, line)` for each line that is not blank."""
        number = 0
        while line := self.file.readline(min(LINE_LIMIT, self.left) + 1):
            number += 1
            place = f"line {number}"
            if len(line) > LINE_LIMIT:
                raise SourceError(place, f"longer than {LINE_LIMIT // MEBIBYTE} MiB")
            self._counted(line, place)
            if line.strip():
                yield place, line

    def _counted(self, data, place):
        self.left -= len(data)
        if self.left < 0:
            raise SourceError(place, f"more than {self.limit // MEBIBYTE} MiB when unpacked; see --max-size")
        return data


def parsed(data: bytes, place: str) -> Any:
    """Return what JSON says. Raises SourceError with line and column."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceError(place, f"is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise SourceError(place, f"is not JSON: {error}") from error
    except RecursionError as error:
        raise SourceError(place, "is nested too deeply") from error
    except ValueError as error:  # A number of thousands of digits.
        raise SourceError(place, f"cannot be read: {error}") from error
