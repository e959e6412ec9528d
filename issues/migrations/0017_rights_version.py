"""What a token may read changes the version of all names, too: whose it is, what it is for, and their memberships.

So an answer that is read with that version tells whether a token that was looked up before it is still what it was.
What 0015 says of later migrations holds for these triggers as well.
"""

from importlib import import_module

from django.db import migrations

before = import_module("issues.migrations.0015_namesversion")

USER = ("email", "email_confirmed", "time_zone", "theme", "single_key_shortcuts", "is_placeholder", "lock_version")
RIGHTS = {
    "accounts_apitoken": ("digest", "user_id", "scopes", "limits", "expires_at", "revoked_at"),
    "accounts_user": (*USER, "is_active", "is_staff", "is_superuser"),
    "products_member": ("product_id", "user_id", "role"),
}
# Who comes and goes has a name that is watched.
EVENTS = {
    "accounts_apitoken": ("insert", "update", "delete"),
    "accounts_user": ("update",),
    "products_member": ("insert", "update", "delete"),
}


def watch(apps, schema_editor):
    for table, columns in RIGHTS.items():
        before.watch_table(schema_editor, "rights", table, columns, EVENTS[table])


def ignore(apps, schema_editor):
    for table, events in EVENTS.items():
        before.ignore_table(schema_editor, "rights", table, events)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_idempotency_record"),
        ("products", "0001_initial"),
        ("issues", "0016_label_names"),
    ]

    operations = [migrations.RunPython(watch, ignore)]
