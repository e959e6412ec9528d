"""What `import_issues` brings in from each format: people, dates, states, labels, comments and history."""

import gzip
import json
from datetime import UTC, datetime
from io import StringIO
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import User
from accounts.services import create_user
from history import log
from history.errors import Forbidden
from history.models import Batch, Event
from issues import services
from issues.importers import loading
from issues.importers.colours import nearest
from issues.importers.loading import key_of
from issues.models import Comment, Issue, Watch
from issues.services import batch, create_issue, trash, update_issue
from issues.services.issues import RELATED
from issues.similar.finding import similar_to
from issues.similar.writing import count_waiting
from products.models import Component, Label, Milestone, Product
from products.services import create_part, create_product, update_product


def bring(tmp_path, data, format="ndjson", name="issues.json", **options):
    """Import `data` (records for ndjson, else a document) from a file. Return what the command printed."""
    if format == "ndjson" and isinstance(data, list):
        text = "".join(f"{json.dumps(record)}\n" for record in data)
    else:
        text = data if isinstance(data, str) else json.dumps(data)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    out = StringIO()
    call_command("import_issues", path, format=format, stdout=out, **options)
    return out.getvalue()


def at(day, hour=0):
    return datetime(2020, 1, day, hour, tzinfo=UTC)


def record(number, **fields):
    """Return a closed issue as a Bugzilla would have it."""
    return {
        "source": "msr2013-eclipse",
        "id": str(number),
        "product": "Web shop",
        "title": f"Issue {number}",
        "reporter": "ann@example.invalid",
        "status": "RESOLVED",
        "resolution": "FIXED",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-09T00:00:00Z",
        "history": [],
        "comments": [],
        **fields,
    }


def change(day, field, before, after, who=None):
    return {"at": f"2020-01-{day:02}T00:00:00Z", "who": who, "field": field, "from": before, "to": after}


def told(issue):
    """Return `(kind, day, {field: (name before, name after)})` of each event after the creation, texts in words."""

    def word(value):
        return value["name"] if isinstance(value, dict) else value

    rows = []
    for event in issue.events.exclude(kind="created").order_by("number"):
        changes = {c.field: (word(c.before), word(c.after)) for c in event.changes.all() if not c.field.endswith("_at")}
        rows.append((event.kind, event.at.day, changes))
    return rows


def first(issue):
    return Event.objects.get(issue=issue, kind="created").state


def assert_replays():
    for issue in Issue.objects.select_related(*RELATED):
        assert log.replay("issue", issue.pk) == log.present(issue)
        assert issue.event_count == issue.events.count()


def test_history_is_walked_back(db, tmp_path):
    history = [
        change(2, "status", "NEW", "ASSIGNED"),
        change(2, "assignee", "inbox-1@example.invalid", "bob@example.invalid"),
        change(3, "status", "ASSIGNED", "RESOLVED", who="bob@example.invalid"),
        change(3, "resolution", None, "WONTFIX", who="bob@example.invalid"),
        change(3, "cc", None, "carl@example.invalid"),
        change(4, "status", "RESOLVED", "REOPENED"),
        change(4, "resolution", "WONTFIX", None),
        change(5, "severity", "enhancement", "critical"),
        change(6, "title", "Old title", "Issue 7"),
        change(7, "status", "REOPENED", "RESOLVED"),
        change(7, "resolution", None, "FIXED"),
    ]
    data = record(7, assignee="bob@example.invalid", severity="critical", component="Cart", history=history, os="Linux")
    out = bring(tmp_path, [data])
    issue = Issue.objects.get()
    assert (issue.key, issue.title, issue.status.slug, issue.resolution) == ("WEBSHOP-7", "Issue 7", "closed", "fixed")
    assert (issue.author.username, issue.assignee.username, issue.component.name) == ("ann", "bob", "Cart")
    assert (issue.created_at, issue.updated_at, issue.closed_at, issue.triaged_at) == (at(1), at(9), at(7), at(1))
    assert (issue.source, issue.get_severity_display(), issue.type) == ("import", "S1", "bug")
    born = first(issue)
    assert (born["title"], born["type"], born["status"]["name"]) == ("Old title", "feature", "accepted")
    assert born["severity"] == "unset" and not {"assignee", "resolution"} & set(born)
    assert told(issue) == [
        ("changed", 2, {"status": ("accepted", "in-progress"), "assignee": (None, "bob")}),
        ("changed", 3, {"status": ("in-progress", "closed"), "resolution": (None, "wont-do")}),
        ("changed", 4, {"status": ("closed", "accepted"), "resolution": ("wont-do", None)}),
        ("changed", 5, {"severity": ("unset", "s1"), "type": ("feature", "bug")}),
        ("changed", 6, {"title": ("Old title", "Issue 7")}),
        ("changed", 7, {"status": ("accepted", "closed"), "resolution": (None, "fixed")}),
    ]
    assert [event.actor and event.actor.username for event in issue.events.order_by("number")][:3] == [
        "ann",
        None,
        "bob",
    ]
    assert all(event.delivered_at for event in issue.events.all())
    assert "1 changes of cc" in out and "1 values of os" in out
    assert User.objects.filter(is_placeholder=True, is_active=False, email="").count() == 2
    assert_replays()


def test_where_a_history_does_not_chain_a_correction_closes_the_gap(db, tmp_path):
    history = [change(2, "version", "1.0", "1.1"), change(3, "version", "1.2", "1.3")]
    bring(tmp_path, [record(1, version="2.0", history=history)])
    issue = Issue.objects.get()
    assert first(issue)["version"] == {"id": None, "name": "1.0"}
    assert [row[2]["version"] for row in told(issue)] == [("1.0", "1.1"), ("1.1", "1.3"), ("1.3", "2.0")]
    assert [row[:2] for row in told(issue)] == [("changed", 2), ("changed", 3), ("corrected", 9)]
    assert issue.version.name == "2.0"
    assert_replays()


def test_what_the_source_knows_no_longer_stays_what_it_became(db, tmp_path):
    bring(tmp_path, [record(1, priority=None, history=[change(2, "priority", "P3", "P1")])])
    issue = Issue.objects.get()
    assert (issue.priority_slug, first(issue)["priority"]) == ("urgent", "medium")


def test_a_move_from_a_product_that_is_not_in_the_file_is_told_by_name(db, tmp_path):
    history = [
        change(2, "product", "Platform", "Shop"),
        change(2, "component", "UI", "Cart"),
        change(3, "product", "Shop", "Web shop"),
    ]
    bring(tmp_path, [record(1, component="Cart", history=history), record(2, product="Shop")])
    issue = Issue.objects.get(product__key="WEBSHOP")
    shop = Product.objects.get(key="SHOP")
    assert (first(issue)["product"], first(issue)["component"]) == (
        {"id": None, "name": "Platform"},
        {"id": None, "name": "UI"},
    )
    assert [row[0] for row in told(issue)] == ["moved", "moved"]
    change_to_shop = issue.events.get(number=2).changes.get(field="product")
    assert change_to_shop.after == {"id": shop.pk, "name": "SHOP"}
    assert_replays()


def test_an_issue_without_history_is_opened_and_then_closed(db, tmp_path):
    data = record(
        1,
        source="castle-youtrack",
        id="AR-1",
        status="Resolved",
        resolution="Obsolete",
        type="Feature",
        priority="Show-stopper",
        resolved_at="2020-01-04T00:00:00Z",
        comments=[
            {"at": "2020-01-02T00:00:00Z", "who": "bob@example.invalid", "text": "I *see*."},
            {"at": "2020-01-03T00:00:00Z", "who": None, "text": "Who\x00 am I? \ud800"},
            {"at": "2020-01-03T00:00:00Z", "who": None, "text": "   "},
        ],
        watchers=["a@example.invalid", "b", "A"],
        cc=["b", None],
    )
    out = bring(tmp_path, [data], name="castle.ndjson.gz")
    issue = Issue.objects.get()
    assert (issue.number, issue.resolution, issue.type, issue.priority_slug) == (1, "wont-do", "feature", "urgent")
    assert told(issue)[-1] == ("changed", 4, {"status": ("accepted", "closed"), "resolution": (None, "wont-do")})
    said = list(Comment.objects.order_by("id").values_list("author__username", "body", "created_at", "body_html"))
    assert said[0] == ("bob", "I *see*.", at(2), "<p>I <em>see</em>.</p>\n")
    assert said[1][:2] == (None, "Who\N{REPLACEMENT CHARACTER} am I? \N{REPLACEMENT CHARACTER}")
    assert issue.comment_count == len(said) == 2
    assert "2 characters that no database can keep, replaced" in out
    assert "1 comments without a text or a date" in out and "2 people watch an issue each" in out
    assert list(Watch.objects.order_by("user").values_list("user__username", "wanted")) == [("A", True), ("b", True)]
    assert_replays()


@pytest.mark.parametrize(("options", "slug"), [({}, "accepted"), ({"triage": True}, "new")])
def test_where_open_issues_land(db, tmp_path, options, slug):
    bring(tmp_path, [record(1, status="NEW", resolution=None)], **options)
    assert Issue.objects.get().status.slug == slug


def test_words_that_nobody_knows_are_reported(db, tmp_path):
    out = bring(tmp_path, [record(1, status="PONDERED", resolution="MAGIC", severity="odd", source="unheard of")])
    issue = Issue.objects.get()
    assert (issue.status.slug, issue.resolution, issue.severity) == ("accepted", "", 0)
    for line in (
        "status 'PONDERED', taken as open",
        "resolution 'MAGIC', taken as fixed where the issue is closed",
        "severity 'odd', taken as unset",
    ):
        assert line in out


def test_an_unknown_resolution_is_that_of_what_was_fixed(db, tmp_path):
    bring(tmp_path, [record(1, resolution="MAGIC")])
    assert Issue.objects.get().resolution == "fixed"


@pytest.mark.parametrize(
    ("given", "name"), [("@ana@example.org", "ana"), ("@ana", "ana"), ("ana@example.org", "ana"), ("@@", None)]
)
def test_a_person_is_called_by_what_stands_before_the_address(db, tmp_path, given, name):
    bring(tmp_path, [record(1, reporter=given)])
    author = Issue.objects.get().author
    assert (author and author.username) == name


@pytest.mark.parametrize(
    ("fields", "slug", "resolution"),
    [
        ({"status": ""}, "closed", "fixed"),
        ({"status": None, "resolution": "WONTFIX"}, "closed", "wont-do"),
        ({"status": "", "resolution": None, "resolved_at": "2020-01-04T00:00:00Z"}, "closed", "fixed"),
        ({"status": "PONDERED"}, "closed", "fixed"),
        ({"status": "", "resolution": None}, "accepted", ""),
        ({"status": "NEW"}, "accepted", ""),
    ],
)
def test_what_has_a_resolution_or_was_resolved_is_closed_unless_its_status_says_otherwise(
    db, tmp_path, fields, slug, resolution
):
    out = bring(tmp_path, [record(1, **fields)])
    assert Issue.objects.values_list("status__slug", "resolution").get() == (slug, resolution)
    assert ("status 'PONDERED', taken as closed" in out) == (fields["status"] == "PONDERED")


@pytest.mark.parametrize(
    "history",
    [
        [],
        [change(2, "status", "NEW", "ASSIGNED")],
        [change(5, "status", "RESOLVED", "CLOSED")],
        [change(5, "status", "CLOSED", "CLOSED"), change(2, "status", "NEW", "ASSIGNED")],
    ],
)
def test_when_it_was_resolved_counts_where_no_history_says_it(db, tmp_path, history):
    bring(tmp_path, [record(1, resolved_at="2020-01-04T00:00:00Z", history=history)])
    assert Issue.objects.get().closed_at == at(4)
    assert_replays()


def test_a_history_that_leads_to_the_closing_says_when_that_was(db, tmp_path):
    history = [change(3, "status", "NEW", "RESOLVED")]
    bring(tmp_path, [record(1, resolved_at="2020-01-04T00:00:00Z", history=history)])
    assert Issue.objects.get().closed_at == at(3)


def test_what_is_not_for_everybody_stays_so(db, tmp_path, stranger):
    comments = [
        {"at": "2020-01-02T00:00:00Z", "text": "Seen", "internal": False, "id": 5},
        {"at": "2020-01-03T00:00:00Z", "text": "Ours", "internal": True},
        {"at": "2020-01-04T00:00:00Z", "text": "Private", "is_private": True},
    ]
    history = [change(2, "title", "Old", "Issue 1") | {"comment": "Better"}]
    out = bring(tmp_path, [record(1, confidential=True), record(2, comments=comments, history=history)])
    assert [issue.number for issue in Issue.objects.visible_to(stranger)] == [2]
    assert [comment.body for comment in Comment.objects.visible_to(stranger)] == ["Seen"]
    assert list(Comment.objects.filter(internal=True).values_list("body", flat=True)) == ["Ours", "Private"]
    assert "1 values of id of comments" in out and "1 values of comment of changes" in out
    assert "confidential" not in out and "internal" not in out
    assert_replays()


def test_an_id_may_be_a_number_and_beside_it_a_key_is_the_name(db, tmp_path):
    duplicate = {"resolution": "DUPLICATE", "duplicate_of": "WEB-3"}
    data = [{**record(2), "id": 2}, {**record(2), "id": 901, "key": "WEB-3"}, {**record(4, **duplicate), "key": "x"}]
    bring(tmp_path, data)
    assert [issue.number for issue in Issue.objects.order_by("number")] == [2, 3, 4]
    assert Issue.objects.get(number=4).duplicate_of.number == 3


def test_records_without_a_product_go_where_they_are_sent(db, tmp_path):
    duplicate = {"resolution": "DUPLICATE", "duplicate_of": "1"}
    history = [change(2, "product", "Platform", "Shop")]
    data = [record(1, product=None, component="Cart"), record(2, product=" ", history=history, **duplicate)]
    bring(tmp_path, data, product="WEB")
    one, two = Issue.objects.order_by("number")
    assert (one.product.key, one.component.name, two.product) == ("WEB", "Cart", one.product)
    assert (two.duplicate_of, told(two)[0][2]["product"]) == (one, ("Platform", "Shop"))
    assert "2 were here already" in bring(tmp_path, data, product="WEB")
    assert_replays()


def test_each_change_that_is_not_told_is_counted_with_its_reason(db, tmp_path):
    history = [
        change(2, "status", "NEW", "UNCONFIRMED"),
        change(2, "assignee", "inbox-1@example.invalid", "inbox-2@example.invalid"),
        change(3, "priority", "P4", "P5"),
        change(3, "title", "Old", "Issue 1"),
        change(4, "title", "Older", "Issue 1"),
        change(4, "product", None, "Web shop"),
        {**change(4, "title", "Old", "New"), "at": None},
        change(5, "\x1b[31m\ud800", "a", "b"),
        {"at": None},
    ]
    data = record(1, status="NEW", duplicate_of=2, history=history, votes=5, keywords=[])
    out = bring(tmp_path, [data, record(2)])
    for line in (
        "1 changes of status that mean no change here",
        "1 changes of assignee that mean no change here",
        "1 changes of priority that mean no change here",
        "1 changes of title to what it was already",
        "1 changes of product without a name",
        "1 changes of title without a date",
        "1 changes of ?[31m?",
        "1 changes of nothing",
        "1 values of votes",
        "1 resolutions of issues that are not closed",
        "1 originals (duplicate of) of issues that are not closed as duplicates",
    ):
        assert f"  {line}\n" in out
    assert "keywords" not in out
    assert [row[2] for row in told(Issue.objects.get(number=1))] == [{"title": ("Old", "Issue 1")}]


def test_a_history_without_any_other_date(db, tmp_path):
    history = [change(3, "title", "Old", "New")]
    bring(tmp_path, [record(1, created_at=None, updated_at=None, history=history)])
    assert told(Issue.objects.get()) == [
        ("changed", 3, {"title": ("Old", "New")}),
        ("corrected", 3, {"title": ("New", "Issue 1")}),
    ]
    assert Issue.objects.get().created_at == at(3)
    assert_replays()


def test_what_nobody_can_see_is_no_name_and_no_title(db, tmp_path):
    titles = {"\u200b": "(no title)", "\u200b" * 501 + "x": "(no title)", "\u200bx": "\u200bx"}
    bring(tmp_path, [record(n, title=title, component="\u2800", version="\x7f") for n, title in enumerate(titles, 1)])
    assert list(Issue.objects.order_by("number").values_list("title", flat=True)) == list(titles.values())
    assert not Component.objects.exists()


def test_titles_that_are_missing_long_or_of_several_lines(db, tmp_path):
    out = bring(tmp_path, [record(1, title=None), record(2, title="a\r\nb"), record(3, title="x" * 501)])
    assert list(Issue.objects.order_by("number").values_list("title", flat=True)) == ["(no title)", "a b", "x" * 500]
    assert "1 issues without a title, now called (no title)" in out


def test_a_duplicate_of_a_duplicate_is_one_of_the_original(db, tmp_path):
    duplicate = {"resolution": "DUPLICATE", "history": [change(5, "status", "NEW", "RESOLVED")]}
    rows = [record(1, duplicate_of="2", **duplicate), record(2, duplicate_of="3", **duplicate), record(3)]
    bring(tmp_path, rows)
    assert set(Issue.objects.filter(number__lt=3).values_list("duplicate_of__number", flat=True)) == {3}
    assert_replays()


def test_duplicates_are_linked_once_all_are_here(db, tmp_path):
    duplicate = {"resolution": "DUPLICATE", "history": [change(5, "status", "NEW", "RESOLVED")]}
    data = [
        record(1, duplicate_of="2", **duplicate),
        record(2),
        record(3, duplicate_of="99", **duplicate),
        record(4, duplicate_of="5", **duplicate),
        record(5, duplicate_of="4", **duplicate),
    ]
    out = bring(tmp_path, data)
    one = Issue.objects.get(number=1)
    assert one.duplicate_of.number == 2
    assert (one.updated_at, told(one)[-1]) == (at(9), ("changed", 5, {"duplicate_of": (None, "WEBSHOP-2")}))
    assert Issue.objects.filter(duplicate_of__isnull=False).count() == 2
    assert "1 originals (duplicate of) that are not in the file" in out
    assert "1 duplicates that go round in a circle" in out
    assert_replays()


def test_duplicates_where_several_products_have_the_same_ids(db, tmp_path):
    duplicate = {"resolution": "DUPLICATE", "status": "CLOSED"}
    data = [
        record(1, product="One", duplicate_of="2", **duplicate),
        record(2, product="One"),
        record(1, product="Two"),
        record(2, product="Two", duplicate_of="1", **duplicate),
        record(3, product="Two", duplicate_of="9", **duplicate),
        record(9, product="One"),
        record(4, product="Three", duplicate_of="2", **duplicate),
    ]
    out = bring(tmp_path, data)
    linked = Issue.objects.filter(duplicate_of__isnull=False).select_related("product", "duplicate_of__product")
    assert {issue.key: issue.duplicate_of.key for issue in linked} == {
        "ONE-1": "ONE-2",
        "TWO-2": "TWO-1",
        "TWO-3": "ONE-9",
    }
    assert "1 originals (duplicate of) whose id several other products have" in out


def test_run_again_it_changes_nothing_and_adds_what_is_new(db, tmp_path, maintainer):
    data = [record(n) for n in range(1, 4)]
    bring(tmp_path, data)
    counted = (Batch.objects.count(), Event.objects.count())
    out = bring(tmp_path, data)
    assert "Imported 0 issues" in out and "3 were here already" in out
    assert (Batch.objects.count(), Event.objects.count()) == counted
    issue = Issue.objects.get(number=2)
    update_issue(issue, actor=User.objects.get(username="ada"), via="web", title="Ours now")
    bring(tmp_path, [*data, record(4)])
    assert list(Issue.objects.order_by("number").values_list("number", "title"))[1:] == [
        (2, "Ours now"),
        (3, "Issue 3"),
        (4, "Issue 4"),
    ]


def test_a_product_that_is_called_otherwise_by_now_is_found_again(db, tmp_path, administrator):
    data = [record(n, product="Eclipse Platform") for n in range(1, 4)]
    bring(tmp_path, data)
    update_product(Product.objects.get(), actor=administrator, via="web", title="Platform")
    out = bring(tmp_path, [*data, record(4, product="Eclipse Platform")])
    assert "3 were here already" in out
    assert sorted(Issue.objects.values_list("product__title", "number")) == [("Platform", n) for n in (1, 2, 3, 4)]


def test_a_new_product_of_an_old_title_is_the_one_that_is_meant(db, tmp_path, administrator):
    bring(tmp_path, [record(1, product="Eclipse Platform")])
    update_product(Product.objects.get(), actor=administrator, via="web", title="Platform")
    create_product(actor=administrator, via="web", key="NEW", title="Eclipse Platform")
    bring(tmp_path, [record(2, product="Eclipse Platform")])
    assert Issue.objects.get(number=2).product.key == "NEW"


def test_killed_halfway_and_run_again_it_ends_the_same(db, tmp_path, monkeypatch):
    data = [record(n, duplicate_of="1" if n > 1 else None, resolution="DUPLICATE") for n in range(1, 8)]
    monkeypatch.setattr(batch, "CHUNK", 2)
    monkeypatch.setattr("issues.management.commands.import_issues.Progress.__call__", killed_after_two())
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, data)
    assert Issue.objects.count() == 4
    monkeypatch.undo()
    out = bring(tmp_path, data)
    assert "4 were here already" in out and "6 duplicates were linked" in out
    assert Issue.objects.count() == 7
    run = Batch.objects.get(via="import", query="import issues.json")
    assert (run.state, run.total, run.events.filter(kind="created").count()) == ("done", 7, 7)
    assert_replays()


def test_what_is_filed_while_it_runs_or_after_it_was_killed_takes_no_number_of_the_file(
    db, tmp_path, monkeypatch, reporter
):
    data = [record(n) for n in range(1, 8)]
    monkeypatch.setattr(batch, "CHUNK", 2)
    stop = killed_after_two()

    def file_and_stop(self, count):
        create_issue(Product.objects.get(), actor=reporter, via="web", title="Ours")
        stop(self, count)

    monkeypatch.setattr("issues.management.commands.import_issues.Progress.__call__", file_and_stop)
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, data)
    monkeypatch.undo()
    assert "4 were here already" in bring(tmp_path, data)
    assert list(Issue.objects.filter(title="Ours").order_by("number").values_list("number", flat=True)) == [8, 9]
    assert Issue.objects.filter(source="import").count() == 7


def test_a_file_of_the_same_name_that_goes_elsewhere_is_another_batch(db, tmp_path, monkeypatch, administrator):
    data = [record(n) for n in range(1, 8)]
    monkeypatch.setattr(batch, "CHUNK", 2)
    monkeypatch.setattr("issues.management.commands.import_issues.Progress.__call__", killed_after_two())
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, data, product="AAA")
    monkeypatch.undo()
    bring(tmp_path, data, product="BBB")
    bring(tmp_path, data, product="AAA")
    first, second = Batch.objects.filter(via="import", query="import issues.json").order_by("pk")
    assert (first.state, first.total, second.state, second.total) == ("done", 7, "done", 7)
    services.undo(second, actor=administrator, via="web")
    assert set(Issue.objects.filter(deleted_at=None).values_list("product__key", flat=True)) == {"AAA"}


def test_another_file_of_the_same_name_is_another_batch(db, tmp_path, monkeypatch, administrator):
    stopped = stopped_after_two(tmp_path, monkeypatch, [record(n) for n in range(1, 8)])
    bring(tmp_path, [record(n) for n in range(3, 10)])
    first, second = Batch.objects.filter(via="import", query="import issues.json").order_by("pk")
    assert (first, first.state, first.total, second.state, second.total) == (stopped, "failed", 4, "done", 5)
    services.undo(second, actor=administrator, via="web")
    assert set(Issue.objects.live().values_list("number", flat=True)) == {1, 2, 3, 4}


def stopped_after_two(tmp_path, monkeypatch, data):
    """Import `data`, stopped when four issues are in. Return the batch."""
    monkeypatch.setattr(batch, "CHUNK", 2)
    monkeypatch.setattr("issues.management.commands.import_issues.Progress.__call__", killed_after_two())
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, data)
    monkeypatch.undo()
    return Batch.objects.get(via="import", query="import issues.json")


@pytest.mark.parametrize("killed", [False, True])
def test_one_that_was_stopped_can_be_undone_and_is_another_when_it_is_run_again(
    db, tmp_path, monkeypatch, administrator, killed
):
    data = [record(n) for n in range(1, 8)]
    stopped = stopped_after_two(tmp_path, monkeypatch, data)
    assert stopped.state == "failed"
    if killed:
        Batch.objects.filter(pk=stopped.pk).update(state="running")
    assert services.undo(stopped, actor=administrator, via="web").total == 4
    assert not Issue.objects.live().exists()
    assert "4 of these are in the trash" in bring(tmp_path, data)
    first, second = Batch.objects.filter(via="import", query="import issues.json").order_by("pk")
    assert (first.state, first.total, second.state, second.total) == ("failed", 4, "done", 3)
    assert services.undo(second, actor=administrator, via="web").total == 3


def test_one_that_is_undone_while_it_runs_brings_in_nothing_more(db, tmp_path, monkeypatch, administrator):
    monkeypatch.setattr(batch, "CHUNK", 2)

    def take_back(self, count):
        services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")

    monkeypatch.setattr("issues.management.commands.import_issues.Progress.__call__", take_back)
    with pytest.raises(CommandError, match=r"^This has been undone meanwhile\. "):
        bring(tmp_path, [record(n) for n in range(1, 8)])
    assert (Issue.objects.count(), Issue.objects.live().count()) == (2, 0)
    assert Batch.objects.get(query="import issues.json").state == "failed"


@pytest.mark.parametrize(
    ("where", "state"), [("issues.management.commands.import_issues.Progress.__call__", "failed"), (None, "done")]
)
def test_one_that_is_undone_after_its_last_issue_links_nothing_more(
    db, tmp_path, monkeypatch, administrator, where, state
):
    write = loading.write_batch

    def take_back(*arguments, **fields):
        services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")

    def write_and_take_back(*arguments, **fields):
        write(*arguments, **fields)
        take_back()

    monkeypatch.setattr(*((where, take_back) if where else (loading, "write_batch", write_and_take_back)))
    data = [record(n, duplicate_of="1" if n > 1 else None, resolution="DUPLICATE") for n in range(1, 4)]
    with pytest.raises(CommandError, match=r"^This has been undone meanwhile\. "):
        bring(tmp_path, data)
    assert not Issue.objects.filter(duplicate_of__isnull=False).exists()
    assert Batch.objects.get(query="import issues.json").state == state


def test_what_the_database_refuses_is_told_as_failed(product, maintainer, monkeypatch):
    monkeypatch.setattr(batch, "_insert", Mock(side_effect=OperationalError("database is locked")))
    records = [services.IssueRecord(product, {"title": "x"})]
    with pytest.raises(OperationalError):
        services.write_batch(records, actor=maintainer, via="import")
    assert Batch.objects.get(via="import").state == "failed"


def killed_after_two():
    counted = []

    def progress(self, count):
        counted.append(count)
        if len(counted) == 2:
            raise KeyboardInterrupt

    return progress


def test_undoing_an_import_moves_its_issues_to_the_trash(db, tmp_path, administrator):
    bring(tmp_path, [record(1, history=[change(2, "title", "Old", "Issue 1")])])
    undoing = services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")
    assert (undoing.total, undoing.left_alone) == (1, [])
    issue = Issue.objects.get()
    assert issue.deleted_at and issue.title == "Issue 1"


def test_run_again_after_it_was_undone_it_names_what_is_in_the_trash(db, tmp_path, administrator):
    data = [record(n) for n in range(1, 4)]
    assert "trash" not in bring(tmp_path, data) + bring(tmp_path, data)
    services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")
    services.restore_issue(Issue.objects.get(number=3), actor=administrator, via="web")
    out = bring(tmp_path, data)
    assert "3 were here already" in out
    assert (
        "2 of these are in the trash, where they are purged after 30 days: restore them there, "
        "or run it with --again, which brings in anew what an undone import has left there.\n"
    ) in out


def test_what_was_undone_is_imported_again(db, tmp_path, administrator, monkeypatch):
    monkeypatch.setattr(trash, "CHUNK", 2)
    comments = [{"at": "2020-01-02T00:00:00Z", "who": "bob", "text": "Yes"}]
    data = [record(n, history=[change(2, "title", "Old", f"Issue {n}")], comments=comments) for n in range(1, 7)]
    data[1] |= {"resolution": "DUPLICATE", "duplicate_of": "1"}
    bring(tmp_path, data)
    services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")
    services.restore_issue(Issue.objects.get(number=5), actor=administrator, via="web")
    # What somebody has put there on purpose stays.
    spam = services.restore_issue(Issue.objects.get(number=6), actor=administrator, via="web")
    services.trash_issue(spam, actor=administrator, via="web")
    kept = create_issue(Product.objects.get(), actor=administrator, via="web", title="Ours")
    services.trash_issue(kept, actor=administrator, via="web")
    old = set(Issue.objects.filter(number__lt=5).values_list("pk", flat=True))
    out = bring(tmp_path, data, again=True)
    assert "Imported 4 issues" in out and "2 were here already" in out
    assert "4 of them were in the trash, deleted for good before they came in anew" in out
    assert set(Issue.objects.exclude(deleted_at=None)) == {kept, spam}
    assert not Issue.objects.filter(pk__in=old).exists() and not Event.objects.filter(issue__in=old).exists()
    assert sorted(Issue.objects.live().values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert Issue.objects.get(number=2).duplicate_of.number == 1
    assert Comment.objects.count() == 6
    assert_replays()
    out = bring(tmp_path, data, again=True)
    assert "Imported 0 issues" in out and "deleted for good before" not in out


def test_what_is_restored_while_it_begins_anew_stays(db, tmp_path, administrator, monkeypatch):
    bring(tmp_path, [record(1), record(2)])
    services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")
    purge = loading.purge_imported

    def meanwhile(ids, **more):
        services.restore_issue(Issue.objects.get(number=2), actor=administrator, via="web")
        return purge(ids, **more)

    monkeypatch.setattr(loading, "purge_imported", meanwhile)
    restored = Issue.objects.get(number=2).pk
    assert "Imported 1 issues" in bring(tmp_path, [record(1), record(2)], again=True)
    assert Issue.objects.live().count() == 2 and Issue.objects.get(number=2).pk == restored


def test_a_file_that_is_refused_leaves_the_trash_as_it_is(db, tmp_path, administrator, triager, product):
    bring(tmp_path, [record(1)], product="WEB")
    services.undo(Batch.objects.get(query="import issues.json"), actor=administrator, via="web")
    with pytest.raises(CommandError, match="Nothing was imported"):
        bring(tmp_path, [record(1), record(1)], product="WEB", again=True)
    with pytest.raises(CommandError, match="Nothing was imported"):
        bring(tmp_path, [record(1)], product="WEB", again=True, actor="tom")
    assert Issue.objects.get().deleted_at
    with pytest.raises(Forbidden):
        services.purge_imported([Issue.objects.get().pk], actor=triager, via="import")
    bring(tmp_path, [record(1)], product="WEB", again=True, actor="ada")
    assert not Issue.objects.get().deleted_at


def test_an_import_is_not_undone_from_the_page_of_one_issue(db, client, tmp_path, administrator):
    bring(tmp_path, [record(1, history=[change(2, "title", "Old", "Issue 1")])])
    client.force_login(administrator)
    page = client.get("/issues/WEBSHOP-1/").content.decode()
    assert "Issue 1" in page and "/undo/" not in page


def test_an_import_is_undone_from_a_page_of_its_own(db, client, tmp_path, settings, product, triager, reporter):
    data = [record(n) for n in range(1, 4)]
    out = bring(tmp_path, data, product="WEB")
    address = f"/batches/{Batch.objects.get(query='import issues.json').pk}/"
    assert f"To undo it: {settings.SITE_URL}{address}" in out
    assert "To undo it" not in bring(tmp_path, data, product="WEB")
    client.force_login(triager)
    assert 'href="/issues/WEB-1/import/"' in client.get("/issues/WEB-1/").content.decode()
    assert client.get("/issues/WEB-1/import/").url == address
    page = client.get(address).content.decode()
    assert "issues.json" in page and "3 issues" in page and f'<form method="post" action="{address}undo/">' in page
    assert client.post(f"{address}undo/", {"next": address}).url == address
    assert Issue.objects.live().count() == 0
    page = client.get(address).content.decode()
    assert "It is undone." in page and f'<form method="post" action="{address}undo/">' not in page
    for who in (reporter, None):
        client.force_login(who) if who else client.logout()
        assert client.get(address).status_code == (404 if who else 302)


def test_who_may_undo_a_part_of_an_import_alone_is_told_no_more(db, client, tmp_path, triager, stranger):
    bring(tmp_path, [record(1), record(2, product="Secret")], visibility="private")
    address = f"/batches/{Batch.objects.get(query='import issues.json').pk}/"
    client.force_login(triager)
    page = client.get(address).content.decode()
    assert "all of its products" in page and f'action="{address}undo/"' not in page
    assert "2 issues" not in page and "SECRET" not in page
    client.force_login(stranger)
    assert client.get(address).status_code == 404


def test_several_products_get_keys_from_their_names(db, tmp_path, product):
    bring(tmp_path, [record(1, product="WEB"), record(1, product="web shop!"), record(1, product="3 Größe")])
    assert set(Product.objects.exclude(pk=product.pk).values_list("key", "title")) == {
        ("WEB2", "WEB"),
        ("WEBSHOP", "web shop!"),
        ("P3GROE", "3 Größe"),
    }


@pytest.mark.parametrize(
    ("name", "taken", "key"),
    [
        ("JDT", (), "JDT"),
        ("JDT", ("JDT",), "JDT2"),
        ("C", (), "C2"),
        ("Build Tools and more", (), "BUILDTOOLS"),
        ("Build Tools and more", ("BUILDTOOLS",), "BUILDTOOL2"),
        ("*Testproduct", (), "TESTPRODUC"),
        ("日本", (), "P2"),
        ("JDT", {"JDT", *(f"JDT{n}" for n in range(2, 10))}, "JDT10"),
    ],
)
def test_keys(name, taken, key):
    assert key_of(name, set(taken)) == key


@pytest.mark.parametrize(
    ("hex_colour", "name"),
    [
        ("d73a4a", "red"),
        ("#0075CA", "blue"),
        ("ffffff", "gray"),
        ("5319e7", "violet"),
        ("fbca04", "yellow"),
        ("4d2c00", "brown"),
        ("red", "gray"),
        ("", "gray"),
    ],
)
def test_colours(hex_colour, name):
    assert nearest(hex_colour) == name


def event(kind, day, login="ann", **fields):
    return {"event": kind, "created_at": f"2020-01-{day:02}T00:00:00Z", "actor": login and {"login": login}, **fields}


def github(number, events=(), **fields):
    issue = {
        "number": number,
        "repository_url": "https://example.invalid/repos/shop/web-shop",
        "title": "Cart",
        "state": "open",
        "state_reason": None,
        "body": "**Bold**\x00",
        "user": {"login": "ann"},
        "labels": [],
        "assignees": [],
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-09T00:00:00Z",
        **fields,
    }
    return {"type": "issue", "issue": issue, "events": list(events)}


def test_github(db, tmp_path):
    ui, old = {"name": "area/ui", "color": "d73a4a"}, {"name": "old", "color": "ffffff"}
    second = {"name": "area/api", "color": "0075ca", "description": "What programs call"}
    events = [
        event("labeled", 2, label=ui),
        event("labeled", 2, label=old),
        event("renamed", 3, rename={"from": "Crt", "to": "Cart"}),
        event("commented", 3, login="bob", body="Me too"),
        event("milestoned", 4, milestone={"title": "1.0"}),
        event("demilestoned", 5, milestone={"title": "1.0"}),
        event("milestoned", 5, milestone={"title": "2.0"}),
        event("assigned", 5, assignee={"login": "bob"}),
        event("closed", 6, login=None),
        event("reopened", 7),
        event("unlabeled", 7, label=ui),
        event("labeled", 7, label=second),
        event("closed", 8, login="bob"),
        event("subscribed", 8),
    ]
    closed = github(
        5,
        events,
        state="closed",
        state_reason="not_planned",
        labels=[second],
        milestone={"title": "2.0", "state": "open", "due_on": "2020-02-01T08:00:00Z"},
        assignees=[{"login": "bob"}, {"login": "carl"}],
        closed_at="2020-01-08T00:00:00Z",
    )
    pull = github(6, pull_request={})
    out = bring(tmp_path, [closed, pull, github(7, user=None)], "github", product="web")
    issue = Issue.objects.get(number=5)
    assert (issue.product.title, issue.key, issue.status.slug, issue.resolution) == (
        "web-shop",
        "WEB-5",
        "closed",
        "wont-do",
    )
    assert issue.description == "**Bold**\N{REPLACEMENT CHARACTER}"
    assert (issue.milestone.name, issue.milestone.due_on.isoformat(), issue.assignee.username) == (
        "2.0",
        "2020-02-01",
        "bob",
    )
    assert set(Label.objects.values_list("name", "colour", "description")) == {
        ("area/ui", "red", ""),
        ("area/api", "blue", "What programs call"),
        ("old", "gray", ""),
    }
    kinds = [row[0] for row in told(issue)]
    assert kinds == [*["changed"] * 3, "commented", *["changed"] * 9, "corrected"]
    assert told(issue)[-1][2]["labels"] == (
        [{"id": label.pk, "name": label.name} for label in Label.objects.filter(name__in=["area/api", "old"])],
        [{"id": label.pk, "name": label.name} for label in Label.objects.filter(name="area/api")],
    )
    assert [row[2]["resolution"][1] for row in told(issue) if "resolution" in row[2]] == ["fixed", None, "wont-do"]
    assert first(issue)["title"] == "Crt" and "labels" not in first(issue)
    assert Issue.objects.get(number=7).author is None
    for line in ("1 pull requests", "1 timeline events: subscribed", "1 assignees beyond an issue's first"):
        assert line in out
    assert not Milestone.objects.filter(name="1.0").exists()
    assert_replays()


def test_labels_that_no_issue_has_any_more_are_archived(db, tmp_path, product, maintainer):
    create_part(Label, product=product, actor=maintainer, via="web", name="here")
    events = [event("labeled", 2, label={"name": name}) for name in ("here", "gone", "a/b", "a/c")]
    events += [event("unlabeled", 3, label={"name": name}) for name in ("here", "gone", "a/b")]
    data = [github(1, events, labels=[{"name": "a/c"}]), github(2, events[:4], labels=[{"name": "new"}])]
    bring(tmp_path, data, "github", product="WEB")
    assert {(label.name, label.archived) for label in Label.objects.all()} == {
        *[("here", False), ("a: c", False), ("new", False)],
        *[("gone", True), ("a: b", True)],
    }
    assert_replays()


def test_labels_of_a_group_that_one_issue_has_two_of_leave_the_group(db, tmp_path):
    both = [{"name": "area/ui", "color": "d73a4a"}, {"name": "area/api", "color": "d73a4a"}]
    bring(
        tmp_path,
        [github(1, labels=both), github(2, labels=[{"name": "os/linux", "color": ""}])],
        "github",
        product="WEB",
    )
    assert set(Label.objects.values_list("name", flat=True)) == {"area: ui", "area: api", "os/linux"}


def test_labels_of_a_loose_group_get_names_of_their_own(db, tmp_path):
    names = ["a/b", "A/c", "a: b", "x" * 98 + "/y", "x" * 98 + "/z"]
    data = [github(1, labels=[{"name": name} for name in names])]
    out = bring(tmp_path, data, "github", product="WEB")
    expected = {"a:b", "A: c", "a: b", "x" * 98 + ":y", "x" * 98 + ":z"}
    assert {label.name for label in Issue.objects.get().label_list} == expected
    assert "4 labels of a group of which one issue has two, renamed" in out
    bring(tmp_path, [*data, github(2, labels=[{"name": "a/b"}])], "github", product="WEB")
    assert {label.name for label in Issue.objects.get(number=2).label_list} == {"a:b"}
    assert set(Label.objects.values_list("name", flat=True)) == expected


def test_a_file_without_a_repository_has_groups_and_milestones_too(db, tmp_path):
    labels = [{"name": "a/b"}, {"name": "a/c"}]
    data = [github(1, repository_url=None, labels=labels, milestone={"title": "1.0"})]
    bring(tmp_path, data, "github", product="WEB")
    issue = Issue.objects.get()
    assert ({label.name for label in issue.label_list}, issue.milestone.name) == ({"a: b", "a: c"}, "1.0")


def test_labels_that_differ_by_case_are_one(db, tmp_path):
    labels = [{"name": "Bug"}, {"name": "bug", "description": "Broken\n" + "x" * 300}, None]
    events = [event("labeled", 2, label={"name": "BUG"}), event("unlabeled", 3, label={"name": "bug"})]
    out = bring(tmp_path, [github(1, events, labels=labels), github(2, labels=labels[1:])], "github", product="WEB")
    label = Label.objects.get()
    assert (label.name, label.description[:8], len(label.description)) == ("Bug", "Broken x", 200)
    assert "1 label descriptions, cut" in out
    assert all(issue.label_list == [label] for issue in Issue.objects.all())
    archive = {"repo": "wg/draft", "issues": [{"number": 3, "labels": ["Bug", "bug", None]}]}
    bring(tmp_path, archive, "ietf", product="WEB")
    assert Issue.objects.get(number=3).label_list == [label]
    assert_replays()


def test_logins_that_differ_by_case_are_one(db, tmp_path):
    history = [change(2, "assignee", "bob", "BOB"), change(3, "assignee", "BOB", "İstanbul")]
    comments = [{"at": "2020-01-02T00:00:00Z", "who": "ÖZGE", "text": "Yes"}]
    data = [record(1, reporter="Bob", assignee="İstanbul", history=history, comments=comments)]
    bring(tmp_path, [*data, record(2, reporter="ΟΔΟΣ", assignee="özge")])
    assert User.objects.count() == 4
    bring(tmp_path, [*data, record(2, reporter="ΟΔΟΣ", assignee="özge"), record(3, reporter="ÖZGE")])
    assert User.objects.count() == 4
    issue = Issue.objects.get(number=1)
    assert (issue.author.username.lower(), issue.assignee.username) == ("bob", "İstanbul")
    assert Issue.objects.get(number=3).author == Issue.objects.get(number=2).assignee
    assert_replays()


def test_a_login_is_whoever_has_it_here_in_any_case(db, tmp_path):
    there = {name: create_user(actor=None, via="web", username=name) for name in ("Bob", "Özge", "ÖMER")}
    bring(tmp_path, [record(place, reporter=name.lower()) for place, name in enumerate(there, 1)])
    assert [issue.author for issue in Issue.objects.order_by("number")] == list(there.values())


def test_names_whose_small_letters_databases_write_otherwise(db, tmp_path):
    names = ["İx", "ix", "ΟΔΟΣ", "οδος", "οδοσ"]
    data = [
        github(n, labels=[{"name": name} for name in names], user={"login": name}, milestone={"title": name})
        for n, name in enumerate(names, 1)
    ]
    bring(tmp_path, data, "github", product="WEB")
    bring(tmp_path, [*data, github(6)], "github", product="WEB")
    for issue in Issue.objects.exclude(number=6):
        assert issue.author and issue.milestone and issue.label_list
    assert_replays()


def test_the_archive_of_the_ietf(db, tmp_path, product):
    held = {
        "number": 9,
        "title": "Draft",
        "state": "CLOSED",
        "author": None,
        "assignees": ["bob"],
        "labels": ["editorial"],
        "body": "a\r\nb",
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2020-01-03T00:00:00Z",
        "closedAt": "2020-01-02T00:00:00Z",
        "comments": [{"author": "bob", "body": "Yes", "createdAt": "2020-01-02T00:00:00Z"}],
    }
    archive = {
        "repo": "wg/draft",
        "labels": [{"name": "editorial", "color": "0075ca"}, {"name": "unused", "color": "0075ca"}],
        "issues": [held],
        "pulls": [{"comments": [{}, {}]}],
    }
    out = bring(tmp_path, archive, "ietf", product="WEB")
    issue = Issue.objects.get()
    assert (issue.key, issue.author, issue.assignee.username, issue.resolution) == ("WEB-9", None, "bob", "fixed")
    assert [label.name for label in issue.label_list] == ["editorial"]
    assert (issue.closed_at, Comment.objects.get().author.username) == (at(2), "bob")
    assert not Label.objects.filter(name="unused").exists()
    assert "1 pull requests" in out and "2 comments on pull requests" in out
    assert_replays()


def test_who_is_here_already_is_named_in_the_summary(db, tmp_path, stranger):
    out = bring(tmp_path, [record(1, reporter="SAM@example.invalid", assignee="o'neil (x)")])
    issue = Issue.objects.get()
    assert issue.author == stranger and issue.assignee.username == "o-neil--x-"
    assert "1 people came in as placeholders, 1 names are those of people here" in out


def test_as_a_maintainer(db, tmp_path, product, maintainer, triager, stranger):
    data = [record(1)]
    for person in (triager, stranger):
        with pytest.raises(CommandError, match="Nothing was imported"):
            bring(tmp_path, data, product="WEB", actor=person.username)
    with pytest.raises(CommandError, match="There is no user"):
        bring(tmp_path, data, product="WEB", actor="nobody")
    with pytest.raises(CommandError, match="Nothing was imported"):
        bring(tmp_path, data, product="NEW", actor="sam")
    assert not Component.objects.exists() and not User.objects.filter(is_placeholder=True).exists()
    bring(tmp_path, data, product="WEB", actor="mia")
    assert Batch.objects.get(query="import issues.json").actor == maintainer


def test_progress_is_a_line_for_every_thousand(db, tmp_path):
    out = bring(tmp_path, [record(n) for n in range(1, 1102)], visibility="private")
    assert out.startswith("1,000 of 1,101 issues, ")
    assert "WEBSHOP: 1,101 issues of Web shop, created (private)" in out


def test_what_comes_in_is_comparable_at_once(db, tmp_path):
    rows = [record(1, title="Cart empties after login"), record(2, title="Cart is empty after the login")]
    out = bring(tmp_path, rows)
    assert out.index("a second)") < out.index("2 issues can be compared.")
    issue = Issue.objects.get(title__startswith="Cart empties")
    assert [one.issue.title for one in similar_to(None, issue)] == ["Cart is empty after the login"]
    assert "compared" not in bring(tmp_path, rows)


def test_the_comparison_can_wait_for_the_worker(db, tmp_path):
    out = bring(tmp_path, [record(1)], similar_later=True)
    assert "compared" not in out and count_waiting() == 1
