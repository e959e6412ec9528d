"""The name that each request has: in its answer, and in the log."""

import io
import logging

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from django.utils.module_loading import import_string

from issuetracker import status, tracing

HEADER = "X-Request-ID"
MADE = 32
SENT = "trace-7f3a:1/2=+._"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", 302),
        ("/issues/", 200),
        ("/nowhere/", 404),
        ("/static/css/tokens.css", 200),
        ("/api/v1/issues/", 200),
        ("/api/v1/nowhere/", 404),
        ("/api/v1/issues/?nonsense=1", 400),
        ("/issues/?q=%00", 400),
        ("/status/", 200),
        ("/openapi.json", 200),
    ],
)
def test_every_answer_tells_it(client, db, path, code):
    answer = client.get(path, headers={"x-request-id": SENT})
    answer.close()
    assert (answer.status_code, answer[HEADER]) == (code, SENT)


@pytest.mark.parametrize(("error", "code"), [(OperationalError("database is locked"), 503), (ValueError("ours"), 500)])
@pytest.mark.parametrize("path", ["/issues/", "/api/v1/issues/"])
def test_also_where_something_went_wrong(client, db, monkeypatch, error, code, path):
    def fail():
        raise error

    client.raise_request_exception = False
    monkeypatch.setattr(status.database, "begin_request", fail)
    answer = client.get(path, headers={"x-request-id": SENT})
    assert (answer.status_code, answer[HEADER]) == (code, SENT)


def test_without_one_each_request_gets_its_own(client, db):
    names = {client.get("/status/live/")[HEADER] for _turn in range(3)}
    assert len(names) == 3
    assert all(len(name) == MADE and name.isalnum() for name in names)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " ",
        "two words",
        "x" * 129,
        "a\r\nSet-Cookie: session=evil",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\u0085b",
        "a\u2028b",
        "é",
        "<script>",
        '"quoted"',
        "a,b",
        "a;b",
        "well-formed\n",
        "%0d%0aSet-Cookie:x",
    ],
)
def test_what_is_not_well_formed_is_not_told_again(client, db, sent):
    answer = client.get("/status/live/", headers={"x-request-id": sent})
    assert len(answer[HEADER]) == MADE and answer[HEADER].isalnum()
    assert not answer.cookies


def test_the_longest_name_is_kept(client, db):
    assert client.get("/status/live/", headers={"x-request-id": "x" * 128})[HEADER] == "x" * 128


@pytest.fixture
def written():
    """What the server writes down, as it is configured to."""
    stream = io.StringIO()
    console = logging.StreamHandler(stream)
    config = settings.LOGGING
    console.setFormatter(logging.Formatter(config["formatters"]["line"]["format"], style="{"))
    for name in config["handlers"]["console"]["filters"]:
        console.addFilter(import_string(config["filters"][name]["()"])())
    root = logging.getLogger()
    root.addHandler(console)
    yield stream
    root.removeHandler(console)


def test_what_is_written_down_names_it(client, db, written):
    client.get("/nowhere/", headers={"x-request-id": SENT})
    assert [line.split(" ")[3] for line in written.getvalue().splitlines()] == [SENT]


def test_a_file_that_is_streamed_later_is_of_the_same_request(written):
    def lines():
        yield b"one"
        logging.getLogger("issuetracker").warning("half way")

    answer = tracing.RequestId(lambda request: StreamingHttpResponse(lines()))(
        RequestFactory().get("/", headers={"x-request-id": SENT})
    )
    assert b"".join(answer.streaming_content) == b"one"
    assert f" {SENT} issuetracker: half way" in written.getvalue()
