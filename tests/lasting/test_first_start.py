"""Several hosts that are started at once on a database that is not migrated: one migrates, the others wait."""

import pytest

from issuetracker.tests.tracker import Tracker
from tests.lasting.clients import at_once
from tests.postgresql import Server

pytestmark = [pytest.mark.lasting, pytest.mark.once]


@pytest.fixture
def server():
    """An empty PostgreSQL."""
    server = Server()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def trackers(server, tmp_path):
    """Three hosts, not yet started."""
    trackers = []
    for number in range(3):
        tracker = Tracker(tmp_path, server.url, "--without-worker")
        tracker.log = tmp_path / f"{number}.log"
        trackers.append(tracker)
    yield trackers
    for tracker in trackers:
        tracker.end()


def test_all_come_up(trackers):
    at_once(3, lambda place: trackers[place].start())
    assert [tracker.get("/readyz")[0] for tracker in trackers] == [200] * 3
    assert sum("Applying issues.0001" in tracker.log.read_text() for tracker in trackers) == 1
