"""The pages about oneself: preferences, password, and tokens, whose secret is shown once."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import FEED, ApiToken, Letter
from accounts.services import create_token, revoke_token, update_user
from accounts.tests.test_passkeys import prove
from accounts.tokens import live_token
from tests.cast import PASSWORD

PREFERENCES = {
    "display_name": "Sam the stranger",
    "email": "sam@example.org",
    "time_zone": "Europe/Berlin",
    "theme": "dark",
    "single_key_shortcuts": "on",
    "lock_version": "1",
}
TOKEN = {"name": "Script", "scopes": ["read"], "expires": "30"}


def at(user):
    client = Client()
    client.force_login(user)
    return client


def test_preferences_are_saved_and_followed(stranger):
    client = at(stranger)
    page = client.post("/profile/", PREFERENCES, follow=True)
    stranger.refresh_from_db()
    assert (stranger.display_name, stranger.time_zone, stranger.theme) == ("Sam the stranger", "Europe/Berlin", "dark")
    assert 'data-theme="dark"' in page.content.decode()


@pytest.mark.parametrize(
    "fields", [{"email": "ada@example.org"}, {"email": "x"}, {"time_zone": "Mars/Olympus"}, {"theme": "pink"}]
)
def test_what_cannot_be_is_refused(stranger, administrator, fields):
    assert at(stranger).post("/profile/", {**PREFERENCES, **fields}).status_code == 400
    stranger.refresh_from_db()
    assert stranger.lock_version == 1


def test_two_windows_do_not_overwrite_each_other(stranger):
    update_user(stranger, actor=stranger, via="api", display_name="From elsewhere")
    page = at(stranger).post("/profile/", PREFERENCES)
    assert page.status_code == 400 and "changed elsewhere" in page.content.decode()
    stranger.refresh_from_db()
    assert stranger.display_name == "From elsewhere"


def test_rights_are_no_preferences(stranger):
    at(stranger).post("/profile/", {**PREFERENCES, "is_superuser": "on", "is_staff": "on", "username": "root"})
    stranger.refresh_from_db()
    assert (stranger.is_superuser, stranger.is_staff, stranger.username) == (False, False, "sam")


def test_a_new_password_ends_the_other_sessions(stranger):
    here, elsewhere = at(stranger), at(stranger)
    fields = {
        "old_password": "correct horse battery",
        "new_password1": "staple-9-lamp",
        "new_password2": "staple-9-lamp",
    }
    assert here.post("/accounts/password/", {**fields, "old_password": "wrong"}).status_code == 200
    assert here.post("/accounts/password/", fields).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_a_token_is_shown_once_works_and_ends(stranger):
    client = at(stranger)
    prove(client, stranger)
    page = client.post("/profile/tokens/", TOKEN)
    secret = re.search(r"ist_[\w-]+", page.content.decode()).group()
    assert page.headers["Cache-Control"].startswith("max-age=0")
    assert secret not in client.get("/profile/tokens/").content.decode()

    def me():
        return Client().get("/api/v1/me/", headers={"authorization": f"Bearer {secret}"})

    assert me().json()["username"] == "sam"
    revoke = f"/profile/tokens/{ApiToken.objects.get().pk}/revoke/"
    assert "locked out at once" in client.post(revoke).content.decode()
    assert me().status_code == 200
    assert client.get(revoke).headers["Location"] == "/profile/tokens/"
    assert client.post(revoke, {"confirm": "1"}).status_code == 302
    assert me().status_code == 401


def test_a_new_token_takes_showing_who_one_is(stranger):
    client = at(stranger)

    def make():
        body = {name: TOKEN[name] for name in ("name", "scopes")}
        answer = client.post("/api/v1/me/tokens/", body, content_type="application/json")
        return client.post("/profile/tokens/", TOKEN), answer, ApiToken.objects.count()

    page, answer, count = make()
    assert (page.status_code, answer.status_code, answer.json()["code"], count) == (400, 403, "proof", 0)
    # In another tab: what was typed stays here.
    way = '<a href="/accounts/prove/?next=%2Fprofile%2Ftokens%2F" target="_blank" rel="noopener">'
    assert way in page.content.decode() and 'value="Script"' in page.content.decode()
    client.post("/accounts/prove/?next=/profile/tokens/", {"password": PASSWORD})
    page, answer, count = make()
    assert (page.status_code, answer.status_code, count) == (200, 201, 2)


def test_its_owner_is_told_of_a_new_token(stranger, settings):
    settings.MAIL = True
    create_token(stranger, actor=None, via="admin", name="Script", scopes=["read"])
    # An address of a feed is made with a click, opens no way into the account, and is no reason for alarm.
    create_token(stranger, actor=None, via="admin", name="Feed: WEB", scopes=[FEED])
    assert list(Letter.objects.values_list("to", "text")) == [("sam@example.org", "The token “Script” was made.")]


@pytest.mark.parametrize(("then", "held"), [("stays", True), ("is revoked", False), ("expires", False)])
def test_who_changes_a_password_is_told_of_the_tokens_that_stay(stranger, then, held):
    client = at(stranger)
    token, secret = create_token(stranger, actor=stranger, via="web", name="Script", scopes=["read"])
    if then == "is revoked":
        revoke_token(token, actor=stranger, via="web")
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1 if held else -1))
    new = {"new_password1": "staple-9-lamp", "new_password2": "staple-9-lamp"}
    page = client.post("/accounts/password/", {"old_password": PASSWORD, **new}, follow=True).content.decode()
    assert ('tokens still work: <a class="link" href="/profile/tokens/">' in page, live_token(secret) == token) == (
        held,
        held,
    )


def test_nobody_ends_the_token_of_another(stranger, administrator):
    token, secret = create_token(administrator, actor=administrator, via="web", name="x", scopes=["read"])
    assert at(stranger).post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    assert live_token(secret) == token


@pytest.mark.parametrize("fields", [{"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"expires": "7000"}])
def test_a_token_that_cannot_be(stranger, fields):
    body = {"name": "x", "scopes": ["read"], "expires": "30", **fields}
    assert at(stranger).post("/profile/tokens/", body).status_code == 400
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("path", ["/profile/", "/profile/tokens/", "/accounts/password/"])
def test_they_are_for_those_who_are_signed_in(db, path):
    assert Client().get(path).headers["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", ["/profile/", "/profile/sign-in/", "/profile/sessions/", "/accounts/invitations/"])
def test_they_take_ten_statements_at_most(administrator, product, path, django_assert_max_num_queries):
    client = at(administrator)
    client.get(path)
    with django_assert_max_num_queries(10):
        assert client.get(path).status_code == 200


def test_what_is_wrong_with_boxes_is_said_at_them(stranger):
    client = Client()
    client.force_login(stranger)
    page = client.post("/profile/tokens/", {"name": "x"}).content.decode()
    assert 'href="#id_scopes_0"' in page and 'id="id_scopes_0"' in page
    assert 'aria-describedby="id_scopes-error"' in page and 'id="id_scopes-error"' in page
