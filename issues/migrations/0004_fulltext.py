"""Where full text is kept: a table of tsvectors, or FTS5 tables, and how common words are."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from issues.fulltext.engines import engine_of


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for statement in engine_of(schema_editor.connection).CREATE:
            cursor.execute(statement)


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for statement in engine_of(schema_editor.connection).DROP:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("issues", "0003_title_trigrams"), ("products", "0001_initial")]

    operations = [
        migrations.RunPython(create, drop),
        migrations.CreateModel(
            name="WordCensus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("event", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="WordCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=64)),
                ("documents", models.PositiveIntegerField()),
                (
                    "product",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("word", "product"), name="word_count_once")],
            },
        ),
    ]
