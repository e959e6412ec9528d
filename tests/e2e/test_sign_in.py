"""Signing in with a browser: by password, by a code after it, by a passkey alone, and by a provider."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from accounts.models import Session, User
from accounts.services import factors
from accounts.tests.test_second_step import SECRET, code_of
from products.models import Member
from tests.cast import PASSWORD
from tests.e2e.conftest import NARROW
from tests.provider import running_provider, tell

GROUPS = {"web": {"WEB": "triager"}}


@pytest.fixture(autouse=True)
def here(settings, live_server):
    """The site as the browser knows it."""
    cache.clear()
    settings.SITE_URL = live_server.url
    settings.OIDC_PROVIDERS = []


@pytest.fixture
def authenticator(context):
    """A function that plugs a virtual authenticator into a page, whose owner agrees to everything."""

    def plug_into(page):
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    return plug_into


def enter(page, name="sam", password=PASSWORD):
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def arrived(page, heading="Sign-in"):
    """Wait for the page of that heading."""
    page.get_by_role("heading", name=heading, exact=True).first.wait_for()


@pytest.fixture
def come_back(live_server):
    """A function that signs out, and goes to the page of sign-in on the way to how one signs in."""

    def come_back(page):
        page.goto(f"{live_server.url}/profile/")
        page.locator("main").get_by_role("button", name="Sign out").click()
        page.wait_for_url(lambda url: "/profile" not in url)
        page.goto(f"{live_server.url}/accounts/login/?next=/profile/sign-in/")

    return come_back


def test_by_password_on_to_where_one_was_going(visit, transactional_db, stranger):
    page = visit("/profile/tokens/")
    page.get_by_label("Password").wait_for()
    enter(page, password="wrong")
    assert page.get_by_role("alert").inner_text() == "User name or password is wrong."
    enter(page)
    arrived(page, "API tokens")
    page.get_by_role("link", name="Sessions").click()
    page.get_by_role("cell", name="Chrome, Linux").wait_for()
    assert page.get_by_text("This one").is_visible()


def test_without_javascript(special_context, live_server, transactional_db, stranger):
    factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    page = special_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/accounts/login/?next=/profile/")
    assert not page.get_by_role("button", name="passkey").is_visible()
    enter(page)
    page.get_by_label("Code").fill(code_of())
    page.get_by_role("button", name="Sign in").click()
    arrived(page, "Sam")


def test_by_a_code_after_the_password(visit, come_back, transactional_db, stranger):
    page = visit("/accounts/login/?next=/profile/sign-in/", viewport=NARROW)
    enter(page)
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Code from the app").fill(code_of(page.locator("#secret").inner_text()))
    page.get_by_role("button", name="Set it up").click()
    codes = page.locator("#codes code").all_inner_texts()
    assert len(codes) == 10
    come_back(page)
    enter(page)
    page.get_by_role("heading", name="Second step").wait_for()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("That is not right").first.wait_for()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    arrived(page)
    assert Session.objects.filter(user=stranger).count() == 1


def test_by_a_passkey_alone_and_as_the_second_step(visit, come_back, authenticator, transactional_db, stranger):
    page = visit("/accounts/login/?next=/profile/sign-in/")
    devtools, plugged = authenticator(page)
    enter(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    (key,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": plugged})["credentials"]
    assert (key["isResidentCredential"], key["rpId"]) == (True, "localhost")
    # By nothing else, not even a name.
    come_back(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    arrived(page)
    assert page.get_by_text("laptop").first.is_visible()
    # After the password, in the place of a code.
    come_back(page)
    enter(page)
    page.get_by_role("button", name="Use a passkey").click()
    arrived(page)
    # Once it is removed it opens nothing.
    page.get_by_role("button", name="Remove laptop").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("The passkey is removed.").first.wait_for()
    assert not Authenticator.objects.exists()
    come_back(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("This passkey is not known here").wait_for()


@pytest.mark.once
def test_who_thinks_better_of_it_is_told_what_else_there_is(visit, authenticator, transactional_db, stranger):
    page = visit("/accounts/login/")
    devtools, plugged = authenticator(page)
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": plugged, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was used").wait_for()


def test_by_a_provider(visit, settings, transactional_db, product):
    with running_provider() as address:
        claims = {"email": "kim@example.org", "email_verified": True, "preferred_username": "kim", "groups": ["web"]}
        tell(address, "kim-1", **claims)
        provider = {"name": "corp", "title": "Example Corp", "issuer": address, "client_id": "x", "secret": "y"}
        more = {"groups_claim": "groups", "groups": GROUPS, "scope": [], "create": True, "trust_email": True}
        settings.OIDC_PROVIDERS = [{**provider, **more}]
        page = visit("/accounts/login/?next=/profile/sign-in/")
        # The provider's own page asks for a style sheet of elsewhere.
        page.route(lambda url: "//localhost" not in url, lambda route: route.fulfill(body=""))
        page.get_by_role("button", name="Sign in with Example Corp").click()
        page.locator("input[name=sub]").fill("kim-1")
        page.locator("button[type=submit], input[type=submit]").first.click()
        arrived(page)
        assert page.get_by_text("Example Corp connected").is_visible()
    assert Member.objects.get(user=User.objects.get(username="kim")).role == "triager"
