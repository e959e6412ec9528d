"""Reading from a replica: whoever has just written sees it, what was taken away is gone at once, and nothing fails."""

import time
from contextlib import contextmanager, nullcontext
from itertools import count

import psycopg2
import pytest

from issuetracker.left_alone import LEFT_ALONE
from tests.lasting.clients import Client
from tests.lasting.hosts import Hosts
from tests.lasting.site import ISSUES, within
from tests.postgresql import find_programs

# It brings its own database, whichever the suite runs on.
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (find_programs() / "pg_basebackup").exists(), reason="replicas: no pg_basebackup here"),
]
PATHS = (ISSUES, f"{ISSUES}1/", "/api/v1/products/", "/products/", "/issues/", "/products/WEB/issues/feed.atom")
numbers = count(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One host without a worker, on a PostgreSQL and its replica."""
    site = Hosts(tmp_path_factory.mktemp("site"), 1, "--without-worker")
    create(site)
    yield site
    site.end()


def ask_replica(site, sql):
    connection = psycopg2.connect(site.replica.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
        told = cursor.fetchone()
    connection.close()
    return told


@contextmanager
def lagging(site):
    """The replica hears of everything, and does nothing of it."""
    ask_replica(site, "SELECT pg_wal_replay_pause()")
    within(5, lambda: ask_replica(site, "SELECT pg_get_wal_replay_pause_state()") == ("paused",))
    try:
        yield
    finally:
        ask_replica(site, "SELECT pg_wal_replay_resume()")


@contextmanager
def stopped(site):
    """The replica is gone."""
    site.replica.stop()
    try:
        yield
    finally:
        site.replica.start()


@contextmanager
def hanging(site):
    """The replica accepts, and never answers."""
    site.replica.freeze()
    try:
        yield
    finally:
        site.replica.thaw()


def create(site):
    """Create an issue; return `(its number, its title)`."""
    title = f"Issue {next(numbers)}"
    answer = site.ask("POST", ISSUES, {"title": title})
    assert answer.good, answer
    return answer.json["number"], title


def reads_there(site):
    """Return whether the next read asks the replica."""
    before = site.read_from_replica()
    site.read(f"{ISSUES}1/")
    return site.read_from_replica() > before


def sees_own_writes(site, times):
    """Write and read in turn, over two connections that may well meet two processes."""
    with Client(site.port, site.token) as writer, Client(site.port, site.token) as reader:
        for _turn in range(times):
            title = f"Issue {next(numbers)}"
            number = writer.call("POST", ISSUES, {"title": title}).json["number"]
            told = reader.call("GET", f"{ISSUES}{number}/")
            assert (told.status, told.json["title"]) == (200, title)
            assert writer.call("PATCH", f"{ISSUES}{number}/", {"title": f"{title} again"}).good
            listed = reader.call("GET", ISSUES)
            assert (listed.status, listed.json["results"][0]["title"]) == (200, f"{title} again")


def test_what_only_reads_is_read_from_the_replica(site):
    within(20, lambda: reads_there(site))
    for path in PATHS:
        before = site.read_from_replica()
        within(20, lambda path=path: site.ask("GET", path).good)
        within(5, lambda before=before: site.read_from_replica() > before)


@pytest.mark.parametrize("path", ["/accounts/login/", "/readyz", "/livez"])
def test_what_signs_in_or_watches_is_the_primarys(site, path):
    before = site.read_from_replica()
    assert site.ask("GET", path).status == 200
    assert site.read_from_replica() == before


def test_own_writes_are_seen(site):
    sees_own_writes(site, 20)


def test_behind_it_is_not_read(site):
    with lagging(site):
        sees_own_writes(site, 3)
        assert not reads_there(site)
    within(10, lambda: reads_there(site))


@pytest.mark.parametrize("broken", [lagging, stopped, hanging])
def test_whatever_happens_to_it_no_request_fails(site, broken):
    with broken(site):
        begun = time.monotonic()
        for path in PATHS:
            assert site.ask("GET", path).status == 200, path
        sees_own_writes(site, 2)
        assert time.monotonic() - begun < 20
    within(LEFT_ALONE + 20, lambda: reads_there(site))


@pytest.mark.parametrize("state", [lagging, None])
def test_what_was_taken_away_is_silent_at_the_next_request(site, state):
    secret = site.ask("POST", "/api/v1/me/tokens/", {"name": "brief", "scopes": ["read"]}).json
    with Client(site.port, secret["secret"]) as brief, Client(site.port) as nobody:
        assert brief.call("GET", "/api/v1/products/").status == 200
        with state(site) if state else nullcontext():
            for visibility, status in (("private", 404), ("public", 200), ("private", 404), ("public", 200)):
                assert site.ask("PATCH", "/api/v1/products/APP/", {"visibility": visibility}).good
                assert nobody.call("GET", "/api/v1/products/APP/").status == status
            assert site.ask("DELETE", f"/api/v1/me/tokens/{secret['id']}/").good
            assert brief.call("GET", "/api/v1/products/").status == 401


def test_what_is_noted_by_reading_is_noted_in_the_primary(site):
    within(20, lambda: reads_there(site))
    connection = psycopg2.connect(site.server.url)
    with connection, connection.cursor() as cursor:
        # With another right it is not the token any more that the processes keep.
        cursor.execute("UPDATE accounts_apitoken SET last_used_at = NULL, expires_at = now() + interval '1 day'")
    within(20, lambda: reads_there(site))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_apitoken WHERE last_used_at IS NOT NULL")
        assert cursor.fetchone()[0] == 1
    connection.close()
