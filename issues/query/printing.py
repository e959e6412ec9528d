"""Writing a query down: what is printed means the same when it is read again."""

import re

from issues.query.fields import FIELDS
from issues.query.tokens import BARE, OPERATORS, TERM, quoted
from issues.query.tree import And, By, Changed, Not, Or, Range, Ref, Special, Term, Text, Was

WORD = re.compile(r'[^\s"(),\\*#-][^\s"(),\\*]*')
REF = re.compile(r"#?[1-9][0-9]{0,17}|[A-Za-z][A-Za-z0-9]{1,9}-[1-9][0-9]{0,17}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def to_text(query):
    """Return the canonical text of a Query: equal for queries that mean the same in the same order."""
    parts = [print_node(query.tree)] if query.tree is not None else []
    if query.where:
        parts.append(f"in:{query.where}")
    if query.sort:
        keys = (f"{one.key}-{'desc' if one.descending else 'asc'}" for one in query.sort)
        parts.append(f"sort:{','.join(keys)}")
    return " ".join(parts)


def print_node(node):
    """Return a node as text, with parentheses wherever AND and OR mix."""
    if isinstance(node, (And, Or)):
        between = " " if isinstance(node, And) else " OR "
        return between.join(_within(one) for one in node.nodes)
    if isinstance(node, Not):
        return f"-{_within(node.node)}"
    return PRINTERS[type(node)](node)


def _within(node):
    text = print_node(node)
    return f"({text})" if isinstance(node, (And, Or)) else text


def depth(node):
    """Return how deep the parentheses of the printed `node` stand in one another."""
    if isinstance(node, Not):
        return depth(node.node) + isinstance(node.node, (And, Or))
    if isinstance(node, (And, Or)):
        return max(depth(one) + isinstance(one, (And, Or)) for one in node.nodes)
    return 0


def print_value(value, reserved=()):
    """Return a value of a term as text. Names that are one of the `reserved` words of its field are in quotes."""
    if isinstance(value, Special):
        return value.name if value.name in reserved else f"@{value.name}"
    if isinstance(value, Range):
        return f"{value.low or '*'}..{value.high or '*'}"
    text = value.text
    # A star at the end means any ending where it is not in quotes, and anywhere else it has to be in them.
    plain = (text.endswith("*") or ("\\" not in text and ".." not in text)) and text.lower() not in reserved
    safe = BARE.fullmatch(text) and plain and "*" not in text[:-1] and text[0] not in "<>="
    return text if safe and (text[0] != "@" or text.startswith("@today")) else quoted(text)


def _term(term):
    reserved = FIELDS[term.name].reserved
    return f"{term.name}:{term.operator}{','.join(print_value(value, reserved) for value in term.values)}"


def _changed(changed):
    by = f"/by={_who(changed.by)}" if changed.by else ""
    point = f":{changed.operator}{changed.point}" if changed.point else ""
    return f"changed:{changed.name}{by}{point}"


def _who(value):
    text = print_value(value)
    # Behind a colon comes the time.
    return quoted(text) if ":" in text and not text.startswith('"') else text


def print_words(node):
    """Return a Text, in quotes where its words alone would mean something else."""
    if node.prefix:
        return f"{node.text}*"
    means = node.text in OPERATORS or TERM.match(node.text) or REF.fullmatch(node.text) or node.text == "|"
    return quoted(node.text) if means or not WORD.fullmatch(node.text) else node.text


PRINTERS = {
    Term: _term,
    Was: lambda was: f"was:{was.name}={print_value(was.value)}",
    Changed: _changed,
    By: lambda by: f"by:{print_value(by.who)}",
    Text: print_words,
    Ref: lambda ref: ref.key if ref.product else f"#{ref.number}",
}
