"""The second step: an app that makes codes, recovery codes, and showing who one is before one changes them."""

import re
import time
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Letter, Tally, User
from accounts.services import create_user, factors, update_user
from accounts.tests.test_sign_in_page import enter
from history.errors import Conflict, Forbidden
from history.models import Batch, Change
from tests.cast import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_of(secret=SECRET, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture(autouse=True)
def unused():
    """No code that another test of the same half minute has used up, and none that ends while it is sent."""
    cache.clear()
    with time_machine.travel(time.time() // 30 * 30 + 15):
        yield


@pytest.fixture
def guarded(stranger):
    """Sam, whose app makes codes."""
    factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    return stranger


def recovery_codes(user):
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def step(client, code):
    return client.post("/accounts/code/", {"code": code})


def is_in(client):
    return client.get("/profile/").status_code == 200


def test_an_app_is_set_up_and_then_asked_for(stranger):
    client = Client()
    enter(client, "sam")
    page = client.get("/profile/sign-in/app/").content.decode()
    secret = re.search(r'id="secret"[^>]*>(\w+)<', page)[1]
    assert "data:image/svg+xml" in page
    assert client.post("/profile/sign-in/app/", {"code": "000000"}).status_code == 400
    assert client.post("/profile/sign-in/app/", {"code": code_of(secret)}).url == "/profile/sign-in/codes/"
    codes = client.get("/profile/sign-in/codes/").content.decode()
    assert all(code in codes for code in recovery_codes(stranger))
    assert Change.objects.filter(field="totp", event__about_id=stranger.pk).count() == 1
    client.post("/accounts/logout/")
    assert enter(client, "sam", next="/issues/").url == "/accounts/code/"
    assert not is_in(client)
    assert step(client, code_of(secret, 1)).url == "/issues/"
    assert is_in(client)


def test_the_secret_is_not_in_the_database(guarded):
    kept = str(list(Authenticator.objects.values()))
    assert SECRET not in kept and not any(code in kept for code in recovery_codes(guarded))


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (3, False)])
def test_clocks_may_differ_a_little(client, guarded, steps, accepted):
    enter(client, "sam")
    assert step(client, code_of(steps=steps)).status_code == (302 if accepted else 200)
    assert is_in(client) == accepted


def test_a_code_is_good_once_in_all_processes(client, guarded):
    code = code_of()
    enter(client, "sam")
    step(client, code)
    # As another process does, which has a cache of its own.
    cache.clear()
    other = Client()
    enter(other, "sam")
    assert step(other, code).status_code == 200 and not is_in(other)


def test_a_recovery_code_is_good_once(client, guarded):
    code = recovery_codes(guarded)[3]
    enter(client, "sam")
    step(client, code)
    assert is_in(client) and code not in recovery_codes(guarded)
    Tally.objects.all().delete()
    other = Client()
    enter(other, "sam")
    assert step(other, code).status_code == 200 and not is_in(other)


def test_codes_cannot_be_guessed_at(client, guarded):
    enter(client, "sam")
    for number in range(10):
        step(client, f"{number:06}")
    assert "Too many tries" in step(client, code_of()).content.decode()
    assert not is_in(client)


def test_codes_are_guessed_at_from_everywhere_so_often_and_no_more(guarded):
    known = Client()
    enter(known, "sam")
    step(known, code_of(steps=-1))
    known.post("/accounts/logout/")
    for number in range(10):
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        enter(client, "sam")
        for guess in range(5):
            step(client, f"{guess:06}")
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert enter(elsewhere, "sam").url == "/accounts/code/"
    assert "Too many tries" in step(elsewhere, code_of()).content.decode() and not is_in(elsewhere)
    # A browser that is known stays open.
    enter(known, "sam")
    step(known, code_of())
    assert is_in(known)


def test_one_network_alone_locks_nobody_out_of_the_second_step(client, guarded):
    next_door = Client(REMOTE_ADDR="203.0.113.1")
    enter(next_door, "sam")
    for guess in range(60):
        step(next_door, f"{guess:06}")
    enter(client, "sam")
    step(client, code_of())
    assert is_in(client)


def test_no_name_uses_up_the_tries_of_a_code(client, guarded):
    for _number in range(11):
        enter(client, f"code of {guarded.pk}", "x")
        enter(client, str(guarded.pk), "x")
    enter(client, "sam")
    step(client, code_of())
    assert is_in(client)


def test_without_the_first_step_there_is_no_second(client, guarded):
    assert client.get("/accounts/code/").url == "/accounts/login/"
    assert step(client, code_of()).url == "/accounts/login/"


def test_who_was_deactivated_in_between_does_not_come_in(client, guarded, administrator):
    enter(client, "sam")
    get_user_model().objects.filter(pk=guarded.pk).update(is_active=False)
    step(client, code_of())
    assert not is_in(client)


def test_between_the_steps_nothing_is_open(administrator):
    factors.add_totp(administrator, SECRET, actor=administrator, via="web")
    client = Client()
    enter(client, "ada", next="/admin/")
    assert client.get("/api/v1/me/").status_code == 401
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"
    assert step(client, code_of()).url == "/admin/"
    assert client.get("/api/v1/me/").json()["username"] == "ada" and client.get("/admin/").status_code == 200


def test_what_changes_sign_in_asks_who_one_is(guarded):
    client = Client()
    client.force_login(guarded)
    for place in ("app/", "codes/", "passkeys/new/", "app/remove/"):
        asked = client.get(f"/profile/sign-in/{place}")
        assert asked.url == f"/accounts/prove/?next=%2Fprofile%2Fsign-in%2F{place.replace('/', '%2F')}"
    prove = "/accounts/prove/?next=/profile/sign-in/codes/"
    assert client.post(prove, {"password": PASSWORD}).status_code == 200
    assert client.post(prove, {"code": "000000"}).status_code == 200
    assert client.post(prove, {"code": code_of()}).url == "/profile/sign-in/codes/"
    assert client.get("/profile/sign-in/codes/").status_code == 200


def test_without_second_step_the_password_shows_it_for_a_while(stranger):
    client = Client()
    client.force_login(stranger)
    assert client.post("/accounts/prove/", {"password": "wrong"}).status_code == 200
    assert client.post("/accounts/prove/", {"password": PASSWORD, "next": "//evil.example"}).url == "/profile/sign-in/"
    assert client.get("/profile/sign-in/app/").status_code == 200
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 16 * 60
    session.save()
    assert client.get("/profile/sign-in/app/").status_code == 302


def test_an_app_is_removed_with_its_recovery_codes(guarded):
    client = Client()
    enter(client, "sam")
    step(client, code_of())
    assert "Remove the app?" in client.post("/profile/sign-in/app/remove/").content.decode()
    client.post("/profile/sign-in/app/remove/", {"confirm": "1"})
    assert not Authenticator.objects.exists()
    client.post("/accounts/logout/")
    assert enter(client, "sam").url == "/"


def test_new_recovery_codes_end_the_old_ones(guarded):
    client, old = Client(), recovery_codes(guarded)
    enter(client, "sam")
    step(client, code_of())
    client.post("/profile/sign-in/codes/")
    new = recovery_codes(guarded)
    assert len(new) == 10 and not set(old) & set(new)
    download = client.get("/profile/sign-in/codes/?download")
    assert download.content.decode().split() == new and "attachment" in download["Content-Disposition"]


def test_nobody_does_it_for_another(stranger, administrator):
    with pytest.raises(Forbidden):
        factors.add_totp(stranger, SECRET, actor=administrator, via="web")
    factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    with pytest.raises(Conflict):
        factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    with pytest.raises(Forbidden):
        factors.remove_factors(administrator, actor=stranger, via="web")


def test_an_administrator_helps_who_has_lost_them(guarded, administrator):
    client = Client()
    client.force_login(administrator)
    chosen = {"action": "remove_factors", "_selected_action": [guarded.pk]}
    asked = client.post("/admin/accounts/user/?q=sam", chosen)
    assert asked.url == "/accounts/prove/?next=%2Fadmin%2Faccounts%2Fuser%2F%3Fq%3Dsam"
    assert Authenticator.objects.filter(user=guarded).exists()
    assert "Nothing is done yet" in client.get(asked.url).content.decode()
    assert client.post(asked.url, {"password": PASSWORD}).url == "/admin/accounts/user/?q=sam"
    client.post("/admin/accounts/user/", chosen)
    assert not Authenticator.objects.filter(user=guarded).exists()
    assert enter(Client(), "sam").url == "/"


def test_a_command_helps_the_administrator(guarded):
    out = StringIO()
    call_command("remove_second_factors", "SAM", stdout=out)
    assert out.getvalue() == "2 removed.\n" and not Authenticator.objects.exists()
    with pytest.raises(CommandError):
        call_command("remove_second_factors", "nobody")


def test_the_person_is_told_by_letter(stranger, settings):
    settings.MAIL = True
    factors.add_totp(stranger, SECRET, actor=stranger, via="web")
    letter = Letter.objects.get()
    assert (letter.to, letter.kind) == ("sam@example.org", "notice")


def test_the_overview_tells_what_there_is(guarded):
    client = Client()
    client.force_login(guarded)
    page = client.get("/profile/sign-in/").content.decode()
    assert "Your app" in page and "10 recovery codes are left" in page and "Example Corp" in page


def admin_form(user, **changes):
    """Return the address of the page of `user` in the administration, and what its form sends with these changes."""
    form = {"username": user.username, "email": user.email, "time_zone": "UTC", "theme": "system"}
    form |= {"is_active": "on", "seen_version": str(user.lock_version)}
    if user.is_superuser:
        form |= {"is_staff": "on", "is_superuser": "on"}
    return f"/admin/accounts/user/{user.pk}/change/", {**form, **changes}


@pytest.mark.parametrize("whose", ["own", "another's"])
@pytest.mark.parametrize(
    "changes", [{"password": "a long enough one"}, {"email": "thief@example.org"}, {"email": ""}], ids=str
)
def test_the_administration_asks_who_gives_a_way_in(stranger, administrator, whose, changes):
    user = administrator if whose == "own" else stranger
    client = Client()
    client.force_login(administrator)
    address, form = admin_form(user, **changes)
    asked = client.post(address, form)
    prove = f"/accounts/prove/?next={address.replace('/', '%2F')}"
    # In another tab: what was typed stays here.
    way = f'<a href="{prove}" target="_blank" rel="noopener">'
    assert (asked.status_code, way in asked.content.decode()) == (200, True)
    before = User.objects.get(pk=user.pk)
    assert (before.email, before.check_password(PASSWORD)) == (user.email, True)
    # All else needs none.
    assert client.post(*admin_form(user, theme="dark")).status_code == 302
    assert client.post(prove, {"password": PASSWORD}).url == address
    user.refresh_from_db()
    assert client.post(*admin_form(user, **changes)).status_code == 302
    after = User.objects.get(pk=user.pk)
    assert (after.email, after.check_password(PASSWORD)) == (changes.get("email", user.email), "email" in changes)


RANKS = ["email_confirmed", "is_active", "is_staff", "is_superuser"]


@pytest.mark.parametrize("rank", RANKS)
def test_the_administration_asks_who_gives_a_rank_and_not_who_takes_it(stranger, administrator, rank):
    User.objects.filter(pk=stranger.pk).update(is_active=rank != "is_active")
    client = Client()
    client.force_login(administrator)
    address, form = admin_form(stranger, **{rank: "on"})
    assert "/accounts/prove/" in client.post(address, form).content.decode()
    assert not getattr(User.objects.get(pk=stranger.pk), rank)
    User.objects.filter(pk=stranger.pk).update(**{rank: True})
    del form[rank]
    assert client.post(address, form).status_code == 302
    assert not getattr(User.objects.get(pk=stranger.pk), rank)


@pytest.mark.parametrize("given", ["password", "email", *RANKS])
def test_the_administration_asks_who_makes_somebody_with_a_way_in(administrator, given):
    client = Client()
    client.force_login(administrator)
    sent = {"password": "a long enough one", "email": "new@example.org"}.get(given, "on")
    form = {"username": "new", "time_zone": "UTC", "theme": "system", given: sent}
    asked = client.post("/admin/accounts/user/add/", form)
    prove = "/accounts/prove/?next=%2Fadmin%2Faccounts%2Fuser%2Fadd%2F"
    assert (f'<a href="{prove}" ' in asked.content.decode(), User.objects.filter(username="new").exists()) == (True, 0)
    client.post(prove, {"password": PASSWORD})
    assert client.post("/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.filter(username="new").exists()


def test_the_administration_asks_who_activates_and_not_who_deactivates(stranger, administrator):
    client = Client()
    client.force_login(administrator)

    def act(action):
        answer = client.post("/admin/accounts/user/", {"action": action, "_selected_action": [stranger.pk]})
        return answer.url, User.objects.get(pk=stranger.pk).is_active

    prove = "/accounts/prove/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    assert act("deactivate") == ("/admin/accounts/user/", False)
    assert act("activate") == (prove, False)
    assert "Nothing is done yet" in client.get(prove).content.decode()
    client.post(prove, {"password": PASSWORD})
    assert act("activate") == ("/admin/accounts/user/", True)


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ({"is_active": True}, {"is_active": False}, True),
        ({"is_staff": True}, {"is_staff": False}, True),
        ({"is_superuser": True}, {"is_superuser": False}, True),
        ({"email_confirmed": True}, {"email_confirmed": False}, True),
        ({}, {"email": "new@example.org"}, True),
        ({"email": ""}, {"email": "new@example.org"}, True),
        ({}, {"is_staff": True}, False),
        ({}, {"theme": "dark"}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("door", ["page", "administration", "API", "token"])
def test_an_undo_that_gives_a_way_in_asks_who_one_is(stranger, administrator, api, door, before, after, asked):
    User.objects.filter(pk=stranger.pk).update(**before)
    update_user(stranger, actor=administrator, via="admin", **after)
    batch = Batch.objects.latest("id")
    client = Client()
    client.force_login(administrator)
    doors = {
        "page": (f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/"}),
        "administration": ("/admin/history/batch/", {"action": "take_back", "_selected_action": [batch.pk]}),
        "API": (f"/api/v1/batches/{batch.pk}/undo/", {}),
    }
    path, form = doors["API" if door == "token" else door]
    options = {"content_type": "application/json"} if door == "API" else {}
    answer = (api(administrator) if door == "token" else client).post(path, form, **options)
    # Where the button is: the address of the undo itself is none to come back to.
    prove = f"/accounts/prove/?next={form.get('next', path).replace('/', '%2F')}"
    batch.refresh_from_db()
    assert (batch.undone_by is None) == asked
    if door in ("API", "token"):
        assert (answer.status_code, answer.json().get("code")) == ((403, "proof") if asked else (200, None))
    else:
        said = client.get("/profile/").content.decode()
        assert (answer.url == prove, "done yet" in said) == (asked, asked)
    if asked and door != "token":
        client.post(prove, {"password": PASSWORD})
        assert client.post(path, form, **options).status_code in (200, 302)
        assert Batch.objects.get(pk=batch.pk).undone_by is not None


def test_letters_to_an_address_of_ones_own_are_counted_in_the_administration_too(administrator, settings):
    settings.MAIL = True
    client = Client()
    enter(client, "ada")
    codes = []
    for _time in range(5):
        administrator.refresh_from_db()
        codes.append(client.post(*admin_form(administrator, email="victim@example.org")).status_code)
    assert codes == [302, 302, 302, 200, 200]
    assert Letter.objects.filter(to="victim@example.org").count() == 3


def test_the_address_before_is_told_where_a_password_changes_with_it(stranger, administrator, settings):
    settings.MAIL = True
    client = Client()
    enter(client, "ada")
    client.post(*admin_form(stranger, email="thief@example.org", password="a long enough one"))
    told = Letter.objects.filter(to="sam@example.org").values_list("text", flat=True)
    assert list(told) == ["Your e-mail address was changed."]


def test_a_refused_password_leaves_the_person_as_they_were(stranger, administrator):
    client = Client()
    enter(client, "ada")
    address, form = admin_form(stranger, is_superuser="on")
    assert client.post(address, {**form, "password": "short"}).status_code == 200
    stranger.refresh_from_db()
    assert (stranger.is_superuser, stranger.lock_version) == (False, 1)
    assert client.post(address, {**form, "password": "a long enough one"}).status_code == 302
    stranger.refresh_from_db()
    assert stranger.is_superuser


def test_staff_make_somebody_who_is_not_active_yet(administrator):
    create_user(actor=administrator, via="web", username="stan", is_staff=True)
    client = Client()
    client.force_login(User.objects.get(username="stan"))
    client.post("/admin/accounts/user/add/", {"username": "new", "time_zone": "UTC", "theme": "system"})
    assert not User.objects.get(username="new").is_active
