from django.db import migrations, models


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
    ]
