"""What many hosts share costs, and takes off the primary: `python benchmarks/hosts.py`.

Loads issues into a throw-away PostgreSQL with a streaming replica, serves them in three ways by turns (by the primary
alone; with the replica; with the replica, PgBouncer and Redis), and lets each answer the same questions. Prints the
milliseconds of processor time that a request takes of the web server, of the primary, of the replica, and of PgBouncer
and Redis together. Processor time is told because a busy machine changes it least.
"""

import argparse
import contextlib
import json

import machine
from load import put_load

from issuetracker import environment
from tests.pgbouncer import PgBouncer
from tests.postgresql import Replica, Server
from tests.redis_server import RedisServer

ISSUES = "/api/v1/products/BIG/issues/"
PATHS = {"one issue": f"{ISSUES}{{}}/", "list of 50": f"{ISSUES}?page_size=50", "search": f"{ISSUES}?q=error"}
# Of those whom `load_volume` makes.
ADMINISTRATOR = "volume-admin"
# A limit that nobody meets: it is counted all the same.
MANY = "1000000"
HEADINGS = ["work", "way", "web ms", "primary ms", "replica ms", "others ms", "requests a second", "failed"]


def main():
    """Measure everything, and print a table."""
    options = _options()
    with contextlib.ExitStack() as stack:
        primary = _running(stack, Server(shared_buffers="256MB"))
        env = stack.enter_context(machine.environment(primary.url))
        machine.load_volume(env, options.issues, 20)
        machine.vacuum(primary.url)
        # What a pooler does not pass on: docs/scaling.md.
        for name, value in environment.PLANNED_AS.items():
            machine.execute(primary.url, f"ALTER ROLE issues SET {name} = {value}")
        token = machine.run(env, "manage.py", "create_token", ADMINISTRATOR, "--scopes", "write").strip()
        replica = _running(stack, Replica(primary, shared_buffers="256MB", hot_standby_feedback="on"))
        bouncer, redis = PgBouncer(primary=primary, replica=replica), _running(stack, RedisServer())
        stack.callback(bouncer.remove)
        pooled = {"DATABASE_URL": bouncer.url("primary"), "DATABASE_REPLICA_URL": bouncer.url("replica")}
        ways = {
            "primary alone": {},
            "with a replica": {"DATABASE_REPLICA_URL": replica.url},
            "replica, PgBouncer, Redis": {**pooled, "DATABASE_POOLED": "on", "CACHE_URL": redis.url, "API_RATE": MANY},
        }
        beside = [bouncer.process.pid, redis.process.pid]
        rows = []
        for way, told in ways.items():
            with machine.serve_tracker(env | told) as program:
                pids = [[program.process.pid], [primary.process.pid], [replica.process.pid], beside]
                for name, requests in _work().items():
                    put_load(program.address, token, requests, clients=options.clients, seconds=2)
                    rows.append([name, way, *_measure(program.address, token, requests, pids, options)])
        machine.print_table(HEADINGS, sorted(rows, key=lambda row: list(_work()).index(row[0])))


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=5)
    return parser.parse_args()


def _running(stack, server):
    stack.callback(server.stop if isinstance(server, RedisServer) else server.remove)
    server.start()
    return server


def _work():
    """Return `{name: requests}`, each a triple of method, path and body."""
    reads = {name: [("GET", path.format(number), "") for number in range(1, 101)] for name, path in PATHS.items()}
    write = ("POST", ISSUES, json.dumps({"title": "Written meanwhile"}))
    return {**reads, "one issue, every tenth a new one": [*reads["one issue"][:90], *[write] * 10]}


def _measure(address, token, requests, pids, options):
    """Put a load on it. Return the milliseconds a request of each of the families `pids`, and what came of the load."""
    before = [sum(map(machine.cpu_of, family)) for family in pids]
    load = put_load(address, token, requests, clients=options.clients, seconds=options.seconds)
    after = [sum(map(machine.cpu_of, family)) for family in pids]
    spent = [round((end - begun) / load.requests * 1000, 2) for begun, end in zip(before, after, strict=True)]
    return [*spent, round(load.rate), load.failed]


if __name__ == "__main__":
    main()
