"""What the benchmarks share: databases, servers, the processor time of a tree of processes, and tables."""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg2

from tests.postgresql import Server, find_programs, free_port

PATIENCE = 90
TICKS = os.sysconf("SC_CLK_TCK")
COUNTED = """
SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
WHERE toplevel AND query !~* '^(begin|commit|rollback|savepoint|release)'
"""


@contextlib.contextmanager
def postgresql(**settings):
    """Give the DATABASE_URL of a PostgreSQL server: that of the environment, else a throw-away one.

    It has the settings of a fresh installation, so that what is acknowledged is on disk, and `settings`.
    """
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
        return
    if (find_programs().parent / "lib" / "pg_stat_statements.so").exists():
        settings.setdefault("shared_preload_libraries", "pg_stat_statements")
    server = Server(**settings)
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


@contextlib.contextmanager
def database(server_url, name):
    """Make the database `name` on a server, give its address, and drop it in the end."""
    execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    execute(server_url, f"CREATE DATABASE {name}")
    try:
        yield f"{server_url.rpartition('/')[0]}/{name}"
    finally:
        execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def execute(url, statement):
    """Run one statement by itself on the database of `url`. Return its first row, if it has any."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def vacuum(url):
    """Leave the database as it would be some time after a load."""
    execute(url, "VACUUM ANALYZE")


def count_statements(url):
    """Return how many statements the database of `url` has had, or None where they are not counted.

    Asking counts too, as two statements.
    """
    try:
        execute(url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        return int(execute(url, COUNTED)[0] or 0)
    except psycopg2.Error:
        return None


@contextlib.contextmanager
def environment(url, port=None):
    """Give the environment of a tracker on the database `url` ("" is SQLite) with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = port or free_port()
        yield {
            **os.environ,
            "DATABASE_URL": url,
            "DATABASE_REPLICA_URL": "",
            "CACHE_URL": "",
            "DATA_DIR": folder,
            "PORT": str(port),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "DJANGO_SETTINGS_MODULE": "issuetracker.settings",
        }


def run(env, *command):
    """Run `command` of this Python to its end. Return what it prints; ends this program where it fails."""
    answer = subprocess.run([sys.executable, *command], env=env, cwd=ROOT, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return answer.stdout


def load_volume(env, issues, products, *options):
    """Fill the empty database of `env`."""
    run(env, "manage.py", "migrate", "-v", "0")
    say(run(env, "manage.py", "load_volume", "--issues", str(issues), "--products", str(products), *options))


def say(text):
    """Tell how far it is, apart from the results."""
    print(text.strip().splitlines()[-1] if text.strip() else "", file=sys.stderr, flush=True)


class Program:
    """A server and the processes that it starts. `address` is where it answers."""

    def __init__(self, command, env, address):
        self.address = address
        self.process = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/status/", timeout=5).close()
                return self
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    sys.exit(f"No server at {self.address}: {' '.join(map(str, self.process.args))}")
                time.sleep(0.1)

    def __exit__(self, *error):
        """Stop it."""
        self.stop()

    def stop(self):
        """End it, as a service manager would."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    @property
    def cpu(self):
        """The processor time that it and its children have had, in seconds."""
        return cpu_of(self.process.pid)


def cpu_of(pid):
    """Return the processor time that a process and its children have had, in seconds."""
    return sum(_cpu(one) for one in _family(pid))


def serve_tracker(env):
    """Return the Program that `manage.py serve` is, without its worker."""
    command = [sys.executable, "manage.py", "serve", "--without-worker"]
    return Program(command, env, env["SITE_URL"])


def _family(pid):
    """Return the ids of a process and all that come from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _cpu(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    # Its own, and that of children which have ended: in user mode, in the kernel.
    return sum(int(field) for field in fields[11:15]) / TICKS


def middle(values):
    """Return the median of `values`, or None where there are none."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def print_table(headings, rows):
    """Print a table in Markdown; None is a dash."""
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join("—" if cell is None else str(cell) for cell in row) + " |")
    print(flush=True)


def describe():
    """Return when and on what this was measured."""
    version = subprocess.run([find_programs() / "postgres", "--version"], capture_output=True, text=True).stdout
    python = ".".join(map(str, sys.version_info[:3]))
    number = version.split()[2] if version else "?"
    return f"{time.strftime('%d %B %Y')}, {os.cpu_count()} cores, Python {python}, PostgreSQL {number}"
