"""The API looked at in a browser: its pages, whose forms are those of what one may do, are answered as its JSON is."""

import re

import pytest
from django.test import Client

from accounts.services import create_token
from tests.access import test_matrix as matrix
from tests.access.routes import API

# What is made of rows is the same whatever the database.
pytestmark = [pytest.mark.once, pytest.mark.untraced]
# Without files, and at one of the two addresses of an issue.
LEFT_OUT = re.compile(r"-(file|export)$|^api-product-issue-")
READ = [name for name, route in API.items() if route.get and not LEFT_OUT.search(name)]
SCOPES = (("read",), ("read", "write"))


@pytest.fixture
def clients(world):
    """Clients of the API for a maintainer, by tokens with few scopes."""
    mia = world.people["maintainer"]
    tokens = [create_token(mia, actor=mia, via="web", name="x", scopes=scopes)[1] for scopes in SCOPES]
    return [Client(HTTP_AUTHORIZATION=f"Bearer {secret}", raise_request_exception=False) for secret in tokens]


def test_every_page_is_answered_as_its_json_is(world, clients):
    for name in READ:
        path = matrix.address(name, matrix.asked_of(world, name, "public", "maintainer"))
        for client in clients:
            page, told = client.get(path, headers={"accept": "text/html"}), client.get(path)
            assert (page.status_code, page["Content-Type"]) == (told.status_code, "text/html; charset=utf-8"), path


def test_a_refusal_for_want_of_a_scope_is_a_page_too(clients):
    answer = clients[0].post("/api/v1/products/", {}, "application/json", headers={"accept": "text/html"})
    assert (answer.status_code, b"scope" in answer.content) == (403, True)
