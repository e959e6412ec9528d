"""The trash: away and back, redacted, purged, and what that leaves with the issues that named it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils import timezone

from history import log
from history.errors import Conflict, Forbidden, Stale
from history.models import Batch, Change, Event
from issues.finding import SearchError, search
from issues.models import Comment, Issue, IssueNumber, Relation
from issues.services import (
    add_comment,
    create_issue,
    edit_comment,
    purge,
    purge_expired,
    redact,
    relate,
    restore_issue,
    trash,
    trash_comment,
    trash_issue,
    update_issue,
)
from issues.tests.whole import assert_log_is_whole
from products.linking import known_keys
from products.models import Product
from products.services import create_product, restore_product, trash_product, update_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="Secret number 42.")


@pytest.fixture(autouse=True)
def whole_log(issue):
    """Look after each test whether something in the log is left over."""
    yield
    assert_log_is_whole()


def assert_replays(issue):
    assert log.replay("issue", issue.pk) == log.present(Issue.objects.get(pk=issue.pk))


def test_into_the_trash_and_back(issue, maintainer, triager):
    with pytest.raises(Forbidden):
        trash_issue(issue, actor=triager, via="web")
    trash_issue(issue, actor=maintainer, via="web")
    assert not Issue.objects.visible_to(maintainer).exists()
    assert Issue.objects.trashed_for(maintainer).get() == issue
    assert not Issue.objects.trashed_for(triager).exists()
    restore_issue(issue, actor=maintainer, via="web")
    assert Issue.objects.visible_to(maintainer).get() == issue
    assert_replays(issue)


def test_a_product_takes_its_issues_along(issue, product, maintainer):
    trash_product(product, actor=maintainer, via="web")
    assert not Issue.objects.visible_to(maintainer).exists()
    with pytest.raises(Issue.DoesNotExist):
        update_issue(issue, actor=maintainer, via="web", title="x")
    restore_product(product, actor=maintainer, via="web")
    assert Issue.objects.visible_to(maintainer).get() == issue


@pytest.mark.parametrize(("field", "left"), [("title", "(redacted)"), ("description", "")])
def test_redacting_blanks_row_and_history(issue, maintainer, triager, field, left):
    update_issue(issue, actor=triager, via="web", **{field: "Secret again"})
    fresh = redact(issue, field, actor=maintainer, via="web")
    assert getattr(Issue.objects.get(pk=issue.pk), field) == left
    assert Issue.objects.get(pk=issue.pk).description_html == ("" if field == "description" else issue.description_html)
    assert set(Change.objects.filter(issue=issue, field=field).values_list("after", flat=True)) == {left or None}
    assert Event.objects.get(kind="redacted").actor == maintainer
    assert fresh.lock_version == 3
    assert_replays(issue)


def test_redacting_a_comment_and_a_product(issue, product, maintainer, reporter):
    comment = add_comment(issue, actor=reporter, via="web", body="Secret")
    edit_comment(comment, actor=reporter, via="web", body="Secret, too")
    redact(comment, "body", actor=maintainer, via="web")
    redact(product, "description", actor=maintainer, via="web")
    comment.refresh_from_db()
    assert (comment.body, comment.body_html) == ("", "")
    told = Change.objects.filter(event__about="comment")
    assert not told.filter(after__icontains="secret").exists()
    assert not told.filter(before__icontains="secret").exists()


def test_who_may_redact_and_what(issue, triager, maintainer):
    with pytest.raises(Forbidden):
        redact(issue, "title", actor=triager, via="web")
    with pytest.raises(ValidationError):
        redact(issue, "author", actor=maintainer, via="web")


def test_only_what_is_in_the_trash_is_purged(issue, maintainer):
    with pytest.raises(Conflict):
        purge(issue, actor=maintainer, via="web")
    trash_issue(issue, actor=maintainer, via="web")
    with pytest.raises(Stale):
        purge(issue, actor=maintainer, via="web", expected_version=1)
    purge(issue, actor=maintainer, via="web", expected_version=2)
    assert not Issue.objects.exists()
    assert not Event.objects.filter(about="issue").exists()
    assert not IssueNumber.objects.exists()


def test_a_purge_lets_go_of_what_named_it(issue, product, maintainer, triager):
    child = create_issue(product, actor=triager, via="web", title="Child", parent=issue)
    twin = create_issue(product, actor=triager, via="web", title="Twin", duplicate_of=issue)
    relate(child, actor=triager, via="web", kind="blocks", other=issue)
    add_comment(issue, actor=triager, via="web", body="x")
    trash_issue(issue, actor=maintainer, via="web")
    moved = ("lock_version", "updated_at", "updated_by")
    told = [Issue.objects.values_list(*moved).get(pk=one.pk) for one in (child, twin)]
    purge(issue, actor=maintainer, via="web")
    assert [Issue.objects.values_list(*moved).get(pk=one.pk) for one in (child, twin)] == told
    child.refresh_from_db()
    twin.refresh_from_db()
    assert (child.parent, twin.duplicate_of, twin.resolution) == (None, None, "duplicate")
    assert not Relation.objects.exists()
    assert Event.objects.filter(issue=child, kind="unrelated").count() == 1
    assert_replays(child)
    assert_replays(twin)


def test_the_worker_purges_after_thirty_days(issue, product, maintainer, reporter):
    kept = create_issue(product, actor=reporter, via="web", title="Kept")
    comment = add_comment(kept, actor=reporter, via="web", body="Old")
    trash_comment(comment, actor=maintainer, via="web")
    trash_issue(issue, actor=maintainer, via="web")
    assert purge_expired(timezone.now() + timedelta(days=29)) == 0
    assert purge_expired(timezone.now() + timedelta(days=31)) == 2
    assert list(Issue.objects.all()) == [kept]
    assert not Comment.objects.exists()


def test_a_product_is_purged_with_everything(issue, product, maintainer, reporter):
    add_comment(issue, actor=reporter, via="web", body="x")
    trash_product(product, actor=maintainer, via="web")
    assert purge_expired(timezone.now() + timedelta(days=31)) == 1
    assert not Product.objects.exists()
    assert not Issue.objects.exists()
    assert not Event.objects.filter(product__isnull=False).exists()


@pytest.mark.parametrize("by_worker", [False, True])
def test_a_product_is_purged_some_issues_a_transaction_and_no_more_once_it_is_restored(
    issue, product, administrator, monkeypatch, by_worker
):
    monkeypatch.setattr(trash, "OF_PRODUCT", 2)
    for title in ("Two", "Three", "Four", "Five"):
        create_issue(product, actor=administrator, via="web", title=title)
    trash_product(product, actor=administrator, via="web")
    purge_issues, sizes = trash._purge_issues, []

    def purge_and_restore(ids, log_to):
        purge_issues(ids, log_to)
        sizes.append(len(ids))
        if len(sizes) == 2:
            restore_product(product, actor=administrator, via="web")

    monkeypatch.setattr(trash, "_purge_issues", purge_and_restore)
    if by_worker:
        # What was restored meanwhile does not count.
        assert purge_expired(timezone.now() + timedelta(days=31)) == 0
    else:
        with pytest.raises(Conflict):
            purge(product, actor=administrator, via="web")
    assert (sizes, Issue.objects.count(), Product.objects.get().deleted_at) == ([2, 2], 1, None)


@pytest.mark.parametrize("by_worker", [False, True])
@pytest.mark.parametrize("linked", [0, 2])
def test_a_purge_leaves_one_batch_and_none_where_nothing_stays_recorded(
    issue, product, administrator, monkeypatch, by_worker, linked
):
    monkeypatch.setattr(trash, "OF_PRODUCT", 1)
    other = create_product(actor=administrator, via="web", key="API", title="API")
    # What is recorded of an issue that names one of an earlier transaction goes with it.
    parents = [issue, create_issue(product, actor=administrator, via="web", title="Two", parent=issue)]
    for parent in parents[:linked]:
        create_issue(other, actor=administrator, via="web", title="Child", parent=parent)
    trash_product(product, actor=administrator, via="web")
    before = set(Batch.objects.values_list("pk", flat=True))
    if by_worker:
        purge_expired(timezone.now() + timedelta(days=31))
    else:
        purge(product, actor=administrator, via="web")
    batches = Batch.objects.exclude(pk__in=before)
    told = [(batch.events.count(), batch.total, batch.done) for batch in batches]
    assert told == [(linked, linked, linked)] * bool(linked)


@pytest.mark.parametrize("by_worker", [False, True])
def test_what_moved_out_of_a_purged_product_keeps_its_history(issue, product, administrator, by_worker):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    left = create_issue(product, actor=administrator, via="web", title="Left")
    add_comment(issue, actor=administrator, via="web", body="x")
    told = issue.events.count() + 1
    update_issue(issue, actor=administrator, via="web", product=other)
    update_issue(left, actor=administrator, via="web", title="Stays")
    trash_product(product, actor=administrator, via="web")
    if by_worker:
        purge_expired(timezone.now() + timedelta(days=31))
    else:
        purge(product, actor=administrator, via="web")
    assert_replays(issue)
    assert list(issue.events.values_list("product", flat=True).distinct()) == [other.pk]
    assert issue.events.count() == told
    assert not Event.objects.filter(about="issue", about_id=left.pk).exists()


def test_old_addresses_outlive_a_purged_product_and_its_keys_are_given_to_none(issue, product, administrator, client):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(product, actor=administrator, via="web", title="Goes along")
    update_issue(issue, actor=administrator, via="web", product=other)
    part = create_issue(other, actor=administrator, via="web", title="Part", parent=issue)
    product = update_product(product, actor=administrator, via="web", key="SHOP")
    purge(trash_product(product, actor=administrator, via="web"), actor=administrator, via="web")
    for key in ("WEB", "SHOP"):
        assert client.get(f"/issues/{key}-1/").headers["Location"] == "/issues/API-1/"
        assert Issue.objects.named([f"{key}-1", f"{key}-2", "API-1"]) == {f"{key}-1", "API-1"}
        for query, found in ((f"{key}-1", issue), (f"id:{key.lower()}-1", issue), (f"parent:{key}-1", part)):
            assert search(administrator, text=query).apply(Issue.objects.all()).get() == found
        with pytest.raises(SearchError):
            search(administrator, text=f"id:{key}-2")
        assert client.get(f"/issues/{key}-2/").status_code == client.get(f"/products/{key}/").status_code == 404
        assert known_keys(key=key) == {}
        with pytest.raises(ValidationError):
            create_product(actor=administrator, via="web", key=key, title="Another")
    moved = update_issue(issue, actor=administrator, via="web", confidential=True)
    assert client.get("/issues/WEB-1/").status_code == 404
    with pytest.raises(SearchError):
        search(AnonymousUser(), text="id:WEB-1")
    assert not search(AnonymousUser(), text="WEB-1").apply(Issue.objects.all()).exists()
    purge(trash_issue(moved, actor=administrator, via="web"), actor=administrator, via="web")
    assert Issue.objects.at("WEB-1") is None
