"""The list of one's sessions: where they are, and their end with the next request."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore as OldStore
from django.contrib.sessions.models import Session as OldSession
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from accounts.services import set_password, update_user
from accounts.signin.place import device_name
from accounts.tests.test_sign_in_page import enter
from history.models import Batch, Change
from issues.services import undo

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"


def signed_in(name="sam", agent=FIREFOX, address="192.0.2.1"):
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    assert enter(client, name).status_code == 302
    return client


def listed(client):
    return [(device, row.address, here) for row, device, here in client.get("/profile/sessions/").context["sessions"]]


def handle_of(client):
    return Session.objects.get(pk=client.session.session_key).handle


def test_they_are_listed_with_browser_and_address(stranger, reporter):
    here, _phone, _other = signed_in(), signed_in(agent=IPHONE, address="2001:db8::7"), signed_in("rosa")
    assert listed(here) == [("Firefox, Linux", "192.0.2.1", True), ("Safari, iPhone", "2001:db8::7", False)]
    page = here.get("/profile/sessions/").content.decode()
    assert here.session.session_key not in page and _phone.session.session_key not in page


def test_one_is_ended_with_its_next_request(stranger):
    here, phone = signed_in(), signed_in(agent=IPHONE)
    assert here.post(f"/profile/sessions/{handle_of(phone)}/end/").url == "/profile/sessions/"
    assert phone.get("/profile/").status_code == 302 and here.get("/profile/").status_code == 200
    assert Change.objects.filter(field="sessions", event__about_id=stranger.pk).count() == 1


@pytest.mark.parametrize(("hours", "status"), [(11, 200), (13, 302)])
def test_one_that_is_not_used_ends(stranger, settings, hours, status):
    settings.SESSION_IDLE = timedelta(hours=12)
    here, phone = signed_in(), signed_in(agent=IPHONE)
    Session.objects.filter(pk=phone.session.session_key).update(seen_at=timezone.now() - timedelta(hours=hours))
    assert len(listed(here)) == (2 if status == 200 else 1)
    assert phone.get("/profile/").status_code == status
    # To ask is to use it.
    assert phone.get("/profile/").status_code == status
    assert len(listed(here)) == (2 if status == 200 else 1)


def test_all_others_are_ended(stranger):
    here, phone, third = signed_in(), signed_in(agent=IPHONE), signed_in()
    here.post("/profile/sessions/end-others/")
    assert [one.get("/profile/").status_code for one in (here, phone, third)] == [200, 302, 302]


def test_nobody_ends_those_of_another(stranger, reporter):
    here, other = signed_in(), signed_in("rosa")
    assert here.post(f"/profile/sessions/{handle_of(other)}/end/").status_code == 404
    assert other.get("/profile/").status_code == 200


@pytest.mark.parametrize("end", ["password", "deactivate", "deactivate and back", "undo of activating, and back"])
def test_they_end_with_what_they_rest_on(stranger, administrator, end):
    if end.startswith("undo"):
        for is_active in (False, True):
            update_user(stranger, actor=administrator, via="web", is_active=is_active)
    client = signed_in()
    if end == "password":
        set_password(stranger, "staple-9-lamp", actor=administrator, via="web")
    elif end.startswith("undo"):
        undo(Batch.objects.latest("id"), actor=administrator, via="web")
    else:
        update_user(stranger, actor=administrator, via="web", is_active=False)
    if end.endswith("back"):
        update_user(stranger, actor=administrator, via="web", is_active=True)
    assert client.get("/profile/").status_code == 302
    assert not Session.objects.filter(user=stranger).exists()


def test_when_it_was_seen_is_noted_seldom(stranger, django_assert_num_queries):
    client = signed_in()
    earlier = timezone.now() - timedelta(hours=1)
    Session.objects.update(seen_at=earlier)
    client.get("/profile/")
    noted = Session.objects.get().seen_at
    assert noted > earlier
    client.get("/profile/")
    assert Session.objects.get().seen_at == noted


def test_sign_out_ends_the_row(stranger):
    client = signed_in()
    client.post("/accounts/logout/")
    assert not Session.objects.filter(user=stranger).exists()


def test_no_session_outlives_two_weeks_however_often_it_is_written(stranger):
    client = signed_in()
    row = Session.objects.get()
    began = row.began_at - timedelta(days=10)
    session = client.session
    session["place"] = {**session["place"], "began": began.isoformat()}
    session.save()
    row.refresh_from_db()
    assert row.expire_date == began + timedelta(days=14)


def test_those_from_before_are_kept(stranger):
    client = Client()
    client.force_login(stranger)
    row = Session.objects.get()
    OldSession.objects.create(pk=row.pk, session_data=row.session_data, expire_date=row.expire_date)
    OldSession.objects.create(pk="x", session_data=OldStore().encode({"a": 1}), expire_date=row.expire_date)
    Session.objects.all().delete()
    assert client.get("/profile/").status_code == 302
    client.cookies["session"] = row.pk
    import_module("accounts.migrations.0003_keep_sessions").move(apps, None)
    assert client.get("/profile/").status_code == 200
    assert Session.objects.get().user == stranger


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_what_a_browser_is_called(agent, name):
    assert device_name(agent) == name
