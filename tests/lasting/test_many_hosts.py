"""Two hosts with a worker each behind PgBouncer, with a replica and a Redis: limits, own writes, and kills of each.

How they race is in test_races.py.
"""

import pytest

from issuetracker.tests.test_replica import sees_own_writes
from tests.lasting.clients import Client
from tests.lasting.hosts import Hosts, needs_hosts
from tests.lasting.ledger import Ledger
from tests.lasting.site import ISSUES, within

pytestmark = [pytest.mark.once, pytest.mark.lasting, needs_hosts]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two running hosts."""
    site = Hosts(tmp_path_factory.mktemp("hosts"), 2, shared=True)
    within(30, lambda: site.ask("POST", ISSUES, {"title": "first"}).good)
    yield site
    site.end()


def test_a_limit_is_one_for_all_hosts(site):
    """The tries of a name at an address, of which ten are let pass, over both hosts in turn."""

    def enter():
        with Client(site.port) as client:
            page = client.call("GET", "/accounts/login/")
            token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            cookie = page.headers["set-cookie"].split(";")[0]
            form = f"csrfmiddlewaretoken={token}&username=nobody&password=wrong".encode()
            kind = "application/x-www-form-urlencoded"
            return client.call("POST", "/accounts/login/", form, Content_Type=kind, Cookie=cookie).status

    assert [enter() for _try in range(12)] == [200] * 10 + [429] * 2


def test_own_writes_are_seen_on_the_other_host(site, figures):
    before = site.read_from_replica()
    sees_own_writes(site, 50)
    figures("two hosts, read after own write on the other one: reads, stale", "100, 0")
    assert site.read_from_replica() > before


def kill_a_web_server(site):
    site.trackers[1].end()
    site.trackers[1].start()


def kill_the_replica(site):
    site.replica.stop()


def start_the_replica(site):
    site.replica.start()


def kill_redis(site):
    site.redis.stop()


def start_redis(site):
    site.redis.start()


def test_nothing_acknowledged_is_lost_by_kills(site, figures):
    """A host, the replica and Redis are killed in turn under load, and started again."""
    with Ledger(site, keep_alive=False) as ledger:
        ledger.await_more(30)
        for step in (kill_the_replica, kill_redis, kill_a_web_server, start_the_replica, start_redis):
            step(site)
            ledger.await_more(30)
    acknowledged, faults = ledger.acknowledged(), ledger.faults()
    figures("two hosts, kills of host, replica and Redis: writes acknowledged, lost", f"{acknowledged}, {len(faults)}")
    assert not faults
    # Nobody is there while a host is away, and who was being answered then hears no more.
    assert set(ledger.statuses) <= {200, 201, None}, ledger.statuses
