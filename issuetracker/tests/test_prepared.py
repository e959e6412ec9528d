"""Statements that are prepared in the server: the same rows, and no trouble where the server forgets them."""

from datetime import UTC, datetime

import psycopg2
import pytest
from django.db import OperationalError, connection
from django.db.models import BigAutoField, CharField, DateTimeField, F

from issuetracker import prepared
from issuetracker.prepared import OFTEN, Among, ListSlot, PreparedTuples, Slot, Statements
from products.models import Product

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL prepares")


def by_id_and_name():
    ids = Among(F("pk"), ListSlot("ids", BigAutoField()))
    since = Slot("since", DateTimeField())
    return Product.objects.filter(ids, title=Slot("title", CharField()), created_at__gte=since).values_list("title")


def ask(statement, product, title=None):
    since = datetime(2000, 1, 1, tzinfo=UTC)
    return statement.tuples(ids=[product.pk, 0], title=title or product.title, since=since)


def held():
    return Statements.of(connection).held


def test_what_runs_often_is_prepared_and_finds_the_same(product):
    statement = PreparedTuples(by_id_and_name)
    for used in range(1, OFTEN + 3):
        assert ask(statement, product) == [(product.title,)]
        assert (statement in held()) == (used > OFTEN)
    # What is no text of ours stays a value.
    assert ask(statement, product, "50 % '; SELECT 1 --") == []


def test_only_the_latest_are_kept(product, monkeypatch):
    monkeypatch.setattr(prepared, "KEPT", 2)
    Statements.forget(connection)
    first, *others = statements = [PreparedTuples(by_id_and_name) for _one in range(3)]
    for statement in statements:
        for _use in range(OFTEN + 1):
            assert ask(statement, product) == [(product.title,)]
    assert set(held()) == set(others)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE name = ANY(%s)", [[n for n, _ in held().values()]]
        )
        assert cursor.fetchone() == (2,)
    assert ask(first, product) == [(product.title,)]


@pytest.mark.parametrize("loss", ["DEALLOCATE ALL", "ALTER TABLE products_product ALTER title TYPE varchar(300)"])
@pytest.mark.django_db(transaction=True)
def test_a_statement_that_the_server_has_lost_runs_all_the_same(product, loss):
    statement = PreparedTuples(by_id_and_name)
    for _use in range(OFTEN + 1):
        ask(statement, product)
    assert statement in held()
    with connection.cursor() as cursor:
        cursor.execute(loss)
    try:
        assert ask(statement, product) == [(product.title,)]
        assert ask(statement, product) == [(product.title,)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE products_product ALTER title TYPE varchar(200)")


def test_a_connection_that_others_share_prepares_nothing(product, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    statement = PreparedTuples(by_id_and_name)
    for _use in range(OFTEN + 2):
        assert ask(statement, product) == [(product.title,)]
    assert statement not in held()


def test_a_server_that_is_away_while_preparing_is_away_as_elsewhere(product):
    class Silent:
        def cursor(self):
            raise psycopg2.OperationalError("the database server does not answer")

    statement = PreparedTuples(by_id_and_name)
    ask(statement, product)
    with pytest.raises(OperationalError):
        Statements(Silent()).execute(statement, None, {})
