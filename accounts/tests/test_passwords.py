"""Passwords that everybody has, also in disguise."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError


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
