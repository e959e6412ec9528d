from django.conf import settings
from django.db import migrations, models


def take_as_posted(apps, schema_editor):
    """With mail the links of those that name an address have been sent there, and shown to nobody."""
    if settings.MAIL:
        apps.get_model("accounts", "Invitation").objects.exclude(email="").update(posted=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_idempotency_record"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="posted",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(take_as_posted, migrations.RunPython.noop),
    ]
