"""Connections that come at once are shared by gunicorn's processes, each is answered, and none keeps a thread idle."""

import select
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import ExitStack, closing
from functools import partial
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from django.conf import settings

from issuetracker.accepting import SharingWorker
from issuetracker.tests.slow_site import LARGE
from tests.postgresql import free_port

# No database has a part in it.
pytestmark = pytest.mark.once
CLIENTS, THREADS = 16, 4


@pytest.fixture
def site(request, tmp_path):
    """The port of gunicorn as it serves the tracker, or with another worker, with two processes of four threads."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    command += [*getattr(request, "param", ()), "issuetracker.tests.slow_site"]
    with (tmp_path / "log").open("wb") as log:
        gunicorn = subprocess.Popen(command, cwd=settings.BASE_DIR, stderr=log)
    try:
        deadline, processes = time.monotonic() + 20, set()
        # It listens before both of them are there.
        while len(processes) < 2:
            assert time.monotonic() < deadline
            processes |= answering(port)
        yield port
    finally:
        gunicorn.terminate()
        gunicorn.wait(timeout=20)


def answering(port):
    """Return which processes answer some requests that come at once; none where nothing listens yet."""
    with ExitStack() as stack:
        some = [stack.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=20))) for _one in range(THREADS)]
        try:
            ask(some)
            return set(answered(some))
        except ConnectionRefusedError:
            time.sleep(0.05)
            return set()


@pytest.fixture
def connect(site):
    """A function that returns so many connections to the site, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda count: [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", site, timeout=20))) for _one in range(count)
        ]


def open_to(port):
    """Return a connection on which nothing is sent."""
    return socket.create_connection(("127.0.0.1", port), timeout=20)


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


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.0\r\n\r\n", b"GET /\r\n\r\n"], ids=["answered", "refused"])
def test_who_leaves_open_what_is_done_keeps_nobody_waiting(site, connect, sent):
    with ExitStack() as stack:
        for _one in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", site))).sendall(sent)
        time.sleep(0.3)
        others = connect(2 * THREADS)
        began = time.monotonic()
        ask(others)
        assert len(answered(others)) == len(others)
        # One after the other would keep each process busy for twenty seconds.
        assert time.monotonic() - began < 5


def test_who_says_nothing_keeps_no_thread(site, connect, tmp_path):
    with ExitStack() as stack:
        silent = [stack.enter_context(open_to(site)) for _one in range(4 * THREADS)]
        others = connect(2 * THREADS)
        began = time.monotonic()
        ask(others)
        assert len(answered(others)) == len(others)
        # A thread would wait for five seconds.
        assert time.monotonic() - began < 4
        for one in silent:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert all(b" 200 " in one.recv(100) for one in silent)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_of_many_who_say_nothing_the_newest_are_kept(site, connect):
    with ExitStack() as stack:
        silent = [stack.enter_context(open_to(site)) for _one in range(500)]
        others = connect(THREADS)
        ask(others)
        assert len(answered(others)) == len(others)
        # Each of the two processes keeps 200 at most, however they share them.
        deadline = time.monotonic() + 20
        while len(select.select(silent, (), (), 1)[0]) < 100:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        silent[-1].sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 200 " in silent[-1].recv(100)


def test_one_that_is_told_of_as_it_is_closed_is_not_begun():
    worker = object.__new__(SharingWorker)
    worker.poller, worker.silent_conns, worker.nr_conns = selectors.DefaultSelector(), deque(), 1
    here, there = socket.socketpair()
    conn = SimpleNamespace(sock=here, close=here.close)
    worker.poller.register(here, selectors.EVENT_READ, partial(worker.begin, conn))
    worker.silent_conns.append(conn)
    there.sendall(b"G")
    ((key, _events),) = worker.poller.select()
    worker.leave_silent()
    key.data(key.fileobj)
    there.close()
    assert (worker.nr_conns, list(worker.silent_conns)) == (0, [])


def test_who_goes_on_sending_and_reads_late_gets_all_of_the_answer(site):
    with socket.create_connection(("127.0.0.1", site), timeout=20) as late:
        late.sendall(b"GET /text HTTP/1.0\r\n\r\n")
        taken = len(late.recv(1000))
        late.sendall(b"x" * 1000)
        while piece := late.recv(1_000_000):
            taken += len(piece)
            time.sleep(0.02)
    assert taken > LARGE


hasty = pytest.mark.parametrize("site", [("--worker-class", "issuetracker.tests.slow_site.HastyWorker")], indirect=True)
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


@hasty
@pytest.mark.parametrize(
    "sent",
    [b"G", POST + b"1", b"GET /text HTTP/1.1\r\n\r\n", b"GET /file HTTP/1.1\r\n\r\n"],
    ids=["head", "body", "text", "file"],
)
def test_who_sends_or_takes_nothing_more_keeps_no_thread(site, connect, tmp_path, sent):
    with ExitStack() as stack:
        for _one in range(2 * THREADS):
            stack.enter_context(socket.create_connection(("127.0.0.1", site))).sendall(sent)
        time.sleep(0.3)
        others = connect(2 * THREADS)
        ask(others)
        assert len(answered(others)) == len(others)
    assert "Traceback" not in (tmp_path / "log").read_text()


def slowly():
    """Yield the four bytes of a body, for longer in all than anything waits for one of them."""
    for _byte in range(4):
        time.sleep(0.4)
        yield b"1"


@hasty
def test_who_is_slow_but_goes_on_is_answered(connect):
    (slow,) = connect(1)
    for _request in range(2):
        slow.request("POST", "/", body=slowly(), headers={"Content-Length": "4"})
        assert slow.getresponse().read().isdigit()
    slow.request("GET", "/text")
    answer, taken = slow.getresponse(), 0
    while piece := answer.read(1_000_000):
        taken += len(piece)
        time.sleep(0.05)
    assert taken == LARGE
