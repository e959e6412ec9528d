"""People over the API."""

import pytest

from accounts.services import update_user

USERS = "/api/v1/users/"
ME = "/api/v1/me/"


def names(answer):
    return [row["username"] for row in answer.json()["results"]]


def test_people_are_listed_for_who_is_signed_in(api, reporter, stranger):
    client = api(stranger)
    assert names(client.get(USERS)) == ["ada", "rosa", "sam"]
    assert client.get(f"{USERS}rosa/").json() == {"username": "rosa", "display_name": "Rosa"}


@pytest.mark.parametrize(("q", "found"), [("ro", ["rosa"]), ("SA", ["sam"]), ("%", []), ("_", [])])
def test_people_are_found_by_how_their_name_begins(api, reporter, stranger, q, found):
    assert names(api(stranger).get(f"{USERS}?q={q}")) == found


@pytest.mark.parametrize("path", [USERS, f"{USERS}rosa/", f"{USERS}nobody/", ME])
def test_who_is_not_signed_in_sees_nobody(api, reporter, path):
    answer = api().get(path)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_who_has_left_is_not_listed(api, reporter, administrator):
    update_user(reporter, actor=administrator, via="web", is_active=False)
    assert names(api(administrator).get(USERS)) == ["ada"]
    assert api(administrator).get(f"{USERS}rosa/").status_code == 404


def test_oneself(api, reporter):
    got = api(reporter).get(ME)
    assert got.json() == {
        "id": reporter.pk,
        "username": "rosa",
        "display_name": "Rosa",
        "email": "rosa@example.org",
        "time_zone": "UTC",
        "theme": "system",
        "single_key_shortcuts": True,
        "is_staff": False,
        "lock_version": 1,
    }


def test_preferences_are_patched(api, reporter):
    changes = {"time_zone": "Europe/Vienna", "theme": "dark", "single_key_shortcuts": False, "display_name": "Rosa R."}
    answer = api(reporter).patch(ME, changes)
    assert answer.status_code == 200
    assert {field: answer.json()[field] for field in changes} == changes
    assert answer["ETag"].startswith(f'"{reporter.pk}-2-')
    assert api(reporter).patch(ME, answer.json()).status_code == 200


def test_what_was_read_before_the_staff_changed_it_may_be_sent_back(api, reporter, administrator):
    first = api(reporter).get(ME).json()
    update_user(reporter, actor=administrator, via="web", is_staff=True, username="ros")
    answer = api(reporter).patch(ME, {**first, "theme": "dark"})
    assert (answer.status_code, answer.json()["theme"], answer.json()["is_staff"]) == (200, "dark", True), (
        answer.content
    )


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"time_zone": "Mars"}, "time_zone", "choice"),
        ({"theme": "neon"}, "theme", "invalid_choice"),
        ({"email": "x"}, "email", "invalid"),
        ({"email": 5}, "email", "text"),
        ({"display_name": "Rosa\nRed"}, "display_name", "characters"),
        ({"display_name": "\u200b\u2060"}, "display_name", "blank"),
        ({"email": "sam@example.org"}, "email", "unique"),
        ({"username": "ros"}, "username", "read_only"),
        ({"is_staff": True}, "is_staff", "read_only"),
        ({"is_superuser": True}, "is_superuser", "unknown"),
        ({"password": "x"}, "password", "unknown"),
        ({"single_key_shortcuts": "yes"}, "single_key_shortcuts", "invalid"),
    ],
)
def test_refused_preferences(api, reporter, stranger, body, field, code):
    answer = api(reporter).patch(ME, body)
    assert answer.status_code == 400
    assert [(name, [one["code"] for one in errors]) for name, errors in answer.json()["errors"].items()] == [
        (field, [code])
    ]


def test_preferences_need_the_scope_for_users(api, reporter):
    answer = api(reporter, "read", "write").patch(ME, {"email": "new@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
