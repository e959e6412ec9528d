"""Completing a query while it is typed: fields, then values, only such as the reader may see."""

from issues.finding.names import CATEGORY, Names, kind_of
from issues.query.completing import Offer, as_value, completing
from issues.query.fields import FIELDS

SHOWN = 12


def complete(text, position, user, product=None):
    """Return `(start, end, [Offer])`: what may replace `text` from `start` to `end`, at most a dozen."""
    place = completing(text, position)
    offers = list(place.offers)
    if place.field and "\x00" not in place.beginning:
        offers += _names(FIELDS[place.field], place.beginning, user, product)
    return place.start, place.end, offers[:SHOWN]


def _names(field, beginning, user, product):
    names = Names(None, user, product)
    kinds = ("status", CATEGORY) if field.name == "status" else (kind_of(field),)
    found: dict = {}
    for kind in kinds:
        for called in names.beginning(kind, beginning, SHOWN):
            found.setdefault(called.lower(), Offer(as_value(called)))
    return list(found.values())
