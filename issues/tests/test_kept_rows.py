"""Each process keeps the rows of lists for as long as they would tell the same; what has changed is read again."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from issues import names, reading, services
from issues.models import Issue
from issues.similar import finding
from issues.views import rows
from issuetracker.prepared import PreparedTuples
from products.models import Label
from products.services import create_part, create_product, set_member, trash_product, update_part, update_product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issue(product, triager, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    issue = services.create_issue(product, actor=triager, via="api", title="one", labels=[label])
    accepted = services.decide(issue, actor=triager, via="api", decision="accept").issue
    services.create_issue(product, actor=triager, via="api", title="two")
    return accepted


@pytest.fixture
def listed(api, triager):
    """A function that returns the list as the triager gets it: `{number: issue}`, and the statements it took."""
    client = api(triager)

    def read(query="", client=client):
        with CaptureQueriesContext(connection) as caught:
            results = client.get("/api/v1/issues/", {"q": query} if query else {}).json()["results"]
        return {one["number"]: one for one in results}, len(caught)

    return read


def test_rows_are_read_once_until_one_has_changed(issue, triager, listed):
    first, statements = listed()
    again, fewer = listed()
    assert again == first
    assert fewer < statements
    services.update_issue(issue, actor=triager, via="web", title="another")
    changed, more = listed()
    assert (changed[1]["title"], changed[2]) == ("another", first[2])
    assert more == fewer + 1
    assert listed("another") == ({1: changed[1]}, listed("another")[1])


def ask(issue, actor):
    services.ask(issue, actor=actor, via="web", requestee=issue.author, question="Which?")


def vote_for_duplicate(issue, actor):
    duplicate = Issue.objects.get(number=2)
    services.update_issue(duplicate, actor=actor, via="web", duplicate_of=issue)
    services.vote(duplicate, actor=actor, via="web")


CHANGES = {
    "vote": (lambda issue, actor: services.vote(issue, actor=actor, via="web"), {"votes": 1}),
    "vote for a duplicate": (vote_for_duplicate, {"votes": 1}),
    "comment": (
        lambda issue, actor: services.add_comment(issue, actor=actor, via="web", body="said"),
        {"comment_count": 1},
    ),
    "labels": (lambda issue, actor: services.update_issue(issue, actor=actor, via="web", labels=[]), {"labels": []}),
    "question": (ask, {"waiting": "reporter"}),
    "label renamed": (
        lambda issue, actor: update_part(Label.objects.get(), actor=actor, via="web", name="access"),
        {"labels": ["access"]},
    ),
    "product renamed": (
        lambda issue, actor: update_product(issue.product, actor=actor, via="web", key="SHOP"),
        {"key": "SHOP-1"},
    ),
    "nothing": (lambda issue, actor: None, {}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_is_told_at_once(issue, maintainer, listed, what):
    change, expected = CHANGES[what]
    before = listed()[0][1]
    assert listed()[0][1] == before
    change(Issue.objects.get(number=1), maintainer)
    after = listed()[0][1]
    assert {name: after[name] for name in expected} == expected
    # What was read anew is the same.
    names._latest = names.Names(None)
    assert listed()[0][1] == after


def test_an_untriaged_issue_tells_how_late_it_is_now(issue, maintainer, listed, product, monkeypatch):
    assert listed()[0][2]["overdue"] is False
    later = Issue.objects.get(number=2).overdue_at + timedelta(hours=1)
    monkeypatch.setattr("issues.reading.timezone", SimpleNamespace(now=lambda: later))
    assert listed()[0][2]["overdue"] is True
    update_product(product, actor=maintainer, via="web", triage_days=product.triage_days + 1)
    assert listed()[0][2]["overdue"] is False


def test_who_may_not_see_what_an_issue_points_to_is_not_told_of_it(issue, api, administrator, triager, listed):
    hidden = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="private")
    elsewhere = services.create_issue(hidden, actor=administrator, via="web", title="elsewhere")
    services.update_issue(issue, actor=administrator, via="web", parent=elsewhere)
    everybody = api(administrator)
    for _again in range(2):
        assert listed("product:WEB", everybody)[0][1]["parent"] == "OPS-1"
        assert listed("product:WEB")[0][1]["parent"] is None
    set_member(hidden, triager, "viewer", actor=administrator, via="web")
    assert listed("product:WEB")[0][1]["parent"] == "OPS-1"
    trash_product(hidden, actor=administrator, via="web")
    assert listed("product:WEB", everybody)[0][1]["parent"] is None


def test_who_may_not_see_an_issue_is_not_told_of_it_though_it_is_kept(issue, api, stranger, triager, listed):
    assert 1 in listed()[0]
    services.update_issue(issue, actor=triager, via="web", confidential=True)
    assert 1 in listed()[0]
    assert 1 not in listed("", api(stranger))[0]


def test_what_a_transaction_reads_is_not_kept(issue, triager, listed):
    first = listed()[0]
    with transaction.atomic():
        services.update_issue(issue, actor=triager, via="web", title="another")
        assert listed()[0][1]["title"] == "another"
        transaction.set_rollback(True)
    assert [row["told"]["title"] for row in names._latest.rows.values() if "told" in row] == ["one"]
    assert listed()[0] == first


def test_what_holds_questions_is_not_kept(issue, triager, reporter, listed):
    services.ask(issue, actor=triager, via="web", requestee=reporter, question="Which?")
    assert listed()[0][1]["needinfos"][0]["question"] == "Which?"
    assert issue.pk not in names._latest.rows


# What reads the rows that another statement has found.
READING = (reading.SHORT, reading.DESCRIBED, rows.PLAIN, rows.SEARCHED, finding.SHOWN)
DOORS = {
    "list": "/api/v1/issues/",
    "with descriptions": "/api/v1/issues/?include=description",
    "ranked": "/api/v1/issues/?q=one",
    "similar": "/api/v1/similar/?title=cart+empties",
    "similar on a page": "/issues/alike/?product=WEB&title=cart+empties",
    "page": "/issues/",
    "page of the ranked": "/issues/?q=one",
    "sections": "/issues/?group=status",
}


@pytest.mark.parametrize("door", DOORS)
def test_what_is_hidden_after_it_was_found_is_not_told(issue, triager, stranger, api, monkeypatch, door):
    """Between the statement that finds and the one that reads, somebody else makes it confidential."""
    services.update_issue(issue, actor=triager, via="web", title="cart empties one")
    real = PreparedTuples._execute

    def hide(self, cursor, connection, values):
        if self in READING and not Issue.objects.get(pk=issue.pk).confidential:
            services.update_issue(issue, actor=triager, via="web", confidential=True, title="one secret")
        return real(self, cursor, connection, values)

    monkeypatch.setattr(PreparedTuples, "_execute", hide)
    client = api(stranger) if DOORS[door].startswith("/api/") else Client()
    if not DOORS[door].startswith("/api/"):
        client.force_login(stranger)
    answer = client.get(DOORS[door])
    assert answer.status_code == 200
    assert Issue.objects.get(pk=issue.pk).confidential
    assert "secret" not in answer.content.decode()


def test_no_more_rows_are_kept_than_fit(issue, listed, monkeypatch):
    first = listed()[0]
    kept = names._latest
    monkeypatch.setattr(reading, "KEPT", 1)
    for _again in range(2):
        assert listed()[0] == first
    services.update_issue(issue, actor=issue.author, via="web", title="another")
    listed()
    # The names stay.
    assert names._latest is kept
    assert len(kept.rows) == 1


def test_what_is_kept_is_written_once_and_the_same_in_every_form(issue, api, triager):
    client, path = api(triager), "/api/v1/issues/"
    first, *others = (client.get(path).content for _time in range(3))
    assert others == [first, first]
    held = names._latest.rows[issue.pk]
    assert "written" in held
    for form in ("application/json; indent=2", "application/json"):
        assert client.get(path, headers={"accept": form}).json() == client.get(path).json()
    assert b"  " in client.get(path, headers={"accept": "application/json; indent=2"}).content
    page = client.get(path, headers={"accept": "text/html"})
    assert (page.status_code, held["told"]["key"] in page.content.decode()) == (200, True)
    services.update_issue(issue, actor=triager, via="web", title="another")
    assert b"another" in client.get(path).content
