"""kill -9 of everything in turn, under load: what was acknowledged is there, once and as it was sent."""

import os
import signal
import time

import pytest

from tests.lasting.ledger import Ledger
from tests.lasting.site import POSTGRESQL, Site, kill

pytestmark = pytest.mark.lasting
DATABASE = "PostgreSQL" if POSTGRESQL else "SQLite"
RECOVERS_WITHIN = 10
ROUNDS = 2
# What a client may meet meanwhile: nobody, or somebody who says to come again.
EXPECTED = {200, 201, 503, None}


def a_web_process(site):
    _master, workers, _worker = site.processes()
    kill(workers[0])


def all_web_processes(site):
    _master, workers, _worker = site.processes()
    for pid in workers:
        kill(pid)


def the_master_of_the_web_server(site):
    master, _workers, _worker = site.processes()
    kill(master)


def the_worker(site):
    _master, _workers, worker = site.processes()
    kill(worker)


def everything_but_the_database(site):
    os.killpg(site.tracker.process.pid, signal.SIGKILL)
    site.tracker.process.wait()


def the_postmaster(site):
    kill(site.server.process.pid)
    start_again(site.server)


def all_of_postgresql(site):
    site.server.signal(signal.SIGKILL)
    start_again(site.server)


def start_again(server):
    """Start it, which takes some tries while processes of the one before are there."""
    server.process.wait()
    deadline = time.monotonic() + RECOVERS_WITHIN
    while True:
        try:
            return server.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise


def written_while(site, killed, amount):
    """Return the Ledger of what was written while `killed` was called in between, and its faults.

    Before each time, and at the end, it awaits that so much more is acknowledged.
    """
    with site.restarted():
        with Ledger(site) as ledger:
            for _round in range(ROUNDS):
                ledger.await_more(amount)
                killed(site)
                # Whoever outlives it for a moment does not count.
                time.sleep(2)
            ledger.await_more(amount)
        return ledger, ledger.faults()


OF_THE_TRACKER = [
    a_web_process,
    all_web_processes,
    the_master_of_the_web_server,
    the_worker,
    everything_but_the_database,
]
OF_POSTGRESQL = [the_postmaster, all_of_postgresql] if POSTGRESQL else []


@pytest.mark.parametrize("killed", OF_THE_TRACKER + OF_POSTGRESQL)
def test_nothing_that_was_acknowledged_is_lost(site, figures, killed):
    ledger, faults = written_while(site, killed, 40)
    name = f"kill -9 of {killed.__name__.replace('_', ' ')}"
    figures(f"{name}: writes acknowledged", ledger.acknowledged())
    figures(f"{name}: lost, doubled or altered", len(faults))
    figures(f"{name}: longest without an acknowledged write", f"{ledger.longest_gap():.1f} s")
    assert not faults, "\n".join(faults[:20])
    assert set(ledger.statuses) <= EXPECTED, ledger.statuses
    assert ledger.longest_gap() < RECOVERS_WITHIN


def test_who_acknowledges_before_the_commit_is_found_out(tmp_path):
    site = Site(tmp_path, with_settings="tests.lasting.hasty")
    try:
        _ledger, faults = written_while(site, everything_but_the_database, 10)
    finally:
        site.end()
    assert any(fault.endswith(("lost", "is there")) for fault in faults), faults
