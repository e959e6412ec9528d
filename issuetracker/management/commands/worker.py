"""`manage.py worker`: what has to be done beside answering requests."""

import logging
import os
import signal
import time

from django.core.management import BaseCommand, call_command
from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone
from psycopg2.extensions import set_wait_callback
from psycopg2.extras import wait_select

from accounts import letters
from accounts.services.idempotency import forget_answers
from accounts.signin import limits
from history.models import Batch
from issues import fulltext, services, similar
from issues.services import bulk, undoing
from issuetracker import heartbeat
from issuetracker.logs import in_a_line
from issuetracker.status import is_migrated

log = logging.getLogger(__name__)

SHORTEST_WAIT = 2
LONGEST_WAIT = 30
# Of 50 issues each: other jobs wait meanwhile.
PARTS = 100
# Seconds of one round of a large change or undo: the other jobs, such as letters, come in between.
AT_A_TIME = 10


def finish_undos():
    """Carry on, for some seconds, with the undos that were too large for one request."""
    _carry_on(services.running(), undoing.carry_on)


def finish_bulk_changes():
    """Carry on, for some seconds, with the changes of many issues that were too large for one request."""
    _carry_on(bulk.unfinished(), bulk.carry_on)


def _carry_on(batches, step):
    """Take one `step` after the other with each of the running `batches`, until it is time for other jobs."""
    until = time.monotonic() + AT_A_TIME
    for batch in batches:
        while batch.state == Batch.State.RUNNING:
            batch = step(batch)
            heartbeat.beat()
            if time.monotonic() > until:
                return


def purge_trash():
    """Purge what has been in the trash for longer than it is kept."""
    services.purge_expired(timezone.now(), on_progress=lambda count: heartbeat.beat())


def forget_sessions():
    """Remove the sessions that have expired, and the counts of tries whose time is up."""
    call_command("clearsessions")
    limits.forget_old()


def count_words():
    """Count how common words are, where anything has changed in the last hour."""
    if fulltext.count_words_if_due(timezone.now()):
        similar.count_terms()


def post_waiting():
    """Write the words of some issues that came many at once, for the comparison of issues."""
    similar.post_waiting(on_progress=lambda count: heartbeat.beat(), parts=PARTS)


# Each job with the seconds between two of its runs.
JOBS = (
    (finish_undos, SHORTEST_WAIT),
    (finish_bulk_changes, SHORTEST_WAIT),
    (purge_trash, 60),
    (services.sweep_files, 3600),
    (forget_sessions, 3600),
    (forget_answers, 3600),
    (count_words, 600),
    (post_waiting, SHORTEST_WAIT),
    (letters.send_due, SHORTEST_WAIT),
)


class Command(BaseCommand):
    """Does the jobs in turn until it is told to stop; while the database is away it waits, ever longer."""

    help = "Do the work that no request waits for, such as purging the trash, until a signal."

    def add_arguments(self, parser):
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="Do every job once, and end.")

    def handle(self, *, once, **options):
        """Work until SIGTERM or SIGINT; with `once`, do every job once and let its errors out."""
        if once:
            for job, _interval in JOBS:
                job()
            return
        # At once: an exception could be lost on its way out of a transaction whose server does not answer. What was
        # not committed is taken back, and every job begins again where it was.
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
        # PostgreSQL's own waiting would not hear the signal.
        set_wait_callback(wait_select)
        wait_for_migrations()
        log.info("The worker is ready.")
        work(Jobs())


def wait_for_migrations():
    """Return once the database has all migrations of this version: half of them could mislead a job."""
    wait = SHORTEST_WAIT
    while not _migrated():
        log.info("Waiting for the database and its migrations, looking again in %s s.", wait)
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def _migrated():
    try:
        migrated = is_migrated()
    except (DatabaseError, InterfaceError) as error:
        log.info("The database does not answer: %s", in_a_line(error))
        connections.close_all()
        return False
    heartbeat.beat()
    return migrated


class Jobs:
    """The jobs, and when each of them is due."""

    def __init__(self):
        self.due = dict.fromkeys((job for job, _interval in JOBS), 0.0)

    def run(self):
        """Do the jobs that are due, the longest first. A job that fails is due again as it would be after a success."""
        for job, interval in sorted(JOBS, key=lambda one: self.due[one[0]]):
            if time.monotonic() >= self.due[job]:
                self.due[job] = time.monotonic() + interval
                job()
                # Only now: a worker whose jobs all fail is not at work.
                heartbeat.beat()


def work(jobs):
    """Do the jobs for ever. An error is written down, and makes the next wait longer."""
    wait = SHORTEST_WAIT
    while True:
        try:
            jobs.run()
            wait = SHORTEST_WAIT
        except (DatabaseError, InterfaceError) as error:
            wait = min(2 * wait, LONGEST_WAIT)
            log.warning("The database cannot be used, trying again in %s s: %s", wait, in_a_line(error))
            connections.close_all()
        except Exception:
            wait = min(2 * wait, LONGEST_WAIT)
            log.exception("A job failed; going on in %s s.", wait)
        time.sleep(wait)
