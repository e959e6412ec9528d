"""Filing an issue: what it gets, what it needs, and who may set what."""

import datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError

from history import log
from history.errors import Forbidden
from history.models import Batch, Event
from issues.models import Issue, IssueCounter, IssueNumber, Status
from issues.services import create_issue
from products.models import Component, Label, Milestone
from products.services import create_part, create_product, update_product


def status(slug):
    return Status.objects.get(slug=slug)


def part(model, product, maintainer, **fields):
    return create_part(model, product=product, actor=maintainer, via="web", **fields)


def test_an_issue_is_numbered_new_and_recorded(product, reporter):
    issue = create_issue(product, actor=reporter, via="api", title="Cart empties", description="After **login**.")
    assert issue.key == "WEB-1"
    assert (issue.status.slug, issue.type, issue.priority_slug, issue.severity_slug) == ("new", "bug", "none", "unset")
    assert (issue.author, issue.created_by, issue.source) == (reporter, reporter, "api")
    assert issue.description_html == "<p>After <strong>login</strong>.</p>\n"
    event = Event.objects.get(issue=issue)
    assert (event.kind, event.number, event.actor, event.batch.via) == ("created", 1, reporter, "api")
    assert IssueNumber.objects.get(issue=issue).number == 1


def test_refused_creates_leave_no_gap_and_no_trace(product, reporter):
    create_issue(product, actor=reporter, via="web", title="One")
    before = Batch.objects.count()
    for bad in ({"title": ""}, {"title": "x" * 501}, {"title": "x", "type": "riddle"}, {"title": "a\nb"}):
        with pytest.raises(ValidationError):
            create_issue(product, actor=reporter, via="web", **bad)
    assert Batch.objects.count() == before
    assert create_issue(product, actor=reporter, via="web", title="Two").number == 2
    assert IssueCounter.objects.get(product=product).last == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "nul\x00"}, "title"),
        ({"title": "\u200b"}, "title"),
        ({"title": " \u2060\ufe0f\u00ad\u3164\u2800\u3000"}, "title"),
        ({"title": "x", "description": "\ud800"}, "description"),
        ({"title": "x", "description": "é" * 32769}, "description"),
        ({"title": "x", "type": "riddle"}, "type"),
        ({"title": "x", "severity": 9}, "severity"),
        ({"title": "x", "owner": None}, "owner"),
    ],
)
def test_bad_input_names_the_field(product, reporter, fields, field):
    with pytest.raises(ValidationError) as refused:
        create_issue(product, actor=reporter, via="web", **fields)
    assert set(refused.value.error_dict) == {field}
    assert not Issue.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("priority", 3), ("assignee", "self"), ("due_on", datetime.date(2026, 1, 1)), ("status", "accepted")],
)
def test_a_reporter_may_not_set_what_needs_a_triager(product, reporter, triager, field, value):
    value = {"self": reporter, "accepted": status("accepted")}.get(value, value)
    with pytest.raises(Forbidden) as refused:
        create_issue(product, actor=reporter, via="web", title="x", **{field: value})
    assert refused.value.code == "field"
    assert field in refused.value.detail
    assert create_issue(product, actor=triager, via="web", title="x", **{field: value}).pk


@pytest.mark.parametrize(
    ("visibility", "who", "allowed"),
    [
        ("public", "anonymous", False),
        ("public", "stranger", True),
        ("internal", "stranger", True),
        ("private", "stranger", False),
        ("private", "viewer", False),
        ("private", "reporter", True),
    ],
)
def test_who_may_file(product, administrator, stranger, viewer, reporter, visibility, who, allowed):
    product = update_product(product, actor=administrator, via="web", visibility=visibility)
    person = {"anonymous": AnonymousUser(), "stranger": stranger, "viewer": viewer, "reporter": reporter}[who]
    if allowed:
        assert create_issue(product, actor=person, via="web", title="x").pk
    else:
        with pytest.raises(Forbidden):
            create_issue(product, actor=person, via="web", title="x")


def test_members_may_skip_triage(product, administrator, reporter, stranger):
    product = update_product(product, actor=administrator, via="web", members_skip_triage=True)
    member = create_issue(product, actor=reporter, via="web", title="x")
    assert (member.status.slug, member.triaged_at) == ("accepted", member.created_at)
    assert create_issue(product, actor=stranger, via="web", title="x").status.slug == "new"


def test_the_default_assignee_of_the_component_gets_it(product, maintainer, reporter, triager):
    cart = part(Component, product, maintainer, name="Cart", default_assignee=triager)
    assert create_issue(product, actor=reporter, via="web", title="x", component=cart).assignee == triager


def test_labels_of_one_group_exclude_one_another(product, maintainer, reporter):
    labels = [part(Label, product, maintainer, name=name) for name in ("os/mac", "os/linux", "a11y")]
    with pytest.raises(ValidationError) as refused:
        create_issue(product, actor=reporter, via="web", title="x", labels=labels)
    assert refused.value.error_dict["labels"][0].code == "exclusive"
    issue = create_issue(product, actor=reporter, via="web", title="x", labels=labels[1:])
    assert [label.name for label in Issue.objects.get(pk=issue.pk).label_list] == ["a11y", "os/linux"]


@pytest.mark.parametrize("model", [Component, Milestone])
def test_parts_of_another_product_are_refused(product, administrator, model):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    field = model._meta.model_name
    with pytest.raises(ValidationError) as refused:
        create_issue(
            product, actor=administrator, via="web", title="x", **{field: part(model, other, administrator, name="x")}
        )
    assert set(refused.value.error_dict) == {field}


def test_an_issue_may_be_created_closed(product, triager):
    issue = create_issue(product, actor=triager, via="web", title="x", status=status("closed"))
    assert (issue.resolution, issue.closed_at) == ("fixed", issue.created_at)
    twin = create_issue(product, actor=triager, via="web", title="x", duplicate_of=issue)
    assert (twin.status.slug, twin.resolution) == ("closed", "duplicate")
    assert log.replay("issue", twin.pk)["duplicate_of"] == {"id": issue.pk, "name": "WEB-1"}
