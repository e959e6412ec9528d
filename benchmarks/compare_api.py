"""How many requests the API answers, beside a rival by FastAPI and SQLAlchemy: `python benchmarks/compare_api.py`.

Loads the same issues into both on a throw-away PostgreSQL (or that of DATABASE_URL, in databases of its own), serves
the tracker as `manage.py serve` does and the rival by uvicorn with as many workers, and lets both answer the same
questions by turns: with a token, rights checked, sixteen clients. Prints the medians of the rounds. Ratios are of the
requests a second within one round, so that what else the machine does falls on both. Writes go to products that no
reading touches. Where an answer fails, the row is void.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field

import machine
import psycopg2
from load import put_load

RIVAL_ENVIRONMENT = machine.ROOT / ".venv-rival"
REQUIREMENTS = machine.ROOT / "benchmarks" / "requirements.txt"
DRAWN = 400
ASKED_ALONE = 10
READ = "BIG"
WORK = ("one issue", "list of 50", "create", "update")

PRODUCTS = """
SELECT p.id, p.title, p.visibility, u.username FROM products_product p LEFT JOIN accounts_user u ON u.id = p.owner_id
"""
ISSUES = """
SELECT i.id, i.product_id, i.title, i.description, s.slug,
  (ARRAY['none', 'low', 'medium', 'high', 'urgent'])[i.priority + 1], a.username, b.username,
  i.created_at AT TIME ZONE 'UTC', i.updated_at AT TIME ZONE 'UTC'
FROM issues_issue i JOIN issues_status s ON s.id = i.status_id
LEFT JOIN accounts_user a ON a.id = i.author_id LEFT JOIN accounts_user b ON b.id = i.assignee_id
"""
# Somebody with rights of their own, who triages more of the public products than anybody else does.
TRIAGER = """
SELECT u.username, array_agg(p.key) FROM products_member m JOIN accounts_user u ON u.id = m.user_id
JOIN products_product p ON p.id = m.product_id
WHERE m.role IN ('triager', 'maintainer') AND p.visibility = 'public' AND p.key <> %s AND NOT u.is_superuser
GROUP BY u.username ORDER BY count(*) DESC, u.username LIMIT 1
"""
OTHERS = "SELECT id, key FROM products_product WHERE visibility = 'public' AND key <> ALL(%s) ORDER BY id LIMIT 8"
FOUND = """
SELECT p.id, p.key, i.id, i.number, i.title, i.description, s.slug FROM issues_issue i
JOIN products_product p ON p.id = i.product_id JOIN issues_status s ON s.id = i.status_id
WHERE p.key = ANY(%s) AND NOT i.confidential ORDER BY md5(i.id::text) LIMIT %s
"""


@dataclass
class Side:
    """One of the two: its server, its token, and for each kind of work the requests."""

    program: machine.Program
    database: str
    token: str
    work: dict
    bytes: dict = field(default_factory=dict)
    statements: dict = field(default_factory=dict)

    def ask(self, request):
        """Send one request. Return its answer."""
        method, path, body = request
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.program.address + path, body.encode() or None, headers, method=method)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.read()

    def examine(self, name):
        """Note how long an answer is, and how many statements it takes."""
        requests = (self.work[name] * ASKED_ALONE)[:ASKED_ALONE]
        self.ask(requests[0])
        idle, before = machine.count_statements(self.database), machine.count_statements(self.database)
        self.bytes[name] = statistics.median([len(self.ask(request)) for request in requests])
        after = machine.count_statements(self.database)
        if after is not None:
            self.statements[name] = round((after - before - (before - idle)) / len(requests), 1)

    def measure(self, name, options):
        """Put one load on it. Return the Load, and the milliseconds of processor time that a request took."""
        before = self.program.cpu
        load = put_load(
            self.program.address, self.token, self.work[name], clients=options.clients, seconds=options.seconds
        )
        return load, (self.program.cpu - before) / load.requests * 1000


def make_rival(url):
    """Make the rival's environment and its tables. Return its environment variables."""
    python = RIVAL_ENVIRONMENT / "bin" / "python"
    stamp = RIVAL_ENVIRONMENT / "made-of.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        subprocess.run([sys.executable, "-m", "venv", RIVAL_ENVIRONMENT], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS], check=True
        )
        stamp.write_text(REQUIREMENTS.read_text())
    env = {**os.environ, "RIVAL_DATABASE_URL": url.replace("postgres://", "postgresql+psycopg2://")}
    code = "from benchmarks.rival.models import Base, engine; Base.metadata.create_all(engine)"
    subprocess.run([python, "-c", code], check=True, env=env, cwd=machine.ROOT)
    return env


def serve_rival(env, port):
    """Return the Program of the rival."""
    command = [RIVAL_ENVIRONMENT / "bin" / "python", "-m", "uvicorn", "benchmarks.rival.app:app"]
    command += ["--port", str(port), "--workers", "2", "--no-access-log", "--log-level", "warning"]
    return machine.Program(command, env, f"http://127.0.0.1:{port}")


def copy_rows(ours, rival):
    """Copy products and issues from our tables to the rival's."""
    with contextlib.closing(psycopg2.connect(ours)) as source, contextlib.closing(psycopg2.connect(rival)) as target:
        for table, query in (("products", PRODUCTS), ("issues", ISSUES)):
            rows = io.StringIO()
            with source.cursor() as reading, target.cursor() as writing:
                reading.copy_expert(f"COPY ({query}) TO STDOUT", rows)
                rows.seek(0)
                writing.copy_expert(f"COPY {table} FROM STDIN", rows)
                writing.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")  # noqa: S608
        target.commit()


def let_in(rival, username, secret):
    """Let the rival know the token."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with contextlib.closing(psycopg2.connect(rival)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO tokens (digest, username) VALUES (%s, %s)", [digest, username])


def plan(url):
    """Return who asks, and the requests to us and to the rival: `{work: [(method, path, body)]}` each."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(TRIAGER, [READ])
        username, triaged = cursor.fetchone()
        cursor.execute(OTHERS, [[READ, *triaged]])
        homes = cursor.fetchall()
        cursor.execute(FOUND, [[READ], DRAWN])
        read = cursor.fetchall()
        cursor.execute(FOUND, [triaged, DRAWN])
        changed = cursor.fetchall()
    return username, _asked_of_us(homes, read, changed), _asked_of_rival(homes, read, changed)


def _asked_of_us(homes, read, changed):
    begin = "/api/v1/products"
    return {
        "one issue": [("GET", f"{begin}/{key}/issues/{number}/", "") for _, key, _, number, *_ in read],
        "list of 50": [("GET", f"{begin}/{READ}/issues/?page_size=50", "")],
        "create": [
            ("POST", f"{begin}/{homes[place % len(homes)][1]}/issues/", json.dumps(_new(row)))
            for place, row in enumerate(read)
        ],
        "update": [
            ("PATCH", f"{begin}/{key}/issues/{number}/", json.dumps(_changes(title, place)))
            for place, (_, key, _, number, title, *_) in enumerate(changed * 2)
        ],
    }


def _asked_of_rival(homes, read, changed):
    return {
        "one issue": [("GET", f"/products/{product}/issues/{pk}", "") for product, _, pk, *_ in read],
        "list of 50": [("GET", f"/products/{read[0][0]}/issues/?limit=50", "")],
        "create": [
            ("POST", f"/products/{homes[place % len(homes)][0]}/issues/", json.dumps(_new(row)))
            for place, row in enumerate(read)
        ],
        "update": [
            ("PUT", f"/products/{product}/issues/{pk}", json.dumps(_whole(title, place, description, status)))
            for place, (product, _, pk, _, title, description, status) in enumerate(changed * 2)
        ],
    }


def _new(row):
    return {"title": row[4], "description": row[5]}


def _changes(title, place):
    return {"title": f"{title} {place}", "priority": ("low", "high")[place // DRAWN]}


def _whole(title, place, description, status):
    """Return what the rival's PUT needs to set the same as `_changes`."""
    return {**_changes(title, place), "description": description, "status": status}


def compare(name, ours, rival, options):
    """Measure one kind of work in rounds. Return the row of the table."""
    sides = (ours, rival)
    for side in sides:
        put_load(side.program.address, side.token, side.work[name], clients=options.clients, seconds=1)
    rounds = []
    for number in range(options.rounds):
        order = sides if number % 2 == 0 else sides[::-1]
        measured = {id(side): side.measure(name, options) for side in order}
        rounds.append([measured[id(side)] for side in sides])
    if any(load.failed for both in rounds for load, _cpu in both):
        return [name, "void: answers failed", *[None] * 6]
    ratios = [our[0].rate / other[0].rate for our, other in rounds]

    def each(value):
        return " / ".join(f"{statistics.median(value(both[place]) for both in rounds):,.1f}" for place in range(2))

    return [
        name,
        f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f}–{max(ratios):.2f})",
        each(lambda one: one[0].rate),
        each(lambda one: one[0].p50),
        each(lambda one: one[0].p99),
        each(lambda one: one[1]),
        " / ".join(str(side.statements.get(name, "?")) for side in sides),
        " / ".join(f"{side.bytes[name]:,.0f}" for side in sides),
    ]


def main():
    """Make both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--products", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--port", type=int, help="of ours; the rival takes the next one (default: free ones)")
    parser.add_argument("--only", choices=WORK, action="append")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(machine.postgresql())
        ours, rival = (stack.enter_context(machine.database(server, name)) for name in ("bench_ours", "bench_rival"))
        env = stack.enter_context(machine.environment(ours, options.port))
        machine.load_volume(env, options.issues, options.products)
        rival_env = make_rival(rival)
        copy_rows(ours, rival)
        for url in (ours, rival):
            machine.vacuum(url)
        username, our_work, rival_work = plan(ours)
        secret = machine.run(env, "manage.py", "create_token", username, "--scopes", "write").strip()
        let_in(rival, username, secret)
        port = options.port + 1 if options.port else machine.free_port()
        programs = [stack.enter_context(machine.serve_tracker(env)), stack.enter_context(serve_rival(rival_env, port))]
        sides = [Side(programs[0], ours, secret, our_work), Side(programs[1], rival, secret, rival_work)]
        print(f"{machine.describe()}; {options.issues:,} issues, {options.clients} clients; ours / the rival's\n")
        rows = []
        for name in options.only or WORK:
            for side in sides:
                side.examine(name)
            rows.append(compare(name, *sides, options))
            machine.say(f"{name}: {rows[-1][1]}")
    headings = ["work", "ratio (least–most)", "requests a second", "p50 ms", "p99 ms", "CPU ms a request"]
    machine.print_table([*headings, "statements", "bytes"], rows)


if __name__ == "__main__":
    main()
