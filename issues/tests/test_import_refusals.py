"""A file that is broken, or too much, is refused with the place and the reason, and nothing has changed."""

import gzip
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import IntegrityError

from accounts.models import User
from history.models import Batch, Event
from issues.importers import source
from issues.importers.loading import Import
from issues.models import Category, Issue, Status
from issues.services import create_issue
from issues.tests.test_import import bring, change, event, github, record
from products.models import Component, Product
from products.services import trash_product, update_product


def refusal(tmp_path, data, format="ndjson", **options):
    """Return what a refused import says, once it is certain that nothing was written."""
    before = (Event.objects.count(), Batch.objects.count(), User.objects.count(), Product.objects.count())
    with pytest.raises(CommandError) as refused:
        bring(tmp_path, data, format, **options)
    assert (Event.objects.count(), Batch.objects.count(), User.objects.count(), Product.objects.count()) == before
    assert str(refused.value).endswith("Nothing was imported.")
    return str(refused.value)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("{", "line 2: is not JSON: Expecting property name"),
        ("[]", "line 2: here must be an object"),
        ('"text"', "line 2: here must be an object"),
        ("[" * 100_000, "line 2: is nested too deeply"),
        ("9" * 5000, "line 2: cannot be read"),
        (record("WEB-"), "line 2, id: the id 'WEB-' does not end in a number"),
        (record("0"), "line 2, id: the id '0' does not end in a number from 1 up"),
        (record("9" * 30), "line 2, id: the id"),
        ({**record(2), "id": None}, 'line 2: "id" is missing'),
        ({**record(2), "id": True}, "line 2, id: True is no text"),
        ({**record(2), "id": 2.5}, "line 2, id: 2.5 is no text"),
        ({**record(2), "id": 0}, "line 2, id: the id '0' does not end in a number from 1 up"),
        ({**record(2), "id": 5, "key": ["x"]}, "line 2, id: ['x'] is no text"),
        ({**record(2), "product": " "}, "line 2: only some records name a product"),
        (record(1), "line 2: the number 1 is that of line 1 as well"),
        (record(2, confidential="no"), "line 2, confidential: 'no' is neither true nor false"),
        (record(2, comments=[{"internal": []}]), "line 2, comment 1: [] is neither true nor false"),
        (record(2, title=["x"]), "line 2, title: ['x'] is no text"),
        (record(2, description={"a": 1}), "line 2, description: {'a': 1} is no text"),
        (record(2, description="x" * (1024 * 1024 + 1)), "line 2, description: a text of more than 1 MiB"),
        (record(2, component="x" * 101), "line 2, component: a name of more than 100 characters"),
        (record(2, created_at="yesterday"), "line 2, created_at: 'yesterday' is no date and time"),
        (record(2, created_at="2020-02-31T00:00:00Z"), "line 2, created_at: '2020-02-31T00:00:00Z' is no date"),
        (
            record(2, created_at="0001-01-01T00:00:00+09:00"),
            "line 2, created_at: '0001-01-01T00:00:00+09:00' is no date",
        ),
        (record(2, created_at=5), "line 2, created_at: 5 is no text"),
        (record(2, comments={}), "line 2, comments: here must be a list"),
        (record(2, comments=["x"]), "line 2, comment 1: here must be an object"),
        (record(2, comments=[{"at": "x", "text": "x"}]), "line 2, comment 1: 'x' is no date and time"),
        (record(2, history=[{"field": "title", "at": "x"}]), "line 2, change 1: 'x' is no date and time"),
        (record(2, history={}), "line 2, history: here must be a list"),
        (record(2, history=[[]]), "line 2, change 1: here must be an object"),
        (record(2, history=[{"field": []}]), "line 2, change 1: [] is no text"),
        (record(2, history=[{"field": "os", "at": 5}]), "line 2, change 1: 5 is no text"),
        (record(2, history=[change(2, "component", {}, "x")]), "line 2, change 1, component: {} is no text"),
        (record(2, duplicate_of=["1"]), "line 2, duplicate_of: ['1'] is no text"),
        (record(2, product=["x"]), "line 2, product: ['x'] is no text"),
        (record(2, product="\u200b"), "line 2: only some records name a product"),
        (record(2, watchers="ann"), "line 2, watchers: here must be a list"),
        (record("1" * 50 + "x"), "line 2, id: the id"),
        (record("0" * 15 + "1" * 25), "line 2, id: the id"),
        (record(2, created_at="0001-01-01T00:00:00Z"), "line 2, created_at: '0001-01-01T00:00:00Z' is no date"),
    ],
)
def test_a_broken_line_is_named(db, tmp_path, second, reason):
    second = second if isinstance(second, str) else json.dumps(second)
    assert refusal(tmp_path, f"{json.dumps(record(1))}\n{second}\n").startswith(f"{reason}")


@pytest.mark.parametrize(
    ("data", "format", "reason"),
    [
        ("{}", "github", "issues.json: should be an array"),
        ("[1]", "github", "entry 1: here must be an object"),
        ([{"issue": {}}], "github", 'entry 1: "issue" with a "number" is missing'),
        ([github(1), github(1)], "github", "entry 2 (#1): the number 1 is that of entry 1 (#1) as well"),
        ([github(1, user=5)], "github", "entry 1 (#1): here must be an object"),
        ("[]", "github", "issues.json: holds no issues"),
        ([github(6, pull_request={})], "github", "issues.json: holds no issues"),
        ([github(-5)], "github", "entry 1: the id -5 does not end in a number from 1 up"),
        ([github(True)], "github", "entry 1: the id True does not end in a number from 1 up"),
        ([github(1, repository_url=5)], "github", "entry 1 (#1), repository_url: 5 is no text"),
        ([github(1, repository_url="/" + "x" * 101)], "github", "entry 1 (#1), repository_url: a name of more"),
        ([github(1, assignees="ann")], "github", "entry 1 (#1): here must be a list"),
        ([github(1, labels=[{"name": "ui", "description": 5}])], "github", "entry 1 (#1): 5 is no text"),
        ([github(1, labels=[{"name": "ui", "color": 5}])], "github", "entry 1 (#1): 5 is no text"),
        ([github(1, labels=["ui"])], "github", "entry 1 (#1): here must be an object"),
        ([github(1, milestone={"title": "1", "due_on": "soon"})], "github", "entry 1 (#1): 'soon' is no date"),
        ([github(1, ["closed"])], "github", "entry 1 (#1), event 1: here must be an object"),
        ([github(1, [event([], 2)])], "github", "entry 1 (#1), event 1: [] is no text"),
        ([github(1, [event("labeled", 2, label="ui")])], "github", "entry 1 (#1), event 1: here must be an object"),
        ([github(1, [event("renamed", 2, rename=[])])], "github", "entry 1 (#1), event 1: here must be an object"),
        ([github(1, [{"event": "closed", "created_at": 5}])], "github", "entry 1 (#1), event 1: 5 is no text"),
        ({"issues": []}, "ietf", "issues.json: holds no issues"),
        ({"issues": [], "pulls": [{"comments": 5}]}, "ietf", "pulls: here must be a list"),
        ({"issues": [], "pulls": [{"comments": "five"}]}, "ietf", "pulls: here must be a list"),
        ({"issues": [], "labels": [{"name": "ui", "description": []}]}, "ietf", "labels: [] is no text"),
        ({"issues": [], "repo": 5}, "ietf", "repo: 5 is no text"),
        ({"issues": [{"number": 1, "comments": 5}]}, "ietf", "issue 1 (#1): here must be a list"),
        ({"issues": [{"number": 1, "labels": [5]}]}, "ietf", "issue 1 (#1): 5 is no text"),
        ("[]", "ietf", 'issues.json: should be an object with "issues"'),
        ({"issues": [{"title": "x"}]}, "ietf", 'issue 1: "number" is missing'),
        ("[1", "ietf", "issues.json: is not JSON: Expecting ',' delimiter: line 1 column 3"),
    ],
)
def test_a_broken_document_is_named(db, tmp_path, data, format, reason):
    assert refusal(tmp_path, data, format, product="WEB").startswith(reason)


@pytest.mark.parametrize("depth", [100, 960, 3000, 30_000])
def test_what_is_nested_is_read_as_deep_as_this_python_can_and_refused_beyond(db, tmp_path, depth):
    data = '{"issues": [{"number": 1, "state": %s}]}' % ("[" * depth + "]" * depth)
    if depth == 100:
        bring(tmp_path, data, "ietf", product="WEB")
    elif depth == 30_000:
        assert refusal(tmp_path, data, "ietf", product="WEB").startswith("issues.json: is nested too deeply")
    else:
        try:
            bring(tmp_path, data, "ietf", product="WEB")
        except CommandError as refused:
            assert str(refused).startswith("issues.json: is nested too deeply")
            assert not Product.objects.filter(key="WEB").exists()
    assert Issue.objects.count() in (0, 1)


def test_what_is_no_text_or_no_archive(db, tmp_path):
    path = tmp_path / "x"
    for content, reason in (
        (b"\xff\xfe{}\n", "line 1: is not UTF-8 at byte 0"),
        (gzip.compress(b"\n" * 9)[:-4], "x: cannot be unpacked"),
        (b"\x1f\x8bnonsense", "x: cannot be unpacked"),
        (gzip.compress(b"\n" * 9)[:10] + b"\xff" * 9, "x: cannot be unpacked"),
        (b"", "x: holds no issues"),
        (b"\n\n", "x: holds no issues"),
    ):
        path.write_bytes(content)
        with pytest.raises(CommandError, match=reason):
            bring_path(path)
    with pytest.raises(CommandError, match="No such file"):
        bring_path(tmp_path / "absent")


def bring_path(path, **options):
    from django.core.management import call_command

    call_command("import_issues", path, format="ndjson", **options)


def test_a_small_archive_cannot_unpack_without_end(db, tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress((b" " * 1023 + b"\n") * (3 * 1024)))
    with pytest.raises(CommandError, match="more than 2 MiB when unpacked; see --max-size"):
        bring_path(path, max_size=2)
    with pytest.raises(CommandError, match="holds no issues"):
        bring_path(path, max_size=4)
    monkeypatch.setattr(source, "LINE_LIMIT", source.MEBIBYTE)
    path.write_bytes(gzip.compress(b" " * (3 * source.MEBIBYTE)))
    with pytest.raises(CommandError, match="line 1: longer than 1 MiB"):
        bring_path(path, max_size=4)


def test_several_products_do_not_go_into_one(db, tmp_path):
    data = [record(1), record(2, product="Other")]
    assert "several products, 'Web shop' and 'Other': leave --product out" in refusal(tmp_path, data, product="WEB")


@pytest.mark.parametrize(("names", "key"), [(("Shop", ""), None), (("Shop", ""), "WEB"), (("", "Shop"), "WEB")])
def test_a_file_of_which_only_some_records_name_a_product(db, tmp_path, names, key):
    said = refusal(tmp_path, [record(number, product=name) for number, name in enumerate(names, 1)], product=key)
    assert said.startswith("line 2: only some records name a product, such as 'Shop': name it in all, or in none")


@pytest.mark.parametrize("key", ["x-1", "A", "TOOLONGAKEY"])
def test_a_key_that_none_may_have(db, tmp_path, key):
    said = refusal(tmp_path, [record(1, component="Cart")], product=key)
    assert said.startswith(f"--product {key}: Use 2 to 10 capital letters")


def test_a_site_without_a_status_to_close_by(db, tmp_path):
    Status.objects.filter(category=Category.CLOSED).delete()
    assert "status: There is no status of the category closed" in refusal(tmp_path, [record(1)])


def test_a_number_that_another_issue_has(db, tmp_path, product, reporter):
    create_issue(product, actor=reporter, via="web", title="Ours")
    assert "line 1: WEB-1 is another issue" in refusal(tmp_path, [record(1)], product="WEB")
    bring(tmp_path, [record(2)], product="WEB")
    other = record(2, created_at="2019-01-01T00:00:00Z")
    assert "line 1: WEB-2 is another issue" in refusal(tmp_path, [other], product="WEB")


@pytest.mark.parametrize("number", [2, 1])
def test_a_number_that_is_taken_between_the_check_and_the_loading(db, tmp_path, product, reporter, monkeypatch, number):
    check = Import.check

    def check_and_file(self):
        check(self)
        create_issue(product, actor=reporter, via="web", title="Ours")

    monkeypatch.setattr(Import, "check", check_and_file)
    if number == 1:
        with pytest.raises(CommandError, match=r"line 1: WEB-1 is another issue.* 0 issues were imported"):
            bring(tmp_path, [record(1, component="Cart")], product="WEB")
        assert not Component.objects.exists()
    else:
        bring(tmp_path, [record(2)], product="WEB")
        assert Issue.objects.count() == 2


def test_what_another_import_writes_at_the_same_time(db, tmp_path, monkeypatch):
    def collide(self, on_progress):
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(Import, "load", collide)
    with pytest.raises(CommandError, match="0 issues were imported before this: run it again"):
        bring(tmp_path, [record(1)])


def test_products_that_are_archived_or_in_the_trash(db, tmp_path, product, maintainer):
    update_product(product, actor=maintainer, via="web", archived=True)
    assert "WEB: is archived or in the trash" in refusal(tmp_path, [record(1)], product="WEB")
    update_product(product, actor=maintainer, via="web", archived=False)
    trash_product(product, actor=maintainer, via="web")
    assert "WEB: is archived or in the trash" in refusal(tmp_path, [record(1)], product="WEB")


def test_a_file_that_names_no_product(db, tmp_path):
    nameless = github(1, repository_url=None)
    with pytest.raises(CommandError, match="give --product KEY"):
        bring(tmp_path, [nameless], "github")
    bring(tmp_path, [nameless], "github", product="WEB")
    assert Issue.objects.get().product.title == "WEB"


def test_what_is_loaded_is_what_was_checked_even_where_the_file_has_changed(db, tmp_path, monkeypatch):
    check = Import.check

    def check_and_change(self):
        check(self)
        self.path.write_text(json.dumps(record(2)))

    monkeypatch.setattr(Import, "check", check_and_change)
    bring(tmp_path, [record(1)])
    assert [issue.number for issue in Issue.objects.all()] == [1]


def test_dates_before_the_creation_are_not_told(db, tmp_path):
    history = [{"at": "2019-01-01T00:00:00Z", "who": None, "field": "title", "from": "Old", "to": "Issue 1"}]
    bring(tmp_path, [record(1, history=history)])
    issue = Issue.objects.get()
    assert issue.events.get(kind="changed").at == issue.created_at
    assert issue.updated_at - issue.created_at == timedelta(days=8)
