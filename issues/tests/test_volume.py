"""Issues to measure with: as many as asked for, the same for the same seed, and with what is to be searched for."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q

from accounts.models import User
from history import log
from history.models import Change, Event
from issues.models import Comment, Issue, IssueLabel
from issues.services.issues import RELATED
from issues.volume import site
from issues.volume.records import Records, place_rare_words
from issues.volume.site import ADMINISTRATOR, BIG, READER, SMALL, TWO_PERCENT, build_site
from issues.volume.words import COMMON, RARE
from products.models import Component, Label, Member, Product

COUNT, PRODUCTS = 1000, 8


@pytest.fixture
def few_people(monkeypatch):
    """A site with forty people rather than three hundred, where it does not matter how many they are."""
    monkeypatch.setattr(site, "GIVEN", site.GIVEN[:3])


def load(seed=1, issues=COUNT, **options):
    call_command("load_volume", issues=issues, products=PRODUCTS, seed=seed, **options)


def holding(word):
    return Issue.objects.filter(Q(title__icontains=word) | Q(description__icontains=word))


def test_a_volume_is_as_promised(db, capsys):
    load()
    assert "Loaded 1,000 issues" in capsys.readouterr().out
    assert (Issue.objects.count(), Product.objects.count()) == (COUNT, PRODUCTS)
    for word in RARE:
        assert holding(word).count() == 50
        assert holding(word).values("product").distinct().count() == PRODUCTS
    for word in COMMON:
        assert 0.35 < holding(word).count() / COUNT < 0.45
    counts = {
        0.15: Issue.objects.open(),
        0.1: Issue.objects.filter(product__key=BIG),
        0.02: IssueLabel.objects.filter(label__name=TWO_PERCENT),
        0.01: Issue.objects.filter(confidential=True),
        0.7: Comment.objects.all(),
        2: Event.objects.filter(about="issue", kind="changed"),
    }
    for share, rows in counts.items():
        assert abs(rows.count() / COUNT - share) < 0.01 + share / 5, share
    assert 0 < Comment.objects.filter(internal=True).count() < 60
    # Twenty of its own, and five to seven of each rare word.
    assert 60 <= Issue.objects.filter(product__key=SMALL).count() <= 120
    assert set(Change.objects.values_list("field", flat=True)) >= {"status", "assignee", "priority", "labels"}
    for issue in Issue.objects.select_related(*RELATED)[::17]:
        assert log.replay("issue", issue.pk) == log.present(issue)


def test_the_readers_see_what_they_are_to_see(db, few_people):
    load(issues=200, private=True)
    reader = User.objects.get(username=READER)
    assert reader.memberships.count() == 3
    assert Product.objects.visible_to(reader).count() == 4
    assert [product.key for product in Product.objects.visible_to(None)] == [SMALL]
    for person in (reader, None):
        assert Issue.objects.visible_to(person).filter(description__contains=RARE[0]).exists()
    assert User.objects.get(username=ADMINISTRATOR).is_superuser
    assert not User.objects.exclude(password__startswith="!").exists()


def test_the_same_seed_gives_the_same_issues(db, few_people):
    built = build_site(PRODUCTS, 1)
    first, again, other = (list(Records(built, 60, seed)) for seed in (1, 1, 2))
    assert first == again
    assert [record.fields["title"] for record in first] != [record.fields["title"] for record in other]


def test_rare_words_are_as_many_in_any_volume():
    for count in (50, 999, 12_345):
        placed = [word for words in place_rare_words(count).values() for word in words]
        assert {placed.count(word) for word in RARE} == {50}


def test_issues_that_are_there_already_are_added_to_on_request_only(db, few_people):
    load(issues=60)
    with pytest.raises(CommandError, match="has issues"):
        load(issues=60)
    before = [model.objects.count() for model in (User, Product, Component, Label, Member)]
    load(issues=70, add=True)
    assert Issue.objects.count() == 130
    assert [model.objects.count() for model in (User, Product, Component, Label, Member)] == before


def test_too_few_are_refused(db):
    with pytest.raises(CommandError, match="At least"):
        load(issues=10)
