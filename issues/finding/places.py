"""Where one can go: pages, products, saved views and issues by a few letters, as far as the reader may see them."""

import re
from dataclasses import asdict, dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from issues.choices import shape_of
from issues.finding.pages import paginate
from issues.finding.search import search
from issues.models import Issue, SavedView
from issues.query import QueryError
from products.access import is_person
from products.models import Product
from products.numbers import read_number

SHOWN = 8
OF_A_KIND = 3
LONGEST = 100
SAME_NUMBER = 100
KEY = re.compile(r"#?(?:(?P<product>[A-Za-z][A-Za-z0-9]{1,9})-)?(?P<number>[0-9]{1,18})")
WORD = re.compile(r"\w+")
COLUMNS = ("title", "number", "updated_at", "closed_at", "product__key", "status__category", "resolution")


@dataclass(frozen=True)
class Place:
    """What stands at an address: `icon` is its symbol, `said` a few words beside its name."""

    name: str
    said: str
    icon: str
    url: str

    def as_dict(self):
        """Return it as the palette is told."""
        return {name: str(value) for name, value in asdict(self).items()}


def places(user, text):
    """Return up to eight Places that fit `text`, the surest first. Takes as many statements however much there is."""
    text = text.strip()[:LONGEST]
    if not text:
        return []
    exact = _by_key(user, text)
    named = [*_pages(user, text), *_products(user, text), *_views(user, text)]
    found = [*exact, *named]
    if len(found) < SHOWN:
        found += _by_words(user, text)
    return list({place.url: place for place in found}.values())[:SHOWN]


def _pages(user, text):
    pages = [(_("All issues"), "list", "issues"), (_("Products"), "product", "products")]
    if is_person(user):
        pages += [
            (_("My work"), "user", "my-work"),
            (_("Saved views"), "filter", "views"),
            (_("New issue"), "plus", "issue-new"),
            (_("Profile"), "settings", "profile"),
            (_("Tokens"), "key", "tokens"),
        ]
    pages.append((_("How to search"), "help", "query-help"))
    fits = [page for page in pages if _begins(page[0], text)]
    return [Place(name, _("page"), icon, reverse(route)) for name, icon, route in fits[:OF_A_KIND]]


def _begins(name, text):
    """Return whether a word of `name` begins with `text`."""
    name, text = name.lower(), text.lower()
    return name.startswith(text) or f" {text}" in name


def _products(user, text):
    fits = Q(key__istartswith=text) | Q(title__icontains=text)
    rows = Product.objects.visible_to(user).active().filter(fits).only("key", "title").order_by("key")
    return [Place(row.title, row.key, "product", row.get_absolute_url()) for row in rows[:OF_A_KIND]]


def _views(user, text):
    rows = SavedView.objects.visible_to(user).filter(name__icontains=text).select_related("product")
    shown = rows.only("name", "product__key").order_by("name", "id")[:OF_A_KIND]
    return [Place(row.name, _home(row), "filter", row.get_absolute_url()) for row in shown]


def _home(view):
    return view.product.key if view.product else _("view")


def _rows(user):
    return Issue.objects.visible_to(user).select_related("product", "status").only(*COLUMNS)


def _by_key(user, text):
    match = KEY.fullmatch(text)
    number = read_number(match["number"]) if match else None
    if number is None:
        return []
    if match["product"]:
        issue = _rows(user).at(text.removeprefix("#"))
        return [_place(issue)] if issue else []
    # By product, whose index has it; there are few, and a database asked for their order would look for that first.
    rows = _rows(user).filter(number=number, product__in=Product.objects.visible_to(user))[:SAME_NUMBER]
    found = sorted(rows, key=lambda issue: issue.updated_at, reverse=True)
    return [_place(issue) for issue in found[:OF_A_KIND]]


def _by_words(user, text):
    words = WORD.findall(text.lower())
    if not words or len(text) == 1:
        return []
    try:
        asked = search(user, text=" ".join([*words[:-1], f"{words[-1]}*"]))
    except QueryError:
        return []
    page = paginate(asked.apply(_rows(user)), asked, size=SHOWN)
    return [_place(issue) for issue in page.rows]


def _place(issue):
    shape = shape_of(issue.status.category, issue.resolution)
    return Place(issue.title, issue.key, shape, issue.get_absolute_url())
