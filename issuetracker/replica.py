"""Reading from a replica of the database, where DATABASE_REPLICA_URL names one: docs/scaling.md.

A request that only reads is answered by the replica if that has replayed everything the primary had confirmed when the
request came: so whoever has just written sees it, and what was taken from somebody is gone at the next request, tokens
and sessions too. In every other case the primary answers: a lag costs speed, never truth.

For such a request the replica takes the place of the database in its thread. A database router would be asked by
querysets alone, and most of what is read here is prepared, or SQL of ours.
"""

import logging
import threading
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS, DatabaseError, Error, connections

from issuetracker import database
from issuetracker.left_alone import LeftAlone

REPLICA = "replica"
# Whatever else there is signs in, administers or watches over the tracker, and so has to do with the primary itself.
READ_THERE = ("/issues/", "/products/", "/views/", "/triage/", "/inbox/", "/palette/", "/attachments/", "/api/v1/")
READING = ("GET", "HEAD")
# Seconds to wait for the replica: whether it has come so far, and for what is read from it.
TO_BEGIN, TO_READ = 0.5, database.SILENCE_LIMIT
# All that is confirmed is on the primary's disk, and nothing else has been sent to the replica.
CONFIRMED = "SELECT pg_current_wal_flush_lsn()"
REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"
READ_ONLY = "25006"

logger = logging.getLogger(__name__)
_thread = threading.local()
_away = LeftAlone("The replica", logger)


class ReadFromReplica:
    """Answers what only reads from the replica; where that fails, anew from the primary."""

    def __init__(self, get_response):
        if REPLICA not in settings.DATABASES:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        if not may_read_there(request) or not is_current():
            return self.get_response(request)
        with reading_there() as faults:
            response = self.get_response(request)
        if not faults:
            return response
        if any(map(_is_lost, faults)):
            _leave_alone(faults[0])
        response.close()
        # Another one, since what was found out for the first came from the replica.
        return self.get_response(type(request)(request.environ))


def may_read_there(request):
    """Return whether `request` only reads, and nothing that has to be the primary's."""
    path = request.path_info
    return request.method in READING and (path == "/" or path.startswith(READ_THERE))


def is_current():
    """Return whether the replica has all that the primary has confirmed by now."""
    if _away.lasts():
        return False
    confirmed = _told(DEFAULT_DB_ALIAS, CONFIRMED)
    try:
        with database.waiting_for_replica(TO_BEGIN):
            return bool(_told(REPLICA, REPLAYED, confirmed))
    except Error as error:
        _leave_alone(error)
        return False


def _told(alias, sql, *params):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def _leave_alone(error):
    _away.begin(error)
    with suppress(Error):
        connections[REPLICA].close()


@contextmanager
def reading_there():
    """Put the replica in the place of the database within; give a list, to which is added what it cannot do."""
    faults: list = []
    replica = connections[REPLICA]

    def noting(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except DatabaseError as error:
            if _is_of_replica(error):
                faults.append(error)
            raise

    _thread.primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = replica
    try:
        with replica.execute_wrapper(noting), database.waiting_for_replica(TO_READ):
            yield faults
    finally:
        connections[DEFAULT_DB_ALIAS] = _thread.primary
        _thread.primary = None


@contextmanager
def primary():
    """Ask the primary within, wherever this request is read from: for what has to be noted even then."""
    found = getattr(_thread, "primary", None)
    if found is None:
        yield
        return
    replica = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = found
    try:
        with database.waiting_for_replica(None):
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = replica


def _is_of_replica(error):
    """Return whether the primary may well do what led to `error`: not where it took too long."""
    code = database.code_of(error)
    return code not in database.TOO_SLOW and (code == READ_ONLY or database.is_away(error))


def _is_lost(error):
    """Return whether `error` says that the replica is of no use for now, rather than for one statement."""
    return database.code_of(error) not in (READ_ONLY, *database.CONTENDED)
