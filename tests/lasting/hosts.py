"""A tracker on several hosts: web servers and workers in processes of their own, on one PostgreSQL and its replica."""

from contextlib import ExitStack
from itertools import cycle

import pytest

from issuetracker.tests.tracker import Tracker
from tests import pgbouncer, redis_server
from tests.lasting.site import FURNISH, Site
from tests.pgbouncer import PgBouncer
from tests.postgresql import Replica, Server
from tests.redis_server import RedisServer

needs_hosts = pytest.mark.skipif(
    not (pgbouncer.PROGRAM and redis_server.PROGRAM), reason="many hosts: no pgbouncer or no redis-server here"
)


class Hosts(Site):
    """`count` hosts of one tracker; with `shared` behind PgBouncer, and with a Redis that they share.

    Every request of a program that keeps no connection goes to the next host, as behind a balancer of loads.
    """

    def __init__(self, folder, count=1, *arguments, shared=False, with_settings=None):
        self.stack = ExitStack()
        self.server = self._running(Server())
        # What is asked of it is found in its log.
        self.replica = self._running(Replica(self.server, log_statement="all", hot_standby_feedback="on"))
        self.redis = self.bouncer = None
        told = {"DATABASE_URL": self.server.url, "TEST_REPLICA_URL": self.replica.url}
        if shared:
            self.redis = RedisServer()
            self.redis.start()
            self.stack.callback(self.redis.stop)
            self.bouncer = PgBouncer(primary=self.server, replica=self.replica)
            self.stack.callback(self.bouncer.remove)
            urls = {"DATABASE_URL": self.bouncer.url("primary"), "TEST_REPLICA_URL": self.bouncer.url("replica")}
            told = {**urls, "DATABASE_POOLED": "on", "TEST_CACHE_URL": self.redis.url}
        self.trackers = []
        for number in range(count):
            # Of one folder, as on a volume that all hosts have.
            tracker = Tracker(folder, "", *arguments)
            tracker.environment |= told
            if with_settings:
                tracker.environment["DJANGO_SETTINGS_MODULE"] = with_settings
            tracker.log = folder / f"host-{number}.log"
            self.stack.callback(tracker.end)
            tracker.start()
            self.trackers.append(tracker)
        self.tracker = self.trackers[0]
        self.turns = cycle(self.trackers)
        self.token = self.run("shell", "-c", FURNISH).splitlines()[-1]

    def _running(self, server):
        self.stack.callback(server.remove)
        server.start()
        return server

    @property
    def port(self):
        """Where the next host answers."""
        return next(self.turns).port

    def read_from_replica(self):
        """Return how often the replica was asked for more than how far it has come."""
        return sum(
            "statement: " in line and "pg_last_wal_replay_lsn" not in line for line in self.replica.log.split("\n")
        )

    def end(self):
        """Leave nothing of it."""
        self.stack.close()
