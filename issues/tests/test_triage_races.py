"""Many who vote and merge at the same moment: no vote is lost, and nobody waits for another in a ring."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from history.errors import Conflict
from issues.models import Issue
from issues.services import create_issue, decide, update_issue, vote

ROUNDS = 8

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
