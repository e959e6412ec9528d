"""Plain parameters of an address: each is a term of the language (`?label=x` is `label:x`)."""

from issues.query.errors import QueryError
from issues.query.fields import FIELDS
from issues.query.parsing import parse, unsearchable
from issues.query.terms import TermReader
from issues.query.tree import Query

# Those that may be given several times, each of them to hold.
REPEATABLE = tuple(field.name for field in FIELDS.values() if field.many)


def read_parameter(name, text):
    """Return the Term that the parameter `name` with the value `text` is. Raises QueryError."""
    problem = unsearchable(text)
    if problem:
        raise QueryError([problem], Query())
    problems: list = []
    term = TermReader(f"{name}:{text.strip()}", 0, problems).term(FIELDS[name])
    if problems:
        raise QueryError(problems, Query(term))
    return term


def read_sort(text):
    """Return the Sorts that the parameter `sort` asks for. Raises QueryError."""
    word = "".join(text.split())
    return parse(f"sort:{word}").sort if word else ()
