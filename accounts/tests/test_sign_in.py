"""Who can sign in, and by what."""

import pytest
from django.contrib.auth import authenticate

from accounts.services import create_user, update_user
from tests.cast import PASSWORD


@pytest.mark.parametrize("name", ["sam", "SAM", "sam@example.org", "Sam@Example.ORG"])
def test_by_name_or_address_in_any_case(stranger, name):
    assert authenticate(username=name, password=PASSWORD) == stranger


@pytest.mark.parametrize("name", ["émile", "ÉMILE", "Émile"])
def test_in_any_case_of_letters_beyond_ascii(db, name):
    user = create_user(actor=None, via="web", username="Émile", password=PASSWORD)
    assert authenticate(username=name, password=PASSWORD) == user


@pytest.mark.parametrize(
    ("name", "password"),
    [("sam", "wrong horse"), ("sam", ""), ("nobody", PASSWORD), ("", PASSWORD), ("sam\x00", PASSWORD)],
)
def test_nobody_else(stranger, name, password):
    assert authenticate(username=name, password=password) is None


def test_not_who_was_deactivated(stranger, administrator):
    update_user(stranger, actor=administrator, via="web", is_active=False)
    assert authenticate(username="sam", password=PASSWORD) is None


def test_not_a_placeholder(db):
    create_user(actor=None, via="import", username="imported", is_placeholder=True)
    assert authenticate(username="imported", password="") is None


def test_a_name_goes_before_the_same_text_as_an_address(stranger):
    named = create_user(actor=None, via="web", username="sam@example.org", password="another good horse")
    assert authenticate(username="sam@example.org", password="another good horse") == named
    assert authenticate(username="sam@example.org", password=PASSWORD) is None
