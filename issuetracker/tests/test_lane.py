"""What shows a token at the API is answered without a session, whatever cookies come along."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

ME = "/api/v1/me/"


def asked(client, path=ME, **headers):
    """Return the answer, and how many statements it took."""
    with CaptureQueriesContext(connection) as asked:
        response = client.get(path, headers=headers)
    return response, len(asked)


@pytest.fixture
def header(api, triager):
    client = api(triager)
    # Once a minute a request also notes that the token was used.
    client.get(ME)
    return client._credentials["HTTP_AUTHORIZATION"]


def test_a_token_goes_before_a_session_that_is_not_asked_for(client, header, maintainer):
    _response, alone = asked(client, authorization=header)
    client.force_login(maintainer)
    response, statements = asked(client, authorization=header)
    assert response.json()["username"] == "tom"
    assert statements == alone
    assert not hasattr(response.wsgi_request, "session")
    assert settings.SESSION_COOKIE_NAME not in response.cookies
    response, statements = asked(client)
    assert response.json()["username"] == "mia"
    assert statements > alone


@pytest.mark.parametrize(("shown", "statements"), [("Bearer ", 0), ("bearer ist_no", 1), ("BEARER x", 1)])
def test_a_bad_token_is_not_made_up_for_by_a_session(client, maintainer, shown, statements):
    client.force_login(maintainer)
    response, took = asked(client, authorization=shown)
    assert (response.status_code, took) == (401, statements)


def test_pages_ask_for_the_session_whatever_header_they_get(client, header, maintainer):
    client.force_login(maintainer)
    response, _statements = asked(client, "/profile/", authorization=header)
    assert (response.status_code, response.context["user"]) == (200, maintainer)


def test_the_answer_has_the_same_headers(client, header, triager):
    by_token, _statements = asked(client, authorization=header)
    client.force_login(triager)
    by_session, _statements = asked(client)
    # What a session answers varies by its cookie.
    changing = {"X-Request-ID", "Content-Length", "Vary"}
    headers = [
        {name: value for name, value in response.headers.items() if name not in changing}
        for response in (by_token, by_session)
    ]
    assert headers[0] == headers[1]


def test_a_browser_sees_the_page_of_the_api(client, header):
    response, _statements = asked(client, authorization=header, accept="text/html")
    assert response.status_code == 200
    assert "<!doctype html>" in response.content.decode()
