"""Issues that are like one another: the most alike first, duplicates as what they are duplicates of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from issues import similar
from issues.models import Issue, Status
from issues.services import create_issue, update_issue
from issues.similar.finding import shared_words, similar_to
from issues.similar.finding import similar as find
from products.models import Component
from products.services import create_part, create_product


def file(product, actor, title, description="", **fields):
    return create_issue(product, actor=actor, via="web", title=title, description=description, **fields)


def titles(found):
    return [one.issue.title for one in found]


def mark(issue, original, actor):
    return update_issue(issue, actor=actor, via="web", duplicate_of=original)


@pytest.fixture
def shop(product, triager):
    """Some issues of the shop that have nothing to do with one another."""
    made = [
        ("Checkout crashes after the coupon is entered", "A stack trace with NullPointerException."),
        ("Search finds no umlauts", "Typing Müller finds nothing."),
        ("Login page is slow", "It takes ten seconds."),
        ("Cart empties over night", "The session ends."),
    ]
    return [file(product, triager, title, text) for title, text in made]


def test_the_most_alike_comes_first(product, shop, reporter):
    found = find(reporter, "Crash in checkout when entering a coupon", product=product)
    assert titles(found)[0] == "Checkout crashes after the coupon is entered"
    assert set(found[0].why) == {"words", "product", "open"}
    assert found[0].said == "Shares “crash”, “checkout”, “entering”, “coupon”; same product; open now"
    assert titles(find(reporter, "Nothing of that kind whatsoever")) == []
    assert titles(find(reporter, "the of and")) == []
    assert find(reporter, "") == []


def test_an_issue_is_not_like_itself_nor_like_its_duplicates(product, shop, triager):
    again = file(product, triager, "Checkout crashes with a coupon")
    assert titles(similar_to(triager, again)) == [shop[0].title]
    mark(again, shop[0], triager)
    assert similar_to(triager, shop[0]) == []
    assert titles(similar_to(triager, again)) == [shop[0].title]


def test_descriptions_count_where_there_are_some(product, shop, triager):
    found = find(triager, "It does not work", "I get a NullPointerException in a stack trace")
    assert titles(found)[:1] == [shop[0].title]
    assert (found[0].why, found[0].said) == (("description", "open"), "Similar in the description; open now")
    assert titles(find(triager, "It does not work at all")) == []


def test_a_duplicate_is_shown_as_what_it_is_a_duplicate_of(product, shop, triager):
    crash, umlauts, *_others = shop
    again = mark(file(product, triager, "Coupons make it fall over"), crash, triager)
    found = find(triager, "It falls over with coupons")
    assert titles(found) == [crash.title]
    assert found[0].said == "A duplicate of it shares “falls”, “coupons”; open now; 1 known duplicate"
    assert "duplicates" in found[0].why
    # A duplicate of a duplicate, too, which is reported as the one at the top.
    mark(file(product, triager, "Voucher breaks payment"), again, triager)
    assert titles(find(triager, "Payment breaks with voucher")) == [crash.title]
    mark(crash, umlauts, triager)
    assert titles(find(triager, "Payment breaks with voucher")) == [umlauts.title]


def test_what_the_tracker_knows_decides_between_equals(product, triager, administrator):
    now = timezone.now()
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="public")
    cart = create_part(Component, product=product, actor=administrator, via="web", name="Cart")
    plain, near, nearest, closed, old = (
        file(where, administrator, "Button is missing", component=part)
        for where, part in ((other, None), (product, None), (product, cart), (product, None), (product, None))
    )
    update_issue(closed, actor=administrator, via="web", status=Status.objects.get(slug="closed"))
    Issue.objects.filter(pk=closed.pk).update(closed_at=now - timedelta(days=1000))
    Issue.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=1000))
    found = find(triager, "Button is missing", product=product, component=cart)
    assert [one.issue.pk for one in found] == [one.pk for one in (nearest, near, plain, old, closed)]
    assert ["component" in one.why for one in found] == [True, False, False, False, False]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(find(triager, "Button is missing", limit=2)) == 2


@pytest.mark.parametrize(
    ("title", "text", "offered"),
    [
        ("Cart loses items of guests without any message", "x", []),
        ("Cart is empty", "NullPointerException at CartService.total (line 12) at CartController.show (line 87)", []),
        ("Export of orders to a spreadsheet", "", []),
        ("Mail is lost after the server restarts", "", ["Server restarts lose mail"]),
        ("Nothing arrives", "Queue is emptied by systemd before postfix flushes", ["Server restarts lose mail"]),
        ("Exporter stops", "", ["Exporter stops in the middle of a page"]),
    ],
)
def test_of_other_products_only_what_is_much_alike(product, triager, administrator, title, text, offered):
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="public")
    file(other, triager, "Section 12 may be read without a certificate", "Nothing marks what is secret, in any group.")
    file(other, triager, "Server restarts lose mail", "The queue is emptied by systemd before postfix flushes it.")
    file(other, triager, "Exporter stops in the middle of a page")
    issue = file(product, triager, title, text)
    similar.count_terms()
    assert titles(similar_to(triager, issue)) == offered
    # Of the own product, and where none is known, whatever shares a word.
    assert titles(find(triager, title, text, other, issue=issue))
    assert titles(find(triager, title, text, issue=issue))


def test_rare_words_tell_more_than_common_ones(product, triager):
    for place in range(6):
        file(product, triager, f"Window {'abcdef'[place] * 4}")
    rare = file(product, triager, "Flux window")
    similar.count_terms()
    assert find(triager, "Flux of the window")[0].issue == rare
    other = file(product, triager, "Flux capacitor")
    similar.count_terms()
    found = find(triager, "Window and capacitor")
    assert found[0].issue == other


@pytest.mark.parametrize(
    ("title", "other", "shared"),
    [
        ("Crashes in the FooBar of the cart", "foo crashing: carts", ["crashes", "foo", "cart"]),
        ("CI on GitHub fails", "github: no runner", ["github"]),
        ("github", "GitHub", ["github"]),
        ("GitHub", "GitHub", ["git", "hub"]),
        ("GitHub hangs", "git: github is down", ["git", "github"]),
        ("Art for SmartCart", "art of smartcart", ["art", "smartcart"]),
        ("ToDo is empty", "todo", ["todo"]),
        ("日本語", "本語", ["本語"]),
        ("日本語", "日本語", ["日本", "本語"]),
    ],
)
def test_shared_words_are_told_as_they_are_asked_for(title, other, shared):
    assert shared_words(title, other) == shared


def test_a_name_that_is_written_together_is_shared_by_the_titles(product, triager):
    file(product, triager, "github: no runner")
    assert find(triager, "CI on GitHub fails")[0].said == "Shares “github”; open now"


def test_a_common_word_alone_still_finds(product, triager, monkeypatch):
    monkeypatch.setattr("issues.similar.weights.READ", 2)
    for _time in range(4):
        file(product, triager, "Cart")
    similar.count_terms()
    assert len(find(triager, "cart")) == 4


def test_the_newest_have_a_list_of_their_own(product, triager, monkeypatch):
    monkeypatch.setattr("issues.similar.weights.BEST", 1)
    monkeypatch.setattr("issues.similar.weights.NEWEST", 1)
    best = file(product, triager, "Cart icon")
    file(product, triager, "Cart of somebody else")
    newest = file(product, triager, "Cart with more words than any other")
    assert {one.issue.pk for one in find(triager, "Cart icon")} == {best.pk, newest.pk}
