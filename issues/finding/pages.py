"""Pages of a search, by its order or by how well the words fit."""

from dataclasses import replace
from typing import NamedTuple

from django.db import connection
from django.db.models import BigAutoField, CharField, Exists, OuterRef, Subquery

from issues import fulltext, names
from issues.columns import capped_count, issue_key
from issues.models import Issue
from issuetracker import homes as by_home
from issuetracker import keyset
from issuetracker.homes import Counted, Homes
from issuetracker.prepared import ByReader, PreparedTuples, Slot, is_long
from products import access
from products.finding import few_seen
from products.models import Product

# Rank is worked out for so many at most: the newest that match and that the reader may see.
RANKED = 1000
FILED = (keyset.Key("created_at", True), keyset.Key("id", True))
WEIGHTS = {"title": 4, "body": 2, "comments": 1}
NOWHERE: frozenset = frozenset()
# What tells two states of an issue apart, and the version of all names (`issues.names`) then: its stamp.
STAMP = ("lock_version", "event_count", "updated_at", "overdue_at", "names_version")


def paginate(rows, asked, **place):
    """Return the Page of `rows`, a queryset of all that the Search `asked` finds. Raises CursorError.

    `place` is what `keyset.paginate` takes.
    """
    if asked.is_ranked:
        return keyset.paginate_ranked(ranked(asked), rows.in_bulk, **place)
    product = _home(asked)
    homes = _homes(asked.user, product, _homes_of(access.reader(asked.user), product, asked.condition))
    return keyset.paginate(rows, asked.ordering, homes=homes, **place)


def paginate_seen(asked, fetch, *, cap=None, **place):
    """Return the same Page of all that `asked` finds and its reader sees, of which `fetch` reads the rows.

    It takes `{id: stamp}`, with None for them where the list is ranked, and returns `{id: row}`. With `cap` the
    Page has the `count` of the list, no further than to `cap` + 1. The statement is compiled once for all that have the
    same rights, ask for the same and are at any place of the list.
    """
    if asked.is_ranked:
        return keyset.paginate_ranked(ranked(asked), lambda ids: fetch(dict.fromkeys(ids)), **place)
    user, product, counted, stamps = access.reader(asked.user), _home(asked), 0, {}
    keys = len(asked.ordering)
    given = _homes_of(user, product, asked.condition)

    def find(values, backwards, count):
        nonlocal counted
        empty = None if values is None else tuple(value is None for value in values)
        also = (asked.ordering, backwards, count, empty, cap)
        prepared = IDS.of(user, product, given, asked.condition, *also)
        rows = prepared.tuples(**{f"at{place}": value for place, value in enumerate(values or ())})
        counted = rows[0][-1] if rows else 0
        if rows:
            names.note(asked.user, rows[0][keys + STAMP.index("names_version")])
        stamps.update((row[keys - 1], tuple(row[keys : keys + len(STAMP)])) for row in rows)
        return [row[:keys] for row in rows]

    page = keyset.paginate_ids(find, asked.ordering, lambda ids: fetch({pk: stamps[pk] for pk in ids}), **place)
    if cap is not None and not stamps and place.get("cursor"):
        # No row is left there to bring the count along.
        counted = _seen(user, product, asked.condition).order_by()[: cap + 1].count()
    return page if cap is None else replace(page, count=counted)


def _home(asked):
    """Return the id of the product whose list is asked for, or its key where no more is known, or None."""
    return getattr(asked.product, "pk", asked.product)


def _seen(user, product, condition):
    if product is None:
        return Issue.objects.visible_to(user).filter(condition)
    # Not joined to the product: PostgreSQL would read and sort all of its issues. Of an id it knows how many there are.
    seen, within = Product.objects.visible_to(user), Issue.objects.visible_in_product(user).filter(condition)
    if isinstance(product, str):
        return within.filter(product=Subquery(seen.filter(key=product).values("pk")))
    return within.filter(Exists(seen.filter(pk=product)), product=product)


def _ids(user, product, given, condition, ordering, backwards, count, empty, cap):
    rows, homes = _seen(user, product, condition), _homes(user, product, given, condition)
    values = None if empty is None else keyset.slots(Issue, ordering, empty)
    found = keyset.nearest_alone(rows, ordering, values, backwards, count, homes)
    found, columns = found.annotate(names_version=names.version()), [*(key.name for key in ordering), *STAMP]
    if cap is None:
        return found.values_list(*columns)
    return found.annotate(counted=_counted(rows, cap, homes)).values_list(*columns, "counted")


IDS = ByReader(PreparedTuples, _ids)


def first_of(asked):
    """Return a function that gives the first `count` of what the Search `asked`, not ranked, finds under a condition.

    It takes that, a Q, and the count; its rows are as `keyset.first` returns them.
    """
    user, product = asked.user, _home(asked)
    given = _homes_of(access.reader(user), product, asked.condition)

    def first(also, count):
        condition = asked.condition & also
        homes = _homes(user, product, given, condition)
        return keyset.first(_seen(user, product, condition), asked.ordering, count, homes)

    return first


def _homes(user, product, given, condition=None):
    """Return the Homes of a list of all products for who does not see everything, with what is found in each.

    `given` are the ids of those, where the database has to be given them; without, one of many is served as all are.
    """
    if product is not None or access.is_superuser(user) or (given is None and connection.vendor == "sqlite"):
        return None
    within = None if condition is None else Issue.objects.visible_in_product(user).filter(condition)
    return Homes("product", Product.objects.visible_to(user), within, given)


def _homes_of(user, product, condition, *, far=False):
    """Return the ids of the products that `user`, a Reader, sees, if they are few and worth a statement, else None.

    To SQLite they have to be given; to PostgreSQL where a list goes `far`: it then walks along all of them at once, and
    along each no further than it has to. A long condition is not said once for each.
    """
    if is_long(condition):
        return None
    if not (far or connection.vendor == "sqlite") or product is not None or access.is_superuser(user):
        return None
    return few_seen(user, by_home.FEW)


def ranked(asked):
    """Return `[(score, id)]` of the newest thousand that `asked` finds, the best first, and one more if there is one.

    A word counts for more in a title than in a description, there for more than in a comment, and the rarer it is.
    """
    user = access.reader(asked.user)
    product = _home(asked)
    given = _homes_of(user, product, asked.condition, far=True)
    homes = dict(NEWEST.of(user, product, given, asked.condition).tuples())
    held = access.held_products(asked.user, "triager")
    trusted = [pk for pk, product in homes.items() if held is True or product in held]
    hits = fulltext.hits(list(homes)[:RANKED], asked.needles, trusted)
    scores = {found: _score(found, asked.weights) for found in {NOWHERE, *hits.values()}}
    # The one beyond tells that there are more; it has the last place.
    return sorted(((scores[hits.get(pk, NOWHERE)], pk) for pk in homes), reverse=True)


def _newest(user, product, given, condition):
    homes = _homes(user, product, given, condition)
    found = keyset.nearest_alone(_seen(user, product, condition), FILED, None, False, RANKED + 1, homes)
    return found.values_list("pk", "product")


NEWEST = ByReader(PreparedTuples, _newest)


def _score(found, weights):
    best: dict = {}
    for place, column in found:
        best[place] = max(best.get(place, 0), WEIGHTS[column])
    return round(sum(weights[place] * best[place] for place in sorted(best)), 6)


class Position(NamedTuple):
    """Where an issue stands in a list: the keys of those beside it or None, its number from 1 or None, and of how many.

    One that is not in the list (any more) has no number, and stands between those that it would stand between.
    """

    previous: str | None
    next: str | None
    number: int | None
    total: int


def position_of(issue, asked, cap):
    """Return the Position of `issue`, as its page has read it, in what `asked` finds; counts go to `cap` + 1."""
    if asked.is_ranked:
        return _ranked_position(issue, asked)
    user, product, ordering = access.reader(asked.user), _home(asked), asked.ordering
    values = keyset.values_of(issue, ordering)
    given, empty = _homes_of(user, product, asked.condition), tuple(value is None for value in values)
    prepared = POSITIONS.of(user, product, given, asked.condition, ordering, empty, cap)
    slots = {f"at{place}": value for place, value in enumerate(values)}
    previous, following, before, total, listed = prepared.tuples(pk=issue.pk, **slots)[0]
    return Position(previous, following, before + 1 if listed else None, total)


def _position(user, product, given, condition, ordering, empty, cap):
    rows, homes = _seen(user, product, condition), _homes(user, product, given, condition)
    values = keyset.slots(Issue, ordering, empty)
    before = keyset.beginning(rows, ordering, values, True)
    homes_before = homes and replace(homes, within=keyset.beginning(homes.within, ordering, values, True))
    return Issue.objects.filter(pk=Slot("pk", BigAutoField())).values_list(
        _key_of(keyset.nearest_alone(rows, ordering, values, True, 1, homes)),
        _key_of(keyset.nearest_alone(rows, ordering, values, False, 1, homes)),
        _counted(before, cap, homes_before),
        _counted(rows, cap, homes),
        Exists(rows.filter(pk=OuterRef("pk"))),
    )


POSITIONS = ByReader(PreparedTuples, _position)


def _counted(rows, cap, homes):
    return capped_count(rows, cap) if homes is None else Counted(rows, cap, homes)


def _key_of(row):
    return Subquery(row.values_list(issue_key()), output_field=CharField())


def _ranked_position(issue, asked):
    ids = [pk for _score, pk in ranked(asked)]
    if issue.pk not in ids:
        # Behind the newest thousand there may be more, which have no place.
        return Position(None, None, len(ids) if len(ids) > RANKED else None, len(ids))
    at = ids.index(issue.pk)
    beside = [*ids[max(at - 1, 0) : at], *ids[at + 1 : at + 2]]
    keys = dict(Issue.objects.filter(pk__in=beside).order_by().values_list("pk", issue_key()))
    previous, following = ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None
    return Position(keys.get(previous), keys.get(following), at + 1, len(ids))
