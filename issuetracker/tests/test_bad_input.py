"""What makes no sense is refused with an answer, never with an error of ours."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from issues.models import Issue
from issues.services import create_issue, update_issue

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


@pytest.mark.parametrize(("depth", "code"), [(40, "invalid"), (60, "parse_error"), (700, "parse_error")])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("views/", b'{"name": "x", "columns": %s}'),
        ("me/", b'{"email": %s}'),
        ("issues/WEB-1/triage/", b'{"decision": "accept", "set": {"type": %s}}'),
        ("issues/bulk/", b'{"q": "cart", "set": {"add_labels": %s}}'),
    ],
)
def test_how_deep_a_body_may_be_does_not_hang_on_who_reads_it(api, issue, administrator, path, body, depth, code):
    client = api(administrator)
    send = client.patch if path == "me/" else client.post
    for value in (depth * b"[" + depth * b"]", depth * b'{"a":' + b"1" + depth * b"}"):
        told = problem(send(f"/api/v1/{path}", body % value, content_type="application/json"))
        assert told["code"] == code, told


@pytest.mark.parametrize("value", [300_000 * "x", 100_000 * [0], {"a": 300_000 * "x"}])
def test_a_wrong_word_is_not_told_again_at_length(api, issue, administrator, value):
    told = problem(api(administrator).patch("/api/v1/issues/WEB-1/", {"type": value}))
    ((error,),) = told["errors"].values()
    assert error["code"] == "invalid_choice" and len(error["message"]) < 200
    assert error["message"].endswith("bug, feature, task.")


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


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("get", "/products/%00/", {}),
        ("get", "/issues/", {"q": NUL}),
        ("get", "/issues/new/", {"product": NUL}),
        ("get", "/issues/new/", {NUL: "x"}),
        ("get", "/issues/WEB-1/", {"list": f"in={NUL}"}),
        ("post", "/issues/WEB-1/comments/", {"body": "x", "then": NUL}),
        ("post", "/issues/WEB-1/comments/", {"body": NUL}),
        ("post", "/issues/WEB-1/set/", {NUL: "x"}),
        ("post", "/products/WEB/members/%00/remove/", {}),
        ("post", "/accounts/login/", {"username": NUL, "password": NUL}),
        ("get", "/admin/issues/issue/", {"status__category": NUL}),
        (
            "get",
            "/admin/autocomplete/",
            {"app_label": "issues", "model_name": "issue", "field_name": "parent", "term": NUL},
        ),
    ],
)
def test_nul_is_refused_wherever_it_comes(pages, issue, method, path, data):
    kinds = [{}] if method == "get" else [{}, {"content_type": "application/x-www-form-urlencoded"}]
    for kind in kinds:
        body = "&".join(f"{name}={text}".replace("\x00", "%00") for name, text in data.items()) if kind else data
        answer = getattr(pages, method)(path, body, **kind)
        assert (answer.status_code, b"makes no sense" in answer.content) == (400, True), path
        assert "default-src" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["products/%00/", "users/%00/", "users/?q=%00", "issues/?assignee=a%00", "x/?%00=1"])
def test_nul_under_the_api_is_a_problem(api, issue, reporter, path):
    problem(api(reporter).get(f"/api/v1/{path}"))


@pytest.mark.parametrize("reference", ["in=%00", "in=WEB&q=%00", "in=WEB%00&q=is:open", "q=assignee:%00"])
def test_nul_within_the_reference_of_a_list(pages, issue, reference):
    answer = pages.get("/issues/WEB-1/", {"list": reference})
    assert (answer.status_code, b'rel="next"' in answer.content) == (200, False)


def test_a_large_body_is_read_once(pages, issue):
    text = 60_000 * "a"
    assert pages.post("/issues/WEB-1/comments/", {"body": text}).status_code == 302
    assert issue.comments.get().body == text


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/issues/WEB-1/set/", {"assignee": LONG_NAME}, 400),
        ("/products/WEB/members/", {"user": LONG_NAME, "role": "viewer"}, 400),
        ("/products/WEB/settings/", {**SETTINGS, "owner": LONG_NAME, "version": "1"}, 400),
        ("/products/WEB/components/", {"name": "Cart", "triage_owner": LONG_NAME}, 400),
    ],
)
def test_names_that_nobody_can_have_on_the_pages(pages, issue, path, data, status):
    assert pages.post(path, data).status_code == status


def test_a_name_that_nobody_can_sign_in_by(client, stranger):
    assert client.post("/accounts/login/", {"username": LONG_NAME, "password": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "data", "field"),
    [
        ("patch", "issues/WEB-1/", {"assignee": LONG_NAME}, "assignee"),
        ("patch", "issues/WEB-1/", {"assignee": {"username": LONG_NAME, "display_name": ""}}, "assignee"),
        ("post", "products/WEB/members/", {"user": LONG_NAME}, "user"),
        ("patch", "products/WEB/", {"owner": LONG_NAME}, "owner"),
    ],
)
def test_names_that_nobody_can_have_over_the_api(api, issue, administrator, method, path, data, field):
    answer = getattr(api(administrator), method)(f"/api/v1/{path}", data)
    assert list(problem(answer)["errors"]) == [field]
    assert len(answer.content) < 1000


MOMENTS = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_moments_that_not_every_time_zone_can_show(api, pages, administrator, issue, moment, zone):
    type(administrator).objects.filter(pk=administrator.pk).update(time_zone=zone)
    answer = api(administrator).patch("/api/v1/issues/WEB-1/", {"snoozed_until": moment})
    assert list(problem(answer)["errors"]) == ["snoozed_until"]
    day, time = moment.removesuffix("Z").split("T")
    whole = {"product": issue.product_id, "type": "bug", "status": issue.status_id, "priority": "0", "severity": "0"}
    data = {
        **whole,
        "title": "Better",
        "snoozed_until_0": day,
        "snoozed_until_1": time,
        "snoozed_until": f"{day} {time}",
    }
    page = pages.post(f"/admin/issues/issue/{issue.pk}/change/", {**data, "seen_version": "1"})
    assert (page.status_code, "snoozed_until" in page.context["adminform"].form.errors) == (200, True)
    for last in (datetime(1970, 1, 2, tzinfo=UTC), datetime(9998, 12, 30, tzinfo=UTC)):
        update_issue(issue, actor=administrator, via="web", snoozed_until=last)
        assert pages.get(f"/admin/issues/issue/{issue.pk}/change/").status_code == 200
        assert pages.get("/issues/WEB-1/").status_code == 200


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
def test_a_token_ends_when_every_time_zone_can_show_it(api, pages, administrator, moment):
    type(administrator).objects.filter(pk=administrator.pk).update(time_zone="Pacific/Kiritimati")
    token = {"name": "laptop", "scopes": ["read"]}
    answer = api(administrator).post("/api/v1/me/tokens/", {**token, "expires_at": moment})
    assert list(problem(answer)["errors"]) == ["expires_at"]
    answer = api(administrator).post("/api/v1/me/tokens/", {**token, "expires_at": "9998-12-31T23:59:59Z"})
    assert answer.status_code == 201
    for path in ("/profile/tokens/", "/admin/accounts/apitoken/"):
        assert pages.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/issues/", "/api/", "/openapi.json"])
def test_a_wrong_host_is_a_problem_to_programs(client, db, path):
    assert "SITE_URL" in problem(client.get(path, headers={"host": "evil.example"}))["detail"]


def test_a_wrong_host_is_a_page_to_people(client, db):
    answer = client.get("/issues/", headers={"host": "evil.example"})
    page = answer.content.decode()
    assert (answer.status_code, "makes no sense" in page, "sets SITE_URL" in page) == (400, True, True)
    # The start is of that name as well, and what the site answers to is nobody's business.
    assert "To the start" not in page and "localhost" not in page
