"""What a query means: small frozen trees. Places in the text are kept beside the meaning and never compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Place:
    """Where something stands in the text, in code points."""

    start: int = 0
    length: int = 0

    @property
    def end(self):
        """The place after it."""
        return self.start + self.length


NOWHERE = Place()


@dataclass(frozen=True)
class Plain:
    """A value as it is written."""

    text: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Special:
    """@me, @none or @any, where `name` is without the @; or a word of a field whose values are names else."""

    name: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; None is an open end."""

    low: str | None
    high: str | None
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Term:
    """A field and the values that it may have; `operator` is "", ">", ">=", "<" or "<="."""

    name: str
    operator: str
    values: tuple[Plain | Special | Range, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Was:
    """The field has, or once had, the value."""

    name: str
    value: Plain | Special
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Changed:
    """The field was changed: by somebody if `by` is given, at a time if `point` is."""

    name: str
    by: Plain | Special | None = None
    operator: str = ""
    point: str | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class By:
    """Somebody has changed anything."""

    who: Plain | Special
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Text:
    """Words that stand next to one another in a text; with `prefix` the last one is the beginning of a word."""

    text: str
    prefix: bool = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Ref:
    """An issue by its number, in the product of the list where `product` is None."""

    product: str | None
    number: int
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def key(self):
        """The key that it is written as."""
        return f"{self.product}-{self.number}"


@dataclass(frozen=True)
class Not:
    """What `node` does not hold for."""

    node: Node


@dataclass(frozen=True)
class And:
    """All of two nodes or more, none of which is an And."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """Any of two nodes or more, none of which is an Or."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Term | Was | Changed | By | Text | Ref | Not | And | Or


@dataclass(frozen=True)
class Sort:
    """One key of the order."""

    key: str
    descending: bool


# Nobody wants the worst first, and of what fits equally well none is left for another key.
BEST_FIRST = Sort("relevance", True)


@dataclass(frozen=True)
class Query:
    """What is asked for (`tree`, None for everything), in which texts (`where`), and in which order."""

    tree: Node | None = None
    where: str | None = None
    sort: tuple[Sort, ...] = ()

    @property
    def nodes(self):
        """What stands side by side at the top of it."""
        return self.tree.nodes if isinstance(self.tree, And) else (self.tree,) if self.tree is not None else ()


IS_OPEN, IS_CLOSED = (Term("is", "", (Plain(state),)) for state in ("open", "closed"))


def both(*sides):
    """Return the node that all of `sides` hold for; any of them may be None."""
    nodes = [node for side in sides for node in (side.nodes if isinstance(side, And) else (side,)) if node]
    return And(tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else None


def negated(node):
    """Return the node that holds where `node` does not."""
    return node.node if isinstance(node, Not) else Not(node)


def leaves(node):
    """Yield `(leaf, whether it is wanted rather than negated)` of all that `node` is made of, from left to right."""
    stack = [(node, True)]
    while stack:
        node, positive = stack.pop()
        if isinstance(node, Not):
            stack.append((node.node, not positive))
        elif isinstance(node, (And, Or)):
            stack += [(one, positive) for one in reversed(node.nodes)]
        elif node is not None:
            yield node, positive
