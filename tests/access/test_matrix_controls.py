"""With one rule switched off, the matrix turns red: it would find the leak."""

import pytest
from django.db.models import Q

from products import access
from tests.access.conftest import forget_statements
from tests.access.test_matrix import walked

TRUE = Q()


def _sees_confidential(user, obj):
    product = obj if access.is_product(obj) else obj.product
    return access.role(user, product) >= access.VIEWER


def _all_in_product(user, prefix=""):
    return TRUE


def _at_least_reporter(user, visibility):
    return access.REPORTER


# A rule of `products.access`, what it is replaced by, and a route at which that is seen.
DEFECTS = [
    ("sees", _sees_confidential, "issue-peek"),
    ("sees", _sees_confidential, "api-issue-detail"),
    ("visible_in_product", _all_in_product, "issues-export"),
    ("visible_in_product", _all_in_product, "api-issue-attachment-list"),
    ("visible_products", lambda user, prefix="": TRUE, "products"),
    ("visible_products", lambda user, prefix="": TRUE, "api-product-detail"),
    ("visible_views", lambda user: TRUE, "views"),
    ("visible_internals", lambda user, prefix="", product="": TRUE, "issue"),
    ("visible_internals", lambda user, prefix="", product="": TRUE, "api-issue-comment-detail"),
    ("visible_internals", lambda user, prefix="", product="": TRUE, "attachment"),
    ("visible_internals", lambda user, prefix="", product="": TRUE, "api-issue-attachment-file"),
    ("_implied_role", _at_least_reporter, "product"),
    ("_role_allows", lambda *about: True, "issue-set"),
    ("_role_allows", lambda *about: True, "api-issue-redact"),
    ("limit", lambda user: None, "api-issue-detail"),
    ("WITH_ARCHIVED", set(access.ACTIONS), "comment-add"),
]


# What is found is asked for once more when it is read.
FOUND, SEEN = ("visible_in_product", _all_in_product), ("sees", _sees_confidential)
TWICE = [
    ("issues", FOUND, SEEN),
    ("product-issues", FOUND, SEEN),
    ("api-issue-list", FOUND, SEEN),
    ("issue", SEEN, FOUND),
]


@pytest.mark.parametrize(("route", "first", "second"), TWICE)
@pytest.mark.untraced
@pytest.mark.once
def test_what_is_asked_for_twice_is_told_only_with_both_rules_off(world, monkeypatch, route, first, second):
    monkeypatch.setattr(access, *first)
    forget_statements()
    wrong, _wrote, _got = walked(world, route, whole=False)
    assert not wrong
    monkeypatch.setattr(access, *second)
    forget_statements()
    wrong, _wrote, _got = walked(world, route, whole=False)
    assert wrong


@pytest.mark.parametrize(("rule", "instead", "route"), DEFECTS)
@pytest.mark.untraced
@pytest.mark.once
def test_a_rule_that_is_off_is_found(world, monkeypatch, rule, instead, route):
    monkeypatch.setattr(access, rule, instead)
    forget_statements()
    wrong, _wrote, _got = walked(world, route, whole=False)
    assert wrong
