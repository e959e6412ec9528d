"""How gunicorn's processes share connections that come at once, and let go of those where nothing goes on."""

import errno
import selectors
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from functools import partial

from gunicorn.workers.gthread import ThreadWorker


class Connection(socket.socket):
    """One that ends, as if its client had gone, where nothing comes or nothing is taken for some seconds.

    Its thread would else wait for ever.
    """

    def __init__(self, accepted, patience):
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        # The system keeps to it while one call is waited for: what is slow, but goes on, takes as long as it takes.
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", patience, 0))

    def recv(self, *args):
        """Return what comes."""
        try:
            return super().recv(*args)
        except BlockingIOError as error:
            raise self._ended() from error

    def sendall(self, *args):
        """Send all of it."""
        try:
            return super().sendall(*args)
        except BlockingIOError as error:
            raise self._ended() from error

    def _ended(self):
        """End it, so that gunicorn does not wait for its client to do so, and return what a client's end raises."""
        with suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)
        return ConnectionResetError(errno.ECONNRESET, "Nothing came, or was taken, for too long.")


class SharingWorker(ThreadWorker):
    """Takes no new connection while all its threads have something to do, but one with each request that it has done.

    The process that wakes first would else take all that a client or a proxy opens at once, and keep them for as long
    as they live, with one core at work and the others idle.
    """

    # Seconds: for what is to come or to be taken, and for a client to end what we have ended.
    patience = 30
    farewell = 2
    # How many of those on which nothing has come are kept: a newer one takes the place of the oldest.
    silent = 200

    def __init__(self, *args, **kwargs):
        self.has_done_one = True
        # Those on which nothing has come yet, the oldest first.
        self.silent_conns = deque()
        super().__init__(*args, **kwargs)

    @property
    def worker_connections(self):
        """How many connections it may have before it takes no more: asked before each wait for what comes next."""
        busy = self.nr_conns - sum(map(len, (self.keepalived_conns, self.pending_conns, self.silent_conns)))
        return self.most if self.has_done_one or busy < self.cfg.threads else 0

    @worker_connections.setter
    def worker_connections(self, most):
        self.most = most

    def wait_for_and_dispatch_events(self, timeout):
        """Wait for what comes next, and see to it."""
        self.has_done_one = False
        super().wait_for_and_dispatch_events(timeout)

    def enqueue_req(self, conn):
        """Leave a connection to a thread; a new one as soon as something comes.

        Browsers open some ahead, for which a thread would wait.
        """
        if isinstance(conn.sock, Connection):
            super().enqueue_req(conn)
            return
        conn.sock = Connection(conn.sock, self.patience)
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.patience
        if len(self.silent_conns) >= self.silent:
            self.leave_silent()
        self.silent_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.begin, conn))

    def begin(self, conn, client):
        """Leave a connection on which something has come to a thread."""
        if conn not in self.silent_conns:
            # Another has taken its place, told of at the same time.
            return
        self.poller.unregister(client)
        self.silent_conns.remove(conn)
        conn.data_ready = True
        self.enqueue_req(conn)

    def murder_pending(self):
        """Close those that have been silent, or have not been ended by their clients, for too long; at a stop, all."""
        super().murder_pending()
        while self.silent_conns and (not self.alive or self.silent_conns[0].timeout <= time.monotonic()):
            self.leave_silent()

    def leave_silent(self):
        """Close the connection that has been silent for longest."""
        conn = self.silent_conns.popleft()
        self.poller.unregister(conn.sock)
        self.forget(conn)

    def finish_request(self, conn, fs):
        """Put away a connection whose request is done, for the next one or for good."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self.part(conn)
        self.has_done_one = True

    def part(self, conn):
        """Say that nothing more comes, and see the connection off: at once, its client might lose the answer's end.

        gunicorn would wait here for the client, and meanwhile for nobody else.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.see_off, conn))
        except (OSError, ValueError):
            self.forget(conn)
            return
        conn.timeout = time.monotonic() + self.farewell
        # Whatever stands there is closed when its time is up.
        self.pending_conns.append(conn)

    def see_off(self, conn, client):
        """Read what still comes, which is nobody's, until the client has ended it too."""
        with suppress(OSError):
            if client.recv(65536):
                return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self.forget(conn)

    def forget(self, conn):
        """Close what is of no more use."""
        self.nr_conns -= 1
        conn.close()
