"""What makes no sense is refused with an answer, never with an error of ours."""

import json

import pytest
from django.test import Client

from issues.services import create_issue

NINES, MORE_NINES = 30 * "9", 5000 * "9"
LONG_NAME = 100_000 * "a"
NUL = "a\x00b"
SETTINGS = {"key": "WEB", "title": "Web shop", "visibility": "public", "triage_days": "7"}
ADD = "/admin/issues/issue/add/"


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def pages(administrator):
    client = Client(raise_request_exception=False)
    client.force_login(administrator)
    return client


def problem(answer, status=400):
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content[:500]
    told = json.loads(answer.content)
    assert told["status"] == status and told["detail"] and told["code"]
    return told


@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'{"a\\u0000": 1}'])
def test_nul_deep_within_a_body(api, issue, reporter, depth, text):
    body = b'{"title": ' + depth * b"[" + text + depth * b"]" + b"}"
    problem(api(reporter).post("/api/v1/products/WEB/issues/", body, content_type="application/json"))
