"""What the fields of an issue may be, with the evidence; nothing is ever set."""

from datetime import timedelta

import pytest
from django.utils import timezone

from history.models import Event
from issues.models import Status
from issues.services import create_issue, update_issue
from issues.similar.suggesting import suggest
from products.models import Component, Label
from products.services import create_part, create_product, set_member, update_part


@pytest.fixture
def made(administrator):
    """Who makes parts, and how."""
    return {"actor": administrator, "via": "web"}


@pytest.fixture
def cart(product, made):
    return create_part(Component, product=product, name="Cart", **made)


@pytest.fixture
def labels(product, made):
    return [create_part(Label, product=product, name=name, **made) for name in ("area/cart", "area/shop", "slow")]


def file(product, actor, title="Coupon is refused", **fields):
    fields.setdefault("status", Status.objects.get(slug="accepted"))
    return create_issue(product, actor=actor, via="web", title=title, **fields)


@pytest.fixture
def issue(product, reporter):
    """An issue of which nothing is known but its title."""
    return create_issue(product, actor=reporter, via="web", title="Coupon is refused")


def test_similar_issues_suggest_what_they_were_given(product, issue, triager, cart, labels):
    given = {"component": cart, "severity": 3, "assignee": triager, "type": "feature", "labels": [labels[0], labels[2]]}
    for _time in range(3):
        file(product, triager, **given)
    events = Event.objects.count()
    told = suggest(triager, issue)
    evidence = {"score": 1.0, "evidence": {"for": 3, "of": 3}}
    assert told == {
        "component": [{"value": "Cart", **evidence}],
        "type": [{"value": "feature", **evidence}],
        "severity": [{"value": "s2", **evidence}],
        "labels": [{"value": name, "score": 0.5, "evidence": {"for": 3, "of": 3}} for name in ("area/cart", "slow")],
        "assignee": [{"value": {"username": "tom", "display_name": "Tom"}, **evidence}],
    }
    assert Event.objects.count() == events


def test_the_evidence_counts_those_that_have_the_field(product, issue, triager, maintainer, cart):
    for assignee in (triager, triager, maintainer, maintainer, maintainer, None):
        file(product, triager, assignee=assignee, component=cart if assignee == triager else None)
    told = suggest(triager, issue)
    assert [(one["value"]["username"], one["evidence"]) for one in told["assignee"]] == [
        ("mia", {"for": 3, "of": 5}),
        ("tom", {"for": 2, "of": 5}),
    ]
    assert told["component"][0]["evidence"] == {"for": 2, "of": 2}


def test_a_field_that_is_set_gets_no_suggestion(product, triager, cart, labels):
    given = {"component": cart, "severity": 3, "assignee": triager, "type": "feature", "labels": labels[:1]}
    for _time in range(2):
        file(product, triager, **given)
    for name, value in given.items():
        told = suggest(triager, file(product, triager, title="Coupon, again refused", **{name: value}, status=triage()))
        assert name not in told
        assert len(told) == 4
    assert suggest(triager, file(product, triager, **given)) == {}


def triage():
    return Status.objects.get(slug="new")


def test_only_what_could_be_set_is_suggested(
    product, issue, triager, stranger, maintainer, administrator, made, labels
):
    cart = create_part(Component, product=product, name="Cart", **made)
    for person in (stranger, maintainer):
        for _time in range(2):
            file(product, triager, component=cart, assignee=person, labels=labels[2:])
    update_part(cart, archived=True, **made)
    update_part(labels[2], archived=True, **made)
    type(maintainer).objects.filter(pk=maintainer.pk).update(is_active=False)
    told = suggest(triager, issue)
    assert list(told) == ["assignee"]
    assert [one["value"]["username"] for one in told["assignee"]] == ["sam"]
    product.visibility = "private"
    product.save()
    assert suggest(triager, type(issue).objects.get(pk=issue.pk)) == {}
    set_member(product, stranger, "viewer", actor=administrator, via="web")
    told = suggest(triager, type(issue).objects.get(pk=issue.pk))
    assert [one["value"]["username"] for one in told["assignee"]] == ["sam"]


def test_untriaged_issues_and_other_products_do_not_vote(product, issue, triager, administrator, made, cart):
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="public")
    for _time in range(2):
        file(product, triager, component=cart, status=triage())
        file(other, administrator, severity=3)
    assert suggest(triager, issue) == {}


def test_one_issue_alone_is_no_evidence_and_the_default_type_no_hint(product, issue, triager, cart):
    file(product, triager, component=cart)
    for _time in range(3):
        file(product, triager)
    assert suggest(triager, issue) == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"feature": 4, "bug": 3, "task": 2}, ["feature"]),
        ({"feature": 4, "task": 3, "bug": 2}, ["feature", "task"]),
        ({"bug": 4, "feature": 3}, []),
    ],
)
def test_a_type_is_suggested_that_has_more_votes_than_the_one_it_has(product, issue, triager, given, told):
    for name, count in given.items():
        for _time in range(count):
            file(product, triager, type=name)
    assert [one["value"] for one in suggest(triager, issue).get("type", ())] == told


def test_a_type_with_fewer_votes_is_not_suggested_where_one_issue_alone_has_more(product, issue, triager):
    file(product, triager, type="bug")
    for _time in range(2):
        old = file(product, triager, type="feature")
        type(old).objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2 * 365))
    assert suggest(triager, issue) == {}


def test_newer_votes_count_more(product, issue, triager, made):
    old, new = (create_part(Component, product=product, name=name, **made) for name in ("Old", "New"))
    for part in (old, old, new, new):
        one = file(product, triager, component=part)
        if part == old:
            type(one).objects.filter(pk=one.pk).update(created_at="2020-01-01T00:00:00Z")
    told = suggest(triager, issue)["component"]
    assert told[0]["value"] == "New"
    assert told[0]["score"] > 0.9


@pytest.mark.parametrize("names", [("Type/a", "type/b"), ("/a", "/b")])
def test_labels_that_exclude_each_other_by_no_rule_are_suggested_together(product, issue, triager, made, names):
    given = [create_part(Label, product=product, name=name, **made) for name in names]
    for _time in range(3):
        file(product, triager, labels=given)
    assert {one["value"] for one in suggest(triager, issue)["labels"]} == set(names)


def test_a_label_of_the_site_is_suggested_and_one_of_a_group(product, issue, triager, made, labels):
    of_site = create_part(Label, product=None, name="regression", **made)
    for own in (labels[:1], labels[:1], labels[:1], labels[1:2], labels[1:2]):
        update_issue(file(product, triager), actor=triager, via="web", labels=[*own, of_site])
    assert [one["value"] for one in suggest(triager, issue)["labels"]] == ["regression", "area/cart"]
