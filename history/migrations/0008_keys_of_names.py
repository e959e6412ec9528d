"""Give the values that are kept by name alone what `was:` looks them up by, as `history.log.short_key` does since."""

from django.db import migrations
from django.db.models import Q

CHUNK = 1000
FIELDS = ("product", "component", "milestone", "version", "assignee")


def fill(apps, _schema_editor):
    """Write the keys of what was imported before."""
    changes = apps.get_model("history", "Change").objects
    lacking = Q(before_key="", before__isnull=False) | Q(after_key="", after__isnull=False)
    rows, last = changes.filter(lacking, field__in=FIELDS).order_by("pk"), 0
    # An old tracker may have millions of them.
    while filled := list(rows.filter(pk__gt=last)[:CHUNK]):
        for change in filled:
            change.before_key = change.before_key or _key(change.before)
            change.after_key = change.after_key or _key(change.after)
        changes.bulk_update(filled, ["before_key", "after_key"])
        last = filled[-1].pk


def _key(frozen):
    is_named = isinstance(frozen, dict) and frozen["id"] is None
    return f"={frozen['name']}".lower()[:64] if is_named else ""


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0007_unchecked"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
