"""Passkeys without a browser: what is no passkey, whose they are, and how many. With one: tests/e2e/test_sign_in.py."""

import base64
import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import Letter
from accounts.services import factors
from accounts.signin.forms import origin_of, origin_parts
from accounts.tests.test_sign_in_page import enter
from history.errors import Conflict, Forbidden
from history.models import Change

HANDLE = {"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "MQ"}}


@pytest.fixture
def passkey(stranger):
    """A passkey of Sam's."""
    return factors.add_passkey(stranger, "laptop", {"id": "x"}, actor=stranger, via="web")


def prove(client, user):
    """Let `user`, who is signed in with `client`, have shown who they are just now."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 10**12}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "nonsense",
        "null",
        "[]",
        "{}",
        '"x"',
        "7",
        json.dumps(HANDLE),
        '{"response": 7}',
        '{"response": {"userHandle": 7}}',
        pytest.param("[" * 20_000, id="deep"),
        pytest.param("9" * 5000, id="long"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/accounts/passkey/", "/accounts/prove/", "/profile/sign-in/passkeys/new/", "/accounts/code/"]
)
def test_what_is_no_passkey_lets_nobody_in(stranger, credential, path):
    factors.add_totp(stranger, "JBSWY3DPEHPK3PXP", actor=stranger, via="web")
    client = Client()
    if path in ("/accounts/prove/", "/profile/sign-in/passkeys/new/"):
        client.force_login(stranger)
        if "new" in path:
            prove(client, stranger)
    elif path == "/accounts/code/":
        enter(client, "sam")
    client.get(path)
    answer = client.post(path, {"credential": credential, "name": "x"})
    assert answer.status_code in (200, 302, 400)
    assert not Authenticator.objects.filter(type="webauthn").exists()
    if "new" not in path and "prove" not in path:
        assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("origin", "site", "same"),
    [
        ("https://issues.example.org", "https://issues.example.org", True),
        ("https://issues.example.org", "https://issues.example.org:443", True),
        ("https://evil.issues.example.org", "https://issues.example.org", False),
        ("https://issues.example.org:8443", "https://issues.example.org", False),
        ("http://issues.example.org", "https://issues.example.org", False),
        ("", "https://issues.example.org", False),
        ("https://[", "https://issues.example.org", False),
        (7, "https://issues.example.org", False),
    ],
)
def test_a_neighbour_below_this_host_is_another_site(origin, site, same):
    told = base64.urlsafe_b64encode(json.dumps({"origin": origin}).encode()).decode().rstrip("=")
    assert (origin_of({"response": {"clientDataJSON": told}}) == origin_parts(site)) == same


def test_what_there_is_to_sign_is_new_each_time(client, db):
    one, two = (client.get("/accounts/passkey/").json()["publicKey"] for _number in range(2))
    assert (one["rpId"], one["userVerification"]) == ("localhost", "required")
    assert one["challenge"] != two["challenge"]


def test_a_session_before_sign_in_is_short_and_after_it_long(client, stranger):
    client.get("/accounts/passkey/")
    assert client.session.get_expiry_age() <= 15 * 60
    enter(client, "sam")
    assert client.session.get_expiry_age() > 24 * 3600


def test_it_is_recorded_by_name_alone(passkey, stranger):
    change = Change.objects.get(field="passkey", event__about_id=stranger.pk)
    assert change.after == {"id": passkey.pk, "name": "laptop"}


def test_it_is_renamed_and_told(passkey, stranger, reporter):
    client = Client()
    client.force_login(stranger)
    prove(client, stranger)
    address = f"/profile/sign-in/passkeys/{passkey.pk}/rename/"
    assert address in client.get("/profile/sign-in/").content.decode()
    assert 'value="laptop"' in client.get(address).content.decode()
    for name in ("", "two\nlines", "x" * 61):
        assert client.post(address, {"name": name}).status_code == 400
    assert client.post(address, {"name": "blue <key>"}).url == "/profile/sign-in/"
    page = client.get("/profile/sign-in/").content.decode()
    assert "blue &lt;key&gt;" in page and "laptop" not in page
    change = Change.objects.filter(field="passkey", event__about_id=stranger.pk).latest("id")
    assert (change.before["name"], change.after["name"]) == ("laptop", "blue <key>")
    told = Letter.objects.filter(kind="notice").count()
    assert client.post(address, {"name": "blue <key>"}).status_code == 302
    assert Letter.objects.filter(kind="notice").count() == told
    client = Client()
    client.force_login(stranger)
    assert client.get(address).url.startswith("/accounts/prove/")
    with pytest.raises(Forbidden):
        factors.rename_passkey(stranger, passkey, "x", actor=reporter, via="web")
    client = Client()
    enter(client, "rosa")
    assert client.post(address, {"name": "x"}).status_code == 404


def test_nobody_removes_that_of_another(passkey, reporter):
    with pytest.raises(Forbidden):
        factors.remove_passkey(passkey.user, passkey, actor=reporter, via="web")
    with pytest.raises(Authenticator.DoesNotExist):
        factors.remove_passkey(reporter, passkey, actor=reporter, via="web")
    client = Client()
    enter(client, "rosa")
    assert client.post(f"/profile/sign-in/passkeys/{passkey.pk}/remove/", {"confirm": "1"}).status_code == 404


def test_the_only_way_in_is_not_removed(passkey, stranger):
    stranger.set_unusable_password()
    stranger.save()
    client = Client()
    client.force_login(stranger)
    prove(client, stranger)
    address = f"/profile/sign-in/passkeys/{passkey.pk}/remove/"
    refused = client.post(address, {"confirm": "1"}, follow=True)
    assert "only way to sign in" in refused.content.decode()
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    factors.add_passkey(stranger, "key", {}, actor=stranger, via="web")
    client.post(address, {"confirm": "1"})
    assert Authenticator.objects.get(type="webauthn").data["name"] == "key"


def test_what_is_no_way_in_is_removed(passkey, stranger, settings):
    stranger.set_unusable_password()
    stranger.save()
    settings.PASSKEYS = False
    factors.remove_passkey(stranger, passkey, actor=stranger, via="web")
    assert not Authenticator.objects.exists()


def test_there_are_not_more_than_one_can_know(passkey, stranger):
    for number in range(factors.PASSKEYS_LIMIT - 1):
        factors.add_passkey(stranger, f"key {number}", {}, actor=stranger, via="web")
    with pytest.raises(Conflict):
        factors.add_passkey(stranger, "one more", {}, actor=stranger, via="web")


def test_where_browsers_know_none_none_are_offered(stranger, settings):
    settings.PASSKEYS = False
    client = Client()
    assert "passkey" not in client.get("/accounts/login/").content.decode()
    assert client.get("/accounts/passkey/").status_code == 404
    enter(client, "sam")
    assert "Add a passkey" not in client.get("/profile/sign-in/").content.decode()
    assert client.get("/profile/sign-in/passkeys/new/").status_code == 404
