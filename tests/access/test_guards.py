"""What of access, sign-in, sanitising and the query language no other test comes by: every branch of these is run."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from accounts.backends import NameOrEmail
from issues.models import SavedView
from issues.query import QueryError, moments, parse
from issues.query.parsing import DEPTH, TERMS
from products import access
from products.markdown import HIGHLIGHT_LIMIT, render
from tests.access.world import FAR, PRIVATE

pytestmark = pytest.mark.traced
REFUSED = [
    ("was:priority=>=low", "unknown"),
    ("was:due=2026-01-01..2026-02-01", "value"),
    ("changed:status/who=ada", "value"),
    ("changed:status/by=ada,", "value"),
    ('changed:status/by="ada"x', "value"),
    ("by:@nobody", "value"),
    ("by:", "missing"),
    ("type:>bug", "operator"),
    ('assignee:@"ada"', "value"),
    ('label:"  "', "missing"),
    ("title:--", "empty"),
    ("title:…", "empty"),
    (" OR ".join(f"a{n}" for n in range(TERMS + 2)), "too_many"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_a_query_is_refused(text, code):
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.problems[0].code == code


def test_what_is_too_deep_though_its_parentheses_are_not():
    text = "".join(f"-(a{n} OR b{n} " for n in range(DEPTH - 1)) + "z" + ")" * (DEPTH - 1)
    with pytest.raises(QueryError) as refused:
        parse(text)
    # Printed, an OR in an AND has parentheses of its own.
    assert [(one.code, one.position) for one in refused.value.problems] == [("too_deep", 0)]


NOW = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("UTC"))


@pytest.mark.parametrize(("begin", "offset"), [(100, "-9999w"), (2026, "-9999y"), (2026, "+9999y")])
def test_a_moment_stops_at_the_end_of_the_calendar(begin, offset):
    assert moments.later(NOW.replace(year=begin), offset).year in (moments.FIRST.year, moments.LAST.year)


def test_hours_before_a_day_are_a_moment():
    first, last = moments.interval("today-3h", NOW)
    assert first == last == datetime(2026, 2, 28, 21, tzinfo=ZoneInfo("UTC"))


def test_who_gives_no_password_or_is_gone_is_nobody(db):
    assert NameOrEmail().authenticate(None, username="ada") is None
    assert NameOrEmail().get_user(10**9) is None


def test_a_personal_view_is_its_owner_s(world):
    view = SavedView.objects.filter(shared=False, product__key=PRIVATE).get()
    assert access.sees(world.olga, view)
    assert not access.sees(world.user("reporter"), view) and not access.sees(world.user("anonymous"), view)


def test_who_may_do_everything_holds_every_role(world):
    from products.models import Product

    held = Product.objects.filter(access.products_with_role(world.user("superuser"), "maintainer"))
    assert held.filter(key=FAR).exists()


@pytest.mark.parametrize("code", ["```\nplain\n```", f"```python\n{'x' * (HIGHLIGHT_LIMIT + 1)}\n```"])
def test_code_that_is_not_coloured(code):
    assert "<pre>" in render(code)
