"""What the history keeps by its name alone, since no row is called so: `was:` finds it, for who sees that history."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from history.log import Gone
from history.models import Change
from issues.finding import SearchError, search
from issues.finding.names import named_without_row
from issues.models import Issue
from issues.services import EventRecord, IssueRecord, write_batch
from products.models import Component, Milestone
from products.services import create_part, create_product

BEGUN = datetime(2020, 1, 2, tzinfo=UTC)


@pytest.fixture
def imported(product, administrator):
    """WEB-1 and, in the private product SEC, SEC-1, with the past of another tracker; WEB-2 has a part of that name."""
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    made = {"product": product, "actor": administrator, "via": "web"}
    cart = create_part(Component, name="Cart", **made)
    spring = create_part(Milestone, name="26.05", **made)
    public = {"product": Gone("JDT"), "component": Gone("Deprecated7"), "milestone": Gone("initial release")}
    told = [
        ("one", product, public, {"product": product, "component": cart, "milestone": spring}),
        ("two", product, {}, {"component": create_part(Component, name="Shelf", **made)}),
        ("three", product, {"component": Gone("shelf")}, {"component": cart}),
        ("hidden", secret, {"component": Gone("Vault")}, {"component": None}),
    ]
    for title, home, was, changes in told:
        events = [EventRecord(BEGUN + timedelta(days=1), None, changes)]
        write_batch(
            [IssueRecord(home, {"title": title}, created_at=BEGUN, events=events, was=was)], actor=None, via="import"
        )


def found(query, user, product=None):
    asked = search(user, text=f"{query} sort:number-asc", product=product)
    rows = asked.apply(Issue.objects.visible_to(user)).order_by("number")
    return " ".join(rows.values_list("title", flat=True))


QUERIES = [
    ("was:component=deprecated7", "one"),
    ("was:product=JDT", "one"),
    ('was:milestone="initial release"', "one"),
    ("was:component=shelf", "two three"),
    ("-was:component=deprecated7", "two three"),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_what_was_is_found_by_its_name(imported, reporter, query, expected):
    assert found(query, reporter) == expected


@pytest.mark.parametrize("query", ["was:component=Vault", "was:component=nowhere", "component:deprecated7"])
def test_what_the_reader_sees_nowhere_is_refused_alike(imported, reporter, query):
    with pytest.raises(SearchError) as refused:
        search(reporter, text=query)
    (problem,) = refused.value.problems
    name = query.partition("=")[2] or "deprecated7"
    assert (problem.code, problem.message, problem.suggestions) == ("unknown", f"There is no “{name}”.", ())


def test_who_sees_the_history_finds_it_in_the_list_of_that_product_alone(imported, product, administrator):
    assert found("was:component=vault", administrator) == "hidden"
    assert found("was:component=vault", administrator, "SEC") == "hidden"
    with pytest.raises(SearchError):
        search(administrator, text="was:component=vault", product=product)


def test_a_name_costs_one_statement_more_where_nothing_is_called_so(imported, reporter, django_assert_num_queries):
    search(reporter, text="component:cart")
    with django_assert_num_queries(1):
        search(reporter, text="was:component=shelf")
    with django_assert_num_queries(2):
        search(reporter, text="was:component=deprecated7")


def test_the_past_is_looked_up_by_an_index(imported):
    rows = named_without_row("component", "Deprecated7")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "change_field_before_at" in rows.explain()


def test_what_was_imported_before_is_found_as_well(imported, reporter):
    kept = list(Change.objects.order_by("pk").values("before_key", "after_key"))
    Change.objects.filter(before_key__startswith="=").update(before_key="")
    import_module("history.migrations.0008_keys_of_names").fill(apps, None)
    assert list(Change.objects.order_by("pk").values("before_key", "after_key")) == kept
