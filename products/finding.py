"""Finding a product by its key, and the few that one sees, each in one statement that is compiled once."""

from django.db.models import CharField
from django.http import Http404

from issuetracker.prepared import ByReader, PreparedModels, PreparedTuples, Slot
from products import access
from products.models import Product


def _at():
    products = Product.objects.filter(key=Slot("key", CharField()), deleted_at=None)
    return products.select_related("owner").order_by()


AT = PreparedModels(_at)


def find_present(user, key):
    """Return the product whose key is `key`, with its owner, or None where `user` sees none."""
    product = AT.first(key=key)
    return product if product is not None and access.sees(user, product) else None


def find(user, key):
    """Return the product whose key is or once was `key`, in any case, or None where `user` sees none."""
    return find_present(user, key) or Product.objects.visible_to(user).select_related("owner").at(key)


def named(user, key):
    """Return the product that the parameter `key` names, as `find`, or None without one. Raises Http404."""
    product = find(user, key) if key else None
    if key and product is None:
        raise Http404
    return product


def few_seen(user, limit):
    """Return the ids of all products that `user` sees, or None where they are more than `limit`."""
    seen = SEEN.of(access.reader(user), limit).tuples()
    return tuple(pk for (pk,) in seen) if len(seen) <= limit else None


def _seen(user, limit):
    return Product.objects.visible_to(user).order_by().values_list("pk")[: limit + 1]


SEEN = ByReader(PreparedTuples, _seen)
