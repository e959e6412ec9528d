"""Votes and watches: whose they are, what duplicates bring along, and what a stranger learns of that."""

import pytest

from history.errors import Forbidden
from history.models import Batch, Event
from issues.models import Issue, Vote, Watch
from issues.services import add_comment, create_issue, decide, trash_issue, undo, unvote, update_issue, vote, watch
from issues.watchers import watchers
from products.services import create_product, set_member


@pytest.fixture
def issue(product, triager):
    return create_issue(product, actor=triager, via="web", title="Cart empties")


@pytest.fixture
def report(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="The cart is empty")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def names(issue, user):
    return sorted(watchers(issue, user).values_list("username", flat=True))


def test_a_person_votes_once(issue, stranger, reporter):
    assert vote(issue, actor=stranger, via="web").events.get().kind == "voted"
    assert vote(issue, actor=stranger, via="web") is None
    vote(issue, actor=reporter, via="web")
    assert (fresh(issue).votes, Vote.objects.count()) == (2, 2)
    assert unvote(issue, actor=stranger, via="web").events.get().kind == "unvoted"
    assert unvote(issue, actor=stranger, via="web") is None
    assert fresh(issue).votes == 1


def test_a_vote_is_a_change_that_all_see(issue, stranger):
    version = issue.lock_version
    vote(issue, actor=stranger, via="web")
    assert fresh(issue).lock_version > version
    assert not Event.objects.get(kind="voted").internal


def test_a_vote_is_undone_and_the_undo_as_well(issue, stranger, triager):
    vote(issue, actor=stranger, via="web")
    undo(Batch.objects.latest("id"), actor=stranger, via="web")
    assert (fresh(issue).votes, Vote.objects.count()) == (0, 0)
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert (fresh(issue).votes, Vote.objects.get().user) == (1, stranger)


@pytest.mark.parametrize("do", [vote, unvote, watch])
def test_only_who_sees_it_and_is_signed_in(issue, triager, stranger, do):
    from django.contrib.auth.models import AnonymousUser

    with pytest.raises(Forbidden):
        do(issue, actor=AnonymousUser(), via="web")
    update_issue(issue, actor=triager, via="web", confidential=True)
    with pytest.raises(Forbidden):
        do(issue, actor=stranger, via="web")


def test_author_assignee_and_commenters_watch(issue, triager, reporter, maintainer, stranger):
    assert names(issue, stranger) == ["tom"]
    update_issue(issue, actor=triager, via="web", assignee=maintainer)
    add_comment(issue, actor=reporter, via="web", body="Me too.")
    assert names(issue, stranger) == ["mia", "rosa", "tom"]


def test_whoever_says_no_is_left_alone(issue, triager, stranger):
    assert watch(issue, actor=triager, via="web", wanted=False) is not None
    assert watch(issue, actor=triager, via="web", wanted=False) is None
    watch(issue, actor=stranger, via="web")
    assert names(issue, triager) == ["sam"]
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert (names(issue, triager), Watch.objects.get(user=stranger).wanted) == ([], None)


def test_a_watch_moves_nothing_that_others_see(issue, stranger):
    before = fresh(issue)
    watch(issue, actor=stranger, via="web")
    after = fresh(issue)
    assert (after.lock_version, after.updated_at) == (before.lock_version, before.updated_at)
    assert Event.objects.get(kind="watched").internal


def test_whispers_make_no_watcher_for_others(issue, maintainer, triager, stranger):
    add_comment(issue, actor=maintainer, via="web", body="Between us.", internal=True)
    assert names(issue, stranger) == ["tom"]
    assert names(issue, triager) == ["mia", "tom"]


class TestDuplicates:
    def test_votes_and_watchers_follow_and_come_back(self, issue, report, triager, reporter, stranger, viewer):
        for person, one in ((stranger, issue), (stranger, report), (viewer, report), (reporter, report)):
            vote(one, actor=person, via="web")
        watch(report, actor=viewer, via="web")
        decided = decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        assert (fresh(issue).votes, fresh(report).votes) == (3, 3)
        assert names(issue, stranger) == ["rosa", "tom", "vera"]
        undo(decided.batch, actor=triager, via="web")
        assert (fresh(issue).votes, fresh(report).votes) == (1, 3)
        assert names(issue, stranger) == ["tom"]

    def test_a_vote_for_a_duplicate_counts_for_its_original(self, issue, report, triager, stranger):
        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        vote(report, actor=stranger, via="web")
        assert fresh(issue).votes == 1
        unvote(report, actor=stranger, via="web")
        assert fresh(issue).votes == 0

    def test_reopening_takes_them_back(self, issue, report, triager, stranger):
        from issues.rules import first_status

        vote(report, actor=stranger, via="web")
        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        update_issue(report, actor=triager, via="web", status=first_status("triage"))
        assert fresh(issue).votes == 0

    @pytest.mark.parametrize("hide", ["confidential", "trash"])
    def test_what_not_all_see_does_not_count(self, issue, report, triager, administrator, stranger, hide):
        vote(report, actor=stranger, via="web")
        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        if hide == "trash":
            trash_issue(report, actor=administrator, via="web")
        else:
            update_issue(report, actor=triager, via="web", confidential=True)
        assert fresh(issue).votes == 0
        assert "rosa" not in names(issue, stranger)

    def test_there_are_no_chains(self, product, issue, report, triager):
        last = create_issue(product, actor=triager, via="web", title="Empty cart")
        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        decide(last, "duplicate", actor=triager, via="web", duplicate_of=report)
        assert fresh(last).duplicate_of == issue

    def test_duplicates_go_along_and_come_back(self, product, issue, report, triager):
        last = create_issue(product, actor=triager, via="web", title="Empty cart")
        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        decided = decide(issue, "duplicate", actor=triager, via="web", duplicate_of=last)
        assert {fresh(one).duplicate_of for one in (issue, report)} == {last}
        undo(decided.batch, actor=triager, via="web")
        assert (fresh(report).duplicate_of, fresh(issue).duplicate_of) == (issue, None)

    def test_there_are_no_circles(self, issue, report, triager):
        from django.core.exceptions import ValidationError

        decide(report, "duplicate", actor=triager, via="web", duplicate_of=issue)
        with pytest.raises(ValidationError) as caught:
            decide(issue, "duplicate", actor=triager, via="web", duplicate_of=report)
        assert list(caught.value.error_dict) == ["duplicate_of"]
        assert fresh(issue).duplicate_of is None

    def test_an_original_that_one_does_not_see_is_not_named(self, product, report, triager, reporter, maintainer):
        from django.core.exceptions import ValidationError

        hidden = create_issue(product, actor=maintainer, via="web", title="Hole", confidential=True)
        update_issue(report, actor=maintainer, via="web", duplicate_of=hidden)
        own = create_issue(product, actor=reporter, via="web", title="Mine")
        with pytest.raises(ValidationError) as caught:
            from issues import rules

            rules.canonical(fresh(report), reporter)
        assert "Hole" not in str(caught.value) and hidden.key not in str(caught.value)
        assert Issue.objects.get(pk=own.pk).duplicate_of is None

    def test_where_it_moves_only_the_votes_that_all_see_count(
        self, issue, report, administrator, triager, stranger, product
    ):
        secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
        for one in (issue, report):
            update_issue(one, actor=administrator, via="web", product=secret)
        set_member(secret, stranger, "viewer", actor=administrator, via="web")
        vote(fresh(report), actor=stranger, via="web")
        decide(fresh(report), "duplicate", actor=administrator, via="web", duplicate_of=fresh(issue))
        assert fresh(issue).votes == 1
        moved = update_issue(fresh(issue), actor=administrator, via="web", product=product)
        assert (fresh(issue).votes, moved.votes, moved.lock_version) == (0, 0, fresh(issue).lock_version)
        undo(Batch.objects.latest("id"), actor=administrator, via="web")
        assert fresh(issue).votes == 1
