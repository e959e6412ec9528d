"""The world holds what the tests of access look for."""

from products.models import Product
from tests.access.world import IDENTITIES, SECRET, leaks, text_of


def test_it_is_whole(world):
    assert Product.objects.count() == 7
    told = text_of(world.client("superuser").get("/issues/export.jsonl"))
    assert {word for word in SECRET.values() if word in told} == {
        *(SECRET[name] for name in ("internal", "private", "other", "far", "confidential", "own", "hush"))
    }


def test_a_leak_is_found(world):
    told = text_of(world.client("superuser").get("/issues/export.jsonl"))
    for name in IDENTITIES:
        assert bool(leaks(name, told)) == (name != "superuser"), name
