from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("issues", "0013_attachment")]

    operations = [
        migrations.AddIndex(
            "issue",
            models.Index(
                fields=["product", "assignee", "-updated_at", "-id"],
                name="issue_open_product_assignee",
                condition=Q(closed_at=None),
            ),
        ),
    ]
