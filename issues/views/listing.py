"""A list of issues as its address says it: the query, the columns, the grouping and the place in the list."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from issues.choices import COLUMNS, GROUPS, Category, Priority, Severity, Type
from issues.finding import SearchError, search
from issues.finding.counting import INBOX
from issues.query import QueryError, parse, to_text
from issues.query.fields import FIELDS
from issues.query.parsing import as_values
from issues.query.printing import print_node
from issues.query.tokens import quoted
from issues.query.tree import IS_CLOSED, IS_OPEN, Not, Plain, Query, Ref, Sort, Term, Text, both
from products.numbers import read_number

OPEN = "is:open"
SIZES = (25, 50, 100)
SIZE = 50
USUAL = ("component", "milestone", "comments", "assignee", "updated")
SORT_NAMES = {
    "updated-desc": _("Updated"),
    "created-desc": _("Newest"),
    "created-asc": _("Oldest"),
    "priority-desc": _("Priority"),
    "severity-desc": _("Severity"),
    "due-asc": _("Due date"),
    "votes-desc": _("Votes"),
    "status-asc": _("Status"),
    "number-desc": _("Number"),
}
RELEVANCE = "relevance-desc"
# What these are called, which a menu offers where they fit, or not, having no index.
UNLISTED = {RELEVANCE: _("Relevance"), "closed-desc": _("Closed"), "comments-desc": _("Comments")}
# What the head of a column turns those into that cost the same in both directions: of what can be empty, and is last in
# either, only one has an index.
TURNED = {
    "updated-asc": _("Longest unchanged"),
    "priority-asc": _("Lowest priority"),
    "votes-asc": _("Fewest votes"),
    "status-desc": _("Last status"),
    "number-asc": _("Lowest number"),
}
# What an address of a list may hold.
PARAMETERS = {*FIELDS, "q", "sort", "group", "columns", "page_size", "cursor", "since", "go", "count"}
CHOICES = (
    ("is", _("State"), [("open", _("open")), ("closed", _("closed")), ("untriaged", _("untriaged"))]),
    ("category", _("Category"), Category.choices),
    ("type", _("Type"), Type.choices),
    ("priority", _("Priority"), [(row.name.lower(), row.label) for row in reversed(Priority)]),
    ("severity", _("Severity"), [(row.name.lower(), row.label) for row in reversed(Severity)]),
)
INPUTS = (
    ("assignee", _("Assignee")),
    ("author", _("Author")),
    ("component", _("Component")),
    ("label", _("Label")),
    ("milestone", _("Milestone")),
)


FILES = {"export.csv": _("CSV"), "export.jsonl": _("JSON Lines"), "feed.atom": _("Atom feed")}


@dataclass(frozen=True)
class Home:
    """What the bare address of a list shows."""

    text: str = OPEN
    columns: tuple = USUAL
    group: str = ""


class Listing:
    """What the parameters `params` (a QueryDict) of a list's address ask for, as `user` sees it.

    `text` is what stands in the search box; without a query and without plain parameters that is `is:open`, or what
    the `view` (a SavedView) says whose list it is. Where the query is wrong, `problems` says why and `asked` (a Search)
    is its valid part.
    """

    def __init__(self, params, user, product=None, view=None):
        self.user, self.product, self.view = user, product, view
        self.home = Home(view.query, _known(view.columns), view.group) if view else Home()
        plain = [name for name in (*FIELDS, "sort") if name in params]
        self.text = params.get("q", "" if set(plain) - {"sort"} and view is None else self.home.text)
        self.problems: list = []
        # The plain parameters that stand beside the query, since together they are no text that could be read again.
        self.beside: list = []
        self.errors: dict = {name: [_("There is no such filter.")] for name in params if name not in PARAMETERS}
        self.asked = self._search(params)
        if plain:
            merged = to_text(self.asked.query)
            # Plain parameters are terms like any other: from here on they stand in the box.
            if not self.problems and _is_readable(merged):
                self.text = merged
            else:
                self.beside = [(name, one) for name in plain if name not in self.errors for one in params.getlist(name)]
        self.size = _size(params)
        self.columns = chosen_columns(params, self.home.columns)
        group = params.get("group", self.home.group)
        self.group = group if group in GROUPS else ""
        self.cursor = params.get("cursor", "")
        self.is_counted = params.get("count") == "1"

    def _search(self, params):
        params = params.copy()
        while True:
            try:
                return search(self.user, text=self.text, params=params, product=self.product)
            except SearchError as error:
                self.problems = error.problems
                return error.found
            except ValidationError as error:
                self.errors |= error.message_dict
                for name in error.message_dict:
                    params.pop(name, None)

    @property
    def title(self):
        """What the list is called."""
        if self.view is not None:
            return self.view.name
        if self.product is not None:
            return self.product.title
        return _("Asked of me") if self.is_inbox else _("All issues")

    @property
    def is_inbox(self):
        """Whether it is the list of what the reader is asked."""
        return self.text == INBOX and self.view is None and self.product is None

    @property
    def query(self):
        """The Query, or what is valid of it."""
        return self.asked.query

    def address(self, *, query=None, cursor="", counted=False, **changes):
        """Return the query string of this list with another `query` (a Query), cursor, size, columns or group.

        A list that is `counted` says how long it is, which takes longer.
        """
        state = {"size": self.size, "columns": self.columns, "group": self.group, **changes}
        text = self.text if query is None else to_text(query)
        beside = self.beside if query is None else []
        bare = text == self.home.text and not cursor and not changes and (self.view or not self.product)
        pairs = [] if bare and not beside else [("q", text), *beside]
        pairs += [("group", state["group"])] if state["group"] != self.home.group else []
        pairs += [("columns", name) for name in state["columns"]] if state["columns"] != self.home.columns else []
        pairs += [("page_size", state["size"])] if state["size"] != SIZE else []
        pairs += [("cursor", cursor)] if cursor else []
        pairs += [("count", 1)] if counted else []
        return "?" + urlencode(pairs)

    def cursor_address(self, cursor):
        """Return the address of the page at `cursor`, or None where there is none."""
        return self.address(cursor=cursor) if cursor else None

    @property
    def counted_address(self):
        """The address of the same page, which says how long the list is."""
        return self.address(cursor=self.cursor, counted=True)

    @property
    def reference(self):
        """What an issue's page needs to know which list it was opened from."""
        return urlencode([*self._place, ("q", to_text(self._shown.query))])

    @property
    def _shown(self):
        """The Search in the order that is shown: sections are never in that of relevance."""
        return self.asked.unranked() if self.group and self.asked.is_ranked else self.asked

    @property
    def _place(self):
        return [("in", self.product.key)] if self.product else []

    @property
    def is_narrowed(self):
        """Whether it asks for more than what is open."""
        return self.text.strip() != OPEN

    @property
    def is_changed(self):
        """Whether it is no longer what its view says."""
        return self.view is not None and Home(self.text, self.columns, self.group) != self.home

    @property
    def open_address(self):
        """The address of the list of all that is open."""
        if self.product is None:
            return reverse("issues")
        # Its bare address is that of its default view.
        return f"{reverse('product-issues', args=[self.product.key])}?{urlencode([('q', OPEN)])}"

    @property
    def path(self):
        """The path of its page."""
        if self.view is not None:
            return self.view.get_absolute_url()
        return reverse("product-issues", args=[self.product.key]) if self.product else reverse("issues")

    @property
    def saved(self):
        """The pairs that a form sends to save it as a view."""
        pairs = [("query", self.text), ("group", self.group), *(("columns", name) for name in self.columns)]
        return [pair for pair in pairs if pair[1]]

    @property
    def files(self):
        """What it finds as files: `(label, address)`."""
        query = urlencode([("q", self.text), *self.beside])
        return [(said, f"{self.path}{name}?{query}") for name, said in FILES.items()]

    @property
    def bulk_address(self):
        """The address of the page that changes all that it finds."""
        return f"{reverse('issue-bulk')}?{urlencode([*self._place, ('q', self.text)])}"

    @cached_property
    def nodes(self):
        """What stands side by side at the top of the query."""
        return self.query.nodes

    def without(self, node):
        """Return the Query without one of `nodes`."""
        return self._with(both(*(one for one in self.nodes if one is not node)))

    def _with(self, tree):
        return Query(tree, self.query.where, self.query.sort)

    @property
    def as_word(self):
        """The number that it asks for as that of an issue, and the address of the list with it as a word; or None."""
        for node in self.nodes:
            if isinstance(node, Ref) and node.product is None:
                word = Text(str(node.number))
                tree = both(*(word if one is node else one for one in self.nodes))
                return word.text, self.address(query=self._with(tree))
        return None

    @property
    def chips(self):
        """The parts of the query as `{"field", "text", "without", "choices"}`, the last two being addresses."""
        return [
            {**_said(node), "without": self.address(query=self.without(node)), "choices": self._choices_of(node)}
            for node in self.nodes
        ]

    def _choices_of(self, node):
        """Return `[(word, address, chosen)]` of what a chip can be changed to, where that is a short list."""
        term = node.node if isinstance(node, Not) else node
        words = FIELDS[term.name].words if isinstance(term, Term) and not term.operator else ()
        chosen = [value.text for value in _named(term)] if words else []
        return [(word, self.address(query=self._replaced(node, term.name, word)), word in chosen) for word in words]

    def _replaced(self, node, name, word):
        term = Term(name, "", (Plain(word),))
        changed = Not(term) if isinstance(node, Not) else term
        return self._with(both(*(changed if one is node else one for one in self.nodes)))

    @property
    def menus(self):
        """The filters that are links: `(heading, [(label, address, whether it is chosen)])`."""
        menus = []
        for name, heading, options in CHOICES:
            terms = [one for one in self.nodes if _is_of(one, name, options)]
            # What it must not be says nothing more, or the contrary, where it is to be one thing.
            denied = [one for one in self.nodes if isinstance(one, Not) and _is_of(one.node, name, options)]
            chosen = [value for term in terms for value in _named(term)]
            # A category says itself whether it is open.
            also = [one for one in self.nodes if name == "category" and one in (IS_OPEN, IS_CLOSED)]
            kept = [one for one in self.nodes if one not in (*terms, *also)]
            links = []
            for word, said in options:
                others = tuple(value for value in chosen if value.text.lower() != word)
                ticked = len(others) < len(chosen)
                values = others if ticked else (Plain(word),)
                left = [Term(name, "", values)] if values else []
                rest = kept if ticked else [one for one in kept if one not in denied]
                links.append((said, self.address(query=self._with(both(*rest, *left))), ticked))
            menus.append((heading, links))
        return menus

    @property
    def sorts(self):
        """The orders: `(label, address, whether it is chosen)`."""
        best = {RELEVANCE: UNLISTED[RELEVANCE]} if self.asked.needles and not self.group else {}
        return [(said, self._sorted[name], name == self.sort) for name, said in (best | SORT_NAMES).items()]

    @property
    def heads(self):
        """The orders that the heads of columns lead to: `{column: (address, descending, whether it is chosen)}`.

        Where the list goes by the column already, `descending` says which way, and the address turns it round if that
        can be; else it says which way the list then would go.
        """
        if self.group:
            return {}
        first, heads = self.asked.sort[0], {}
        # Of two that the menu has for one column the first.
        for name in reversed(SORT_NAMES):
            key, _dash, direction = name.rpartition("-")
            chosen = key == first.key
            descending = first.descending if chosen else direction == "desc"
            turned = _order(key, not descending)
            address = self._sorted[turned if chosen and turned in self._sorted else name]
            heads["key" if key == "number" else key] = (address, descending, chosen)
        return heads

    @cached_property
    def _sorted(self):
        """The addresses of the same list in other orders."""
        return {name: self.address(query=self._in_order(name)) for name in (RELEVANCE, *SORT_NAMES, *TURNED)}

    def _in_order(self, name):
        key, _dash, direction = name.rpartition("-")
        return Query(self.query.tree, self.query.where, (Sort(key, direction == "desc"),))

    @property
    def sort(self):
        """The order in words, such as "updated-desc"."""
        return ",".join(_order(one.key, one.descending) for one in self._shown.sort)

    @property
    def sort_name(self):
        """What the order is called."""
        return (SORT_NAMES | UNLISTED | TURNED).get(self.sort, self.sort)

    @property
    def groups(self):
        """The groupings: `(label, address, whether it is chosen)`."""
        named = [("", _("None")), *GROUPS.items()]
        return [(said, self.address(group=name), name == self.group) for name, said in named]

    @property
    def group_name(self):
        """What the grouping is called."""
        return GROUPS.get(self.group, _("None"))

    @property
    def column_choices(self):
        """The columns: `(name, label, whether it is shown)`."""
        return [(name, said, name in self.columns) for name, said in COLUMNS.items()]

    def _is_grouped(self, node):
        node = as_values(node)
        return isinstance(node, Term) and node.name == self.group

    def of_group(self, value):
        """Return the address of the list of one section alone, whose issues have `value` in common."""
        kept = [one for one in self.nodes if not self._is_grouped(one)]
        tree = both(*kept, Term(self.group, "", (value,)))
        return self.address(query=self._with(tree), group="")

    @property
    def sizes(self):
        """The sizes of a page: `(size, address)`."""
        return [(one, self.address(size=one)) for one in SIZES]

    @property
    def kept(self):
        """The pairs that a form on the list sends along, so that it changes nothing else."""
        return [("q", self.text), *self.kept_but_query]

    @property
    def kept_but_query(self):
        """The same without the query."""
        group = [("group", self.group)] if self.group != self.home.group else []
        size = [("page_size", self.size)] if self.size != SIZE else []
        columns = [("columns", name) for name in self.columns] if self.columns != self.home.columns else []
        return [*self.beside, *group, *size, *columns]

    @property
    def kept_but_columns(self):
        """The same without the columns, and with the page, which stays the same."""
        cursor = [("cursor", self.cursor)] if self.cursor else []
        return [pair for pair in self.kept if pair[0] != "columns"] + cursor

    def marked(self):
        """Return the pieces of the text as `(text, the Problem that stands there or None)`, from left to right."""
        pieces, at = [], 0
        for problem in self.problems:
            if problem.position < at:
                continue
            end = problem.position + problem.length
            pieces += [(self.text[at : problem.position], None), (self.text[problem.position : end], problem)]
            at = end
        return [*pieces, (self.text[at:], None)]

    @property
    def mended(self):
        """The problems, each with `[(what is said of a suggestion, address of the list with it)]`."""
        mended = []
        for problem in self.problems:
            before, after = self.text[: problem.position], self.text[problem.position + problem.length :]
            typed = self.text[len(before) : len(before) + problem.length]
            texts = [(_offered(one, typed), f"{before}{one}{after}") for one in problem.suggestions]
            links = [(said, "?" + urlencode([("q", text), *self.kept_but_query])) for said, text in texts]
            mended.append((problem, links))
        return mended


def asked_of(params, view=None):
    """Return `(query, params)` of the address of a feed or an export, of a saved `view` or of a list.

    Raises ValidationError where there are others than those of a list: a misspelt filter would let more through.
    """
    unknown = [name for name in params if name not in PARAMETERS]
    if unknown:
        raise ValidationError(_("There is no such filter: %(names)s.") % {"names": ", ".join(unknown)}, "unknown")
    if view is None or "q" in params:
        return params.get("q", ""), params
    if _has_order(view.query):
        # It may have got one since the address was noted.
        params = params.copy()
        params.pop("sort", None)
    return view.query, params


def _has_order(text):
    try:
        return bool(parse(text).sort)
    except QueryError:
        return False


def _offered(suggestion, typed):
    # In quotes alone it would look like what was typed.
    return _("the words %(words)s") % {"words": suggestion} if suggestion == quoted(typed) else suggestion


def _order(key, descending):
    return f"{key}-{'desc' if descending else 'asc'}"


def _is_readable(text):
    try:
        parse(text)
    except QueryError:
        return False
    return True


def _named(term):
    """Return the plain values of a Term, any of which it may be: a comparison, a range or a special value is none."""
    return [] if term.operator else [value for value in term.values if isinstance(value, Plain)]


def _is_of(node, name, options):
    """Return whether a menu of `options` sets a `node`: of is:mine and is:open only the second tells the state."""
    node = as_values(node)
    if not (isinstance(node, Term) and node.name == name):
        return False
    words = {value.text.lower() for value in _named(node)}
    return not words or not words.isdisjoint(word for word, _said in options)


def _said(node):
    """Return how a chip says a node: the field, and the values as they are written."""
    negated = isinstance(node, Not)
    inner = node.node if negated else node
    if not isinstance(inner, Term):
        return {"field": _("not") if negated else "", "text": print_node(inner)}
    field, _colon, values = print_node(inner).partition(":")
    return {"field": f"{_('not')} {field}" if negated else field, "text": values.replace(",", ", ")}


def chosen_columns(params, otherwise=USUAL):
    """Return the names of the columns that `params` ask for, in the order of the table."""
    return _known(params.getlist("columns"), otherwise)


def _known(columns, otherwise=USUAL):
    return tuple(name for name in COLUMNS if name in columns) or otherwise


def _size(params):
    size = read_number(params.get("page_size", ""))
    return size if size in SIZES else SIZE
