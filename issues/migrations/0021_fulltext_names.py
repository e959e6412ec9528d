"""The documents of the issues that are there, in which GitHub Actions is found as github actions since, and C++ as it is."""

from django.db import migrations

from issues import fulltext


def fill(apps, schema_editor):
    # It reads ids and texts alone, which are older than this, so that later columns do not matter.
    fulltext.reindex()


class Migration(migrations.Migration):
    # Each 500 issues are a transaction of their own; begun anew, it writes the same again.
    atomic = False
    dependencies = [("issues", "0020_formerkey")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
