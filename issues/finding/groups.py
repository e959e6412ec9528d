"""A list in sections: by status, priority, assignee or component, the first ten of each."""

from dataclasses import dataclass

from django.db.models import Count, IntegerField, Q, Value
from django.utils.translation import gettext as _

from accounts.models import User
from issues.choices import Category, Priority
from issues.finding.names import of_product
from issues.finding.pages import first_of
from issues.models import Status
from issues.query.tree import Plain, Special
from products.models import Component

SHOWN = 10
SECTIONS = 20
# People and components are looked for, and counted, among so many of the first issues.
LOOKED_AT = 1000


@dataclass
class Section:
    """Some of the issues that have `value` (of the query language) in common; `more` says that there are others.

    There are `count` of them, or `uncounted` ones besides.
    """

    title: str
    value: Plain | Special
    ids: list
    more: bool
    count: int
    uncounted: bool


def sections(asked, field):
    """Return the Sections of all that the Search `asked` finds, without empty ones, and whether there may be others."""
    asked = asked.unranked()
    first = first_of(asked)
    values, whole, counted = VALUES[field](asked, first, field)
    if len(values) > SECTIONS:
        # The last one of people and components is of what has none.
        values, whole = [*values[: SECTIONS - 1], values[-1]], False
    parts = [
        first(Q(**condition), SHOWN + 1)
        .annotate(section=Value(section, IntegerField()))
        .values_list("section", "place", "pk")
        for section, (_title, _value, condition, _count) in enumerate(values)
    ]
    found: dict = {}
    if parts:
        for section, _place, pk in sorted(parts[0].union(*parts[1:], all=True)):
            found.setdefault(section, []).append(pk)
    return [_section(*values[section], ids, counted) for section, ids in found.items()], not whole


def _section(title, value, _condition, count, ids, counted):
    more, count = len(ids) > SHOWN, max(count, min(len(ids), SHOWN))
    return Section(str(title), value, ids[:SHOWN], more, count, more and not counted)


def _statuses(asked, _first, _field):
    """Leave out the closed ones where all is open: to find none of them, all of them would be gone through."""
    statuses = [one for one in Status.objects.all() if one.category != Category.CLOSED or not asked.is_open]
    return [(status.name, Plain(status.slug), {"status": status.pk}, 0) for status in statuses], True, False


def _priorities(_asked, _first, _field):
    ranks = reversed(Priority)
    return [(rank.label.capitalize(), Plain(rank.name.lower()), {"priority": rank}, 0) for rank in ranks], True, False


def _people(_asked, first, field):
    counts, counted = _present(first, field)
    named = sorted(User.objects.in_bulk(counts.keys() - {None}).values(), key=lambda user: user.name.lower())
    sections = [(user.name, Plain(user.username), {field: user.pk}, counts[user.pk]) for user in named]
    return [*sections, _none(_("Nobody"), field, counts)], counted, counted


def _components(asked, first, field):
    """Components of the same name in several products are one section, as they are for the query."""
    by_name: dict = {}
    counts, counted = _present(first, field)
    ids = counts.keys() - {None}
    for component in Component.objects.filter(pk__in=ids).order_by("name"):
        by_name.setdefault(component.name.lower(), []).append(component)
    named = [
        (
            *(same[0].name, Plain(same[0].name), {f"{field}__in": [one.pk for one in same]}),
            sum(counts[one.pk] for one in same),
        )
        for same in by_name.values()
    ]
    seen = Component.objects.visible_to(asked.user).filter(of_product(asked.product))
    whole = counted or not seen.exclude(pk__in=ids).exists()
    return [*named, _none(_("No component"), field, counts)], whole, counted


def _present(first, field):
    """Return how many of the first issues have what in `field`, by its id, and whether those are all issues."""
    counts = dict(first(Q(), LOOKED_AT).values_list(field).annotate(Count("pk")))
    return counts, sum(counts.values()) < LOOKED_AT


def _none(title, field, counts):
    return (title, Special("none"), {field: None}, counts.get(None, 0))


VALUES = {"status": _statuses, "priority": _priorities, "assignee": _people, "component": _components}
