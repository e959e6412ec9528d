"""The words of the issues that are there are left to the worker, 500 at a time."""

from django.db import migrations

CHUNK = 500


def fill(apps, schema_editor):
    issues = apps.get_model("issues", "Issue").objects.order_by("pk").values_list("pk", flat=True)
    waiting, last = apps.get_model("issues", "ToPost").objects, 0
    while ids := list(issues.filter(pk__gt=last)[:CHUNK]):
        last = ids[-1]
        waiting.create(first=ids[0], last=last)


class Migration(migrations.Migration):
    dependencies = [("issues", "0009_similar")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
