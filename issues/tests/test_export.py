"""Exports: CSV and JSON Lines of any query, from pages and API, of any size, with the reader's rights."""

import csv
import io
import json
import tracemalloc
from math import ceil

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from issues.exporters.files import chunks
from issues.finding import search
from issues.models import Issue, Status
from issues.query.fields import EXPORTED
from issues.services import add_comment, attach, create_issue, create_view, kept, trash_issue, update_issue
from issues.tests.clients import at
from issues.tests.samples import upload
from products.models import Component, Label
from products.services import create_part, create_product

API = "/api/v1/issues/export/"


def content(answer):
    assert answer.status_code == 200, answer.content
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def table(answer):
    text = content(answer)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def lines(answer):
    text = content(answer)
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def keys(answer):
    return [row["key"] for row in lines(answer)]


def file(product, actor, title="One", **fields):
    return create_issue(product, actor=actor, via="web", title=title, **fields)


def fill(product, author, amount):
    """Write `amount` issues, past the log."""
    status = Status.objects.get(slug="new")
    Issue.objects.bulk_create(
        Issue(
            product=product, number=number, title=f"Issue {number}", description="x" * 200, author=author, status=status
        )
        for number in range(1, amount + 1)
    )


def test_a_list_is_exported_as_it_is_shown(product, triager, maintainer, api):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a, b")
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    file(product, triager, 'Says "no" then', labels=[label], component=cart, assignee=triager, description="Über\nzwei")
    file(product, triager, "Two", priority=3)
    client = at(triager)
    page = client.get("/products/WEB/issues/?q=is:open").content.decode()
    assert 'href="/products/WEB/issues/export.csv?q=is%3Aopen"' in page
    answer = client.get("/products/WEB/issues/export.csv?q=is%3Aopen")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="web-issues-2')
    two, one = table(answer)
    assert list(one) == [*EXPORTED, "attachments"]
    assert (one["id"], one["title"], one["label"], one["component"]) == ("WEB-1", 'Says "no" then', "a, b", "Cart")
    assert (one["assignee"], one["resolution"], one["confidential"], one["votes"]) == ("tom", "", "false", "0")
    assert (two["id"], two["priority"], two["category"]) == ("WEB-2", "high", "triage")
    assert one["created"].endswith("Z") and "T" in one["created"]


def test_json_lines_are_what_the_api_tells(product, triager, maintainer, api):
    one = file(product, triager, description="Über\u2028zwei\x85")
    file(product, triager, "Two", parent=one)
    told = api(triager).get("/api/v1/issues/?include=description&sort=created-desc").json()["results"]
    told = [{**issue, "attachments": []} for issue in told]
    for answer in (
        at(triager).get("/issues/export.jsonl?q="),
        api(triager).get(f"{API}?format=jsonl"),
        api(triager).get(API, HTTP_ACCEPT="text/csv"),
        api(triager).get("/api/v1/products/WEB/issues/export/?format=jsonl"),
    ):
        assert answer["Content-Type"] == "application/jsonl; charset=utf-8"
        text = content(answer)
        assert len(text.splitlines()) == 2
        assert [json.loads(line) for line in text.splitlines()] == told


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "=cmd|' /C calc'!A0", "@SUM(1)", "-1+1"])
def test_no_cell_is_a_formula(product, triager, begin):
    file(product, triager, f"{begin}x")
    text = content(at(triager).get("/issues/export.csv?q="))
    (row,) = csv.DictReader(io.StringIO(text[1:], newline=""))
    assert row["title"] == f"'{begin}x"
    for cells in csv.reader(io.StringIO(text[1:], newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("x; +1;-1|@SUM(1)", "x; '+1;'-1|'@SUM(1)"),
        ('x;"=1"', 'x;"\'=1"'),
        ("\uff1d1;\uff0b1", "'\uff1d1;'\uff0b1"),
        ("\uff0d1|\uff201", "'\uff0d1|'\uff201"),
        ("x=1; y-1, -2 | a+b", "x=1; y-1, -2 | a+b"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_where_cells_end_elsewhere(product, triager, title, told):
    file(product, triager, title)
    (row,) = table(at(triager).get("/issues/export.csv?q="))
    assert row["title"] == told


def test_lines_end_as_the_standard_says(product, triager):
    file(product, triager, 'a "b", c')
    text = content(at(triager).get("/issues/export.csv?q="))
    assert text.count("\r\n") == 2 and '"a ""b"", c"' in text
    assert content(at(triager).get("/issues/export.csv?q=is:closed")).count("\r\n") == 1
    assert content(at(triager).get("/issues/export.jsonl?q=is:closed")) == ""


def test_it_holds_what_the_reader_may_see(product, administrator, triager, reporter, stranger, api):
    file(product, reporter)
    file(product, triager, "Hush", confidential=True)
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    file(private, administrator, "Deep")
    expected = {
        None: ["WEB-1"],
        stranger: ["WEB-1"],
        triager: ["WEB-2", "WEB-1"],
        administrator: ["SEC-1", "WEB-2", "WEB-1"],
    }
    for user, found in expected.items():
        assert keys(at(user).get("/issues/export.jsonl?q=")) == found
        assert keys(api(user).get(API)) == found
    assert at(stranger).get("/products/SEC/issues/export.csv").status_code == 404
    hidden, absent = (api(stranger).get(f"/api/v1/products/{key}/issues/export/") for key in ("SEC", "NOT"))
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content) == (404, absent.content)


def test_files_are_told_to_who_gets_them(product, triager, reporter, stranger):
    issue = file(product, triager)
    hidden = add_comment(issue, actor=triager, via="web", body="x", internal=True)
    for home, name in ((issue, "=seen.log"), (hidden, "hidden.log")):
        with kept([upload(b"x", name)], actor=triager, action="attach", home=issue) as files:
            attach(home, actor=triager, via="web", files=files)
    (told,) = lines(at(triager).get("/issues/export.jsonl?q="))
    assert [one["name"] for one in told["attachments"]] == ["=seen.log", "hidden.log"]
    (told,) = lines(at(stranger).get("/issues/export.jsonl?q="))
    (one,) = told["attachments"]
    assert one["url"].startswith("http://localhost:8002/attachments/")
    assert (one["name"], one["media_type"], one["size"]) == ("=seen.log", "text/plain", 1)
    (row,) = table(at(stranger).get("/issues/export.csv?q="))
    assert row["attachments"] == "'=seen.log"


def test_a_view_is_exported_by_its_name(product, triager, stranger):
    file(product, triager)
    file(product, triager, "Two", priority=3)
    view = create_view(
        actor=triager, via="web", name="Hot & <new>", query="priority:high", product=product, shared=True
    )
    answer = at(stranger).get(f"/views/{view.pk}/export.csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="hot-new-2')
    assert [row["id"] for row in table(answer)] == ["WEB-2"]
    assert keys(at(stranger).get(f"/views/{view.pk}/export.jsonl?q=is:open")) == ["WEB-2", "WEB-1"]


@pytest.mark.parametrize("query", ["is:opn", "is:open label:ghost", "(", "x" * 1001, "%00"])
def test_a_query_that_cannot_be_run_is_refused_whole(product, triager, api, query):
    file(product, triager)
    for answer in (
        at(triager).get(f"/issues/export.csv?q={query}"),
        at(triager).get(f"/products/WEB/issues/export.jsonl?q={query}"),
        api(triager).get(f"{API}?q={query}"),
    ):
        assert (answer.status_code, b"WEB-1" in answer.content) == (400, False)
    assert "export.csv" not in at(triager).get(f"/issues/?q={query}").content.decode()


@pytest.mark.parametrize(
    "query", ["format=xml", "cursor=x", "page_size=5", "count=1", "include=description", "status=ghost"]
)
def test_a_parameter_that_means_nothing_is_refused(product, triager, api, query):
    answer = api(triager).get(f"{API}?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.partition("=")[0]])


@pytest.mark.parametrize("query", ["lable=security", "format=csv", "token=x"])
def test_a_parameter_of_a_page_that_means_nothing_is_refused(product, triager, query):
    file(product, triager)
    view = create_view(actor=triager, via="web", name="Ours", product=product, shared=True)
    for place in ("/issues/export.csv", "/products/WEB/issues/export.jsonl", f"/views/{view.pk}/export.csv"):
        answer = at(triager).get(f"{place}?q=is:open&{query}")
        assert answer.status_code == 400
        page = answer.content.decode()
        assert f"There is no such filter: {query.partition('=')[0]}." in page
        assert "This cannot be understood" in page


def test_the_parameters_are_those_of_the_list(product, triager, api):
    file(product, triager, priority=1)
    file(product, triager, "Two", priority=4)
    file(product, triager, "Three", priority=4)
    assert keys(api(triager).get(f"{API}?priority=urgent&sort=number-asc")) == ["WEB-2", "WEB-3"]
    assert keys(api(triager).get(f"{API}?q=sort:priority-desc,number-asc")) == ["WEB-2", "WEB-3", "WEB-1"]
    assert api(triager).head(f"{API}?format=csv")["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "order", ["", "sort:updated-asc", "sort:due-asc,votes-desc", "sort:severity-desc", "sort:status"]
)
def test_every_issue_is_there_once_in_its_order(product, triager, monkeypatch, order):
    monkeypatch.setattr("issues.exporters.files.CHUNK", 7)
    fill(product, triager, 30)
    for number in range(1, 31):
        fields = {"severity": number % 5, "votes": number % 3, "due_on": f"2026-01-{number:02}" if number % 4 else None}
        Issue.objects.filter(number=number).update(**fields)
    exported = keys(at(triager).get(f"/issues/export.jsonl?q={order}"))
    assert len(exported) == len(set(exported)) == 30
    if order:
        page = at(triager).get(f"/issues/?q={order}&page_size=50")
        assert exported == [issue.key for issue in page.context["issues"]]
    else:
        assert exported == [f"WEB-{number}" for number in range(30, 0, -1)]


def test_an_issue_that_changes_meanwhile_is_not_lost(product, triager, monkeypatch):
    monkeypatch.setattr("issues.exporters.files.CHUNK", 5)
    fill(product, triager, 20)
    found = []
    rows = Issue.objects.visible_to(triager)
    for told in chunks(search(triager, text=""), rows, triager):
        found += [one["number"] for one in told]
        update_issue(Issue.objects.get(number=1), actor=triager, via="web", title=f"Changed {len(found)}")
    assert found == list(range(20, 0, -1))


@pytest.mark.parametrize(
    "order", ["updated-desc", "updated-asc", "votes-desc", "status-asc", "triage-asc", "number-asc", "severity-desc"]
)
def test_in_an_order_that_moves_each_issue_stays_where_it_was_at_the_start(product, triager, monkeypatch, order):
    monkeypatch.setattr("issues.exporters.files.CHUNK", 5)
    fill(product, triager, 20)
    rows, asked = Issue.objects.visible_to(triager), search(triager, text=f"is:open sort:{order}")
    expected = [one["id"] for told in chunks(asked, rows, triager) for one in told]
    found = []
    for told in chunks(asked, rows, triager):
        found += [one["id"] for one in told]
        moved = {"updated_at": timezone.now(), "returned_at": timezone.now(), "number": F("number") + 100}
        moved |= {"votes": len(found), "severity": 4, "status": Status.objects.get(slug="accepted")}
        Issue.objects.filter(pk__in=[found[-1], expected[-1]]).update(**moved)
    assert found == expected and len(found) == 20


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite: whoever begins a transaction lets nobody else write")
def test_no_export_keeps_others_from_writing(product, triager):
    fill(product, triager, 3)
    asked = search(triager, text="sort:updated")
    with CaptureQueriesContext(connection) as asked_of:
        assert [len(told) for told in chunks(asked, Issue.objects.visible_to(triager), triager)] == [3]
    assert {query["sql"].split()[0] for query in asked_of} == {"SELECT"}


def test_what_is_hidden_or_trashed_meanwhile_is_left_out(product, maintainer, reporter, stranger, monkeypatch):
    monkeypatch.setattr("issues.exporters.files.CHUNK", 2)
    one, two, three, four, five = (file(product, reporter, f"{number}") for number in range(1, 6))
    asked = search(stranger, text="is:open sort:updated-asc")
    pieces = chunks(asked, Issue.objects.visible_to(stranger), stranger)
    assert [told["key"] for told in next(pieces)] == [one.key, two.key]
    trash_issue(three, actor=maintainer, via="web")
    update_issue(four, actor=maintainer, via="web", confidential=True)
    update_issue(five, actor=maintainer, via="web", status=Status.objects.get(slug="closed"), resolution="fixed")
    assert [told["key"] for piece in pieces for told in piece] == [five.key]


def test_words_find_all_that_have_them_not_the_best_thousand(product, triager, monkeypatch):
    monkeypatch.setattr("issues.finding.pages.RANKED", 2)
    for number in range(6):
        file(product, triager, f"cart {number}")
    assert len(keys(at(triager).get("/issues/export.jsonl?q=cart sort:relevance"))) == 6


@pytest.mark.one_python
@pytest.mark.untraced
@pytest.mark.django_db(transaction=True)
def test_a_large_export_takes_no_more_memory_than_a_small_one(product, triager, monkeypatch):
    monkeypatch.setattr("issues.exporters.files.CHUNK", 100)
    fill(product, triager, 1000)
    list(exported(triager, 1))

    def peak(amount):
        with CaptureQueriesContext(connection) as queries:
            assert sum(len(part) for part in exported(triager, amount)) == amount
        # Of each part the issues and their files, and that there is none after the last.
        assert len(queries) == 2 * ceil(amount / 100) + (amount % 100 == 0)
        # Anew, as the notes of the queries take memory, too.
        tracemalloc.start()
        for _part in exported(triager, amount):
            pass
        _now, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    one, three, ten = peak(100), peak(300), peak(1000)
    # A part is let go of when the next one has come: two are the most that is held.
    assert ten < 2.2 * one and ten < 1.3 * three, (one, three, ten)


def exported(user, amount):
    rows = Issue.objects.visible_to(user).filter(number__lte=amount)
    return chunks(search(AnonymousUser(), text=""), rows, user)
