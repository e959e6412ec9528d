"""What the frame of every page shows of products."""

from django.utils.functional import SimpleLazyObject

from issuetracker.prepared import ByReader, PreparedModels
from products.access import reader
from products.models import Product

SHOWN = 12


def nav_products(request):
    """Return the first products that the reader may see, asked for where a page shows them."""
    return {"nav_products": SimpleLazyObject(lambda: _seen(request))}


def _seen(request):
    products = SEEN.of(reader(request.user)).rows()
    return [{"key": product.key, "title": product.title, "url": product.get_absolute_url()} for product in products]


def _products(user):
    return Product.objects.visible_to(user).active().only("key", "title")[:SHOWN]


SEEN = ByReader(PreparedModels, _products)
