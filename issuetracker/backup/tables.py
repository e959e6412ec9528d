"""Which tables are in a backup, which are not and why, and the last ids that were given in them."""

from django.apps import apps
from django.db import connection
from django.db.models import AutoField, Exists, ForeignKey, Max, OuterRef, UniqueConstraint
from django.db.models.functions import Lower

# What is not saved, each with the reason. Every model that is not here is in the backup.
LEFT_OUT = {
    "accounts.Session": "who is signed in with which browser: after a restore everybody signs in again",
    "sessions.Session": "Django's own sessions, which are not used",
    "accounts.Tally": "counts of tries, which are over within the hour",
    "issues.Presence": "who has which issue open, of no importance a minute later",
    "issues.Posting": "the words of issues, written afresh from their texts",
    "issues.TermCount": "how common those are, counted afresh",
    "issues.ToPost": "issues whose words are still to be written, which then are all",
    "issues.WordCount": "how common words are, counted afresh",
    "issues.WordCensus": "when they were counted",
    "issues.NamesVersion": "what tells that names have changed: each database has its own",
}
# What migrations write into an empty database; the rows of the backup take their place.
FRESH = {"contenttypes.ContentType", "auth.Permission", "issues.Status"}
# What migrations write that stays as it is.
KEPT = {"issues.NamesVersion"}
# Tables without a model: migrations, which the manifest tells of, and full text, which is written afresh.
WITHOUT_MODEL = ("django_migrations", "issue_document", "sqlite_")


def _all_models():
    return [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy
    ]


def saved_models():
    """Return the models whose rows are saved, in the order in which they are."""
    return [model for model in _all_models() if model._meta.label not in LEFT_OUT]


def emptied_models():
    """Return the models whose rows are removed before those of a backup come."""
    return [model for model in _all_models() if model._meta.label in (LEFT_OUT.keys() | FRESH) - KEPT]


def columns_of(model):
    """Return the names of what is saved of a row, in its order."""
    return [field.attname for field in model._meta.concrete_fields]


def named_once(model):
    """Return the fields of `model` whose names differ in any case: on the whole site, or within a product."""
    unique = [one for one in model._meta.constraints if isinstance(one, UniqueConstraint)]
    found = (part for one in unique for part in one.expressions if isinstance(part, Lower))
    return sorted({part.get_source_expressions()[0].name for part in found})


def unknown_tables():
    """Return the tables of this database that belong to no app of these settings, and so are not saved."""
    known = {model._meta.db_table for model in _all_models()}
    found = sorted(set(connection.introspection.table_names()) - known)
    return [name for name in found if not name.startswith(WITHOUT_MODEL)]


def occupied():
    """Return `{table: how many rows}` of what a freshly migrated database would not have."""
    counts = {
        model._meta.label: model._base_manager.count() for model in saved_models() if model._meta.label not in FRESH
    }
    return {label: count for label, count in counts.items() if count}


def last_id(model):
    """Return the last id that was given in the table of `model`, also to a row that is gone; None where none are."""
    if not isinstance(model._meta.pk, AutoField):
        return None
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            found = cursor.fetchone()
            return found[0] if found else 0
        # Its name comes from the server, quoted.
        cursor.execute(f"SELECT last_value, is_called FROM {_sequence(cursor, model)}")  # noqa: S608
        last, is_called = cursor.fetchone()
        return last if is_called else 0


def go_on_after(model, last):
    """Let the next id in the table of `model` follow `last`, and whatever is there: no id is given twice."""
    if not isinstance(model._meta.pk, AutoField):
        return
    last = max(last or 0, model._base_manager.aggregate(most=Max("pk"))["most"] or 0)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [model._meta.db_table, last])
        else:
            cursor.execute("SELECT setval(%s, %s, %s)", [_sequence(cursor, model), max(last, 1), last > 0])


def _sequence(cursor, model):
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, model._meta.pk.column])
    return cursor.fetchone()[0]


def unwatched():
    """Yield the foreign keys of what is saved which the database does not watch over, since services do."""
    for model in saved_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and not field.db_constraint:  # type: ignore[attr-defined]
                yield field


def lost():
    """Return the first of those, as `history.Event.batch`, that names a row which is not there, or None."""
    for field in unwatched():
        there = field.related_model._base_manager.filter(pk=OuterRef(field.attname))
        named = field.model._base_manager.filter(**{f"{field.name}__isnull": False})
        if named.exclude(Exists(there)).exists():
            return f"{field.model._meta.label}.{field.name}"
    return None
