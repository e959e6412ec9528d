"""The fast way of reading tells what the serializer tells, and leans on the compiler as it is."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import F, IntegerField
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from issues import reading, services
from issues.api.serializers import IssueRowSerializer, IssueSerializer
from issues.api.views import issue_rows
from issues.models import Issue, Severity, Status
from issuetracker.prepared import Among, ListSlot, Prepared, Slot
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product, trash_product, update_part


@pytest.fixture
def issues(product, maintainer, triager, reporter):
    """Issues with every field filled, with none, closed as duplicate, and with links that not all may see."""

    def part(model, name):
        return create_part(model, product=product, actor=maintainer, via="web", name=name)

    def create(title, **fields):
        return services.create_issue(product, actor=triager, via="api", title=title, **fields)

    hidden = create("hidden", confidential=True)
    full = create(
        "full <b>",
        description="*text*",
        type="task",
        priority=3,
        severity=Severity.S2,
        component=part(Component, "Cart"),
        milestone=part(Milestone, "1"),
        version=part(Version, "2"),
        labels=[part(Label, "b"), part(Label, "A")],
        assignee=reporter,
        parent=hidden,
        due_on="2026-05-01",
        snoozed_until=datetime(2026, 5, 1, 10, 0, 0, 123456, tzinfo=UTC),
    )
    services.add_comment(full, actor=reporter, via="web", body="said")
    closed = create("closed", status=Status.objects.get(slug="closed"))
    services.update_issue(closed, actor=triager, via="web", duplicate_of=hidden)
    services.update_issue(create("plain"), actor=reporter.__class__.objects.get(username="mia"), via="web", parent=full)


def told(serializer, row, user):
    request = APIRequestFactory().get("/")
    request.user = user
    return JSONRenderer().render(serializer(row, context={"request": request}).data)


@pytest.mark.parametrize("name", ["triager", "stranger", None])
def test_what_is_read_is_what_the_serializer_says(issues, request, name):
    user = request.getfixturevalue(name) if name else AnonymousUser()
    rows = list(issue_rows().visible_to(user))
    assert len(rows) == (4 if name == "triager" else 3)
    ids = [row.pk for row in rows]
    short, long = reading.read_ids(ids, user), reading.read_ids(ids, user, described=True)
    for row in rows:
        one = reading.read_key(user, row.product.key, row.number)
        assert JSONRenderer().render(reading.represent(one, user)) == told(IssueSerializer, row, user)
        assert JSONRenderer().render(reading.represent(long[row.pk], user)) == told(IssueRowSerializer, row, user)
        brief = reading.represent(long[row.pk], user)
        del brief["description"]
        assert reading.represent(short[row.pk], user) == brief


def test_what_is_hidden_is_not_read(issues, stranger, product, administrator):
    assert reading.read_key(stranger, "WEB", 1) is None
    assert reading.read_key(administrator, "WEB", 99) is None
    assert reading.read_key(administrator, "APP", 1) is None
    services.trash_issue(Issue.objects.get(number=2), actor=administrator, via="web")
    assert reading.read_key(administrator, "WEB", 2) is None


def test_what_is_in_the_trash_is_not_pointed_to(issues, product, administrator):
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    elsewhere = services.create_issue(other, actor=administrator, via="web", title="elsewhere")
    closed = Issue.objects.get(title="closed")
    services.update_issue(closed, actor=administrator, via="web", parent=elsewhere)

    def links():
        told = reading.represent(reading.read_key(administrator, "WEB", closed.number), administrator)
        return told["parent"], told["duplicate_of"]

    assert links() == ("OPS-1", "WEB-1")
    services.trash_issue(Issue.objects.get(title="hidden"), actor=administrator, via="web")
    assert links() == ("OPS-1", None)
    trash_product(other, actor=administrator, via="web")
    assert links() == (None, None)


def test_a_name_that_changes_makes_another_etag_and_no_conflict(issues, api, triager, maintainer):
    client = api(triager)
    before = client.get("/api/v1/issues/WEB-2/")
    assert client.get("/api/v1/issues/WEB-2/", HTTP_IF_NONE_MATCH=before["ETag"]).status_code == 304
    update_part(Component.objects.get(), actor=maintainer, via="web", name="Basket")
    after = client.get("/api/v1/issues/WEB-2/", HTTP_IF_NONE_MATCH=before["ETag"])
    assert (after.status_code, after.json()["component"]) == (200, "Basket")
    assert after["ETag"] != before["ETag"]
    changed = client.patch("/api/v1/issues/WEB-2/", {"type": "bug"}, HTTP_IF_MATCH=before["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] == client.get("/api/v1/issues/WEB-2/")["ETag"]


@pytest.mark.traced
def test_a_queryset_is_compiled_once_and_runs_with_new_values(issues, django_assert_num_queries):
    def build():
        place = Among(F("pk"), ListSlot("ids", IntegerField()))
        return Issue.objects.filter(place, number__gte=Slot("from", IntegerField())).order_by("number")

    prepared = Prepared(("number", "confidential", "created_at", "product__key"), build)
    ids = list(Issue.objects.order_by("number").values_list("pk", flat=True))
    assert [row["number"] for row in prepared.rows(ids=ids, **{"from": 2})] == [2, 3, 4]
    compiled = prepared._compiled
    with django_assert_num_queries(1):
        rows = prepared.rows(ids=ids[:2], **{"from": 1})
    assert prepared._compiled is compiled
    assert [row["confidential"] for row in rows] == [True, False]
    assert rows == list(Issue.objects.filter(pk__in=ids[:2]).order_by("number").values(*prepared.names))
    assert prepared.rows(ids=[], **{"from": 1}) == []
    assert prepared.first(ids=[], **{"from": 1}) is None
