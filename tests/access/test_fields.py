"""Every field of every model sent to every route that writes: nothing changes that should not.

What a route writes with what it takes is compared to what it writes when all other fields are sent along: both must
leave the same rows, or the second none.
"""

import re
from dataclasses import replace

import pytest
from django import forms
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction

from accounts.forms import ProfileForm, TokenForm
from issues.forms import CommentForm, DecisionForm, IssueForm, RelationForm, ViewForm
from issues.setting.choosing import ManyForm
from products.forms import ComponentForm, LabelForm, MemberForm, MilestoneForm, ProductForm, VersionForm
from tests.access import test_matrix as matrix
from tests.access.routes import ROUTES

# Which fields are read is the same whatever the database.
pytestmark = pytest.mark.once
OURS = ("accounts", "history", "products", "issues")
# Whatever a clock or a counter gives.
UNLIKE = ("digest", "prefix", "about_id", "batch_id", "event_id", "state", "token", "ends_at")
NOW = re.compile(r"\d{4}-\d\d-\d\d[tT][\d:]{8}\.\d{6}\+00:00")
# The version of all names is random.
CHANCE = ("NamesVersion",)
MOVING = (models.DateTimeField, models.AutoField, models.BigAutoField)
FORMS = (
    *(ProfileForm, TokenForm, CommentForm, DecisionForm, IssueForm, RelationForm, ViewForm, ManyForm),
    *(ComponentForm, LabelForm, MemberForm, MilestoneForm, ProductForm, VersionForm),
)
# Which forms are read where, beside what is sent in any case.
TAKEN = {
    "issue-new": IssueForm,
    "issue-edit": IssueForm,
    "issue-set": IssueForm,
    "issue-decide": DecisionForm,
    "issue-bulk": ManyForm,
    "comment-add": CommentForm,
    "issue-relate": RelationForm,
    "profile": ProfileForm,
    "tokens": TokenForm,
    "view-new": ViewForm,
    "view-edit": ViewForm,
    "product-new": ProductForm,
    "product-settings": ProductForm,
    "product-members": MemberForm,
    "product-components": ComponentForm,
    "product-milestones": MilestoneForm,
    "product-versions": VersionForm,
    "product-labels": LabelForm,
    "edit-components": ComponentForm,
    "edit-milestones": MilestoneForm,
    "edit-versions": VersionForm,
    "edit-labels": LabelForm,
}
# What else these routes take.
ALSO = {
    "view-save": {"query", "columns", "group"},
    "view-pin": {"pinned"},
    "issue-watch": {"wanted"},
    "issue-vote": {"wanted"},
    "comment-add": {"then"},
    "feed-address": {"view", "product", "q"},
    "product-archive": {"archived"},
    "issue-edit": {"version"},
}
POISON = {
    models.BooleanField: "on",
    models.DateTimeField: "2020-01-01T00:00",
    models.DateField: "2020-01-01",
    models.JSONField: '["admin"]',
    models.ForeignKey: "1",
}
FORM_ROUTES = [
    name
    for name, route in ROUTES.items()
    if not name.startswith("api-") and route.post not in ("", "nobody", "open") and name not in ("password_change",)
]
API_ROUTES = [
    (name, method)
    for name, route in ROUTES.items()
    for method, needed in route.methods.items()
    if name.startswith("api-") and method in ("post", "put", "patch") and needed != "nobody" and not route.reads
]


def names_of_fields():
    """Return `{name: what is sent for it}` of each field of each model of ours, by both of its names."""
    found = {}
    for model in models_of_ours():
        for one in model._meta.concrete_fields:
            value = next((text for kind, text in POISON.items() if isinstance(one, kind)), "1")
            found |= {one.name: value, one.attname: value}
    return found


def models_of_ours():
    found = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    return [model for model in found if model.__name__ not in CHANCE]


def rows():
    """Return all rows of ours, without what a clock or a counter gives."""
    told = {}
    for model in models_of_ours():
        names = [field.attname for field in model._meta.concrete_fields if not isinstance(field, MOVING)]
        names = [name for name in names if name not in UNLIKE]
        told[model.__name__] = sorted(NOW.sub("now", repr(row)) for row in model._base_manager.values_list(*names))
    return told


def number_anew():
    """Let new rows get the ids that follow the present ones, where what is rolled back uses up ids (PostgreSQL)."""
    statements = connection.ops.sequence_reset_sql(no_style(), models_of_ours())
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("".join(statements))


def sent(world, reader, name, method, more, api):
    """Return the status of a request with `more` in its body, and the rows that it leaves; then all is as it was."""
    values = matrix.asked_of(world, name, "public", reader)
    body = {**more, **matrix.body_of(name, values)}
    options = {"content_type": "application/json"} if api and not ROUTES[name].file else {}
    headers = {"HTTP_IF_MATCH": "*"} if name.endswith("-purge") else {}
    number_anew()
    with transaction.atomic():
        path = matrix.address(name, values)
        answer = getattr(world.client(reader), method)(path, body, **options, **headers)
        left = rows()
        transaction.set_rollback(True)
    return answer, left


def check(world, reader, name, method, more, api):
    """Assert that `more` in the body changes nothing."""
    before = rows()
    plain, usual = sent(world, reader, name, method, {}, api)
    answer, left = sent(world, reader, name, method, more, api)
    assert answer.status_code < 500, (name, method, reader)
    allowed = (before, usual) if plain.status_code < 400 else (before,)
    different = [model for model in before if all(left[model] != other[model] for other in allowed)]
    assert different == [], (
        name,
        method,
        reader,
        answer.status_code,
        [(model, sorted(set(left[model]) - set(usual[model]))[:2]) for model in different],
    )


@pytest.mark.parametrize("name", FORM_ROUTES)
@pytest.mark.parametrize("reader", [pytest.param("reporter", marks=pytest.mark.lasting), "maintainer"])
@pytest.mark.untraced
def test_forms_take_what_they_show_alone(world, reader, name):
    form = TAKEN.get(name)
    taken = {*(form.base_fields if form else ()), *ALSO.get(name, ()), "version"}
    more = {field: value for field, value in names_of_fields().items() if field not in taken}
    check(world, reader, name, "post", more, api=False)


@pytest.mark.parametrize(("name", "method"), API_ROUTES)
@pytest.mark.untraced
def test_the_api_refuses_what_it_does_not_take(world, name, method):
    more = {field: value for field, value in names_of_fields().items() if field not in ROUTES[name].body}
    check(world, "maintainer", name, method, more, api=True)


# The fields of an own model, one by one: of many at once the first that is wrong would hide the others.
ONE_BY_ONE = {
    "api-issue-detail": "Issue",
    "api-issue-comment-detail": "Comment",
    "api-product-detail": "Product",
    "api-component-detail": "Component",
    "api-label-detail": "Label",
    "api-milestone-detail": "Milestone",
    "api-version-detail": "Version",
    "api-member-detail": "Member",
    "api-view-detail": "SavedView",
    "api-me": "User",
}
# What clients may set; all else of the model they may not.
SET_BY_CLIENTS = {
    "Issue": {
        *("title", "description", "type", "status", "resolution", "priority", "severity", "component", "milestone"),
        *("version", "assignee", "due_on", "parent", "duplicate_of", "confidential", "snoozed_until", "product"),
    },
    "Comment": {"body"},
    "Product": {"key", "title", "description", "owner", "visibility", "members_skip_triage", "triage_days"},
    "Component": {"name", "description", "triage_owner", "default_assignee"},
    "Label": {"name", "description", "colour"},
    "Milestone": {"name", "due_on", "state"},
    "Version": {"name"},
    "Member": {"role"},
    "SavedView": {"name", "product", "query", "columns", "group", "shared", "is_default"},
    "User": {"display_name", "email", "time_zone", "theme", "single_key_shortcuts"},
}
VALUES = (1, True, "2020-01-01T00:00:00Z", "ada", ["admin"])


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.untraced
def test_each_other_field_is_refused_by_itself(world, name):
    model = next(one for one in models_of_ours() if one.__name__ == ONE_BY_ONE[name])
    names = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    path = matrix.address(name, matrix.asked_of(world, name, "public", "maintainer"))
    client, before = world.client("maintainer"), rows()
    for field in sorted(names - SET_BY_CLIENTS[model.__name__]):
        for value in VALUES:
            answer = client.patch(path, {field: value}, content_type="application/json")
            assert answer.status_code in (200, 400), (field, value)
        # What a client has got may be sent back, and changes nothing.
        assert rows() == before, field


def test_a_field_too_many_is_found(world, monkeypatch):
    class Careless(ProfileForm):
        is_superuser = forms.BooleanField(required=False)

        def changes(self):
            return {"is_superuser": self.cleaned_data["is_superuser"]}

    monkeypatch.setattr("accounts.views.ProfileForm", Careless)
    monkeypatch.setattr("accounts.services.people.authorize_fields", lambda *about: None)
    profile = {"display_name": "R", "time_zone": "UTC", "theme": "dark", "lock_version": "1"}
    monkeypatch.setitem(ROUTES, "profile", replace(ROUTES["profile"], body=profile))
    with pytest.raises(AssertionError, match="User"):
        check(world, "reporter", "profile", "post", {"is_superuser": "on"}, api=False)


def test_every_form_is_known():
    assert {*FORMS} == {*TAKEN.values()}
