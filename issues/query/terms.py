"""Reading one term: the values after `field:`, and the questions to the log."""

import re
from difflib import get_close_matches

from django.utils.translation import gettext as _

from issues.query import moments
from issues.query.errors import Problem
from issues.query.fields import ALIASES, CHANGEABLE, FIELDS, KEPT, Kind
from issues.query.tokens import BARE, QUOTED, quoted, unquoted
from issues.query.tree import By, Changed, Place, Plain, Range, Special, Term, Was

OPERATOR = re.compile(r">=|<=|>|<|=|")
PIECE = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")*', re.DOTALL)
NUMBER = re.compile(r"\d{1,9}")
KEY = re.compile(r"([A-Za-z][A-Za-z0-9]{1,9})-([1-9][0-9]{0,17})")
PART = re.compile(r"[A-Za-z-]*")
SUGGESTED = 8


class Wrong(Exception):
    """A value that cannot be; the arguments are those of a Problem but for its place."""

    def __init__(self, code, message, suggestions=(), place=None):
        super().__init__(code)
        self.code, self.message, self.suggestions, self.place = code, message, tuple(suggestions), place


class TermReader:
    """Reads a term that stands at `start` of the query; what is wrong is added to `problems`."""

    def __init__(self, text, start, problems):
        self.text, self.start, self.problems = text, start, problems
        self.place = Place(start, len(text))
        self.at = text.index(":") + 1

    def term(self, field):
        """Return the Term for `field`, or None where nothing of it is valid."""
        operator = self._operator()
        pieces = self._pieces()
        if self.at != len(self.text):
            self._note(Wrong("value", _("Put the whole value into quotation marks.")), self.place)
            return None
        values = [value for value in (self._checked(field, operator, *piece) for piece in pieces) if value]
        if operator and len(pieces) > 1:
            self._note(Wrong("operator", _("A comparison takes one value.")), self.place)
            return None
        return Term(field.name, operator, tuple(values), self.place) if values else None

    def history(self, name):
        """Return the Was, Changed or By that is asked for, or None."""
        try:
            return getattr(self, f"_{name}")()
        except Wrong as wrong:
            self._note(wrong, wrong.place or self.place)
            return None

    def _note(self, wrong, place):
        self.problems.append(Problem(wrong.code, place.start, place.length, wrong.message, wrong.suggestions))

    def _operator(self):
        found = OPERATOR.match(self.text, self.at)[0]
        self.at += len(found)
        return "" if found == "=" else found

    def _pieces(self):
        """Return `(text, whether it was quoted, place)` of each value."""
        pieces = []
        while True:
            pieces.append(self._piece())
            if self.at >= len(self.text) or self.text[self.at] != ",":
                return pieces
            self.at += 1

    def _piece(self):
        begin = self.at
        match = QUOTED.match(self.text, begin)
        if match and (match.end() == len(self.text) or self.text[match.end()] == ","):
            self.at = match.end()
            return unquoted(match[0]), True, Place(self.start + begin, len(match[0]))
        match = PIECE.match(self.text, begin)
        self.at = match.end()
        return match[0], False, Place(self.start + begin, len(match[0]))

    def _checked(self, field, operator, text, was_quoted, place):
        try:
            return value_of(field, operator, text, was_quoted, place)
        except Wrong as wrong:
            self._note(wrong, self.place if wrong.code in ("operator", "missing") else place)
            return None

    def _was(self):
        field = self._part(KEPT)
        if not self._takes("="):
            message = _("Say which value it was: was:%(field)s=value.") % {"field": field.name}
            raise Wrong("missing", message)
        text, was_quoted, place = self._piece()
        self._end()
        if _is_range(field, text, was_quoted):
            raise Wrong("value", _("Name one value here."), (), place)
        try:
            value = value_of(field, "", text, was_quoted, place)
        except Wrong as wrong:
            # A value that is missing is offered with its field, which stands before the place here.
            offered = [one.removeprefix(f"{field.name}:") for one in wrong.suggestions]
            raise Wrong(wrong.code, wrong.message, offered, place) from wrong
        return Was(field.name, value, self.place)

    def _changed(self):
        field, by, operator, point = self._part(CHANGEABLE), None, "", None
        if self._takes("/"):
            if self.text[self.at : self.at + 3].lower() != "by=":
                raise Wrong("value", _("Say who changed it: changed:%(field)s/by=@me.") % {"field": field.name})
            self.at += 3
            by = self._who(r'"(?:[^"\\]|\\.)*"|[^",:]*')
        if self._takes(":"):
            operator = self._operator()
            begin, point = self.at, self.text[self.at :]
            self.at = len(self.text)
            if not moments.is_point(point):
                raise Wrong("value", _not_a_point(), (), Place(self.start + begin, len(point)))
            point = point.lower()
        self._end()
        return Changed(field.name, by, operator, point, self.place)

    def _by(self):
        who = self._who(r'"(?:[^"\\]|\\.)*"|[^",]*')
        self._end()
        return By(who, self.place)

    def _part(self, names):
        """Read the name of a field that the log can be asked for."""
        begin = self.at
        name = PART.match(self.text, begin)[0]
        self.at += len(name)
        name = ALIASES.get(name.lower(), name.lower())
        if name not in names:
            message = _("The history can be asked for: %(names)s.") % {"names": ", ".join(names)}
            close = [f"{self.text[:begin]}{one}{self.text[self.at :]}" for one in get_close_matches(name, names, 3)]
            raise Wrong("unknown_field", message, close)
        return FIELDS[name]

    def _who(self, pattern):
        begin = self.at
        text = re.compile(pattern, re.DOTALL).match(self.text, begin)[0]
        self.at += len(text)
        place = Place(self.start + begin, len(text))
        if text.startswith('"'):
            return Plain(unquoted(text), place)
        if not text:
            raise Wrong("missing", _("Name a person by the user name, or @me."))
        if text.lower() == "@me":
            return Special("me", place)
        return _person(text, place)

    def _takes(self, character):
        if self.text[self.at : self.at + 1] != character:
            return False
        self.at += 1
        return True

    def _end(self):
        if self.at != len(self.text):
            place = Place(self.start + self.at, len(self.text) - self.at)
            raise Wrong("value", _("This is too much here."), (), place)


def value_of(field, operator, text, was_quoted=False, place=None):
    """Return the value that `text` means for `field`. Raises Wrong."""
    place = place or Place(0, len(text))
    if operator and not field.is_compared:
        message = _("%(name)s has no order: it takes values, and no comparison.") % {"name": field.name}
        raise Wrong("operator", message)
    if not text:
        suggestions = [f"{field.name}:{operator}{word}" for word in field.words[:SUGGESTED]]
        raise Wrong("missing", _("Give a value for %(name)s.") % {"name": field.name}, suggestions)
    if not was_quoted and '"' in text:
        raise Wrong("value", _("Put the whole value into quotation marks."), (quoted(text.replace('"', "")),))
    if not was_quoted and text.startswith("@") and not text.lower().startswith("@today"):
        return _special(field, operator, text, place)
    if not was_quoted and text.lower() in field.reserved:
        return Special(text.lower(), place)
    if _is_range(field, text, was_quoted):
        return _range(field, operator, text, place)
    if field.kind is Kind.TEXT:
        # In quotes a star means no other ending, and is nothing to search for.
        text = text.rstrip("*") if was_quoted else _with_star(text)
    return Plain(_end(field, text) if operator else _single(field, text), place)


def _is_range(field, text, was_quoted):
    return ".." in text and field.is_compared and not was_quoted


def _with_star(text):
    """Return words as they are, without quotes. Raises Wrong for a star that does not end a single word."""
    if "*" in text[:-1] or (text.endswith("*") and text[0] in "<>=*"):
        raise Wrong("wildcard", star_misplaced(), (quoted(text),))
    if text.endswith("*") and not BARE.fullmatch(text):
        # Only a parameter can hold that: in a query it could not be written down.
        raise Wrong("wildcard", _("A star means any ending of one word: give each word by itself."), (quoted(text),))
    return text


def _special(field, operator, text, place):
    name = text[1:].lower()
    allowed = (["me"] if field.kind is Kind.PEOPLE else []) + (["none", "any"] if field.empty else [])
    if name not in allowed or operator:
        if field.kind is Kind.PEOPLE and not operator and text[1:]:
            raise Wrong("value", _("Name a person without the @."), (text[1:],))
        suggestions = [f"@{one}" for one in allowed] if not operator else ()
        raise Wrong("value", _("%(name)s does not take “%(value)s”.") % _named(field, text), suggestions)
    return Special(name, place)


def _range(field, operator, text, place):
    low, _dots, high = text.partition("..")
    if operator:
        raise Wrong("operator", _("Give either a comparison or a range."))
    ends = [None if end in ("", "*") else _end(field, end) for end in (low, high)]
    if ends == [None, None]:
        raise Wrong("value", _("Give one end of the range at least."))
    return Range(*ends, place)


def _end(field, text):
    """Return one value that others are compared with. Raises Wrong."""
    value = _single(field, text)
    if field.ordered and value not in field.compared_words:
        message = _("%(name)s is compared with: %(words)s.")
        message %= {"name": field.name, "words": ", ".join(field.compared_words)}
        raise Wrong("operator", message, [f"{field.name}:{value}"])
    return value


def _single(field, text):
    """Return one value in its canonical form. Raises Wrong."""
    return SINGLES.get(field.kind, _name)(field, text)


def _word(field, text):
    text = text.lower()
    text = ALIASES.get(text, text) if field.kind is Kind.FIELDS else text
    if text not in field.words:
        raise Wrong("unknown", _("There is no “%(name)s:%(value)s”.") % _named(field, text), _offered(field, text))
    return text


def _name(field, text):
    if not text.strip():
        raise Wrong("missing", _("Give a value for %(name)s.") % {"name": field.name})
    return text.upper() if field.name == "product" else text


def _person(text, place):
    if text.startswith("@") and not text.lower().startswith("@today"):
        raise Wrong("value", _("Name a person without the @."), (), place)
    return Plain(text, place)


def _key(field, text):
    match = KEY.fullmatch(text)
    if match is None:
        raise Wrong("unknown", _("Name an issue by its key, such as WEB-142."))
    return text.upper()


def _number(field, text):
    if not NUMBER.fullmatch(text) or not text.isascii():
        raise Wrong("value", _("%(name)s takes a whole number.") % {"name": field.name})
    return str(int(text))


def _point(field, text):
    if not moments.is_point(text) or not text.isascii():
        raise Wrong("value", _not_a_point())
    return text.lower()


def _duration(field, text):
    if not moments.is_duration(text) or not text.isascii():
        raise Wrong("value", _("%(name)s takes a duration, such as 12h, 30d, 2w, 6m or 1y.") % {"name": field.name})
    return text.lower()


def _words(field, text):
    if not any(character.isalnum() for character in text):
        raise Wrong("empty", nothing_to_search())
    return text


SINGLES = {
    Kind.WORDS: _word,
    Kind.FIELDS: _word,
    Kind.ISSUES: _key,
    Kind.NUMBER: _number,
    Kind.MOMENT: _point,
    Kind.DAY: _point,
    Kind.SPAN: _duration,
    Kind.TEXT: _words,
}


def nothing_to_search():
    """Return what is said of a text without a letter and without a digit."""
    return _("There is no letter and no digit to search for in this.")


def star_misplaced():
    """Return what is said of a star that is not at the end of a word."""
    return _("A star stands at the end of a word only: it means any ending.")


def _not_a_point():
    return _("Give a time, such as 2026-06, 2026-06-15, -2w, today or @today-3d.")


def _named(field, value):
    return {"name": field.name, "value": value}


def _offered(field, text):
    close = get_close_matches(text, field.words, 3, 0.5) if text else ()
    return close or field.words[:SUGGESTED]
