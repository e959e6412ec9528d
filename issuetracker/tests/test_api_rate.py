"""API_RATE: how much may be asked in a minute, what the answers say of it, and who is counted with whom."""

import re
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client

from accounts.models import Tally
from issues.models import Issue
from issuetracker import environment
from issuetracker.tests.test_api_schema import operations
from issuetracker.tests.test_environment import env

PRODUCTS = "/api/v1/products/"
# Structured fields (RFC 9651), as draft-ietf-httpapi-ratelimit-headers has them.
LEFT = re.compile(r'"api";r=(\d+);t=(\d+)')
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def rate(settings):
    """A function that sets how many requests a minute there may be."""

    def set_rate(most):
        settings.API_RATE = most

    return set_rate


def left(answer):
    return int(LEFT.fullmatch(answer["RateLimit"])[1])


def test_after_so_many_requests_one_has_to_wait(rate, api, reporter):
    rate(3)
    client = api(reporter)
    answers = [client.get(PRODUCTS) for _turn in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert [left(answer) for answer in answers] == [2, 1, 0, 0, 0]
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"api";q=3;w=60'}
    refused = answers[-1]
    assert (refused["Content-Type"], refused.json()["code"]) == ("application/problem+json", "throttled")
    assert refused.json()["status"] == 429
    seconds = int(LEFT.fullmatch(refused["RateLimit"])[2])
    assert 1 <= int(refused["Retry-After"]) == seconds <= 60
    Tally.objects.update(ends_at=0)
    assert client.get(PRODUCTS).status_code == 200


def test_what_is_refused_for_another_reason_says_what_is_left_too(rate, api, reporter):
    rate(10)
    client = api(reporter)
    statuses = [
        client.get(path).status_code for path in ("/api/v1/products/NONE/", f"{PRODUCTS}?nonsense=1", "/api/v1/")
    ]
    assert statuses == [404, 400, 200]
    answer = client.post("/api/v1/products/WEB/issues/", {"title": ""})
    assert (answer.status_code, left(answer)) == (400, 6)


def test_each_token_each_person_and_each_address_is_counted_by_itself(rate, api, reporter, triager):
    rate(1)
    session, other = Client(), Client()
    session.force_login(reporter)
    other.force_login(reporter)
    clients = [api(reporter), api(reporter), api(triager), session, Client(REMOTE_ADDR=HERE), Client(REMOTE_ADDR=THERE)]
    assert [client.get(PRODUCTS).status_code for client in clients] == [200] * 6
    assert [client.get(PRODUCTS).status_code for client in clients] == [429] * 6
    assert other.get(PRODUCTS).status_code == 429


def test_a_refused_request_does_nothing(rate, api, reporter):
    rate(1)
    client = api(reporter)
    path = "/api/v1/products/WEB/issues/"
    statuses = [client.post(path, {"title": "x"}).status_code for _turn in range(2)]
    assert statuses == [201, 429]
    assert Issue.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        (PRODUCTS, 1),
        ("/api/v1/issues/?q=cart", 1),
        ("/api/v1/issues/export/?format=csv", 10),
        ("/api/v1/similar/?title=cart&product=WEB", 5),
    ],
)
def test_what_costs_more_counts_as_more(rate, api, reporter, path, cost):
    rate(100)
    answer = api(reporter).get(path)
    assert (answer.status_code, left(answer)) == (200, 100 - cost)


def test_however_few_there_may_be_the_costly_is_possible(rate, api, reporter):
    rate(2)
    answer = api(reporter).get("/api/v1/issues/export/?format=csv")
    assert (answer.status_code, left(answer)) == (200, 0)


def test_without_a_rate_nothing_is_asked_and_nothing_said(rate, api, reporter, django_assert_num_queries):
    client = api(reporter)
    client.get(PRODUCTS)
    with django_assert_num_queries(2):
        answer = client.get(PRODUCTS)
    assert not [name for name in answer.headers if name.lower().startswith("ratelimit")]
    assert not Tally.objects.exists()
    rate(1000)
    with django_assert_num_queries(3):
        client.get(PRODUCTS)


def test_pages_and_the_docs_are_not_counted(rate, product):
    rate(1)
    client = Client()
    for path in ("/docs", "/docs", "/openapi.json", "/issues/", "/status/"):
        assert client.get(path).status_code == 200
    assert not Tally.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_all_are_counted(rate, api, reporter):
    rate(8)
    clients, statuses = [api(reporter)] * 12, []

    def ask(client):
        statuses.append(client.get(PRODUCTS).status_code)
        connections.close_all()

    threads = [Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 8 + [429] * 4


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "1000001"])
def test_a_rate_that_is_none_stops_the_start(monkeypatch, value):
    with pytest.raises(ImproperlyConfigured, match="API_RATE must be a whole number from 0"):
        environment.read_count(env(monkeypatch, API_RATE=value), "API_RATE", 0, most=1_000_000, least=0)


def test_the_schema_tells_of_429():
    schema = Client().get("/openapi.json").json()
    assert all("429" in operation["responses"] for _path, _method, operation in operations(schema))
