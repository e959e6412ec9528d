"""The four statuses that every site begins with, one of each category."""

from django.db import migrations

SEED = (
    ("new", "New", "triage", 10),
    ("accepted", "Accepted", "accepted", 20),
    ("in-progress", "In progress", "started", 30),
    ("closed", "Closed", "closed", 40),
)


def seed(apps, schema_editor):
    apps.get_model("issues", "Status").objects.bulk_create(
        apps.get_model("issues", "Status")(slug=slug, name=name, category=category, position=position)
        for slug, name, category, position in SEED
    )


class Migration(migrations.Migration):
    dependencies = [("issues", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
