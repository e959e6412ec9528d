"""What shows a token at the API is answered without a session, whatever cookies come along."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

ME = "/api/v1/me/"


def asked(client, path=ME, **headers):
    with CaptureQueriesContext(connection) as asked:
        response = client.get(path, headers=headers)
    return response, " ".join(one["sql"] for one in asked.captured_queries)


@pytest.fixture
def header(api, triager):
    return api(triager)._credentials["HTTP_AUTHORIZATION"]


def test_a_token_goes_before_a_session_that_is_not_asked_for(client, header, maintainer):
    client.force_login(maintainer)
    response, statements = asked(client, authorization=header)
    assert response.json()["username"] == "tom"
    assert "accounts_session" not in statements
    assert settings.SESSION_COOKIE_NAME not in response.cookies
    response, statements = asked(client)
    assert response.json()["username"] == "mia"
    assert "accounts_session" in statements


@pytest.mark.parametrize("shown", ["Bearer ", "bearer ist_no", "BEARER x"])
def test_a_bad_token_is_not_made_up_for_by_a_session(client, maintainer, shown):
    client.force_login(maintainer)
    response, statements = asked(client, authorization=shown)
    assert response.status_code == 401
    assert "accounts_session" not in statements


def test_pages_ask_for_the_session_whatever_header_they_get(client, header, maintainer):
    client.force_login(maintainer)
    _response, statements = asked(client, "/issues/", authorization=header)
    assert "accounts_session" in statements


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
    assert "<!DOCTYPE html>" in response.content.decode()
