from django.db import migrations


def claim(apps, schema_editor):
    """Whoever may sign in stands for themselves: those who were activated before that was so, too."""
    apps.get_model("accounts", "User").objects.filter(is_active=True, is_placeholder=True).update(is_placeholder=False)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_invitation_posted"),
    ]

    operations = [
        migrations.RunPython(claim, migrations.RunPython.noop),
    ]
