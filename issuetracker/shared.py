"""What all hosts remember together in the Redis of CACHE_URL. Nothing there is needed: it may be away, or forget.

Where it does not answer, nobody asks it for some seconds, so that no request waits for it twice.
"""

import json
import logging
import time
from functools import cache

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from issuetracker.left_alone import LeftAlone

PATIENCE = 0.25
TALLY = "tally:"
# Without a time to live it is new, or has been taken back to nothing.
COUNT = """
local counted = redis.call("INCRBY", KEYS[1], ARGV[1])
if redis.call("TTL", KEYS[1]) < 0 then redis.call("EXPIRE", KEYS[1], ARGV[2]) end
return {counted, redis.call("TTL", KEYS[1])}
"""
# What has expired since is not made anew.
TAKE_BACK = 'if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("DECR", KEYS[1]) end'

_away = LeftAlone("Redis", logging.getLogger(__name__))


def connecting():
    """Return how Redis is asked: briefly, and once."""
    return {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }


def ask(work, otherwise=None):
    """Return `work()`, which asks Redis; `otherwise` where that does not answer, or cannot do it."""
    if _away.lasts():
        return otherwise
    try:
        return work()
    except RedisError as error:
        _away.begin(error)
        return otherwise


class Plain:
    """Writes values as JSON: pickled ones would let whoever reaches Redis run programs on every host."""

    def dumps(self, value):
        """Return the text of `value`."""
        return json.dumps(value)

    def loads(self, text):
        """Return the value of a text."""
        return json.loads(text)


class SharedCache(RedisCache):
    """Django's cache in Redis, that holds nothing while Redis is away."""

    def __init__(self, server, params):
        options = {**params.pop("OPTIONS", {}), "serializer": Plain, **connecting()}
        super().__init__(server, {**params, "OPTIONS": options})

    def get(self, key, default=None, version=None):
        """Return the value, or `default`."""
        get = super().get
        return ask(lambda: get(key, default, version), default)

    def get_many(self, keys, version=None):
        """Return `{key: value}` of those that are there."""
        get_many = super().get_many
        return ask(lambda: get_many(keys, version), {})

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        """Keep the value."""
        put = super().set
        ask(lambda: put(key, value, timeout, version))

    def set_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        """Keep the values; return the keys of those that were not kept."""
        set_many = super().set_many
        return ask(lambda: set_many(data, timeout, version), list(data))

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        """Keep the value unless there is one; return whether there was none."""
        add = super().add
        return ask(lambda: add(key, value, timeout, version), True)

    def delete(self, key, version=None):
        """Forget the value; return whether there was one."""
        delete = super().delete
        return ask(lambda: delete(key, version), False)


def tally(key, seconds, by):
    """Count `by` more under `key`; return `(how many that makes, when they are over)`, or None without Redis.

    What is counted is over so many seconds after it began. One step, so that no two are counted as one.
    """
    told = ask(lambda: _redis().eval(COUNT, 1, f"{TALLY}{key}", by, seconds))
    return told and (told[0], int(time.time()) + told[1])


def take_back(key, *, whole):
    """Count one less under `key`, or nothing any more if `whole`."""
    name = f"{TALLY}{key}"
    ask(lambda: _redis().delete(name) if whole else _redis().eval(TAKE_BACK, 1, name))


@cache
def _redis():
    return Redis.from_url(settings.CACHE_URL, **connecting())
