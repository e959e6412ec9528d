"""That something was used is noted where it can be, and no reason not to answer where it cannot."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import ApiToken, Session


@pytest.fixture
def full(monkeypatch):
    """A function after which the database takes no update any more."""

    def update(*args, **kwargs):
        raise OperationalError("database or disk is full")

    return lambda: monkeypatch.setattr(QuerySet, "update", update)


def test_a_token_is_taken_though_its_use_cannot_be_noted(api, triager, full):
    client = api(triager, "read")
    full()
    assert client.get("/api/v1/me/").status_code == 200
    assert ApiToken.objects.get().last_used_at is None


def test_a_session_goes_on_though_it_cannot_be_noted(client, triager, full):
    client.force_login(triager)
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.update(seen_at=long_ago)
    full()
    assert client.get("/products/").status_code == 200
    assert Session.objects.get().seen_at == long_ago
