"""How common words are: counted over what everybody may read, whatever else there is."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.utils import timezone

from issues import fulltext
from issues.finding import search
from issues.finding.names import Names
from issues.models import Issue, WordCensus, WordCount
from issues.query import parse
from issues.services import add_comment, create_issue, trash_issue, update_issue
from products.services import create_product


@pytest.fixture
def secret(administrator):
    """A product that is not public."""
    return create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")


def file(product, actor, title, **fields):
    return create_issue(product, actor=actor, via="web", title=title, **fields)


def known(words, user):
    """Return in how many documents each of `words` is, as far as `user` may know."""
    names = Names(parse(" ".join(words)).tree, user)
    return {word: names.frequency([fulltext.needle(word)]) for word in words}


def test_words_are_counted_by_documents(product, secret, maintainer, administrator):
    for title in ("Cart cart login", "Cart", "Cart once"):
        file(product, maintainer, title)
    for title in ("Cart", "Cart vault", "Vault"):
        file(secret, administrator, title)
    fulltext.count_words()
    public = {"cart": 3, "login": 1, "vault": 1, "nowhere": 1}
    for user in (maintainer, AnonymousUser()):
        assert known(public, user) == public
    assert known(["cart", "vault"], administrator) == {"cart": 5, "vault": 2}
    assert not WordCount.objects.filter(documents__lt=2).exists()


def test_nothing_hidden_is_counted(product, maintainer, triager):
    for number in range(2):
        issue = file(product, maintainer, f"Cart {number}")
        add_comment(issue, actor=triager, via="web", body="finance", internal=True)
        file(product, maintainer, "Salary", confidential=True)
        trash_issue(file(product, maintainer, "Rubbish"), actor=maintainer, via="web")
    fulltext.count_words()
    counts = known(["cart", "finance", "salary", "rubbish"], maintainer)
    assert counts == {"cart": 2, "finance": 1, "salary": 1, "rubbish": 1}


def test_the_worker_counts_when_something_has_happened_for_an_hour(product, maintainer):
    issue = file(product, maintainer, "Cart")
    call_command("worker", once=True)
    now = timezone.now()
    later = now + timedelta(minutes=61)
    assert not fulltext.count_words_if_due(now)
    assert not fulltext.count_words_if_due(later)
    update_issue(issue, actor=maintainer, via="web", title="Cart again")
    assert not fulltext.count_words_if_due(now)
    assert fulltext.count_words_if_due(later)
    assert WordCensus.objects.count() == 1


@pytest.mark.parametrize("common", [5000, 1])
@pytest.mark.parametrize(
    ("query", "quoted"),
    [("UTF-8", '"UTF-8"'), ("UTF-8 login", '"UTF-8" login'), ("login OR -SHA-256", 'login OR -"SHA-256"')],
)
def test_a_word_that_looks_like_a_key_is_as_common_as_it_is(product, triager, monkeypatch, common, query, quoted):
    monkeypatch.setattr("issues.finding.conditions.RARE", common)
    for title in ("UTF-8 login", "UTF-8 and SHA-256", "SHA-256 of UTF-8"):
        file(product, triager, title)
    fulltext.count_words()
    one, other = (search(triager, text=text) for text in (query, quoted))
    assert (one.needles, one.weights) == (other.needles, other.weights)
    assert str(one.apply(Issue.objects.all()).query) == str(other.apply(Issue.objects.all()).query)


def test_reindex_counts(product, maintainer):
    for _time in range(2):
        file(product, maintainer, "Cart")
    call_command("reindex")
    assert known(["cart"], maintainer) == {"cart": 2}
