"""How often something may be tried, counted in the database, which all processes share, or in their Redis.

A name is counted together with the address that tries it, so that a stranger elsewhere locks nobody out; a browser that
the person has signed in with before is counted by itself, so that a stranger next door does not, either. A name that
is tried from everywhere is never locked: each address that is new to it has fewer tries then. Codes of the second step
are: whoever tries them knows the password and may have any number of addresses. Redis is optional and may be away or
forget, at the price of some tries more: then these are rows. What may happen once only is a row always.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.models import Tally, User
from accounts.signin import place
from issuetracker.replica import primary

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Limit:
    """At most `most` tries in `seconds`, which begin with the first."""

    purpose: str
    most: int
    seconds: int


AT_ADDRESS = Limit("address", 60, 15 * MINUTE)
NAME_AT_ADDRESS = Limit("name at address", 10, 15 * MINUTE)
NAME_ON_DEVICE = Limit("name on device", 20, 15 * MINUTE)
NAME = Limit("name", 50, HOUR)
# What an address has left while a name is being tried from everywhere.
WHILE_ATTACKED = 2
CODE_AT_ADDRESS = Limit("code at address", 10, 15 * MINUTE)
CODE_ON_DEVICE = Limit("code on device", 20, 15 * MINUTE)
CODE = Limit("codes", 50, HOUR)
# What is guessed at: in a browser that is known, at one address, and from everywhere.
NAMES = (NAME_ON_DEVICE, NAME_AT_ADDRESS, NAME)
CODES = (CODE_ON_DEVICE, CODE_AT_ADDRESS, CODE)
LETTERS_AT_ADDRESS = Limit("letters at address", 20, HOUR)
LETTERS_TO = Limit("letters to", 3, HOUR)
LETTERS_OF_INVITER = Limit("letters of inviter", 50, HOUR)
ACCOUNTS_AT_ADDRESS = Limit("accounts at address", 20, HOUR)


def key_of(purpose, *parts):
    """Return the key of a tally, from which nobody reads who or where."""
    return salted_hmac("accounts.tally", "\n".join((purpose, *map(str, parts))), algorithm="sha256").hexdigest()


def tally(limit, *parts, by=1):
    """Count `by` tries more, and return `(how many that makes, when they are over)`."""
    key, redis = key_of(limit.purpose, *parts), _redis()
    return (redis and redis.tally(key, limit.seconds, by)) or _tally_row(key, limit.seconds, by)


def _redis():
    """Return the module that counts in Redis, or None where there is none: to load it slows every start."""
    if not settings.CACHE_URL:
        return None
    from issuetracker import shared

    return shared


def _tally_row(key, seconds, by):
    # One statement, so that no two tries are counted as one.
    now = int(time.time())
    table = connection.ops.quote_name(Tally._meta.db_table)
    with primary(), connection.cursor() as cursor:
        # Our own table, quoted; the values go apart.
        cursor.execute(
            f"INSERT INTO {table} (key, count, ends_at) VALUES (%s, %s, %s) ON CONFLICT (key) DO UPDATE SET"  # noqa: S608
            f" count = CASE WHEN {table}.ends_at <= %s THEN excluded.count ELSE {table}.count + excluded.count END,"
            f" ends_at = CASE WHEN {table}.ends_at <= %s THEN excluded.ends_at ELSE {table}.ends_at END"
            " RETURNING count, ends_at",
            [key, by, now + seconds, now, now],
        )
        return cursor.fetchone()


def count(limit, *parts):
    """Count one try more, and return how many that makes."""
    return tally(limit, *parts)[0]


def within(limit, *parts):
    """Count one try more, and return whether it may be made."""
    return count(limit, *parts) <= limit.most


def first_use(purpose, *parts, seconds):
    """Return whether this is the first time in so many seconds."""
    return _tally_row(key_of(purpose, *parts), seconds, 1)[0] == 1


class Attempt:
    """One try to be somebody. It is counted before it is judged, and taken back where it succeeds.

    What is refused at its address is not counted everywhere: one network alone would lock out all who are new to it.
    """

    def __init__(self, request, name, user, limits=NAMES):
        on_device, at_address, everywhere = limits
        address = place.network_of(place.address_of(request))
        device = place.knows(request, user)
        # As accounts are found by it: PostgreSQL compares capitals.
        name = User.normalize_username(name).upper().casefold()
        if device:
            self.counted = {on_device: (device, name)}
        else:
            self.counted = {AT_ADDRESS: (address,), at_address: (address, name), everywhere: (name,)}
        self.allowed = self._count()

    def _count(self):
        """Count in order, no further than to what is over, and return whether nothing is."""
        counts = {}
        for limit, parts in self.counted.items():
            counts[limit] = count(limit, *parts)
            if counts[limit] > limit.most:
                # A name is not locked, whoever tries it.
                return limit is NAME and counts[NAME_AT_ADDRESS] <= WHILE_ATTACKED
        return True

    def succeeded(self):
        """Take back what was allowed, and so was counted everywhere: who comes in has not failed."""
        for limit, parts in self.counted.items():
            key, whole = key_of(limit.purpose, *parts), limit not in (AT_ADDRESS, NAME, CODE)
            if redis := _redis():
                redis.take_back(key, whole=whole)
            tally = Tally.objects.filter(key=key, count__gt=0)
            if whole:
                tally.delete()
            else:
                tally.update(count=F("count") - 1)


def forget_old():
    """Remove the tallies whose time is up."""
    Tally.objects.filter(ends_at__lte=int(time.time())).delete()
