"""An issue that is opened from a list: its place there, and what is before and after it."""

import re
from itertools import product as product_of
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from issues.finding import search
from issues.finding.pages import POSITIONS, paginate, position_of
from issues.models import Issue, Status
from issues.services import create_issue, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from issuetracker import keyset
from products.services import create_product

ORDERS = [
    "updated",
    "created",
    "closed",
    "priority",
    "severity",
    "due",
    "votes",
    "comments",
    "number",
    "status",
    "triage",
]


@pytest.fixture
def issues(product, triager, reporter, administrator):
    """Seven issues of two public products that differ in what one orders by, one that is confidential, one private."""
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    other = create_product(actor=administrator, via="web", key="APP", title="App", visibility="public")
    given = [
        (product, {"priority": 3, "severity": 2, "due_on": "2026-05-01"}),
        (product, {"priority": 3}),
        (other, {"severity": 1}),
        (product, {"due_on": "2026-04-01"}),
        (secret, {"priority": 4}),
        (product, {"priority": 1, "confidential": True}),
        (other, {"priority": 1, "due_on": "2026-05-01"}),
    ]
    made = [
        create_issue(home, actor=administrator, via="web", title=f"Login {number}", **fields)
        for number, (home, fields) in enumerate(given)
    ]
    update_issue(made[1], actor=triager, via="web", status=Status.objects.get(slug="in-progress"))
    update_issue(made[3], actor=triager, via="web", status=Status.objects.get(slug="accepted"))


def opened(client, key, query, home=None):
    """Return the page of an issue that is opened from a list."""
    reference = urlencode({"q": query, **({"in": home} if home else {})})
    return client.get(f"/issues/{key}/", {"list": reference})


def bar(page):
    """Return what the page says above the issue, and the keys of the issues before and after it."""
    text = " ".join(page.content.decode().split())
    beside = [re.search(rf'rel="{rel}" href="/issues/([A-Z]+-\d+)/', text) for rel in ("prev", "next")]
    said = re.search(r'<div class="topbar-end"> <span class="secondary">(.*?)</span>', text)[1]
    return said, *(found and found[1] for found in beside)


@pytest.mark.parametrize("who", ["administrator", "triager", "stranger", None])
def test_it_is_the_place_that_the_list_gives_it(issues, request, who):
    user = request.getfixturevalue(who) if who else AnonymousUser()
    for key, direction, home in product_of(ORDERS, ["asc", "desc"], [None, "WEB"]):
        asked = search(user, text=f"{'is:open ' if home else ''}sort:{key}-{direction}", product=home)
        rows = asked.apply(Issue.objects.visible_to(user)).select_related("product")
        rows = rows.filter(product__key=home) if home else rows
        listed = list(keyset.beginning(rows, asked.ordering, None, False))
        assert len(listed) >= 3
        keys = [None, *(issue.key for issue in listed), None]
        for number, issue in enumerate(listed, 1):
            row = Issue.objects.get(pk=issue.pk)
            expected = (keys[number - 1], keys[number + 1], number, len(listed))
            assert position_of(row, asked, 1000) == expected, (key, direction, home)


def test_of_a_ranked_list(issues, triager, stranger):
    for user in (triager, stranger):
        asked = search(user, text="login")
        rows = asked.apply(Issue.objects.visible_to(user)).select_related("product")
        listed = [issue.key for issue in paginate(rows, asked, size=50).rows]
        for number, key in enumerate(listed):
            before, after = listed[number - 1] if number else None, [*listed, None][number + 1]
            assert bar(opened(at(user), key, "login")) == (f"{number + 1} of {len(listed)}", before, after)


def test_one_that_has_left_the_list_says_so_and_leads_on(issues, triager, reporter):
    """Who closes what they opened from the open ones goes on to the next of these."""
    issue = Issue.objects.get(product__key="WEB", number=2)
    query = "is:open sort:number-asc"
    assert bar(opened(at(triager), "WEB-2", query, "WEB")) == ("2 of 4", "WEB-1", "WEB-3")
    update_issue(issue, actor=triager, via="web", status=Status.objects.get(slug="closed"))
    assert bar(opened(at(triager), "WEB-2", query, "WEB")) == ("No longer in this list", "WEB-1", "WEB-3")
    assert bar(opened(at(triager), "WEB-2", "nothing")) == ("No longer in this list", None, None)
    assert bar(opened(at(reporter), "APP-1", query, "WEB")) == ("No longer in this list", "WEB-1", "WEB-3")


def test_counts_go_to_a_thousand(product, triager):
    file_many(product, triager, 1003)
    for key, said in (("WEB-1", "1 of 1,000+"), ("WEB-1000", "1,000 of 1,000+"), ("WEB-1002", "1,000+")):
        assert bar(opened(at(triager), key, "sort:number-asc"))[0] == said


def test_behind_the_newest_thousand_of_a_ranked_list_there_is_no_number(product, triager):
    file_many(product, triager, 1003)
    client = at(triager)
    assert bar(opened(client, "WEB-1003", "issue"))[0].endswith(" of 1,000+")
    assert bar(opened(client, "WEB-1", "issue")) == ("1,000+", None, None)


def test_what_is_counted_from_now_is_asked_by_the_same_statement_for_a_minute(product, triager):
    file_many(product, triager, 3)
    client = at(triager)
    with time_machine.travel(timezone.now().replace(second=10), tick=False) as clock:
        opened(client, "WEB-2", "updated:>-7d")
        made = POSITIONS.kept.cache_info().misses
        clock.shift(20)
        assert " of 3" in bar(opened(client, "WEB-2", "updated:>-7d"))[0]
        assert POSITIONS.kept.cache_info().misses == made


@pytest.mark.parametrize("amount", [10, 100])
@pytest.mark.parametrize(("query", "home"), [("is:open", None), ("is:open", "WEB"), ("sort:triage", "WEB")])
def test_it_takes_one_statement_more_however_long(product, triager, amount, query, home):
    file_many(product, triager, amount)
    client = at(triager)
    with CaptureQueriesContext(connection) as alone:
        client.get("/issues/WEB-5/")
    with CaptureQueriesContext(connection) as listed:
        assert " of " in bar(opened(client, "WEB-5", query, home))[0]
    # Another for what an order makes, and on SQLite for the products to walk along.
    more = ("triage" in query) + (connection.vendor == "sqlite" and home is None)
    assert len(listed) == len(alone) + 1 + more
