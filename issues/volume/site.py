"""The people, products and parts that invented issues belong to."""

import random
from dataclasses import dataclass
from itertools import accumulate

from django.db import transaction

from accounts.models import User
from accounts.services import create_user
from history.models import Via
from issues import rules
from issues.models import Category
from issues.volume.words import Writer
from products.models import Component, Label, Member, Milestone, Product, Version
from products.services import create_part, create_product, set_member

# The readers that figures are given for, beside the anonymous one.
ADMINISTRATOR, READER = "volume-admin", "volume-reader"
BIG, SMALL = "BIG", "SMALL"
PRODUCTS_LEAST = 6
BIG_SHARE = 0.1
SMALL_LIMIT, SMALL_SHARE = 200, 0.02
TWO_PERCENT = "two-percent"
LABELS = {
    "regression": "red",
    "needs-info": "amber",
    "performance": "green",
    "security": "teal",
    "documentation": "blue",
    "accessibility": "violet",
    "upstream": "pink",
    "good-first": "gray",
}
GIVEN = (
    "alba",
    "ben",
    "chen",
    "dora",
    "emil",
    "fay",
    "gita",
    "hana",
    "ivo",
    "jun",
    "kofi",
    "lena",
    "mika",
    "nour",
    "olga",
    "pia",
    "ravi",
    "sana",
    "tom",
    "uma",
)
FAMILY = (
    "abe",
    "bauer",
    "costa",
    "diaz",
    "eze",
    "fox",
    "garg",
    "hall",
    "ito",
    "jensen",
    "khan",
    "lind",
    "moreau",
    "nagy",
    "ortiz",
)
TEAM = ("maintainer", "triager", "triager", "reporter")


@dataclass
class Home:
    """A product with what its issues can name. `weight` is its share of the issues, in relation to the others."""

    product: Product
    weight: float
    components: list
    milestones: list
    versions: list
    team: list

    @property
    def is_private(self):
        """Whether its members alone see it."""
        return self.product.visibility == Product.Visibility.PRIVATE


@dataclass
class Site:
    """All that issues refer to."""

    people: list
    homes: list
    labels: list
    two_percent: Label
    statuses: dict

    def __post_init__(self):
        self.weights = list(accumulate(home.weight for home in self.homes))
        self.popularity = popularity(len(self.people))
        self.small = self.homes[-1]
        self.readers = [self.homes[rank] for rank in reader_ranks(len(self.homes))]


def popularity(count):
    """Return the weights, added up, of `count` things of which the first is chosen most."""
    return list(accumulate(1 / (rank + 4) for rank in range(count)))


def reader_ranks(products):
    """Return which of so many products, by size, READER belongs to: a large, a middling and a small one."""
    return sorted({2, max(3, products // 20), max(4, products // 2)})


@transaction.atomic
def build_site(products, seed, *, private=False):
    """Make a Site of so many products, six or more; what is there by that name already is used.

    One is BIG and holds a tenth of the issues, SMALL is public and holds few. The others are public for the most part,
    or all private.
    """
    choose = random.Random(f"{seed} site")  # noqa: S311 (it decides on names, not on secrets)
    admin = _person(ADMINISTRATOR, is_staff=True, is_superuser=True)
    reader = _person(READER)
    people = [_person(f"{given}.{family}") for family in FAMILY for given in GIVEN]
    choose.shuffle(people)
    homes = [_home(rank, products, choose, people, admin, private) for rank in range(products)]
    for rank in reader_ranks(products):
        set_member(homes[rank].product, reader, Member.Role.TRIAGER, actor=admin, via=Via.IMPORT)
    labels = [_part(Label, None, name=name, colour=colour) for name, colour in LABELS.items()]
    statuses = {category: rules.first_status(category) for category in Category}
    return Site(people, homes, labels, _part(Label, None, name=TWO_PERCENT, colour="orange"), statuses)


def _person(username, **fields):
    found = User.objects.filter(username=username).first()
    if found is not None:
        return found
    shown = username.replace(".", " ").replace("-", " ").title()
    return create_user(actor=None, via=Via.IMPORT, username=username, display_name=shown, **fields)


def _part(model, product, **fields):
    found = model.objects.filter(product=product, name=fields["name"]).first()
    return found or create_part(model, product=product, actor=None, via=Via.IMPORT, **fields)


def _home(rank, products, choose, people, admin, private):
    """Return the Home of the product of that rank by size; the smallest is SMALL."""
    last = rank == products - 1
    key = BIG if rank == 0 else SMALL if last else f"P{rank:04}"
    fields = {"title": Writer(choose).title()[:60], "visibility": _visibility(rank, products, choose, private)}
    product = Product.objects.filter(key=key).first()
    product = product or create_product(actor=None, via=Via.IMPORT, key=key, **fields)
    chosen = dict.fromkeys(choose.choices(people, cum_weights=popularity(len(people)), k=2 * len(TEAM)))
    team = list(chosen)[: len(TEAM)]
    for person, role in zip(team, TEAM, strict=False):
        set_member(product, person, role, actor=admin, via=Via.IMPORT)
    names = [Writer(choose).words(1)[0].capitalize() for _ in range(12 if rank == 0 else 3)]
    return Home(
        product,
        _weight(rank, products),
        [_part(Component, product, name=name) for name in dict.fromkeys(names)],
        [_part(Milestone, product, name=f"{year}.1") for year in (25, 26)],
        [_part(Version, product, name="1.0")],
        team,
    )


def _visibility(rank, products, choose, private):
    """Return who sees the product of that rank."""
    if rank == products - 1:
        return Product.Visibility.PUBLIC
    drawn = choose.random()
    if private or rank in reader_ranks(products):
        return Product.Visibility.PRIVATE
    if rank == 0 or drawn < 0.8:
        return Product.Visibility.PUBLIC
    return Product.Visibility.INTERNAL if drawn < 0.9 else Product.Visibility.PRIVATE


def _weight(rank, products):
    """Return the share of the product of that rank: BIG has a tenth, SMALL is served apart."""
    if rank == 0:
        return BIG_SHARE
    if rank == products - 1:
        return 0
    others = range(1, products - 1)
    return (1 - BIG_SHARE) / (rank + 9) / sum(1 / (other + 9) for other in others)
