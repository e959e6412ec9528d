"""The page of sign-in: in by password, on to where one was going, and the same answer to all that is wrong."""

import re

import pytest
from django.contrib.auth.hashers import BasePasswordHasher
from django.test import Client

from accounts.models import User
from accounts.services import create_user, update_user
from tests.cast import PASSWORD

PAGE = "/accounts/login/"
SAID = re.compile(r'role="alert">.*?<span>(.*?)</span>', re.DOTALL)


def enter(client, name, password=PASSWORD, next="", **headers):
    return client.post(PAGE, {"username": name, "password": password, "next": next}, **headers)


def said(answer):
    return SAID.search(answer.content.decode())[1]


@pytest.mark.parametrize("name", ["sam", "SAM", "Sam@example.org"])
def test_by_name_or_address(client, stranger, name):
    assert enter(client, name).url == "/"
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize("first", [0, 1])
def test_by_an_address_beside_one_of_letters_that_only_look_the_same(client, db, first):
    addresses = ["kim@github.example", "kim@g\u0131thub.example"]
    for address in addresses[first:] + addresses[:first]:
        create_user(actor=None, via="web", username=f"u{len(address.encode())}", email=address, password=PASSWORD)
    assert enter(client, addresses[0]).url == "/"
    assert User.objects.get(username="u18").last_login


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("/issues/?q=is:open", "/issues/?q=is:open"),
        ("/admin/", "/admin/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("//", "/"),
        ("/\\evil.example/", "/"),
        ("http://testserver/issues/", "/"),
        ("javascript:alert(1)", "/"),
        ("issues/", "/"),
    ],
)
def test_one_goes_on_to_pages_of_this_site_alone(client, stranger, target, reached):
    assert enter(client, "sam", next=target).url == reached
    assert client.get(PAGE, {"next": target}).url == reached


def test_who_is_signed_in_goes_on_at_once(client, stranger):
    client.force_login(stranger)
    assert client.get(PAGE).url == "/"


def test_the_session_is_a_new_one(client, stranger):
    client.get("/accounts/passkey/")
    before = client.session.session_key
    enter(client, "sam")
    assert before and client.session.session_key != before


@pytest.fixture
def everybody(stranger, administrator):
    """Somebody active, somebody who has left, and somebody without a password."""
    create_user(actor=None, via="web", username="left", password=PASSWORD)
    gone = create_user(actor=None, via="web", username="gone", password=PASSWORD)
    update_user(gone, actor=administrator, via="web", is_active=False)
    create_user(actor=None, via="web", username="keyless")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("sam", "wrong"),
        ("sam@example.org", "wrong"),
        ("nobody", "wrong"),
        ("gone", PASSWORD),
        ("keyless", ""),
        ("", ""),
    ],
)
def test_all_that_is_wrong_is_answered_alike(client, everybody, name, password):
    answer = enter(client, name, password)
    assert (answer.status_code, said(answer)) == (200, "User name or password is wrong.")
    masked = re.sub(r'value="[^"]*"|nonce="[^"]*"', "", answer.content.decode())
    assert masked == re.sub(r'value="[^"]*"|nonce="[^"]*"', "", enter(Client(), "else", "x").content.decode())


@pytest.mark.parametrize("name", ["sam", "nobody", "gone", "keyless"])
def test_all_cost_the_same(client, everybody, name, monkeypatch, django_assert_num_queries):
    hashed = []
    for hasher in BasePasswordHasher.__subclasses__():
        if "encode" in vars(hasher):
            original = hasher.encode
            monkeypatch.setattr(
                hasher, "encode", lambda self, *args, original=original: hashed.append(1) or original(self, *args)
            )
    enter(client, "warm", "up")
    hashed.clear()
    with django_assert_num_queries(5):
        enter(client, name, "wrong")
    assert len(hashed) == 1


def test_the_administration_has_the_same_door(client, administrator):
    assert (
        client.get("/admin/login/?next=/admin/accounts/user/").url
        == "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    )
    assert enter(client, "ada", next="/admin/").url == "/admin/"
    assert client.get("/admin/").status_code == 200
    # What django-allauth brings along is written by services alone.
    assert client.get("/admin/mfa/authenticator/").status_code == 404
