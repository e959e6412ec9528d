"""What hosts remember together in a Redis: limits and counts; and that nothing fails while it is away."""

import pickle
import time

import pytest
from django.core.cache import caches
from django.test import Client

from accounts.models import Tally
from accounts.signin import limits
from accounts.tests.test_limits import HERE, at, fail
from accounts.tests.test_sign_in_page import enter
from issues.finding import counting
from issues.models import SavedView
from issues.services import create_issue
from issuetracker import environment, shared
from tests.redis_server import PROGRAM, RedisServer

pytestmark = [
    pytest.mark.skipif(not PROGRAM, reason="shared caches: no redis-server on this machine"),
    pytest.mark.django_db,
]
TRIES = limits.Limit("tries", 3, 60)


@pytest.fixture(scope="module")
def server():
    """A running Redis."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(server, settings):
    """That Redis, empty, which the tracker asks."""
    settings.CACHE_URL = server.url
    settings.CACHES = environment.caches(server.url)
    shared._redis.cache_clear()
    shared._away.until = 0.0
    shared._redis().flushall()
    yield server
    shared._redis().close()
    shared._redis.cache_clear()
    shared._away.until = 0.0


@pytest.fixture(params=["stopped", "hanging", "full"])
def away(redis, request):
    """A Redis that does not do what it is asked, each in its way."""
    if request.param == "full":
        shared._redis().config_set("maxmemory", "1")
        yield redis
        shared._redis().config_set("maxmemory", "0")
        return
    redis.stop() if request.param == "stopped" else redis.freeze()
    yield redis
    redis.start() if request.param == "stopped" else redis.thaw()


def test_tries_are_counted_for_all_hosts_and_ask_nothing_of_the_database(redis, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert [limits.within(TRIES, "sam") for _try in range(5)] == [True] * 3 + [False] * 2
        assert limits.within(TRIES, "rosa")
    counted, ends_at = limits.tally(TRIES, "sam", by=10)
    assert counted == 15
    assert 58 <= ends_at - time.time() <= 61
    assert not Tally.objects.exists()


def test_what_is_counted_is_over_in_time(redis):
    brief = limits.Limit("brief", 1, 1)
    assert [limits.within(brief, "sam") for _try in range(2)] == [True, False]
    time.sleep(1.2)
    assert limits.within(brief, "sam")


def test_signing_in_is_limited_as_it_is_without(redis, stranger):
    assert fail(at(HERE), "sam", 11)[-1] == 429
    assert not Tally.objects.exists()
    assert {key.decode()[:6] for key in shared._redis().scan_iter()} == {shared.TALLY}


def test_who_comes_in_is_not_counted(redis, stranger):
    for _number in range(65):
        assert enter(at(HERE), "sam").status_code == 302


def test_what_may_happen_once_is_a_row(redis):
    assert [limits.first_use("code", 1, "123456", seconds=90) for _try in range(2)] == [True, False]
    assert Tally.objects.count() == 1


def test_counts_of_views_are_remembered_for_all_hosts(redis, product, reporter):
    create_issue(product, actor=reporter, via="web", title="Cart empties", type="bug")
    view = SavedView.objects.create(name="Open", query="is:open", owner=reporter)
    assert counting.counts([view], reporter)[view.pk] == 1
    create_issue(product, actor=reporter, via="web", title="Cart fills", type="bug")
    assert counting.counts([view], reporter)[view.pk] == 1
    caches["shared"].clear()
    assert counting.counts([view], reporter)[view.pk] == 2


def test_what_is_remembered_is_read_as_json_alone(redis):
    cache = caches["shared"]
    cache.set("a", {"b": [1, "é", None]})
    assert cache.get("a") == {"b": [1, "é", None]}
    shared._redis().set(cache.make_key("a"), pickle.dumps(1))
    with pytest.raises(ValueError, match="codec"):
        cache.get("a")


def test_away_it_is_asked_once_and_the_database_counts(away, api, reporter, settings):
    settings.API_RATE = 3
    client = api(reporter)
    begun = time.monotonic()
    statuses = [client.get("/api/v1/products/").status_code for _turn in range(5)]
    assert statuses == [200] * 3 + [429] * 2
    assert time.monotonic() - begun < 3
    assert Tally.objects.count() == 1


def test_away_nothing_is_remembered_and_nothing_fails(away, product, reporter):
    view = SavedView.objects.create(name="Open", query="is:open", owner=reporter)
    assert counting.counts([view], reporter)[view.pk] == 0
    client = Client()
    client.force_login(reporter)
    assert client.get("/views/").status_code == 200
    cache = caches["shared"]
    for call in (cache.get("a"), cache.set("a", 1), cache.get_many(["a"]), cache.set_many({}), cache.delete("a")):
        assert not call
    assert cache.add("a", 1)


def test_it_is_used_again(redis):
    redis.stop()
    assert limits.count(TRIES, "sam") == 1
    redis.start()
    assert limits.count(TRIES, "sam") == 2, "the database counts as long as it is left alone"
    shared._away.until = 0.0
    assert limits.count(TRIES, "sam") == 1
    assert Tally.objects.get().count == 2
