"""Forged requests: from other sites, by links, under other names of this one; and what every answer carries."""

import re
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client, override_settings

from accounts.signin import place
from accounts.tests.test_passkeys import prove
from tests.access.routes import PAGES, SITE
from tests.cast import PASSWORD
from tests.hostile.families import URLS
from tests.hostile.judging import faults_of, header_faults, timed
from tests.hostile.world import addresses

pytestmark = pytest.mark.once
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
# What answers before anything is done: nothing is there, or nothing is done there by that method.
NOTHING_DONE = (403, 404, 405)
ABOUT_ONESELF = ("/profile/", "/accounts/")


@pytest.fixture
def every_address(world):
    """Each address of the site."""
    return [address for _name, _pattern, address in addresses(world)]


def forged(world, **options):
    """Return a browser that another site makes send requests, with the session of an administrator."""
    client = Client(raise_request_exception=False, **options)
    client.force_login(world.administrator)
    return client


def unguarded(client, every_address, **headers):
    """Return the requests that a site other than ours could have a browser send, and be obeyed."""
    found = []
    for address in every_address:
        for method in UNSAFE:
            kind = "application/json" if address.startswith("/api/") else "application/x-www-form-urlencoded"
            answer, _seconds, ledger = timed(
                lambda method=method, address=address, kind=kind: client.generic(
                    method, address, b"", content_type=kind, headers=headers
                )
            )
            if ledger.tables or answer.status_code not in NOTHING_DONE:
                found.append((method, address, answer.status_code, *sorted(ledger.tables)))
    return found


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_no_form_of_another_site_is_obeyed(world, every_address, headers):
    found = unguarded(forged(world, enforce_csrf_checks=True), every_address, **headers)
    # A login by another site's form gives it nothing, and this one has its own check against it.
    assert not found, "\n".join(map(str, found))


def test_the_check_of_forms_finds_what_is_not_guarded(world, every_address):
    found = unguarded(forged(world, enforce_csrf_checks=False), every_address)
    assert len(found) > 60 and any(len(line) > 3 for line in found)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_nothing_changes_by_reading(every_address, somebody, nobody, method):
    faults = []
    for client in (somebody, nobody):
        for address in every_address:
            found, _answer = faults_of(
                lambda client=client, address=address: client.generic(method, address), reads=True
            )
            faults += [f"{method} {address}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def test_a_change_by_reading_is_noticed(world, somebody):
    def reads():
        somebody.post("/issues/WEB-1/set/", {"priority": "high"})
        return somebody.get("/issues/")

    faults, _answer = faults_of(reads, reads=True)
    assert faults and "UPDATE issues_issue" in faults[0]


PLACES = [
    "/accounts/login/?next={}",
    "/admin/login/?next={}",
    "/accounts/prove/?next={}",
    "/products/web/?x={}",
    "/issues/web-1/?list={}",
    "/issues/feed/?next={}",
    "/batches/{batch}/?next={}",
    "/{}",
    "/issues{}",
]


@pytest.mark.parametrize("place_", PLACES)
def test_no_link_of_ours_leads_to_another_site(world, somebody, nobody, place_):
    faults = []
    for target in URLS:
        address = place_.replace("{batch}", str(world.ids["batch"])).format(quote(target, safe="/\\"))
        for client in (somebody, nobody):
            found, answer = faults_of(lambda client=client, address=address: client.get(address, follow=False))
            faults += [f"{address}: {fault}" for fault in found]
            if answer is not None and re.search(rb'(?:href|action)="\s*(?:https?:)?[/\\]{2}evil', answer.content):
                faults.append(f"{address}: a link to another site")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("target", URLS)
def test_sign_in_leads_to_this_site_alone(world, target):
    client = Client()
    sent = {"username": "rosa", "password": PASSWORD, "next": target}
    faults, answer = faults_of(lambda: client.post("/accounts/login/", sent))
    assert not faults
    assert (answer.status_code, answer["Location"].startswith("/")) == (302, True)


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "testserver:x", "", "a b", "["]
)
def test_another_name_of_this_site_is_refused(every_address, nobody, host):
    answers = [nobody.get(address, headers={"host": host}) for address in every_address[::20]]
    assert {answer.status_code for answer in answers} == {400}
    assert not [fault for answer in answers for fault in header_faults(answer)]


@override_settings(ALLOWED_HOSTS=["*"])
def test_no_link_is_made_of_the_name_that_was_asked_for(every_address, somebody):

    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-server": "evil.example"}
    for address in every_address:
        answer = timed(lambda address=address: somebody.get(address, headers=evil))[0]
        assert "evil.example" not in answer.get("Location", ""), address
        assert b"//evil.example" not in answer.getvalue(), address


def test_every_answer_carries_the_headers(every_address, somebody, nobody, program):
    faults = []
    for client in (somebody, nobody, program):
        for address in [*every_address, "/nothing-here/", "/static/css/app.css", "/static/nothing.css", "/issues"]:
            found, answer = faults_of(lambda client=client, address=address: client.get(address))
            faults += [f"{address} {answer and answer.status_code}: {fault}" for fault in found]
    assert not faults, "\n".join(sorted(set(faults)))


def test_no_page_about_oneself_is_kept_by_a_browser(world, somebody):
    prove(somebody, world.administrator)
    asking = {name for name, route in PAGES.items() if route.asks and route.level == SITE}
    own = [path for name, _pattern, path in addresses(world) if name in asking and path.startswith(ABOUT_ONESELF)]
    answers = {path: somebody.get(path) for path in own}
    shown = [path for path, answer in answers.items() if answer.status_code == 200]
    assert len(shown) > 8
    assert [path for path in shown if "no-store" not in answers[path].get("Cache-Control", "")] == []


def test_cookies_are_for_https_alone_where_the_site_is(world, nobody, monkeypatch):
    monkeypatch.setattr(place, "COOKIE", "__Host-device")
    names = {"SESSION_COOKIE_NAME": "__Host-session", "CSRF_COOKIE_NAME": "__Host-csrf"}
    with override_settings(HTTPS=True, SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, **names):
        nobody.get("/accounts/login/", secure=True)
        answer = nobody.post("/accounts/login/", {"username": "rosa", "password": PASSWORD}, secure=True)
        assert {cookie.key for cookie in answer.cookies.values()} >= {"__Host-session", "__Host-device"}
        assert not header_faults(answer)
    assert settings.SESSION_COOKIE_HTTPONLY


def test_a_cookie_without_its_flags_is_noticed(world, nobody):
    with override_settings(SESSION_COOKIE_HTTPONLY=False, X_FRAME_OPTIONS="SAMEORIGIN"):
        answer = nobody.post("/accounts/login/", {"username": "rosa", "password": PASSWORD})
        faults = header_faults(answer)
    assert any("cookie" in fault for fault in faults) and any("X-Frame" in fault for fault in faults)
