"""`manage.py serve` starts everything, stops everything, and refuses what could lose data."""

import io
import os
import signal
import socket
import subprocess

import pytest
from django.core.management import CommandError, call_command

from issuetracker.management.commands import serve
from issuetracker.tests.tracker import Tracker
from tests.postgresql import UNSAFE_BUT_QUICK, Server, children

# They bring their own databases, whichever the suite runs on.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder after its first start."""
    folder = tmp_path_factory.mktemp("tracker")
    tracker = Tracker(folder)
    try:
        tracker.start()
        assert tracker.stop() == 0
    finally:
        tracker.end()
    return folder


@pytest.fixture
def tracker(folder):
    """A tracker on that folder, with a log of its own."""
    tracker = Tracker(folder)
    tracker.log.unlink()
    yield tracker
    tracker.end()


def test_the_second_start_keeps_the_data(tracker, folder):
    database = folder / "issuetracker.sqlite3"
    assert database.exists()
    born = database.stat().st_ino
    tracker.start()
    assert tracker.get("/status/")[0] == 200
    assert database.stat().st_ino == born


@pytest.fixture
def _from_a_terminal():
    """Whoever runs the tests may have ignored the end of the terminal, and what is started would inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_from_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_web_and_worker_stop_together(tracker, number):
    tracker.start()
    assert tracker.says("The worker is ready.")
    assert tracker.stop(number) == 0
    assert tracker.is_gone()
    assert tracker.get("/status/")[0] is None


@pytest.mark.usefixtures("_from_a_terminal")
def test_nothing_of_it_outlives_its_terminal(tracker):
    tracker.start()
    assert tracker.says("The worker is ready.")
    # Which all of the group hear of, the web server too, to which it means something else.
    os.killpg(tracker.process.pid, signal.SIGHUP)
    tracker.process.wait(timeout=20)
    assert tracker.is_gone()


def test_it_outlives_its_terminal_where_it_was_told_to(tracker):
    # As nohup does.
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        tracker.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert tracker.says("The worker is ready.")
    os.killpg(tracker.process.pid, signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        tracker.process.wait(timeout=2)
    assert tracker.get("/status/")[0] == 200
    assert tracker.stop() == 0
    assert tracker.is_gone()


def test_the_end_of_one_ends_the_other(tracker):
    tracker.start()
    web, worker = children(tracker.process.pid)
    os.kill(worker, signal.SIGKILL)
    assert tracker.process.wait(timeout=20) != 0
    assert tracker.is_gone()
    assert web != worker


@pytest.mark.parametrize(("key", "warned"), [("guessed", True), (50 * "x", False)])
def test_a_key_that_can_be_guessed_is_served_with_a_warning(settings, key, warned):
    settings.SECRET_KEY = key
    said = io.StringIO()
    serve.Command(stderr=said).warn_of_short_key()
    assert ("SECRET_KEY has fewer than 50 characters" in said.getvalue()) == warned


def test_a_port_that_is_taken_is_refused_before_anything_is_done(settings, monkeypatch):
    monkeypatch.setattr(serve, "AGAIN_AFTER", 0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.PORT = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {settings.PORT}: Address already in use. .* PORT=…"):
            call_command("serve")


def test_a_port_that_another_program_is_just_leaving_is_waited_for(settings, monkeypatch, capsys):
    other = socket.create_server(("127.0.0.1", 0))
    settings.PORT = other.getsockname()[1]
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        # The most that it may take.
        if sum(slept) >= serve.STOPPED_WITHIN:
            other.close()

    monkeypatch.setattr(serve.time, "sleep", sleep)
    serve.refuse_taken_port()
    assert capsys.readouterr().err == f"Waiting for port {settings.PORT}.\n"


@pytest.mark.one_python
def test_a_server_that_may_lose_confirmed_changes_is_refused(tmp_path):
    server = Server(**UNSAFE_BUT_QUICK)
    tracker = Tracker(tmp_path, server.url)
    try:
        server.start()
        with pytest.raises(AssertionError) as refused:
            tracker.start()
        tracker.environment["UNSAFE_DATABASE"] = "on"
        tracker.start()
        assert "could lose confirmed changes: fsync is off" in tracker.log.read_text().rpartition("WARNING")[2]
    finally:
        tracker.end()
        server.remove()
    for name in UNSAFE_BUT_QUICK:
        assert f"{name} is off, and must be on" in str(refused.value)
