"""Reads from the environment how people may sign in, and says clearly which value is wrong and why."""

import json
import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from issuetracker.environment import read_count, read_flag

SIGNUPS = {"closed": "closed", "invite": "invitation", "invitation": "invitation", "open": "open"}
ROLES = ("viewer", "reporter", "triager", "maintainer")
RANKS = ("staff", "administrator")
NEEDED = {"name", "issuer", "client_id", "secret"}
DEFAULTS = {"title": "", "groups_claim": "groups", "groups": {}, "scope": [], "create": True, "trust_email": True}
PROVIDER_APPS = ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]


def read_signup(env):
    """Return SIGNUP: "closed" (the default), "invitation" or "open". Raises ImproperlyConfigured."""
    value = (env.str("SIGNUP", default="") or "closed").strip().lower()
    if value not in SIGNUPS:
        raise ImproperlyConfigured(f"SIGNUP must be closed, invitation or open, not {value!r}.")
    return SIGNUPS[value]


def read_proxies(env, https):
    """Return PROXIES, how many proxies of one's own a request passes: one where there is HTTPS, else none.

    Raises ImproperlyConfigured unless it is a number from 0 to 9.
    """
    return read_count(env, "PROXIES", int(https), most=9, least=0)


def read_local(env, providers):
    """Return `(LOCAL_LOGIN, BREAK_GLASS)`: whether passwords and passkeys are taken, and from whom they always are.

    Raises ImproperlyConfigured where nobody could sign in.
    """
    is_local = read_flag(env, "LOCAL_LOGIN", default="on")
    name = env.str("BREAK_GLASS", default="").strip()
    if not is_local and not providers:
        raise ImproperlyConfigured("LOCAL_LOGIN can be off only where OIDC_PROVIDERS names somebody else to ask.")
    if not is_local and not name:
        raise ImproperlyConfigured("With LOCAL_LOGIN off, BREAK_GLASS must name the administrator who still gets in.")
    return is_local, name


def read_providers(env):
    """Return OIDC_PROVIDERS, a JSON list, as dictionaries that are complete. Raises ImproperlyConfigured."""
    value = env.str("OIDC_PROVIDERS", default="").strip()
    if not value:
        return []
    try:
        given = json.loads(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"OIDC_PROVIDERS is not JSON: {error}.") from error
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ImproperlyConfigured("OIDC_PROVIDERS must be a JSON list of objects.")
    providers = [_provider(one) for one in given]
    if len({one["name"] for one in providers}) < len(providers):
        raise ImproperlyConfigured("OIDC_PROVIDERS has two providers of the same name.")
    return providers


def _provider(given):
    missing, unknown = NEEDED - set(given), set(given) - NEEDED - set(DEFAULTS)
    if missing:
        raise ImproperlyConfigured(f"OIDC_PROVIDERS: a provider lacks {', '.join(sorted(missing))}.")
    if unknown:
        raise ImproperlyConfigured(f"OIDC_PROVIDERS: a provider has no {', '.join(sorted(unknown))}.")
    one = {**DEFAULTS, **given}
    for field, example in {**dict.fromkeys(NEEDED, ""), **DEFAULTS}.items():
        if not isinstance(one[field], type(example)):
            raise ImproperlyConfigured(f"OIDC_PROVIDERS: {field} is of the wrong type.")
    if not re.fullmatch(r"[a-z0-9-]{1,30}", one["name"]):
        raise ImproperlyConfigured("OIDC_PROVIDERS: a name is of small letters, digits and hyphens.")
    parts = urlsplit(one["issuer"])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(f"OIDC_PROVIDERS: {one['name']} has no issuer like https://id.example.org.")
    for group, given_by_it in one["groups"].items():
        _check_group(one["name"], group, given_by_it)
    return {**one, "title": one["title"] or one["name"]}


def _check_group(name, group, given):
    """Refuse what a group cannot give: "staff", "administrator", or roles by the keys of products."""
    roles = given.values() if isinstance(given, dict) else ()
    if given not in RANKS and (not roles or not all(role in ROLES for role in roles)):
        raise ImproperlyConfigured(
            f"OIDC_PROVIDERS: {name} gives the group {group!r} neither of {', '.join(RANKS)}, nor roles such as"
            ' {"WEB": "triager"}.'
        )


def provider_apps(providers):
    """Return the apps that providers need; without any they would only make the start longer."""
    return PROVIDER_APPS if providers else []


def provider_settings():
    """Return SOCIALACCOUNT_PROVIDERS; which providers there are, OIDC_PROVIDERS says."""
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "provider_class": "accounts.signin.providers.Provider"}}
