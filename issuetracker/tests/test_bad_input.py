"""What makes no sense is refused with an answer, never with an error of ours."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from issues.models import Issue
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


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("get", "/issues/", {"page_size": MORE_NINES}, 200),
        ("get", "/issues/", {"page_size": "٣"}, 200),
        ("get", "/issues/new/", {"product": "WEB", "labels": NINES, "component": NINES}, 200),
        ("get", f"/products/WEB/components/{NINES}/", {}, 404),
        ("post", f"/batches/{NINES}/undo/", {}, 404),
        ("post", "/issues/WEB-1/set/", {"priority": "high", "seen": MORE_NINES}, 302),
        ("post", "/issues/WEB-1/set/", {"with_labels": "1", "labels": NINES}, 400),
        ("post", "/issues/WEB-1/set/", {"with_labels": "1", "labels": MORE_NINES}, 400),
        ("post", "/issues/WEB-1/set/", {"with_labels": "1", "labels": "x"}, 400),
        ("post", "/issues/WEB-1/set/", {"component": NINES}, 400),
        ("post", "/issues/WEB-1/set/", {"component": MORE_NINES}, 400),
        ("post", "/issues/WEB-1/edit/", {"title": "Better", "seen": MORE_NINES}, 400),
        ("post", "/issues/new/", {"product": "WEB", "title": "x", "type": "bug", "labels": NINES}, 400),
        ("post", "/products/WEB/settings/", {**SETTINGS, "version": MORE_NINES}, 400),
    ],
)
def test_numbers_that_are_too_long_on_the_pages(pages, issue, method, path, data, status):
    assert getattr(pages, method)(path, data).status_code == status


@pytest.mark.parametrize("number", ["x", "-1", "1.5", NINES, MORE_NINES, "٣"])
def test_numbers_that_are_none_in_the_administration(pages, product, issue, number):
    for name in ("product", "component", "parent", "assignee", "chosen_labels", "status"):
        assert pages.get(ADD, {name: number}).status_code == 200, name
        assert pages.post(ADD, {"title": "x", "product": product.pk, name: number}).status_code == 200, name
    for model in ("issues_issue", "accounts_user", "history_batch"):
        data = {"action": "close_as_fixed", "_selected_action": number}
        answer = pages.post(reverse(f"admin:{model}_changelist"), data)
        assert (answer.status_code, b"makes no sense" in answer.content) == (400, True)
    for name in ("product", "product__in", "id__in", "product__id__exact"):
        assert pages.get("/admin/issues/issue/", {name: number}).status_code in (200, 302, 400), name
    assert pages.get(f"/admin/issues/issue/{number}/change/").status_code == 302
    assert Issue.objects.get().lock_version == 1


@pytest.mark.parametrize("path", ["/api/v1/issues/", "/api/", "/openapi.json"])
def test_a_wrong_host_is_a_problem_to_programs(client, db, path):
    problem(client.get(path, headers={"host": "evil.example"}))


def test_a_wrong_host_is_a_page_to_people(client, db):
    answer = client.get("/issues/", headers={"host": "evil.example"})
    assert (answer.status_code, b"makes no sense" in answer.content) == (400, True)
