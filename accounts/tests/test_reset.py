"""A forgotten password: the same answer for every address, and a letter to who has one."""

import re
from importlib import import_module

import pytest
from django.apps import apps
from django.core import mail, signing
from django.test import Client

from accounts import letters
from accounts.models import Letter, Session, User
from accounts.services import create_user, reset_password, set_password, update_user
from accounts.tests.test_sign_in_page import enter
from history.models import Batch, Event
from issues.services import undo
from tests.cast import PASSWORD

NEW = {"new_password1": "staple-9-lamp", "new_password2": "staple-9-lamp"}


@pytest.fixture(autouse=True)
def with_mail(settings):
    """A site that sends letters."""
    settings.MAIL = True


def ask(client, address):
    return client.post("/accounts/reset/", {"email": address})


def letter_to(address):
    return next(letter for letter in mail.outbox if letter.to == [address])


def link_in(letter):
    return re.search(r"http://localhost:8002(/\S+)", letter.body)[1]


def test_a_letter_sets_a_new_password_once(client, stranger):
    elsewhere = Client()
    enter(elsewhere, "sam")
    ask(client, "SAM@example.org")
    letters.send_due()
    (letter,) = mail.outbox
    assert letter.to == ["sam@example.org"] and not Letter.objects.exists()
    form = client.get(link_in(letter), follow=True)
    assert "staple" not in form.request["PATH_INFO"] and form.request["PATH_INFO"].endswith("/set-password/")
    assert client.post(form.request["PATH_INFO"], {**NEW, "new_password2": "x"}).status_code == 200
    assert client.post(form.request["PATH_INFO"], NEW).url == "/accounts/login/"
    assert elsewhere.get("/profile/").status_code == 302 and not Session.objects.filter(user=stranger).exists()
    assert enter(Client(), "sam", "staple-9-lamp").status_code == 302
    assert enter(Client(), "sam", PASSWORD).status_code == 200
    assert "used before" in Client().get(link_in(letter), follow=True).content.decode()


def test_who_came_with_an_import_sets_a_password_once_staff_have_activated_them(client, administrator):
    ann = create_user(actor=None, via="import", username="ann", is_placeholder=True)
    staff = create_user(actor=None, via="web", username="stan", is_staff=True)
    update_user(ann, actor=staff, via="admin", email="ann@example.org")
    assert User.objects.get(pk=ann.pk).is_placeholder
    update_user(ann, actor=staff, via="admin", is_active=True)
    activated = Event.objects.latest("id")
    assert {change.field: change.after for change in activated.changes.all()} == {
        "is_active": True,
        "is_placeholder": False,
    }
    ask(client, "ann@example.org")
    letters.send_due()
    form = client.get(link_in(letter_to("ann@example.org")), follow=True)
    client.post(form.request["PATH_INFO"], NEW)
    assert enter(Client(), "ann", "staple-9-lamp").status_code == 302
    undo(activated.batch, actor=staff, via="web")
    ann.refresh_from_db()
    assert (ann.is_active, ann.is_placeholder) == (False, True)


def test_staff_take_back_what_made_an_active_placeholder_stand_for_themselves(administrator):
    ann = create_user(actor=None, via="import", username="ann", is_placeholder=True)
    staff = create_user(actor=None, via="web", username="stan", is_staff=True)
    User.objects.filter(pk=ann.pk).update(is_active=True)
    update_user(ann, actor=staff, via="admin", display_name="Ann")
    undo(Batch.objects.latest("id"), actor=staff, via="web")
    ann.refresh_from_db()
    assert (ann.display_name, ann.is_active, ann.is_placeholder) == ("", True, False)


def test_placeholders_that_were_active_already_stand_for_themselves(db):
    for name in ("ann", "bob"):
        create_user(actor=None, via="import", username=name, is_placeholder=True)
    User.objects.filter(username="ann").update(is_active=True)
    import_module("accounts.migrations.0007_active_placeholders").claim(apps, None)
    assert set(User.objects.filter(is_placeholder=True).values_list("username", flat=True)) == {"bob"}


@pytest.mark.parametrize("address", ["sam@example.org", "nobody@example.org", "gone@example.org"])
def test_known_or_not_is_answered_alike(client, stranger, reporter, administrator, address, django_assert_num_queries):
    update_user(reporter, actor=administrator, via="web", email="gone@example.org")
    update_user(reporter, actor=administrator, via="web", is_active=False)
    Letter.objects.all().delete()
    with django_assert_num_queries(4):
        answer = ask(client, address)
    assert answer.url == "/accounts/reset/sent/"
    assert Letter.objects.count() == 1
    letters.send_due()
    assert len(mail.outbox) == (address == "sam@example.org")


def test_nobody_is_flooded(client, stranger):
    for _number in range(5):
        assert ask(client, "sam@example.org").url == "/accounts/reset/sent/"
    letters.send_due()
    assert len(mail.outbox) == 3
    assert [ask(client, f"x{number}@example.org").status_code for number in range(20)][-1] == 429


def test_without_mail_it_says_whom_to_ask(client, stranger, settings):
    settings.MAIL = False
    assert "an administrator can set a new password" in client.get("/accounts/reset/").content.decode()
    ask(client, "sam@example.org")
    assert not Letter.objects.exists()


def test_a_letter_that_cannot_be_sent_is_tried_again(client, stranger, monkeypatch):
    def broken(*args):
        raise ConnectionRefusedError("no")

    ask(client, "sam@example.org")
    with monkeypatch.context() as patch:
        patch.setattr(letters, "send_mail", broken)
        letters.send_due()
    letters.send_due()
    letter = Letter.objects.get()
    assert (letter.attempts, mail.outbox) == (1, [])
    Letter.objects.update(due_at=letter.created_at)
    letters.send_due()
    assert len(mail.outbox) == 1 and not Letter.objects.exists()


def test_a_slow_mail_server_holds_up_the_other_jobs_for_a_while_only(client, stranger, monkeypatch):
    ask(client, "sam@example.org")
    ask(client, "sam@example.org")
    with monkeypatch.context() as patch:
        patch.setattr(letters, "AT_A_TIME", 0)
        letters.send_due()
    assert len(mail.outbox) == 1 and Letter.objects.get().attempts == 0
    letters.send_due()
    assert len(mail.outbox) == 2 and not Letter.objects.exists()


def test_a_letter_that_is_given_up_is_told_in_the_log(stranger, monkeypatch, caplog):
    def broken(*arguments, **options):
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr(letters, "send_mail", broken)
    Letter.objects.create(kind="notice", to=stranger.email, user=stranger, attempts=letters.TRIES)
    letters.send_due()
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "notice" in caplog.text and stranger.email not in caplog.text
    assert not Letter.objects.exists()


@pytest.mark.parametrize("address", ["sam@g\u0131thub.example", "\u017fam@github.example"])
def test_an_address_of_letters_that_only_look_the_same_is_another(client, stranger, administrator, address):
    update_user(stranger, actor=administrator, via="web", email="sam@github.example")
    Letter.objects.all().delete()
    ask(client, address)
    letters.send_due()
    assert not mail.outbox


FIELDS = {"display_name": "Sam", "time_zone": "UTC", "theme": "system", "lock_version": "1"}


@pytest.fixture
def at_sam(stranger):
    """A browser in which Sam has just signed in."""
    client = Client()
    enter(client, "sam")
    return client


def test_an_own_new_address_counts_once_it_has_answered(stranger, at_sam):
    client, fields = at_sam, FIELDS
    page = client.post("/profile/", {**fields, "email": "new@example.org"}, follow=True)
    assert "a letter is on its way" in page.content.decode()
    stranger.refresh_from_db()
    assert stranger.email == "sam@example.org"
    letters.send_due()
    path = link_in(letter_to("new@example.org"))
    assert "new@example.org" in client.get(path).content.decode()
    stranger.refresh_from_db()
    assert stranger.email == "sam@example.org"
    client.post(path)
    stranger.refresh_from_db()
    assert (stranger.email, stranger.email_confirmed) == ("new@example.org", True)
    assert client.post(path).status_code == 404
    letters.send_due()
    assert mail.outbox[-1].to == ["sam@example.org"] and "address was changed" in mail.outbox[-1].body


@pytest.mark.parametrize("address", ["thief@example.org", "Sam@example.org", ""])
def test_another_address_takes_showing_who_one_is(stranger, api, address):
    client, by_token = Client(), api(stranger)
    # That of the token.
    Letter.objects.all().delete()
    client.force_login(stranger)
    asked = client.post("/profile/", {**FIELDS, "email": address})
    # In another tab: what was typed stays here.
    way = '<a href="/accounts/prove/?next=%2Fprofile%2F" target="_blank" rel="noopener">'
    assert (asked.status_code, asked.content.decode().count(way)) == (400, 1)
    answer = client.patch("/api/v1/me/", {"email": address}, content_type="application/json")
    assert (answer.status_code, Letter.objects.count()) == (403, 0)
    assert "on the site" in answer.json()["detail"]
    # A token is made at the same browser.
    answer = by_token.patch("/api/v1/me/", {"email": address})
    assert (answer.status_code, answer.json()["code"], Letter.objects.count()) == (403, "proof", 0)
    # All else needs none.
    assert client.post("/profile/", {**FIELDS, "email": "sam@example.org", "theme": "dark"}).url == "/profile/"
    assert by_token.patch("/api/v1/me/", {"email": "sam@example.org", "theme": "light"}).status_code == 200


@pytest.mark.parametrize("sent", [True, False], ids=["posted", "not posted yet"])
def test_a_new_password_ends_what_was_asked_for_before(stranger, at_sam, administrator, sent):
    at_sam.post("/profile/", {**FIELDS, "email": "thief@example.org"})
    path = None
    if sent:
        letters.send_due()
        path = link_in(letter_to("thief@example.org"))
    set_password(stranger, "staple-9-lamp", actor=administrator, via="admin")
    letters.send_due()
    assert sent == ("thief@example.org" in [letter.to[0] for letter in mail.outbox])
    if sent:
        assert Client().get(path).status_code == Client().post(path).status_code == 404
    stranger.refresh_from_db()
    assert stranger.email == "sam@example.org"


def test_the_address_before_is_told_that_another_is_asked_for(stranger, at_sam):
    at_sam.post("/profile/", {**FIELDS, "email": "new@example.org"})
    letters.send_due()
    told = letter_to("sam@example.org").body
    assert "was asked for" in told and "new@example.org" not in told


def test_the_address_before_is_told_that_there_is_none_any_longer(stranger, at_sam):
    assert at_sam.post("/profile/", {**FIELDS, "email": ""}).url == "/profile/"
    letters.send_due()
    assert "address was changed" in letter_to("sam@example.org").body
    stranger.refresh_from_db()
    assert (stranger.email, len(mail.outbox)) == ("", 1)


@pytest.mark.parametrize(
    ("address", "active", "told"),
    [("new@example.org", True, 1), ("", True, 1), ("Sam@example.org", True, 0), ("new@example.org", False, 1)],
)
def test_the_address_before_is_told_what_the_staff_change(stranger, administrator, address, active, told):
    User.objects.filter(pk=stranger.pk).update(is_active=active)
    update_user(stranger, actor=administrator, via="admin", email=address)
    letters.send_due()
    assert [letter.to for letter in mail.outbox] == [["sam@example.org"]] * told


def test_a_present_address_is_confirmed_by_a_letter(stranger, at_sam):
    offer = 'action="/profile/address/"'
    assert offer in at_sam.get("/profile/").content.decode()
    assert at_sam.get("/profile/address/").url == at_sam.post("/profile/address/").url == "/profile/"
    letters.send_due()
    (letter,) = mail.outbox
    assert letter.to == ["sam@example.org"]
    at_sam.post(link_in(letter))
    stranger.refresh_from_db()
    assert (stranger.email, stranger.email_confirmed) == ("sam@example.org", True)
    assert offer not in at_sam.get("/profile/").content.decode()
    at_sam.post("/profile/address/")
    assert not Letter.objects.exists()


def test_nobody_is_flooded_with_letters_to_their_present_address(stranger, at_sam):
    said = [at_sam.post("/profile/address/", follow=True).content.decode() for _time in range(4)]
    assert ["Too many letters" in page for page in said] == [False, False, False, True]
    assert Letter.objects.count() == 3


def test_a_present_address_is_confirmed_where_there_is_mail_alone(stranger, at_sam, settings):
    settings.MAIL = False
    assert 'action="/profile/address/"' not in at_sam.get("/profile/").content.decode()
    at_sam.post("/profile/address/")
    assert not Letter.objects.exists()


def test_a_password_set_by_a_letter_confirms_the_address_it_went_to(client, stranger):
    ask(client, "sam@example.org")
    letters.send_due()
    form = client.get(link_in(mail.outbox[0]), follow=True)
    client.post(form.request["PATH_INFO"], NEW)
    stranger.refresh_from_db()
    assert (stranger.email, stranger.email_confirmed) == ("sam@example.org", True)


@pytest.mark.parametrize("field", ["time_zone", "display_name"])
def test_a_password_is_set_by_a_letter_also_where_a_field_no_longer_passes(client, stranger, field):
    # As in a time zone that there is no longer, or what an older version took.
    User.objects.filter(pk=stranger.pk).update(**{field: "Mars\nOlympus"})
    ask(client, "sam@example.org")
    letters.send_due()
    form = client.get(link_in(mail.outbox[0]), follow=True)
    assert client.post(form.request["PATH_INFO"], NEW).url == "/accounts/login/"
    stranger.refresh_from_db()
    assert (stranger.check_password(NEW["new_password1"]), stranger.email_confirmed) == (True, True)


def test_a_password_set_by_a_letter_confirms_no_address_that_has_come_meanwhile(stranger, administrator):
    before = User.objects.get(pk=stranger.pk)
    update_user(stranger, actor=administrator, via="admin", email="new@example.org")
    reset_password(before, NEW["new_password1"], via="web")
    stranger.refresh_from_db()
    assert (stranger.email, stranger.email_confirmed) == ("new@example.org", False)


@pytest.mark.parametrize(("address", "sent"), [("new@example.org", 0), ("", 0), ("Sam@example.org", 1)])
def test_a_letter_that_waits_goes_to_no_address_but_the_present_one(client, stranger, administrator, address, sent):
    ask(client, "sam@example.org")
    letter = Letter.objects.get()
    update_user(stranger, actor=administrator, via="admin", email=address)
    Letter.objects.exclude(pk=letter.pk).delete()
    letters.send_due()
    assert len(mail.outbox) == sent and not Letter.objects.exists()


def test_a_link_of_an_older_version_is_over(client, stranger):
    token = signing.dumps([stranger.pk, stranger.email, "new@example.org"], salt="accounts.confirm")
    assert client.get(f"/accounts/address/{token}/").status_code == 404


@pytest.mark.parametrize("address", ["victim@example.org", "SAM@example.org"])
def test_nobody_is_flooded_with_letters_about_their_address(stranger, at_sam, address):
    codes = []
    for _time in range(5):
        stranger.refresh_from_db()
        fields = {**FIELDS, "email": address, "lock_version": stranger.lock_version}
        codes.append(at_sam.post("/profile/", fields).status_code)
    assert codes == [302, 302, 302, 400, 400]
    answer = at_sam.patch("/api/v1/me/", {"email": address}, content_type="application/json")
    assert (answer.status_code, Letter.objects.filter(to=address).count()) == (400, 3)


def test_whose_an_address_is_shows_in_no_answer(stranger, at_sam, administrator):
    client, fields = at_sam, FIELDS
    assert client.post("/profile/", {**fields, "email": "ada@example.org"}).url == "/profile/"
    stranger.refresh_from_db()
    assert stranger.email == "sam@example.org"
    assert client.post("/profile/", {**fields, "email": "not one"}).status_code == 400
