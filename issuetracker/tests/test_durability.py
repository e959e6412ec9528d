"""What could lose confirmed changes is refused, unless somebody says that they know."""

import logging

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from issuetracker import database

pytestmark = pytest.mark.django_db
SAFE = {
    "sqlite": [("synchronous", 2, 2), ("journal_mode", "wal", "wal")],
    "postgresql": [("fsync", "on", "on"), ("full_page_writes", "on", "on"), ("synchronous_commit", "on", "on")],
}[connection.vendor]


@pytest.fixture
def asked(monkeypatch):
    """A function that lets the database answer `values`."""
    return lambda values: monkeypatch.setattr(database, "_durability", lambda connection: values)


def test_the_connection_itself_is_asked():
    found = list(database._durability(connection))
    assert [(name, needed) for name, _value, needed in found] == [(name, needed) for name, _value, needed in SAFE]
    # The servers of the tests are quick instead.
    assert connection.vendor == "postgresql" or found == SAFE


def test_what_is_safe_is_served(asked):
    asked(SAFE)
    database.refuse_unsafe(connection)


@pytest.mark.parametrize("place", range(len(SAFE)))
def test_each_setting_is_refused_by_name_and_with_the_way_out(asked, place):
    wrong = [(name, "off" if place == number else value, needed) for number, (name, value, needed) in enumerate(SAFE)]
    asked(wrong)
    with pytest.raises(ImproperlyConfigured) as refused:
        database.refuse_unsafe(connection)
    assert f"could lose confirmed changes: {SAFE[place][0]} is off, and must be" in str(refused.value)
    assert "UNSAFE_DATABASE=on" in str(refused.value)


def test_who_knows_is_warned_alone(asked, settings, caplog):
    settings.UNSAFE_DATABASE = True
    asked([("fsync", "off", "on")])
    with caplog.at_level(logging.WARNING):
        database.refuse_unsafe(connection)
    assert "fsync is off" in caplog.text


def test_a_commit_that_waits_for_more_than_this_server_is_safe():
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for value, needed in (("remote_apply", "on"), ("local", "on"), ("off", "off")):
            cursor.execute(f"SET LOCAL synchronous_commit TO {value}")
            assert list(database._durability(connection))[-1][1] == needed
