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
# Once a transaction, whose number it holds, and in a row that no other one holds: who renames waits for nobody who does.
POSTGRESQL = """
CREATE FUNCTION issues_names_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE number text := pg_current_xact_id() || '-';
BEGIN
  IF EXISTS (SELECT FROM issues_namesversion WHERE starts_with(version, number)) THEN RETURN NULL; END IF;
  UPDATE issues_namesversion SET version = number || gen_random_uuid()
  WHERE id = (SELECT id FROM issues_namesversion ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
  IF NOT FOUND THEN INSERT INTO issues_namesversion (version) VALUES (number || gen_random_uuid()); END IF;
  RETURN NULL;
END $$
"""
ON_POSTGRESQL = """
CREATE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW {condition} EXECUTE FUNCTION issues_names_changed()
"""
ON_SQLITE = """
CREATE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW {condition}
BEGIN UPDATE issues_namesversion SET version = lower(hex(randomblob(16))); END
"""
# Ids are given again after a moment that a database went back to.
EVENTS = ("insert", "update", "delete")


def seed(apps, schema_editor):
    apps.get_model("issues", "NamesVersion").objects.create(version=uuid4())


def watch(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL)
    for table, columns in NAMES.items():
        watch_table(schema_editor, "names", table, columns, EVENTS)


def watch_table(schema_editor, prefix, table, columns, events):
    """Let the `events` of `table`, of updates those that change one of `columns`, make another version."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    statement, differs = (ON_POSTGRESQL, "IS DISTINCT FROM") if is_postgresql else (ON_SQLITE, "IS NOT")
    changed = " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)
    for event in events:
        condition = f"WHEN ({changed})" if event == "update" else ""
        trigger = f"{prefix}_{event}_{table}"
        schema_editor.execute(statement.format(trigger=trigger, event=event, table=table, condition=condition))


def ignore(apps, schema_editor):
    for table in NAMES:
        ignore_table(schema_editor, "names", table, EVENTS)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION issues_names_changed()")


def ignore_table(schema_editor, prefix, table, events):
    """Take back what `watch_table` did."""
    of_table = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
    for event in events:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {prefix}_{event}_{table}{of_table}")


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
                ("version", models.CharField(max_length=64)),
            ],
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(watch, ignore),
    ]
