"""Forty clients at once while PostgreSQL is stopped, hangs or has no connection left: all are answered within 5 s."""

import time
from collections import Counter
from contextlib import contextmanager

import psycopg2
import pytest

from tests.lasting.clients import at_once
from tests.lasting.site import ISSUES, POSTGRESQL, within

pytestmark = [pytest.mark.lasting, pytest.mark.skipif(not POSTGRESQL, reason="of a database server alone")]
SERVER = {"max_connections": 25, "superuser_reserved_connections": 0}
CLIENTS = 40
SECONDS = 15
LIMIT = 5
SIGNED_IN = {"Cookie": "session=0123456789abcdef0123456789abcdef"}
REQUESTS = (
    ("GET", "/readyz", None, {}),
    ("GET", "/products/", None, SIGNED_IN),
    ("GET", ISSUES, None, {}),
    ("POST", ISSUES, {"title": "one"}, {}),
    ("PATCH", f"{ISSUES}1/", {"title": "two"}, {}),
    ("GET", "/admin/", None, SIGNED_IN),
    ("GET", "/issues/?q=cart", None, SIGNED_IN),
)


@contextmanager
def stopped(site):
    site.server.stop()
    yield
    site.server.start()


@contextmanager
def hanging(site):
    site.server.freeze()
    yield
    site.server.thaw()


@contextmanager
def full(site):
    # Connections that are kept would go on: only new ones are refused.
    site.server.stop()
    site.server.start()
    taken = []
    with pytest.raises(psycopg2.OperationalError):
        while True:
            taken.append(psycopg2.connect(site.server.url))
    yield
    for connection in taken:
        connection.close()


@pytest.mark.parametrize("fault", [stopped, hanging, full])
def test_everybody_is_told_in_time_and_served_again_afterwards(site, figures, fault):
    within(10, lambda: site.ask("POST", ISSUES, {"title": "before"}).good)
    with fault(site):
        end = time.monotonic() + SECONDS
        answers = [answer for some in at_once(CLIENTS, lambda place: keep_asking(site, place, end)) for answer in some]
        alive = site.ask("GET", "/livez")
    took = within(10, lambda: serves(site))
    statuses = Counter(answer.status for answer in answers)
    slowest = max(answer.seconds for answer in answers)
    figures(f"PostgreSQL {fault.__name__}: requests refused, {CLIENTS} clients", len(answers))
    figures(f"PostgreSQL {fault.__name__}: slowest answer", f"{slowest:.1f} s")
    figures(f"PostgreSQL {fault.__name__}: served again after", f"{took:.1f} s")
    assert set(statuses) == {503}, statuses
    assert all(answer.headers["retry-after"] == "5" for answer in answers)
    assert slowest < LIMIT
    assert alive.good and alive.seconds < LIMIT


def keep_asking(site, place, end):
    """Ask one thing after the other until `end`; return the answers."""
    answers = []
    while time.monotonic() < end:
        method, path, body, headers = REQUESTS[(place + len(answers)) % len(REQUESTS)]
        answers.append(site.ask(method, path, body, **headers))
        time.sleep(0.2)
    return answers


def serves(site):
    """Return whether every thread of every process does what it did before."""
    answers = [at_once(8, lambda place: site.ask("POST", ISSUES, {"title": "after"})) for _time in range(3)]
    return all(answer.good for some in answers for answer in some)
