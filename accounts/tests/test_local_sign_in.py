"""Sign-in here may be switched off; then one named administrator alone still gets in without a provider."""

import pytest
from django.core import mail
from django.test import Client

from accounts import letters
from accounts.models import Letter, User
from accounts.services import create_user, factors
from accounts.signin import passkeys
from accounts.tests.test_sign_in_page import enter, said


@pytest.fixture(autouse=True)
def switched_off(settings):
    """A site whose people sign in by a provider."""
    settings.LOCAL_LOGIN, settings.BREAK_GLASS = False, "Ada"


def test_the_page_offers_the_provider_alone(client, stranger):
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in with Example Corp" in page and 'name="password"' not in page
    assert 'name="password"' in client.get("/accounts/login/?local").content.decode()


def test_nobody_comes_in_by_password_and_the_answer_is_the_same(client, stranger):
    known, unknown = enter(client, "sam"), enter(Client(), "nobody")
    assert said(known) == said(unknown) == "User name or password is wrong."
    assert client.get("/profile/").status_code == 302


def test_but_the_named_administrator(client, administrator):
    assert enter(client, "ada").status_code == 302
    assert client.get("/profile/").status_code == 200


def test_who_is_named_must_be_an_administrator(client, db, settings):
    create_user(actor=None, via="web", username="plain", password="correct horse battery")
    settings.BREAK_GLASS = "plain"
    assert enter(client, "plain").status_code == 200


class Signed:
    """What a passkey has signed, as the form finds it."""

    def __init__(self, passkey):
        self.cleaned_data = {"credential": passkey}

    def is_valid(self):
        return True


@pytest.mark.parametrize(
    ("name", "local", "active", "comes_in"),
    [
        ("sam", True, True, True),
        ("sam", True, False, False),
        ("sam", False, True, False),
        ("ada", False, True, True),
    ],
)
def test_a_passkey_opens_no_more_than_a_password(
    client, stranger, administrator, settings, monkeypatch, name, local, active, comes_in
):
    settings.LOCAL_LOGIN = local
    user = User.objects.get(username=name)
    passkey = factors.add_passkey(user, "laptop", {}, actor=user, via="web")
    User.objects.filter(pk=user.pk).update(is_active=active)
    passkey.user.is_active = active
    monkeypatch.setattr(passkeys, "PasskeyLoginForm", lambda data: Signed(passkey))
    client.post("/accounts/passkey/", {"credential": "{}"})
    assert (client.get("/profile/").status_code == 200) == comes_in


def test_whatever_belongs_to_passwords_is_off(client, stranger, settings):
    settings.MAIL, settings.SIGNUP = True, "open"
    client.post("/accounts/reset/", {"email": "sam@example.org"})
    client.post("/accounts/sign-up/", {"email": "new@example.org"})
    assert not Letter.objects.exists()
    assert client.get("/accounts/reset/MQ/x-y/").status_code == 404
    client.force_login(stranger)
    assert client.get("/accounts/password/").status_code == 403
    assert "Change your password" not in client.get("/profile/sign-in/").content.decode()
    letters.send_due()
    assert not mail.outbox
