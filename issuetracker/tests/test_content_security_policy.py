"""Our own pages allow scripts by nonce alone; pages whose templates are not ours, those below the static path."""

import pytest
from csp.constants import HEADER


def policy(response):
    parts = (part.split() for part in response.headers[HEADER].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize(
    ("path", "scripts", "styles"),
    [
        ("/admin/login/", ["testserver/static/", "testserver/admin/jsi18n/"], ["'self'"]),
        ("/docs", ["testserver/static/", "testserver/docs"], ["'self'", "'unsafe-inline'"]),
        ("/api/v1/", ["testserver/static/"], ["'self'"]),
    ],
)
def test_policy(client, db, path, scripts, styles):
    found = policy(client.get(path, HTTP_ACCEPT="text/html"))
    assert found["script-src"] == scripts
    assert found["style-src"] == styles
    assert found["default-src"] == found["object-src"] == found["base-uri"] == ["'none'"]
    assert found["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("path", ["/api/v1/", "/status/", "/issues/export.csv"])
def test_what_is_no_page_may_do_nothing(client, db, path):
    assert policy(client.get(path)) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}


def test_a_page_with_scripts_names_its_nonce(client, db):
    response = client.get("/accounts/login/")
    nonces = {
        value.removeprefix("'nonce-").removesuffix("'")
        for value in policy(response)["script-src"]
        if value.startswith("'nonce-")
    }
    assert len(nonces) == len(policy(response)["script-src"]) == 1
    assert f'nonce="{nonces.pop()}"' in response.text
