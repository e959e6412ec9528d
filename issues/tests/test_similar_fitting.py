"""The weights of similar issues, fitted to a site's own duplicates: tried first, stored on demand, and bounded."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues.models import FittedWeights, Issue, Status
from issues.services import IssueRecord, create_issue, link_duplicates, update_issue, write_batch
from issues.similar import count_terms, fitting, post_waiting, weights
from issues.similar.finding import similar
from products.services import create_product

BEGUN = datetime(1950, 1, 1, tzinfo=UTC)
PAIRS = 24


@pytest.fixture
def tracker(product, administrator, monkeypatch):
    """Pairs of an old report and its duplicate, between which newer ones of other people with the same words came.

    Here it tells nothing that an issue is new, or open: what is shipped puts the newer ones first.
    """
    monkeypatch.setattr(fitting, "LEAST", PAIRS)
    closed = Status.objects.get(slug="closed")

    def report(title, day, **fields):
        fields = {"title": title, **fields}
        return IssueRecord(product, fields, created_at=BEGUN + timedelta(days=day))

    shut = {"status": closed, "resolution": "fixed"}
    records = []
    for number in range(PAIRS):
        word, day = f"{chr(97 + number % 26) * 3}{number}", 440 * number
        records.append(report(f"{word} breaks now", day, **shut))
        records += [report(f"{word} breaks once more then and there", day + 420 + n) for n in range(12)]
        records.append(report(f"{word} breaks now", day + 439, **shut | {"resolution": "duplicate"}))
    batch = write_batch(records, actor=None, via="import")
    ids = list(Issue.objects.order_by("created_at", "pk").values_list("pk", flat=True))
    pairs = [(ids[start + 13], ids[start]) for start in range(0, len(ids), 14)]
    assert link_duplicates(pairs, batch=batch) == PAIRS
    return pairs


def run(**options):
    out = StringIO()
    call_command("fit_similar", stdout=out, **options)
    return out.getvalue()


def test_a_trial_changes_nothing(tracker):
    before = weights.bounded(None)
    said = run()
    assert "held out" in said and "--apply would use them" in said
    assert "of 17 duplicates" in said and "of 7 duplicates" in said
    assert (fitting.present(), FittedWeights.objects.count()) == (before, 0)


def test_what_is_applied_is_better_and_used(tracker, product, administrator):
    post_waiting()
    rows = fitting.read_issues(10_000)
    _earlier, later = fitting.part(fitting.live_through(rows))
    before = fitting.recall(later, fitting.present())
    assert "used from now on" in run(apply=True)
    assert sum(fitting.recall(later, fitting.present())) > sum(before)
    assert fitting.present() != weights.bounded(None)
    # What somebody's roles are is asked once.
    similar(administrator, "aaa0 breaks now")
    with CaptureQueriesContext(connection) as fitted:
        found = similar(administrator, "aaa0 breaks now")
    assert "shipped" in run(reset=True)
    with CaptureQueriesContext(connection) as shipped:
        again = similar(administrator, "aaa0 breaks now")
    assert len(fitted) == len(shipped)
    assert [one.score for one in found] != [one.score for one in again]
    assert fitting.present() == weights.bounded(None)


def test_what_is_no_better_is_not_applied(tracker, monkeypatch):
    monkeypatch.setattr(fitting, "fit", lambda asked: weights.bounded(None))
    assert "no better" in run(apply=True)
    assert not FittedWeights.objects.exists()


def test_it_takes_some_duplicates(product, triager):
    original, duplicate = (create_issue(product, actor=triager, via="web", title="Cart") for _time in range(2))
    update_issue(duplicate, actor=triager, via="web", duplicate_of=original)
    with pytest.raises(CommandError, match="Only 1 duplicates"):
        run()


def test_it_knows_what_was_at_the_time(product, triager, administrator):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    original = create_issue(other, actor=administrator, via="web", title="Cart empties")
    duplicate = create_issue(product, actor=administrator, via="web", title="Cart is empty")
    update_issue(duplicate, actor=administrator, via="web", title="Something else", product=other)
    update_issue(duplicate, actor=administrator, via="web", duplicate_of=original)
    (asked,) = fitting.live_through(fitting.read_issues(10))
    # Of one title, and of another product then, before it was known to have a duplicate.
    (signs,), (at,) = asked.signs, asked.right
    told = dict(zip(weights.SHIPPED, signs, strict=True))
    assert (at, told["product"], told["duplicates"], told["open"]) == (0, False, 0, True)
    assert told["text"] > 0.2


@pytest.mark.parametrize("extreme", [-1e12, 0, 1e12, None, "x", [1]])
def test_no_weights_show_what_is_hidden(product, triager, administrator, stranger, extreme):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    seen = create_issue(product, actor=triager, via="web", title="Cart empties")
    for home, confidential in ((secret, False), (product, True)):
        create_issue(home, actor=administrator, via="web", title="Cart empties", confidential=confidential)
    count_terms()
    FittedWeights.objects.create(pk=1, weights=dict.fromkeys(weights.SHIPPED, extreme), fitted_at=BEGUN)
    assert [one.issue for one in similar(stranger, "Cart empties")] == [seen]
    assert len(similar(administrator, "Cart empties")) == 3
