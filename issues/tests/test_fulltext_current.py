"""Whatever writes a text keeps what is searched current, and what writes none costs nothing."""

import importlib
import random
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from history.models import Batch
from issues import fulltext
from issues.models import Comment, Issue, Status
from issues.services import (
    CommentRecord,
    IssueRecord,
    add_comment,
    create_issue,
    edit_comment,
    purge,
    purge_expired,
    redact,
    restore_comment,
    restore_issue,
    trash_comment,
    trash_issue,
    undo,
    update_issue,
    write_batch,
)
from products.services import trash_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After the login.")


def found(word, **options):
    """Return the titles of the issues that `word` is found in."""
    return sorted(
        Issue.objects.filter(fulltext.matches([fulltext.needle(word)], **options)).values_list("title", flat=True)
    )


def stored():
    """Return all documents as the database has them."""
    statements = {
        "postgresql": ["SELECT issue_id, whole, words::text FROM issue_document ORDER BY 1, 2"],
        "sqlite": [
            f"SELECT rowid, title, body, comments FROM issue_document_{kind} ORDER BY 1" for kind in ("public", "whole")
        ],
    }
    with connection.cursor() as cursor:
        answers = []
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
            answers.append(cursor.fetchall())
        return answers


def assert_current():
    before = stored()
    fulltext.reindex()
    assert stored() == before


def test_an_issue_is_found_as_soon_as_it_is_filed(issue):
    assert found("cart") == found("login") == ["Cart empties"]
    assert found("cart", columns=["body"]) == []
    assert_current()


def test_texts_are_followed(issue, triager, maintainer):
    update_issue(issue, actor=triager, via="web", title="Basket")
    assert (found("cart"), found("basket")) == ([], ["Basket"])
    batch = Batch.objects.latest("pk")
    undo(batch, actor=triager, via="web")
    assert (found("cart"), found("basket")) == (["Cart empties"], [])
    comment = add_comment(issue, actor=triager, via="web", body="Seen in Firefox")
    assert found("firefox", columns=["comments"]) == ["Cart empties"]
    comment = edit_comment(comment, actor=triager, via="web", body="Seen in Chrome")
    assert (found("firefox"), found("chrome")) == ([], ["Cart empties"])
    comment = trash_comment(comment, actor=maintainer, via="web")
    assert found("chrome") == []
    comment = restore_comment(comment, actor=maintainer, via="web")
    assert found("chrome") == ["Cart empties"]
    redact(comment, "body", actor=maintainer, via="web")
    redact(issue, "title", actor=maintainer, via="web")
    assert found("chrome") == found("cart") == []
    assert_current()


def test_internal_comments_are_found_in_the_whole_document_only(issue, triager, maintainer):
    comment = add_comment(issue, actor=triager, via="web", body="Ask finance", internal=True)
    assert (found("finance"), found("finance", whole=True)) == ([], ["Cart empties"])
    assert found("cart", whole=True) == ["Cart empties"]
    needles = [fulltext.needle("finance")]
    for products, count in ((None, 0), ([], 0), ([issue.product_id + 1], 0), ([issue.product_id], 1), (True, 1)):
        listed = fulltext.candidates(needles, whole_products=products)
        assert Issue.objects.filter(listed).count() == count
    assert fulltext.hits([issue.pk], needles) == {issue.pk: frozenset()}
    assert fulltext.hits([issue.pk], needles, [issue.pk]) == {issue.pk: {(0, "comments")}}
    trash_comment(comment, actor=maintainer, via="web")
    assert found("finance", whole=True) == []
    assert_current()


def test_both_doors_write_the_same_documents(issue, product, triager):
    now = timezone.now()
    add_comment(issue, actor=triager, via="web", body="I see it")
    add_comment(issue, actor=triager, via="web", body="Ask finance", internal=True)
    comments = [CommentRecord("I see it", triager, now), CommentRecord("Ask finance", triager, now, True)]
    fields = {"title": "Cart empties", "description": "After the login."}
    write_batch([IssueRecord(product, fields, comments=comments)], actor=None, via="import")
    assert len(found("finance", whole=True)) == len(found("see it")) == 2
    assert_current()


def test_a_purge_leaves_nothing(issue, product, maintainer, triager):
    add_comment(issue, actor=triager, via="web", body="Ask finance", internal=True)
    trash_issue(issue, actor=maintainer, via="web")
    assert any(stored())
    purge(issue, actor=maintainer, via="web")
    assert not any(stored())
    create_issue(product, actor=maintainer, via="web", title="Another")
    trash_product(product, actor=maintainer, via="web")
    purge_expired(timezone.now() + timedelta(days=31))
    assert not any(stored())


def test_only_a_change_of_text_costs_statements(issue, triager, django_assert_num_queries, monkeypatch):
    written = []
    monkeypatch.setattr("issues.fulltext.index", lambda texts: written.append(texts))
    update_issue(issue, actor=triager, via="web", status=Status.objects.get(slug="accepted"), priority=3)
    assert written == []
    update_issue(issue, actor=triager, via="web", title="Basket", priority=2)
    assert written == [[(issue.pk, "Basket", issue.description)]]
    monkeypatch.undo()
    with django_assert_num_queries(3):
        fulltext.index(*written)


def test_statements_do_not_grow_with_the_issues(product, issue, triager, django_assert_num_queries):
    write_batch([IssueRecord(product, {"title": f"One {n}"}) for n in range(20)], actor=None, via="import")
    texts = list(Issue.objects.values_list("pk", "title", "description"))
    ids = [pk for pk, *_ in texts]
    with django_assert_num_queries(3):
        fulltext.index(texts)
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 2):
        found = fulltext.hits(ids, [fulltext.needle("one"), fulltext.needle("login")])
    assert [(0, "title") in found[pk] for pk in sorted(ids)] == [False] + 20 * [True]
    assert found[issue.pk] == {(1, "body")}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.untraced
def test_random_work_leaves_what_a_fresh_reindex_writes(product, maintainer, seed):
    choose = random.Random(seed)
    for _step in range(60):
        do(choose, product, maintainer)
    assert_current()


WORDS = ["cart", "Login", "日本語", "NullPointer", "@ana", "it's", "foo_bar"]


def do(choose, product, actor):
    """Do one thing at random; what the services refuse is not chosen."""
    words = " ".join(choose.choices(WORDS, k=3))
    told = {"actor": actor, "via": "web"}
    live = choose.choice([*Issue.objects.filter(deleted_at=None), None])
    comment = choose.choice([*Comment.objects.filter(deleted_at=None, issue__deleted_at=None), None])
    gone = choose.choice([*Issue.objects.exclude(deleted_at=None), None])
    lost = choose.choice([*Comment.objects.filter(issue__deleted_at=None).exclude(deleted_at=None), None])
    deeds = [lambda: create_issue(product, title=words, **told)]
    if live:
        deeds += [
            lambda: update_issue(live, title=words, **told),
            lambda: update_issue(live, description=words, priority=choose.randrange(5), **told),
            lambda: add_comment(live, body=words, internal=choose.random() < 0.4, title=words[::-1], **told),
            lambda: add_comment(live, body=words, internal=choose.random() < 0.4, **told),
            lambda: trash_issue(live, **told),
            lambda: redact(live, choose.choice(["title", "description"]), **told),
        ]
    if comment:
        deeds += [
            lambda: edit_comment(comment, body=words, **told),
            lambda: trash_comment(comment, **told),
            lambda: redact(comment, "body", **told),
        ]
    if gone:
        deeds += [lambda: restore_issue(gone, **told), lambda: purge(gone, **told)]
    if lost:
        deeds += [lambda: restore_comment(lost, **told), lambda: purge(lost, **told)]
    undoable = Batch.objects.filter(undone_by=None, events__isnull=False, events__product=product)
    undoable = undoable.exclude(events__kind="redacted").exclude(events__issue=None).distinct()
    if undoable:
        deeds.append(lambda: undo(choose.choice(list(undoable)), **told))
    choose.choice(deeds)()


def test_reindex_mends_what_is_missing_stale_or_left_behind(product, issue, triager, capsys):
    add_comment(issue, actor=triager, via="web", body="Ask finance", internal=True)
    write_batch([IssueRecord(product, {"title": f"One {n}"}) for n in range(520)], actor=None, via="import")
    right = stored()
    fulltext.forget(Issue.objects.values_list("pk", flat=True)[5:50])
    fulltext.index_new([(issue.pk, fulltext.build("Something else", "")), (10**6, fulltext.build("Nobody's", "x"))])
    call_command("reindex")
    assert stored() == right
    assert "521 issues are indexed." in capsys.readouterr().out


def test_the_migration_indexes_what_was_there_before(issue):
    right = stored()
    fulltext.forget([issue.pk])
    importlib.import_module("issues.migrations.0005_fulltext_fill").fill(apps, None)
    assert stored() == right
