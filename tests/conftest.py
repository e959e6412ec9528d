"""What tests that go through the whole site share."""

import logging

import pytest
from django.core.cache import caches

from tests.cast import taken_back
from tests.hostile.world import World


@pytest.fixture(scope="module")
def written(cast, django_db_blocker):
    """A World, in a transaction that is taken back when the last test of the module has run."""
    with django_db_blocker.unblock(), taken_back():
        administrator, product = cast.enter("administrator"), cast.enter("product")
        people = {role: cast.enter(role) for role in ("maintainer", "triager", "reporter", "viewer")}
        cast.enter("stranger")
        yield World(product, administrator, people).build()


@pytest.fixture
def world(written, db):
    """The World that is `written`; what a test changes in it is taken back."""
    caches["shared"].clear()
    yield written
    caches["shared"].clear()


@pytest.fixture
def quiet():
    """Write nothing down: every refusal would be a line, and every fault a page."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
