"""The link that makes the first administrator: printed at the start, good once, and only while there is nobody."""

import re

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts import setup
from accounts.models import User
from accounts.services import create_user
from history.models import Event

FILLED = {"username": "ada", "email": "", "password": "correct horse battery", "again": "correct horse battery"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """A folder of its own for each test: another process offers links meanwhile."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def link(db):
    """The path of a link that was just offered."""
    return setup.offer().removeprefix(settings.SITE_URL)


def test_it_makes_the_administrator_and_signs_in(client, link):
    page = client.get(link)
    assert page.status_code == 200
    hints = page.context["form"].fields["username"].widget.attrs
    assert (hints["autocomplete"], hints["autocapitalize"]) == ("username", "none")
    response = client.post(link, FILLED)
    assert response.status_code == 302
    ada = User.objects.get()
    assert (ada.username, ada.is_superuser, ada.is_staff) == ("ada", True, True)
    assert ada.check_password(FILLED["password"])
    assert client.session["_auth_user_id"] == str(ada.pk)
    # Whoever has just chosen a password has shown who they are.
    assert client.get("/profile/sign-in/app/").status_code == 200
    assert Event.objects.filter(about="user", about_id=ada.pk, kind="created").count() == 1


def test_it_is_good_once(client, link):
    client.post(link, FILLED)
    client.logout()
    used, never = (client.get(path) for path in (link, "/accounts/setup/guess/"))
    assert used.status_code == never.status_code == 404
    # What is drawn by lot for each page is no difference.
    said, other = (re.sub(r'(nonce|value)="[^"]*"', "", page.content.decode()) for page in (used, never))
    assert said == other
    assert "This link is over" in said and 'href="/accounts/login/"' in said
    User.objects.all().delete()
    assert client.get(link).status_code == 404
    assert client.post(link, FILLED).status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short", "again": "short"}, "password"),
        ({"password": "password1234", "again": "password1234"}, "password"),
        ({"again": "another horse"}, "again"),
        ({"username": ""}, "username"),
        ({"username": "two words"}, "username"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_what_cannot_be_used_is_refused_beside_its_field(client, link, change, field):
    response = client.post(link, FILLED | change)
    assert response.status_code == 200
    assert response.context["form"].errors[field]
    assert not User.objects.exists()
    assert client.get(link).status_code == 200


def test_a_wrong_or_replaced_link_is_over(client, link):
    assert client.get("/accounts/setup/guess/").status_code == 404
    setup.offer()
    assert client.get(link).status_code == 404


def test_with_somebody_there_nothing_is_offered(client, link, stranger):
    assert client.get(link).status_code == 404
    assert setup.offer() is None


def test_who_came_by_an_import_alone_is_nobody_yet(client, link):
    create_user(actor=None, via="import", username="bob", is_placeholder=True)
    assert client.get(link).status_code == 200
    again = setup.offer().removeprefix(settings.SITE_URL)
    assert client.post(again, FILLED).status_code == 302
    assert User.objects.get(is_superuser=True).username == "ada"
    assert setup.offer() is None


@pytest.mark.parametrize("name", ["ada", "ADA"])
def test_the_name_of_who_came_by_an_import_is_theirs(client, link, name):
    create_user(actor=None, via="import", username="Ada", is_placeholder=True)
    (said,) = client.post(link, FILLED | {"username": name}).context["form"].errors["username"]
    assert "import" in said
    assert client.post(link, FILLED | {"username": "grace"}).status_code == 302
    assert set(User.objects.values_list("username", "is_active")) == {("Ada", False), ("grace", True)}


def test_the_token_is_kept_as_a_digest_alone(link):
    token = re.fullmatch(r"/accounts/setup/([\w-]{40,})/", link)[1]
    kept = settings.DATA_DIR / "setup_token"
    assert token not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_djangos_own_command_makes_an_administrator_too(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "grace")
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "grace@example.org")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    call_command("createsuperuser", interactive=False, verbosity=0)
    grace = User.objects.get(username="grace")
    assert grace.is_superuser and grace.check_password("correct horse battery")
    assert Event.objects.filter(about="user", about_id=grace.pk, kind="created").count() == 1
