"""Whatever writes a text keeps the words current by which issues are compared; many at once are left to the worker."""

import importlib
import random
from datetime import timedelta
from itertools import count

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from history.models import Batch
from issues import similar
from issues.models import Issue, Posting, TermCount, ToPost, WordCensus
from issues.services import (
    IssueRecord,
    create_issue,
    purge,
    purge_expired,
    redact,
    restore_issue,
    trash_issue,
    undo,
    update_issue,
    write_batch,
)
from issues.similar.counts import ALL
from issues.similar.finding import similar as find
from issues.similar.words import number_of
from issues.similar.writing import count_waiting
from products.services import create_product, trash_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After the login.")


def stored():
    return list(
        Posting.objects.order_by("issue", "part", "term").values_list("issue", "part", "term", "product", "weight")
    )


def assert_current():
    before = stored()
    similar.post(Issue.objects.values_list("pk", "product_id", "title", "description"))
    assert stored() == before


def found(user, title):
    return [one.issue.title for one in find(user, title)]


def test_an_issue_is_found_as_soon_as_it_is_filed(issue, stranger):
    assert found(stranger, "carts") == ["Cart empties"]
    assert not ToPost.objects.exists()
    assert_current()


def test_texts_are_followed(issue, triager, maintainer):
    update_issue(issue, actor=triager, via="web", title="Basket")
    assert (found(triager, "cart"), found(triager, "basket")) == ([], ["Basket"])
    undo(Batch.objects.latest("pk"), actor=triager, via="web")
    assert (found(triager, "cart"), found(triager, "basket")) == (["Cart empties"], [])
    update_issue(issue, actor=triager, via="web", description="Seen in Firefox")
    login, firefox = (Posting.objects.filter(term=number_of(word)) for word in ("login", "firefox"))
    assert (login.count(), firefox.count()) == (0, 1)
    redact(issue, "description", actor=maintainer, via="web")
    assert firefox.count() == 0
    assert found(triager, "cart") == ["Cart empties"]
    redact(issue, "title", actor=maintainer, via="web")
    assert found(triager, "cart") == []
    assert_current()


def test_a_move_takes_the_words_along(issue, triager, maintainer, administrator):
    other = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    update_issue(issue, actor=administrator, via="web", product=other)
    assert set(Posting.objects.values_list("product", flat=True)) == {other.pk}
    assert found(triager, "cart") == []
    undo(Batch.objects.latest("pk"), actor=administrator, via="web")
    assert found(triager, "cart") == ["Cart empties"]
    assert_current()


def test_a_purge_leaves_nothing(issue, product, maintainer):
    trash_issue(issue, actor=maintainer, via="web")
    assert found(maintainer, "cart") == []
    restore_issue(issue, actor=maintainer, via="web")
    assert found(maintainer, "cart") == ["Cart empties"]
    trash_issue(issue, actor=maintainer, via="web")
    purge(issue, actor=maintainer, via="web")
    assert stored() == []
    create_issue(product, actor=maintainer, via="web", title="Another")
    trash_product(product, actor=maintainer, via="web")
    purge_expired(timezone.now() + timedelta(days=31))
    assert stored() == []


def test_only_a_change_of_text_or_place_costs_statements(
    issue, product, triager, django_assert_num_queries, monkeypatch
):
    written = []
    monkeypatch.setattr("issues.similar.post", lambda texts: written.append(texts))
    update_issue(issue, actor=triager, via="web", priority=3)
    before = list(written)
    update_issue(issue, actor=triager, via="web", title="Basket", priority=2)
    assert (before, written) == ([], [[(issue.pk, product.pk, "Basket", issue.description)]])
    monkeypatch.undo()
    with django_assert_num_queries(2):
        similar.post(*written)


def test_many_at_once_are_left_to_the_worker(product, triager):
    write_batch([IssueRecord(product, {"title": f"Cart {n}"}) for n in range(3)], actor=None, via="import")
    assert (found(triager, "cart"), count_waiting()) == ([], 3)
    call_command("worker", once=True)
    assert (len(found(triager, "cart")), count_waiting()) == (3, 0)
    # As soon as all are written they are counted, too.
    assert TermCount.objects.get(term=number_of("cart")).documents == 3
    assert_current()


def test_both_doors_write_the_same_words(issue, product, triager):
    fields = {"title": "Cart empties", "description": "After the login."}
    write_batch([IssueRecord(product, fields)], actor=None, via="import")
    similar.post_waiting()
    one, two = ([row[1:] for row in stored() if row[0] == pk] for pk in Issue.objects.values_list("pk", flat=True))
    assert one == two


def test_the_worker_counts_with_the_words_of_the_search(product, issue, triager):
    call_command("worker", once=True)
    create_issue(product, actor=triager, via="web", title="Cart again")
    assert not TermCount.objects.filter(term=number_of("cart")).exists()
    WordCensus.objects.update(at=timezone.now() - timedelta(hours=2))
    call_command("worker", once=True)
    assert TermCount.objects.get(term=number_of("cart")).documents == 2
    assert TermCount.objects.get(term=ALL, part=0).documents == 2
    assert WordCensus.objects.count() == 1


def test_reindex_mends_what_is_missing_stale_or_left_behind(product, issue, triager, capsys):
    write_batch([IssueRecord(product, {"title": f"One {n}"}) for n in range(520)], actor=None, via="import")
    similar.post_waiting()
    right = stored()
    similar.forget(Issue.objects.values_list("pk", flat=True)[5:50])
    Posting.objects.filter(issue=issue).update(weight=1)
    similar.post_new([(10**6, product.pk, "Nobody's", "")])
    call_command("reindex", similar=True)
    assert stored() == right
    assert "521 issues can be compared." in capsys.readouterr().out


def test_reindex_goes_on_where_it_was_interrupted(product, issue, triager, capsys):
    write_batch([IssueRecord(product, {"title": f"One {n}"}) for n in range(1100)], actor=None, via="import")
    parts = count()

    def interrupt(_count):
        if next(parts):
            raise KeyboardInterrupt

    similar.post_all_later()
    with pytest.raises(KeyboardInterrupt):
        similar.post_waiting(interrupt)
    assert count_waiting() == 1001
    call_command("reindex", resume=True)
    assert "1,001 issues can be compared." in capsys.readouterr().out
    assert count_waiting() == 0
    assert_current()


def test_the_migration_leaves_what_was_there_before_to_the_worker(issue, triager):
    similar.forget([issue.pk])
    importlib.import_module("issues.migrations.0010_similar_fill").fill(apps, None)
    assert (found(triager, "cart"), count_waiting()) == ([], 1)
    similar.post_waiting()
    assert found(triager, "cart") == ["Cart empties"]


def test_statements_do_not_grow_with_the_issues(product, issue, django_assert_max_num_queries):
    for _time in range(2):
        write_batch([IssueRecord(product, {"title": f"One {n}"}) for n in range(50)], actor=None, via="import")
    with django_assert_max_num_queries(9):
        assert similar.post_waiting(parts=1)
    assert count_waiting() == 50


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.untraced
def test_random_work_leaves_what_a_fresh_reindex_writes(product, maintainer, seed):
    choose = random.Random(seed)
    told = {"actor": maintainer, "via": "web"}
    for _step in range(40):
        do(choose, product, told)
    assert_current()


def do(choose, product, told):
    """Do one thing at random; what the services refuse is not chosen."""
    words = " ".join(choose.choices(["cart", "Login", "日本語", "NullPointer", "crashes", "foo_bar", "the"], k=3))
    live = choose.choice([*Issue.objects.filter(deleted_at=None), None])
    gone = choose.choice([*Issue.objects.exclude(deleted_at=None), None])
    deeds = [lambda: create_issue(product, title=words, description=words[::-1], **told)]
    if live:
        deeds += [
            lambda: update_issue(live, title=words, **told),
            lambda: update_issue(live, description=words, **told),
            lambda: trash_issue(live, **told),
            lambda: redact(live, choose.choice(["title", "description"]), **told),
        ]
    if gone:
        deeds += [lambda: restore_issue(gone, **told), lambda: purge(gone, **told)]
    choose.choice(deeds)()
