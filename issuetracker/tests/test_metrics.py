"""What /metrics tells, and to whom."""

import re
import time
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from accounts.models import Letter
from issues import services
from issuetracker import environment, heartbeat, metrics
from issuetracker.counts import AREAS, BOUNDS, ROWS, RUNNING, Counts, counts

TOKEN = "only-for-tests-0123456789"
LINE = re.compile(r'issuetracker_[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? (\+Inf|[0-9.e+-]+)')
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def ask(client, token=TOKEN, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get("/metrics", headers=headers, **more)


def figures(client):
    """Return `{name with labels: value}`, having looked at every line."""
    response = ask(client)
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for line in response.text.splitlines():
        if not line.startswith("# "):
            assert LINE.fullmatch(line), line
            name, _blank, value = line.rpartition(" ")
            assert name not in found
            found[name.removeprefix("issuetracker_")] = float(value)
    return found


def test_requests_are_counted_by_route_method_and_class_of_status(client, product):
    labels = '{route="products",method="GET",status="2xx"}'
    before = figures(client).get(f"http_requests_total{labels}", 0)
    for _time in range(3):
        assert client.get("/products/").status_code == 200
    client.get("/nothing/here/")
    client.generic("BREW", "/products/")
    after = figures(client)
    assert after[f"http_requests_total{labels}"] == before + 3
    assert after[f"http_request_duration_seconds_count{labels}"] == before + 3
    assert after['http_requests_total{route="-",method="GET",status="4xx"}'] >= 1
    assert any('method="OTHER"' in name for name in after)
    assert after["http_requests_running"] == 1


def test_durations_add_up(client):
    client.get("/livez")
    found = figures(client)
    labels = 'route="livez",method="GET",status="2xx"'
    buckets = [value for name, value in found.items() if f"_bucket{{{labels}" in name]
    assert len(buckets) == len(BOUNDS) + 1
    assert buckets == sorted(buckets)
    assert buckets[-1] == found[f"http_request_duration_seconds_count{{{labels}}}"]
    assert 0 < found[f"http_request_duration_seconds_sum{{{labels}}}"] < 10 * buckets[-1]


def test_what_waits_for_the_worker_and_when_it_was_seen(client, triager, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    assert figures(client)["worker_heartbeat_age_seconds"] == float("inf")
    Letter.objects.create(kind=Letter.Kind.RESET, to="a@example.org")
    Letter.objects.create(kind=Letter.Kind.RESET, to="b@example.org", attempts=2)
    heartbeat.beat()
    found = figures(client)
    assert found["worker_heartbeat_age_seconds"] < 5
    assert (found['jobs_waiting{kind="letter"}'], found['jobs_failing{kind="letter"}']) == (2, 1)
    assert (found['jobs_waiting{kind="undo"}'], found['jobs_waiting{kind="bulk"}']) == (0, 0)
    assert found["database_up"] == 1


def test_connections_are_counted_where_there_is_a_server(client):
    found = figures(client)
    assert ("database_connections" in found) == (connection.vendor == "postgresql")
    assert 1 <= found.get("database_connections", 1) <= found.get("database_connections_limit", 100)


def test_with_the_database_away_the_rest_is_told(client, monkeypatch):
    def away():
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(metrics.services, "running", away)
    before = figures(client)
    assert before["database_up"] == 0 and "worker_heartbeat_age_seconds" in before
    client.raise_request_exception = False
    monkeypatch.setattr("issuetracker.status.database.begin_request", away)
    client.get("/livez")
    monkeypatch.undo()
    assert figures_after(client)["database_unavailable_total"] == before["database_unavailable_total"] + 1


def figures_after(client):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.METRICS_TOKEN", TOKEN)
        return figures(client)


def test_no_figure_names_a_product_an_issue_or_a_person(client, product, triager):
    services.create_issue(product, actor=triager, via="web", title="Canary in the title")
    client.force_login(triager)
    for path in ("/issues/WEB-1", "/products/WEB/", "/api/v1/users/tom/", "/search/?q=canary", "/WEB/canary"):
        client.get(path)
    text = ask(client).text
    assert not re.search(r"WEB|\btom\b|canary", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("allowed", "meta", "status"),
    [
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.1.2.3"}, 200),
        ("10.0.0.0/8", {"REMOTE_ADDR": "::ffff:10.1.2.3"}, 200),
        ("::1,10.0.0.1", {"REMOTE_ADDR": "::1"}, 200),
        ("10.0.0.0/8", {"REMOTE_ADDR": "11.1.2.3"}, 404),
        ("10.0.0.0/8", {"REMOTE_ADDR": ""}, 404),
        # By way of a proxy that stands there, the whole world asks.
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": "10.1.2.3"}, 404),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_PROTO": "https"}, 404),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.1.2.3", "HTTP_FORWARDED": "for=10.1.2.3"}, 404),
        # What is claimed is no address of a peer.
        ("10.0.0.0/8", {"REMOTE_ADDR": "11.1.2.3", "HTTP_X_FORWARDED_FOR": "10.1.2.3"}, 404),
        ("", {"REMOTE_ADDR": "127.0.0.1"}, 404),
    ],
)
def test_addresses(client, settings, monkeypatch, allowed, meta, status):
    monkeypatch.setenv("METRICS_ALLOW", allowed)
    settings.METRICS_ALLOW = environment.read_networks(environment.Environment(), "METRICS_ALLOW")
    assert ask(client, token="", **meta).status_code == status


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], f"{TOKEN}x", "é"])
def test_without_the_token_there_is_no_such_page(client, administrator, token):
    client.force_login(administrator)
    response = ask(client, token=token)
    assert response.status_code == 404
    assert "issuetracker_" not in response.text


def test_no_token_is_no_way_in(client, settings):
    settings.METRICS_TOKEN = ""
    assert ask(client, token="").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    ("name", "read", "value"),
    [
        ("METRICS_TOKEN", environment.read_token, "short"),
        ("METRICS_ALLOW", environment.read_networks, "10.0.0.1/8"),
        ("METRICS_ALLOW", environment.read_networks, "everybody"),
    ],
)
def test_what_cannot_be_meant_is_refused(monkeypatch, name, read, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        read(environment.Environment(), name)


def test_who_follows_a_process_goes_on_with_its_counts():
    kept = Counts()
    area = kept.lend()
    kept.take(area)
    kept.begin()
    kept.begin()
    kept.end("a GET 2xx", 0.02)
    assert kept.total(RUNNING) == 1
    kept.give_back(area)
    assert kept.lend() == area
    kept.take(area)
    kept.begin()
    kept.end("a GET 2xx", 7)
    assert kept.total(RUNNING) == 0
    assert kept.requests() == {"a GET 2xx": [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7.02]}


def test_areas_and_rows_have_an_end():
    kept = Counts()
    lent = [kept.lend() for _process in range(AREAS + 3)]
    assert len(set(lent)) == AREAS - 1
    for number in range(ROWS + 10):
        kept.begin()
        kept.end(f"{number} GET 2xx", 0)
    assert len(kept.requests()) == ROWS


def test_threads_lose_no_count():
    kept = Counts()

    def work():
        for _time in range(2000):
            kept.begin()
            kept.end("a GET 2xx", 0.001)

    threads = [Thread(target=work) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.requests()["a GET 2xx"][0] == 8000
    assert kept.total(RUNNING) == 0


def test_counting_a_request_takes_under_50_microseconds(rf, client):
    response = client.get("/livez")
    request = response.wsgi_request
    request.resolver_match = response.resolver_match

    def took():
        begun = time.thread_time()
        for _time in range(1000):
            counts.begin()
            counts.end(metrics.name_of(request, response), 0.003)
        return (time.thread_time() - begun) / 1000

    # What else the machine does makes it slower, and never quicker.
    assert min(took() for _attempt in range(5)) < 50e-6


def test_counting_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/livez")
