"""How often one may try: counted for all processes, and so that a stranger locks nobody out."""

import threading

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Tally
from accounts.signin import limits, place
from accounts.tests.test_sign_in_page import enter, said
from tests.cast import PASSWORD, create_person

HERE, THERE = "192.0.2.1", "198.51.100.7"


def at(address):
    return Client(REMOTE_ADDR=address)


def fail(client, name, times):
    return [enter(client, name, f"wrong {number}").status_code for number in range(times)]


def test_ten_tries_and_then_a_wait(stranger):
    client = at(HERE)
    assert fail(client, "sam", 12) == [200] * 10 + [429] * 2
    answer = enter(client, "sam")
    assert (answer.status_code, said(answer)[:14]) == (429, "Too many tries")
    Tally.objects.update(ends_at=0)
    assert enter(client, "sam").status_code == 302


@pytest.mark.parametrize("name", ["sam", "nobody"])
def test_known_or_not_is_counted_alike(stranger, name):
    assert fail(at(HERE), name, 12) == [200] * 10 + [429] * 2


# Letters that the name of an account is kept without: wide ones, and a long s.
SPELLINGS = ["sis", "SIS", "\u017fis", "si\u017f", "\uff53is", "s\uff49s", "si\uff33"]


@pytest.mark.parametrize("known", [False, True], ids=["elsewhere", "known"])
def test_a_name_is_counted_alike_however_it_is_spelled(db, known):
    create_person("sis")
    client = at(HERE)
    if known:
        enter(client, "sis")
        client.post("/accounts/logout/")
    codes = [fail(client, typed, 3) for typed in SPELLINGS]
    assert (codes[0], codes[-1][-1]) == ([200] * 3, 429)


def test_so_is_one_that_a_database_takes_for_another(db):
    client = at(HERE)
    # PostgreSQL writes both in capitals to compare them.
    assert [fail(client, typed, 6)[-1] for typed in ("x@github.example", "x@g\u0131thub.example")] == [200, 429]


def test_a_stranger_elsewhere_locks_nobody_out(stranger):
    fail(at(THERE), "sam", 30)
    assert enter(at(HERE), "sam").status_code == 302


def test_a_stranger_next_door_does_not_lock_out_a_browser_that_is_known(stranger):
    known = at(HERE)
    enter(known, "sam")
    known.post("/accounts/logout/")
    fail(at(HERE), "sam", 12)
    fail(at(HERE), "somebody", 60)
    assert enter(at(HERE), "sam").status_code == 429
    assert enter(known, "sam").status_code == 302


def test_a_known_browser_has_a_limit_too_and_knows_one_person(stranger, reporter):
    known = at(HERE)
    enter(known, "sam")
    known.post("/accounts/logout/")
    assert fail(known, "rosa", 11)[-1] == 429
    assert fail(known, "sam", 21)[-1] == 429


def test_a_name_that_is_tried_from_everywhere_is_not_locked(stranger):
    for number in range(11):
        fail(at(f"203.0.113.{number}"), "sam", 5)
    assert fail(at(THERE), "sam", 3) == [200, 200, 429]
    assert enter(at(HERE), "sam").status_code == 302


def test_one_network_alone_is_not_everywhere(stranger):
    fail(at(THERE), "sam", 60)
    assert fail(at(HERE), "sam", 5) == [200] * 5


def test_an_address_that_tries_many_names_has_to_wait(stranger):
    client = at(HERE)
    assert [enter(client, f"name{number}", "x").status_code for number in range(61)][-2:] == [200, 429]


def test_who_comes_in_is_not_counted(stranger):
    for _number in range(65):
        assert enter(at(HERE), "sam").status_code == 302


def test_a_household_of_ipv6_is_one_address():
    assert (
        place.network_of("2001:db8::1") == place.network_of("2001:db8::ffff:1") != place.network_of("2001:db8:0:1::1")
    )
    assert place.network_of(HERE) == HERE


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", HERE),
        (1, "6.6.6.6, 198.51.100.7", THERE),
        (2, "6.6.6.6, 198.51.100.7, 10.0.0.1", THERE),
        (2, "198.51.100.7", HERE),
        (1, "", HERE),
        (1, "nonsense", ""),
        (1, "198.51.100.7:5678", THERE),
        (1, "::ffff:198.51.100.7", THERE),
        (1, "[::ffff:198.51.100.7]:443", THERE),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "[", ""),
        (1, ":", ""),
    ],
)
def test_what_a_proxy_has_noted(settings, rf, proxies, forwarded, address):
    settings.PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=forwarded)
    assert place.address_of(request) == address


def test_a_forged_device_is_none(stranger):
    client = at(HERE)
    client.cookies[place.COOKIE] = f'["x", [{stranger.pk}]]'
    assert fail(client, "sam", 11)[-1] == 429


def test_no_address_and_no_name_is_kept(stranger):
    fail(at(HERE), "sam", 1)
    kept = str(list(Tally.objects.values()))
    assert "sam" not in kept and HERE not in kept


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_all_counted(transactional_db):
    counts = []

    def count():
        counts.append(limits.count(limits.NAME, "sam"))
        connection.close()

    threads = [threading.Thread(target=count) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(1, 13))


def test_what_is_over_is_forgotten(stranger):
    fail(at(HERE), "sam", 1)
    limits.forget_old()
    assert Tally.objects.count() == 3
    Tally.objects.update(ends_at=0)
    limits.forget_old()
    assert not Tally.objects.exists()


def test_the_old_password_is_not_guessed_without_end(stranger):
    client = at(HERE)
    enter(client, "sam")
    new = {"new_password1": "staple-9-lamp", "new_password2": "staple-9-lamp"}
    for number in range(25):
        client.post("/accounts/password/", {**new, "old_password": f"wrong {number}"})
    page = client.post("/accounts/password/", {**new, "old_password": PASSWORD})
    assert (page.status_code, "Too many tries" in page.content.decode()) == (200, True)


def test_the_administration_changes_passwords_by_the_same_page(administrator, client):
    client.force_login(administrator)
    assert client.get("/admin/password_change/").url == "/accounts/password/"
