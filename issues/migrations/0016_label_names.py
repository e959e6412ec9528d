"""A label that is renamed changes the version of all names, too: issues tell their labels by name.

None that an issue has is deleted. What 0015 says of later migrations holds for this trigger as well.
"""

from importlib import import_module

from django.db import migrations

before = import_module("issues.migrations.0015_namesversion")

NAMES = {"products_label": ("name",)}
TRIGGER = {
    "trigger": "names_update_products_label",
    "event": "update",
    "table": "products_label",
    "condition": "WHEN (OLD.name <> NEW.name)",
}


def watch(apps, schema_editor):
    statement = before.ON_POSTGRESQL if schema_editor.connection.vendor == "postgresql" else before.ON_SQLITE
    schema_editor.execute(statement.format(**TRIGGER))


def ignore(apps, schema_editor):
    of_table = " ON products_label" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER {TRIGGER['trigger']}{of_table}")


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial"), ("issues", "0015_namesversion")]

    operations = [migrations.RunPython(watch, ignore)]
