"""What a running tracker answers while its PostgreSQL is stopped, hangs, is full or is slow, and afterwards."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from issuetracker.tests.tracker import Tracker
from tests.postgresql import Server

# It brings its own database, whichever the suite runs on.
pytestmark = pytest.mark.once
ADDRESSES = ("/readyz", "/products/", "/api/v1/products/", "/admin/")
# More than there are threads: nobody waits for those who wait already.
ASKED = ADDRESSES * 4
# A session has to be looked up before any page can be made.
SIGNED_IN = {"Cookie": "session=0123456789abcdef0123456789abcdef"}


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL of its own, small enough to be filled."""
    server = Server(max_connections=15, superuser_reserved_connections=0)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def tracker(server, tmp_path_factory):
    """A tracker on that server, without a worker that would take its connections."""
    tracker = Tracker(tmp_path_factory.mktemp("tracker"), server.url, "--without-worker")
    tracker.start()
    yield tracker
    tracker.end()


def test_with_a_database_that_works_nobody_waits(tracker):
    assert tracker.get("/readyz")[0] == 200
    assert all(tracker.get(address, **SIGNED_IN)[0] < 500 for address in ADDRESSES)


@pytest.fixture
def patience(tracker):
    """How many seconds a refusal may take: five, and twice what as many answers take while the database works."""
    serves_again(tracker)
    begun = time.monotonic()
    at_once(ASKED, lambda address: tracker.get(address, timeout=60, **SIGNED_IN))
    return 5 + 2 * (time.monotonic() - begun)


def test_stopped(tracker, server, patience):
    server.stop()
    try:
        refuses_everything(tracker, patience)
    finally:
        server.start()
    serves_again(tracker)


def test_hanging(tracker, server, patience):
    server.freeze()
    try:
        refuses_everything(tracker, patience)
    finally:
        server.thaw()
    serves_again(tracker)


def test_restarted_between_two_requests(tracker, server):
    serves_again(tracker)
    server.stop()
    server.start()
    assert tracker.get("/products/", **SIGNED_IN)[0] == 200


def test_out_of_connections(tracker, server, patience):
    server.stop()
    server.start()
    taken = []
    try:
        with pytest.raises(psycopg2.OperationalError):
            while True:
                taken.append(psycopg2.connect(server.url))
        refuses_everything(tracker, patience)
    finally:
        for connection in taken:
            connection.close()
    serves_again(tracker)


def test_a_lock_that_is_held_for_long(tracker, server, patience):
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_session")
        status, headers, text = in_time(tracker, "/api/v1/products/", patience)
        connection.rollback()
    connection.close()
    assert (status, headers["Retry-After"]) == (503, "5")
    assert json.loads(text)["detail"] == "Others are changing the same thing. Try again."


def test_the_process_is_alive_all_the_time(tracker, server):
    server.stop()
    try:
        assert tracker.get("/status/live/")[0] == 200
    finally:
        server.start()


def refuses_everything(tracker, patience):
    answers = at_once(ASKED, lambda address: in_time(tracker, address, patience))
    for address, (status, headers, text) in zip(ASKED, answers, strict=True):
        assert (address, status, headers["Retry-After"]) == (address, 503, "5")
        if address.startswith(("/readyz", "/api/")):
            assert headers["Content-Type"] == "application/problem+json"
            assert json.loads(text)["detail"] == "The database cannot be reached."
        else:
            assert "The database cannot be reached." in text


def at_once(addresses, ask):
    """Return what `ask(address)` gives for each, all asked at the same moment."""
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(ask, addresses))


def in_time(tracker, address, patience):
    begun = time.monotonic()
    answer = tracker.get(address, timeout=2 * patience, **SIGNED_IN)
    assert time.monotonic() - begun < patience, address
    return answer


def serves_again(tracker):
    """Every thread of every process keeps a connection of its own: all of them have to notice."""
    for address in ADDRESSES * 6:
        status, _headers, text = tracker.get(address, **SIGNED_IN)
        assert status < 500, text
