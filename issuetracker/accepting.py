"""How gunicorn's processes share connections that come at once."""

from gunicorn.workers.gthread import ThreadWorker


class SharingWorker(ThreadWorker):
    """Takes new connections one at a time once all its threads have something to do: others may be idle.

    The process that wakes first would else take all that a client or a proxy opens at once, and keep them for as long
    as they live, with one core at work and the others idle.
    """

    def __init__(self, *args, **kwargs):
        self.has_turn = True
        super().__init__(*args, **kwargs)

    def accept(self, listener):
        """Take one connection."""
        self.has_turn = False
        super().accept(listener)

    def finish_request(self, conn, fs):
        """Put away a connection whose request is answered. After that it is this process's turn again."""
        super().finish_request(conn, fs)
        self.has_turn = True

    @property
    def worker_connections(self):
        """How many connections it may have before it takes no more: asked before each wait for what comes next."""
        idle = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns) < self.cfg.threads
        return self.most if self.has_turn or idle else 0

    @worker_connections.setter
    def worker_connections(self, most):
        self.most = most
