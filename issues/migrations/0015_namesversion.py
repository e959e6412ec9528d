"""A version of all names that answers tell, changed by the database with any of them.

A later migration that alters one of these columns has to make the trigger of its table anew: PostgreSQL refuses before
that is dropped, and SQLite drops it with any change of the table. The tests of names tell where one is gone.
"""

from uuid import uuid4

from django.db import migrations, models

# Of each table, what answers tell of its rows wherever those are referred to.
NAMES = {
    "accounts_user": ("username", "display_name"),
    "products_product": ("key",),
    "products_component": ("name",),
    "products_milestone": ("name",),
    "products_version": ("name",),
    "issues_status": ("slug", "category"),
}
POSTGRESQL = """
CREATE FUNCTION issues_names_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE issues_namesversion SET version = gen_random_uuid()::text; RETURN NULL; END $$
"""
ON_POSTGRESQL = """
CREATE TRIGGER issues_names_changed AFTER UPDATE ON {table} FOR EACH ROW
WHEN ({changed}) EXECUTE FUNCTION issues_names_changed()
"""
ON_SQLITE = """
CREATE TRIGGER issues_names_changed_{table} AFTER UPDATE ON {table} FOR EACH ROW
WHEN {changed} BEGIN UPDATE issues_namesversion SET version = lower(hex(randomblob(16))); END
"""


def seed(apps, schema_editor):
    apps.get_model("issues", "NamesVersion").objects.create(version=uuid4())


def watch(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(POSTGRESQL)
    statement, differs = (ON_POSTGRESQL, "IS DISTINCT FROM") if is_postgresql else (ON_SQLITE, "IS NOT")
    for table, columns in NAMES.items():
        changed = " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)
        schema_editor.execute(statement.format(table=table, changed=changed))


def ignore(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in NAMES:
        name = f"issues_names_changed ON {table}" if is_postgresql else f"issues_names_changed_{table}"
        schema_editor.execute(f"DROP TRIGGER {name}")
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION issues_names_changed()")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_idempotency_record"),
        ("products", "0001_initial"),
        ("issues", "0014_open_product_assignee"),
    ]

    operations = [
        migrations.CreateModel(
            name="NamesVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=36)),
            ],
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(watch, ignore),
    ]
