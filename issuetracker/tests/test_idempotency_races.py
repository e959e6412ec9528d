"""The same request with the same key from many at the same moment: it is done once, and everybody is told of that."""

import http.client
import json
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections, transaction

from accounts.models import IdempotencyRecord
from accounts.services import create_token, idempotency
from issues.models import Issue
from issuetracker.api import views
from tests.lasting.clients import at_once

CLIENTS = 20
ISSUES = "/api/v1/products/WEB/issues/"
KEY = {"idempotency-key": "race"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask_at_once(live_server, reporter):
    """A function that sends the same POST from CLIENTS clients that begin together, and returns the answers."""
    _token, secret = create_token(reporter, actor=reporter, via="web", name="race", scopes=["write"])
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": "race"}

    def ask():
        def one(_place):
            server = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=60)
            server.request("POST", ISSUES, json.dumps({"title": "once"}), headers)
            answer = server.getresponse()
            told = answer.status, answer.getheader("Idempotent-Replayed"), json.loads(answer.read())
            server.close()
            return told

        return at_once(CLIENTS, one)

    return ask


def test_it_is_done_once_and_all_are_told(ask_at_once):
    answers = ask_at_once()
    assert [status for status, _replayed, _body in answers] == [201] * CLIENTS
    assert sorted(replayed or "" for _status, replayed, _body in answers) == [""] + ["true"] * (CLIENTS - 1)
    assert {body["id"] for _status, _replayed, body in answers} == {Issue.objects.get().pk}


def test_without_the_record_the_race_is_lost(ask_at_once, monkeypatch):
    monkeypatch.setattr(views, "once", lambda view, method: method)
    assert len(ask_at_once()) == Issue.objects.count() == CLIENTS


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite: one transaction writes at a time")
def test_who_has_waited_for_too_long_is_told_to_ask_again(api, reporter):
    begun, over = Event(), Event()

    def first():
        with transaction.atomic():
            idempotency.claim(reporter, "race", "another's")
            begun.set()
            over.wait(20)
        connections.close_all()

    thread = Thread(target=first)
    thread.start()
    try:
        assert begun.wait(20)
        client = api(reporter)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        answer = client.post(ISSUES, {"title": "once"}, headers=KEY)
    finally:
        over.set()
        thread.join()
        connection.close()
    assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
    assert not Issue.objects.exists()
    assert IdempotencyRecord.objects.count() == 1
