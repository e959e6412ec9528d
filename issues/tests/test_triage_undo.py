"""What the undo of a decision gives back: the place in the queue that the issue had, to the second."""

from datetime import timedelta

import pytest
from django.utils import timezone

from history.models import Batch, Change
from issues.models import Issue, NeedInfo
from issues.rules import first_status
from issues.services import add_comment, ask, create_issue, decide, undo, update_issue, withdraw
from products.services import create_product, set_member, update_product

LATER = timezone.now() + timedelta(days=60)
PLACE = ("overdue_at", "waiting_for_id", "waiting_since", "returned_at", "returned_reason", "snoozed_until")
A_DAY = timedelta(days=1)


@pytest.fixture
def issue(product, reporter):
    """An issue that is due tomorrow."""
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    Issue.objects.filter(pk=issue.pk).update(overdue_at=timezone.now() + A_DAY)
    return fresh(issue)


@pytest.fixture
def original(product, issue, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart forgets")


@pytest.fixture
def other(administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API", triage_days=30)
    set_member(other, triager, "triager", actor=administrator, via="web")
    return other


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def place(issue):
    """Return what the queue knows of an issue."""
    issue = fresh(issue)
    return {name: getattr(issue, name) for name in PLACE}


def asleep(issue, triager, _reporter):
    decide(issue, "snooze", actor=triager, via="web", until=LATER)


def asked(issue, triager, reporter):
    decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which?")
    Issue.objects.filter(pk=issue.pk).update(waiting_since=timezone.now() - A_DAY)


def answered(issue, triager, reporter):
    asked(issue, triager, reporter)
    add_comment(issue, actor=reporter, via="web", body="This one.")


def reopened(issue, triager, reporter):
    decide(issue, "accept", actor=triager, via="web")
    update_issue(issue, actor=triager, via="web", status=first_status("triage"))


@pytest.mark.parametrize("state", [None, asleep, asked, answered, reopened])
@pytest.mark.parametrize("decision", ["accept", "decline", "duplicate", "reroute"])
def test_the_place_comes_back(issue, original, other, triager, reporter, state, decision):
    if state:
        state(issue, triager, reporter)
    before = place(issue)
    details = {
        "accept": {},
        "decline": {"resolution": "invalid"},
        "duplicate": {"duplicate_of": original},
        "reroute": {"product": other},
    }[decision]
    decided = decide(issue, decision, actor=triager, via="web", **details)
    assert undo(fresh(decided.batch), actor=triager, via="web").left_alone == []
    assert place(issue) == before


def test_reopening_is_undone_as_well(issue, triager):
    decide(issue, "accept", actor=triager, via="web")
    before = place(issue)
    update_issue(issue, actor=triager, via="web", status=first_status("triage"))
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert place(issue) == before


def test_the_undo_is_undone(issue, other, triager):
    decided = decide(issue, "reroute", actor=triager, via="web", product=other)
    before = place(issue)
    undoing = undo(fresh(decided.batch), actor=triager, via="web")
    undo(fresh(undoing), actor=triager, via="web")
    assert place(issue) == before


def test_it_counts_the_days_that_the_product_has_now(issue, product, other, administrator, triager):
    due = issue.overdue_at
    decided = decide(issue, "reroute", actor=triager, via="web", product=other)
    for home in (product, other):
        update_product(fresh(home), actor=administrator, via="web", triage_days=10)
    undo(fresh(decided.batch), actor=triager, via="web")
    assert fresh(issue).overdue_at == due + timedelta(days=3)


def test_what_it_waited_meanwhile_stays(issue, other, triager, reporter):
    due = issue.overdue_at
    decided = decide(issue, "reroute", actor=triager, via="web", product=other)
    asked(issue, triager, reporter)
    Issue.objects.filter(pk=issue.pk).update(overdue_at=fresh(issue).overdue_at - 3 * A_DAY)
    add_comment(issue, actor=reporter, via="web", body="This one.")
    undo(fresh(decided.batch), actor=triager, via="web")
    assert timedelta(0) <= fresh(issue).overdue_at - (due - 2 * A_DAY) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("accepts", "slept"), [([], True), (["before"], True), (["since"], False)], ids=["never", "before", "since"]
)
def test_who_unsays_what_woke_it_puts_nothing_to_sleep_that_was_accepted_since(
    issue, triager, reporter, accepts, slept
):
    def accept(when):
        if when in accepts:
            decide(issue, "accept", actor=triager, via="web")

    accept("before")
    update_issue(issue, actor=triager, via="web", snoozed_until=LATER)
    add_comment(issue, actor=reporter, via="web", body="This one.")
    saying = Batch.objects.latest("id")
    assert fresh(issue).snoozed_until is None
    accept("since")
    left = undo(saying, actor=reporter, via="web").left_alone
    assert fresh(issue).snoozed_until == (LATER if slept else None)
    assert [one["field"] for one in left] == ([] if slept else ["snoozed_until"])


def test_nobody_is_told_of_the_clock(api, issue, other, triager):
    decide(issue, "reroute", actor=triager, via="web", product=other)
    assert Change.objects.filter(issue=issue, field="waits_from").exists()
    events = api(triager).get(f"/api/v1/issues/{fresh(issue).key}/events/").json()["results"]
    assert not any("waits_from" in event["changes"] for event in events)


class TestQuestionsOfWhatIsClosed:
    @pytest.mark.parametrize("how", ["decline", "duplicate", "status", "reporter", "accepted"])
    def test_they_are_withdrawn_with_it(self, api, issue, original, triager, reporter, maintainer, how):
        if how == "accepted":
            decide(issue, "accept", actor=triager, via="web")
        for person in (reporter, maintainer):
            asked(issue, triager, person)
        before = place(issue)
        closed = {"status": first_status("closed"), "resolution": "invalid"}
        if how == "duplicate":
            decide(issue, "duplicate", actor=triager, via="web", duplicate_of=original)
        elif how == "decline":
            decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        else:
            update_issue(issue, actor=reporter if how == "reporter" else triager, via="web", **closed)
        batch = Batch.objects.latest("id")
        assert set(NeedInfo.objects.values_list("state", flat=True)) == {"withdrawn"}
        assert place(issue)["waiting_for_id"] is None
        assert batch.events.filter(kind="withdrawn").count() == 2
        assert undo(batch, actor=triager, via="web").left_alone == []
        assert set(NeedInfo.objects.values_list("state", flat=True)) == {"open"}
        assert place(issue) == before

    def test_an_answer_is_still_one_after_the_undo(self, issue, triager, reporter):
        asked(issue, triager, reporter)
        decided = decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        undo(fresh(decided.batch), actor=triager, via="web")
        add_comment(issue, actor=reporter, via="web", body="This one.")
        assert (NeedInfo.objects.get().state, fresh(issue).returned[1]) == ("answered", "answer")

    def test_reopening_asks_nothing_again_but_one_may(self, issue, triager, reporter):
        asked(issue, triager, reporter)
        decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        update_issue(issue, actor=reporter, via="web", status=first_status("triage"))
        assert (fresh(issue).is_queued, NeedInfo.objects.get().state) == (True, "withdrawn")
        again = ask(issue, actor=triager, via="web", requestee=reporter, question="And now?")
        assert withdraw(again, actor=triager, via="web").state == "withdrawn"

    def test_the_undo_of_a_reopening_withdraws_what_was_asked_since(self, issue, triager, reporter):
        decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        update_issue(issue, actor=triager, via="web", status=first_status("triage"))
        reopening = Batch.objects.latest("id")
        asked(issue, triager, reporter)
        undo(reopening, actor=triager, via="web")
        assert (NeedInfo.objects.get().state, fresh(issue).waiting_for_id) == ("withdrawn", None)

    def test_no_undo_asks_about_what_is_over(self, issue, triager, reporter):
        asked(issue, triager, reporter)
        withdraw(NeedInfo.objects.get(), actor=triager, via="web")
        withdrawing = Batch.objects.latest("id")
        decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        left = undo(withdrawing, actor=triager, via="web").left_alone
        assert [one["field"] for one in left] == ["state"]
        assert NeedInfo.objects.get().state == "withdrawn"

    def test_nothing_is_asked_about_what_is_closed(self, issue, triager, reporter):
        from history.errors import Conflict

        decide(issue, "decline", actor=triager, via="web", resolution="invalid")
        with pytest.raises(Conflict):
            ask(issue, actor=triager, via="web", requestee=reporter, question="Which?")


class TestQuestionsToWhoSeesItNoMore:
    def test_the_undo_of_an_opening_withdraws_them(self, issue, triager, stranger):
        update_issue(issue, actor=triager, via="web", confidential=True)
        update_issue(issue, actor=triager, via="web", confidential=False)
        opening = Batch.objects.latest("id")
        asked(issue, triager, stranger)
        undo(opening, actor=triager, via="web")
        assert (NeedInfo.objects.get().state, fresh(issue).waiting_for_id) == ("withdrawn", None)

    def test_no_undo_asks_them_again(self, issue, triager, stranger):
        asked(issue, triager, stranger)
        withdraw(NeedInfo.objects.get(), actor=triager, via="web")
        withdrawing = Batch.objects.latest("id")
        update_issue(issue, actor=triager, via="web", confidential=True)
        assert undo(withdrawing, actor=triager, via="web").left_alone
        assert NeedInfo.objects.get().state == "withdrawn"

    def test_what_hid_it_is_undone_with_them(self, issue, triager, stranger):
        asked(issue, triager, stranger)
        update_issue(issue, actor=triager, via="web", confidential=True)
        assert undo(Batch.objects.latest("id"), actor=triager, via="web").left_alone == []
        assert (NeedInfo.objects.get().state, fresh(issue).waiting_for_id) == ("open", stranger.pk)
