"""What the frame of every page shows: saved views and products, in one statement."""

from dataclasses import dataclass

from django.db.models import CharField, F, IntegerField, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from issues.models import SavedView
from issuetracker.prepared import ByReader, PreparedTuples
from products.access import is_person, reader
from products.models import Product

PRODUCTS = 12
COLUMNS = ("kind", "place", "address", "ident", "said")


@dataclass(frozen=True)
class Place:
    """A link in the side bar: the id of a view or product, its key (a product's alone), its name, and its address."""

    pk: int
    key: str
    name: str
    url: str


def frame(request):
    """Return the views in the side bar of the reader, and the first products, asked for where a page shows them."""
    found = SimpleLazyObject(lambda: _found(request.user))
    return {f"nav_{kind}": SimpleLazyObject(lambda kind=kind: found.get(kind, [])) for kind in ("views", "products")}


def _found(user):
    found: dict = {}
    for kind, _place, key, pk, name in sorted(FRAME.of(reader(user)).tuples()):
        address = reverse("product", args=[key]) if key else reverse("view", args=[pk])
        found.setdefault(kind, []).append(Place(pk, key, name, address))
    return found


def _frame(user):
    # Limited within, in a form that every database can join.
    seen = Product.objects.visible_to(user).active().values("pk")[:PRODUCTS]
    products = _rows(Product.objects.filter(pk__in=seen), "products", Value(0), F("key"), F("title"))
    if not is_person(user):
        return products
    pinned = SavedView.objects.pinned_by(user)
    return products.union(_rows(pinned, "views", F("pins__position"), Value(""), F("name")), all=True)


def _rows(queryset, kind, place, address, said):
    texts = {"kind": Value(kind), "address": address, "said": said}
    texts = {name: Cast(one, CharField()) for name, one in texts.items()}
    return queryset.order_by().annotate(**texts, place=Cast(place, IntegerField()), ident=F("pk")).values_list(*COLUMNS)


FRAME = ByReader(PreparedTuples, _frame)
