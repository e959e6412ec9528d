"""People and tokens: made, changed, deactivated, revoked, and who may."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, User, same_address, same_name
from accounts.services import confirm_address, create_token, create_user, revoke_token, set_password, update_user
from accounts.tokens import live_token
from history.errors import Conflict, Forbidden
from history.models import Change, Event


def test_a_person_is_made_and_recorded_without_the_password(administrator):
    user = create_user(actor=administrator, via="web", username="Ana", password="a long enough one")
    assert user.check_password("a long enough one")
    assert Event.objects.get(about="user", about_id=user.pk).actor == administrator
    assert not Change.objects.filter(field="password").exists()
    assert User.objects.get_by_natural_key("aNA") == user


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "SAM"}, "username"),
        # One letter that is kept as four words.
        ({"username": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"}, "username"),
        ({"username": "\N{LATIN SMALL LIGATURE FFI}" * 100}, "username"),
        ({"email": "not one"}, "email"),
        ({"email": "SAM@example.org"}, "email"),
        ({"username": "ÉMILE"}, "username"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"theme": "pink"}, "theme"),
        ({"password": "short"}, "password"),
        ({"birthday": "x"}, "birthday"),
    ],
)
def test_bad_input_names_the_field(stranger, fields, field):
    create_user(actor=None, via="web", username="émile")
    with pytest.raises(ValidationError) as refused:
        create_user(actor=None, via="web", **{"username": "new", **fields})
    assert set(refused.value.error_dict) == {field}


CHANGES = {
    "deactivated": lambda user, actor: update_user(user, actor=actor, via="admin", is_active=False),
    "given by a group": lambda user, actor: update_user(user, actor=None, via="web", is_staff=True),
    "nothing": lambda user, actor: update_user(user, actor=None, via="web", is_staff=False),
    "confirmed": lambda user, actor: confirm_address(user, "new@example.org", via="web"),
}


@pytest.mark.parametrize("field", ["time_zone", "display_name", "username"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_field_that_no_longer_passes_keeps_from_no_other(stranger, administrator, change, field):
    # As a time zone that there is no longer, or what an older version took.
    User.objects.filter(pk=stranger.pk).update(**{field: "Mars\nOlympus"})
    changed = change(stranger, administrator)
    assert getattr(changed, field) == "Mars\nOlympus"
    with pytest.raises(ValidationError) as refused:
        update_user(changed, actor=administrator, via="admin", **{field: "Venus\nOlympus"})
    assert set(refused.value.error_dict) == {field}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL never let such a name in")
def test_who_has_the_name_of_another_since_an_older_version_is_found_by_it_as_it_is_written(db):
    made = [User(username=name, password=make_password(name)) for name in ("Émile", "émile")]
    User.objects.bulk_create(made)
    for user in User.objects.all():
        assert User.objects.called(user.username) == User.objects.get_by_natural_key(user.username) == user
        assert authenticate(username=user.username, password=user.username) == user


def test_letters_that_only_look_different_make_no_other_name(administrator):
    user = create_user(actor=administrator, via="web", username="\N{LATIN SMALL LIGATURE FI}ona")
    assert user.username == "fiona"
    with pytest.raises(ValidationError):
        create_user(actor=administrator, via="web", username="\N{FULLWIDTH LATIN SMALL LETTER F}iona")
    with pytest.raises(ValidationError) as refused:
        update_user(user, actor=administrator, via="web", username="\N{LATIN SMALL LIGATURE FFI}" * 100)
    assert set(refused.value.error_dict) == {"username"}


def test_a_name_of_letters_that_only_look_the_same_is_somebody_elses(administrator):
    other = create_user(actor=None, via="web", username="\N{LATIN SMALL LETTER DOTLESS I}van")
    assert User.objects.called("ivan") is None
    ivan = create_user(actor=None, via="web", username="Ivan")
    assert (User.objects.called("ivan"), User.objects.called(other.username)) == (ivan, other)


@pytest.mark.parametrize(
    ("one", "other", "name", "address"),
    [
        ("Kim@example.org", "kim@EXAMPLE.org", True, True),
        ("kim@example.org", "kim@example.com", False, False),
        ("kim@example.org", "\N{KELVIN SIGN}im@example.org", True, False),
        ("kim@\u00e9.example", "kim@\u00c9.example", True, False),
        ("ivan", "\N{LATIN SMALL LETTER DOTLESS I}van", False, False),
    ],
)
def test_what_is_the_same_name_and_the_same_address(one, other, name, address):
    assert (same_name(one, other), same_address(one, other)) == (name, address)
    assert (same_name(other, one), same_address(other, one)) == (name, address)


def test_everybody_changes_their_own_preferences_and_no_more(stranger, reporter):
    assert update_user(stranger, actor=stranger, via="web", theme="dark").theme == "dark"
    for field in ("is_staff", "is_superuser", "username"):
        with pytest.raises(Forbidden):
            update_user(stranger, actor=stranger, via="web", **{field: "x" if field == "username" else True})
    with pytest.raises(Forbidden):
        update_user(stranger, actor=reporter, via="web", theme="light")


def test_staff_make_people_but_nobody_mightier_than_themselves(administrator):
    staff = create_user(actor=administrator, via="web", username="stan", is_staff=True)
    user = create_user(actor=staff, via="web", username="new")
    assert not update_user(user, actor=staff, via="web", is_active=False).is_active
    # A provider would take a confirmed address for whose account it is.
    for field in ("is_staff", "is_superuser", "email_confirmed"):
        with pytest.raises(Forbidden):
            update_user(user, actor=staff, via="web", **{field: True})
    for change in ({"is_active": False}, {"email": "mine@example.org"}):
        with pytest.raises(Forbidden):
            update_user(administrator, actor=staff, via="web", **change)
    with pytest.raises(Forbidden):
        set_password(administrator, "a long enough one", actor=staff, via="web")


def test_the_last_administrator_stays(administrator):
    for change in ({"is_active": False}, {"is_superuser": False}):
        with pytest.raises(Conflict):
            update_user(administrator, actor=administrator, via="web", **change)


def test_a_token_is_shown_once_and_kept_as_a_hash(stranger):
    token, secret = create_token(stranger, actor=stranger, via="web", name="laptop", scopes=["write", "read"])
    assert secret.startswith("ist_")
    assert (token.prefix, token.digest) == (secret[:12], ApiToken.digest_of(secret))
    assert secret not in str(list(ApiToken.objects.values())) + str(list(Change.objects.values()))
    assert (token.scopes, live_token(secret)) == (["read", "write"], token)


@pytest.mark.parametrize(
    ("given", "allowed"),
    [(["read"], {"read"}), (["write"], {"read", "write"}), (["admin"], {"read", "write", "admin"})],
)
def test_each_scope_contains_the_ones_before(stranger, given, allowed):
    token, _ = create_token(stranger, actor=None, via="api", name="x", scopes=given)
    assert {scope for scope in ("read", "write", "admin") if token.allows(scope)} == allowed


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_a_bad_token_names_the_field(stranger, fields, field):
    with pytest.raises(ValidationError) as refused:
        create_token(stranger, actor=stranger, via="web", **{"name": "x", "scopes": ["read"], **fields})
    assert set(refused.value.error_dict) == {field}


def test_whose_token_it_is(stranger, reporter, administrator):
    with pytest.raises(Forbidden):
        create_token(stranger, actor=administrator, via="web", name="x", scopes=["read"])
    token, secret = create_token(stranger, actor=stranger, via="web", name="x", scopes=["read"])
    with pytest.raises(Forbidden):
        revoke_token(token, actor=reporter, via="web")
    assert revoke_token(token, actor=administrator, via="web").revoked_at
    assert live_token(secret) is None


def test_a_deactivated_person_has_no_live_token(stranger, administrator):
    _token, secret = create_token(stranger, actor=stranger, via="web", name="x", scopes=["read"])
    update_user(stranger, actor=administrator, via="web", is_active=False)
    assert live_token(secret) is None
