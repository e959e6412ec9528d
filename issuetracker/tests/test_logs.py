"""What is written down, how, and that no secret is in it."""

import io
import json
import logging
import re
import socket

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.services import create_token
from issuetracker import environment
from issuetracker.database import Shortened
from issuetracker.logs import Discreet, JSONLines, Line, discreet
from issuetracker.tests.tracker import Tracker
from tests.cast import PASSWORD

CANARY = "Canary0Canary1Canary2Canary3"
FORMATS = {"line": Line, "json": JSONLines}


@pytest.fixture(params=FORMATS)
def written(request, settings):
    """What is written down from here on, in either format, with whatever any module has to say."""
    settings.LOG_REQUESTS = True
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMATS[request.param]())
    for one in (Discreet(), Shortened()):
        handler.addFilter(one)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # Statements, with their values, are written down with DEBUG alone.
    yield lambda: stream.getvalue()
    root.setLevel(level)
    root.removeHandler(handler)


def test_no_secret_is_written_down(client, api, triager, written, monkeypatch):
    client.raise_request_exception = False
    _token, secret = create_token(triager, actor=triager, via="web", name="test", scopes=("read",))
    uid, key = urlsafe_base64_encode(force_bytes(triager.pk)), default_token_generator.make_token(triager)
    client.post("/accounts/login/", {"username": "tom", "password": CANARY})
    client.post("/accounts/login/", {"username": "tom", "password": PASSWORD})
    session = client.cookies["session"].value
    client.post("/accounts/code/", {"code": CANARY})
    client.get(f"/accounts/reset/{uid}/{key}/")
    client.get(f"/accounts/reset/{uid}/{CANARY}/")
    client.get(f"/accounts/invitation/{CANARY}/")
    client.get(f"/accounts/setup/{CANARY}/")
    client.get(f"/nothing/{CANARY}?password={CANARY}")
    client.get(f"/issues/?q={CANARY}&token={CANARY}")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/me/", headers=bearer).status_code == 200
    client.get("/api/v1/me/", headers={"Authorization": f"Bearer {CANARY}"})
    client.get("/metrics", headers={"Authorization": f"Bearer {CANARY}"})

    def fail(*args, **kwargs):
        raise ValueError("a fault of ours")

    monkeypatch.setattr("issuetracker.middleware.database.begin_request", fail)
    client.cookies["other"] = CANARY
    client.post(f"/issues/WEB-1/?key={CANARY}", {"title": CANARY, "password": CANARY}, headers=bearer)
    text = written()
    assert "a fault of ours" in text and "Traceback" in text
    for name, hidden in {
        "canary": CANARY,
        "password": PASSWORD,
        "token": secret,
        "session": session,
        "link": key,
    }.items():
        assert hidden not in text, f"{name}: {[line for line in text.splitlines() if hidden in line]}"


def test_a_request_is_a_line(client, db, written):
    client.get("/livez?x=1")
    line = [line for line in written().splitlines() if "/livez" in line][-1]
    if line.startswith("{"):
        told = json.loads(line)
        assert re.fullmatch(r"GET /livez: 200 in [\d.]+ ms", told["message"])
        assert (told["method"], told["path"], told["status"], told["level"]) == ("GET", "/livez", 200, "INFO")
        assert 0 < told["milliseconds"] < 10_000
    else:
        assert re.search(r" INFO issuetracker\.requests: GET /livez: 200 in [\d.]+ ms \[[0-9a-f]{32}\]$", line)


def test_nobody_writes_lines_of_their_own(client, db, written):
    client.get("/x%0A2026-11-27%20ERROR%20forged")
    assert not any(line.startswith("2026-11-27 ERROR") for line in written().splitlines())


def test_an_id_of_the_request_is_told_where_there_is_one():
    record = logging.LogRecord("x", logging.INFO, "", 1, "said\ntwice", (), None)
    assert "request_id" not in json.loads(JSONLines().format(record))
    record.request_id = "abc"
    told = json.loads(JSONLines().format(record))
    assert (told["request_id"], told["message"], "\n" in JSONLines().format(record)) == ("abc", "said\ntwice", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["time"])
    assert Line().format(record).endswith("twice [abc]")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/issues/WEB-1/", "/issues/WEB-1/"),
        ("/issues/?q=secret#x", "/issues/"),
        (f"/accounts/reset/NQ/{CANARY}/", "/accounts/reset/NQ/…/"),
        ("/", "/"),
    ],
)
def test_discreet(path, told):
    assert discreet(path) == told


def test_a_format_that_is_not_known_is_refused(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be line or json"):
        environment.read_choice(environment.Environment(), "LOG_FORMAT", ("line", "json"))


@pytest.mark.one_python
@pytest.mark.once
def test_a_running_tracker_writes_json_and_no_secret_of_a_request_that_it_cannot_read(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.environment |= {"LOG_FORMAT": "json", "LOG_REQUESTS": "on"}
    try:
        tracker.start()
        tracker.get(f"/nothing/{CANARY}?x={CANARY}", Cookie=f"session={CANARY}")
        for head in (
            f"Authorization {CANARY}",
            f"Cookie : x={CANARY}",
            f"X-A: \0{CANARY}",
            f"Content-Length: {CANARY}",
        ):
            with socket.create_connection(("127.0.0.1", tracker.port)) as connection:
                connection.sendall(f"GET /{CANARY} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode())
                assert b" 400 " in connection.recv(1000)
        with socket.create_connection(("127.0.0.1", tracker.port)) as connection:
            head = "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n"
            kind = "Content-Type: application/x-www-form-urlencoded\r\n"
            connection.sendall(f"{head}{kind}\r\nusername={CANARY}".encode())
            connection.shutdown(socket.SHUT_WR)
            assert b" 400 " in connection.recv(1000)
        tracker.stop()
    finally:
        tracker.end()
    lines = tracker.log.read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"gunicorn.error", "issuetracker.requests", "django.request"} <= {one["logger"] for one in told}
    assert not [line for line in lines if CANARY in line]
