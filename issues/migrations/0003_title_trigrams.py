"""An index for parts of titles, where the PostgreSQL server has pg_trgm and lets us switch it on."""

import logging

from django.db import DatabaseError, migrations, transaction

# `icontains` compares upper(title), so that is what must be indexed.
CREATE = "CREATE INDEX issue_title_trigrams ON issues_issue USING gin (upper(title) gin_trgm_ops)"


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(CREATE)
    except DatabaseError as error:
        logging.getLogger(__name__).warning("No index for parts of titles: %s", str(error).splitlines()[0])


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS issue_title_trigrams")


class Migration(migrations.Migration):
    dependencies = [("issues", "0002_statuses")]

    operations = [migrations.RunPython(create, drop)]
