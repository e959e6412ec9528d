"""What the forms of an issue's page share: they keep the list, ask before the irreversible, and show what is wrong."""

import re
from contextvars import Context

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from history.models import Batch, Event
from issues.choices import Priority, Severity
from issues.models import Comment
from issues.services import add_comment, create_issue, trash_issue, update_issue
from products.models import Label
from products.services import create_part

LIST = "in=WEB&q=is%3Aopen"


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After login.")


def post(user, name, issue, /, *args, **data):
    client = Client()
    client.force_login(user)
    return client.post(reverse(name, args=[issue.key, *args]), data)


def test_the_list_is_kept(issue, triager):
    client = Client()
    client.force_login(triager)
    page = client.get("/issues/WEB-1/", {"list": LIST}).content.decode()
    forms = re.findall(r'method="post"[^>]* action="/issues/', page)
    assert page.count('name="list" value="in=WEB&amp;q=is%3Aopen"') == len(forms) > 10
    kept = "/issues/WEB-1/?list=in%3DWEB%26q%3Dis%253Aopen"
    assert post(triager, "issue-set", issue, priority="high", list=LIST).url == f"{kept}#fields"
    assert post(triager, "comment-add", issue, body="Seen.", list=LIST).url.startswith(f"{kept}#comment-")
    assert f'href="{kept}"' in client.get("/issues/WEB-1/edit/", {"list": LIST}).content.decode()


@pytest.mark.parametrize("field", ["title", "description"])
def test_blanking_asks_once(issue, maintainer, field):
    before = Event.objects.count()
    page = post(maintainer, "issue-redact", issue, field=field).content.decode()
    assert f"Blank the {field} of WEB-1 for good?" in page
    assert f'name="field" value="{field}"' in page
    assert Event.objects.count() == before
    assert post(maintainer, "issue-redact", issue, field=field, confirm="1").status_code == 302
    assert Event.objects.count() == before + 1


def test_blanking_a_comment_and_deleting_for_good_ask_once(issue, maintainer, triager):
    comment = add_comment(issue, actor=triager, via="web", body="A secret")
    assert "for good?" in post(maintainer, "comment-redact", issue, comment.pk).content.decode()
    assert Comment.objects.get().body == "A secret"
    post(maintainer, "comment-redact", issue, comment.pk, confirm="1")
    assert Comment.objects.get().body == ""
    trash_issue(issue, actor=maintainer, via="web")
    assert "Delete WEB-1 for good?" in post(maintainer, "issue-purge", issue).content.decode()
    assert post(triager, "issue-purge", issue).status_code == 404


def test_nobody_is_asked_about_what_they_may_not_do(issue, triager):
    assert post(triager, "issue-redact", issue, field="title").status_code == 403


@pytest.mark.parametrize("place", ["set/", "comments/", "relations/", "redact/", "trash/"])
def test_the_address_of_a_form_leads_to_its_page(issue, triager, place):
    client = Client()
    assert client.post(f"/issues/WEB-1/{place}").url == "/accounts/login/?next=/issues/WEB-1/"
    client.force_login(triager)
    assert client.get(f"/issues/WEB-1/{place}").url == "/issues/WEB-1/"
    answer = client.put(f"/issues/WEB-1/{place}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert "This cannot be done here" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"assignee": "nobody.knows"}, 'value="nobody.knows"'),
        ({"parent": "WEB-99"}, 'value="WEB-99"'),
        ({"duplicate_of": "WEB-98"}, 'value="WEB-98"'),
        ({"product": "NOT"}, 'value="NOT"'),
        ({"snoozed_until": "2001-02-30T10:00"}, 'value="2001-02-30T10:00"'),
    ],
)
def test_what_was_wrong_stays_to_be_mended(issue, triager, data, shown):
    page = post(triager, "issue-set", issue, **data).content.decode()
    name = next(iter(data))
    assert shown in page
    assert f'aria-describedby="set-{name}-error"' in page
    assert f'id="set-{name}-error"' in page
    assert f'<a href="#set-{name}">' in page
    assert re.search(r"<details class=.menu.[^>]* open>", page)


def test_labels_that_exclude_one_another_stay_ticked_to_be_mended(issue, product, maintainer, triager):
    names = ("area/db", "area/ui", "crash", "help")
    rows = [create_part(Label, product=product, actor=maintainer, via="web", name=name) for name in names]
    update_issue(issue, actor=triager, via="web", labels=rows[3:])
    answer = post(triager, "issue-set", issue, with_labels="1", labels=[row.pk for row in rows[:3]])
    page = answer.content.decode()
    boxes = dict(re.findall(r'name="labels" value="(\d+)"(.*?)>', page))
    assert answer.status_code == 400
    assert [pk for pk, rest in boxes.items() if "checked" in rest] == [str(row.pk) for row in rows[:3]]
    assert re.search(r'<details class="menu" data-action="labels" open>', page)
    assert '<a href="#set-labels_0">' in page and page.count('id="set-labels_0"') == 1
    assert 'aria-describedby="set-labels-error" autofocus' in page
    assert page.count('id="set-labels-error"') == 1


def test_an_empty_comment_has_the_focus_and_a_link_to_it(issue, triager):
    page = post(triager, "comment-add", issue, body=" ").content.decode()
    assert '<a href="#comment-body">' in page
    assert 'aria-describedby="comment-error" autofocus' in page


def test_an_unknown_filter_is_named(issue, triager):
    client = Client()
    client.force_login(triager)
    page = client.get("/issues/", {"nonsense": "1"}).content.decode()
    assert "<b>nonsense</b>: There is no such filter." in page
    assert "Cart empties" in page


def test_the_place_in_the_list_is_told(issue, triager, reporter):
    create_issue(issue.product, actor=reporter, via="web", title="Two")
    client = Client()
    client.force_login(triager)
    assert "2 of 2" in client.get("/issues/WEB-1/", {"list": LIST}).content.decode()


def test_without_a_product_whoever_may_makes_the_first(administrator, stranger):
    for user, offered in ((administrator, True), (stranger, False)):
        client = Client()
        client.force_login(user)
        page = client.get("/issues/new/").content.decode()
        assert ('href="/products/new/"' in page, "Ask an administrator" in page) == (offered, not offered)


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)])
def test_no_undo_of_what_somebody_else_does_in_the_same_moment(issue, triager, maintainer, monkeypatch, before, after):
    """They set it just before, so that nothing is left to change, or do something else just after."""

    def elsewhere(**changes):
        Context().run(update_issue, issue, actor=maintainer, via="web", **changes)

    def update(found, **options):
        if before:
            elsewhere(priority=Priority.HIGH)
        fresh = update_issue(found, **options)
        if after:
            elsewhere(severity=Severity.S1)
        return fresh

    monkeypatch.setattr("issues.services.update_issue", update)
    answer = post(triager, "issue-set", issue, priority="high")
    told = [message.extra_tags for message in get_messages(answer.wsgi_request)]
    own = [f"undo-{batch.pk}" for batch in Batch.objects.filter(actor=triager)]
    assert told == own
    assert len(own) == after
