"""What tests that go through the whole site share."""

import logging

import pytest

from tests.hostile.world import World


@pytest.fixture
def world(product, administrator, maintainer, triager, reporter, viewer, stranger):
    """A site with one of everything."""
    people = {"maintainer": maintainer, "triager": triager, "reporter": reporter, "viewer": viewer}
    return World(product, administrator, people).build()


@pytest.fixture
def quiet():
    """Write nothing down: every refusal would be a line, and every fault a page."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
