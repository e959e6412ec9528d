"""How the API says no."""

import json

import pytest
from django.db import OperationalError

from issues import services

ISSUES = "/api/v1/products/WEB/issues/"
MEMBERS = {"type", "title", "status", "detail", "code"}


def problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert set(told) >= MEMBERS and told["status"] == status
    return told


def post(client, body, kind="application/json"):
    return client.post(ISSUES, body, content_type=kind)


def test_a_problem_names_the_field(api, product, reporter):
    told = problem(post(api(reporter), '{"title": ""}'), 400)
    assert told == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Some of this cannot be accepted.",
        "code": "invalid",
        "errors": {"title": [{"code": "blank", "message": "This field may not be blank."}]},
    }


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
@pytest.mark.parametrize("path", ["/api/", "/api/v2/", "/api/v1/nope/", "/api/v1/products", "/api/v1/products/WEB/x/"])
def test_unknown_paths(client, product, method, path):
    answer = getattr(client, method)(path)
    assert answer.status_code == 404
    if method != "head":
        problem(answer, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "/api/v1/products/"),
        ("delete", ISSUES),
        ("patch", "/api/v1/issues/"),
        ("post", "/api/v1/issues/WEB-1/"),
        ("post", "/api/v1/users/"),
        ("delete", "/api/v1/me/"),
        ("get", "/api/v1/issues/WEB-1/restore/"),
        ("patch", "/api/v1/issues/WEB-1/relations/1/"),
        ("options", "/api/v1/products/"),
        ("put", "/api/v1/nope/../issues/"),
    ],
)
def test_methods_that_are_not_there(client, product, method, path):
    told = getattr(client, method)(path.replace("nope/../", ""))
    problem(told, 405)
    assert method.upper() not in told["Allow"]


def test_what_cannot_be_answered_or_read(api, product, reporter):
    client = api(reporter)
    problem(client.get(ISSUES, headers={"accept": "text/csv"}), 406)
    problem(post(client, "title=x", "application/x-www-form-urlencoded"), 415)
    problem(post(client, "title: x", "application/yaml"), 415)
    problem(post(client, b'{"title": "' + 2**20 * b"x" + b'"}'), 413)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, f"{ISSUES}1/") for method in ("patch", "put")),
        *(("post", path) for path in (ISSUES, "/api/v1/issues/search/", "/api/v1/query/parse/")),
    ],
)
def test_a_body_without_its_length_is_not_taken_for_none(api, product, triager, method, path):
    services.create_issue(product, actor=triager, via="web", title="one")
    # As it comes from a server: what has a length as well is refused before.
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    told = problem(getattr(api(triager), method)(path, {"q": "", "title": "new"}, **chunked), 411)
    assert told["code"] == "length_required"
    assert api(triager).get(ISSUES, **chunked).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[",
        b'{"title": "x",}',
        b"{'title': 'x'}",
        b'{"title": "x"} {}',
        b'{"title": "x", "title": "y"}',
        b'{"title": "x", "labels": [{"a": 1, "a": 2}]}',
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": -Infinity}',
        b'{"title": "\xff"}',
        b'{"title": "\xed\xa0\x80"}',
        rb'{"title": "\ud800"}',
        rb'{"\ud800": "x"}',
        rb'{"title": "a\u0000b"}',
        rb'{"a\u0000b": "x"}',
        b'{"title": "a\x00b"}',
        b"\xef\xbb\xbf{}",
        b'{"title": ' + 5000 * b"9" + b"}",
        100_000 * b"[",
        100_000 * b'{"a":',
        '{"title": "x"}'.encode("utf-16"),
    ],
)
def test_bodies_that_are_not_proper_json(api, product, reporter, body):
    assert problem(post(api(reporter), body), 400)["code"] == "parse_error"


@pytest.mark.parametrize("body", [b"null", b"[]", b"5", b'"x"', b"true", b"", b"{}", b'{"title": 1e999}'])
def test_bodies_that_are_not_an_object_of_fields(api, product, reporter, body):
    problem(post(api(reporter), body), 400)


@pytest.mark.parametrize("path", ["/api/v1/products/%01/", "/api/v1/products/%0a/", "/api/v1/users/%1f/"])
def test_paths_with_control_characters(api, product, reporter, path):
    problem(api(reporter).get(path), 404)


@pytest.mark.parametrize("path", ["/api/v1/products/%ED%A0%80/", "/api/v1/products/%FF/", "/api/v1/statuses/' OR 1/"])
def test_odd_paths(api, product, reporter, path):
    problem(api(reporter).get(path), 404)


def test_a_service_that_finds_the_row_gone_is_a_404(api, product, triager, monkeypatch):
    services.create_issue(product, actor=triager, via="web", title="one")
    client = api(triager)

    def gone(issue, **fields):
        raise type(issue).DoesNotExist

    monkeypatch.setattr(services, "update_issue", gone)
    problem(client.patch("/api/v1/issues/WEB-1/", {"title": "x"}), 404)


def test_an_error_of_ours_tells_nothing(api, product, triager, monkeypatch):
    client = api(triager)
    client.raise_request_exception = False

    def fail(*args, **fields):
        raise RuntimeError("a secret")

    monkeypatch.setattr(services, "create_issue", fail)
    answer = post(client, '{"title": "x"}')
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert b"secret" not in answer.content


def test_without_the_database_it_says_so(api, product, triager, monkeypatch):
    client = api(triager)
    client.raise_request_exception = False

    def away(*args, **fields):
        raise OperationalError("database is locked")

    monkeypatch.setattr(services, "create_issue", away)
    answer = post(client, '{"title": "x"}')
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"


def test_the_browsable_api_shows_the_same_as_a_page(client, product, administrator):
    client.force_login(administrator)
    for path in ("/api/v1/", "/api/v1/products/", "/api/v1/products/WEB/", ISSUES, "/api/v1/me/", "/api/v1/users/"):
        answer = client.get(path, headers={"accept": "text/html"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8"), path
        assert "script-src testserver/static/" in answer["Content-Security-Policy"]
    answer = client.get("/api/v1/products/NONE/", headers={"accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
