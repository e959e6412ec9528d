"""A product at a glance, its numbers and what was decided last, as its reader may know it; and what goes for good."""

import re

import pytest

from issues import timeline
from issues.models import Issue, Status
from issues.services import add_comment, ask, create_issue, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from products.models import Product
from products.services import trash_product, update_product

NEW = '<a class="button button-primary" data-action="create" href="/issues/new/?product=WEB">'
TRASH = '<a class="tab" href="/products/WEB/trash/"'


def decided(user):
    """Return what the page says of the latest decisions: `(key, sentence)` of each."""
    page = at(user).get("/products/WEB/").content.decode()
    told = page.partition('id="recent"')[2]
    found = re.findall(r'href="/issues/(WEB-\d+)/">[^<]+</a>:(.*?) · ', told, re.DOTALL)
    return [(key, " ".join(re.sub(r"<[^>]+>", "", said).split())) for key, said in found]


@pytest.fixture
def issues(product, triager):
    return [create_issue(product, actor=triager, via="web", title=f"Issue {number}") for number in range(4)]


def test_decisions_are_told_newest_first(issues, triager):
    one, other, *_rest = issues
    update_issue(one, actor=triager, via="web", priority=3)
    update_issue(other, actor=triager, via="web", assignee=triager)
    update_issue(one, actor=triager, via="web", title="Not a decision", status=Status.objects.get(slug="in-progress"))
    told = decided(triager)
    assert [key for key, _said in told] == ["WEB-1", "WEB-2", "WEB-1"]
    assert "In progress" in told[0][1] and "Tom" in told[1][1] and "high" in told[2][1]


def test_only_what_the_reader_sees_is_told(issues, triager, stranger):
    hidden, shown, *_rest = issues
    update_issue(hidden, actor=triager, via="web", priority=3)
    update_issue(shown, actor=triager, via="web", priority=2)
    update_issue(hidden, actor=triager, via="web", confidential=True)
    assert [key for key, _said in decided(stranger)] == [key for key, _said in decided(None)] == ["WEB-2"]
    assert [key for key, _said in decided(triager)] == ["WEB-2", "WEB-1"]


def test_they_are_those_of_the_issues_that_changed_last(issues, triager, monkeypatch):
    for issue in issues:
        update_issue(issue, actor=triager, via="web", priority=3)
    add_comment(issues[0], actor=triager, via="web", body="Not a decision, and a change all the same.")
    monkeypatch.setattr(timeline, "CHANGED_LAST", 2)
    assert [key for key, _said in decided(triager)] == ["WEB-4", "WEB-1"]


@pytest.mark.parametrize("archived", [False, True])
def test_each_page_of_a_product_has_the_same_ways_on(product, maintainer, reporter, viewer, archived):
    def ways(user, place):
        answer = at(user).get(f"/products/WEB/{place}")
        assert answer.status_code == 200
        return [way for way in (NEW, TRASH) if way in answer.content.decode()]

    new = [] if archived else [NEW]
    update_product(product, actor=maintainer, via="web", archived=archived)
    for place in ("", "components/", "labels/", "milestones/", "versions/"):
        assert ways(None, place) == ways(reporter, place) == new, place
    assert ways(None, "issues/") == ways(reporter, "issues/") == new
    for place in ("", "components/", "labels/", "milestones/", "versions/", "members/", "settings/", "trash/"):
        assert ways(maintainer, place) == [*new, TRASH], place
    update_product(product, actor=maintainer, via="web", archived=False, visibility="private")
    assert ways(viewer, "") == ways(viewer, "labels/") == ways(viewer, "issues/") == []


@pytest.mark.parametrize("amount", [10, 100])
def test_it_takes_ten_statements_however_much_there_is(product, triager, amount, django_assert_max_num_queries):
    file_many(product, triager, amount)
    for issue in Issue.objects.all()[:10]:
        update_issue(issue, actor=triager, via="web", priority=3)
    client = at(triager)
    with django_assert_max_num_queries(10):
        assert client.get("/products/WEB/").status_code == 200


def test_its_description_is_redacted(product, maintainer, triager):
    update_product(product, actor=maintainer, via="web", description="Secret number 42.")
    button = 'action="/products/WEB/redact/"'
    assert button not in at(triager).get("/products/WEB/settings/").content.decode()
    client = at(maintainer)
    assert button in client.get("/products/WEB/settings/").content.decode()
    assert "for good?" in client.post("/products/WEB/redact/").content.decode()
    assert Product.objects.get().description == "Secret number 42."
    assert client.post("/products/WEB/redact/", {"confirm": "1"}).url == "/products/WEB/settings/"
    assert Product.objects.get().description == ""
    assert button not in client.get("/products/WEB/settings/").content.decode()


def test_it_is_purged_from_the_trash(product, issues, maintainer, triager):
    assert at(maintainer).post("/products/WEB/purge/", {"confirm": "1"}).status_code == 404
    version = trash_product(product, actor=maintainer, via="web").lock_version
    client = at(maintainer)
    assert 'action="/products/WEB/purge/"' in client.get("/products/").content.decode()
    assert at(triager).post("/products/WEB/purge/", {"confirm": "1", "version": version}).status_code == 404
    assert client.post("/products/WEB/purge/", {"confirm": "1", "version": version - 1}).status_code == 412
    assert "for good?" in client.post("/products/WEB/purge/", {"version": version}).content.decode()
    assert Issue.objects.exists()
    assert client.post("/products/WEB/purge/", {"confirm": "1", "version": version}).url == "/products/"
    assert not Product.objects.exists() and not Issue.objects.exists()


@pytest.mark.parametrize("action", ["purge", "restore"])
def test_what_is_done_in_the_trash_leads_back_to_all_products(product, maintainer, action):
    version = trash_product(product, actor=maintainer, via="web").lock_version
    path = f"/products/WEB/{action}/"
    assert at(None).post(path, {"version": version}).url == "/accounts/login/?next=/products/"
    assert at(maintainer).get(path).url == "/products/"
    if action == "purge":
        stale = at(maintainer).post(path, {"confirm": "1", "version": version - 1}).content.decode()
        assert 'href="/products/"' in stale and 'href="/products/WEB/"' not in stale


def test_a_question_is_redacted(issues, maintainer, triager):
    ask(issues[0], actor=triager, via="web", requestee=maintainer, question="Is it 42?")
    question = issues[0].needinfos.get().pk
    action = f"/issues/WEB-1/questions/{question}/redact/"
    assert f'action="{action}"' not in at(triager).get("/issues/WEB-1/").content.decode()
    client = at(maintainer)
    assert f'action="{action}"' in client.get("/issues/WEB-1/").content.decode()
    assert at(triager).post(action, {"confirm": "1"}).status_code == 403
    assert "for good?" in client.post(action).content.decode()
    assert client.post(action, {"confirm": "1"}).url == f"/issues/WEB-1/#question-{question}"
    page = client.get("/issues/WEB-1/").content.decode()
    assert "Is it 42?" not in page and f'action="{action}"' not in page
    asked = " ".join(page.partition("asks you:")[2].partition("</p>")[0].split())
    assert "This text was redacted." in asked and page.count("This text was redacted.") == 2
