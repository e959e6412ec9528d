"""What the worker does, and that it goes on when the database is away."""

import contextlib
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Letter
from accounts.services.letters import post
from history import log
from history.models import Batch
from issues import services
from issues.models import Issue
from issues.services import bulk, trash, undoing
from issues.similar.writing import post_later
from issuetracker import heartbeat
from issuetracker.management.commands import worker
from issuetracker.tests.tracker import Tracker
from products.models import Product
from products.services import trash_product
from tests.postgresql import Server

# A busy machine may take its time; a worker that waits for the database would never end.
PATIENCE = 30


class Stopped(BaseException):
    """Ends the endless work."""


def test_it_purges_what_has_been_in_the_trash_for_too_long(product, maintainer):
    old, new, _kept = (
        services.create_issue(product, actor=maintainer, via="web", title=title) for title in ("Old", "New", "Kept")
    )
    for issue in (old, new):
        services.trash_issue(issue, actor=maintainer, via="web")
    Issue.objects.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    call_command("worker", once=True)
    assert set(Issue.objects.values_list("title", flat=True)) == {"New", "Kept"}


def test_it_waits_ever_longer_while_the_database_is_away(monkeypatch, caplog):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 7:
            raise Stopped

    class Failing:
        def run(self):
            if len(waits) < 6:
                raise OperationalError("the server\n\tis away")

    monkeypatch.setattr(worker.time, "sleep", sleep)
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    with pytest.raises(Stopped):
        worker.work(Failing())
    assert waits == [4, 8, 16, 30, 30, 30, 2]
    assert "trying again in 4 s: the server is away\n" in caplog.text


def test_a_job_that_fails_does_not_end_it(monkeypatch, caplog):
    def sleep(seconds):
        raise Stopped

    class Failing:
        def run(self):
            raise ZeroDivisionError

    monkeypatch.setattr(worker.time, "sleep", sleep)
    with pytest.raises(Stopped):
        worker.work(Failing())
    assert "ZeroDivisionError" in caplog.text


def test_it_begins_when_all_migrations_are_there(monkeypatch):
    answers, waits = iter([False, OperationalError("the server is away"), True]), []

    def is_migrated():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    beats = []
    monkeypatch.setattr(worker, "is_migrated", is_migrated)
    monkeypatch.setattr(worker.time, "sleep", waits.append)
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append(list(waits)))
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    worker.wait_for_migrations()
    assert waits == [2, 4]
    # It is at work while others migrate, and not while the database is away.
    assert beats == [[], [2, 4]]


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL of its own."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def environment(server, tmp_path_factory):
    """The environment of a tracker on that server, whose tables are there."""
    tracker = Tracker(tmp_path_factory.mktemp("tracker"), server.url, "--without-worker")
    try:
        tracker.start()
    finally:
        tracker.end()
    return tracker.environment


def test_a_job_that_always_fails_keeps_no_other_from_being_done(monkeypatch):
    done = []

    def fail():
        raise ValueError("always")

    monkeypatch.setattr(worker, "JOBS", ((fail, 0), (lambda: done.append("other"), 60)))
    jobs = worker.Jobs()
    for _round in range(2):
        with contextlib.suppress(ValueError):
            jobs.run()
    assert done == ["other"]


@pytest.mark.parametrize(("more", "seen"), [((), False), (((lambda: None, 0),), True)])
def test_it_is_seen_at_work_only_when_something_is_done(monkeypatch, settings, tmp_path, more, seen):
    def fail():
        raise ValueError("always")

    def sleep(seconds):
        rounds.append(seconds)
        if len(rounds) == 3:
            raise Stopped

    rounds = []
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(worker, "JOBS", ((fail, 0), *more))
    monkeypatch.setattr(worker.time, "sleep", sleep)
    with pytest.raises(Stopped):
        worker.work(worker.Jobs())
    assert (heartbeat.age() < 5) == seen


def test_it_is_seen_at_work_while_one_large_job_lasts(monkeypatch):
    beats = []
    running, done = Batch(state=Batch.State.RUNNING), Batch(state=Batch.State.DONE)
    steps = iter([running, running, done])
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append("beat"))
    monkeypatch.setattr(worker.bulk, "unfinished", lambda: [running])
    monkeypatch.setattr(worker.bulk, "carry_on", lambda batch: next(steps))
    worker.finish_bulk_changes()
    assert len(beats) == 3


def test_it_is_seen_at_work_while_much_is_taken_back_or_purged(monkeypatch, product, maintainer):
    beats = []
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append("beat"))
    for name, number in (("AT_ONCE", 1), ("CHUNK", 1)):
        monkeypatch.setattr(undoing, name, number)
    batch = log.open_batch(actor=maintainer, via="web")
    for title in ("One", "Two", "Three"):
        issue = services.create_issue(product, actor=maintainer, via="web", title=title)
        services.update_issue(issue, actor=maintainer, via="web", batch=batch, priority=3)
    services.undo(batch, actor=maintainer, via="web")
    worker.finish_undos()
    assert len(beats) == 2
    monkeypatch.setattr(trash, "OF_PRODUCT", 1)
    trash_product(product, actor=maintainer, via="web")
    Product.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    worker.purge_trash()
    assert len(beats) == 2 + 3 + 1


@pytest.mark.parametrize("large", ["change", "undo"])
def test_letters_go_out_while_a_large_change_or_undo_is_unfinished(monkeypatch, settings, product, maintainer, large):
    jobs = (worker.finish_undos, worker.finish_bulk_changes, worker.letters.send_due)
    monkeypatch.setattr(worker, "JOBS", [(job, 0) for job in jobs])
    monkeypatch.setattr(worker, "AT_A_TIME", 0)
    settings.MAIL = True
    issues = [services.create_issue(product, actor=maintainer, via="web", title=title) for title in ("1", "2", "3")]
    change = partial(bulk.change, [one.pk for one in issues], bulk.Plan({product.pk: {"priority": 3}}))
    done = change(actor=maintainer, via="web") if large == "undo" else None
    for name in ("AT_ONCE", "CHUNK"):
        monkeypatch.setattr(bulk, name, 1)
        monkeypatch.setattr(undoing, name, 1)
    batch = services.undo(done, actor=maintainer, via="web") if done else change(actor=maintainer, via="web")
    post(Letter.Kind.NOTICE, "mia@example.org", maintainer)
    rounds = worker.Jobs()
    for left in reversed(range(3 - batch.done)):
        rounds.run()
        batch.refresh_from_db()
        assert (batch.done, batch.state) == (3 - left, "running" if left else "done")
        assert [letter.to for letter in mail.outbox] == [["mia@example.org"]]


def test_it_is_seen_at_work_while_many_words_are_written(monkeypatch, product, maintainer):
    beats = []
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append("beat"))
    for title in ("One", "Two"):
        issue = services.create_issue(product, actor=maintainer, via="web", title=title)
        post_later([issue.pk])
    worker.post_waiting()
    assert len(beats) == 2


@pytest.mark.one_python
@pytest.mark.once
@pytest.mark.parametrize("hanging", [False, True])
def test_it_stops_without_waiting_for_a_database_that_hangs(server, environment, tmp_path, hanging):
    try:
        log = (tmp_path / "worker.log").open("wb")
        with (
            log,
            subprocess.Popen(
                [sys.executable, "manage.py", "worker"], cwd=settings.BASE_DIR, env=environment, stderr=log
            ) as process,
        ):
            wait_until(lambda: "ready" in (tmp_path / "worker.log").read_text())
            if hanging:
                server.freeze()
                time.sleep(worker.SHORTEST_WAIT + 0.5)
            process.terminate()
            try:
                assert process.wait(timeout=PATIENCE) == 0
            finally:
                process.kill()
    finally:
        server.thaw()


def wait_until(happened):
    deadline = time.monotonic() + 20
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert happened()
