"""Sessions move to rows that name their user; nobody has to sign in again."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone


def move(apps, schema_editor):
    """Copy the live sessions of people."""
    old, new = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Session")
    people = set(apps.get_model("accounts", "User").objects.values_list("pk", flat=True))
    store = SessionStore()
    rows = []
    for row in old.objects.filter(expire_date__gt=timezone.now()).iterator():
        user = store.decode(row.session_data).get(SESSION_KEY)
        if user is not None and int(user) in people:
            kept = {"session_data": row.session_data, "expire_date": row.expire_date}
            rows.append(new(session_key=row.session_key, user_id=int(user), **kept))
    new.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_signing_in"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
