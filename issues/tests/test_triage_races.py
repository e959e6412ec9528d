"""Many who vote and merge at the same moment: no vote is lost, and nobody waits for another in a ring."""

import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connections, transaction
from django.utils import timezone

from accounts.services import update_user
from history.errors import Conflict, Forbidden, Stale
from history.models import Batch, Change, Event
from issues import fulltext, similar
from issues.models import Comment, Issue, NeedInfo, Presence, Status
from issues.rules import first_status
from issues.services import (
    add_comment,
    ask,
    attach,
    attention,
    be_here,
    bulk,
    comments,
    create_issue,
    create_status,
    decide,
    kept,
    needinfos,
    relate,
    relations,
    restore_issue,
    trash,
    trash_comment,
    trash_issue,
    undo,
    unrelate,
    update_issue,
    update_status,
    vote,
)
from issues.services import issues as issue_services
from issues.services import undoing as undo_services
from issues.services.bulk import Plan
from issues.tests.samples import upload
from products import access
from products.services import create_product, set_member, update_product

ROUNDS = 8
LONG_AGO = timezone.now() - timedelta(hours=1)

pytestmark = pytest.mark.django_db(transaction=True)


def together(*jobs):
    """Do all jobs at the same moment. Return the errors."""
    errors, barrier = [], threading.Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            job()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


class Pause:
    """A place in what one does at which another begins, and some time passes."""

    def __init__(self):
        self.reached, self.racing = threading.Event(), False

    def here(self):
        """Let the other begin, if there is one."""
        if self.racing:
            self.reached.set()
            time.sleep(0.3)

    def before(self, do):
        """Return `do` with the pause before it."""

        def done(*arguments, **options):
            self.here()
            return do(*arguments, **options)

        return done

    def once_before(self, do):
        """Return `do` with the pause before it for whoever comes first."""
        paused = self.before(do)
        return lambda *arguments, **options: (do if self.reached.is_set() else paused)(*arguments, **options)

    def behind(self, do):
        """Return `do` with the pause behind it, before what it did is committed."""

        def done(*arguments, **options):
            result = do(*arguments, **options)
            self.here()
            return result

        return done

    def race(self, first, second):
        """Do `first`, and `second` as soon as that has come to the pause. Return the errors."""

        def begin():
            assert self.reached.wait(60), "The first has not come to its pause."
            second()

        self.reached.clear()
        self.racing = True
        errors = together(first, begin)
        self.racing = False
        return errors


@pytest.fixture
def pause():
    """A Pause."""
    return Pause()


@pytest.fixture
def file(product, triager):
    """A function that files so many issues."""
    return lambda amount: [create_issue(product, actor=triager, via="web", title=f"I {n}") for n in range(amount)]


def voting(issue, person):
    return lambda: vote(issue, actor=person, via="web")


def merging(issue, original, person):
    return lambda: decide(issue, "duplicate", actor=person, via="web", duplicate_of=original)


def test_no_vote_is_lost(file, triager, reporter, stranger, maintainer):
    for _round in range(ROUNDS):
        original, one, other = file(3)
        for issue in (one, other):
            update_issue(issue, actor=triager, via="web", duplicate_of=original)
        assert together(voting(one, stranger), voting(other, reporter), voting(original, maintainer)) == []
        assert Issue.objects.get(pk=original.pk).votes == 3


def test_who_merges_waits_for_who_votes(file, triager, stranger):
    for _round in range(ROUNDS):
        original, above, duplicate = file(3)
        update_issue(duplicate, actor=triager, via="web", duplicate_of=original)
        assert together(voting(duplicate, stranger), merging(original, above, triager)) == []
        assert Issue.objects.get(pk=above.pk).votes == 1


def test_of_two_who_merge_crosswise_one_is_told_so(file, triager, maintainer):
    for _round in range(ROUNDS):
        one, other = file(2)
        errors = together(merging(one, other, triager), merging(other, one, maintainer))
        assert [type(error) for error in errors] in ([ValidationError], [Conflict])
        assert Issue.objects.filter(pk__in=(one.pk, other.pk), duplicate_of__isnull=False).count() == 1


def hiding(issue, person):
    return lambda: update_issue(issue, actor=person, via="web", confidential=True)


def reopening(issue, person):
    return lambda: update_issue(issue, actor=person, via="web", status=first_status("triage"))


def trashing(issue, person):
    return lambda: trash_issue(issue, actor=person, via="web")


def undoing(issue, person):
    batch = Batch.objects.filter(events__issue=issue, events__kind="changed").latest("id")
    return lambda: undo(batch, actor=person, via="web")


@pytest.mark.parametrize("take_away", [hiding, reopening, trashing, undoing])
def test_who_takes_a_duplicate_away_waits_for_who_votes(file, administrator, triager, stranger, maintainer, take_away):
    for _round in range(ROUNDS):
        original, duplicate = file(2)
        update_issue(duplicate, actor=triager, via="web", duplicate_of=original)
        jobs = voting(duplicate, stranger), take_away(duplicate, administrator), voting(original, maintainer)
        errors = [error for error in together(*jobs) if not isinstance(error, (Forbidden, ObjectDoesNotExist))]
        assert errors == []
        assert Issue.objects.get(pk=original.pk).votes == 1


def test_votes_and_the_product_of_duplicates_change_at_once(file, administrator, triager, stranger):
    for number in range(ROUNDS):
        (original,) = file(1)
        home = create_product(actor=administrator, via="web", key=f"P{number}", title="P")
        duplicate = create_issue(home, actor=administrator, via="web", title="d")
        update_issue(duplicate, actor=administrator, via="web", duplicate_of=original)
        hide = partial(update_product, home, actor=administrator, via="web", visibility="private")
        errors = together(voting(duplicate, stranger), hide)
        assert [error for error in errors if not isinstance(error, Forbidden)] == []
        assert Issue.objects.get(pk=original.pk).votes == 0


MERGES = {
    "decision": lambda one, original, **doing: decide(one, "duplicate", duplicate_of=original, **doing),
    "field": lambda one, original, **doing: update_issue(one, duplicate_of=original, **doing),
    "many": lambda one, original, **doing: bulk.change(
        [one.pk], Plan({one.product_id: {}}, "duplicate", {one.product_id: {"duplicate_of": original}}), **doing
    ),
}


@pytest.mark.parametrize("merge", MERGES.values(), ids=MERGES)
def test_what_is_merged_while_its_product_is_hidden_counts_for_nothing(
    file, administrator, stranger, merge, monkeypatch, pause
):
    doing = {"actor": administrator, "via": "web"}
    # Between the two there is time for the other.
    monkeypatch.setattr(issue_services, "count_votes", pause.behind(issue_services.count_votes))
    for number in range(2):
        (original,) = file(1)
        home = create_product(key=f"P{number}", title="P", **doing)
        duplicate = create_issue(home, title="d", **doing)
        vote(duplicate, actor=stranger, via="web")
        hide = partial(update_product, home, visibility="private", **doing)
        assert pause.race(partial(merge, duplicate, original, **doing), hide) == []
        assert Issue.objects.get(pk=duplicate.pk).duplicate_of_id == original.pk
        assert Issue.objects.get(pk=original.pk).votes == 0


@pytest.mark.parametrize("how", ["field", "many", "undo"])
def test_what_is_moved_while_the_product_is_hidden_counts_for_nothing(
    file, administrator, stranger, how, monkeypatch, pause
):
    doing = {"actor": administrator, "via": "web"}
    monkeypatch.setattr(issue_services, "count_votes", pause.behind(issue_services.count_votes))
    for number in range(2):
        original, duplicate = file(2)
        home = create_product(key=f"P{number}", title="P", **doing)
        vote(duplicate, actor=stranger, via="web")
        update_issue(duplicate, duplicate_of=original, **doing)
        hide = partial(update_product, home, visibility="private", **doing)
        move = {
            "field": partial(update_issue, duplicate, product=home, **doing),
            "many": partial(bulk.change, [duplicate.pk], Plan({duplicate.product_id: {"product": home}}), **doing),
        }
        if how == "undo":
            moved = update_issue(duplicate, product=home, **doing)
            back = update_issue(moved, product=original.product, **doing)
            move["undo"] = partial(undo, back.events.latest("id").batch, **doing)
        assert pause.race(move[how], hide) == []
        assert Issue.objects.get(pk=duplicate.pk).product_id == home.pk
        assert Issue.objects.get(pk=original.pk).votes == 0


def test_a_purge_waits_for_who_hides_a_duplicate_of_what_is_purged(file, administrator, monkeypatch, pause):
    doing = {"actor": administrator, "via": "web"}
    monkeypatch.setattr(trash, "lock_family", pause.before(trash.lock_family))
    (original,) = file(1)
    home = create_product(key="OPS", title="Operations", **doing)
    duplicate = update_issue(create_issue(home, title="d", **doing), duplicate_of=original, **doing)
    trash_issue(original, **doing)
    purge = partial(trash.purge_expired, timezone.now() + timedelta(days=31))
    assert pause.race(purge, partial(update_product, home, visibility="private", **doing)) == []
    assert list(Issue.objects.values_list("pk", "duplicate_of")) == [(duplicate.pk, None)]


@pytest.mark.parametrize("how", ["by hand", "in time"])
def test_a_purge_waits_for_who_votes_on_a_duplicate_beside_it(
    file, administrator, triager, stranger, monkeypatch, how, pause
):
    doing = {"actor": administrator, "via": "web"}
    monkeypatch.setattr(attention, "count_votes", pause.before(attention.count_votes))
    original, one, other = file(3)
    for issue in (one, other):
        update_issue(issue, duplicate_of=original, **doing)
    relate(one, kind="relates", other=other, **doing)
    trash_issue(one, **doing)
    purge = {
        "by hand": partial(trash.purge, one, **doing),
        "in time": partial(trash.purge_expired, timezone.now() + timedelta(days=31)),
    }
    assert pause.race(voting(other, stranger), purge[how]) == []
    assert not Issue.objects.filter(pk=one.pk).exists()
    assert Issue.objects.get(pk=original.pk).votes == 1


def test_of_an_answer_and_a_closing_no_question_is_left(file, triager, reporter, maintainer):
    for _round in range(ROUNDS):
        (issue,) = file(1)
        decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which?")
        say = partial(add_comment, issue, actor=reporter, via="web", body="This one.")
        close = partial(decide, issue, "decline", actor=maintainer, via="web", resolution="invalid")
        assert together(say, close) == []
        assert not NeedInfo.objects.filter(issue=issue, state="open").exists()
        assert Issue.objects.get(pk=issue.pk).waiting_for_id is None


ASKS = {
    "ask": lambda one, person, **doing: ask(one, requestee=person, question="Which?", **doing),
    "decide": lambda one, person, **doing: decide(one, "needinfo", ask=person, question="Which?", **doing),
    "many": lambda one, person, **doing: bulk.change(
        [one.pk],
        Plan({one.product_id: {}}, "needinfo", {one.product_id: {"ask": person, "question": "Which?"}}),
        **doing,
    ),
}
SHUT_OUTS = {
    "deactivated": lambda person, product, **doing: update_user(person, is_active=False, **doing),
    "no superuser": lambda person, product, **doing: update_user(person, is_superuser=False, **doing),
    "no member": lambda person, product, **doing: set_member(product, person, None, **doing),
}


@pytest.mark.parametrize(
    ("how", "shut_out"),
    [("ask", "deactivated"), ("decide", "no superuser"), ("many", "deactivated"), ("ask", "no member")],
)
@pytest.mark.parametrize(("asks_first", "is_asked"), [(True, True), (False, True), (True, False), (False, False)])
def test_nothing_is_asked_for_ever_of_who_is_shut_out_at_that_moment(
    file, product, administrator, stranger, monkeypatch, how, shut_out, asks_first, is_asked, pause
):
    doing = {"actor": administrator, "via": "web"}
    update_product(product, visibility="private", **doing)
    if shut_out == "no member":
        set_member(product, stranger, "viewer", **doing)
    else:
        update_user(stranger, is_superuser=True, **doing)
    person = type(stranger).objects.get(pk=stranger.pk)
    (one,) = file(1)
    if is_asked:
        # Whoever shuts them out wants the same row then.
        ask(one, requestee=person, question="Where?", **doing)
    asking = partial(ASKS[how], one, person, **doing)

    def leave():
        with transaction.atomic():
            SHUT_OUTS[shut_out](person, product, **doing)
            pause.here()

    if asks_first:
        monkeypatch.setattr(needinfos, "insert", pause.behind(needinfos.insert))
    errors = pause.race(asking, leave) if asks_first else pause.race(leave, asking)
    assert [error for error in errors if not isinstance(error, ValidationError)] == []
    assert not NeedInfo.objects.filter(state="open").exists()
    assert Issue.objects.get(pk=one.pk).waiting_for_id is None


def test_a_member_is_changed_although_an_issue_goes_to_the_trash_at_that_moment(
    file, product, administrator, stranger, monkeypatch, pause
):
    doing = {"actor": administrator, "via": "web"}
    update_product(product, visibility="private", **doing)
    set_member(product, stranger, "viewer", **doing)
    one, other = file(2)
    for issue in (one, other):
        ask(issue, requestee=stranger, question="Which?", **doing)

    def throw_away():
        with transaction.atomic():
            trash_issue(one, **doing)
            pause.here()

    assert pause.race(throw_away, partial(set_member, product, stranger, None, **doing)) == []
    assert not product.members.filter(user=stranger).exists()
    assert Issue.objects.get(pk=other.pk).waiting_for_id is None


def test_a_bulk_change_waits_for_who_votes(file, triager, stranger, maintainer):
    for _round in range(ROUNDS):
        original, *others = file(4)
        ids = [issue.pk for issue in reversed(others)]
        plan = Plan({original.product_id: {}}, "duplicate", {original.product_id: {"duplicate_of": original}})
        merge = partial(bulk.change, ids, plan, actor=triager, via="web")
        assert together(merge, *(voting(one, stranger) for one in others), voting(original, maintainer)) == []
        assert Issue.objects.get(pk=original.pk).votes == 2


@pytest.mark.parametrize("ends", [False, True])
def test_who_relates_a_duplicate_to_its_original_waits_for_who_votes(file, triager, stranger, monkeypatch, ends, pause):
    # The first of the two is locked for so long that another who begins with the second one has it.
    monkeypatch.setattr(relations, "lock_issue", pause.behind(relations.lock_issue))
    original, duplicate = file(2)
    update_issue(duplicate, actor=triager, via="web", duplicate_of=original)
    change = partial(relate, original, actor=triager, via="web", kind="relates", other=duplicate)
    if ends:
        change = partial(unrelate, change(), actor=triager, via="web")
    assert pause.race(change, voting(duplicate, stranger)) == []
    assert Issue.objects.get(pk=original.pk).votes == 1


def posting():
    similar.post_all_later()
    similar.post_waiting()


@pytest.mark.parametrize("write", [fulltext.reindex, posting])
def test_who_writes_words_anew_waits_for_who_votes(file, triager, stranger, monkeypatch, write, pause):
    # Who votes has the duplicate for so long that another who begins with the original has that.
    monkeypatch.setattr(attention, "count_votes", pause.before(attention.count_votes))
    original, duplicate = file(2)
    update_issue(duplicate, actor=triager, via="web", duplicate_of=original)
    assert pause.race(voting(duplicate, stranger), write) == []
    assert Issue.objects.get(pk=original.pk).votes == 1


@pytest.mark.parametrize("how", ["create", "field", "many", "undo"])
def test_who_puts_something_under_an_issue_waits_for_who_has_what_is_above_that(
    file, administrator, monkeypatch, how, pause
):
    doing = {"actor": administrator, "via": "web"}
    above, parent, child = file(3)
    update_issue(parent, parent=above, **doing)
    put = {
        "create": partial(create_issue, parent.product, title="New", parent=parent, **doing),
        "field": partial(update_issue, child, parent=parent, **doing),
        "many": partial(bulk.change, [child.pk], Plan({child.product_id: {"parent": parent}}), **doing),
    }
    if how == "undo":
        update_issue(child, parent=parent, **doing)
        taken = update_issue(child, parent=None, **doing)
        put["undo"] = partial(undo, taken.events.latest("id").batch, **doing)
    # Between what it is put under and what is above that, there is time for the other.
    monkeypatch.setattr(access, "sees", pause.before(access.sees))
    other = partial(relate, above, kind="relates", other=parent, **doing)
    assert pause.race(put[how], other) == []
    assert Issue.objects.filter(parent=parent).count() == 1


def test_who_moves_an_issue_waits_for_who_has_its_product_and_that_where_it_goes(product, administrator, pause):
    doing = {"actor": administrator, "via": "web"}
    home = create_product(key="API", title="API", **doing)
    here, there = create_issue(product, title="a", **doing), create_issue(home, title="b", **doing)

    def change_both():
        with transaction.atomic():
            update_product(product, title="Web", **doing)
            pause.here()
            update_product(home, title="The API", **doing)

    assert pause.race(change_both, partial(update_issue, here, product=home, **doing)) == []
    assert Issue.objects.filter(product=home).count() == 2 and there.product == home


def test_of_two_who_compare_a_product_and_file_crosswise_beneath_issues_none_is_refused(
    product, administrator, monkeypatch, pause
):
    doing = {"actor": administrator, "via": "web"}
    home = create_product(key="API", title="API", **doing)
    here, there = create_issue(product, title="a", **doing), create_issue(home, title="b", **doing)
    monkeypatch.setattr(issue_services, "lock_ahead", pause.behind(pause.before(issue_services.lock_ahead)))
    filing = partial(create_issue, title="New", **doing)
    one = partial(filing, product, parent=there, expected_version=product.lock_version)
    other = partial(filing, home, parent=here, expected_version=home.lock_version)
    assert pause.race(one, other) == []
    assert Issue.objects.filter(parent__in=(here, there)).count() == 2


def test_who_compares_a_product_and_files_waits_for_who_changes_that(product, administrator, pause):
    doing = {"actor": administrator, "via": "web"}

    def change():
        with transaction.atomic():
            update_product(product, title="Web", **doing)
            pause.here()

    file = partial(create_issue, product, title="New", expected_version=product.lock_version, **doing)
    assert [type(error) for error in pause.race(change, file)] == [Stale]


@pytest.mark.parametrize("how", ["restored", "asked again"])
@pytest.mark.parametrize("gone", ["deactivated", "no member"])
def test_who_goes_while_what_asks_them_comes_back_is_asked_no_more(
    file, product, administrator, stranger, monkeypatch, pause, how, gone
):
    doing = {"actor": administrator, "via": "web"}
    (issue,) = file(1)
    update_product(product, visibility="private", **doing)
    set_member(product, stranger, "reporter", **doing)
    question = ask(issue, requestee=stranger, question="Since when?", **doing)
    if how == "restored":
        trash_issue(issue, **doing)
        monkeypatch.setattr(trash, "withdraw_idle", pause.behind(trash.withdraw_idle))
        back = partial(restore_issue, issue, **doing)
    else:
        needinfos.withdraw(question, **doing)
        monkeypatch.setattr(needinfos, "is_idle", pause.behind(needinfos.is_idle))
        back = partial(undo, Event.objects.filter(about="needinfo").latest("id").batch, **doing)
    goes = {
        "deactivated": partial(update_user, stranger, is_active=False, **doing),
        "no member": partial(set_member, product, stranger, None, **doing),
    }
    assert pause.race(back, goes[gone]) == []
    assert not NeedInfo.objects.filter(state="open").exists()


def test_who_takes_back_that_somebody_left_waits_for_who_asks(
    file, product, administrator, triager, stranger, monkeypatch, pause
):
    doing = {"actor": administrator, "via": "web"}
    (issue,) = file(1)
    update_product(product, visibility="private", **doing)
    set_member(product, stranger, "reporter", **doing)
    ask(issue, requestee=stranger, question="Since when?", **doing)
    set_member(product, stranger, None, **doing)
    leaving = Event.objects.filter(about="member").latest("id").batch
    assert leaving.events.filter(about="needinfo").exists()
    monkeypatch.setattr(undo_services, "_lock_all_of", pause.behind(undo_services._lock_all_of))
    other = partial(ask, issue, requestee=triager, question="Which release?", **doing)
    assert pause.race(partial(undo, leaving, **doing), other) == []
    assert NeedInfo.objects.filter(state="open").count() == 2


@pytest.mark.parametrize("how", ["by hand", "in time"])
def test_who_purges_a_comment_waits_for_who_purges_its_issue(file, administrator, monkeypatch, pause, how):
    doing = {"actor": administrator, "via": "web"}
    (issue,) = file(1)
    with kept([upload(b"log")], actor=administrator, home=issue, action="comment") as files:
        comment = add_comment(issue, body="Here.", files=files, **doing)
    trash_comment(comment, **doing)
    Comment.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    trash_issue(issue, **doing)
    # The first of the two has the comment, and comes to its file when the second has that.
    monkeypatch.setattr(trash, "purge_attachments", pause.once_before(trash.purge_attachments))
    purge = {
        "by hand": partial(trash.purge, comment, **doing),
        "in time": partial(trash.purge_expired, timezone.now()),
    }
    assert pause.race(purge[how], partial(trash.purge, issue, **doing)) == []
    assert not Issue.objects.filter(pk=issue.pk).exists()


GIVES = {
    "create": ("later", lambda product, issue, later, **doing: create_issue(product, title="N", status=later, **doing)),
    "create at first": ("triage", lambda product, issue, later, **doing: create_issue(product, title="N", **doing)),
    "create a duplicate": (
        "closed",
        lambda product, issue, later, **doing: create_issue(product, title="N", duplicate_of=issue, **doing),
    ),
    "update": ("later", lambda product, issue, later, **doing: update_issue(issue, status=later, **doing)),
    "merge": (
        "closed",
        lambda product, issue, later, **doing: update_issue(
            issue, duplicate_of=create_issue(product, title="N", status=later, **doing), **doing
        ),
    ),
    "undo": ("later", lambda product, issue, later, **doing: undo(issue.events.latest("id").batch, **doing)),
}


@pytest.mark.parametrize(("slug", "give"), GIVES.values(), ids=GIVES)
def test_a_status_waits_with_another_category_for_who_gives_it_to_an_issue(product, administrator, slug, give, pause):
    doing = {"actor": administrator, "via": "web"}
    first = {status.category: status for status in Status.objects.order_by("-position", "-pk")}
    later = create_status(slug="later", name="Later", category="accepted", **doing)
    issue = create_issue(product, title="a", status=later, **doing)
    update_issue(issue, status=first["started"], **doing)
    status = {"later": later, **first}[slug]

    def slow():
        with transaction.atomic():
            give(product, issue, later, **doing)
            pause.here()

    errors = pause.race(
        slow, partial(update_status, status, category="triage" if slug != "triage" else "closed", **doing)
    )
    assert [type(error) for error in errors] == [Conflict]
    assert Issue.objects.get(status=status).status.category == status.category


@pytest.mark.parametrize("how", ["create", "update", "at first"])
def test_who_gives_a_status_to_an_issue_waits_for_its_other_category(file, product, administrator, how, pause):
    doing = {"actor": administrator, "via": "web"}
    (issue,) = file(1)
    Status.objects.update(position=9)
    later = create_status(slug="later", name="Later", category="triage", position=1, **doing)

    def change():
        with transaction.atomic():
            update_status(later, category="closed", **doing)
            pause.here()

    give = {
        "create": partial(create_issue, product, title="New", status=later, **doing),
        "update": partial(update_issue, issue, status=later, **doing),
        "at first": partial(create_issue, product, title="New", **doing),
    }
    assert pause.race(change, give[how]) == []
    assert Issue.objects.latest("pk").status.category == ("triage" if how == "at first" else "closed")
    assert not Issue.objects.filter(status=later, closed_at=None).exists()


def test_a_file_on_an_original_waits_for_a_comment_that_reopens_its_duplicate(
    file, triager, maintainer, monkeypatch, pause
):
    monkeypatch.setattr(comments, "update_issue", pause.before(comments.update_issue))
    original, duplicate = file(2)
    update_issue(duplicate, actor=triager, via="web", duplicate_of=original)

    def reopen():
        with kept([upload(b"log")], actor=triager, home=duplicate, action="comment") as files:
            doing = {"actor": triager, "via": "web", "files": files}
            add_comment(duplicate, body="It is another.", status=first_status("triage"), **doing)

    def put():
        with kept([upload(b"log")], actor=maintainer, home=original, action="attach") as files:
            attach(original, actor=maintainer, via="web", files=files)

    assert pause.race(reopen, put) == []
    assert Issue.objects.get(pk=duplicate.pk).duplicate_of is None


def test_of_two_who_give_a_product_away_the_second_takes_it_from_the_first(
    product, triager, reporter, administrator, pause
):
    update_product(product, actor=administrator, via="web", owner=administrator)

    def give(person):
        with transaction.atomic():
            update_product(product, actor=administrator, via="web", owner=person)
            pause.here()

    assert pause.race(partial(give, triager), partial(give, reporter)) == []
    change = Change.objects.filter(field="owner").latest("pk")
    assert (change.before["id"], change.after["id"]) == (triager.pk, reporter.pk)


@pytest.mark.parametrize("who", ["two on one issue", "one in two windows"])
def test_whoever_is_here_waits_for_nobody(file, triager, maintainer, who):
    one, other = file(2)
    pairs = [(one, triager), (one, maintainer)] if who == "two on one issue" else [(one, triager), (other, triager)]
    for _round in range(ROUNDS):
        Presence.objects.all().delete()
        Presence.objects.bulk_create(Presence(issue=issue, user=user, seen_at=LONG_AGO) for issue, user in pairs)
        assert together(*(partial(be_here, issue, actor=user) for issue, user in pairs)) == []
