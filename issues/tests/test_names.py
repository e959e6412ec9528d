"""Names are kept in each process for as long as none changes, whoever changes it and however."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module

import pytest
from django.db import connection, transaction

from issues import names, reading, services
from issues.models import Issue, NamesVersion
from products.models import Component, Label, Milestone
from products.models import Version as PartVersion
from products.services import create_part

REFERRED, LABELS = (
    import_module(f"issues.migrations.{name}").NAMES for name in ("0015_namesversion", "0016_label_names")
)
WATCHED = REFERRED | LABELS


@pytest.fixture
def issue(product, triager, maintainer, reporter):
    component = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    fields = {"title": "one", "component": component, "assignee": reporter}
    return services.create_issue(product, actor=triager, via="api", **fields)


def run(statement, *params):
    """Change the database past all that is ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def version():
    return Issue.objects.annotate(names_version=names.version()).values_list("names_version", flat=True)[0]


def told(issue, user):
    return reading.represent(reading.read_key(user, issue.product.key, issue.number), user)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("table", "column"), [(table, one) for table, columns in WATCHED.items() for one in columns])
def test_any_name_that_changes_makes_another_version(issue, maintainer, table, column):
    for model in (Milestone, PartVersion, Label):
        create_part(model, product=issue.product, actor=maintainer, via="web", name="1")
    before = version()
    run(f"UPDATE {table} SET {column} = {column}")
    assert version() == before
    run(f"UPDATE {table} SET {column} = 'x' WHERE id = (SELECT min(id) FROM {table})")
    assert version() != before


@pytest.mark.django_db(transaction=True)
def test_what_comes_and_goes_makes_another_version_too(issue, maintainer):
    before = version()
    create_part(Milestone, product=issue.product, actor=maintainer, via="web", name="1")
    between = version()
    run("DELETE FROM products_milestone")
    assert len({before, between, version()}) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite: one transaction writes at a time")
def test_nobody_who_renames_waits_for_another(issue, maintainer):
    def rename():
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
            cursor.execute("UPDATE accounts_user SET username = 'renamed' WHERE username = 'rosa'")

    versions = [version()]
    with transaction.atomic():
        run("UPDATE products_component SET name = 'Basket'")
        versions.append(version())
        # Only once, however many names a transaction changes.
        run("UPDATE products_component SET name = 'Bag'")
        assert version() == versions[-1]
        with ThreadPoolExecutor(1) as other:
            other.submit(rename).result()
        versions.append(version())
    with transaction.atomic():
        run("UPDATE products_component SET name = 'Box'")
    versions.append(version())
    assert len(set(versions)) == 4
    assert NamesVersion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_no_name_makes_none(issue, triager):
    before = version()
    run("UPDATE accounts_user SET last_login = CURRENT_TIMESTAMP, password = 'x'")
    services.update_issue(issue, actor=triager, via="web", title="another")
    assert version() == before


def test_all_that_a_row_refers_to_is_watched():
    tables = {model._meta.db_table: columns for model, _names, columns in names.KINDS.values()}
    assert tables == REFERRED
    held = {field.attname for field in Issue._meta.concrete_fields if field.is_relation}
    # The others are told by statements of their own, or by nobody's name.
    assert held - set(names.REFERENCES) == {"parent_id", "duplicate_of_id", "waiting_for_id", "deleted_by_id"}


@pytest.mark.django_db(transaction=True)
def test_names_are_read_once_and_again_when_one_has_changed(issue, triager, django_assert_num_queries):
    told(issue, triager)
    with django_assert_num_queries(1):
        assert told(issue, triager)["component"] == "Cart"
    run("UPDATE products_component SET name = 'Basket'")
    with django_assert_num_queries(2):
        assert told(issue, triager)["component"] == "Basket"
    run("UPDATE accounts_user SET display_name = 'Rose' WHERE username = 'rosa'")
    assert told(issue, triager)["assignee"] == {"username": "rosa", "display_name": "Rose"}


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_found_that_was_undone_is_not_kept(issue, triager):
    with transaction.atomic():
        run("UPDATE products_component SET name = 'Basket'")
        assert told(issue, triager)["component"] == "Basket"
        transaction.set_rollback(True)
    assert told(issue, triager)["component"] == "Cart"


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_reads_is_not_kept(issue, triager):
    told(issue, triager)
    kept = names._latest
    # An id that it gives out may be given to another when it is undone.
    with transaction.atomic():
        run("UPDATE products_component SET name = 'Basket'")
        assert told(issue, triager)["component"] == "Basket"
    assert names._latest is kept


@pytest.mark.django_db(transaction=True)
def test_without_a_version_nothing_is_kept(issue, triager):
    NamesVersion.objects.all().delete()
    assert told(issue, triager)["component"] == "Cart"
    run("UPDATE products_component SET name = 'Basket'")
    assert told(issue, triager)["component"] == "Basket"


@pytest.mark.django_db(transaction=True)
def test_no_more_names_are_kept_than_fit(issue, triager, monkeypatch):
    told(issue, triager)
    kept = names._latest
    monkeypatch.setattr(names, "KEPT", 3)
    assert told(issue, triager)["component"] == "Cart"
    assert names._latest is not kept


def test_what_was_purged_meanwhile_has_no_name(db):
    row = dict.fromkeys(names.REFERENCES) | {"component_id": 2**40, "names_version": None}
    assert names.of([row]).known["components"] == {None: None, 2**40: None}
