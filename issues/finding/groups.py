"""A list in sections: by status, priority, assignee or component, the first ten of each."""

from dataclasses import dataclass

from django.db.models import IntegerField, Value
from django.utils.translation import gettext as _

from accounts.models import User
from issues.choices import Priority
from issues.models import Issue, Status
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


def sections(rows, asked, field):
    """Return the Sections of `rows`, a queryset that the Search `asked` was applied to; empty ones are left out."""
    ordered = _ordered(rows, asked)
    values = VALUES[field](ordered, field)
    parts = [
        # Each part is limited by itself, in a form that every database can join.
        Issue.objects.filter(pk__in=ordered.filter(**condition).values("pk")[: SHOWN + 1])
        .order_by()
        .annotate(place=Value(place, IntegerField()))
        .values_list("place", "pk")
        for place, (_title, _value, condition) in enumerate(values)
    ]
    found: dict = {}
    if parts:
        for place, pk in parts[0].union(*parts[1:], all=True):
            found.setdefault(place, []).append(pk)
    return [
        Section(str(values[place][0]), values[place][1], ids[:SHOWN], len(ids) > SHOWN)
        for place, ids in sorted(found.items())
    ]


def _ordered(rows, asked):
    keys = [key for key in asked.ordering if key.name != "relevance"]
    made = {key.name: key.expression for key in keys if key.expression is not None}
    return rows.annotate(**made).order_by(*(key.order(False) for key in keys))


def _statuses(_rows, _field):
    return [(status.name, Plain(status.slug), {"status": status.pk}) for status in Status.objects.all()[:SECTIONS]]


def _priorities(_rows, _field):
    return [(rank.label.capitalize(), Plain(rank.name.lower()), {"priority": rank}) for rank in reversed(Priority)]


def _people(rows, field):
    people = User.objects.in_bulk(_present(rows, field))
    named = sorted(people.values(), key=lambda user: user.name.lower())[: SECTIONS - 1]
    return [*((user.name, Plain(user.username), {field: user.pk}) for user in named), _none(_("Nobody"), field)]


def _components(rows, field):
    """Components of the same name in several products are one section, as they are for the query."""
    by_name: dict = {}
    for component in Component.objects.filter(pk__in=_present(rows, field)).order_by("name"):
        by_name.setdefault(component.name.lower(), []).append(component)
    named = [
        (same[0].name, Plain(same[0].name), {f"{field}__in": [one.pk for one in same]}) for same in by_name.values()
    ]
    return [*named[: SECTIONS - 1], _none(_("No component"), field)]


def _present(rows, field):
    return {pk for pk in rows.values_list(field, flat=True)[:LOOKED_AT] if pk is not None}


def _none(title, field):
    return (title, Special("none"), {field: None})


VALUES = {"status": _statuses, "priority": _priorities, "assignee": _people, "component": _components}
