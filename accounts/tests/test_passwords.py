"""Passwords that are refused: those that everybody has, also in disguise, and those that no page takes."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import setup
from accounts.services import create_user
from accounts.tests.test_second_step import admin_form
from accounts.tests.test_sign_in_page import enter
from tests.cast import PASSWORD


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "Password123!",
        "P@ssw0rd2026",
        "  sunshine99!",
        "123sunshine!!",
        "dragondragon",
        "trustno1trustno1",
        "Iloveyou<3<3",
        "qwertyuiop",
        "1234567890",
    ],
)
def test_a_common_one_is_refused_however_it_is_dressed(password):
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "dragon 7194836251",
        "größere Fische",
        "x7Kq!m2Zp0",
        "tea at the lighthouse 4",
        "日本語のとても長い言葉",
    ],
)
def test_one_that_is_ones_own_is_not(password):
    validate_password(password)


# As long as one can be, and one sign longer.
LONGEST = ("a long walk by the sea " * 22)[:500]
TOO_LONG = LONGEST + "x"


def fill_change(client, user, password):
    fields = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    return client.post("/accounts/password/", fields)


def fill_reset(client, user, password):
    user.refresh_from_db()
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    page = client.get(f"/accounts/reset/{uid}/{default_token_generator.make_token(user)}/", follow=True)
    return client.post(page.request["PATH_INFO"], {"new_password1": password, "new_password2": password})


def fill_administration(client, user, password):
    return client.post(*admin_form(user, password=password))


FILLED = [fill_change, fill_reset, fill_administration]


@pytest.mark.parametrize("fill", FILLED)
def test_one_that_the_page_of_sign_in_does_not_take_is_refused(client, administrator, fill):
    enter(client, "ada")
    answer = fill(client, administrator, TOO_LONG)
    assert (answer.status_code, "password is too long" in answer.content.decode()) == (200, True)
    administrator.refresh_from_db()
    assert administrator.check_password(PASSWORD)


@pytest.mark.parametrize("fill", FILLED)
def test_the_longest_signs_in(client, administrator, fill):
    enter(client, "ada")
    assert fill(client, administrator, LONGEST).status_code == 302
    assert enter(Client(), "ada", LONGEST).status_code == 302


def test_one_that_is_too_long_names_the_field(administrator):
    with pytest.raises(ValidationError) as refused:
        create_user(actor=None, via="web", username="new", password=TOO_LONG)
    assert set(refused.value.error_dict) == {"password"}


def test_the_first_administrator_has_none_that_is_too_long(client, db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    path = setup.offer().removeprefix(settings.SITE_URL)
    page = client.post(path, {"username": "ada", "password": TOO_LONG, "again": TOO_LONG})
    assert (page.status_code, "password is too long" in page.content.decode()) == (200, True)
