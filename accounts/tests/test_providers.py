"""Signing in by an OpenID Connect provider, a real one that runs in the test: who one is here, and what groups give."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.services import create_user, factors, identities, set_password, update_user
from accounts.tests.test_second_step import SECRET, code_of
from accounts.tests.test_sign_in_page import enter
from history.errors import Conflict
from history.models import Event
from products.models import Member
from tests import provider as mock
from tests.cast import PASSWORD
from tests.provider import running_provider

GROUPS = {"web": {"WEB": "triager"}, "leads": {"WEB": "maintainer"}, "root": "administrator"}
CLAIMS = {
    "email": "kim@example.org",
    "email_verified": True,
    "preferred_username": "kim",
    "name": "Kim K.",
    "groups": ["web"],
}


@pytest.fixture(autouse=True)
def _unused_codes():
    """A code of an app works once, also where the person of the test before had the same id."""
    cache.clear()


@pytest.fixture(scope="module")
def server():
    """The address of a provider."""
    with running_provider() as address:
        yield address


@pytest.fixture(autouse=True)
def provider(server, settings):
    """The settings of the provider, for a test to change."""
    one = {
        **settings.OIDC_PROVIDERS[0],
        "issuer": server,
        "groups": GROUPS,
    }
    settings.OIDC_PROVIDERS = [one]
    return one


@pytest.fixture
def tell(server):
    """A function that sets what the provider tells of a person."""

    def tell(sub="1", **claims):
        mock.tell(server, sub, **{**CLAIMS, **claims})

    return tell


def go(client, sub="1", **fields):
    """Sign in as `sub` of the provider. Return the answer to the way back."""
    page = client.post("/accounts/oidc/corp/login/", fields)
    onward = re.search(r'<a class="button button-primary" href="([^"]+)"', page.content.decode())[1].replace(
        "&amp;", "&"
    )
    # Whoever catches the code can do nothing with it; and the address is ours, whatever the request calls the host.
    assert "code_challenge_method=S256" in onward and "localhost%3A8002" in onward
    answer = requests.post(onward, data={"sub": sub}, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == "http://localhost:8002"
    return client.get(f"{back.path}?{back.query}")


def role_of(name):
    return Member.objects.filter(user__username=name).values_list("role", flat=True).first()


def said(client, place="/accounts/login/"):
    return client.get(place).content.decode()


def test_somebody_new(client, product, tell):
    tell()
    assert go(client, next="/issues/?q=is:open").url == "/issues/?q=is:open"
    kim = User.objects.get(username="kim")
    assert (kim.email, kim.email_confirmed, kim.display_name) == ("kim@example.org", True, "Kim K.")
    assert (kim.has_usable_password(), kim.is_staff, role_of("kim")) == (False, False, "triager")
    assert client.get("/profile/").status_code == 200
    assert Event.objects.filter(about="user", about_id=kim.pk, kind="created").exists()


def test_the_same_person_again(client, product, tell):
    tell()
    go(client)
    tell(preferred_username="kimberly", email="other@example.org")
    other = Client()
    go(other)
    assert User.objects.filter(username__startswith="kim").count() == 1 and other.get("/profile/").status_code == 200
    assert SocialAccount.objects.get().extra_data == {}


def test_a_name_that_nobody_can_have_is_made_one(client, product, tell):
    tell(preferred_username="\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" + "\N{LATIN SMALL LIGATURE FFI}" * 100)
    go(client)
    assert "ffiffi" in User.objects.get(email="kim@example.org").username


@pytest.mark.parametrize(
    ("groups", "role", "rank"),
    [
        (["web"], "triager", False),
        (["web", "leads"], "maintainer", False),
        (["root", "else"], None, True),
        ([], None, False),
        ("leads", "maintainer", False),
        (None, None, False),
        ({"odd": 1}, None, False),
    ],
)
def test_groups_give_and_take_with_each_sign_in(client, product, tell, groups, role, rank):
    tell(groups=["web", "root"])
    go(client)
    assert (role_of("kim"), User.objects.get(username="kim").is_superuser) == ("triager", True)
    tell(groups=groups)
    go(Client())
    kim = User.objects.get(username="kim")
    assert (role_of("kim"), kim.is_superuser, kim.is_staff) == (role, rank, rank)
    assert Event.objects.filter(product=product, kind="member-changed", actor=None).exists()


def test_what_no_group_gives_is_left_alone(client, product, administrator, tell, provider):
    provider["groups"] = {}
    tell()
    go(client)
    kim = User.objects.get(username="kim")
    from products.services import set_member

    set_member(product, kim, "viewer", actor=administrator, via="web")
    update_user(kim, actor=administrator, via="web", is_staff=True)
    go(Client())
    kim.refresh_from_db()
    assert (role_of("kim"), kim.is_staff) == ("viewer", True)


def test_groups_may_lie_within_another_claim(client, product, tell, provider):
    provider["groups_claim"] = "realm.roles"
    tell(realm={"roles": ["leads"]})
    go(client)
    assert role_of("kim") == "maintainer"


@pytest.mark.parametrize(
    ("here", "there", "trusted", "joined"),
    [(True, True, True, True), (False, True, True, False), (True, False, True, False), (True, True, False, False)],
)
def test_an_account_is_joined_by_an_address_that_both_have_confirmed(
    client, administrator, tell, provider, here, there, trusted, joined
):
    create_user(actor=None, via="web", username="kay", email="KIM@example.org", email_confirmed=here, password=PASSWORD)
    provider["trust_email"] = trusted
    tell(email_verified=there)
    go(client)
    assert (client.get("/profile/").status_code == 200) == joined
    assert SocialAccount.objects.filter(user__username="kay").exists() == joined
    assert not User.objects.filter(username="kim").exists()
    if not joined:
        assert "Sign in to it, and connect Example Corp" in said(client)


@pytest.mark.parametrize("address", ["kim@g\u0131thub.example", "\u212aim@github.example"])
def test_an_address_of_letters_that_only_look_the_same_is_another(client, administrator, tell, address):
    create_user(actor=None, via="web", username="kay", email="kim@github.example", email_confirmed=True)
    tell(email=address)
    go(client)
    assert not SocialAccount.objects.filter(user__username="kay").exists()


def test_an_address_that_is_not_confirmed_is_not_taken_over(client, administrator, tell):
    tell(email_verified=False)
    go(client)
    assert (User.objects.get(username="kim").email, User.objects.get(username="kim").email_confirmed) == ("", False)


@pytest.mark.parametrize("name", ["ADA", "ÉMILE"])
def test_a_name_that_is_taken(client, administrator, tell, name):
    create_user(actor=None, via="web", username="émile")
    tell(preferred_username=name, email="x@example.org")
    go(client)
    assert User.objects.get(email="x@example.org").username == f"{name}2"


@pytest.mark.parametrize(
    ("wanted", "confirmed", "name"),
    [
        ("boss@example.org", True, "boss"),
        ("KIM@example.org", True, "KIM@example.org"),
        ("kim@example.org", False, "kim"),
    ],
)
def test_nobody_is_called_by_the_address_of_somebody_else(client, administrator, tell, wanted, confirmed, name):
    tell(preferred_username=wanted, email_verified=confirmed)
    go(client)
    assert SocialAccount.objects.get().user.username == name


def test_accounts_may_be_made_here_alone(client, administrator, tell, provider):
    provider["create"] = False
    tell()
    go(client)
    assert "no account for you here yet" in said(client) and not User.objects.filter(username="kim").exists()


def test_who_was_deactivated_stays_out(client, administrator, tell):
    tell()
    go(client)
    update_user(User.objects.get(username="kim"), actor=administrator, via="web", is_active=False)
    other = Client()
    go(other)
    assert other.get("/profile/").status_code == 302
    assert "not active" in said(other)


def test_the_second_step_is_asked_for_here_too(client, administrator, tell):
    tell()
    go(client)
    kim = User.objects.get(username="kim")
    factors.add_totp(kim, SECRET, actor=kim, via="web")
    other = Client()
    assert go(other, next="/issues/").url == "/accounts/code/"
    assert other.get("/profile/").status_code == 302
    assert other.post("/accounts/code/", {"code": code_of()}).url == "/issues/"


def test_a_provider_proves_nothing_where_there_is_a_second_step(client, administrator, tell):
    tell()
    go(client)
    kim = User.objects.get(username="kim")
    factors.add_totp(kim, SECRET, actor=kim, via="web")
    left = Client()
    left.force_login(kim)
    # Its page offers none, yet the form can be made by hand.
    assert go(left, next="/profile/sign-in/codes/").url == "/accounts/code/"
    asked = left.get("/profile/sign-in/codes/")
    assert (asked.status_code, asked.url) == (302, "/accounts/login/?next=/profile/sign-in/codes/")
    assert left.get("/profile/").status_code == left.get("/accounts/prove/").status_code == 302
    assert left.post("/accounts/code/", {"code": code_of()}).url == "/profile/sign-in/codes/"
    assert left.get("/profile/sign-in/codes/").status_code == 200


def test_one_connects_it_to_ones_own_account_and_ends_that(stranger, tell):
    tell()
    client = Client()
    enter(client, "sam")
    assert go(client, process="connect").url == "/profile/sign-in/"
    assert SocialAccount.objects.get().user == stranger and not User.objects.filter(username="kim").exists()
    other = Client()
    go(other)
    assert "sam" in said(other, "/profile/")
    client.post("/profile/sign-in/corp/disconnect/")
    assert not SocialAccount.objects.exists()


def test_connecting_asks_who_one_is_and_takes_nothing_from_others(stranger, reporter, tell):
    tell()
    client = Client()
    client.force_login(reporter)
    assert client.post("/accounts/oidc/corp/login/", {"process": "connect"}).url.startswith("/accounts/prove/")
    first, second = Client(), Client()
    enter(first, "sam")
    go(first, process="connect")
    enter(second, "rosa")
    go(second, process="connect")
    assert "Somebody else here" in said(second, "/profile/sign-in/")
    assert SocialAccount.objects.get().user == stranger


def test_who_has_no_password_shows_who_they_are_at_their_provider(client, administrator, tell, settings, provider):
    tell()
    go(client)
    settings.OIDC_PROVIDERS = [provider, {**provider, "name": "other", "title": "Other Corp"}]
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    page = said(client, client.get("/profile/sign-in/app/").url)
    assert "Sign in with Example Corp again" in page and "Other Corp" not in page
    assert go(client, next="/profile/sign-in/app/").url == "/profile/sign-in/app/"
    assert client.get("/profile/sign-in/app/").status_code == 200


@pytest.mark.parametrize(
    ("local", "connected", "code", "asked"),
    [
        (True, False, False, "password"),
        (True, True, False, "password provider"),
        (False, True, False, "provider"),
        (False, False, False, "neither"),
        # By a provider alone one would be around it.
        (False, True, True, "code"),
    ],
)
def test_who_one_is_is_shown_in_a_way_in_which_one_may_sign_in(stranger, tell, settings, local, connected, code, asked):
    tell()
    client = Client()
    enter(client, "sam")
    if connected:
        go(client, process="connect")
    if code:
        factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    settings.LOCAL_LOGIN = local
    page = said(client, "/accounts/prove/")
    found = {"password": 'name="password"', "code": 'name="code"', "provider": "with Example Corp again"}
    found["neither"] = "Sign out, and sign in again"
    assert " ".join(name for name, text in found.items() if text in page) == asked
    if not local:
        client.session.flush()
        client.force_login(stranger)
        client.post("/accounts/prove/", {"password": PASSWORD})
        assert client.get("/profile/sign-in/codes/").status_code == 302


def test_the_only_way_in_is_not_cut_off(client, administrator, tell):
    tell()
    go(client)
    client.post("/profile/sign-in/corp/disconnect/")
    assert "only way to sign in" in said(client, "/profile/sign-in/")
    assert SocialAccount.objects.exists()


@pytest.mark.parametrize(("other", "left"), [("other", 1), ("gone", 2)])
def test_a_provider_that_is_gone_is_no_other_way_in(client, administrator, tell, settings, provider, other, left):
    tell()
    go(client)
    SocialAccount.objects.create(user=User.objects.get(username="kim"), provider=other, uid="1")
    settings.OIDC_PROVIDERS = [provider, {**provider, "name": "other", "title": "Other Corp"}]
    client.post("/profile/sign-in/corp/disconnect/")
    assert SocialAccount.objects.count() == left


@pytest.mark.parametrize(
    ("way", "local", "named", "passkeys", "cut"),
    [
        ("password", True, False, True, True),
        ("password", False, False, True, False),
        ("password", False, True, True, True),
        ("passkey", True, False, True, True),
        ("passkey", True, False, False, False),
        ("passkey", False, False, True, False),
        ("passkey", False, True, True, True),
        # It is but a second step.
        ("app", True, False, True, False),
    ],
)
def test_another_way_in_is_one_by_which_one_may_sign_in(
    client, administrator, tell, settings, way, local, named, passkeys, cut
):
    tell(groups=["root"])
    go(client)
    kim = User.objects.get(username="kim")
    give = {
        "password": lambda: set_password(kim, PASSWORD, actor=administrator, via="admin"),
        "passkey": lambda: factors.add_passkey(kim, "laptop", {}, actor=kim, via="web"),
        "app": lambda: factors.add_totp(kim, SECRET, actor=kim, via="web"),
    }
    give[way]()
    settings.LOCAL_LOGIN, settings.PASSKEYS, settings.BREAK_GLASS = local, passkeys, "kim" if named else ""
    identity = SocialAccount.objects.get()
    if cut:
        identities.disconnect(kim, identity, actor=kim, via="web")
    else:
        with pytest.raises(Conflict):
            identities.disconnect(kim, identity, actor=kim, via="web")
    assert SocialAccount.objects.exists() != cut


def test_it_goes_on_to_pages_of_this_site_alone(client, administrator, tell):
    tell()
    assert go(client, next="https://evil.example/").url == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/oidc/corp/login/callback/?code=x&state=forged",
        "/accounts/oidc/corp/login/callback/?error=access_denied",
    ],
)
def test_a_way_back_that_was_not_begun_here(client, administrator, path):
    assert client.get(path).url == "/accounts/login/"
    assert "has not let you in" in said(client)


def test_a_provider_that_is_away(client, administrator, provider):
    provider["issuer"] = "http://localhost:9"
    assert client.post("/accounts/oidc/corp/login/").url == "/accounts/login/"
    assert "does not answer" in said(client)
    assert client.post("/accounts/oidc/nobody/login/").status_code == 404
    assert client.get("/accounts/oidc/corp/login/").url == "/accounts/login/"
