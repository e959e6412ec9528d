"""A token is not looked up anew for each read, and what was taken from it is gone at the next one all the same."""

from datetime import timedelta
from importlib import import_module
from itertools import cycle
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import create_token, revoke_token, update_user
from accounts.tokens import COLUMNS
from issues import names, services
from issues.api import keeping
from issues.models import Issue
from issuetracker.prepared import PreparedTuples
from products.services import create_product, set_member, update_product

pytestmark = pytest.mark.django_db(transaction=True)

REFERRED, RIGHTS = (
    getattr(import_module(f"issues.migrations.{name}"), table)
    for name, table in (("0015_namesversion", "NAMES"), ("0017_rights_version", "RIGHTS"))
)
ISSUE, LIST, OF_PRODUCT = "/api/v1/issues/SEC-1/", "/api/v1/issues/", "/api/v1/products/SEC/issues/"
PREPARED = (ISSUE, LIST, OF_PRODUCT, "/api/v1/issues/?q=secret", "/api/v1/issues/?include=description")
PATHS = (*PREPARED, "/api/v1/issues/export/", "/api/v1/triage/")


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(keeping, "_kept", {})


@pytest.fixture
def secret(administrator, triager):
    """SEC-1, an issue of a private product, of which Tom is a triager."""
    product = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    set_member(product, triager, "triager", actor=administrator, via="web")
    return services.create_issue(product, actor=administrator, via="web", title="A secret")


@pytest.fixture
def token(triager):
    return create_token(triager, actor=triager, via="web", name="x", scopes=["read"])


@pytest.fixture
def client(token):
    from rest_framework.test import APIClient

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token[1]}")
    return client


def run(statement, *params):
    """Change the database past all that is ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def tells(client, path):
    """Return whether the answer tells of the secret."""
    answer = client.get(path)
    assert answer.status_code in (200, 401, 403, 404)
    return b"A secret" in (b"".join(answer.streaming_content) if answer.streaming else answer.content)


def statements(client, path):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize("path", [ISSUE, LIST, OF_PRODUCT])
def test_it_is_looked_up_once(secret, client, path, monkeypatch):
    first, *others = (statements(client, path) for _time in range(3))
    monkeypatch.setattr(keeping, "LASTING", 0)
    keeping._kept.clear()
    statements(client, path)
    looked_up = statements(client, path)
    assert first > looked_up
    assert others == [looked_up - 1] * 2


def revoke(token, issue):
    revoke_token(token, actor=token.user, via="web")


def expire(token, issue):
    run("UPDATE accounts_apitoken SET expires_at = %s", timezone.now() - timedelta(seconds=1))


def delete_it(token, issue):
    run("DELETE FROM accounts_apitoken")


def limit(token, issue):
    run("UPDATE accounts_apitoken SET limits = %s", "{}")


def replace(token, issue):
    run("UPDATE accounts_apitoken SET digest = %s", ApiToken.digest_of("another"))


def take_scopes(token, issue):
    run("UPDATE accounts_apitoken SET scopes = %s", '["feed"]')


def give_to_another(token, issue):
    run("UPDATE accounts_apitoken SET user_id = (SELECT id FROM accounts_user WHERE username = 'sam')")


def deactivate(token, issue):
    update_user(token.user, actor=None, via="admin", is_active=False)


def end_membership(token, issue):
    set_member(issue.product, token.user, None, actor=None, via="web")


LOST = (revoke, expire, delete_it, limit, replace, take_scopes, give_to_another, deactivate, end_membership)


@pytest.mark.parametrize("lose", LOST)
def test_what_is_taken_from_it_is_gone_at_once(secret, stranger, token, client, lose):
    assert [tells(client, path) for path in PATHS] == [True] * len(PATHS)
    kept = dict(keeping._kept)
    lose(token[0], secret)
    for path in PATHS:
        # As another process has it, which was not asked since.
        keeping._kept.update(kept)
        assert not tells(client, path), path
        assert not tells(client, path), path


@pytest.mark.parametrize(
    ("lose", "path"), [*zip(LOST, cycle(PREPARED), strict=False), *((end_membership, path) for path in PREPARED)]
)
def test_what_is_taken_from_it_while_it_is_asked_is_not_told(secret, stranger, token, client, lose, path, monkeypatch):
    """Between the token and the first statement that reads issues, somebody else takes its rights away."""
    assert tells(client, path)
    real, lost = PreparedTuples._execute, []

    def lose_first(self, cursor, connection, values):
        if self not in (keeping.LIVE, services.issues.LIVE) and not lost:
            lost.append(self)
            lose(token[0], secret)
        return real(self, cursor, connection, values)

    monkeypatch.setattr(PreparedTuples, "_execute", lose_first)
    assert not tells(client, path)
    assert lost


def test_an_answer_that_is_made_anew_takes_nothing_that_is_kept(secret, token, client, monkeypatch):
    """Another thread, which has looked it up before, may keep that only now."""
    assert tells(client, ISSUE)
    before, real = dict(keeping._kept), keeping._look_up

    def look_up(secret):
        row = real(secret)
        keeping._kept.update(before)
        return row

    monkeypatch.setattr(keeping, "_look_up", look_up)
    end_membership(token[0], secret)
    assert not tells(client, ISSUE)


def test_what_is_given_is_there_at_once(secret, token, client, triager, administrator):
    end_membership(*token[:1], secret)
    assert not tells(client, ISSUE)
    set_member(secret.product, triager, "viewer", actor=administrator, via="web")
    assert tells(client, ISSUE)
    end_membership(*token[:1], secret)
    assert [tells(client, path) for path in PREPARED] == [False] * len(PREPARED)
    update_user(triager, actor=None, via="admin", is_superuser=True)
    assert [tells(client, path) for path in PREPARED] == [True] * len(PREPARED)
    update_user(triager, actor=None, via="admin", is_superuser=False)
    assert [tells(client, path) for path in PREPARED] == [False] * len(PREPARED)
    update_product(secret.product, actor=administrator, via="web", visibility="public")
    assert [tells(client, path) for path in PREPARED] == [True] * len(PREPARED)


@pytest.mark.parametrize("path", ["/api/v1/issues/SEC-77/", "/api/v1/issues/?q=nothing", "/api/v1/issues/?label=none"])
def test_where_nothing_is_found_it_is_looked_up_after_all(secret, token, client, path):
    found = client.get(path).status_code
    assert client.get(path).status_code == found != 401
    revoke(token[0], secret)
    assert client.get(path).status_code == 401


def test_time_ends_it_without_any_change(secret, token, client, monkeypatch):
    run("UPDATE accounts_apitoken SET expires_at = %s", timezone.now() + timedelta(minutes=1))
    assert tells(client, ISSUE)
    later = SimpleNamespace(now=lambda: timezone.now() + timedelta(minutes=2))
    for module in ("issues.api.keeping", "accounts.tokens"):
        monkeypatch.setattr(f"{module}.timezone", later)
    assert not tells(client, ISSUE)


def test_a_write_looks_it_up(secret, token, client):
    assert tells(client, ISSUE)
    create = {"product": "SEC", "title": "Another"}
    run("UPDATE accounts_apitoken SET scopes = %s", '["write"]')
    assert client.post(LIST, create).status_code == 201
    run("UPDATE accounts_apitoken SET scopes = %s", '["read"]')
    assert client.post(LIST, create).status_code == 403
    assert Issue.objects.count() == 2


def test_what_a_transaction_finds_is_not_kept(secret, token, client):
    with transaction.atomic():
        assert tells(client, ISSUE)
    assert not keeping._kept
    assert tells(client, ISSUE)
    looked_up = keeping.LIVE.uses
    with transaction.atomic():
        assert tells(client, ISSUE)
    assert keeping.LIVE.uses == looked_up + 1


def test_nothing_is_kept_before_the_database_watches_over_rights(secret, token, client, monkeypatch):
    """As where new code serves a database that is still to be migrated."""
    monkeypatch.setattr(keeping, "_watched", False)
    monkeypatch.setattr(keeping, "WATCHING", "9999_to_come")
    assert tells(client, ISSUE)
    assert not keeping._kept
    monkeypatch.undo()
    keeping._kept.clear()
    assert tells(client, ISSUE)
    assert keeping._kept


def test_no_more_are_kept_than_fit(secret, triager, client, monkeypatch, api):
    monkeypatch.setattr(keeping, "KEPT", 2)
    for _one in range(5):
        api(triager).get(ISSUE)
        assert len(keeping._kept) <= 2


def test_its_use_is_noted_once(secret, token, client):
    for _time in range(3):
        client.get(ISSUE)
    used = ApiToken.objects.get(pk=token[0].pk).last_used_at
    assert used is not None
    run("UPDATE accounts_apitoken SET last_used_at = %s", used - timedelta(minutes=5))
    client.get(ISSUE)
    assert ApiToken.objects.get(pk=token[0].pk).last_used_at == used - timedelta(minutes=5)
    keeping._kept.clear()
    client.get(ISSUE)
    assert ApiToken.objects.get(pk=token[0].pk).last_used_at > used


def version():
    return Issue.objects.annotate(names_version=names.version()).values_list("names_version", flat=True)[0]


ANY = "'x'"
NEW = {
    "scopes": """'["write"]'""",
    "limits": "'{}'",
    "user_id": "(SELECT id FROM accounts_user WHERE username = 'rosa')",
    "product_id": "(SELECT id FROM products_product WHERE key = 'NEW')",
    "expires_at": "'2030-01-01 00:00:00+00'",
    "revoked_at": "'2030-01-01 00:00:00+00'",
    "lock_version": "lock_version + 1",
    **{name: f"NOT {name}" for name in RIGHTS["accounts_user"] if name.startswith(("is_", "single_"))},
    "email_confirmed": "NOT email_confirmed",
}


@pytest.mark.parametrize("table", RIGHTS)
def test_any_right_that_changes_makes_another_version(secret, token, stranger, reporter, administrator, table):
    create_product(actor=administrator, via="web", key="NEW", title="New")
    set_member(secret.product, stranger, "viewer", actor=None, via="web")
    for column in RIGHTS[table]:
        before = version()
        run(f"UPDATE {table} SET {column} = {column}")
        assert version() == before, column
        run(f"UPDATE {table} SET {column} = {NEW.get(column, ANY)} WHERE id = (SELECT max(id) FROM {table})")
        assert version() != before, column


def test_who_comes_and_goes_makes_another_version_too(secret, token, stranger):
    versions = {version()}
    set_member(secret.product, stranger, "viewer", actor=None, via="web")
    versions.add(version())
    set_member(secret.product, stranger, None, actor=None, via="web")
    versions.add(version())
    run("DELETE FROM accounts_apitoken")
    assert len(versions | {version()}) == 4


def test_all_that_is_kept_is_watched():
    watched = {("user", one) for one in (*REFERRED["accounts_user"], *RIGHTS["accounts_user"])}
    watched |= {("token", one) for one in RIGHTS["accounts_apitoken"]}
    kept = {tuple(one.split("__")) if "__" in one else ("token", one) for one in COLUMNS}
    # Ids stay, roles are watched where they are, and when it was used says nothing of what it may do.
    assert kept - watched == {("token", "id"), ("user", "id"), ("token", "roles"), ("token", "last_used_at")}
