"""Decisions about new reports: what each sets, who may, what two who decide at once get, and how all is taken back."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.utils import timezone

from history import log
from history.errors import Conflict, Forbidden, Stale
from history.models import Batch, Event
from issues.models import Comment, Issue, NeedInfo
from issues.rules import first_status
from issues.services import add_comment, create_issue, decide, undo, update_issue
from products.models import Component, Label
from products.services import create_part, create_product, set_member

SOON = timezone.now() + timedelta(days=3)
COLUMNS = [field.attname for field in Issue._meta.concrete_fields]
# They count on, whatever is taken back.
COUNTING = {"lock_version", "event_count", "updated_at", "updated_by_id"}


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def original(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart forgets")


@pytest.fixture
def other(administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    return other


@pytest.fixture
def details(product, original, other, reporter, maintainer):
    """What each decision takes."""
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    return {
        "accept": {},
        "duplicate": {"duplicate_of": original},
        "decline": {"resolution": "wont-do"},
        "needinfo": {"ask": reporter, "question": "Which browser?"},
        "snooze": {"until": SOON},
        "reroute": {"product": other},
        "component": {"component": cart},
    }


DECISIONS = ["accept", "duplicate", "decline", "needinfo", "snooze", "reroute", "component"]


def make(decision, issue, actor, details, **options):
    name = "reroute" if decision == "component" else decision
    return decide(issue, name, actor=actor, via="web", **details[decision], **options)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def columns(row):
    return {name: value for name, value in fresh(row).__dict__.items() if name in COLUMNS and name not in COUNTING}


def sets(decided):
    """Return what a decision is seen to have set."""
    issue = decided.issue
    return {
        "status": issue.status.slug,
        "resolution": issue.resolution,
        "original": issue.duplicate_of_id is not None,
        "waits": issue.waiting,
        "asleep": issue.is_snoozed,
        "product": issue.product.key,
        "component": issue.component and issue.component.name,
        "queued": issue.is_queued,
    }


UNTOUCHED = {
    "status": "new",
    "resolution": "",
    "original": False,
    "waits": "us",
    "asleep": False,
    "product": "WEB",
    "component": None,
    "queued": True,
}


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("accept", {"status": "accepted", "queued": False}),
        ("duplicate", {"status": "closed", "resolution": "duplicate", "original": True, "queued": False}),
        ("decline", {"status": "closed", "resolution": "wont-do", "queued": False}),
        ("needinfo", {"waits": "reporter", "queued": False}),
        ("snooze", {"asleep": True, "queued": False}),
        ("reroute", {"product": "API"}),
        ("component", {"component": "Cart"}),
    ],
)
def test_what_a_decision_sets(issue, triager, details, decision, expected):
    assert sets(make(decision, issue, triager, details)) == {**UNTOUCHED, **expected}
    assert log.replay("issue", issue.pk) == log.present(fresh(issue))


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_one_batch_and_is_undone_as_one(issue, triager, details, decision):
    before = columns(issue)
    decided = make(decision, issue, triager, details, comment="Thanks!", changes={"priority": 3})
    batch = fresh(decided.batch)
    assert (batch.actor, batch.via) == (triager, "web")
    assert batch.total == batch.done == batch.events.count()
    assert fresh(issue).priority == 3
    assert Comment.objects.get().body == "Thanks!"
    undoing = undo(batch, actor=triager, via="web")
    assert undoing.left_alone == []
    after = columns(issue)
    # The number in the product where it was for a moment stays taken; the time that it slept is not counted.
    slept = after.pop("overdue_at") - before.pop("overdue_at")
    assert after == before
    assert timedelta(0) <= slept < timedelta(minutes=1)
    assert not Comment.objects.filter(deleted_at=None).exists()
    assert not NeedInfo.objects.filter(state="open").exists()
    assert log.replay("issue", issue.pk) == log.present(fresh(issue))


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("who", ["reporter", "stranger"])
def test_only_triagers_decide(issue, request, details, decision, who):
    before = columns(issue)
    with pytest.raises(Forbidden):
        make(decision, issue, request.getfixturevalue(who), details)
    assert columns(issue) == before


@pytest.mark.parametrize(
    ("decision", "given", "field"),
    [
        ("duplicate", {}, "duplicate_of"),
        ("decline", {}, "resolution"),
        ("decline", {"resolution": "fixed"}, "resolution"),
        ("decline", {"resolution": "duplicate"}, "resolution"),
        ("needinfo", {"question": "Which?"}, "ask"),
        ("snooze", {}, "until"),
        ("snooze", {"until": timezone.now() - timedelta(days=1)}, "until"),
        ("reroute", {}, "product"),
        ("accept", {"until": SOON}, "until"),
        ("postpone", {}, "decision"),
    ],
)
def test_what_a_decision_needs(issue, triager, decision, given, field):
    batches = Batch.objects.count()
    with pytest.raises(ValidationError) as caught:
        decide(issue, decision, actor=triager, via="web", comment="Gone again", **given)
    assert list(caught.value.error_dict) == [field]
    assert (Batch.objects.count(), Comment.objects.count()) == (batches, 0)


def test_a_question_needs_words(issue, triager, reporter):
    with pytest.raises(ValidationError) as caught:
        decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question=" ")
    assert list(caught.value.error_dict) == ["question"]


@pytest.mark.parametrize("decision", ["accept", "duplicate", "decline", "snooze"])
def test_the_second_who_decides_hears_of_the_first(issue, triager, maintainer, details, decision):
    decide(issue, "accept", actor=maintainer, via="web")
    with pytest.raises(Conflict) as caught:
        make(decision, issue, triager, details)
    assert str(caught.value) == "Mia has decided on WEB-1: it is Accepted."
    assert fresh(issue).status.slug == "accepted"


@pytest.mark.parametrize("first", ["snooze", "needinfo", "reroute"])
def test_who_has_not_seen_what_the_first_did_does_not_overwrite_it(issue, triager, maintainer, details, first, other):
    set_member(other, maintainer, "triager", actor=maintainer.__class__.objects.get(username="ada"), via="web")
    seen = issue.lock_version
    make(first, issue, maintainer, details)
    with pytest.raises(Stale):
        decide(issue, "accept", actor=triager, via="web", seen=seen)
    decide(issue, "accept", actor=triager, via="web", seen=fresh(issue).lock_version)


def test_of_two_components_the_second_does_not_overwrite_the_first(issue, triager, maintainer):
    tell = {"product": issue.product, "actor": maintainer, "via": "web"}
    cart, login = (create_part(Component, name=name, **tell) for name in ("Cart", "Login"))
    seen = issue.lock_version
    decide(issue, "reroute", actor=maintainer, via="web", component=cart)
    with pytest.raises(Stale):
        decide(issue, "reroute", actor=triager, via="web", seen=seen, component=login)
    assert decide(issue, "accept", actor=triager, via="web", seen=seen).issue.component == cart


@pytest.mark.parametrize("field", ["component", "labels"])
def test_what_is_set_with_a_decision_overwrites_nothing_that_was_set_meanwhile(issue, triager, maintainer, field):
    tell = {"product": issue.product, "actor": maintainer, "via": "web"}
    model = Component if field == "component" else Label
    chosen, suggested = (create_part(model, name=name, **tell) for name in ("Cart", "Login"))
    first, second = ([chosen], [suggested]) if field == "labels" else (chosen, suggested)
    seen = issue.lock_version
    update_issue(issue, actor=maintainer, via="web", **{field: first})
    with pytest.raises(Stale):
        decide(issue, "accept", actor=triager, via="web", seen=seen, changes={field: second})
    assert fresh(issue).is_in_triage
    decide(issue, "accept", actor=triager, via="web", seen=seen)


def test_a_comment_in_between_is_no_decision(issue, triager, reporter):
    seen = issue.lock_version
    add_comment(issue, actor=reporter, via="web", body="It happened again.")
    assert decide(issue, "accept", actor=triager, via="web", seen=seen).issue.status.slug == "accepted"


def test_an_accepted_issue_can_still_be_asked_about_and_rerouted(issue, triager, details):
    decide(issue, "accept", actor=triager, via="web")
    make("needinfo", issue, triager, details)
    assert make("reroute", issue, triager, details).issue.product.key == "API"
    update_issue(issue, actor=triager, via="web", status=first_status("closed"))
    with pytest.raises(Conflict):
        make("needinfo", issue, triager, details)


class TestReturning:
    def test_an_answer_brings_it_back(self, issue, triager, reporter, details):
        make("needinfo", issue, triager, details)
        add_comment(issue, actor=triager, via="web", body="Anybody?")
        assert not fresh(issue).is_queued
        add_comment(issue, actor=reporter, via="web", body="Firefox.")
        back = fresh(issue)
        assert (back.is_queued, back.returned[1], NeedInfo.objects.get().state) == (True, "answer", "answered")
        assert back.returned[0] == Comment.objects.latest("id").created_at

    def test_an_internal_comment_answers_nothing(self, issue, triager, maintainer):
        decide(issue, "needinfo", actor=triager, via="web", ask=maintainer, question="Legal?")
        add_comment(issue, actor=maintainer, via="web", body="Let me think.", internal=True)
        assert not fresh(issue).is_queued

    def test_whoever_was_asked_last_is_waited_for(self, issue, triager, reporter, maintainer):
        for person in (maintainer, reporter):
            decide(issue, "needinfo", actor=triager, via="web", ask=person, question="Sure?")
        assert fresh(issue).waiting == "mia"
        add_comment(issue, actor=maintainer, via="web", body="Yes.")
        assert (fresh(issue).waiting, fresh(issue).is_queued) == ("reporter", False)
        add_comment(issue, actor=reporter, via="web", body="Yes.")
        assert (fresh(issue).waiting, fresh(issue).is_queued) == ("us", True)

    def test_a_comment_wakes_it(self, issue, triager, reporter, details):
        make("snooze", issue, triager, details)
        add_comment(issue, actor=triager, via="web", body="A note.", internal=True)
        assert fresh(issue).is_snoozed
        add_comment(issue, actor=reporter, via="web", body="Again!")
        assert (fresh(issue).is_queued, fresh(issue).returned[1]) == (True, "activity")

    def test_the_author_wakes_it_by_changing_the_text(self, issue, triager, reporter, details):
        make("snooze", issue, triager, details)
        update_issue(issue, actor=triager, via="web", title="Cart empties at night")
        assert fresh(issue).is_snoozed
        update_issue(issue, actor=reporter, via="web", description="Each night.")
        assert (fresh(issue).is_queued, fresh(issue).returned[1]) == (True, "activity")

    def test_a_snooze_ends_without_anybody_touching_the_row(self, issue, triager, details):
        make("snooze", issue, triager, details)
        ended = timezone.now() - timedelta(hours=1)
        Issue.objects.update(snoozed_until=ended)
        assert (fresh(issue).is_queued, fresh(issue).returned) == (True, (ended, "snooze"))

    @pytest.mark.parametrize("by", ["reporter", "triager"])
    def test_reopening_brings_it_back(self, issue, triager, request, by):
        decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        update_issue(issue, actor=request.getfixturevalue(by), via="web", status=first_status("triage"))
        assert (fresh(issue).is_queued, fresh(issue).returned[1]) == (True, "reopened")

    def test_what_comes_from_another_product_is_told_so(self, issue, triager, details):
        make("reroute", issue, triager, details)
        assert fresh(issue).returned[1] == "moved"

    def test_a_decision_ends_it(self, issue, triager, reporter, details):
        make("needinfo", issue, triager, details)
        add_comment(issue, actor=reporter, via="web", body="Firefox.")
        assert decide(issue, "accept", actor=triager, via="web").issue.returned == (None, "")
        undo(Batch.objects.latest("id"), actor=triager, via="web")
        assert fresh(issue).returned[1] == "answer"


class TestOverdue:
    def test_after_the_days_of_the_product(self, issue, product):
        assert issue.overdue_at - issue.created_at == timedelta(days=product.triage_days)
        assert not issue.is_overdue
        Issue.objects.update(overdue_at=timezone.now())
        assert fresh(issue).is_overdue

    def test_the_time_asleep_does_not_count(self, issue, triager):
        before = issue.overdue_at
        decide(issue, "snooze", actor=triager, via="web", until=SOON)
        assert timedelta(days=2, hours=23) < fresh(issue).overdue_at - before <= timedelta(days=3)
        decide(issue, "snooze", actor=triager, via="web", until=SOON + timedelta(days=1))
        assert timedelta(days=3, hours=23) < fresh(issue).overdue_at - before <= timedelta(days=4)
        add_comment(issue, actor=triager, via="web", body="Now.")
        assert timedelta(0) <= fresh(issue).overdue_at - before < timedelta(minutes=1)

    def test_the_time_of_a_question_does_not_count(self, issue, triager, reporter, details):
        make("needinfo", issue, triager, details)
        Issue.objects.update(waiting_since=timezone.now() - timedelta(days=5))
        Issue.objects.update(overdue_at=timezone.now() - timedelta(days=1))
        assert not fresh(issue).is_overdue
        add_comment(issue, actor=reporter, via="web", body="Firefox.")
        left = fresh(issue).overdue_at - timezone.now()
        assert timedelta(days=3, hours=23) < left < timedelta(days=4, minutes=1)

    def test_it_begins_anew_where_it_comes_back(self, issue, triager, details):
        Issue.objects.update(overdue_at=timezone.now() - timedelta(days=3))
        make("reroute", issue, triager, details)
        assert fresh(issue).overdue_at > timezone.now() + timedelta(days=6)
        decide(issue, "accept", actor=triager, via="web")
        Issue.objects.update(overdue_at=timezone.now() - timedelta(days=3))
        update_issue(issue, actor=triager, via="web", status=first_status("triage"))
        assert fresh(issue).overdue_at > timezone.now() + timedelta(days=6)

    def test_what_is_decided_is_never_overdue(self, issue, triager):
        decide(issue, "accept", actor=triager, via="web")
        Issue.objects.update(overdue_at=timezone.now() - timedelta(days=3))
        assert not fresh(issue).is_overdue


def test_events_say_what_was_done(issue, triager, reporter, details):
    make("needinfo", issue, triager, details)
    add_comment(issue, actor=reporter, via="web", body="Firefox.")
    kinds = list(Event.objects.filter(issue=issue).order_by("number").values_list("kind", flat=True))
    assert kinds == ["created", "asked", "commented", "answered", "returned"]
    one = NeedInfo.objects.get()
    assert log.replay("needinfo", one.pk) == log.present(one)


def test_what_the_database_fails_by_is_told_as_it_is(triager):
    # As after any error of the database within a transaction: it answers nothing more.
    with pytest.raises(OperationalError), transaction.atomic(), log.shared_batch(actor=triager, via="web"):
        transaction.set_rollback(True)
        raise OperationalError("no room left")


ENDS = [Conflict("x"), ValidationError("x"), OperationalError("lock timeout"), KeyboardInterrupt()]


@pytest.mark.parametrize("error", ENDS)
def test_a_batch_of_which_nothing_came_goes_again(triager, error):
    before = Batch.objects.count()
    with pytest.raises(type(error)), log.shared_batch(actor=triager, via="web"):
        raise error
    assert Batch.objects.count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", ENDS)
def test_a_batch_counts_what_came_before_it_ended(issue, triager, error):
    with pytest.raises(type(error)), log.shared_batch(actor=triager, via="web") as batch:
        update_issue(issue, actor=triager, via="web", batch=batch, priority=3)
        raise error
    batch.refresh_from_db()
    assert (batch.total, batch.done) == (1, 1)
