"""A list of issues that somebody asks for: from query text and plain parameters to a condition and an order."""

from dataclasses import dataclass, replace
from math import log
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from django.db.models.functions import NullIf
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.finding import queue
from issues.finding.conditions import Conditions
from issues.finding.names import Names
from issues.query import QueryError, parse, to_text
from issues.query.fields import FIELDS
from issues.query.parameters import REPEATABLE, read_parameter, read_sort
from issues.query.parsing import are_repeated, as_values, is_discrete
from issues.query.tree import BEST_FIRST, IS_OPEN, Query, Sort, both
from issuetracker.keyset import Key

RANK = Key("queue_rank", expression=queue.RANK)
KEYS = {
    queue.BY_RANK.key: RANK,
    "updated": Key("updated_at"),
    "created": Key("created_at"),
    "closed": Key("closed_at", nullable=True),
    "priority": Key("priority"),
    # Unset is not the least severity but none at all.
    "severity": Key("severity_rank", nullable=True, expression=NullIf("severity", Value(0))),
    "due": Key("due_on", nullable=True),
    "votes": Key("votes"),
    "comments": Key("comment_count"),
    "number": Key("number"),
    "status": Key("status__position"),
    "relevance": Key("relevance"),
}
# Of each rank in the queue the oldest first.
QUEUE = (RANK, Key("created_at"))
VALUES_LIMIT = 60
DEFAULT_SORT = (Sort("updated", True),)
BY_RELEVANCE = (BEST_FIRST,)


@dataclass(frozen=True)
class Search:
    """What is asked for, ready to run for one reader.

    `query` is its meaning, `condition` the same on Issue; `needles` are the words that are looked for, with `weights`
    that are the higher the rarer they are. `product` is what the list is of, None for all.
    """

    query: Query
    condition: Q
    needles: tuple = ()
    weights: tuple = ()
    user: Any = None
    product: Any = None

    def apply(self, queryset):
        """Return those of `queryset` that are asked for; the order is left to `keyset.paginate`."""
        return queryset.filter(self.condition)

    @property
    def sort(self):
        """The order, as Sorts: relevance where words are looked for, else the latest change first."""
        wanted = self.query.sort or (BY_RELEVANCE if self.needles else DEFAULT_SORT)
        return DEFAULT_SORT if wanted == BY_RELEVANCE and not self.needles else wanted

    @property
    def is_ranked(self):
        """Whether the order asks how well the words fit."""
        return self.sort == BY_RELEVANCE

    @property
    def ordering(self):
        """The order, as the Keys of `keyset.paginate`; the id is the last tie-break."""
        keys = [key for one in self.sort for key in _keys(one)]
        return (*keys, Key("id", keys[-1].descending))

    @property
    def is_open(self):
        """Whether the query says, of all that it finds, that it is open."""
        return IS_OPEN in self.query.nodes

    def unranked(self, otherwise=DEFAULT_SORT):
        """Return it in an order that all that it finds has a place in: the one asked for, or `otherwise`."""
        sort = otherwise if self.query.sort in ((), BY_RELEVANCE) else self.query.sort
        return replace(self, query=replace(self.query, sort=sort))

    @property
    def canonical(self):
        """The query as text: equal for lists that mean the same."""
        return to_text(self.query)


def _keys(sort):
    """Return the Keys of a Sort; the queue has an order of its own, which can be turned round."""
    # The highest first, unset severities are last by themselves, and the column has an index.
    plain = sort.key == "severity" and sort.descending
    keys = QUEUE if sort.key == "triage" else (Key("severity") if plain else KEYS[sort.key],)
    return [Key(key.name, sort.descending, key.nullable, key.expression) for key in keys]


class SearchError(QueryError):
    """A query that cannot be run; `found` is the Search of its valid part."""

    def __init__(self, problems, found):
        super().__init__(sorted(problems, key=lambda one: one.position), found.query)
        self.found = found


def search(user, *, text="", params=None, product=None, zone=None, now=None):
    """Return the Search for a query `text` and the plain parameters in `params` (a QueryDict; others are ignored).

    `product` is the Product, or its key, that the list is of, if it is of one; `zone` is the reader's time zone, `now`
    what times are counted from, by default the present ones. Raises SearchError for the text, and ValidationError by
    parameter.
    """
    query, problems = _read(text)
    terms = _parameters(params) if params is not None else []
    _refuse_repeated(query, terms)
    sort = _sort(params)
    if sort and query.sort:
        message = _("The query says the order already: say it once.")
        raise ValidationError({"sort": ValidationError(message, code="repeated")})
    whole = Query(both(query.tree, *(term for _name, term in terms)), query.where, query.sort or sort)
    now = timezone.localtime(now or timezone.now(), zone)
    conditions = Conditions(Names(whole.tree, user, product), user, now, query.where)
    plain = _plain_conditions(terms, conditions)
    condition = conditions.of(query.tree) if query.tree is not None else None
    needles = tuple(conditions.needles)
    weights = tuple(1 / (1 + log(conditions.names.frequency([needle]))) for needle in needles)
    found = Search(whole, plain & (condition or Q()), needles, weights, user, product)
    problems += conditions.problems
    if problems:
        raise SearchError(problems, found)
    return found


def _read(text):
    """Return the Query that is valid in `text`, and the problems."""
    try:
        return parse(text), []
    except QueryError as error:
        return error.valid, list(error.problems)


def _parameters(params):
    """Return `[(name, Term)]` of the plain parameters. Raises ValidationError."""
    terms, errors = [], {}
    for name in (one for one in FIELDS if one in params):
        given = [text for text in params.getlist(name) if text.strip()]
        if len(given) > 1 and name not in REPEATABLE:
            message = _("Give this once, with commas between the values: %(name)s=a,b.") % {"name": name}
            errors[name] = ValidationError(message, code="repeated")
            continue
        for text in given:
            try:
                terms.append((name, read_parameter(name, text)))
            except QueryError as error:
                errors[name] = _invalid(error.problems)
    if sum(len(term.values) for _name, term in terms) > VALUES_LIMIT:
        message = _("Too many values: at most %(limit)d.") % {"limit": VALUES_LIMIT}
        errors[terms[-1][0]] = ValidationError(message, code="too_many")
    if errors:
        raise ValidationError(errors)
    return terms


def _refuse_repeated(query, terms):
    """Refuse what a `query` says already of a field that holds one value: nothing could match both."""
    held, names = [one for one in map(as_values, query.nodes) if is_discrete(one)], []
    for name, term in terms:
        meant = as_values(term)
        if meant.name in REPEATABLE or not is_discrete(meant):
            continue
        if any(one.name == meant.name and are_repeated((one, meant)) for one in held):
            names.append(name)
        held.append(meant)
    if names:
        message = _("This is said already: say once what a field is that holds one value.")
        raise ValidationError({name: ValidationError(message, code="repeated") for name in names})


def _sort(params):
    try:
        return read_sort(params.get("sort", "")) if params is not None else ()
    except QueryError as error:
        raise ValidationError({"sort": _invalid(error.problems)}) from error


def _plain_conditions(terms, conditions):
    """Return the condition of all plain parameters. Raises ValidationError by parameter."""
    whole, errors = Q(), {}
    for name, term in terms:
        condition = conditions.of(term)
        if conditions.problems:
            errors[name] = _invalid(conditions.problems)
            conditions.problems.clear()
        elif condition is not None:
            whole &= condition
    if errors:
        raise ValidationError(errors)
    return whole


def _invalid(problems):
    return ValidationError([ValidationError(problem.message, code=problem.code) for problem in problems])
