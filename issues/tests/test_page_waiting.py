"""What waits for somebody: told in the side bar, and first in their work."""

import re

import pytest
from django.core.cache import caches
from django.db import connection

from issues.models import Issue
from issues.services import ask, create_issue, decide, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from products.services import update_product


@pytest.fixture(autouse=True)
def _nothing_remembered():
    caches["shared"].clear()


@pytest.fixture
def asked(product, reporter, triager, viewer):
    """WEB-1, about which Tom has asked Vera."""
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    ask(issue, actor=triager, via="web", requestee=viewer, question="Which browser?")
    return Issue.objects.get(pk=issue.pk)


def told(user):
    return at(user).get("/views/counts/").json()["counts"]


def sections(user):
    page = at(user).get("/").content.decode()
    found = re.findall(r'<section aria-labelledby="(\w+)"(.*?)</section>', page, re.DOTALL)
    return {name: re.findall(r'<td class="col-key key">([A-Z0-9-]+)</td>', rows) for name, rows in found}


def test_the_side_bar_tells_what_waits(asked, product, reporter, maintainer, triager, viewer, stranger):
    create_issue(product, actor=reporter, via="web", title="Cart forgets")
    page = at(viewer).get("/issues/").content.decode()
    assert 'data-counted="inbox"' in page and 'data-counted="triage"' in page
    for user, expected in (
        (viewer, {"inbox": "1"}),
        (triager, {"triage": "1"}),
        (maintainer, {"triage": "1"}),
        (reporter, {}),
        (stranger, {}),
        (None, {}),
    ):
        assert told(user) == expected, user


def test_the_numbers_are_capped_and_those_of_the_reader(product, triager, maintainer, reporter, monkeypatch):
    monkeypatch.setattr("issues.finding.counting.CAP", 3)
    for number in range(4):
        create_issue(product, actor=reporter, via="web", title=f"Cart {number}")
    assert told(triager) == {"triage": "3+"}
    update_product(product, actor=maintainer, via="web", archived=True)
    assert told(triager) == {}


@pytest.mark.parametrize("amount", [10, 100])
def test_the_numbers_take_eight_statements(product, triager, amount, django_assert_max_num_queries):
    file_many(product, triager, amount)
    client = at(triager)
    # PostgreSQL is told of the bound of each count, in a transaction of its own.
    with django_assert_max_num_queries(8 + 6 * (connection.vendor == "postgresql")):
        client.get("/views/counts/")


def test_my_work_begins_with_what_one_is_asked(asked, viewer, triager, product, maintainer):
    assert sections(viewer) == {"asked": ["WEB-1"]}
    assert sections(triager) == {}
    # What one is asked about is there once, whoever has it.
    update_issue(asked, actor=maintainer, via="web", assignee=viewer)
    file_many(product, maintainer, 1, assignee=viewer)
    found = sections(viewer)
    assert list(found) == ["asked", "assigned"]
    assert found["asked"] == ["WEB-1"] and len(found["assigned"]) == 1
    decide(asked, "decline", actor=triager, via="web", resolution="invalid")
    assert list(sections(viewer)) == ["assigned"]


@pytest.mark.parametrize("amount", [10, 100])
def test_my_work_takes_eight_statements(product, triager, maintainer, amount, django_assert_max_num_queries):
    file_many(product, maintainer, amount, assignee=triager)
    file_many(product, triager, amount)
    client = at(triager)
    with django_assert_max_num_queries(8):
        client.get("/")
