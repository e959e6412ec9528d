"""Migrations run while the version before serves, and what that writes does not name the columns that are new."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

# The last ones that were written before the rule, named in docs/operations.md.
FREE = {"accounts": 6, "history": 8, "issues": 19, "products": 1}


def lacking(migration):
    """Return the columns that `migration` adds to a table of before, and that a row could not be without."""
    new = {one.name_lower for one in migration.operations if isinstance(one, migrations.CreateModel)}
    added = [one for one in migration.operations if isinstance(one, migrations.AddField)]
    return [
        f"{one.model_name_lower}.{one.name}"
        for one in added
        if one.model_name_lower not in new
        and not (one.field.null or one.field.many_to_many)
        and one.field.db_default is NOT_PROVIDED
    ]


def test_whoever_serves_meanwhile_can_write_rows():
    found = MigrationLoader(None).disk_migrations
    held = [one for (app, name), one in found.items() if app in FREE and int(name[:4]) > FREE[app]]
    assert {str(one): lacking(one) for one in held if lacking(one)} == {}


@pytest.mark.parametrize(
    ("field", "fits"),
    [
        (models.BooleanField(default=False), False),
        (models.BooleanField(default=False, db_default=False), True),
        (models.DateTimeField(null=True), True),
        (models.ManyToManyField("products.Label"), True),
    ],
)
def test_a_column_that_no_row_can_be_without_is_noticed(field, fits):
    migration = migrations.Migration("0099_new", "issues")
    migration.operations = [
        migrations.AddField("issue", "new", field),
        migrations.CreateModel("Other", []),
        migrations.AddField("other", "own", models.BooleanField()),
    ]
    assert lacking(migration) == ([] if fits else ["issue.new"])
