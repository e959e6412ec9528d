import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0011_similar_weights"),
        ("products", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="issue",
            name="component",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="products.component",
                verbose_name="component",
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="duplicate_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="duplicates",
                to="issues.issue",
                verbose_name="duplicate of",
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="milestone",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="products.milestone",
                verbose_name="milestone",
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="children",
                to="issues.issue",
                verbose_name="parent",
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="version",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="products.version",
                verbose_name="found in",
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["-priority", "-id"], name="issue_open_priority"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["-votes", "-id"], name="issue_open_votes"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["due_on", "id"], name="issue_open_due"),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["-severity", "-id"], name="issue_open_severity"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("confidential", True)), fields=["-updated_at", "-id"], name="issue_confidential"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("resolution", "duplicate")), fields=["-updated_at", "-id"], name="issue_duplicate"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(condition=models.Q(("parent__isnull", False)), fields=["parent"], name="issue_parent"),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("duplicate_of__isnull", False)), fields=["duplicate_of"], name="issue_duplicate_of"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("component__isnull", False)), fields=["component"], name="issue_component"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("milestone__isnull", False)), fields=["milestone"], name="issue_milestone"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("version__isnull", False)), fields=["version"], name="issue_version"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("snoozed_until__isnull", False)), fields=["snoozed_until"], name="issue_snoozed"
            ),
        ),
    ]
