"""Completing a query while it is typed: fields, then values, only such as the reader may see."""

from issues.finding.names import CATEGORY, NAMED, Names, kind_of
from issues.query import QueryError, parse
from issues.query.completing import Offer, as_value, completing
from issues.query.fields import FIELDS
from issues.query.parsing import CHARACTERS
from issues.query.tree import Term
from products import access
from products.models import Product
from products.numbers import read_number

SHOWN = 12
# What is refused where nobody is signed in.
OWN = ("@me", "mine", "watched")


def complete(text, at, user, product=None):
    """Return `{"start", "end", "offers": [{"text", "said", "open"}]}`: what may replace `text` from `start` to `end`.

    `at` is the place as an address gives it, by default the end; a text is read as far as a query may go. There are a
    dozen offers at most.
    """
    text, position = text[:CHARACTERS], read_number(at)
    place = completing(text, len(text) if position is None else position)
    offers = [offer for offer in place.offers if access.is_person(user) or offer.text not in OWN]
    if place.field and "\x00" not in place.beginning:
        if product is None and place.field in NAMED:
            # What is being written may be half a value: something stands in its place.
            product = _product_named(f"{text[: place.start]}x{text[place.end :]}", user)
        offers += _names(FIELDS[place.field], place.beginning, user, product)
    told = [{"text": offer.text, "said": offer.said, "open": offer.open} for offer in offers[:SHOWN]]
    return {"start": place.start, "end": place.end, "offers": told}


def _product_named(text, user):
    """Return the product whose issues alone the query `text` asks for by its key, as `user` sees it, or None."""
    try:
        query = parse(text)
    except QueryError as error:
        query = error.valid
    for node in query.nodes:
        if isinstance(node, Term) and node.name == "product" and len(node.values) == 1:
            return Product.objects.visible_to(user).at(node.values[0].text)
    return None


def _names(field, beginning, user, product):
    names = Names(None, user, product)
    kinds = ("status", CATEGORY) if field.name == "status" else (kind_of(field),)
    found: dict = {}
    for kind in kinds:
        for called, said in names.beginning(kind, beginning, SHOWN):
            found.setdefault(called.lower(), Offer(as_value(called, field.reserved), said))
    return list(found.values())
