"""`manage.py serve` starts everything, stops everything, and refuses what could lose data."""

import signal
import subprocess

import pytest

from issuetracker.tests.tracker import Tracker
from tests.postgresql import UNSAFE_BUT_QUICK, Server


@pytest.fixture
def tracker(tmp_path):
    """A tracker with a new data folder."""
    tracker = Tracker(tmp_path)
    yield tracker
    tracker.end()


def test_the_second_start_takes_under_three_seconds_and_keeps_the_data(tracker, tmp_path):
    tracker.start()
    assert tracker.stop() == 0
    database = tmp_path / "issuetracker.sqlite3"
    assert database.exists()
    born = database.stat().st_ino
    assert tracker.start() < 3
    assert tracker.get("/status/")[0] == 200
    assert database.stat().st_ino == born


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_web_and_worker_stop_together(tracker, number):
    tracker.start()
    assert "The worker is ready." in tracker.log.read_text()
    assert tracker.stop(number) == 0
    assert tracker.is_gone()
    assert tracker.get("/status/")[0] is None


def test_the_end_of_one_ends_the_other(tracker):
    tracker.start()
    listed = subprocess.run(["pgrep", "-P", str(tracker.process.pid)], capture_output=True, text=True, check=True)
    web, worker = listed.stdout.split()
    subprocess.run(["kill", "-KILL", worker], check=True)
    assert tracker.process.wait(timeout=20) != 0
    assert tracker.is_gone()
    assert web != worker


def test_a_server_that_may_lose_confirmed_changes_is_refused(tmp_path):
    server = Server(**UNSAFE_BUT_QUICK)
    try:
        server.start()
        tracker = Tracker(tmp_path, server.url)
        with pytest.raises(AssertionError) as refused:
            tracker.start()
    finally:
        server.remove()
    for name in UNSAFE_BUT_QUICK:
        assert f"{name} is off, and must be on" in str(refused.value)
