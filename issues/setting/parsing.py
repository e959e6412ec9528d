"""Reading words that set fields, such as `p high a @me l "needs design" -l ui`. Knows no models."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _

from issues.query.tokens import quoted, unquoted

CHARACTERS = 300
# The field of an issue by the letters that stand for it; its whole name does, too.
LETTERS = {
    "p": "priority",
    "sp": "severity",
    "s": "status",
    "a": "assignee",
    "l": "labels",
    "c": "component",
    "m": "milestone",
    "v": "version",
    "t": "type",
    "d": "due_on",
}
NAMES = {**LETTERS, **{name: name for name in LETTERS.values()}, "label": "labels", "due": "due_on"}
PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|"|[^\s"]+', re.DOTALL)
PLAIN = re.compile(r'[^\s"]+')


@dataclass(frozen=True)
class Word:
    """A piece of the text: what it means without its quotes, and where it stands in code points."""

    text: str
    position: int
    length: int

    @property
    def is_chosen(self):
        """Whether it stands in no text, but was chosen as a whole."""
        return self.position < 0


@dataclass(frozen=True)
class Setting:
    """One field and the word for its value; `removed` says that the label is to go."""

    field: str
    value: Word
    removed: bool = False


@dataclass(frozen=True)
class Problem:
    """What is wrong with one word; `suggestions` are texts to put in its place; `field` lacks a value or has a bad one.

    `code` says whether it is that nothing is called so, or that it is forbidden.
    """

    word: Word
    message: str
    suggestions: tuple = ()
    field: str = ""
    code: str = "unknown"

    def as_dict(self):
        """Return it as the palette is told."""
        place = {"position": self.word.position, "length": self.word.length}
        return {**place, "word": self.word.text, "message": self.message, "suggestions": list(self.suggestions)}


class WordsError(ValueError):
    """Words that cannot be followed: `problems` says why, `settings` is what is right in them."""

    def __init__(self, problems, settings=()):
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems, self.settings = list(problems), tuple(settings)


def parse(text):
    """Return the Settings that `text` asks for, in its order. Raises WordsError, and nothing else."""
    settings, problems, at = [], [], 0
    words = list(_words(text, problems))
    is_cut = bool(problems)
    while at < len(words):
        name = words[at]
        removed = name.text.startswith("-")
        field = NAMES.get(name.text.removeprefix("-").lower())
        if field is None:
            problems.append(_unknown(name))
        elif removed and field != "labels":
            problems.append(Problem(name, _("Only labels are taken away; say “none” to empty a field.")))
        elif at + 1 == len(words):
            # Where a quote is not closed, its text is the value.
            message = _("“%(word)s” needs a value.") % {"word": name.text}
            problems += [] if is_cut else [Problem(_after(name), message, field=field)]
        elif field != "labels" and any(one.field == field for one in settings):
            problems.append(Problem(name, _("“%(word)s” is there twice.") % {"word": name.text}))
        else:
            settings.append(Setting(field, words[at + 1], removed))
        # What follows a word that is no field is its value where it is none either.
        at += 1 if field is None and at + 1 < len(words) and words[at + 1].text.lower() in NAMES else 2
    if problems:
        raise WordsError(problems, settings)
    return tuple(settings)


def written(text):
    """Return `text` as a value is written: in quotes where it has to be."""
    return text if PLAIN.fullmatch(text) else quoted(text)


def _words(text, problems):
    for match in PIECE.finditer(text[:CHARACTERS]):
        piece, place = match[0], (match.start(), len(match[0]))
        if piece == '"':
            rest = text[match.start() : CHARACTERS]
            problems.append(Problem(Word(rest, match.start(), len(rest)), _("A quote is not closed.")))
            return
        yield Word(unquoted(piece) if piece.startswith('"') else piece, *place)


def _after(word):
    return Word("", word.position + word.length, 0)


def _unknown(word):
    removed, plain = word.text.startswith("-"), word.text.removeprefix("-").lower()
    close = ["l"] if removed else get_close_matches(plain, NAMES, 3, 0.6)
    known = ", ".join(LETTERS)
    message = _("There is no field “%(word)s”: there are %(known)s.") % {"word": word.text, "known": known}
    return Problem(word, message, tuple("-l" if removed else one for one in close))
