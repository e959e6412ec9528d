"""The world of the tests of access, written once for all of them."""

import sys

import pytest

from issuetracker.prepared import ByReader
from tests.access.world import World
from tests.cast import taken_back


@pytest.fixture(scope="package")
def written(cast, django_db_blocker):
    """The World, in a transaction that is taken back when the last of these tests has run."""
    with django_db_blocker.unblock(), taken_back():
        yield World()


@pytest.fixture(autouse=True)
def _statements_of_the_rules_as_they_are(request):
    """No statement outlives a test that has switched a rule off."""
    yield
    if "monkeypatch" in request.fixturenames:
        forget_statements()


def forget_statements():
    """Let what is compiled for each reader be compiled anew, by the rules as they are then."""
    for module in list(sys.modules.values()):
        for one in list(vars(module).values()) if getattr(module, "__name__", "").startswith("issues") else ():
            if isinstance(one, ByReader):
                one.kept.cache_clear()
