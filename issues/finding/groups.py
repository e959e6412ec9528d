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
    """Return the Sections of all that the Search `asked` finds, without empty ones, and whether there may be others."""
    asked = asked.unranked()
    first = first_of(asked)
    values, whole = VALUES[field](asked, first, field)
    if len(values) > SECTIONS:
        # The last one of people and components is of what has none.
        values, whole = [*values[: SECTIONS - 1], values[-1]], False
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
    shown = [
        Section(str(values[section][0]), values[section][1], ids[:SHOWN], len(ids) > SHOWN)
        for section, ids in found.items()
    ]
    return shown, not whole


def _statuses(asked, _first, _field):
    """Leave out the closed ones where all is open: to find none of them, all of them would be gone through."""
    statuses = [one for one in Status.objects.all() if one.category != Category.CLOSED or not asked.is_open]
    return [(status.name, Plain(status.slug), {"status": status.pk}) for status in statuses], True


def _priorities(_asked, _first, _field):
    ranks = reversed(Priority)
    return [(rank.label.capitalize(), Plain(rank.name.lower()), {"priority": rank}) for rank in ranks], True


def _people(_asked, first, field):
    ids, whole = _present(first, field)
    named = sorted(User.objects.in_bulk(ids).values(), key=lambda user: user.name.lower())
    sections = [(user.name, Plain(user.username), {field: user.pk}) for user in named]
    return [*sections, _none(_("Nobody"), field)], whole


def _components(_asked, first, field):
    """Components of the same name in several products are one section, as they are for the query."""
    by_name: dict = {}
    ids, whole = _present(first, field)
    for component in Component.objects.filter(pk__in=ids).order_by("name"):
        by_name.setdefault(component.name.lower(), []).append(component)
    named = [
        (same[0].name, Plain(same[0].name), {f"{field}__in": [one.pk for one in same]}) for same in by_name.values()
    ]
    return [*named, _none(_("No component"), field)], whole


def _present(first, field):
    """Return the ids of what the first issues have in `field`, and whether those are all issues."""
    found = list(first(Q(), LOOKED_AT).values_list(field, flat=True))
    return {pk for pk in found if pk is not None}, len(found) < LOOKED_AT


def _none(title, field):
    return (title, Special("none"), {field: None})


VALUES = {"status": _statuses, "priority": _priorities, "assignee": _people, "component": _components}
