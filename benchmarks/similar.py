"""How long similar issues and suggestions take, on both databases, filled with as many issues as one likes.

`python benchmarks/similar.py [--issues 100000]` fills a database of each kind and measures; with `--here` it measures
the one that the environment names (DATA_DIR, DATABASE_URL), which `load_volume` and `reindex --similar` have filled.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROUNDS = 200
HEADINGS = ("database", "reader", "what", "median, ms", "p95, ms", "CPU of the client, ms", "statements")


def measure(rounds):
    """Yield rows of (reader, what, median, p95, CPU, statements) of the database that Django is set up for."""
    from accounts.models import User
    from issues.models import Issue
    from issues.similar.finding import similar, similar_to
    from issues.similar.suggesting import suggest
    from issues.volume.site import ADMINISTRATOR, READER

    choose = random.Random(7)  # noqa: S311 (which issues are asked for is no secret)
    readers = {"administrator": ADMINISTRATOR, "member": READER, "anonymous": None}
    for name, username in readers.items():
        user = User.objects.get(username=username) if username else None
        seen = list(Issue.objects.visible_to(user).values_list("pk", flat=True))
        keys = choose.sample(seen, min(rounds, len(seen)))
        issues = list(Issue.objects.select_related("product").filter(pk__in=keys))
        deeds = {
            "similar to an issue": lambda issue, user=user: similar_to(user, issue),
            "similar to a title": lambda issue, user=user: similar(user, issue.title, product=issue.product),
            "suggestions": lambda issue, user=user: suggest(user, issue),
        }
        for what, deed in deeds.items():
            for issue in issues[:5]:
                deed(issue)
            waits, cpu = zip(*(_timed(deed, issue) for issue in issues), strict=True)
            figures = statistics.median(waits), statistics.quantiles(waits, n=20)[18], statistics.median(cpu)
            yield name, what, *(round(figure, 1) for figure in figures), _statements(deed, issues[0])


def _timed(deed, issue):
    """Return how long it takes, and how much of that this process works, in milliseconds."""
    begun, worked = time.perf_counter(), time.process_time()
    deed(issue)
    return (time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000


def _statements(deed, issue):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        deed(issue)
    return len(queries)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--private", action="store_true", help="all products are private but one")
    parser.add_argument("--here", action="store_true", help="measure the database of the environment")
    options = parser.parse_args()
    if options.here:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")
        django.setup()
        for row in measure(options.rounds):
            print(json.dumps(row), flush=True)
        return
    from benchmarks.machine import describe, environment, load_volume, postgresql, print_table, run, say, vacuum

    def rows_of(name, url):
        with environment(url) as env:
            load_volume(env, options.issues, options.products, *(["--private"] if options.private else []))
            say(run(env, "manage.py", "reindex", "--similar"))
            if url:
                vacuum(url)
            told = run(env, "benchmarks/similar.py", "--here", "--rounds", str(options.rounds))
            return [(name, *json.loads(line)) for line in told.splitlines()]

    rows = rows_of("SQLite", "")
    with postgresql() as url:
        rows += rows_of("PostgreSQL", url)
    print(f"{options.issues:,} issues; {describe()}\n")
    print_table(HEADINGS, rows)


if __name__ == "__main__":
    main()
