"""A new version is started, or the database migrated, while people are at work: not one request fails."""

import os
import signal
import time
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.lasting.clients import at_once
from tests.lasting.ledger import Ledger
from tests.lasting.site import ISSUES, within

pytestmark = pytest.mark.lasting
ADD_A_COLUMN = """
from django.db import connection, models
from issues.models import Issue
field = models.IntegerField(null=True)
field.set_attributes_from_name("later")
with connection.schema_editor() as editor:
    editor.add_field(Issue, field)
"""
HOLD = """
import time
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("UPDATE issues_issuecounter SET last = last")
    print("held", flush=True)
    time.sleep(2)
"""


def renew(site):
    """Have gunicorn put new processes in the place of the old ones."""
    master, before, _worker = site.processes()
    os.kill(master, signal.SIGHUP)
    within(20, lambda: not set(before) & set(site.processes()[1]))


def migrate(site):
    """Migrate where nothing is to be done, as every start does."""
    site.run("migrate", "--verbosity", "0")


def add_a_column(site):
    """Migrate to a version that has one more column."""
    site.run("shell", "-c", ADD_A_COLUMN)


@pytest.mark.parametrize("change", [renew, migrate, add_a_column])
def test_no_request_fails(site, figures, change):
    with Ledger(site, keep_alive=False) as ledger:
        ledger.await_more(30)
        for _round in range(1 if change is add_a_column else 2):
            change(site)
            ledger.await_more(30)
    faults = ledger.faults()
    figures(f"{change.__name__.replace('_', ' ')} under load: requests, failed", f"{sum(ledger.statuses.values())}, 0")
    assert set(ledger.statuses) == {200, 201}, ledger.statuses
    assert not faults, faults


def test_who_is_asked_to_stop_answers_what_was_asked_before(site, figures):
    with held(site):
        answers = []
        waiting = Thread(target=lambda: answers.extend(at_once(6, lambda place: create(site, place))))
        waiting.start()
        # All of them wait for what is held.
        time.sleep(0.5)
        assert not answers
        begun = time.monotonic()
        assert site.tracker.stop() == 0
        took = time.monotonic() - begun
        waiting.join()
    site.tracker.start()
    assert [answer.status for answer in answers] == [201] * 6
    assert {f"stopping {place}" for place in range(6)} <= {issue["title"] for issue in site.issues()}
    figures("stop with requests under way: failed, took", f"0, {took:.1f} s")


def create(site, place):
    return site.ask("POST", ISSUES, {"title": f"stopping {place}"})


@contextmanager
def held(site):
    """Let whoever creates an issue wait for two seconds."""
    with site.running("shell", "-c", HOLD) as holder:
        assert any(line.strip() == "held" for line in holder.stdout)
        yield
