"""New accounts: closed, by invitation, or open; and what an invitation gives."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from accounts import letters
from accounts.models import Invitation, Letter, User
from accounts.services import update_user
from accounts.services.invitations import accept, invite, withdraw
from accounts.signin import limits
from accounts.tests.test_passkeys import prove
from accounts.tests.test_sign_in_page import enter
from history.errors import Conflict, Forbidden
from history.models import Change
from products.models import Member
from products.services import create_product, set_member, trash_product, update_product
from tests.cast import PASSWORD

FORM = {"username": "nina", "password": "staple-9-lamp", "again": "staple-9-lamp"}
PAGE = "/accounts/sign-up/"


def at(user):
    """Return a browser at which `user` has shown just now who they are."""
    client = Client()
    client.force_login(user)
    prove(client, user)
    return client


def path_of(invitation):
    return f"/accounts/invitation/{invitation.secret}/"


@pytest.fixture
def by_invitation(settings):
    """A site whose accounts are made by invitation."""
    settings.SIGNUP = "invitation"


@pytest.fixture
def invited(by_invitation, product, maintainer):
    """Mia's invitation to be a triager."""
    return invite(actor=maintainer, via="web", product=product, role="triager")


@pytest.mark.parametrize(("signup", "said"), [("closed", "those who look after"), ("invitation", "by invitation")])
def test_closed(client, db, settings, signup, said):
    settings.SIGNUP = signup
    assert said in client.get(PAGE).content.decode()
    client.post(PAGE, {**FORM, "email": "nina@example.org"})
    assert not User.objects.exists() and not Letter.objects.exists()
    assert "Make an account" not in client.get("/accounts/login/").content.decode()


def test_open_without_mail(client, db, settings):
    settings.SIGNUP = "open"
    assert "Make an account" in client.get("/accounts/login/").content.decode()
    assert client.post(PAGE, {**FORM, "again": "x"}).status_code == 400
    assert client.post(PAGE, {**FORM, "password": "short", "again": "short"}).status_code == 400
    assert client.post(PAGE, FORM).url == "/"
    assert client.get("/profile/").status_code == 200
    nina = User.objects.get()
    assert (nina.email, nina.is_staff, nina.is_superuser) == ("", False, False)
    assert Client().post(PAGE, {**FORM, "username": "NINA"}).status_code == 400


@pytest.mark.parametrize(
    "typed", ["\N{LATIN SMALL LIGATURE FI}ona", "\N{FULLWIDTH LATIN SMALL LETTER A}da", "Zoe\u0308"]
)
def test_a_name_is_known_however_its_letters_are_typed(client, db, settings, typed):
    settings.SIGNUP = "open"
    assert client.post(PAGE, {**FORM, "username": typed}).url == "/"
    assert enter(Client(), typed, FORM["password"]).status_code == 302


@pytest.mark.parametrize("name", ["sam@example.org", "nobody@example.org", "a\N{FULLWIDTH COMMERCIAL AT}b", "@"])
@pytest.mark.parametrize("way", ["open", "open with mail", "invitation", "invitation by mail"])
def test_nobody_is_called_by_an_address_that_is_not_their_own(client, stranger, administrator, settings, way, name):
    settings.SIGNUP, settings.MAIL = way.split()[0], "mail" in way
    email = "nina@example.org" if settings.MAIL else ""
    page = f"{PAGE}{signing.dumps(email, salt=letters.SIGN_UP)}/" if way == "open with mail" else PAGE
    if settings.SIGNUP == "invitation":
        page = path_of(invite(actor=administrator, via="web", email=email))
    answer = client.post(page, {**FORM, "username": name})
    assert (answer.status_code, "A name with @ is for" in answer.content.decode()) == (400, True)
    own = client.post(page, {**FORM, "username": "Nina@Example.org"})
    assert own.status_code == (302 if settings.MAIL else 400)
    assert User.objects.filter(username="Nina@Example.org").exists() == settings.MAIL


def test_an_address_of_letters_that_only_look_like_ones_own_is_no_name(client, db, settings):
    settings.SIGNUP, settings.MAIL = "open", True
    token = signing.dumps("kim@\u00e9.example", salt=letters.SIGN_UP)
    page = f"{PAGE}{token}/"
    assert client.post(page, {**FORM, "username": "kim@\u00c9.example"}).status_code == 400
    assert client.post(page, {**FORM, "username": "KIM@\u00e9.example"}).status_code == 302


def test_open_with_mail(client, db, settings):
    settings.SIGNUP, settings.MAIL = "open", True
    assert client.post(PAGE, {"email": "nina@example.org"}).url == "/accounts/sign-up/sent/"
    letters.send_due()
    path = re.search(r"http://localhost:8002(/\S+)", mail.outbox[0].body)[1]
    assert "nina@example.org" in client.get(path).content.decode()
    assert client.post(path, FORM).url == "/"
    assert (User.objects.get().email, User.objects.get().email_confirmed) == ("nina@example.org", True)
    assert Client().post(path, {**FORM, "username": "two"}).status_code == 404
    assert Client().get(PAGE + "forged/").status_code == 404


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sam@example.org", "You have one there already"),
        ("nobody@example.org", "This link makes it"),
        ("rosa@example.org", "not active: ask whoever looks after"),
    ],
)
def test_known_or_not_is_answered_alike(
    client, stranger, reporter, administrator, settings, address, told, django_assert_num_queries
):
    settings.SIGNUP, settings.MAIL = "open", True
    update_user(reporter, actor=administrator, via="web", is_active=False)
    with django_assert_num_queries(4):
        assert client.post(PAGE, {"email": address}).url == "/accounts/sign-up/sent/"
    letters.send_due()
    assert mail.outbox[0].to == [address]
    assert told in mail.outbox[0].body
    assert ("/accounts/sign-up/" in mail.outbox[0].body) == (address == "nobody@example.org")


def test_accounts_are_not_made_in_heaps(client, db, settings):
    settings.SIGNUP = "open"
    for number in range(20):
        assert Client().post(PAGE, {**FORM, "username": f"n{number}"}).status_code == 302
    assert client.post(PAGE, FORM).status_code == 429


def test_an_invitation_makes_an_account_and_a_member_once(client, invited, product):
    page = client.get(path_of(invited)).content.decode()
    assert "invites you to Web shop" in page
    assert f'href="/accounts/login/?next={path_of(invited)}"' in page
    assert client.post(path_of(invited), FORM).url == "/products/WEB/"
    nina = User.objects.get(username="nina")
    assert Member.objects.get(user=nina).role == "triager"
    assert Change.objects.filter(field="accepted_by", after_key=str(nina.pk)).count() == 1
    assert Client().post(path_of(invited), {**FORM, "username": "two"}).status_code == 404
    assert not User.objects.filter(username="two").exists()


def test_the_link_is_not_in_the_database(invited):
    assert invited.secret not in str(list(Invitation.objects.values()))


@pytest.mark.parametrize("end", ["withdraw", "expire", "close", "inviter loses the right", "inviter leaves", "trash"])
def test_an_invitation_that_is_over(client, invited, product, maintainer, administrator, settings, end):
    if end == "withdraw":
        withdraw(invited, actor=maintainer, via="web")
    elif end == "expire":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "close":
        settings.SIGNUP = "closed"
    elif end == "inviter leaves":
        update_user(maintainer, actor=administrator, via="web", is_active=False)
    elif end == "trash":
        trash_product(product, actor=administrator, via="web")
    else:
        set_member(product, maintainer, "reporter", actor=administrator, via="web")
    page = client.get(path_of(invited))
    assert (page.status_code, "Web shop" in page.content.decode()) == (404, False)
    assert client.post(path_of(invited), FORM).status_code == 404
    assert not User.objects.filter(username="nina").exists()


def test_who_has_an_account_accepts_with_it_and_keeps_what_is_more(
    invited, by_invitation, product, stranger, maintainer
):
    client = at(stranger)
    assert "signed in as sam" in client.get(path_of(invited)).content.decode()
    assert client.post(path_of(invited)).url == "/products/WEB/"
    assert Member.objects.get(user=stranger).role == "triager"
    again = invite(actor=maintainer, via="web", product=product, role="viewer")
    accept(again, user=stranger)
    assert Member.objects.get(user=stranger).role == "triager"


def test_with_the_site_closed_it_is_over_for_who_has_an_account_too(invited, stranger, settings):
    settings.SIGNUP = "closed"
    client = at(stranger)
    assert [client.get(path_of(invited)).status_code, client.post(path_of(invited)).status_code] == [404, 404]
    with pytest.raises(Conflict):
        accept(invited, user=stranger)
    assert not Member.objects.filter(user=stranger).exists()


def test_where_providers_alone_let_in_it_leads_to_them_first(client, invited, stranger, settings):
    settings.LOCAL_LOGIN = False
    asked = client.get(path_of(invited))
    assert asked.url == f"/accounts/login/?next={path_of(invited).replace('/', '%2F')}"
    assert f'name="next" value="{path_of(invited)}"' in client.get(asked.url).content.decode()
    assert at(stranger).post(path_of(invited)).url == "/products/WEB/"
    assert client.get(path_of(invited)).status_code == 404


def test_one_with_an_address_goes_there_alone(client, by_invitation, administrator, settings):
    settings.MAIL = True
    page = at(administrator).post("/accounts/invitations/", {"email": "nina@example.org"}).content.decode()
    invitation = Invitation.objects.get()
    assert invitation.secret not in page
    letters.send_due()
    assert path_of(invitation) in mail.outbox[0].body
    client.post(path_of(invitation), FORM)
    assert User.objects.get(username="nina").email_confirmed


@pytest.mark.parametrize("form", [{"product": "WEB", "role": "viewer"}, {"email": ""}], ids=["product", "site"])
def test_an_invitation_asks_who_one_is_before_anything_is_typed(by_invitation, administrator, product, form):
    client = Client()
    client.force_login(administrator)
    page = "/accounts/invitations/?product=WEB"
    asked = client.get(page)
    assert asked.url == "/accounts/prove/?next=%2Faccounts%2Finvitations%2F%3Fproduct%3DWEB"
    assert "Nobody is invited yet" not in client.get(asked.url).content.decode()
    # From a page that was opened longer ago than that holds.
    assert (client.post(page, form).url, Invitation.objects.exists()) == (asked.url, False)
    assert "Nobody is invited yet" in client.get(asked.url).content.decode()
    assert client.post(asked.url, {"password": PASSWORD}).url == page
    assert (client.get(page).status_code, client.post(page, form).status_code) == (200, 200)
    assert Invitation.objects.exists()


def test_where_nobody_is_invited_nobody_is_asked_who_they_are(administrator, settings):
    settings.SIGNUP = "closed"
    client = Client()
    client.force_login(administrator)
    assert "its setting SIGNUP is closed" in client.get("/accounts/invitations/").content.decode()


def test_nobody_is_flooded_with_invitations(by_invitation, administrator, maintainer, product, settings):
    settings.MAIL = True
    fields = {"product": "WEB", "role": "viewer"}

    def send(user, address):
        return at(user).post("/accounts/invitations/", {**fields, "email": address})

    answers = [send(user, "Nina@example.org") for user in (maintainer, administrator) * 2]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400]
    assert "Too many letters" in answers[-1].content.decode()
    # By link as many as one likes.
    assert send(maintainer, "").status_code == 200
    assert (Letter.objects.count(), Invitation.objects.count()) == (3, 4)


@pytest.mark.parametrize("slip", ["role", "product", "closed"])
def test_what_is_refused_is_no_letter_that_counts(by_invitation, administrator, product, settings, slip):
    settings.MAIL = True
    client, fields = at(administrator), {"email": "nina@example.org", "product": "WEB", "role": "viewer"}
    settings.SIGNUP = "closed" if slip == "closed" else "invitation"
    slips = [client.post("/accounts/invitations/", {**fields, slip: ""}).status_code for _time in range(4)]
    settings.SIGNUP = "invitation"
    assert [*slips, client.post("/accounts/invitations/", fields).status_code] == [400] * 4 + [200]
    assert (Letter.objects.count(), Invitation.objects.count()) == (1, 1)


def test_nobody_invites_half_the_world(by_invitation, administrator, maintainer, product, settings, monkeypatch):
    settings.MAIL = True
    monkeypatch.setattr(limits, "LETTERS_OF_INVITER", replace(limits.LETTERS_OF_INVITER, most=2))
    fields = {"product": "WEB", "role": "viewer"}

    def send(user, number):
        return at(user).post("/accounts/invitations/", {**fields, "email": f"n{number}@example.org"}).status_code

    assert [send(maintainer, number) for number in range(3)] == [200, 200, 400]
    assert send(administrator, 3) == 200


def test_a_link_once_shown_vouches_for_no_address(client, by_invitation, administrator, settings):
    page = at(administrator).post("/accounts/invitations/", {"email": "nina@example.org"}).content.decode()
    invitation = Invitation.objects.get()
    assert invitation.secret in page
    settings.MAIL = True
    client.post(path_of(invitation), FORM)
    nina = User.objects.get(username="nina")
    assert (nina.email, nina.email_confirmed) == ("", False)


def test_without_mail_the_link_is_shown_once(by_invitation, maintainer, product):
    client = at(maintainer)
    page = client.post("/accounts/invitations/", {"product": "WEB", "role": "reporter"}).content.decode()
    invitation = Invitation.objects.get()
    assert f"http://localhost:8002{path_of(invitation)}" in page
    again = client.get("/accounts/invitations/").content.decode()
    assert invitation.secret not in again and "reporter" in again
    client.post(f"/accounts/invitations/{invitation.pk}/withdraw/")
    assert not Invitation.objects.get().is_open()


@pytest.mark.parametrize(
    "fields",
    [
        {"product": "WEB"},
        {"role": "triager"},
        {"product": "WEB", "role": "king"},
        {"product": "WEB", "role": "triager", "email": "x"},
        {"product": "NONE", "role": "triager"},
        {"email": ""},
    ],
)
def test_what_cannot_be(by_invitation, maintainer, product, fields):
    assert at(maintainer).post("/accounts/invitations/", fields).status_code == 400
    assert not Invitation.objects.exists()


def test_who_may_invite(by_invitation, product, triager, maintainer, stranger, administrator):
    assert [at(user).get("/accounts/invitations/").status_code for user in (stranger, triager)] == [404, 404]
    for actor, fields in ((triager, {"product": product, "role": "viewer"}), (maintainer, {})):
        with pytest.raises(Forbidden):
            invite(actor=actor, via="web", **fields)
    mine = invite(actor=administrator, via="web")
    with pytest.raises(Forbidden):
        withdraw(mine, actor=maintainer, via="web")
    assert at(maintainer).post(f"/accounts/invitations/{mine.pk}/withdraw/").status_code == 404


def test_ones_own_invitation_does_not_name_a_product_that_one_has_lost(
    by_invitation, invited, product, maintainer, administrator
):
    other = create_product(actor=administrator, via="web", key="OTH", title="Other")
    set_member(other, maintainer, "maintainer", actor=administrator, via="web")
    client = at(maintainer)
    assert "Web shop" in client.get("/accounts/invitations/").content.decode()
    set_member(product, maintainer, None, actor=administrator, via="web")
    update_product(product, actor=administrator, via="web", visibility="private", title="Cellar")
    page = client.get("/accounts/invitations/")
    assert (page.status_code, "Cellar" in page.content.decode()) == (200, False)
    assert client.post(f"/accounts/invitations/{invited.pk}/withdraw/").status_code == 404


def test_an_invitation_to_a_product_is_one_for_a_reporter_and_says_until_when(by_invitation, maintainer, product):
    client = at(maintainer)
    assert "/accounts/invitations/?product=WEB" in client.get("/products/WEB/members/").content.decode()
    form = client.get("/accounts/invitations/?product=WEB").context["form"]
    after = client.post("/accounts/invitations/?product=WEB", form.initial)
    assert (after.status_code, after.context["form"].initial) == (200, form.initial), "the next one is like it"
    until = timezone.localtime(Invitation.objects.get().expires_at)
    assert f"{until.day} {until:%b %Y, %H:%M}</time>" in client.get("/accounts/invitations/").content.decode()


def test_closed_sites_invite_nobody(administrator, product, settings):
    settings.SIGNUP = "closed"
    for address in ("/profile/", "/products/WEB/members/"):
        assert "/accounts/invitations/" not in at(administrator).get(address).content.decode()
    with pytest.raises(Conflict):
        invite(actor=administrator, via="web")
