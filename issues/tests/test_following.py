"""What a change of a product means for its issues: votes of originals elsewhere, deadlines, and open questions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import update_user
from history.models import Batch
from issues.models import Issue, Vote
from issues.services import (
    ask,
    create_issue,
    decide,
    purge,
    restore_issue,
    trash_issue,
    undo,
    update_issue,
    vote,
)
from products.services import create_product, restore_product, set_member, trash_product, update_product


@pytest.fixture
def other(administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    return other


@pytest.fixture
def original(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def duplicate(other, original, triager, stranger):
    """A duplicate in another product, with the one vote that there is."""
    duplicate = create_issue(other, actor=triager, via="web", title="The cart is empty")
    vote(duplicate, actor=stranger, via="web")
    return update_issue(duplicate, actor=triager, via="web", duplicate_of=original)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def change(product, actor, **changes):
    return update_product(fresh(product), actor=actor, via="web", **changes)


class TestVotes:
    @pytest.mark.parametrize(
        ("home", "elsewhere", "counted"),
        [
            ("public", "public", 1),
            ("public", "internal", 0),
            ("public", "private", 0),
            ("internal", "internal", 1),
            ("internal", "private", 0),
            ("private", "public", 1),
            ("private", "internal", 1),
            ("private", "private", 0),
        ],
    )
    def test_those_count_that_all_readers_see(self, original, duplicate, administrator, home, elsewhere, counted):
        change(duplicate.product, administrator, visibility=elsewhere)
        change(original.product, administrator, visibility=home)
        assert fresh(original).votes == counted
        change(original.product, administrator, visibility="public")
        change(duplicate.product, administrator, visibility="public")
        assert fresh(original).votes == 1

    def test_what_is_seen_again_counts_again(self, original, duplicate, administrator):
        change(duplicate.product, administrator, visibility="private")
        before = fresh(original)
        undo(Batch.objects.latest("id"), actor=administrator, via="web")
        assert (before.votes, fresh(original).votes) == (0, 1)
        assert fresh(original).lock_version > before.lock_version

    def test_those_of_a_product_in_the_trash_do_not_count(self, original, duplicate, administrator):
        trash_product(fresh(duplicate.product), actor=administrator, via="web")
        assert fresh(original).votes == 0
        restore_product(fresh(duplicate.product), actor=administrator, via="web")
        assert fresh(original).votes == 1

    def test_those_of_an_issue_in_the_trash_do_not_count(self, original, duplicate, administrator):
        trash_issue(duplicate, actor=administrator, via="web")
        assert fresh(original).votes == 0
        restore_issue(fresh(duplicate), actor=administrator, via="web")
        assert fresh(original).votes == 1

    def test_what_happens_in_the_trash_takes_no_votes_away(self, original, administrator, triager, stranger):
        near, gone = (create_issue(original.product, actor=triager, via="web", title=title) for title in ("a", "b"))
        for one in (near, gone):
            update_issue(one, actor=triager, via="web", duplicate_of=original)
        vote(near, actor=stranger, via="web")
        trash_issue(gone, actor=administrator, via="web")
        trash_product(fresh(original.product), actor=administrator, via="web")
        purge(fresh(gone), actor=administrator, via="web")
        restore_product(fresh(original.product), actor=administrator, via="web")
        assert fresh(original).votes == 1

    def test_each_person_counts_once(self, original, duplicate, administrator, stranger, reporter):
        for person in (stranger, reporter):
            vote(original, actor=person, via="web")
        assert fresh(original).votes == 2
        change(duplicate.product, administrator, visibility="private")
        assert fresh(original).votes == 2

    def test_the_number_of_statements_does_not_grow(self, original, other, administrator, triager, stranger):
        counts = []
        for amount in (1, 6):
            for number in range(amount):
                one = create_issue(original.product, actor=triager, via="web", title=f"o {number}")
                two = create_issue(other, actor=triager, via="web", title=f"d {number}")
                vote(two, actor=stranger, via="web")
                update_issue(two, actor=triager, via="web", duplicate_of=one)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                change(other, administrator, visibility="private")
            counts.append(len(queries))
            assert not Issue.objects.filter(product=original.product, votes__gt=0).exists()
            change(other, administrator, visibility="public")
        assert counts[0] == counts[1]
        assert Vote.objects.count() == 7


class TestDeadlines:
    def test_what_waits_has_the_new_time(self, original, product, administrator):
        due = fresh(original).overdue_at
        change(product, administrator, triage_days=2)
        assert fresh(original).overdue_at == due - timedelta(days=5)
        undo(Batch.objects.latest("id"), actor=administrator, via="web")
        assert fresh(original).overdue_at == due

    def test_the_time_asleep_stays(self, original, product, administrator, triager):
        decide(original, "snooze", actor=triager, via="web", until=timezone.now() + timedelta(days=30))
        due = fresh(original).overdue_at
        change(product, administrator, triage_days=8)
        assert fresh(original).overdue_at == due + timedelta(days=1)

    def test_other_products_keep_theirs(self, original, other, administrator):
        due = fresh(original).overdue_at
        change(other, administrator, triage_days=2)
        assert fresh(original).overdue_at == due

    def test_what_is_decided_has_none_and_gets_its_own_back(self, original, product, administrator, triager):
        due = fresh(original).overdue_at
        decided = decide(original, "accept", actor=triager, via="web")
        change(product, administrator, triage_days=9)
        assert fresh(original).overdue_at is None
        undo(fresh(decided.batch), actor=triager, via="web")
        assert fresh(original).overdue_at == due + timedelta(days=2)


class TestQuestions:
    @pytest.fixture
    def asked(self, original, triager, stranger):
        return ask(original, actor=triager, via="web", requestee=stranger, question="Which?")

    @pytest.mark.parametrize(("visibility", "state"), [("private", "withdrawn"), ("internal", "open")])
    def test_nobody_is_asked_who_sees_it_no_more(self, asked, product, administrator, visibility, state):
        change(product, administrator, visibility=visibility)
        batch = Batch.objects.latest("id")
        waits = fresh(asked.issue).waiting_for_id
        assert (fresh(asked).state, waits is None) == (state, state == "withdrawn")
        assert undo(batch, actor=administrator, via="web").left_alone == []
        assert (fresh(asked).state, fresh(asked.issue).waiting_for) == ("open", asked.requestee)

    def test_nor_who_is_no_member_any_more(self, asked, product, administrator, stranger):
        set_member(product, stranger, "viewer", actor=administrator, via="web")
        change(product, administrator, visibility="private")
        assert fresh(asked).state == "open"
        set_member(product, stranger, None, actor=administrator, via="web")
        assert fresh(asked).state == "withdrawn"
        undo(Batch.objects.latest("id"), actor=administrator, via="web")
        assert fresh(asked).state == "open"


def test_who_is_deactivated_keeps_nothing_waiting(original, administrator, triager, reporter):
    ask(original, actor=triager, via="web", requestee=reporter, question="Which browser?")
    assert not fresh(original).is_queued
    update_user(reporter, actor=administrator, via="admin", is_active=False)
    assert fresh(original).is_queued and fresh(original).waiting_for is None
    told, deactivated = Batch.objects.order_by("-id")[:2]
    assert {event.about for event in told.events.all()} >= {"needinfo"}
    assert (told.actor, deactivated.actor) == (administrator, administrator)
    undo(deactivated, actor=administrator, via="web")
    assert fresh(reporter).is_active


@pytest.mark.parametrize(("role", "state"), [(None, "withdrawn"), ("viewer", "open")])
def test_what_is_asked_of_a_superuser_who_is_none_any_more(
    original, product, administrator, triager, stranger, role, state
):
    update_user(stranger, actor=administrator, via="admin", is_superuser=True)
    change(product, administrator, visibility="private")
    if role:
        set_member(product, stranger, role, actor=administrator, via="web")
    asked = ask(original, actor=triager, via="web", requestee=fresh(stranger), question="Which browser?")
    batches = Batch.objects.count()
    update_user(fresh(stranger), actor=administrator, via="admin", is_superuser=False)
    assert (fresh(asked).state, fresh(original).is_queued) == (state, state == "withdrawn")
    # Where nothing is withdrawn there is nothing to undo either.
    assert Batch.objects.count() == batches + (2 if state == "withdrawn" else 1)


def test_what_comes_back_from_the_trash_waits_for_nobody_who_sees_it_no_more(
    product, original, administrator, triager, stranger
):
    ask(original, actor=triager, via="web", requestee=stranger, question="Which browser?")
    trash_issue(original, actor=administrator, via="web")
    update_product(product, actor=administrator, via="web", visibility="private")
    assert fresh(original).waiting_for == stranger
    restored = restore_issue(original, actor=administrator, via="web")
    assert restored.waiting_for is None and fresh(original).is_queued
