"""What the tests of this folder share: a site with one of everything, and who comes to it."""

import json

import pytest
from django.test import Client

from tests.hostile.places import of_pages, of_schema


def signed_in(user):
    """Return a browser in which `user` is signed in, that tells of errors as a server does."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture(scope="module")
def places(written):
    """Where input comes in, of the API, the pages and the administration: found once for all tests of a module."""
    nobody = Client()
    pages = of_pages(written, [signed_in(written.administrator), nobody])
    ours = [one for one in pages if not one.request.path.startswith("/admin/")]
    admin = [one for one in pages if one.request.path.startswith("/admin/")]
    schema = json.loads(nobody.get("/openapi.json").content)
    return {"API": of_schema(schema, written), "pages": ours, "administration": admin}


@pytest.fixture
def somebody(world):
    """A browser in which the administrator is signed in."""
    return signed_in(world.administrator)


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
