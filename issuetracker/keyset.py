"""Pages of a list by the place of their first or last row: the last page costs what the first does."""

from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F, IntegerField, Q, Window
from django.db.models.functions import RowNumber

from issuetracker.homes import Nearest
from issuetracker.prepared import Slot

FORWARDS, BACKWARDS = "n", "p"


class CursorError(ValueError):
    """The cursor was not made here, or for another list, or for another reader."""


@dataclass(frozen=True)
class Key:
    """What a list is ordered by: a field, or the `expression` that is then called `name`. Empty ones come last."""

    name: str
    descending: bool = False
    nullable: bool = False
    expression: Any = None

    def order(self, backwards):
        """Return the expression for `order_by`."""
        # Said only where a value can be empty: PostgreSQL would not use the index of a column otherwise.
        nulls = {"nulls_first" if backwards else "nulls_last": True} if self.nullable else {}
        down = self.descending != backwards
        return F(self.name).desc(**nulls) if down else F(self.name).asc(**nulls)

    def beyond(self, value, backwards):
        """Return the condition that a row has its place after (backwards: before) one with `value`; None if none."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if backwards else None
        operator = "lt" if self.descending != backwards else "gt"
        condition = Q(**{f"{self.name}__{operator}": value})
        return condition | Q(**{self.name: None}) if self.nullable and not backwards else condition


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursors of the pages after and before them (None where there is none)."""

    rows: list
    next: str | None
    previous: str | None
    # Of a ranked list how long it is.
    count: int | None = None


def at_or_first(page_at, cursor):
    """Return the Page that `page_at(cursor=…)` gives, or the first where the cursor is good for nothing (any more)."""
    try:
        page = page_at(cursor=cursor)
    except CursorError:
        return page_at(cursor="")
    return page if page.rows or not cursor else page_at(cursor="")


def paginate(queryset, ordering, *, size, cursor="", bound="", homes=None):
    """Return the Page of `queryset` that `cursor` names, the first one without.

    `ordering` is a sequence of Keys that ends with a unique one. `bound` is what the cursor is good for: the query
    and the reader. `homes`, the Homes of all rows, makes the list of a reader of few of them as quick as others.
    Raises CursorError.
    """
    bound = _bound_in(ordering, bound)
    direction, values = _read(cursor, bound, len(ordering)) if cursor else (FORWARDS, None)
    backwards = direction == BACKWARDS
    rows = list(nearest(queryset, ordering, values, backwards, size + 1, homes))
    return _page(rows, [_values(row, ordering) for row in rows], size, backwards, values is not None, bound)


def paginate_ids(find, ordering, fetch, *, size, cursor="", bound=""):
    """Return the same Page, of rows that `fetch(ids)` returns as `{id: row}`.

    `find(values, backwards, count)` returns the places of its rows: what `nearest` finds, given the values of the
    cursor (None for the first page).
    """
    bound = _bound_in(ordering, bound)
    direction, values = _read(cursor, bound, len(ordering)) if cursor else (FORWARDS, None)
    backwards = direction == BACKWARDS
    places = find(values, backwards, size + 1)
    page = _page([place[-1] for place in places], places, size, backwards, values is not None, bound)
    fetched = fetch(page.rows)
    return Page([fetched[pk] for pk in page.rows if pk in fetched], page.next, page.previous)


def slots(model, ordering, empty):
    """Return Slots for the values of a cursor, called by the places of their keys; those that are `empty` are None."""
    fields = [IntegerField() if key.expression else _field(model, key.name.split("__")) for key in ordering]
    return [
        None if none else Slot(f"at{at}", field) for at, (field, none) in enumerate(zip(fields, empty, strict=True))
    ]


def _field(model, path):
    field = model._meta.get_field(path[0])
    return _field(field.related_model, path[1:]) if path[1:] else field


def nearest(queryset, ordering, values, backwards, count, homes=None):
    """Return the first `count` of `queryset` in that order, or those after the place with these `values`."""
    ordered = beginning(queryset, ordering, values, backwards)
    if homes is not None:
        ordered = ordered.filter(_walked(ordered, ordering, values, backwards, count, homes))
    return ordered[:count]


def nearest_alone(queryset, ordering, values, backwards, count, homes=None):
    """Return the same as rows that have their own columns and no annotations.

    Of those that a walk along `homes` found it is not asked once more whether they are in `queryset`.
    """
    if homes is None:
        return nearest(queryset, ordering, values, backwards, count)
    ordered = beginning(queryset, ordering, values, backwards)
    found = queryset.model._base_manager.filter(_walked(ordered, ordering, values, backwards, count, homes))
    return _ordered(found, ordering, backwards)[:count]


def _walked(ordered, ordering, values, backwards, count, homes):
    """Return the condition that a row of `ordered` is one of the first `count`, which a walk along `homes` finds."""
    within = ordered if homes.within is None else beginning(homes.within, ordering, values, backwards)
    names, order = [key.name for key in ordering], [_direction(key, backwards) for key in ordering]
    return Nearest(ordered, within, names, order, count, homes)


def beginning(queryset, ordering, values, backwards):
    """Return `queryset` in that order, beginning after the place with these `values` (backwards: before it)."""
    ordered = _ordered(queryset, ordering, backwards)
    return ordered if values is None else ordered.filter(_beyond(ordering, values, backwards))


def first(queryset, ordering, count, homes=None):
    """Return the first `count` of `queryset` in that order, each with its `place`, as a part that can be joined."""
    ordered = _ordered(queryset, ordering, False)
    if homes is not None:
        condition = Q(_walked(ordered, ordering, None, False, count, homes))
    else:
        condition = Q(pk__in=ordered.values("pk")[:count])
    found = _ordered(queryset.model._base_manager.filter(condition), ordering, False).order_by()
    return found.annotate(place=Window(RowNumber(), order_by=[key.order(False) for key in ordering]))


def _direction(key, backwards):
    """Return how a column is ordered, as `Key.order` says it."""
    nulls = f" NULLS {'FIRST' if backwards else 'LAST'}" if key.nullable else ""
    return ("DESC" if key.descending != backwards else "ASC") + nulls


def _page(rows, places, size, backwards, has_cursor, bound):
    """Return the Page of up to one row more than its size; `places` are the values of the keys of each."""
    more = len(rows) > size
    rows, places = rows[:size], places[:size]
    if not rows:
        return _gone(backwards, has_cursor, bound)
    if backwards:
        rows, places = rows[::-1], places[::-1]
    return Page(
        rows,
        _sign(FORWARDS, places[-1], bound) if (has_cursor if backwards else more) else None,
        _sign(BACKWARDS, places[0], bound) if (more if backwards else has_cursor) else None,
    )


def _gone(backwards, has_cursor, bound, count=None):
    """Return the Page of a cursor with no row beyond it (any more), which leads to the first page or to the last."""
    first = _sign(FORWARDS, (), bound) if backwards and has_cursor else None
    last = _sign(BACKWARDS, (), bound) if has_cursor and not backwards else None
    return Page([], first, last, count)


def paginate_ranked(ranked, fetch, *, size, cursor="", bound=""):
    """Return the Page of a list that is ranked already: pairs of a score and an id, the best first.

    `fetch(ids)` returns `{id: row}`; the other arguments and CursorError are as those of `paginate`.
    """
    direction, values = _read(cursor, bound, 2) if cursor else (FORWARDS, None)
    # By comparing, so that a row that has changed or gone since leaves no gap.
    if direction == BACKWARDS:
        end = len(ranked) if values is None else sum(list(pair) > values for pair in ranked)
        start = max(end - size, 0)
    else:
        start = 0 if values is None else sum(list(pair) >= values for pair in ranked)
        end = start + size
    shown = ranked[start:end]
    if not shown:
        return _gone(direction == BACKWARDS, values is not None, bound, len(ranked))
    found = fetch([pk for _score, pk in shown])
    return Page(
        [found[pk] for _score, pk in shown if pk in found],
        _sign(FORWARDS, shown[-1], bound) if end < len(ranked) else None,
        _sign(BACKWARDS, shown[0], bound) if start > 0 else None,
        len(ranked),
    )


def walk(queryset, ordering, names, size):
    """Yield the rows of the whole `queryset`, dictionaries with `names`, in lists of `size`: each is a statement.

    However many there are, no more are held at once, and no statement has more to do than the first.
    """
    ordered = _ordered(queryset, ordering, False).values(
        *names, *(key.name for key in ordering if key.name not in names)
    )
    rest = ordered
    while rows := list(rest[:size]):
        yield rows
        if len(rows) < size:
            return
        rest = ordered.filter(_beyond(ordering, [rows[-1][key.name] for key in ordering], False))


def values_of(row, ordering):
    """Return the values that `row` has for the keys, as it was read; with a made key, as the database has them."""
    if all(key.expression is None for key in ordering):
        return _values(row, ordering)
    rows = _ordered(row._meta.model._base_manager.filter(pk=row.pk), ordering, False)
    return [_plain(value) for value in rows.values_list(*(key.name for key in ordering)).get()]


def _ordered(queryset, ordering, backwards):
    made = {key.name: key.expression for key in ordering if key.expression is not None}
    return queryset.annotate(**made).order_by(*(key.order(backwards) for key in ordering))


def _beyond(ordering, values, backwards):
    """Return the condition that a row comes after the one with `values`."""
    (key, *rest), (value, *others) = ordering, values
    condition = key.beyond(value, backwards)
    if rest:
        tied = Q(**{key.name: value}) & _beyond(rest, others, backwards)
        condition = tied if condition is None else condition | tied
    if key.nullable or not rest:
        return condition
    # Implied by the rest, but this is the form that an index can begin its walk with.
    operator = "lte" if key.descending != backwards else "gte"
    return Q(**{f"{key.name}__{operator}": value}) & condition


def _values(row, ordering):
    return [_value(row, key.name.split("__")) for key in ordering]


def _value(row, path):
    for name in path:
        row = getattr(row, name)
    return _plain(row)


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def _bound_in(ordering, bound):
    """Return what a cursor of rows in that order is good for: its values are those of these keys."""
    return f"{bound} {' '.join(key.name for key in ordering)}"


def _signer(bound):
    return Signer(salt=f"keyset {bound}")


def _sign(direction, values, bound):
    return _signer(bound).sign_object([direction, [_plain(value) for value in values]])


def _read(cursor, bound, length):
    """Return the direction and the values of `cursor`: None of one that leads to the first page, or to the last."""
    try:
        direction, values = _signer(bound).unsign_object(cursor)
    except (BadSignature, ValueError) as error:
        raise CursorError(cursor) from error
    if values and len(values) != length:
        raise CursorError(cursor)
    return direction, values or None
