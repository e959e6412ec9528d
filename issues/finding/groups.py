"""A list in sections: by status, priority, assignee or component, the first ten of each."""

from dataclasses import dataclass

from django.db.models import IntegerField, Q, Value
from django.utils.translation import gettext as _

from accounts.models import User
from issues.choices import Category, Priority
from issues.finding.pages import first_of
from issues.models import Status
from issues.query.tree import Plain, Special
from products.models import Component

SHOWN = 10
SECTIONS = 20
# People and components are looked for among so many of the first issues.
LOOKED_AT = 1000


@dataclass
class Section:
    """Some of the issues that have `value` (of the query language) in common; `more` says that there are others."""

    title: str
    value: Plain | Special
    ids: list
    more: bool = False


def sections(asked, field):
    """Return the Sections of all that the Search `asked` finds; empty ones are left out."""
    asked = asked.unranked()
    first = first_of(asked)
    values = VALUES[field](asked, first, field)
    parts = [
        first(Q(**condition), SHOWN + 1)
        .annotate(section=Value(section, IntegerField()))
        .values_list("section", "place", "pk")
        for section, (_title, _value, condition) in enumerate(values)
    ]
    found: dict = {}
    if parts:
        for section, _place, pk in sorted(parts[0].union(*parts[1:], all=True)):
            found.setdefault(section, []).append(pk)
    return [
        Section(str(values[section][0]), values[section][1], ids[:SHOWN], len(ids) > SHOWN)
        for section, ids in found.items()
    ]


def _statuses(asked, _first, _field):
    """Leave out the closed ones where all is open: to find none of them, all of them would be gone through."""
    statuses = [one for one in Status.objects.all() if one.category != Category.CLOSED or not asked.is_open]
    return [(status.name, Plain(status.slug), {"status": status.pk}) for status in statuses[:SECTIONS]]


def _priorities(_asked, _first, _field):
    return [(rank.label.capitalize(), Plain(rank.name.lower()), {"priority": rank}) for rank in reversed(Priority)]


def _people(_asked, first, field):
    people = User.objects.in_bulk(_present(first, field))
    named = sorted(people.values(), key=lambda user: user.name.lower())[: SECTIONS - 1]
    return [*((user.name, Plain(user.username), {field: user.pk}) for user in named), _none(_("Nobody"), field)]


def _components(_asked, first, field):
    """Components of the same name in several products are one section, as they are for the query."""
    by_name: dict = {}
    for component in Component.objects.filter(pk__in=_present(first, field)).order_by("name"):
        by_name.setdefault(component.name.lower(), []).append(component)
    named = [
        (same[0].name, Plain(same[0].name), {f"{field}__in": [one.pk for one in same]}) for same in by_name.values()
    ]
    return [*named[: SECTIONS - 1], _none(_("No component"), field)]


def _present(first, field):
    found = first(Q(), LOOKED_AT).values_list(field, flat=True)
    return {pk for pk in found if pk is not None}


def _none(title, field):
    return (title, Special("none"), {field: None})


VALUES = {"status": _statuses, "priority": _priorities, "assignee": _people, "component": _components}
