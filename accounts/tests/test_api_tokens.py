"""Acting through the API with a token."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import create_token, revoke_token, update_user

ME = "/api/v1/me/"


def bearer(client, secret):
    return client.get(ME, headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def secret(reporter):
    """A token of Rosa that may read."""
    return create_token(reporter, actor=reporter, via="web", name="script", scopes=["read"])[1]


def test_a_token_acts_for_its_user(client, secret):
    assert bearer(client, secret).json()["username"] == "rosa"


def test_token_user_and_roles_are_read_in_one_statement(client, secret, django_assert_num_queries):
    bearer(client, secret)
    with django_assert_num_queries(1):
        assert bearer(client, secret).status_code == 200


@pytest.mark.parametrize("secret", ["", "x", "ist_unknown", "ist_" + 500 * "x", "\xff\xfe", "a b"])
def test_an_unknown_token_is_refused(client, db, secret):
    answer = bearer(client, secret)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("end", ["expire", "revoke", "deactivate"])
def test_a_token_that_has_ended_is_refused_at_once(client, reporter, administrator, secret, end):
    token = reporter.tokens.get()
    if end == "expire":
        ApiToken.objects.update(expires_at=timezone.now())
    elif end == "revoke":
        revoke_token(token, actor=reporter, via="web")
    else:
        update_user(reporter, actor=administrator, via="web", is_active=False)
    answer = bearer(client, secret)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    # Also where nobody need be signed in: a mistaken client is told so.
    assert client.get("/api/v1/products/", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_its_use_is_noted_once_a_minute(client, reporter, secret):
    token = reporter.tokens.get()
    bearer(client, secret)
    token.refresh_from_db()
    noted = token.last_used_at
    assert noted is not None
    bearer(client, secret)
    token.refresh_from_db()
    assert token.last_used_at == noted
    ApiToken.objects.update(last_used_at=noted - timedelta(minutes=2))
    bearer(client, secret)
    token.refresh_from_db()
    assert token.last_used_at > noted


WRITES = {
    "write": ("post", "/api/v1/products/WEB/issues/", {"title": "one"}),
    "admin": ("post", "/api/v1/statuses/", {"slug": "held", "name": "Held", "category": "started"}),
}


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(["read"], set()), (["write"], {"write"}), (["admin"], {"write", "admin"}), (["read", "write"], {"write"})],
)
def test_scopes(api, product, administrator, scopes, allowed):
    client = api(administrator, *scopes)
    assert client.get("/api/v1/products/WEB/").status_code == 200
    for needed, (method, path, body) in WRITES.items():
        answer = getattr(client, method)(path, body)
        assert answer.status_code == (201 if needed in allowed else 403), needed
        if needed not in allowed:
            assert answer.json()["code"] == "scope"


def test_a_scope_never_adds_to_the_rights_of_the_user(api, product, stranger):
    answer = api(stranger).post("/api/v1/statuses/", {"slug": "held", "name": "Held", "category": "started"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_the_command_prints_the_token_and_nothing_else(client, reporter):
    out = StringIO()
    call_command("create_token", "ROSA", "--scopes", "read,write", stdout=out)
    assert out.getvalue().startswith("ist_") and len(out.getvalue().split()) == 1
    assert bearer(client, out.getvalue().strip()).status_code == 200
    assert reporter.tokens.get().scopes == ["read", "write"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "no user nobody"),
        (("rosa", "--scopes", "everything"), "no scope “everything”. Choose at least one of: read, write, admin."),
        (("rosa", "--scopes", "read,foo"), "no scope “foo”. Choose at least one of"),
        (("rosa", "--scopes", "read,feed"), "Choose at least one of"),
        (("rosa", "--scopes", ""), "^Choose at least one of"),
    ],
)
def test_the_command_says_what_is_wrong(reporter, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("create_token", *arguments)


def test_a_session_needs_the_csrf_token(reporter):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(reporter)
    client.get("/accounts/login/")
    assert client.get(ME).status_code == 200
    body = {"title": "one"}
    assert client.post("/api/v1/products/WEB/issues/", body).status_code == 403
    page = client.get("/api/v1/products/", headers={"accept": "text/html"})
    token = page.wsgi_request.META["CSRF_COOKIE"]
    answer = client.post("/api/v1/products/WEB/issues/", body, headers={"x-csrftoken": token})
    assert answer.status_code == 201
