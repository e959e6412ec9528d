"""What the tests of this folder share: a site with one of everything, and who comes to it."""

import pytest
from django.test import Client


@pytest.fixture
def somebody(world):
    """A browser in which the administrator is signed in, that tells of errors as a server does."""
    client = Client(raise_request_exception=False)
    client.force_login(world.administrator)
    return client


@pytest.fixture
def nobody():
    """A browser in which nobody is signed in."""
    return Client(raise_request_exception=False)


@pytest.fixture
def program(world):
    """A program with a token of the administrator's."""
    return Client(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {world.secret}")


@pytest.fixture(autouse=True)
def _quiet(quiet):
    """Nothing is written down."""
