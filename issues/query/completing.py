"""What could come next where somebody is typing: the piece of text that is being written, and what it may become."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from issues.query.fields import ALIASES, CHANGEABLE, DIRECTIVES, FIELDS, HISTORY, KEPT, SORTS, WHERE, Kind
from issues.query.printing import print_value
from issues.query.tokens import QUOTED
from issues.query.tree import BEST_FIRST, Plain

# A quotation goes on to its end, or to where somebody is typing.
PIECE = re.compile(r'(?:[^\s"()]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# The address of a page is no term, whatever is in it.
WITHIN_ADDRESS = re.compile(r"(?<!\S)[-(]*https?://\S*\Z", re.IGNORECASE)
VALUE = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# How far what is being written goes on behind somebody who is in the midst of it.
NAME_REST = re.compile(r'[^\s"():]*:?')
PART_REST = re.compile(r"[A-Za-z-]*=?")
VALUE_REST = re.compile(r'(?:[^\s"(),]|"(?:[^"\\]|\\.)*")*', re.DOTALL)
# A quotation is closed already where no other one is left open behind it.
QUOTED_REST = re.compile(r'(?:[^"\\]|\\.)*"(?=(?:[^"]|"(?:[^"\\]|\\.)*")*\Z)', re.DOTALL)
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
    """Where somebody is typing: `text` from `start` to `end` is what an offer replaces; it may go on behind them.

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
    if WITHIN_ADDRESS.search(text[:position]):
        return Completing(position, position)
    piece = _last(PIECE, text[:position])
    start = position - len(piece)
    stripped = piece.lstrip("-")
    start += len(piece) - len(stripped)
    name, colon, values = stripped.partition(":")
    name = ALIASES.get(name.lower(), name.lower())
    if not colon:
        return Completing(start, NAME_REST.match(text, position).end(), tuple(_fields(stripped)))
    if name in DIRECTIVES or name in HISTORY:
        begin = position - len(_last(VALUE, values))
        was = [f"{one}=" for one in KEPT]
        words = {"sort": _sorts(values), "in": WHERE, "was": was, "changed": tuple(CHANGEABLE), "by": ("@me",)}
        people = "assignee" if name == "by" else ""
        written = text[begin:position]
        end = _end(text, position, written, PART_REST if name in ("was", "changed") else VALUE_REST)
        return _beginning(begin, end, words.get(name, ()), written, people)
    if name not in FIELDS:
        return Completing(position, position)
    last = _last(VALUE, values)
    operator = OPERATOR.match(last)[0]
    last = last[len(operator) :]
    return _values(FIELDS[name], operator, position - len(last), _end(text, position, last), last)


def _last(pattern, text):
    """Return the match of `pattern` that `text` ends with, or an empty text."""
    ends = [match[0] for match in pattern.finditer(text) if match.end() == len(text)]
    return ends[0] if ends else ""


def _end(text, position, written, rest=VALUE_REST):
    """Return where the value ends of which `written` stands before `position`."""
    is_quoted = '"' in QUOTED.sub("", written)
    closed = QUOTED_REST.match(text, position) if is_quoted else None
    return rest.match(text, closed.end() if closed else position).end()


def _fields(beginning):
    wanted = beginning.lower()
    named = {**{name: field.help for name, field in FIELDS.items()}, **DIRECTIVES, **HISTORY}
    return [Offer(f"{name}:", str(said), True) for name, said in named.items() if name.startswith(wanted)]


def _sorts(written):
    offered = [f"{key}-{direction}" for key in SORTS if key != BEST_FIRST.key for direction in ("desc", "asc")]
    return offered if "," in written else [*offered, f"{BEST_FIRST.key}-desc"]


def _beginning(start, end, words, written, field=""):
    return Completing(start, end, _offers(words, written), field, written.strip('"'))


def _offers(words, written):
    said = {"@me": _("yourself"), "@none": _("nothing"), "@any": _("anything")}
    return tuple(Offer(word, said.get(word, "")) for word in words if word.startswith(written.lower()))


def _values(field, operator, start, end, written):
    is_comparison = operator not in ("", "=")
    if is_comparison and not field.is_compared:
        return Completing(start, end)
    words = list(field.compared_words) if is_comparison and field.ordered else _words(field, operator)
    if field.kind is Kind.PEOPLE:
        words.append("@me")
    if field.empty and not is_comparison:
        words += ["@none", "@any"]
    looked_up = field.name if field.kind in (Kind.ROWS, Kind.PEOPLE) else ""
    return Completing(start, end, _offers(words, written), looked_up, written.strip('"'))


def _words(field, operator):
    """Return the words to offer for a field; behind an operator they have none of their own."""
    fixed = {Kind.MOMENT: MOMENTS, Kind.DAY: DAYS, Kind.SPAN: SPANS, Kind.NUMBER: NUMBERS}
    words = fixed.get(field.kind, field.words)
    return list(dict.fromkeys(word.lstrip("<>=") for word in words) if operator else words)


def as_value(name):
    """Return a name as it is written as a value: in quotes where it has to be."""
    return print_value(Plain(name))
