"""What a web process does so that a database that is away, full or hanging never holds a request for long.

Commands do none of this: an import may take its time, and COPY cannot be used under a wait callback.
"""

import errno
import logging
import select
import threading
import time
from contextlib import contextmanager

import psycopg2
from django.conf import settings
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connections, transaction
from django.db.backends.signals import connection_created
from django.utils.translation import gettext as _
from psycopg2 import extensions

from issuetracker.logs import in_a_line

logger = logging.getLogger(__name__)

SILENCE = "the database server does not answer"
SILENCE_LIMIT = 3.5
# Where a server has been silent; whoever asks may have queued for as long as the limit above.
DOUBTED_LIMIT = 0.5
STATEMENT_LIMIT = 3
LOCK_LIMIT = "2500ms"

TOO_SLOW = ("57014", "SQLITE_INTERRUPT")
DISK_FULL = "53100"
CONTENDED = ("55P03", "40P01", "40001")
# How many steps SQLite takes before it looks at the clock: less than a millisecond.
STEPS_BETWEEN = 10_000
SQLITE_FULL = "disk is full"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
SQLITE_AWAY = ("locked", "unable to open", "disk i/o", "readonly", "full", "interrupted")

_request = threading.local()
_doubted = threading.Event()
_asking = threading.Lock()


def guard_web_process():
    """Bound every statement of this process, and every wait for PostgreSQL: connecting, locks, and silence."""
    if not connections.settings["default"]["ENGINE"].endswith("postgresql"):
        connection_created.connect(bound_statements)
        return
    limits = f"-c statement_timeout={STATEMENT_LIMIT}s -c lock_timeout={LOCK_LIMIT}"
    for of_one in connections.settings.values():
        options = of_one["OPTIONS"]
        options["options"] = f"{options.get('options', '')} {limits}".strip()
    extensions.set_wait_callback(wait_for_answer)


def bound_statements(connection, **of_signal):
    """Stop each statement of a new `connection` to SQLite, its rows included, when it has taken too long."""
    _look_at_clock(connection)
    if _time_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_time_statement)


def _time_statement(execute, *statement):
    _request.statement_ends = time.monotonic() + (getattr(_request, "allowed", None) or STATEMENT_LIMIT)
    return execute(*statement)


@contextmanager
def allowing(seconds):
    """Let each statement to SQLite take so many seconds within."""
    _request.allowed = seconds
    try:
        yield
    finally:
        _request.allowed = None


def _look_at_clock(connection):
    connection.connection.set_progress_handler(_is_late, STEPS_BETWEEN)


def _is_late():
    ends = (getattr(_request, name, None) for name in ("statement_ends", "bound_ends"))
    return any(end is not None and time.monotonic() > end for end in ends)


def wait_for_answer(connection):
    """Wait until `connection` has its answer. Raises OperationalError after a silence that is too long.

    One silence spends the patience of the whole request: what it asks next fails at once. Until the server is heard
    again one request at a time waits for it, and the others fail at once: those who queue for a thread would else wait
    for all who wait before them.
    """
    limit = getattr(_request, "replica_limit", None)
    if limit is not None:
        # Its silence says nothing of the primary, which is asked then.
        if not _answers(connection, limit):
            raise psycopg2.OperationalError(SILENCE)
        return
    doubted = _doubted.is_set()
    if getattr(_request, "silent", False) or (doubted and not _asking.acquire(blocking=False)):
        raise psycopg2.OperationalError(SILENCE)
    try:
        _wait(connection, DOUBTED_LIMIT if doubted else SILENCE_LIMIT)
    finally:
        if doubted:
            _asking.release()


def _wait(connection, seconds):
    if not _answers(connection, seconds):
        _request.silent = True
        _doubted.set()
        raise psycopg2.OperationalError(SILENCE)
    if _doubted.is_set():
        _doubted.clear()


def _answers(connection, seconds):
    deadline = time.monotonic() + seconds
    while (state := connection.poll()) != extensions.POLL_OK:
        left = deadline - time.monotonic()
        if left <= 0 or not _ready(connection, state, left):
            return False
    return True


@contextmanager
def waiting_for_replica(seconds):
    """Wait for so long at most, within, for each answer; None: for the primary, as always."""
    before = getattr(_request, "replica_limit", None)
    _request.replica_limit = seconds
    try:
        yield
    finally:
        _request.replica_limit = before


def _ready(connection, state, seconds):
    events = select.POLLOUT if state == extensions.POLL_WRITE else select.POLLIN
    return _poll(connection, events, seconds)


def _poll(connection, events, seconds):
    poll = select.poll()
    poll.register(connection.fileno(), events)
    return poll.poll(seconds * 1000)


def begin_request():
    """Forget the silence of the request before, and drop a kept connection that the server has closed since."""
    _request.silent = False
    for wrapper in connections.all(initialized_only=True):
        if wrapper.vendor == "postgresql" and wrapper.connection is not None and _has_news(wrapper.connection):
            wrapper.close()


def _has_news(connection):
    # A server has nothing to say on an idle connection but that it ends: this costs no round trip.
    return connection.closed or _poll(connection, select.POLLIN, 0)


def is_away(error):
    """Return whether `error` says that the database cannot be used now, rather than that the code is wrong."""
    if isinstance(error, InterfaceError) or type(error) is DatabaseError:
        return True
    if not isinstance(error, OperationalError):
        return False
    if connections["default"].vendor == "sqlite":
        return any(words in str(error).lower() for words in SQLITE_AWAY)
    return True


@contextmanager
def ending_when_away():
    """End the block, rather than fail, where the database `is_away`: for what is written down, and goes on elsewhere.

    It may be full, slow or contended as well: who was told that it failed would send again what the worker does later.
    Within a transaction it fails, which takes back what was written down.
    """
    try:
        yield
    except Error as error:
        if connections["default"].in_atomic_block or not is_away(error):
            raise
        logger.warning("The worker goes on with what was begun: %s", in_a_line(error))


def is_full(error):
    """Return whether `error` says that there is no room left on a disk: the database's, or that of the files."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    return isinstance(error, DatabaseError) and (code_of(error) == DISK_FULL or SQLITE_FULL in str(error).lower())


def may_be_done(error):
    """Return whether what failed by `error` may have been committed: it was asked for, and no answer came."""
    return is_away(error) and not is_full(error) and code_of(error) is None


def code_of(error):
    """Return PostgreSQL's code for `error`, or SQLite's name of it, or None."""
    return getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlite_errorname", None)


class Shortened(logging.Filter):
    """Lets log records pass; those of a database that is away as a line: a thousand tracebacks say no more than it.

    Those of a request that was refused come as a line with the reason, too: that is no mistake of ours.
    """

    def filter(self, record):
        """Return True, having taken the traceback away where it says nothing more."""
        error = record.exc_info[1] if record.exc_info else None
        refused = isinstance(error, (PermissionDenied, BadRequest, SuspiciousOperation))
        if error is not None and (refused or is_full(error) or is_away(error)):
            said, line = in_a_line(error), in_a_line(record.getMessage())
            if said not in line:
                record.msg, record.args = "%s (%s)", (record.getMessage(), said)
            record.exc_info = record.exc_text = None
        return True


def reason(error, *, writing):
    """Return what to tell of `error`, which `is_away` or `is_full`: a code for programs, and words for people.

    There is never an address or a name in either. `writing`: the request was one that changes something. Some of that
    may be done where it takes several transactions, so neither says that nothing was.
    """
    if is_full(error):
        return "full", _("The disk of the server is full.")
    code = code_of(error)
    if code in TOO_SLOW:
        return "too_slow", _("This took too long and was stopped. Ask for less at once.")
    if code in CONTENDED:
        return "contended", _("Others are changing the same thing. Try again.")
    if writing and may_be_done(error):
        # A commit whose answer is lost may have been made.
        return "away", _("The database cannot be reached. This may have been done or not: look before trying again.")
    return "away", _("The database cannot be reached.")


def refuse_unsafe(connection):
    """Raise ImproperlyConfigured unless `connection` keeps, through a power loss, whatever it has confirmed.

    With UNSAFE_DATABASE only a warning is written down.
    """
    unsafe = unsafe_settings(connection)
    if not unsafe:
        return
    told = f"The database could lose confirmed changes: {'; '.join(unsafe)}."
    if not settings.UNSAFE_DATABASE:
        raise ImproperlyConfigured(f"{told} UNSAFE_DATABASE=on serves it all the same.")
    logger.warning(told)


def unsafe_settings(connection):
    """Return what is wrong with how `connection` keeps what it has confirmed, a sentence each."""
    return [
        f"{name} is {value}, and must be {needed}" for name, value, needed in _durability(connection) if value != needed
    ]


def _durability(connection):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, needed in (("synchronous", 2), ("journal_mode", "wal")):
                cursor.execute(f"PRAGMA {name}")
                yield name, cursor.fetchone()[0], needed
            return
        for name in ("fsync", "full_page_writes"):
            cursor.execute(f"SHOW {name}")
            yield name, cursor.fetchone()[0], "on"
        cursor.execute("SHOW synchronous_commit")
        # The other values wait for this server's disk at least.
        value = cursor.fetchone()[0]
        yield "synchronous_commit", "on" if value != "off" else value, "on"


@contextmanager
def bounded(seconds):
    """Stop what is asked of the database within after so many seconds, by an OperationalError."""
    connection = connections["default"]
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{max(int(seconds * 1000), 1)}ms"])
            yield
        return
    connection.ensure_connection()
    _look_at_clock(connection)
    _request.bound_ends = time.monotonic() + seconds
    try:
        yield
    finally:
        _request.bound_ends = None
