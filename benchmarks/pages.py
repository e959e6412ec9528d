"""How long pages and answers take, one at a time, signed in: `python benchmarks/pages.py --issues 100000`.

Loads so many issues into a throw-away PostgreSQL (with --sqlite: a file; with --database: takes one that
`manage.py load_volume --private` has filled), serves them as `manage.py serve` does, and asks as three readers. Prints
median and 95th percentile in milliseconds, and of what only reads how many statements it takes and how many pages of
8 KiB the database reads for them. A row in which an answer fails is void, and has dashes.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import time

import machine
from points import API, ROLES, Client, Reader, begin, points

WARM_UP = 3


def time_point(client, point, repeats):
    """Return the median and the 95th percentile of asking for `point`, in milliseconds; None where that fails."""
    took = []
    forms = itertools.cycle(point.fields or [None])
    paths = itertools.cycle(point.paths)
    for _one in range(repeats + WARM_UP):
        path, fields = next(paths), next(forms)
        begun = time.perf_counter()
        status, _headers, _body = client.ask(path, fields)
        took.append((time.perf_counter() - begun) * 1000)
        if status != (200 if fields is None else 302):
            return None
    took = took[WARM_UP:]
    return {"median": statistics.median(took), "p95": statistics.quantiles(took, n=20)[18]}


def read_pages(reader, point):
    """Return how many statements `point` takes, and how many pages the database reads for those that select.

    Asked for in this process, so that each statement can be explained.
    """
    from django.db import connection
    from django.test import Client as TestClient

    caught = []

    def catch(execute, sql, params, many, context):
        caught.append((sql, params))
        return execute(sql, params, many, context)

    client = TestClient(headers={"host": "localhost", **reader.token})
    if reader.user and not point.paths[0].startswith(API):
        client = TestClient(headers={"host": "localhost"})
        client.force_login(reader.user)
    with connection.execute_wrapper(catch):
        client.get(point.paths[0])
    # What an SQLite reads is not told.
    if connection.vendor != "postgresql":
        return {"statements": len(caught)}
    return {"statements": len(caught), "pages": sum(_pages(*one) for one in caught if one[0].startswith(READING))}


READING = ("SELECT", "WITH", "(SELECT", "EXECUTE")


def explain(sql, params):
    """Return the plan of a statement as it was executed, with the pages of the database that it read."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        return cursor.fetchone()[0][0]["Plan"]


def _pages(sql, params):
    plan = explain(sql, params)
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def measure(address, repeats):
    """Return `{role: {point: figures}}` of the server at `address`."""
    results = {}
    for role in ROLES:
        client = Client(address, Reader(role))
        results[role] = {}
        for point in points(client):
            figures = time_point(client, point, repeats)
            if figures and point.fields is None:
                figures |= read_pages(client.reader, point)
            results[role][point.name] = figures or {}
            machine.say(f"{role}: {point.name}: {figures and round(figures['median'], 1)}")
    results["first load"] = dict(zip(("bytes", "requests"), client.first_load("/issues/"), strict=True))
    return results


def print_results(results):
    """Print a table for each reader."""
    for role in ROLES:
        print(f"**{role[0].upper()}{role[1:]}**\n")
        rows = [
            [name, *(_rounded(figures.get(one)) for one in ("median", "p95", "statements", "pages"))]
            for name, figures in results[role].items()
        ]
        machine.print_table(["work", "median ms", "95 % ms", "statements", "database pages"], rows)
    load = results["first load"]
    print(f"First load of the list, signed out: {load['bytes']:,} bytes in {load['requests']} requests.")


def _rounded(figure):
    return figure if figure is None or isinstance(figure, int) else f"{figure:,.1f}"


@contextlib.contextmanager
def filled(options):
    """Give the environment of a tracker with the issues that are asked for."""
    with contextlib.ExitStack() as stack:
        url = options.database
        if url is None and not options.sqlite:
            server = stack.enter_context(machine.postgresql())
            url = stack.enter_context(machine.database(server, "bench_pages"))
        env = stack.enter_context(machine.environment(url or "", options.port))
        if options.database is None:
            machine.load_volume(env, options.issues, options.products, "--private")
        if url:
            machine.vacuum(url)
        yield env


def main():
    """Fill, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--database", metavar="URL", help="one that is filled already")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--port", type=int, help="to serve on (default: a free one)")
    parser.add_argument("--json", action="store_true", help="print figures, for growth.py")
    options = parser.parse_args()
    with filled(options) as env, machine.serve_tracker(env) as program:
        begin(env)
        results = measure(program.address, options.repeats)
    if options.json:
        print(json.dumps(results))
    else:
        print(f"{machine.describe()}; {options.database or f'{options.issues:,} issues'}\n")
        print_results(results)


if __name__ == "__main__":
    main()
