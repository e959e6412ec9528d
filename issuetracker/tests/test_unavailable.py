"""Which errors mean that the database is away, what is said of them, and to whom in which form."""

import errno
import json
import logging
import time

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.test import RequestFactory

from issuetracker import database, status

AWAY = "The database cannot be reached."
UNSURE = "The database cannot be reached. This may have been done or not: look before trying again."
SLOW = "This took too long and was stopped. Ask for less at once."
NO_ROOM = "The disk of the server is full."
BUSY = "Others are changing the same thing. Try again."
NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {}) SELECT {} FROM n"


class FromServer(Exception):
    """As psycopg2 raises it: with the code of the server."""

    def __init__(self, pgcode):
        self.pgcode = pgcode


def error(pgcode):
    caught = OperationalError("unable to open database file")
    caught.__cause__ = FromServer(pgcode)
    return caught


@pytest.mark.parametrize(
    ("caught", "away"),
    [
        (OperationalError("database is locked"), True),
        (OperationalError("unable to open database file"), True),
        (OperationalError("no such column: issue"), connection.vendor != "sqlite"),
        (InterfaceError("connection already closed"), True),
        (DatabaseError("no message from the server"), True),
        (ProgrammingError("syntax error"), False),
        (ValueError("locked"), False),
    ],
)
def test_is_away(caught, away):
    assert database.is_away(caught) is away


@pytest.mark.parametrize(
    ("pgcode", "writing", "said"),
    [
        (None, False, ("away", AWAY)),
        (None, True, ("away", UNSURE)),
        ("57P01", False, ("away", AWAY)),
        ("57P01", True, ("away", AWAY)),
        ("53100", True, ("full", NO_ROOM)),
        ("57014", True, ("too_slow", SLOW)),
        ("55P03", True, ("contended", BUSY)),
        ("40P01", True, ("contended", BUSY)),
    ],
)
def test_reason(pgcode, writing, said):
    assert database.reason(error(pgcode), writing=writing) == said


@pytest.mark.parametrize(
    ("caught", "unsure"),
    [
        (OperationalError("database is locked"), True),
        (InterfaceError("connection already closed"), True),
        (error("57P01"), False),
        (error("55P03"), False),
        (OperationalError("database or disk is full"), False),
        (ProgrammingError("syntax error"), False),
        (ValueError("away"), False),
    ],
)
def test_may_be_done(caught, unsure):
    assert database.may_be_done(caught) is unsure


@pytest.fixture
def impatient(db, monkeypatch):
    """A connection to SQLite as a web process has it, whose statements may take a tenth of a second."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL stops its statements itself")
    impatient = connections["default"]
    monkeypatch.setattr(impatient, "execute_wrappers", [])
    monkeypatch.setattr(database, "STATEMENT_LIMIT", 0.1)
    database.bound_statements(impatient)
    yield impatient
    impatient.execute_wrappers.clear()
    impatient.connection.set_progress_handler(None, 0)
    database._request.statement_ends = None


@pytest.mark.traced
@pytest.mark.parametrize("asked", ["count(*)", "x"])
def test_a_statement_that_takes_too_long_is_stopped_also_among_its_rows(impatient, asked):
    with pytest.raises(OperationalError) as caught, transaction.atomic(), impatient.cursor() as cursor:
        cursor.execute(NUMBERS.format(-1, asked))
        while cursor.fetchmany(1000):
            pass
    assert database.is_away(caught.value)
    assert database.reason(caught.value, writing=False) == ("too_slow", SLOW)
    time.sleep(0.1)
    with database.bounded(10), database.allowing(10), impatient.cursor() as cursor:
        cursor.execute(NUMBERS.format(50_000, "max(x)"))
        assert cursor.fetchone() == (50000,)


@pytest.mark.parametrize("path", ["/api/v1/issues/", "/issues/"])
def test_what_takes_too_long_is_answered_so(client, product, impatient, monkeypatch, path):
    monkeypatch.setattr(database, "STATEMENT_LIMIT", -1)
    impatient.connection.set_progress_handler(database._is_late, 1)
    client.raise_request_exception = False
    response = client.get(path)
    assert response.status_code == 503
    assert SLOW in response.text


@pytest.mark.parametrize(("method", "said"), [("get", AWAY), ("head", AWAY), ("post", UNSURE), ("delete", UNSURE)])
def test_who_sent_a_change_is_told_that_it_may_have_been_done(method, said):
    request = getattr(RequestFactory(), method)("/api/v1/issues/")
    assert json.loads(status.unavailable(request, error(None)).content)["detail"] == said


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/issues/", "application/problem+json"),
        ("/openapi.json", "application/problem+json"),
        ("/status/", "application/problem+json"),
        ("/issues/", "text/html; charset=utf-8"),
    ],
)
def test_the_answer_names_no_address_and_no_name(path, kind):
    response = status.unavailable(RequestFactory().get(path), OperationalError('user "issues" at 10.0.0.5 refused'))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["Content-Type"] == kind
    assert "10.0.0.5" not in response.text
    assert AWAY in response.text


def test_an_error_of_our_own_is_500(client, db, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr(status.database, "begin_request", lambda: 1 / 0)
    response = client.get("/api/v1/issues/")
    assert (response.status_code, response.json()["title"]) == (500, "Internal server error")
    assert "division" not in response.text


@pytest.mark.parametrize(
    ("caught", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (OperationalError("database or disk is full"), True),
        (error("53100"), True),
        (error("57P01"), False),
        (ValueError("disk is full"), False),
    ],
)
def test_is_full(caught, full):
    assert database.is_full(caught) is full


@pytest.mark.parametrize("path", ["/api/v1/issues/", "/issues/"])
def test_without_room_the_answer_says_so(client, db, monkeypatch, path):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/secret")

    client.raise_request_exception = False
    monkeypatch.setattr(status.database, "begin_request", full)
    response = client.get(path)
    assert (response.status_code, response.headers["Retry-After"]) == (507, "5")
    assert NO_ROOM in response.text
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (PermissionDenied("Not for\nyou."), "Refused: / (Not for you.)"),
        (BadRequest("No number."), "Refused: / (No number.)"),
        (PermissionDenied(), "Refused: /"),
        (SuspiciousOperation("/"), "Refused: /"),
    ],
)
def test_what_is_refused_is_written_down_as_one_line_with_its_reason(answer, line):
    told = logging.LogRecord("django.request", logging.WARNING, "", 1, "Refused: %s", ("/",), (None, answer, None))
    assert database.Shortened().filter(told)
    assert (told.getMessage(), told.exc_info) == (line, None)


def test_an_absence_is_written_down_as_one_line_and_a_mistake_of_ours_with_its_traceback():
    for caught, kept in ((OperationalError("database is locked\nretry"), False), (ValueError("x"), True)):
        told = logging.LogRecord("django.request", logging.ERROR, "", 1, "Service %s", ("away",), (None, caught, None))
        assert database.Shortened().filter(told)
        assert told.getMessage() == ("Service away" if kept else "Service away (database is locked retry)")
        assert bool(told.exc_info) is kept
