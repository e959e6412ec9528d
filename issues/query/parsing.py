"""Reading a query: from text to tree. Whatever the text is, the outcome is a Query or a QueryError."""

import re
from difflib import get_close_matches

from django.utils.translation import gettext as _

from issues.query.errors import Problem, QueryError
from issues.query.fields import ALIASES, DIRECTIVES, FIELDS, HISTORY, SORTS, VOCABULARY, WHERE, Kind
from issues.query.printing import NUMBER, REF, depth, print_value
from issues.query.terms import TermReader, nothing_to_search, star_misplaced
from issues.query.tokens import ADDRESS, quoted, tokens, unquoted
from issues.query.tree import (
    BEST_FIRST,
    And,
    Or,
    Place,
    Plain,
    Query,
    Range,
    Ref,
    Sort,
    Special,
    Term,
    Text,
    both,
    negated,
)

CHARACTERS, BYTES, TERMS, DEPTH = 1000, 2400, 60, 5
UNSEARCHABLE = re.compile("[\x00\ud800-\udfff]")
ENDS = (None, ")", "OR")
NONE, ANY = (Special("none"),), Special("any")
# What can be moved beside what stands next to it.
SIMPLE = ("word", "quoted", "term")
# What AND joins ends with one of these, and begins with one of those.
ENDING, BEGINNING = (*SIMPLE, "unclosed", ")"), (*SIMPLE, "unclosed", "(", "-", "NOT")


def parse(text):
    """Return the Query that `text` means. Raises QueryError with every mistake, and what is valid beside them."""
    problem = _unreadable(text)
    found = [] if problem else list(tokens(text))
    problem = problem or _too_nested(found)
    if problem:
        raise QueryError([problem], Query())
    parser = _Parser(text, found)
    query = parser.query()
    if parser.problems:
        raise QueryError(sorted(parser.problems, key=lambda one: one.position), query)
    return query


def _unreadable(text):
    """Return the Problem of a text that is not read at all, or None."""
    size = len(text.encode(errors="surrogatepass"))
    if len(text) > CHARACTERS or size > BYTES:
        message = _("Too long: at most %(characters)d characters, and %(bytes)d bytes.")
        return Problem("too_long", 0, len(text), message % {"characters": CHARACTERS, "bytes": BYTES})
    return unsearchable(text)


def unsearchable(text):
    """Return the Problem of a character that no database can look for, or None."""
    match = UNSEARCHABLE.search(text)
    return Problem("character", match.start(), 1, _("This character cannot be searched for.")) if match else None


def _too_nested(found):
    """Return the Problem of parentheses among these tokens that stand too deep in one another, or None."""
    nested = 0
    for token in found:
        nested = max(0, nested + (token.kind == "(") - (token.kind == ")"))
        if nested > DEPTH:
            return Problem("too_deep", token.start, 1, _too_deep())
    return None


def _too_deep():
    return _("Too many parentheses within one another: at most %(limit)d.") % {"limit": DEPTH}


def _joint(before, after):
    """Return the AND that joins what stands between these tokens to one side, or None."""
    if len(before) > 1 and before[-1].kind == "AND" and before[-2].kind in ENDING:
        return before[-1]
    return after[0] if len(after) > 1 and after[0].kind == "AND" and after[1].kind in BEGINNING else None


class _TooManyTerms(Exception):
    """There are more terms than a query may have, and no more of them are read."""


class _Parser:
    """Reads the tokens of one text from left to right, noting problems and going on after them."""

    def __init__(self, text, found):
        self.text, self.found = text, found
        self.problems = []
        self.where = None
        self.sort = ()
        self.seen_directives = set()
        self.tokens = self._without_directives(found)
        self.at = 0
        self.count = 0

    def query(self):
        """Return the Query of what is valid."""
        try:
            tree = self._tree()
        except _TooManyTerms:
            message = _("Too many terms and values: at most %(limit)d.") % {"limit": TERMS}
            self.problems.append(Problem("too_many", 0, len(self.text), message))
            tree = None
        if tree is not None and depth(tree) > DEPTH:
            self.problems.append(Problem("too_deep", 0, len(self.text), _too_deep()))
            tree = None
        return Query(tree, self.where, self.sort)

    def _tree(self):
        tree = self._or()
        while self.at < len(self.tokens):
            token = self._next()
            self._problem("parenthesis", token, _("There is no opening parenthesis for this one."))
            tree = both(tree, self._or())
        return tree

    def _problem(self, code, token, message, suggestions=()):
        self.problems.append(Problem(code, token.start, len(token.text), message, tuple(suggestions)))

    def _without_directives(self, found):
        """Return the tokens but `sort:` and `in:`, which stand beside the tree, and an AND that joins them to it."""
        kept, nested, joint = [], 0, None
        for place, token in enumerate(found):
            nested += (token.kind == "(") - (token.kind == ")")
            name = token.text.partition(":")[0].lower()
            if token.kind != "term" or name not in DIRECTIVES:
                if token is not joint:
                    kept.append(token)
                continue
            if nested > 0 or (place and found[place - 1].kind in ("-", "NOT")):
                self._problem("place", token, _("This stands outside of parentheses, and cannot be negated."))
                if found[place - 1].kind in ("-", "NOT"):
                    kept.pop()
            elif name in self.seen_directives:
                self._problem("repeated", token, _("Say this once."))
            else:
                self.seen_directives.add(name)
                self._direct(name, token)
            joint = _joint(kept, found[place + 1 : place + 3])
            if kept and kept[-1] is joint:
                kept.pop()
        return kept

    def _direct(self, name, token):
        text = token.text.partition(":")[2].lower()
        if name == "in":
            if text in WHERE:
                self.where = text
            else:
                suggestions = [f"in:{word}" for word in WHERE]
                self._problem("value", token, _("Words are looked for in title, body or comments."), suggestions)
            return
        keys = []
        for part in text.split(","):
            key, _dash, direction = part.rpartition("-") if part.endswith(("-asc", "-desc")) else (part, "", "")
            if key not in SORTS or key in [one.key for one in keys]:
                message = _("Sort by each of these once: %(names)s.") % {"names": ", ".join(SORTS)}
                close = get_close_matches(key, SORTS, 3, 0.4) if key not in SORTS else ()
                self._problem("choice", token, message, [f"sort:{one}" for one in close])
                return
            keys.append(Sort(key, SORTS[key] if not direction else direction == "desc"))
        if keys != [BEST_FIRST] and any(one.key == BEST_FIRST.key for one in keys):
            message = _("What fits the words best comes first, with no other order beside it.")
            self._problem("choice", token, message, [f"sort:{BEST_FIRST.key}"])
            return
        self.sort = tuple(keys)

    def _peek(self):
        return self.tokens[self.at].kind if self.at < len(self.tokens) else None

    def _next(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def _or(self):
        """Read alternatives up to the end or a closing parenthesis."""
        nodes = [self._and()]
        while self._peek() == "OR":
            token = self._next()
            nodes.append(self._and())
            if nodes[-2] is None or nodes[-1] is None:
                self._problem("operand", token, _("There is nothing to choose from on one side of this."))
        flat = [one for node in nodes if node for one in (node.nodes if isinstance(node, Or) else (node,))]
        return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None

    def _and(self):
        """Read what holds together, up to OR, the end or a closing parenthesis."""
        nodes = []
        while self._peek() not in ENDS:
            if self._peek() == "AND":
                token = self._next()
                if not nodes or self._peek() in (*ENDS, "AND"):
                    self._problem("operand", token, _("There is nothing to join on one side of this."))
                continue
            node = self._unary()
            if node is not None:
                nodes += node.nodes if isinstance(node, And) else (node,)
        nodes = self._without_repeated(nodes)
        return And(tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else None

    def _unary(self):
        negations = 0
        token = None
        while self._peek() in ("-", "NOT"):
            token = self._next()
            negations += 1
        if self._peek() in (*ENDS, "AND"):
            self._problem("operand", token, _("There is nothing to negate."))
            return None
        node = self._atom()
        return negated(node) if node is not None and negations % 2 else node

    def _atom(self):
        token = self._next()
        if token.kind == "(":
            return self._group(token)
        self._add(1)
        if token.kind == "unclosed":
            self._problem("unclosed", token, _("There is no closing quotation mark."), [f'{token.text}"'])
            return None
        if token.kind == "quoted":
            return self._words(unquoted(token.text), False, token)
        if token.kind == "term":
            return self._term(token)
        return self._word(token)

    def _add(self, count):
        self.count += count
        if self.count > TERMS:
            raise _TooManyTerms

    def _group(self, opening):
        node = self._or()
        if self._peek() == ")":
            closing = self._next()
            if node is None and not any(problem.position >= opening.start for problem in self.problems):
                self._empty_group(opening, closing)
        else:
            self._problem("parenthesis", opening, _("There is no closing parenthesis for this one."))
        return node

    def _empty_group(self, opening, closing):
        before = self.text[: opening.start].split(" ")[-1]
        start, end = opening.start - len(before), closing.end
        message = _("There is nothing between these parentheses.")
        suggestions = (quoted(self.text[start:end]),) if before else ()
        self.problems.append(Problem("operand", start, end - start, message, suggestions))

    def _word(self, token):
        text = token.text
        place = Place(token.start, len(text))
        lone = len(self.tokens) == 1
        if REF.fullmatch(text) and (lone or not NUMBER.fullmatch(text)):
            product, _dash, number = text.lstrip("#").rpartition("-")
            return Ref(product.upper() or None, int(number), place)
        prefix = text.endswith("*")
        text = text[:-1] if prefix else text
        if "*" in text or not text:
            self._problem("wildcard", token, star_misplaced(), [quoted(token.text)])
            return None
        return self._words(text, prefix, token)

    def _words(self, text, prefix, token):
        if not any(character.isalnum() for character in text):
            self._problem("empty", token, nothing_to_search())
            return None
        return Text(text, prefix, Place(token.start, len(token.text)))

    def _term(self, token):
        if ADDRESS.match(token.text):
            return self._words(token.text, False, token)
        name = token.text.partition(":")[0].lower()
        name = ALIASES.get(name, name)
        if name not in FIELDS and name not in HISTORY:
            self._unknown_field(name, token)
            return None
        reader = TermReader(token.text, token.start, self.problems)
        if name in HISTORY:
            return reader.history(name)
        node = reader.term(FIELDS[name])
        # Each of several values is looked for, as a term is.
        self._add(len(node.values) - 1 if node is not None else 0)
        return node

    def _unknown_field(self, name, token):
        close = get_close_matches(name, VOCABULARY, 3, 0.6)
        rest = token.text[len(name) :]
        suggestions = [f"{one}{rest}" for one in close]
        as_words = quoted(token.text)
        suggestions = [*suggestions, as_words] if close and rest[:2] != "::" else [as_words, *suggestions]
        message = _("There is no field “%(name)s”.") % {"name": name}
        self._problem("unknown_field", token, message, suggestions)

    def _without_repeated(self, nodes):
        """Refuse further terms of a field that holds one value: nothing could match them all."""
        terms = {}
        for node in map(as_values, nodes):
            if is_discrete(node) and not FIELDS[node.name].many:
                terms.setdefault(node.name, []).append(node)
        repeated = [same for same in terms.values() if are_repeated(same)]
        for same in repeated:
            self._refuse_repeated(same)
        further = {one.place for same in repeated for one in same[1:]}
        return [node for node in nodes if not (isinstance(node, Term) and node.place in further)]

    def _refuse_repeated(self, same):
        first, *others = same
        message = _("An issue has one %(name)s only. For either of them, write them with a comma.")
        message %= {"name": first.name}
        between = self._between(same)
        if all(token.kind in SIMPLE for token in between):
            values = dict.fromkeys(print_value(value) for one in same for value in one.values)
            hint = " ".join([f"{first.name}:{','.join(values)}", *(token.text for token in between)])
            start, end = first.place.start, others[-1].place.end
            self.problems.append(Problem("repeated", start, end - start, message, (hint,)))
            return
        for one in others:
            self.problems.append(Problem("repeated", one.place.start, one.place.length, message))

    def _between(self, terms):
        """Return the tokens that stand between these terms, but for AND, which need not be said."""
        starts = [term.place.start for term in terms]
        inside = [token for token in self.found if starts[0] < token.start < starts[-1]]
        return [token for token in inside if token.kind != "AND" and token.start not in starts]


def as_values(node):
    """Return the Term that says by a value what `no:field` says, and any other node as it is."""
    if isinstance(node, Term) and node.name == "no" and len(node.values) == 1:
        return Term(node.values[0].text, "", NONE, node.place)
    return node


def is_discrete(node):
    """Return whether a node is a Term that names values one by one: two such of a field that holds one find nothing."""
    return (
        isinstance(node, Term)
        and not node.operator
        and FIELDS[node.name].kind in (Kind.WORDS, Kind.ROWS, Kind.PEOPLE, Kind.ISSUES)
        and not any(isinstance(value, Range) or value == ANY for value in node.values)
    )


def are_repeated(terms):
    """Return whether these Terms of a field that holds one value are too many: that it is empty may be said again."""
    return len(terms) > 1 and not all(_is_empty(term) for term in terms)


def _is_empty(term):
    """Return whether a Term asks for issues without its field alone: a rank has a word for that as well."""
    words = ("none", "unset") if FIELDS[term.name].ordered else ()
    return all(value in NONE or (isinstance(value, Plain) and value.text in words) for value in term.values)
