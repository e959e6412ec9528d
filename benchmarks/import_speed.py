"""How fast many issues with their past come in: `python benchmarks/import_speed.py [FILE.ndjson[.gz]]`.

Makes a file of 10,000 closed issues with about six changes each (or takes the given one), and imports it into a fresh
database of each kind: SQLite, and the PostgreSQL server of DATABASE_URL or one started for the purpose. Prints issues
a second of the whole command, checking of the file included, beside the rate at which the door for a single issue
writes such issues in the same run, and whether the log of every issue replays to its row. Runs in rounds, so that
what else the machine does falls on both; the median of the ratios is what counts.
"""

import argparse
import json
import random
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import machine

ISSUES, SINGLE = 10_000, 300
WORDS = ["cart", "login", "button", "page", "error", "crash", "search", "slow", "empty", "wrong", "date", "list"]
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)


def make_file(path):
    """Write invented issues as their trackers export them."""
    choose = random.Random(5)  # noqa: S311 (it decides on words, not on secrets)
    with path.open("w") as file:
        for number in range(1, ISSUES + 1):
            file.write(json.dumps(invented(number, choose)) + "\n")


def invented(number, choose):
    """Return one record: filed, handed on, closed, reopened or verified."""
    people = [f"user-{choose.randrange(2000)}" for _ in range(3)]
    title = " ".join(choose.choices(WORDS, k=7))
    created = BEGUN + timedelta(minutes=13 * number)
    told = [
        ("title", title.upper(), title),
        ("assignee", people[0], people[1]),
        ("component", "Old part", f"Part {number % 30}"),
        ("status", "NEW", "ASSIGNED"),
        ("status", "ASSIGNED", "RESOLVED"),
        ("resolution", None, "FIXED"),
        ("severity", "normal", "major"),
        ("status", "RESOLVED", "VERIFIED"),
    ]
    at = [(created + timedelta(hours=step // 2 + 1)).isoformat() for step in range(len(told))]
    return {
        "source": "msr2013-eclipse",
        "id": str(number),
        "product": f"Product {number % 3}",
        "component": f"Part {number % 30}",
        "title": title,
        "reporter": people[2],
        "assignee": people[1],
        "status": "VERIFIED",
        "resolution": "FIXED",
        "severity": "major",
        "created_at": created.isoformat(),
        "updated_at": at[-1],
        "history": [
            {"at": at[n], "who": None, "field": field, "from": before, "to": after}
            for n, (field, before, after) in enumerate(told)
        ],
        "comments": [],
    }


def measure(path):
    """Import into the database of DATABASE_URL, and write a few issues one by one. Print both rates as JSON."""
    import time

    import django

    django.setup()
    from django.core.management import call_command

    from accounts.services import create_user
    from history import log
    from issues.models import Issue
    from issues.services import create_issue, update_issue
    from issues.services.issues import RELATED
    from products.models import Product

    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    call_command("import_issues", path, format="ndjson", similar_later=True, stdout=StringIO())
    rate = Issue.objects.count() / (time.perf_counter() - begun)
    actor = create_user(actor=None, via="web", username="bench", is_staff=True, is_superuser=True)
    product = Product.objects.order_by("pk").first()
    begun = time.perf_counter()
    for number in range(SINGLE):
        issue = create_issue(product, actor=actor, via="api", title=f"One {number}")
        for priority in (1, 2):
            update_issue(issue, actor=actor, via="api", priority=priority)
    single = SINGLE / (time.perf_counter() - begun)
    replayed = all(
        log.replay("issue", issue.pk) == log.present(issue) for issue in Issue.objects.select_related(*RELATED)
    )
    print(json.dumps({"import": rate, "single": single, "replayed": replayed}))


def run(path, url):
    """Return what `measure` prints, from a process of its own with a fresh folder."""
    with machine.environment(url) as env:
        return json.loads(machine.run(env, __file__, "--measure", str(path)).splitlines()[-1])


def main():
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "issues.ndjson"
        if options.file is None:
            make_file(path)
        results = {"SQLite": [], "PostgreSQL": []}
        for _round in range(options.rounds):
            results["SQLite"].append(run(path.resolve(), ""))
            with machine.postgresql() as server, machine.database(server, "bench_import") as url:
                results["PostgreSQL"].append(run(path.resolve(), url))
    for name, rows in results.items():
        rates = ", ".join(f"{row['import']:,.0f}" for row in rows)
        ratio = statistics.median(row["import"] / row["single"] for row in rows)
        replayed = "every log replays" if all(row["replayed"] for row in rows) else "A LOG DOES NOT REPLAY"
        print(f"{name}: {rates} issues a second, {ratio:.1f} times one by one; {replayed}")


if __name__ == "__main__":
    main()
