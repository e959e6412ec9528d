"""Changing an issue: what follows from what, who may, and what two people changing it at once get."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from history import log
from history.errors import Forbidden, Stale
from history.models import Event
from issues.models import Issue, IssueNumber, Status
from issues.services import (
    IssueRecord,
    create_issue,
    create_status,
    trash_issue,
    update_issue,
    update_status,
    write_batch,
)
from products.models import Component, Label, Milestone
from products.services import create_part, create_product, set_member, trash_product, update_part, update_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def other(administrator):
    return create_product(actor=administrator, via="web", key="API", title="API")


def change(issue, actor, **changes):
    return update_issue(issue, actor=actor, via="web", **changes)


def to(slug):
    return Status.objects.get(slug=slug)


def test_a_change_is_saved_and_recorded_once(issue, triager):
    fresh = change(issue, triager, title="Cart empties after sign-in", priority=3)
    assert (fresh.title, fresh.priority_slug, fresh.lock_version) == ("Cart empties after sign-in", "high", 2)
    event = Event.objects.get(issue=issue, number=2)
    assert (fresh.updated_by, fresh.updated_at) == (triager, event.at)
    assert {c.field: (c.before, c.after) for c in event.changes.all()} == {
        "title": ("Cart empties", "Cart empties after sign-in"),
        "priority": ("none", "high"),
    }


def test_what_does_not_differ_writes_nothing(issue, triager):
    fresh = change(issue, triager, title="Cart empties", labels=[], assignee=None)
    assert fresh.lock_version == 1
    assert Event.objects.filter(issue=issue).count() == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"status": "closed"}], ("closed", "fixed")),
        ([{"status": "closed", "resolution": "invalid"}], ("closed", "invalid")),
        ([{"status": "closed"}, {"resolution": "wont-do"}], ("closed", "wont-do")),
        ([{"status": "closed"}, {"status": "new"}], ("new", "")),
        ([{"status": "closed"}, {"status": "in-progress"}], ("in-progress", "")),
        ([{"status": "accepted"}, {"status": "closed"}, {"status": "accepted"}], ("accepted", "")),
    ],
)
def test_status_and_resolution_follow_one_another(issue, triager, steps, expected):
    for step in steps:
        issue = change(issue, triager, **{k: to(v) if k == "status" else v for k, v in step.items()})
    assert (issue.status.slug, issue.resolution) == expected
    assert (issue.closed_at is None) == (expected[0] != "closed")
    assert (issue.triaged_at is None) == (expected[0] == "new")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"resolution": "fixed"}, "resolution"), ({"status": "closed", "resolution": "duplicate"}, "duplicate_of")],
)
def test_what_does_not_fit_together_is_refused(issue, triager, changes, field):
    changes = {k: to(v) if k == "status" else v for k, v in changes.items()}
    with pytest.raises(ValidationError) as refused:
        change(issue, triager, **changes)
    assert set(refused.value.error_dict) == {field}


def test_a_duplicate_is_closed_and_reopening_forgets_it(issue, product, triager):
    original = create_issue(product, actor=triager, via="web", title="Cart is empty")
    twin = change(issue, triager, duplicate_of=original)
    assert (twin.status.slug, twin.resolution, twin.duplicate_of) == ("closed", "duplicate", original)
    again = change(twin, triager, status=to("new"))
    assert (again.resolution, again.duplicate_of, again.closed_at) == ("", None, None)


@pytest.mark.parametrize("field", ["parent", "duplicate_of"])
def test_no_issue_is_above_itself(issue, product, triager, field):
    middle = create_issue(product, actor=triager, via="web", title="Middle", **{field: issue})
    lowest = create_issue(product, actor=triager, via="web", title="Lowest", **{field: middle})
    for target in (issue, middle, lowest):
        with pytest.raises(ValidationError) as refused:
            change(issue, triager, **{field: target})
        assert set(refused.value.error_dict) == {field}


@pytest.mark.parametrize("how", ["update", "create"])
def test_a_status_whose_category_was_changed_meanwhile_is_what_it_is(issue, product, triager, administrator, how):
    status = create_status(actor=administrator, via="web", slug="done", name="Done", category="accepted")
    update_status(status, actor=administrator, via="web", category="closed")
    doing = {"actor": triager, "via": "web", "status": status}
    changed = update_issue(issue, **doing) if how == "update" else create_issue(product, title="New", **doing)
    assert (changed.is_open, changed.resolution) == (False, "fixed")


def test_what_has_become_its_child_meanwhile_is_not_above_it(issue, product, triager):
    other = create_issue(product, actor=triager, via="web", title="Other")
    read_before = Issue.objects.get(pk=issue.pk)
    update_issue(issue, actor=triager, via="web", parent=other)
    with pytest.raises(ValidationError):
        update_issue(other, actor=triager, via="web", parent=read_before)
    assert Issue.objects.get(pk=other.pk).parent is None


def test_a_circle_that_is_there_is_not_walked_for_ever(issue, product, triager):
    other, third = (create_issue(product, actor=triager, via="web", title=title) for title in ("Other", "Third"))
    Issue.objects.filter(pk=issue.pk).update(parent=other)
    Issue.objects.filter(pk=other.pk).update(parent=issue)
    with pytest.raises(ValidationError):
        update_issue(third, actor=triager, via="web", parent=issue)


def test_a_hidden_issue_cannot_be_pointed_to(issue, triager, administrator):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    hidden = create_issue(private, actor=administrator, via="web", title="Hidden")
    with pytest.raises(ValidationError) as refused:
        change(issue, triager, parent=hidden)
    assert refused.value.error_dict["parent"][0].code == "absent"


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"title": "Better"}, True),
        ({"description": "More"}, True),
        ({"status": "closed"}, True),
        ({"status": "closed", "resolution": "invalid"}, True),
        ({"priority": 2}, False),
        ({"severity": 2}, False),
        ({"status": "in-progress"}, False),
        ({"title": "Better", "priority": 2}, False),
    ],
)
def test_a_reporter_changes_the_text_and_state_of_their_own(issue, reporter, stranger, changes, allowed):
    changes = {k: to(v) if k == "status" else v for k, v in changes.items()}
    with pytest.raises(Forbidden):
        change(issue, stranger, **changes)
    if allowed:
        assert change(issue, reporter, **changes).lock_version == 2
    else:
        with pytest.raises(Forbidden):
            change(issue, reporter, **changes)
        assert Issue.objects.get(pk=issue.pk).lock_version == 1


def test_a_reporter_reopens_to_triage_and_nowhere_else(issue, reporter):
    change(issue, reporter, status=to("closed"))
    with pytest.raises(Forbidden):
        change(issue, reporter, status=to("in-progress"))
    assert change(issue, reporter, status=to("new")).status.slug == "new"


def test_two_people_changing_different_fields_both_win(issue, triager, maintainer):
    change(issue, triager, title="Better")
    change(issue, maintainer, priority=4)
    fresh = Issue.objects.get(pk=issue.pk)
    assert (fresh.title, fresh.priority) == ("Better", 4)


def test_the_version_one_saw_is_compared(issue, triager):
    change(issue, triager, expected_version=1, title="Better")
    with pytest.raises(Stale) as refused:
        change(issue, triager, expected_version=1, title="Worse")
    assert (refused.value.current.title, refused.value.current.lock_version) == ("Better", 2)


def test_only_active_people_who_see_it_are_assigned(issue, product, triager, administrator, stranger):
    update_product(product, actor=administrator, via="web", visibility="private")
    with pytest.raises(ValidationError) as refused:
        change(issue, triager, assignee=stranger)
    assert refused.value.error_dict["assignee"][0].code == "person"
    assert change(issue, triager, assignee=triager).assignee == triager


def test_archived_parts_stay_but_are_not_newly_chosen(issue, product, triager, maintainer):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    change(issue, triager, component=cart, labels=[label])
    cart, label = (update_part(part, actor=maintainer, via="web", archived=True) for part in (cart, label))
    assert change(issue, triager, title="Still", labels=[label]).component == cart
    second = create_issue(product, actor=triager, via="web", title="Two")
    for changes in ({"component": cart}, {"labels": [label]}):
        with pytest.raises(ValidationError):
            change(second, triager, **changes)


def test_a_move_gives_a_new_number_and_moving_back_the_old_one(issue, product, other, triager, administrator):
    set_member(other, triager, "triager", actor=administrator, via="web")
    create_issue(product, actor=triager, via="web", title="Two")
    change(issue, triager, status=to("accepted"))
    moved = change(issue, triager, product=other)
    assert (moved.key, moved.status.slug) == ("API-1", "new")
    assert change(moved, triager, product=product).key == "WEB-1"
    assert change(moved, triager, product=other).key == "API-1"
    assert IssueNumber.objects.filter(issue=issue).count() == 2
    assert create_issue(product, actor=triager, via="web", title="Three").number == 3


def test_an_issue_is_given_at_most_a_hundred_labels(api, product, issue, triager):
    labels = Label.objects.bulk_create([Label(product=product, name=f"label {number:03}") for number in range(103)])
    with pytest.raises(ValidationError) as refused:
        change(issue, triager, labels=labels[:101])
    assert refused.value.error_dict["labels"][0].code == "max_length"
    change(issue, triager, labels=labels[:100])
    body = {"ids": [issue.pk], "set": {"add_labels": [labels[100].name]}}
    told = api(triager).post("/api/v1/issues/bulk/", body).json()
    assert told["refused"] == [{"issue": "WEB-1", "code": "max_length"}]


def test_more_labels_that_an_import_has_brought_may_stay_and_go(api, product, triager):
    labels = Label.objects.bulk_create([Label(product=product, name=f"label {number:03}") for number in range(103)])
    write_batch([IssueRecord(product, {"title": "x", "labels": labels[:102]})], actor=None, via="import")
    client, path = api(triager), "/api/v1/issues/WEB-1/"
    read = client.get(path).json()
    assert client.patch(path, {**read, "title": "y"}).json()["labels"] == read["labels"]
    assert client.patch(path, {"labels": read["labels"][::-1]}).status_code == 200
    assert client.patch(path, {"labels": read["labels"][1:]}).status_code == 200
    issue = Issue.objects.get()
    with pytest.raises(ValidationError):
        change(issue, triager, labels=labels[:102])
    assert client.patch(path, {"labels": read["labels"]}).status_code == 400
    assert len(Issue.objects.get().label_list) == 101


@pytest.mark.parametrize(("here", "there"), [("Cart", "Cart"), ("Cart", "CART"), ("Été", "été")])
def test_a_move_keeps_parts_of_the_same_name(issue, product, other, administrator, here, there):
    for home, name in ((product, here), (other, there)):
        create_part(Component, product=home, actor=administrator, via="web", name=name)
    create_part(Label, product=product, actor=administrator, via="web", name="only here")
    site = create_part(Label, product=None, actor=administrator, via="web", name="security")
    labels = [*Label.objects.filter(product=product), site]
    change(issue, administrator, component=product.components.get(), labels=labels)
    moved = change(issue, administrator, product=other)
    assert (moved.component, moved.label_list) == (other.components.get(), [site])


def test_a_move_needs_rights_on_both_sides(issue, other, triager, administrator):
    other = update_product(other, actor=administrator, via="web", visibility="private")
    with pytest.raises(Forbidden):
        change(issue, triager, product=other)


@pytest.mark.parametrize(
    ("named", "refused"),
    [
        ({}, None),
        ({"severity": 2, "confidential": True}, None),
        ({"milestone": None, "due_on": None, "assignee": None, "severity": 0, "labels": []}, None),
        ({"status": "new"}, None),
        ({"status": "accepted"}, None),
        ({"status": "in-progress", "priority": 4, "title": "Better"}, "priority, status"),
        ({"status": "closed"}, "status"),
        ({"snoozed_until": datetime(2126, 1, 1, tzinfo=UTC)}, "snoozed_until"),
    ],
)
def test_a_move_sets_no_more_than_a_creation_there_would(issue, other, triager, administrator, named, refused):
    named = {field: to(value) if field == "status" else value for field, value in named.items()}
    milestone = create_part(Milestone, product=issue.product, actor=administrator, via="web", name="1.0")
    rest = {"assignee": triager, "due_on": date(2126, 1, 1), "milestone": milestone, "severity": 3}
    change(issue, triager, priority=3, status=to("accepted"), **rest)
    if refused is None:
        moved = change(issue, triager, product=other, **named)
        assert (moved.status.slug, moved.priority) == ("new", 3)
        assert all(getattr(moved, field) == value for field, value in named.items() if field in rest)
        return
    with pytest.raises(Forbidden) as error:
        change(issue, triager, product=other, **named)
    assert error.value.code == "field" and refused in str(error.value)
    set_member(other, triager, "triager", actor=administrator, via="web")
    assert change(issue, triager, product=other, **named).product == other


def test_a_move_may_clear_all_that_a_new_issue_is_without(issue, other, triager):
    change(issue, triager, priority=3, due_on=date(2126, 1, 1))
    moved = change(issue, triager, product=other, priority=0, due_on=None)
    assert (moved.key, moved.priority, moved.due_on) == ("API-1", 0, None)


@pytest.mark.parametrize(("named", "refused"), [("1.0 RC", False), ("2.0", True)])
def test_a_move_may_name_the_milestone_that_it_leads_to_by_itself(issue, other, triager, administrator, named, refused):
    here = create_part(Milestone, product=issue.product, actor=administrator, via="web", name="1.0 rc")
    there = create_part(Milestone, product=other, actor=administrator, via="web", name=named)
    change(issue, triager, milestone=here)
    if not refused:
        assert change(issue, triager, product=other, milestone=there).milestone == there
        return
    with pytest.raises(Forbidden) as error:
        change(issue, triager, product=other, milestone=there)
    assert "milestone" in str(error.value)


@pytest.mark.parametrize("slug", ["accepted", "in-progress", "new"])
def test_a_move_by_a_triager_of_both_leaves_the_status_that_they_name(issue, other, triager, administrator, slug):
    set_member(other, triager, "triager", actor=administrator, via="web")
    change(issue, triager, status=to("accepted"))
    assert change(issue, triager, product=other, status=to(slug)).status.slug == slug


def trash(other, administrator):
    trash_product(other, actor=administrator, via="web")


def hide(other, administrator):
    update_product(other, actor=administrator, via="web", visibility="private")


def archive(other, administrator):
    update_product(other, actor=administrator, via="web", archived=True)


@pytest.mark.parametrize(("do", "refusal"), [(trash, ValidationError), (hide, Forbidden), (archive, Forbidden)])
def test_a_move_asks_what_has_become_of_the_product_meanwhile(issue, other, triager, administrator, do, refusal):
    do(other, administrator)
    with pytest.raises(refusal) as refused:
        change(issue, triager, product=other)
    assert refusal is Forbidden or refused.value.error_dict["product"][0].code == "absent"
    assert Issue.objects.get(pk=issue.pk).key == "WEB-1"


def test_what_is_in_the_trash_does_not_change(issue, maintainer):
    trash_issue(issue, actor=maintainer, via="web")
    with pytest.raises(Issue.DoesNotExist):
        change(issue, maintainer, title="x")


def test_an_archived_product_refuses_every_change(issue, product, triager, reporter, administrator):
    update_product(product, actor=administrator, via="web", archived=True)
    for actor, changes in ((triager, {"priority": 1}), (reporter, {"title": "x"})):
        with pytest.raises(Forbidden) as refused:
            change(issue, actor, **changes)
        assert refused.value.code == "archived"


def test_the_log_replays_to_the_present(issue, triager):
    change(issue, triager, title="Better", priority=4, confidential=True)
    change(issue, triager, confidential=False, priority=0)
    assert log.replay("issue", issue.pk) == log.present(Issue.objects.get(pk=issue.pk))
