from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("issues", "0010_similar_fill")]

    operations = [
        migrations.CreateModel(
            name="FittedWeights",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weights", models.JSONField()),
                ("fitted_at", models.DateTimeField()),
            ],
        ),
    ]
