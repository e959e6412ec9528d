"""What /livez, /readyz and /status/ answer."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

READY = ("/readyz", "/status/")
ALIVE = ("/livez", "/status/live/")


@pytest.mark.parametrize("path", [*READY, *ALIVE])
def test_a_tracker_that_works_says_so(client, db, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response.headers["Cache-Control"].count("no-store") == 1


@pytest.mark.parametrize("path", [*READY, *ALIVE])
def test_only_reading_is_allowed(client, db, path):
    assert client.post(path).status_code == 405


@pytest.mark.parametrize(("path", "statements"), [*((path, 1) for path in READY), *((path, 0) for path in ALIVE)])
def test_who_is_alive_asks_nobody_and_who_is_ready_asks_once(
    client, triager, django_assert_num_queries, path, statements
):
    client.force_login(triager)
    client.get(path)
    with django_assert_num_queries(statements):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", READY)
def test_a_database_that_lacks_a_migration_is_not_ready(client, db, path):
    MigrationRecorder.Migration.objects.filter(app="issues").delete()
    not_ready(client.get(path))
    assert client.get("/livez").status_code == 200


def test_a_database_without_any_table_is_not_ready(client, db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO elsewhere")
    not_ready(client.get("/readyz"))


def test_migrations_of_a_newer_version_are_no_hindrance(client, db):
    MigrationRecorder.Migration.objects.create(app="issues", name="9999_later")
    assert client.get("/readyz").status_code == 200


def test_machines_are_answered_without_https(client, db, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert [client.get(path).status_code for path in (*READY, *ALIVE, "/metrics")] == [200] * 4 + [404]


def not_ready(response):
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "The database is not migrated yet."
