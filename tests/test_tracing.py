"""What is marked `untraced` runs without coverage's tracer, and so do the threads that it starts."""

import sys
import urllib.request
from threading import Thread

import pytest
from django.core.handlers import wsgi

pytestmark = pytest.mark.untraced


@pytest.fixture
def at_setup():
    """The tracer while fixtures are made."""
    return sys.gettrace()


def test_neither_the_test_nor_its_fixtures_nor_a_thread_is_traced(at_setup):
    found = [at_setup, sys.gettrace()]
    thread = Thread(target=lambda: found.append(sys.gettrace()))
    thread.start()
    thread.join()
    assert found == [None, None, None]


def test_no_request_to_a_live_server_is_traced(live_server, monkeypatch):
    found = []

    class Seen(wsgi.WSGIRequest):
        def __init__(self, environ):
            found.append(sys.gettrace())
            super().__init__(environ)

    monkeypatch.setattr(wsgi.WSGIHandler, "request_class", Seen)
    with urllib.request.urlopen(f"{live_server.url}/status/live/") as answer:
        assert answer.status == 200
    assert found == [None]
