"""`manage.py serve`: everything that a running tracker needs, in one foreground process group."""

import errno
import os
import signal
import socket
import sys
import time
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from accounts import setup
from issues.management.commands.load_demo import NOTE
from issuetracker import staticfiles
from issuetracker.database import refuse_unsafe
from issuetracker.environment import SHORTEST_KEY
from issuetracker.logs import in_a_line
from products.models import Product

PATIENCE = 30
AGAIN_AFTER = 0.5
# The number of the lock, which means nothing.
MIGRATING = 7_203_441
STOPPED_WITHIN = 9
# How often a port is asked for: who stops may keep it for as long.
TRIES = 20
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


class Command(BaseCommand):
    """Migrates, collects the static files where they changed, then serves and works until it is told to stop."""

    help = "Serve the tracker: migrations, static files, web server and worker."

    def add_arguments(self, parser):
        """Declare the options."""
        parser.add_argument("--without-worker", action="store_true", help="The worker runs somewhere else.")
        parser.add_argument("--demo", action="store_true", help="Fill an empty database with the demonstration.")

    def handle(self, **options):
        """Prepare, then run until a signal, or until one of the processes ends. Raises CommandError."""
        refuse_taken_port()
        self.wait_for_database()
        self.migrate()
        try:
            refuse_unsafe(connection)
        except ImproperlyConfigured as error:
            raise CommandError(error) from error
        self.warn_of_short_key()
        staticfiles.collect_if_changed()
        if options["demo"]:
            self.show_demo()
        self.offer_setup()
        # A connection cannot be shared with the processes to come.
        connections.close_all()
        programs = [run_web] if options["without_worker"] else [run_web, run_worker]
        self.stdout.write(f"Serving on {settings.SITE_URL}")
        self.stdout.flush()
        sys.exit(supervise(programs))

    def warn_of_short_key(self):
        """Say that SECRET_KEY can be guessed. It is not refused: a new one would undo everybody's second step."""
        if len(settings.SECRET_KEY) < SHORTEST_KEY:
            self.stderr.write(
                f"WARNING: SECRET_KEY has fewer than {SHORTEST_KEY} characters. Whoever guesses it can forge links that"
                " set passwords. With a new one everybody signs in and sets up their second step anew."
            )

    def show_demo(self):
        """Fill an empty database with the demonstration, and say how to sign in to it."""
        if not Product.objects.exists():
            call_command("load_demo")
        note = settings.DATA_DIR / NOTE
        if note.exists():
            self.stdout.write(f"Sign in as ana, tomas, … or sam, or as admin: {note.read_text()}")

    def wait_for_database(self):
        """Return once the database answers. Raises CommandError after half a minute."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection.ensure_connection()
                return
            except OperationalError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"The database cannot be reached: {error}") from error
                self.stderr.write(f"Waiting for the database: {in_a_line(error)}")
                time.sleep(2)

    def migrate(self):
        """Migrate, where there is anything to do."""
        if is_behind():
            with alone():
                if is_behind():
                    call_command("migrate", interactive=False, verbosity=1)

    def offer_setup(self):
        """Print a new link to make the first user with, where there is none."""
        link = setup.offer()
        if link:
            self.stdout.write(f"\nNobody can sign in yet. Make the administrator here, once:\n\n    {link}\n\n")


def refuse_taken_port():
    """Raise CommandError where nobody can listen at the port; a program that is just leaving it is waited for."""
    for left in reversed(range(TRIES)):
        try:
            with socket.socket(socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET) as probe:
                # As gunicorn does: connections that have ended are in nobody's way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((settings.HOST, settings.PORT))
                return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not left:
                where = f"{settings.HOST}, port {settings.PORT}: {error.strerror}"
                other = "port by PORT=…" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "address by HOST=…"
                raise CommandError(f"Nothing can be served at {where}. Choose another {other}.") from error
        if left == TRIES - 1:
            sys.stderr.write(f"Waiting for port {settings.PORT}.\n")
        time.sleep(AGAIN_AFTER)


def is_behind():
    """Return whether the database lacks migrations."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def alone():
    """Let no other host do within what it asks for by this too; wait until none does. SQLite is for one host."""
    if connection.vendor != "postgresql":
        yield
        return
    # A transaction of another connection holds the lock: behind a pooler nothing else is sure to last.
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        # Asked for again and again: whoever waits within a statement holds up an index that is made concurrently.
        while not _locked(holder):
            holder.rollback()
            time.sleep(AGAIN_AFTER)
        yield
    finally:
        holder.close()


def _locked(holder):
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MIGRATING])
        return cursor.fetchone()[0]


def run_web():
    """Be gunicorn, in this process."""
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "--config", str(settings.BASE_DIR / "gunicorn.conf.py"), "issuetracker.wsgi"]
    run()


def run_worker():
    """Be the worker, in this process."""
    # Ctrl-C reaches the whole group; the supervisor tells the worker when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    call_command("worker")


def heeded():
    """Return the signals that end it: the end of its terminal too, unless that is ignored, as nohup has it."""
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return SIGNALS if ignored else (*SIGNALS, signal.SIGHUP)


def start(program):
    """Run `program` in a process of its own, which shares the memory of all that is loaded. Return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in heeded():
            signal.signal(number, signal.SIG_DFL)
        program()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def supervise(programs):
    """Run `programs` until a signal or the end of one of them, then end the others. Return the exit code."""
    pids = []
    stopping = []

    def stop(number, frame):
        if not stopping:
            # Whatever still runs when the time is up is ended without asking.
            signal.alarm(STOPPED_WITHIN)
        stopping.append(number)
        for pid in pids:
            os.kill(pid, signal.SIGKILL if number == signal.SIGALRM else signal.SIGTERM)

    for number in heeded():
        signal.signal(number, stop)
    pids += [start(program) for program in programs]
    code = 0
    while pids:
        pid, status = os.wait()
        pids.remove(pid)
        if not stopping:
            code = os.waitstatus_to_exitcode(status) or 1
            stop(signal.SIGTERM, None)
    # All have ended: no alarm may go off while this process ends, too.
    signal.alarm(0)
    return code
