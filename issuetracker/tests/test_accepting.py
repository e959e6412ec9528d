"""Connections that come at once are shared by gunicorn's processes, and each is answered."""

import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from django.conf import settings

from tests.postgresql import free_port

# No database has a part in it.
pytestmark = pytest.mark.once
CLIENTS, THREADS = 16, 4


@pytest.fixture
def site():
    """The port of gunicorn as it serves the tracker, with two processes of four threads."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    command += ["issuetracker.tests.slow_site"]
    gunicorn = subprocess.Popen(command, cwd=settings.BASE_DIR, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        gunicorn.terminate()
        gunicorn.wait(timeout=20)


def answers(port):
    """Return whether anything listens there."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def connect(site):
    """A function that returns so many connections to the site, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda count: [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", site, timeout=20))) for _one in range(count)
        ]


def ask(connections):
    """Send a request over each of the connections."""
    for one in connections:
        one.request("GET", "/")


def answered(connections):
    """Return which process has answered each."""
    return [one.getresponse().read() for one in connections]


def test_no_process_takes_them_all(connect):
    connections = connect(CLIENTS)
    ask(connections)
    processes = answered(connections)
    assert len(Counter(processes)) == 2
    assert min(Counter(processes).values()) >= THREADS
    # They stay where they are.
    ask(connections)
    assert answered(connections) == processes


def test_a_new_connection_is_taken_while_others_keep_all_threads_busy(connect):
    kept, new = connect(CLIENTS), connect(1)
    ask(kept)
    answered(kept)
    ask(kept)
    ask(new)
    assert len(answered(new)) == 1
    assert len(answered(kept)) == CLIENTS
