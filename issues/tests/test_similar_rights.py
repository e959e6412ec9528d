"""What a reader may not see is neither shown as similar nor counted, and changes no score."""

import pytest

from issues import similar
from issues.models import Status
from issues.services import create_issue, trash_issue, update_issue
from issues.similar import scoring
from issues.similar.counts import ALL, known_to
from issues.similar.finding import similar as find
from issues.similar.suggesting import suggest
from issues.similar.words import number_of
from products.models import Component
from products.services import create_part, create_product, set_member, trash_product

TITLE = "Coupon breaks checkout"


@pytest.fixture
def secret(administrator):
    """A product that is private."""
    return create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")


@pytest.fixture
def hide(product, secret, administrator):
    """A function that files issues which a stranger does not see, of the kind that it is given."""

    def confidential(title, **fields):
        return create_issue(product, actor=administrator, via="web", title=title, confidential=True, **fields)

    def private(title, **fields):
        return create_issue(secret, actor=administrator, via="web", title=title, **fields)

    def trashed(title, **fields):
        issue = create_issue(product, actor=administrator, via="web", title=title, **fields)
        return trash_issue(issue, actor=administrator, via="web")

    def in_trashed_product(title, **fields):
        home = create_product(actor=administrator, via="web", key="GONE", title="Gone", visibility="public")
        issue = create_issue(home, actor=administrator, via="web", title=title, **fields)
        trash_product(home, actor=administrator, via="web")
        return issue

    return {"confidential": confidential, "private": private, "trashed": trashed, "product": in_trashed_product}


KINDS = pytest.mark.parametrize("kind", ["confidential", "private", "trashed", "product"])
READERS = pytest.mark.parametrize("reader", ["nobody", "stranger", "reporter"])


@pytest.fixture
def reader_named(request):
    """A function that returns the user of a name; nobody is None."""
    return lambda name: None if name == "nobody" else request.getfixturevalue(name)


def told(user):
    return [(one.issue.pk, one.score, one.why, one.said) for one in find(user, TITLE)]


@KINDS
@READERS
def test_what_is_hidden_is_not_shown_and_moves_no_score(product, maintainer, hide, kind, reader, reader_named):
    user = reader_named(reader)
    for title in (TITLE, "Checkout is slow", "Coupon field is small"):
        create_issue(product, actor=maintainer, via="web", title=title)
    similar.count_terms()
    before = told(user)
    assert len(before) == 3
    if kind == "product":
        hide[kind]("Coupon breaks checkout, too")
    else:
        for place in range(3):
            hide[kind](f"Coupon breaks checkout, too {place}")
    similar.count_terms()
    # What passes from one asking to the next is time alone.
    assert [row[0] for row in told(user)] == [row[0] for row in before]
    assert [row[1] for row in told(user)] == pytest.approx([row[1] for row in before], abs=0.002)
    assert [row[2:] for row in told(user)] == [row[2:] for row in before]


@KINDS
def test_hidden_ones_do_not_push_others_out_of_the_candidates(product, maintainer, stranger, hide, kind, monkeypatch):
    monkeypatch.setattr("issues.similar.weights.BEST", 1)
    monkeypatch.setattr("issues.similar.weights.NEWEST", 1)
    seen = create_issue(product, actor=maintainer, via="web", title="Some checkout")
    hide[kind](TITLE)
    assert [one.issue for one in find(stranger, TITLE)] == [seen]


@pytest.mark.parametrize("kind", ["confidential", "private", "trashed"])
@READERS
def test_a_canonical_issue_that_is_hidden_is_not_named(
    product, maintainer, administrator, hide, kind, reader, reader_named
):
    one = create_issue(product, actor=maintainer, via="web", title=TITLE)
    canonical = hide["private" if kind == "trashed" else kind]("Quite another title")
    update_issue(one, actor=administrator, via="web", duplicate_of=canonical)
    if kind == "trashed":
        trash_issue(canonical, actor=administrator, via="web")
    found = find(reader_named(reader), TITLE)
    assert [(near.issue, "duplicates" in near.why) for near in found] == [(one, False)]
    seen = [near.issue for near in find(administrator, TITLE)]
    assert seen == [one if kind == "trashed" else canonical]


@pytest.mark.parametrize("kind", ["confidential", "private", "trashed"])
@READERS
def test_duplicates_that_are_hidden_are_not_counted(
    product, maintainer, administrator, hide, kind, reader, reader_named
):
    canonical = create_issue(product, actor=maintainer, via="web", title=TITLE)
    user = reader_named(reader)
    ((_pk, score, why, said),) = told(user)
    duplicate = hide["private" if kind == "trashed" else kind](TITLE)
    update_issue(duplicate, actor=administrator, via="web", duplicate_of=canonical)
    if kind == "trashed":
        trash_issue(duplicate, actor=administrator, via="web")
    ((_pk, again, *rest),) = told(user)
    assert (again, rest) == (pytest.approx(score, abs=0.002), [why, said])
    assert ("1 known duplicate" in find(administrator, TITLE)[0].said) == (kind != "trashed")


def test_who_may_see_them_finds_them(product, secret, maintainer, administrator, stranger, hide):
    confidential, private = hide["confidential"](TITLE), hide["private"](TITLE)
    assert {one.issue.pk for one in find(administrator, TITLE)} == {confidential.pk, private.pk}
    assert [one.issue for one in find(maintainer, TITLE)] == [confidential]
    assert find(stranger, TITLE) == []
    set_member(secret, stranger, "viewer", actor=administrator, via="web")
    stranger = type(stranger).objects.get(pk=stranger.pk)
    assert [one.issue for one in find(stranger, TITLE)] == [private]


def test_a_product_that_is_not_public_has_counts_for_its_readers(secret, administrator, stranger):
    for title in ("Vault", "Vault opens", "Vault window"):
        create_issue(secret, actor=administrator, via="web", title=title)
    similar.count_terms()
    term = number_of("vault")

    def known(user, *terms):
        return known_to(user, terms)[0][scoring.TITLE]

    assert (known(administrator, term)[term], known(administrator)[ALL]) == (3, 3)
    assert known(stranger, term) == known(None, term) == {}


def test_readers_of_many_products_find_the_same(product, maintainer, stranger, hide, monkeypatch):
    seen = create_issue(product, actor=maintainer, via="web", title=TITLE)
    hide["private"](TITLE)
    for limit in (50, 0):
        monkeypatch.setattr("issues.similar.finding.FEW_PRODUCTS", limit)
        assert [one.issue for one in find(stranger, TITLE)] == [seen]


@pytest.mark.parametrize("kind", ["confidential", "private", "trashed"])
@READERS
def test_hidden_issues_suggest_nothing(product, secret, maintainer, administrator, hide, kind, reader, reader_named):
    issue = create_issue(product, actor=maintainer, via="web", title=TITLE)
    home = secret if kind == "private" else product
    part = create_part(Component, product=home, actor=administrator, via="web", name="Payments")
    for _time in range(3):
        hide[kind](TITLE, component=part, severity=3, assignee=administrator, status=accepted())
    assert suggest(reader_named(reader), issue) == {}


def accepted():
    return Status.objects.get(slug="accepted")
