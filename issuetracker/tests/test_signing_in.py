"""How people may sign in, as the environment says it, and what is refused with the name of the variable."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from issuetracker import environment, signing_in

NAMES = ("SIGNUP", "PROXIES", "LOCAL_LOGIN", "BREAK_GLASS", "OIDC_PROVIDERS")
ONE = {"name": "corp", "issuer": "https://id.example.org", "client_id": "a", "secret": "b"}


@pytest.fixture
def env(monkeypatch):
    """A function that returns an environment of these values."""

    def env(**values):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value if isinstance(value, str) else json.dumps(value))
        return environment.Environment()

    return env


def test_nothing_said(env):
    assert signing_in.read_signup(env()) == "closed"
    assert signing_in.read_providers(env()) == []
    assert signing_in.read_local(env(), []) == (True, "")
    assert [signing_in.read_proxies(env(), https) for https in (False, True)] == [0, 1]
    assert signing_in.provider_apps([]) == []


def test_a_provider_is_completed(env):
    (one,) = signing_in.read_providers(env(OIDC_PROVIDERS=[ONE]))
    assert one == {**ONE, **signing_in.DEFAULTS, "title": "corp"}
    assert signing_in.provider_apps([one])


@pytest.mark.parametrize(("value", "meant"), [("invite", "invitation"), ("Invitation", "invitation"), ("open", "open")])
def test_words_for_sign_up(env, value, meant):
    assert signing_in.read_signup(env(SIGNUP=value)) == meant


def test_sign_in_here_is_off_with_somebody_who_still_gets_in(env):
    assert signing_in.read_local(env(LOCAL_LOGIN="off", BREAK_GLASS="ada"), [ONE]) == (False, "ada")
    for missing in ({"BREAK_GLASS": ""}, {}):
        with pytest.raises(ImproperlyConfigured, match="BREAK_GLASS"):
            signing_in.read_local(env(LOCAL_LOGIN="off", **missing), [ONE])
    with pytest.raises(ImproperlyConfigured, match="OIDC_PROVIDERS"):
        signing_in.read_local(env(LOCAL_LOGIN="off", BREAK_GLASS="ada"), [])


@pytest.mark.parametrize(
    "value",
    [
        "no json",
        {},
        ["x"],
        [{}],
        [{**ONE, "colour": "red"}],
        [{**ONE, "name": "Corp Inc"}],
        [{**ONE, "issuer": "id.example.org"}],
        [{**ONE, "create": "yes"}],
        [{**ONE, "groups": ["x"]}],
        [{**ONE, "groups": {"x": "king"}}],
        [{**ONE, "groups": {"x": {"WEB": "king"}}}],
        [{**ONE, "groups": {"x": {}}}],
        [{**ONE, "groups": {"x": ["WEB"]}}],
        [ONE, ONE],
    ],
)
def test_providers_that_cannot_be(env, value):
    with pytest.raises(ImproperlyConfigured, match="OIDC_PROVIDERS"):
        signing_in.read_providers(env(OIDC_PROVIDERS=value))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("SIGNUP", signing_in.read_signup),
        ("PROXIES", lambda given: signing_in.read_proxies(given, True)),
        ("LOCAL_LOGIN", lambda given: signing_in.read_local(given, [])),
    ],
)
def test_a_bad_value_is_refused_by_name(env, name, read):
    for value in ("maybe", "10", "-1"):
        with pytest.raises(ImproperlyConfigured, match=name):
            read(env(**{name: value}))
