"""What is in a backup: every model, or a reason why it is not."""

import pytest
from django.apps import apps
from django.db import connection, models

from issuetracker.backup import lines, tables
from issuetracker.backup.errors import Unusable

SAVED = {
    "account.EmailAddress",
    "account.EmailConfirmation",
    "accounts.ApiToken",
    "accounts.IdempotencyRecord",
    "accounts.Invitation",
    "accounts.Letter",
    "accounts.User",
    "accounts.User_groups",
    "accounts.User_user_permissions",
    "admin.LogEntry",
    "auth.Group",
    "auth.Group_permissions",
    "auth.Permission",
    "contenttypes.ContentType",
    "history.Batch",
    "history.Change",
    "history.Event",
    "issues.Attachment",
    "issues.Comment",
    "issues.FittedWeights",
    "issues.FormerKey",
    "issues.Issue",
    "issues.IssueCounter",
    "issues.IssueLabel",
    "issues.IssueNumber",
    "issues.NeedInfo",
    "issues.Relation",
    "issues.SavedView",
    "issues.SavedViewPin",
    "issues.Status",
    "issues.Vote",
    "issues.Watch",
    "mfa.Authenticator",
    "products.Component",
    "products.Label",
    "products.Member",
    "products.Milestone",
    "products.Product",
    "products.ProductKey",
    "products.Version",
    "socialaccount.SocialAccount",
    "socialaccount.SocialApp",
    "socialaccount.SocialToken",
}


def test_every_model_is_saved_or_left_out_for_a_reason():
    every = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert every - SAVED - set(tables.LEFT_OUT) == set(), "decide: is it saved (here), or left out (tables.LEFT_OUT)?"
    assert {model._meta.label for model in tables.saved_models()} == SAVED
    assert set(tables.LEFT_OUT) <= every
    assert all(tables.LEFT_OUT.values())


@pytest.mark.parametrize("model", tables.saved_models(), ids=lambda model: model._meta.label)
def test_every_field_can_be_written_and_every_table_is_in_order(model):
    lines._check_kinds(model)
    # Ids are numbers: databases disagree about the order of texts.
    key = model._meta.pk.target_field if model._meta.pk.remote_field else model._meta.pk
    assert isinstance(key, models.IntegerField)


def test_a_field_of_another_kind_is_noticed(monkeypatch):
    monkeypatch.setattr(lines, "AS_THEY_ARE", lines.AS_THEY_ARE - {"JSONField"})
    with pytest.raises(Unusable, match=r"does not know how to write the field history\.Batch"):
        lines._check_kinds(apps.get_model("history.Batch"))


@pytest.mark.django_db
def test_a_freshly_migrated_database_is_empty_and_has_no_table_that_nobody_knows(django_db_blocker):
    assert tables.occupied() == {}
    assert tables.unknown_tables() == []


@pytest.mark.django_db
def test_a_table_of_an_app_that_was_switched_off_is_told_of():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE other_thing (id integer)")
    assert tables.unknown_tables() == ["other_thing"]


@pytest.mark.django_db
@pytest.mark.parametrize(("last", "continued"), [(0, 1), (40, 41), (None, 1)])
def test_ids_go_on_after_the_last_that_was_given(last, continued):
    group = apps.get_model("auth.Group")
    tables.go_on_after(group, last)
    assert tables.last_id(group) == (last or 0)
    assert group.objects.create(name="a").pk == continued
    tables.go_on_after(group, 0)
    assert group.objects.create(name="b").pk == continued + 1
