"""What could come next where somebody is typing: the piece of text that is being written, and what it may become."""

import re
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from issues.query.fields import (
    ALIASES,
    CHANGEABLE,
    DIRECTIVES,
    FIELDS,
    HISTORY,
    KEPT,
    SORTS,
    VOCABULARY,
    WHERE,
    Kind,
)
from issues.query.moments import is_point
from issues.query.printing import print_value
from issues.query.tokens import ADDRESS, QUOTED, TERM, TERM_REST, tokens, unquoted
from issues.query.tree import BEST_FIRST, Plain

# A quotation goes on to its end, or to where somebody is typing.
PIECE = re.compile(r'(?:[^\s"()]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# The address of a page is no term, whatever is in it.
WITHIN_ADDRESS = re.compile(r"(?<!\S)[-(]*https?://\S*\Z", re.IGNORECASE)
VALUE = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# How far what is being written goes on behind somebody who is in the midst of it.
NAME_REST = re.compile(r'[^\s"():]*:?')
PART_REST = re.compile(r"[A-Za-z-]*=?")
VALUE_REST = re.compile(r'[^\s"(),]*')
WHO_REST = re.compile(r'[^\s"(),:]*')
# A quotation is closed already where no other one is left open behind it.
QUOTED_REST = re.compile(r'(?:[^"\\]|\\.)*"(?=(?:[^"]|"(?:[^"\\]|\\.)*")*\Z)', re.DOTALL)
CHANGED = re.compile(
    r'(?P<name>[A-Za-z-]*)(?P<by>/by=(?:[^":,]*|"(?:[^"\\]|\\.)*(?:"|\\?\Z)))?(?P<at>:[^,.]*)?',
    re.IGNORECASE | re.DOTALL,
)
OPERATOR = re.compile(r">=|<=|>|<|=|")
MOMENTS = (">-7d", ">-2w", ">-1m", "today", "yesterday")
DAYS = ("<=today", "<=+3d", "<=+1w", "<=+1m")
SPANS = (">7d", ">30d", ">90d", ">1y")
NUMBERS = (">0", ">5", ">10")
FIXED = {Kind.MOMENT: MOMENTS, Kind.DAY: DAYS, Kind.SPAN: SPANS, Kind.NUMBER: NUMBERS}


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


@dataclass(frozen=True)
class _Value:
    """A value that is being written at `position` of `text`; `is_alone` says that there is no other beside it."""

    text: str
    start: int
    position: int
    end: int
    is_alone: bool

    @property
    def written(self):
        return self.text[self.start : self.position]

    def completing(self, words=(), field=""):
        return Completing(self.start, self.end, _offers(words, self.written), field, _meant(self.written))


def completing(text, position):
    """Return the Completing at `position` of `text`."""
    position = max(0, min(position, len(text)))
    piece = _last(PIECE, text[:position])
    written = piece.lstrip("-")
    if WITHIN_ADDRESS.search(text[:position]) or ADDRESS.match(text, position - len(written)):
        return Completing(position, position)
    name, colon, values = written.partition(":")
    name = ALIASES.get(name.lower(), name.lower())
    if not colon:
        return _name(text, position, piece)
    begin = position - len(values)
    if name in FIELDS:
        return _values(FIELDS[name], text, begin, position)
    if name in HISTORY or name in _directives(text, position, piece):
        return COMPLETING[name](text, begin, position)
    return Completing(position, position)


def _last(pattern, text):
    """Return the match of `pattern` that `text` ends with, or an empty text."""
    ends = [match[0] for match in pattern.finditer(text) if match.end() == len(text)]
    return ends[0] if ends else ""


def _name(text, position, piece):
    written = piece.lstrip("-")
    fields = {name: field.help for name, field in FIELDS.items()}
    named = {**fields, **_directives(text, position, piece), **HISTORY}
    offers = [Offer(f"{name}:", str(said), True) for name, said in named.items() if name.startswith(written.lower())]
    start, end = position - len(written), NAME_REST.match(text, position).end()
    # Of blocked-by the end is a name as well.
    is_named = written and text[start:end].removesuffix(":").lower() in VOCABULARY
    return Completing(start, end if is_named else _rest(NAME_REST, text, position), tuple(offers))


def _rest(pattern, text, position):
    """Return how far the `pattern` goes on from `position`: nowhere if there another term begins."""
    begins = position + 1 if text.startswith("-", position) else position
    term = TERM.match(text, begins)
    if ADDRESS.match(text, begins) or (term and term[1].lower() in VOCABULARY):
        return position
    return pattern.match(text, position).end()


def _directives(text, position, piece):
    """Return those of DIRECTIVES that may stand where `piece` is written: not within anything, and not twice."""
    before = list(tokens(text[: position - len(piece)]))
    after = list(tokens(text[_rest(TERM_REST, text, position) :]))
    nested = sum((token.kind == "(") - (token.kind == ")") for token in before)
    left, right = before[-1].kind if before else "", after[0].kind if after else ""
    if piece.startswith("-") or nested > 0 or left in ("NOT", "OR") or right == "OR":
        return {}
    said = {token.text.partition(":")[0].lower() for token in (*before, *after) if token.kind == "term"}
    return {name: help_text for name, help_text in DIRECTIVES.items() if name not in said}


def _value(text, begin, position, rest=VALUE_REST):
    """Return the _Value that is being written in the values from `begin` on."""
    written = _last(VALUE, text[begin:position])
    start, end = position - len(written), position
    # Behind a value a quotation is another term.
    if '"' in QUOTED.sub("", written) or not written:
        closed = (QUOTED_REST if written else QUOTED).match(text, position)
        end = closed.end() if closed else end
    end = _rest(rest, text, end)
    return _Value(text, start, position, end, start == begin and text[end : end + 1] != ",")


def _meant(written):
    """Return the beginning of a name that is written so."""
    if not written.startswith('"'):
        return written
    return unquoted(written if QUOTED.fullmatch(written) else f'{written}"')


def _offers(words, written):
    said = {"@me": _("yourself"), "@none": _("nothing"), "@any": _("anything")}
    return tuple(Offer(word, said.get(word, "")) for word in words if word.startswith(written.lower()))


def _values(field, text, begin, position):
    operator = OPERATOR.match(text, begin, position)[0]
    value = _value(text, begin + len(operator), position)
    is_comparison, is_range = operator not in ("", "="), field.is_compared and ".." in text[value.start : value.end]
    if is_comparison and (is_range or not field.is_compared or not value.is_alone):
        return value.completing()
    if is_comparison or is_range:
        return (_end_of_range(value) if is_range else value).completing(_compared(field))
    is_first = value.is_alone and not operator
    words = _bare(field) if field.words or not is_first else FIXED.get(field.kind, ())
    return value.completing((*words, *_specials(field)), _looked_up(field))


def _end_of_range(value):
    """Return that of the two ends of a range which is being written."""
    middle = value.text.index("..", value.start)
    if value.position <= middle:
        return replace(value, end=middle)
    return replace(value, start=middle + len(".."))


def _looked_up(field):
    return field.name if field.kind in (Kind.ROWS, Kind.PEOPLE) else ""


def _specials(field):
    return (("@me",) if field.kind is Kind.PEOPLE else ()) + (("@none", "@any") if field.empty else ())


def _bare(field):
    """Return the words to offer for a field where no operator may come: none of them has its own."""
    return tuple(dict.fromkeys(word.lstrip("<>=") for word in field.words or FIXED.get(field.kind, ())))


def _compared(field):
    """Return the words to offer for a field behind an operator."""
    return field.compared_words if field.ordered else _bare(field)


def _sort(text, begin, position):
    value = _value(text, begin, position)
    others = f"{text[begin : value.start]}{text[value.end : TERM_REST.match(text, value.end).end()]}".lower()
    used = {part.removesuffix("-asc").removesuffix("-desc") for part in others.split(",")}
    if BEST_FIRST.key in used:
        return value.completing()
    free = [key for key in SORTS if key not in used and key != BEST_FIRST.key]
    offered = [f"{key}-{direction}" for key in free for direction in ("desc", "asc")]
    return value.completing([*offered, f"{BEST_FIRST.key}-desc"] if value.is_alone else offered)


def _in(text, begin, position):
    value = _value(text, begin, position)
    return value.completing(WHERE if value.is_alone else ())


def _was(text, begin, position):
    name, equals, _written = text[begin:position].partition("=")
    if not equals:
        offers = [Offer(f"{one}=", open=True) for one in KEPT if one.startswith(name.lower())]
        return Completing(begin, _rest(PART_REST, text, position), tuple(offers))
    value = _value(text, begin + len(name) + 1, position)
    if name.lower() not in KEPT or not value.is_alone:
        return value.completing()
    field = FIELDS[name.lower()]
    # Of issues the past is asked by their keys alone.
    specials = _specials(field) if field.kind is not Kind.ISSUES else ()
    return value.completing((*_bare(field), *specials), _looked_up(field))


def _changed(text, begin, position):
    match = CHANGED.fullmatch(text, begin, position)
    if match is None:
        return Completing(position, position)
    if match["at"] is not None:
        return _values(FIELDS["created"], text, match.start("at") + 1, position)
    if match["by"] is not None:
        return _value(text, match.start("by") + len("/by="), position, WHO_REST).completing(("@me",), "assignee")
    value = _value(text, begin, position, PART_REST)
    name, _colon, point = TERM_REST.match(text, position)[0].partition(":")
    # What would be a term by itself is the rest of this one where it says when.
    end = position + len(name) if is_point(point.lstrip("<>=")) else value.end
    return replace(value, end=end).completing(CHANGEABLE)


def _by(text, begin, position):
    value = _value(text, begin, position)
    return value.completing(("@me",), "assignee") if value.is_alone else value.completing()


COMPLETING = {"sort": _sort, "in": _in, "was": _was, "changed": _changed, "by": _by}


def as_value(name, reserved=()):
    """Return a name as it is written as a value: in quotes where it has to be, as where it is a `reserved` word."""
    return print_value(Plain(name), reserved)
