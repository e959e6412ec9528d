"""The keys of issues in a text, such as WEB-142, as links: to its own product, and to public ones."""

import re

from products.markdown import is_plain, render
from products.models import ProductKey

# What may be one, in Markdown: quick to look for, since it is looked for in every text.
NAMED = re.compile(r"([A-Z][A-Z0-9]{1,9})-[1-9]")


def known_keys(**some):
    """Return `{key: (id of its product, visibility)}` of all products, or of some; old keys count as well."""
    rows = ProductKey.objects.filter(product__isnull=False, product__deleted_at=None, **some)
    return {key: seen for key, *seen in rows.values_list("key", "product", "product__visibility")}


def render_in(product, text, known=None):
    """Return safe HTML for the Markdown `text` of `product`, or of an issue in it, with links to the issues it names.

    A link tells that there is such a product: so only to `product` itself and to public ones, whoever comes to read it.
    What a text links to is decided when it is written, and anew when its issue moves. `known` are the `known_keys`,
    read before where there are many texts.
    """
    keys = set(NAMED.findall(text)) if not is_plain(text) else set()
    others = keys - {product.key}
    if others:
        known = known_keys(key__in=others) if known is None else known
        keys -= {key for key in others if key not in known or not _is_seen(product, *known[key])}
    return render(text, keys)


def _is_seen(home, product, visibility):
    return product == home.pk or visibility == "public"
