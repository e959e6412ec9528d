from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0004_batch_todo"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="version",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
