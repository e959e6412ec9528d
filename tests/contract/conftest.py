"""A site with one of everything, and who asks it."""

import pytest

from accounts.services import create_token
from issuetracker.api.docs import schema_text
from tests.contract.asking import operations


@pytest.fixture
def identities(world):
    """Who asks: `{name: (headers, id of a token of theirs)}`."""
    found = {"anonymous": ({}, world.ids["token"])}
    people = {**world.people, "administrator": world.administrator}
    for role in ("reporter", "maintainer", "administrator"):
        user = people[role]
        scopes = ["read", "write", "admin"]
        token, secret = create_token(user, actor=user, via="web", name="Contract", scopes=scopes)
        found[role] = ({"Authorization": f"Bearer {secret}"}, token.pk)
    return found


@pytest.fixture
def asked():
    """Every operation of the API."""
    return operations(schema_text())


@pytest.fixture(autouse=True)
def _quiet(quiet):
    """Nothing is written down."""
