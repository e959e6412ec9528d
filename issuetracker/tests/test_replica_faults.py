"""What a replica cannot do is done by the primary, in the same request."""

import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import InternalError, OperationalError, connections
from django.test import Client

from issuetracker import database, environment, replica
from issuetracker.tests.test_environment import env

POSTGRESQL = "postgres://u:p@db.example.org/issues"


class Fault(Exception):
    """What the driver raises, with PostgreSQL's code."""

    def __init__(self, pgcode):
        super().__init__("only for tests")
        self.pgcode = pgcode


@pytest.fixture
def beside(settings, monkeypatch, db):
    """The database of the tests as its own replica, which is current."""
    monkeypatch.setitem(settings.DATABASES, replica.REPLICA, settings.DATABASES["default"])
    connections[replica.REPLICA] = connections["default"]
    monkeypatch.setattr(replica, "is_current", lambda: time.monotonic() >= replica._away.until)
    # The connection is that of the test.
    monkeypatch.setattr(connections["default"], "close", lambda: None)
    yield
    del connections[replica.REPLICA]
    replica._away.until = 0.0


def failing(monkeypatch, error, times=1):
    """Have what is asked of the replica fail so often; return the list of what was asked."""
    asked = []
    reading_there = replica.reading_there

    def fail(execute, sql, params, many, context):
        asked.append(sql)
        if len(asked) <= times:
            raise error
        return execute(sql, params, many, context)

    @replica.contextmanager
    def reading():
        with reading_there() as faults, connections["default"].execute_wrapper(fail):
            yield faults

    monkeypatch.setattr(replica, "reading_there", reading)
    return asked


@pytest.mark.parametrize(
    ("kind", "code", "status", "left_alone"),
    [
        # The connection has gone.
        (OperationalError, None, 200, True),
        # What is read was removed in the primary: "conflict with recovery".
        (OperationalError, "40001", 200, False),
        (InternalError, replica.READ_ONLY, 200, False),
        # The primary would take as long.
        (OperationalError, database.TOO_SLOW[0], 503, False),
    ],
)
@pytest.mark.parametrize("path", ["/products/", "/api/v1/products/"])
def test_the_primary_does_what_the_replica_cannot(beside, monkeypatch, path, kind, code, status, left_alone):
    error = kind("only for tests")
    error.__cause__ = Fault(code)
    asked = failing(monkeypatch, error)
    client = Client(raise_request_exception=False)
    # SQLite has no such codes.
    monkeypatch.setattr(database, "is_away", lambda error: isinstance(error, OperationalError))
    assert client.get(path).status_code == status
    assert asked
    assert (time.monotonic() < replica._away.until) is left_alone


def test_a_fault_of_ours_is_told_once(beside, monkeypatch):
    asked = failing(monkeypatch, ValueError("only for tests"), times=100)
    assert Client(raise_request_exception=False).get("/products/").status_code == 500
    assert len(asked) == 1


def test_what_writes_goes_nowhere_else(beside, monkeypatch, api, reporter):
    asked = failing(monkeypatch, OperationalError("only for tests"), times=100)
    answer = api(reporter).post("/api/v1/products/WEB/issues/", {"title": "Cart empties"})
    assert answer.status_code == 201
    assert not asked


def test_both_are_postgresql(monkeypatch, tmp_path):
    named = environment.read_databases(
        env(monkeypatch, DATABASE_URL=POSTGRESQL, DATABASE_REPLICA_URL=POSTGRESQL.replace("db", "replica")), tmp_path
    )
    assert {name: one["HOST"] for name, one in named.items()} == {
        "default": "db.example.org",
        "replica": "replica.example.org",
    }


@pytest.mark.parametrize(
    ("primary", "second", "told"),
    [
        ("", POSTGRESQL, "DATABASE_REPLICA_URL and DATABASE_URL must begin with postgres://"),
        (POSTGRESQL, "sqlite:///a", "DATABASE_REPLICA_URL and DATABASE_URL must begin with postgres://"),
        (POSTGRESQL, "mysql://a/b", "DATABASE_REPLICA_URL must begin with"),
        (POSTGRESQL, "postgres://a", "DATABASE_REPLICA_URL must name a database"),
    ],
)
def test_anything_else_is_refused(monkeypatch, tmp_path, primary, second, told):
    with pytest.raises(ImproperlyConfigured, match=told):
        environment.read_databases(env(monkeypatch, DATABASE_URL=primary, DATABASE_REPLICA_URL=second), tmp_path)
