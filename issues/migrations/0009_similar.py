"""The words by which issues are compared, how common they are, and what is still to be written."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0008_presence"),
        ("products", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ToPost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "issue", "part", "term", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("part", models.PositiveSmallIntegerField()),
                ("term", models.BigIntegerField()),
                ("weight", models.PositiveSmallIntegerField()),
                (
                    "issue",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="issues.issue",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["term", "part", "product", "issue", "weight"], name="posting_term")],
            },
        ),
        migrations.CreateModel(
            name="TermCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("term", models.BigIntegerField()),
                ("part", models.PositiveSmallIntegerField()),
                ("documents", models.PositiveIntegerField()),
                (
                    "product",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="products.product"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("term", "part", "product"), name="term_count_once")],
            },
        ),
    ]
