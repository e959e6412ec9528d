"""Where decisions meet rights, time and one another: nothing vanishes from the queue, nothing hidden shows."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from history.models import Batch, Event
from issues.models import Issue, NeedInfo, Vote
from issues.rules import first_status
from issues.services import (
    add_comment,
    create_issue,
    decide,
    purge,
    redact,
    trash_issue,
    undo,
    undoing,
    update_issue,
    vote,
    watch,
    withdraw,
)
from issues.timeline import timeline
from products.models import Product
from products.services import create_product, set_member, trash_product, update_product

LATER = timezone.now() + timedelta(days=60)


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def original(product, issue, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart forgets")


@pytest.fixture
def other(administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    return other


@pytest.fixture
def secret(administrator, triager):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    set_member(secret, triager, "triager", actor=administrator, via="web")
    return secret


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def ask(issue, triager, person, question="Which?"):
    return decide(issue, "needinfo", actor=triager, via="web", ask=person, question=question)


class TestNothingVanishes:
    def test_what_is_rerouted_wakes(self, issue, other, triager):
        decide(issue, "snooze", actor=triager, via="web", until=LATER)
        decided = decide(issue, "reroute", actor=triager, via="web", product=other)
        assert fresh(issue).is_queued
        undo(decided.batch, actor=triager, via="web")
        assert fresh(issue).snoozed_until == LATER

    def test_what_is_reopened_wakes(self, issue, reporter, triager):
        decide(issue, "snooze", actor=triager, via="web", until=LATER)
        update_issue(issue, actor=triager, via="web", status=first_status("closed"), resolution="invalid")
        update_issue(issue, actor=reporter, via="web", status=first_status("triage"))
        assert fresh(issue).is_queued

    @pytest.mark.parametrize("how", ["moved", "confidential"])
    def test_a_question_that_nobody_can_answer_any_more_is_withdrawn(self, issue, secret, triager, stranger, how):
        ask(issue, triager, stranger)
        changes = {"product": secret} if how == "moved" else {"confidential": True}
        update_issue(issue, actor=triager, via="web", **changes)
        assert (fresh(issue).is_queued, NeedInfo.objects.get().state) == (True, "withdrawn")

    def test_a_question_to_who_still_sees_it_stays(self, issue, triager, reporter):
        ask(issue, triager, reporter)
        update_issue(issue, actor=triager, via="web", confidential=True)
        assert NeedInfo.objects.get().state == "open"


class TestTheClock:
    def test_the_undo_of_a_question_gives_its_time_back(self, issue, reporter, triager):
        decided = ask(issue, triager, reporter)
        before = fresh(issue).overdue_at - timedelta(days=6)
        Issue.objects.update(overdue_at=before, waiting_since=timezone.now() - timedelta(days=6))
        undo(fresh(decided.batch), actor=triager, via="web")
        assert fresh(issue).overdue_at - before > timedelta(days=5)

    def test_what_was_asked_before_it_came_into_triage_does_not_count(self, issue, reporter, triager):
        decide(issue, "accept", actor=triager, via="web")
        ask(issue, triager, reporter)
        Issue.objects.update(waiting_since=timezone.now() - timedelta(days=300))
        update_issue(issue, actor=triager, via="web", status=first_status("triage"))
        add_comment(issue, actor=reporter, via="web", body="This one.")
        assert fresh(issue).overdue_at < timezone.now() + timedelta(days=8)

    @pytest.mark.parametrize(
        ("steps", "left_out"),
        [
            ("1 sleep 2, 3 ask, 5 answer", 3),
            ("3 sleep 8, 4 ask, 6 answer", 3),
            ("3 sleep 8, 4 ask, 6 withdraw", 5),
            ("3 sleep 8, 4 ask, 10 answer", 7),
            ("3 sleep 8, 4 ask, 5 wake, 6 withdraw", 3),
            ("1 sleep 20, 4 ask, 6 answer", 5),
            ("3 ask, 4 sleep 8, 6 answer", 3),
            ("3 ask, 4 sleep 8, 6 withdraw", 5),
            ("3 ask, 4 sleep 8, 10 answer", 7),
            ("3 ask, 4 sleep 8, 5 wake, 9 withdraw", 6),
            ("3 ask, 4 sleep 6, 5 sleep 8, 10 withdraw", 7),
            ("3 sleep 8, 4 ask, 5 withdraw, 6 undo, 10 withdraw", 7),
            ("3 sleep 9, 4 ask, 5 withdraw, 6 wake, 7 ask, 8 withdraw", 4),
            ("3 ask, 4 sleep 8, 5 undo, 6 answer", 3),
            ("0 ask, 0 sleep 2, 5 move, 5 undo, 6 answer", 6),
        ],
    )
    def test_no_moment_is_left_out_twice(self, product, administrator, reporter, triager, steps, left_out):
        create_product(actor=administrator, via="web", key="API", title="API")
        filed = timezone.now()
        with time_machine.travel(filed, tick=False) as clock:
            issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
            for step in steps.split(", "):
                day, *what = step.split()
                clock.move_to(filed + timedelta(days=int(day)))
                self.do(issue, triager, reporter, *what)
        assert (fresh(issue).overdue_at - filed).days - product.triage_days == left_out

    @staticmethod
    def do(issue, triager, reporter, what, until=None):
        doing = {"actor": triager, "via": "web"}
        if what == "sleep":
            at = issue.created_at + timedelta(days=int(until))
            update_issue(fresh(issue), snoozed_until=at, **doing)
        elif what == "wake":
            update_issue(fresh(issue), snoozed_until=None, **doing)
        elif what == "ask":
            ask(issue, triager, reporter)
        elif what == "answer":
            add_comment(issue, actor=reporter, via="web", body="This one.")
        elif what == "withdraw":
            withdraw(NeedInfo.objects.get(state="open"), **doing)
        elif what == "move":
            update_issue(fresh(issue), product=Product.objects.get(key="API"), **doing)
        else:
            undo(Batch.objects.latest("id"), **doing)

    def test_an_answer_is_told_before_that_it_woke(self, issue, reporter, triager):
        decide(issue, "snooze", actor=triager, via="web", until=LATER)
        ask(issue, triager, reporter)
        add_comment(issue, actor=reporter, via="web", body="This one.")
        assert fresh(issue).returned[1] == "answer"


class TestDuplicates:
    @pytest.mark.parametrize("hidden", ["private", "archived", "public"])
    def test_who_merged_takes_it_back_with_all_that_came_along(self, issue, original, administrator, triager, hidden):
        visibility = "private" if hidden == "private" else "public"
        home = create_product(actor=administrator, via="web", key="OLD", title="Old", visibility=visibility)
        along = create_issue(home, actor=administrator, via="web", title="Hole")
        update_issue(along, actor=administrator, via="web", duplicate_of=issue)
        if hidden == "archived":
            update_product(fresh(home), actor=administrator, via="web", archived=True)
        decided = decide(issue, "duplicate", actor=triager, via="web", duplicate_of=original)
        assert fresh(along).duplicate_of == original
        undone = undo(fresh(decided.batch), actor=triager, via="web")
        assert (fresh(issue).duplicate_of, fresh(along).duplicate_of) == (None, issue)
        assert undone.undone == (1 if hidden == "private" else 2)

    @pytest.mark.parametrize(("visibility", "told"), [("private", "It is being undone"), ("public", "1 of 2 so far")])
    def test_a_long_undo_counts_no_duplicate_that_is_hidden(
        self, client, issue, original, administrator, triager, monkeypatch, visibility, told
    ):
        home = create_product(actor=administrator, via="web", key="OLD", title="Old", visibility=visibility)
        along = create_issue(home, actor=administrator, via="web", title="Hole")
        update_issue(along, actor=administrator, via="web", duplicate_of=issue)
        decided = decide(issue, "duplicate", actor=triager, via="web", duplicate_of=original)
        for name in ("CHUNK", "AT_ONCE"):
            monkeypatch.setattr(undoing, name, 1)
        client.force_login(triager)
        page = client.post(f"/batches/{decided.batch.pk}/undo/", follow=True).content.decode()
        assert told in page and ("of 2" in page) == (visibility == "public")

    def test_no_undo_makes_a_chain(self, product, issue, original, reporter, triager):
        third = create_issue(product, actor=reporter, via="web", title="Third")
        one = decide(third, "duplicate", actor=triager, via="web", duplicate_of=issue)
        undone = undo(fresh(one.batch), actor=triager, via="web")
        decide(issue, "duplicate", actor=triager, via="web", duplicate_of=original)
        undo(fresh(undone), actor=triager, via="web")
        assert fresh(third).duplicate_of is None

    @pytest.mark.parametrize("how", ["trashed", "merged again", "merged elsewhere"])
    def test_nor_leads_a_duplicate_back_to_what_stays_one(self, product, issue, original, maintainer, how):
        doing = {"actor": maintainer, "via": "web"}
        along, elsewhere = (create_issue(product, title=title, **doing) for title in ("Along", "Elsewhere"))
        update_issue(along, duplicate_of=issue, **doing)
        decided = decide(issue, "duplicate", duplicate_of=original, **doing)
        if how == "trashed":
            trash_issue(fresh(issue), **doing)
        else:
            update_issue(fresh(issue), status=first_status("triage"), **doing)
            update_issue(fresh(issue), duplicate_of=elsewhere if how == "merged elsewhere" else original, **doing)
        left = undo(fresh(decided.batch), **doing).left_alone
        assert {"issue": along.key, "field": "duplicate_of", "by": None} in left
        assert fresh(along).duplicate_of == original

    def test_duplicates_go_along_where_an_undo_makes_their_original_one(self, product, issue, original, triager):
        doing = {"actor": triager, "via": "web"}
        along, later = (create_issue(product, title=title, **doing) for title in ("Along", "Later"))
        update_issue(along, duplicate_of=issue, **doing)
        undone = undo(fresh(decide(issue, "duplicate", duplicate_of=original, **doing).batch), **doing)
        update_issue(later, duplicate_of=issue, **doing)
        again = undo(fresh(undone), **doing)
        assert ([fresh(one).duplicate_of for one in (along, later)], again.left_alone) == ([original] * 2, [])
        assert undo(fresh(again), **doing).left_alone == []
        assert [fresh(one).duplicate_of for one in (issue, along, later)] == [None, issue, issue]

    def test_votes_between_internal_products_count(self, administrator, stranger):
        one, two = (
            create_product(actor=administrator, via="web", key=key, title=key, visibility="internal")
            for key in ("ONE", "TWO")
        )
        issue = create_issue(one, actor=administrator, via="web", title="a")
        duplicate = create_issue(two, actor=administrator, via="web", title="b")
        vote(duplicate, actor=stranger, via="web")
        update_issue(duplicate, actor=administrator, via="web", duplicate_of=issue)
        assert fresh(issue).votes == 1

    def test_the_votes_of_what_is_purged_go(self, issue, administrator, stranger):
        home = create_product(actor=administrator, via="web", key="OLD", title="Old")
        duplicate = create_issue(home, actor=administrator, via="web", title="b")
        vote(duplicate, actor=stranger, via="web")
        update_issue(duplicate, actor=administrator, via="web", duplicate_of=issue)
        trash_product(fresh(home), actor=administrator, via="web")
        purge(fresh(home), actor=administrator, via="web")
        assert (fresh(issue).votes, Vote.objects.count()) == (0, 0)


class TestQuestions:
    @pytest.mark.parametrize("why", ["private", "confidential", "inactive"])
    def test_nobody_is_asked_who_cannot_see_it(self, issue, secret, triager, stranger, why):
        if why == "private":
            issue = create_issue(secret, actor=triager, via="web", title="Hole")
        elif why == "confidential":
            update_issue(issue, actor=triager, via="web", confidential=True)
        else:
            type(stranger).objects.filter(pk=stranger.pk).update(is_active=False)
        with pytest.raises(ValidationError) as caught:
            ask(issue, triager, stranger)
        assert list(caught.value.error_dict) == ["ask"]
        assert fresh(issue).is_queued and not NeedInfo.objects.exists()

    @pytest.mark.parametrize("text", ["x" * 1_000_000, "\N{GRINNING FACE}" * 65_536])
    def test_they_have_an_end(self, issue, triager, reporter, text):
        with pytest.raises(ValidationError) as caught:
            ask(issue, triager, reporter, text)
        assert list(caught.value.error_dict) == ["question"]

    def test_lists_tell_those_that_are_open(self, api, issue, triager, reporter):
        ask(issue, triager, reporter, "First?")
        add_comment(issue, actor=reporter, via="web", body="Yes.")
        ask(issue, triager, reporter, "Second?")
        client = api(triager)
        (row,) = client.get("/api/v1/issues/").json()["results"]
        assert [one["question"] for one in row["needinfos"]] == ["Second?"]
        whole = client.get("/api/v1/issues/WEB-1/").json()["needinfos"]
        assert [one["question"] for one in whole] == ["First?", "Second?"]

    def test_they_are_redacted(self, api, issue, triager, reporter, maintainer):
        ask(issue, triager, reporter, "Is your password hunter2?")
        one = NeedInfo.objects.get()
        path = f"/api/v1/issues/WEB-1/needinfos/{one.pk}/redact/"
        assert api(triager).post(path, {"field": "question"}, format="json").status_code == 403
        assert api(maintainer).post(path, {"field": "question"}, format="json").json()["question"] == ""
        assert api(maintainer).post(path, {"field": "state"}, format="json").status_code == 400
        assert not Event.objects.filter(state__icontains="hunter2").exists()
        assert redact(fresh(one), "question", actor=maintainer, via="web").question == ""

    def test_the_one_asked_first_is_who_is_waited_for(self, api, issue, triager, maintainer, reporter):
        for person in (maintainer, reporter):
            ask(issue, triager, person)
        client = api(triager)
        found = {
            name: client.get("/api/v1/issues/", {"q": f"waiting:{name}"}).json()["results"] for name in ("mia", "rosa")
        }
        assert {name: len(rows) for name, rows in found.items()} == {"mia": 1, "rosa": 0}

    def test_people_in_their_events_are_written_as_people(self, api, issue, triager, reporter):
        ask(issue, triager, reporter)
        vote(issue, actor=reporter, via="web")
        events = api(triager).get("/api/v1/issues/WEB-1/events/").json()["results"]
        told = {name: value for event in events for name, value in event["changes"].items()}
        rosa = {"username": "rosa", "display_name": "Rosa"}
        assert told["requestee"] == [None, rosa] and told["vote"] == [None, rosa]


def test_a_representation_that_changes_has_another_etag(api, issue, triager, maintainer):
    ask(issue, triager, maintainer)
    client = api(triager)
    tag = client.get("/api/v1/issues/WEB-1/")["ETag"]
    assert client.get("/api/v1/issues/WEB-1/", headers={"If-None-Match": tag}).status_code == 304
    User.objects.filter(pk=maintainer.pk).update(username="mimi")
    assert client.get("/api/v1/issues/WEB-1/", headers={"If-None-Match": tag}).status_code == 200
    tag = client.get("/api/v1/issues/WEB-1/")["ETag"]
    Issue.objects.update(waiting_for=None, overdue_at=timezone.now())
    assert client.get("/api/v1/issues/WEB-1/", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-Fragment": "triage"}])
def test_the_next_may_be_gone(client, issue, original, administrator, triager, headers):
    trash_issue(original, actor=administrator, via="web")
    client.force_login(triager)
    answer = client.post("/issues/WEB-1/triage/", {"decision": "accept", "then": "WEB-2"}, headers=headers, follow=True)
    assert (answer.status_code, fresh(issue).status.slug) == (200, "accepted")


@pytest.mark.parametrize("field", ["status", "resolution", "product", "snoozed_until", "duplicate_of"])
def test_what_a_decision_decides_is_not_set_beside_it(issue, triager, field):
    with pytest.raises(ValidationError) as caught:
        decide(issue, "snooze", actor=triager, via="web", until=LATER, changes={field: None})
    assert list(caught.value.error_dict) == [field]


def test_who_watches_does_not_crowd_out_what_happened(issue, triager, administrator):
    update_issue(issue, actor=administrator, via="web", priority=3)
    for number in range(60):
        for person in (administrator, triager):
            watch(issue, actor=person, via="web", wanted=bool(number % 2))
    entries, _cut = timeline(fresh(issue), triager)
    assert any("priority" in entry.said for entry in entries)
