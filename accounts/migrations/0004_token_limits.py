from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_keep_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="limits",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
