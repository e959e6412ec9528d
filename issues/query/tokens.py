"""Cutting the text of a query into parentheses, operators, and the pieces between them."""

import re
from dataclasses import dataclass

TERM = re.compile(r"([A-Za-z][A-Za-z-]*):")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BARE = re.compile(r'[^\s"(),]+')
FREE = re.compile(r'[^\s"()]+')
# Within a term a comma and a quoted value go on with it.
TERM_REST = re.compile(r'(?:[^\s"()]|"(?:[^"\\]|\\.)*")*', re.DOTALL)
ADDRESS = re.compile("https?://", re.IGNORECASE)
ADDRESS_REST = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")*', re.DOTALL)
# Before anything else a backslash is itself.
ESCAPE = re.compile(r'\\(["\\])')
OPERATORS = ("AND", "OR", "NOT", "|")


@dataclass(frozen=True)
class Token:
    """`kind` is one of ( ) - AND OR NOT word quoted term unclosed; `text` is what stands there."""

    kind: str
    text: str
    start: int

    @property
    def end(self):
        """The place after it."""
        return self.start + len(self.text)


def tokens(text):
    """Yield the Tokens of `text`; whatever it holds is part of one, but for the space between them."""
    at, size = 0, len(text)
    while at < size:
        character = text[at]
        if character.isspace():
            at += 1
            continue
        token = _token(text, at, character)
        yield token
        at = token.end


def _token(text, at, character):
    if character in "()":
        return Token(character, character, at)
    if character == "-" and at + 1 < len(text) and not text[at + 1].isspace() and text[at + 1] != ")":
        return Token("-", "-", at)
    if character == '"':
        match = QUOTED.match(text, at)
        return Token("quoted", match[0], at) if match else Token("unclosed", text[at:], at)
    if TERM.match(text, at):
        is_address = ADDRESS.match(text, at)
        piece = _enclosed(ADDRESS_REST.match(text, at)[0]) if is_address else TERM_REST.match(text, at)[0]
        rest = at + len(piece)
        if rest < len(text) and text[rest] == '"':
            return Token("unclosed", text[at:], at)
        return Token("term", piece, at)
    word = FREE.match(text, at)[0]
    return Token("OR" if word == "|" else word if word in OPERATORS else "word", word, at)


def _enclosed(piece):
    """Return `piece` up to the first parenthesis whose other one is not within it."""
    opened = []
    for at, character in enumerate(piece):
        if character == "(":
            opened.append(at)
        elif character == ")":
            if not opened:
                return piece[:at]
            opened.pop()
    return piece[: opened[0]] if opened else piece


def unquoted(text):
    """Return what a quoted text means."""
    return ESCAPE.sub(r"\1", text[1:-1])


def quoted(text):
    """Return `text` in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
