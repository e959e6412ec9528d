"""How gunicorn's processes share connections that come at once."""

from gunicorn.workers.gthread import ThreadWorker


class SharingWorker(ThreadWorker):
    """Takes no new connection while all its threads have something to do, but one with each request that it has done.

    The process that wakes first would else take all that a client or a proxy opens at once, and keep them for as long
    as they live, with one core at work and the others idle.
    """

    def __init__(self, *args, **kwargs):
        self.has_done_one = True
        super().__init__(*args, **kwargs)

    @property
    def worker_connections(self):
        """How many connections it may have before it takes no more: asked before each wait for what comes next."""
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return self.most if self.has_done_one or busy < self.cfg.threads else 0

    @worker_connections.setter
    def worker_connections(self, most):
        self.most = most

    def wait_for_and_dispatch_events(self, timeout):
        """Wait for what comes next, and see to it."""
        self.has_done_one = False
        super().wait_for_and_dispatch_events(timeout)

    def finish_request(self, conn, fs):
        """Put away a connection whose request is done, for the next one or for good."""
        super().finish_request(conn, fs)
        self.has_done_one = True
