"""Many clients at the same moment: nothing is lost, nothing is given twice."""

from contextlib import suppress
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connections

from accounts.models import User
from accounts.services import update_user
from history.errors import Refused
from issues import services
from issues.models import Issue
from products.models import Label
from tests.cast import create_person

CLIENTS = 8
ISSUES = "/api/v1/products/WEB/issues/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_once(api, triager):
    """A function that runs `work(place, client)` in many threads that begin together, and returns the results."""

    def run(work, count=CLIENTS, user=triager):
        clients = [api(user) for _place in range(count)]
        results, barrier = [None] * count, Barrier(count)

        def one(place):
            barrier.wait()
            try:
                results[place] = work(place, clients[place])
            finally:
                connections.close_all()

        threads = [Thread(target=one, args=(place,)) for place in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


@pytest.fixture
def issue(product, triager):
    """WEB-1."""
    return services.create_issue(product, actor=triager, via="web", title="one")


def test_numbers_have_no_gaps_and_no_repeats_with_refused_creates_between(at_once, product):
    def work(place, client):
        made = []
        for turn in range(4):
            if (place + turn) % 2:
                assert client.post(ISSUES, {"title": ""}).status_code == 400
            made.append(client.post(ISSUES, {"title": f"{place}-{turn}"}).json()["number"])
        return made

    numbers = sorted(number for made in at_once(work) for number in made)
    assert numbers == list(range(1, 4 * CLIENTS + 1))


def test_of_those_who_saw_one_version_one_wins(at_once, api, issue, triager):
    tag = api(triager).get(f"{ISSUES}1/")["ETag"]

    def work(place, client):
        return client.patch(f"{ISSUES}1/", {"title": f"by {place}"}, headers={"if-match": tag}).status_code

    statuses = at_once(work)
    assert sorted(statuses) == [200] + [412] * (CLIENTS - 1)
    got = api(triager).get(f"{ISSUES}1/").json()
    assert (got["title"], got["lock_version"]) == (f"by {statuses.index(200)}", 2)


def test_no_addition_is_lost(at_once, issue):
    done = []

    def work(place, client):
        while True:
            seen = client.get(f"{ISSUES}1/")
            body = {"description": str(int(seen.json()["description"] or 0) + 1)}
            if client.patch(f"{ISSUES}1/", body, headers={"if-match": seen["ETag"]}).status_code == 200:
                done.append(place)
                return

    at_once(work)
    issue.refresh_from_db()
    assert int(issue.description) == len(done) == CLIENTS


def test_those_who_change_different_fields_all_win(at_once, issue):
    changes = [
        {"title": "new"},
        {"description": "new"},
        {"priority": "high"},
        {"severity": "s1"},
        {"type": "task"},
        {"due_on": "2026-12-01"},
        {"confidential": True},
        {"assignee": "tom"},
    ]
    answers = at_once(lambda place, client: client.patch(f"{ISSUES}1/", changes[place]).status_code)
    assert answers == [200] * len(changes)
    issue = Issue.objects.select_related("assignee").get()
    got = (issue.title, issue.description, issue.priority_slug, issue.severity_slug, issue.type, str(issue.due_on))
    assert got == ("new", "new", "high", "s1", "task", "2026-12-01")
    assert (issue.confidential, issue.assignee.username, issue.lock_version) == (True, "tom", len(changes) + 1)


def test_comments_are_all_counted(at_once, issue):
    answers = at_once(lambda place, client: client.post(f"{ISSUES}1/comments/", {"body": str(place)}).status_code)
    issue.refresh_from_db()
    assert (answers, issue.comment_count) == ([201] * CLIENTS, CLIENTS)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("products/WEB/labels/", {"name": "bug"}),
        ("labels/", {"name": "bug"}),
        ("products/", {"key": "APP", "title": "App"}),
        ("statuses/", {"slug": "held", "name": "Held", "category": "started"}),
    ],
)
def test_a_unique_name_is_taken_once(at_once, administrator, product, path, body):
    statuses = at_once(lambda _place, client: client.post(f"/api/v1/{path}", body).status_code, user=administrator)
    assert sorted(statuses) == [201] + [400] * (CLIENTS - 1)
    assert Label.objects.filter(name="bug").count() <= 1


def test_a_batch_is_undone_once(at_once, api, issue, triager):
    client = api(triager)
    client.patch(f"{ISSUES}1/", {"title": "new"})
    batch = client.get(f"{ISSUES}1/events/").json()["results"][-1]["batch"]
    statuses = at_once(lambda _place, client: client.post(f"/api/v1/batches/{batch}/undo/").status_code)
    assert sorted(statuses) == [200] + [409] * (CLIENTS - 1)
    issue.refresh_from_db()
    assert issue.title == "one"


def run_together(*works):
    """Run the functions at once, whatever they raise; a connection of its own for each."""
    barrier = Barrier(len(works))

    def one(work):
        barrier.wait()
        with suppress(Refused, ValidationError, OperationalError):
            work()
        connections.close_all()

    threads = [Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("turn", range(3))
def test_two_parents_at_once_close_no_circle(product, triager, issue, turn):
    other = services.create_issue(product, actor=triager, via="web", title="two")
    run_together(
        lambda: services.update_issue(issue, actor=triager, via="web", parent=other),
        lambda: services.update_issue(other, actor=triager, via="web", parent=issue),
    )
    assert Issue.objects.filter(parent__isnull=False).count() == 1


@pytest.mark.parametrize("turn", range(3))
def test_two_administrators_leave_one(administrator, turn):
    other = create_person("otto", is_superuser=True)
    run_together(
        lambda: update_user(other, actor=administrator, via="web", is_superuser=False),
        lambda: update_user(administrator, actor=other, via="web", is_superuser=False),
    )
    assert User.objects.filter(is_superuser=True).count() == 1
