"""Similar issues and suggestions on pages: beside a report in triage, and while one writes a new one."""

import pytest

from issues.models import Issue, Status
from issues.services import create_issue, update_issue
from products.models import Component, Label
from products.services import create_part, create_product


@pytest.fixture
def known(product, maintainer, triager):
    """Three accepted issues about coupons, all of the component Cart, with a label."""
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    slow = create_part(Label, product=product, actor=maintainer, via="web", name="slow")
    accepted = Status.objects.get(slug="accepted")
    fields = {"component": cart, "labels": [slow], "assignee": triager, "severity": 3, "status": accepted}
    titles = ("Coupon is refused", "Coupon is refused twice", "Coupon is refused at night")
    return [create_issue(product, actor=triager, via="web", title=title, **fields) for title in titles]


@pytest.fixture
def report(product, known, reporter):
    return create_issue(product, actor=reporter, via="web", title="The coupon is refused")


def text(answer):
    return " ".join(answer.content.decode().split())


def test_beside_a_report_stands_what_is_like_it_and_what_its_fields_may_be(client, report, known, triager):
    client.force_login(triager)
    page = text(client.get("/triage/"))
    assert page.index("Coupon is refused</a>") and 'name="similar" value="WEB-1"' in page
    assert 'name="set_component"' in page and "3/3" in page


def test_what_was_suggested_is_taken_with_accept(client, report, known, triager):
    client.force_login(triager)
    cart, slow = Component.objects.get(), Label.objects.get()
    taken = {"set_component": cart.pk, "set_labels": [slow.pk], "set_assignee": "tom", "set_severity": "s2"}
    client.post("/issues/WEB-4/triage/", {"decision": "accept", **taken})
    fresh = Issue.objects.get(number=4)
    assert (fresh.component, fresh.label_list, fresh.assignee, fresh.severity) == (cart, [slow], triager, 3)


def test_one_of_the_similar_by_its_button(client, report, known, triager):
    client.force_login(triager)
    client.post("/issues/WEB-4/triage/", {"decision": "duplicate", "similar": "WEB-2", "duplicate_of": ""})
    assert Issue.objects.get(number=4).duplicate_of.number == 2


def test_while_a_title_is_written(client, known, reporter, triager):
    client.force_login(reporter)
    page = text(client.get("/issues/new/?product=WEB"))
    assert 'data-address="/issues/alike/?product=WEB"' in page and 'id="alike-vote"' in page
    listed = text(client.get("/issues/alike/?product=WEB&title=My coupon is refused"))
    assert "Coupon is refused" in listed and 'formaction="/issues/WEB-1/vote/"' in listed
    assert text(client.get("/issues/alike/?product=WEB&title=My")) == ""
    update_issue(known[0], actor=triager, via="web", confidential=True)
    assert "WEB-1/" not in text(client.get("/issues/alike/?product=WEB&title=My coupon is refused"))


def test_who_may_not(client, known, stranger, administrator):
    assert client.get("/issues/alike/?product=WEB&title=Coupon is refused").status_code == 302
    create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    client.force_login(stranger)
    assert client.get("/issues/alike/?product=SEC&title=Coupon is refused").status_code == 404
    assert client.get("/issues/alike/?title=Coupon is refused").status_code == 404
