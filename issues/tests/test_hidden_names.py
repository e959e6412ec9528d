"""What the log names and its reader may not see: told nowhere, neither by page, by API nor in the administration."""

import re

import pytest
from django.urls import reverse

from accounts.services import create_user
from history.models import Event
from issues.models import Issue
from issues.services import add_comment, create_issue, decide, relate, trash_comment, undo, update_issue
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product, update_product

SECRETS = ("TOPSECRET", "TopComponent", "TopMilestone", "TopVersion", "TopLabel")


@pytest.fixture
def moved(product, administrator):
    """WEB-1, which was TOPSECRET-2 in a private product and had all that is secret there."""
    secret = create_product(actor=administrator, via="web", key="TOPSECRET", title="Private", visibility="private")
    made = {"product": secret, "actor": administrator, "via": "web"}
    label = create_part(Label, name="TopLabel", **made)
    fields = {
        "component": create_part(Component, name="TopComponent", **made),
        "milestone": create_part(Milestone, name="TopMilestone", **made),
        "version": create_part(Version, name="TopVersion", **made),
    }
    first = create_issue(secret, actor=administrator, via="web", title="First")
    issue = create_issue(secret, actor=administrator, via="web", title="Leak")
    update_issue(issue, actor=administrator, via="web", labels=[label], parent=first, **fields)
    own = create_part(Label, product=product, actor=administrator, via="web", name="cart")
    moved = update_issue(issue, actor=administrator, via="web", product=product)
    return update_issue(moved, actor=administrator, via="web", labels=[own])


def test_the_page_names_what_its_reader_sees(client, moved, administrator, reporter):
    client.force_login(administrator)
    page = client.get(moved.get_absolute_url()).content.decode()
    assert [name for name in SECRETS if f"<b>{name}</b>" in page] == list(SECRETS)
    client.force_login(reporter)
    page = client.get(moved.get_absolute_url()).content.decode()
    assert [name for name in SECRETS if name in page] == []
    for said in ("moved it to another product", "changed the component", "changed the labels"):
        assert said in page
    assert "added the label <b>cart</b>" in page


def test_the_api_tells_null(api, moved, administrator, reporter):
    told = api(administrator).get("/api/v1/issues/WEB-1/events/").json()["results"]
    assert told[2]["changes"]["product"] == ["TOPSECRET", "WEB"]
    assert told[2]["changes"]["number"] == [2, 1]
    answer = api(reporter).get("/api/v1/issues/WEB-1/events/")
    assert [name for name in SECRETS if name in answer.content.decode()] == []
    created, changed, moving, labelled = (event["changes"] for event in answer.json()["results"])
    assert (created["product"], created["number"]) == ([None, None], [None, None])
    assert changed["component"] == [None, None]
    assert (moving["product"], moving["number"]) == ([None, "WEB"], [None, 1])
    assert labelled["labels"][1] == ["cart"]


def test_a_page_offers_no_move_back_into_what_is_hidden(client, moved, triager):
    client.force_login(triager)
    batch = Event.objects.get(kind="moved").batch_id
    assert f"/batches/{batch}/undo/" not in client.get(moved.get_absolute_url()).content.decode()


def test_the_product_page_names_nothing_hidden(client, moved, administrator, reporter):
    update_issue(moved, actor=administrator, via="web", duplicate_of=moved.parent)
    client.force_login(reporter)
    page = client.get("/products/WEB/").content.decode()
    assert "changed the original" in page
    assert [name for name in SECRETS if name in page] == []


def test_staff_see_no_more_in_the_administration(client, moved, administrator):
    staff = create_user(actor=None, via="web", username="stan", is_staff=True)
    client.force_login(staff)
    for event in Event.objects.filter(issue=moved):
        page = client.get(reverse("admin:history_event_change", args=[event.pk]))
        assert page.status_code == 200
        assert [name for name in SECRETS if name in page.content.decode()] == []
    client.force_login(administrator)
    page = client.get(reverse("admin:history_event_change", args=[Event.objects.get(kind="moved").pk]))
    assert "TopComponent" in page.content.decode()


def test_a_list_that_an_issue_was_opened_from_does_not_name_a_hidden_product(product, triager, administrator, client):
    create_product(actor=administrator, via="web", key="TOPSECRET", title="Takeover of Acme", visibility="private")
    create_issue(product, actor=triager, via="web", title="one")
    path = {"path": "/issues/WEB-1/", "data": {"list": "in=TOPSECRET&q=is:open"}}
    assert "Takeover" not in client.get(**path).content.decode()
    client.force_login(administrator)
    assert "Takeover" in client.get(**path).content.decode()


@pytest.mark.parametrize("link", ["relates", "parent", "duplicate_of"])
def test_what_points_to_it_tells_the_key_that_it_has(client, product, administrator, link):
    secret = create_product(actor=administrator, via="web", key="TOPSECRET", title="Private", visibility="private")
    there = create_issue(secret, actor=administrator, via="web", title="There")
    here = create_issue(product, actor=administrator, via="web", title="Here")
    if link == "relates":
        relate(here, actor=administrator, via="web", kind=link, other=there)
    else:
        update_issue(here, actor=administrator, via="web", **{link: there})
    update_issue(there, actor=administrator, via="web", product=product)
    page = client.get(here.get_absolute_url()).content.decode()
    assert "<b>WEB-2</b>" in page and "TOPSECRET" not in page
    assert "TOPSECRET" not in client.get("/products/WEB/").content.decode()


def test_an_undo_tells_nothing_of_a_duplicate_that_is_hidden(product, administrator, triager):
    secret = create_product(actor=administrator, via="web", key="TOPSECRET", title="Private", visibility="private")
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    report, original = (
        create_issue(product, actor=triager, via="web", title=title) for title in ("Report", "Original")
    )
    update_issue(hidden, actor=administrator, via="web", duplicate_of=report)
    merged = decide(report, "duplicate", actor=triager, via="web", duplicate_of=original)
    update_issue(Issue.objects.get(pk=hidden.pk), actor=administrator, via="web", duplicate_of=None, resolution="fixed")
    undone = undo(merged.batch, actor=triager, via="web")
    assert undone.left_alone == [] and Issue.objects.get(pk=report.pk).duplicate_of is None
    assert Issue.objects.get(pk=hidden.pk).duplicate_of is None


def test_what_is_internal_is_told_in_the_archive_as_well(client, product, maintainer, triager):
    issue = create_issue(product, actor=triager, via="web", title="Cart")
    comment = add_comment(issue, actor=triager, via="web", body="Between us", internal=True)
    other = add_comment(issue, actor=triager, via="web", body="And this", internal=True)
    trash_comment(other, actor=maintainer, via="web")
    client.force_login(triager)
    before = client.get("/issues/WEB-1/").content.decode()
    assert "moved a comment to the trash" in before
    update_product(product, actor=maintainer, via="web", archived=True)
    page = client.get("/issues/WEB-1/").content.decode()
    assert "moved a comment to the trash" in page
    (since,) = re.findall(r'data-mark="([^"]*)"', page)
    trash_comment(comment, actor=maintainer, via="web")
    headers = {"X-Fragment": "issue"}
    assert client.get(f"/issues/WEB-1/?since={since}", headers=headers).status_code == 200
