"""What could come next where somebody is typing: the piece of text that is being written, and what it may become."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from issues.query.fields import ALIASES, DIRECTIVES, FIELDS, HISTORY, KEPT, SORTS, WHERE, Kind
from issues.query.printing import print_value
from issues.query.tree import Plain

PIECE = re.compile(r'(?:[^\s"()]|"(?:[^"\\]|\\.)*"?)*$', re.DOTALL)
OPERATOR = re.compile(r">=|<=|>|<|=|")
MOMENTS = (">-7d", ">-2w", ">-1m", "today", "yesterday")
DAYS = ("<=today", "<=+3d", "<=+1w", "<=+1m")
SPANS = (">7d", ">30d", ">90d", ">1y")
NUMBERS = (">0", ">5", ">10")


@dataclass(frozen=True)
class Offer:
    """A completion: `text` replaces what is being written, `said` explains it; `open` says that more is to come."""

    text: str
    said: str = ""
    open: bool = False


@dataclass(frozen=True)
class Completing:
    """Where somebody is typing: `text` from `start` to `end` is what an offer replaces.

    `offers` are those that need no look-up; `field` names what rows to look up that begin with `beginning`, if any.
    """

    start: int
    end: int
    offers: tuple = ()
    field: str = ""
    beginning: str = ""


def completing(text, position):
    """Return the Completing at `position` of `text`."""
    position = max(0, min(position, len(text)))
    piece = PIECE.search(text, 0, position)[0]
    start = position - len(piece)
    stripped = piece.lstrip("-")
    start += len(piece) - len(stripped)
    name, colon, values = stripped.partition(":")
    name = ALIASES.get(name.lower(), name.lower())
    if not colon:
        return Completing(start, position, tuple(_fields(stripped)))
    if name in DIRECTIVES or name in HISTORY:
        begin = start + len(stripped) - len(values.rpartition(",")[2])
        words = {"sort": _sorts(), "in": WHERE, "was": [f"{one}=" for one in KEPT], "changed": tuple(KEPT)}
        people = "assignee" if name == "by" else ""
        return _beginning(begin, position, words.get(name, ()), text[begin:position], people)
    if name not in FIELDS:
        return Completing(position, position)
    last = values.rpartition(",")[2]
    last = last[len(OPERATOR.match(last)[0]) :]
    return _values(FIELDS[name], position - len(last), position, last)


def _fields(beginning):
    wanted = beginning.lower()
    named = {**{name: field.help for name, field in FIELDS.items()}, **DIRECTIVES, **HISTORY}
    return [Offer(f"{name}:", str(said), True) for name, said in named.items() if name.startswith(wanted)]


def _sorts():
    return [f"{key}-{direction}" for key in SORTS for direction in ("desc", "asc")]


def _beginning(start, end, words, written, field=""):
    offers = tuple(Offer(word) for word in words if word.startswith(written.lower()))
    return Completing(start, end, offers, field, written.strip('"'))


def _values(field, start, end, written):
    fixed = {Kind.MOMENT: MOMENTS, Kind.DAY: DAYS, Kind.SPAN: SPANS, Kind.NUMBER: NUMBERS}
    words = list(fixed.get(field.kind, field.words))
    if field.kind is Kind.PEOPLE:
        words.append("@me")
    if field.empty:
        words += ["@none", "@any"]
    said = {"@me": _("yourself"), "@none": _("nothing"), "@any": _("anything")}
    offers = tuple(Offer(word, said.get(word, "")) for word in words if word.startswith(written.lower()))
    looked_up = field.name if field.kind in (Kind.ROWS, Kind.PEOPLE) else ""
    return Completing(start, end, offers, looked_up, written.strip('"'))


def as_value(name):
    """Return a name as it is written as a value: in quotes where it has to be."""
    return print_value(Plain(name))
