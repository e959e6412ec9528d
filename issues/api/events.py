"""The event log as the API tells it."""

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast

from accounts.models import User
from issues.events import NAMING, named, seen
from issues.models import Issue
from products.models import Product

PEOPLE = ("assignee", "author", "owner", "triage_owner", "default_assignee", "asker", "requestee", "vote")
# Which fields are never null: in the log null is whatever is empty.
LISTS = ("labels",)
TEXTS = ("title", "description", "body", "question", "key", "name", "display_name", "email")
FLAGS = {"archived_at": "archived"}
# What a comment says, which goes with it into the trash.
SAID = ("body", "file")
# The trash is told by the kind of the event; the API has no field for it.
LEFT_OUT = ("deleted_at",)
# How the API writes a row: one text, or two that a dash joins. Parts are told by the name they had then.
WRITTEN = {Issue: (F("product__key"), F("number")), Product: (F("key"), Value("")), User: ("username", "display_name")}
PART = (F("name"), Value(""))


def tell(events, user):
    """Return the representations of `events` (with batch, actor, issue and changes at hand) for `user`."""
    names = _look_up([change for event in events for change in event.told()], user)
    return [_tell(event, names) for event in events]


def _tell(event, names):
    return {
        "id": event.pk,
        "issue": event.issue.key if event.issue_id else None,
        "kind": event.kind,
        "actor": event.actor,
        "via": event.batch.via,
        "at": event.at,
        "batch": event.batch_id,
        "changes": _changes(event, names),
    }


def _changes(event, names):
    changes = {
        FLAGS.get(change.field, change.field): [
            _value(event, change.field, change.before, names),
            _value(event, change.field, change.after, names),
        ]
        for change in event.told()
        if change.field not in LEFT_OUT
    }
    if "product" in changes and "number" in changes:
        # How many issues a product has is not told to who does not see it.
        pairs = zip(changes["number"], changes["product"], strict=True)
        changes["number"] = [number if product else None for number, product in pairs]
    return changes


def _value(event, field, frozen, names):
    """Return a frozen value in the form that `field` has in the API, or None for what the reader may not see."""
    if event.of_trash and field in SAID:
        return None
    if field in FLAGS:
        return frozen is not None
    if frozen is None:
        return [] if field in LISTS else "" if field in TEXTS else None
    if isinstance(frozen, list):
        told = [_value(event, field, item, names) for item in frozen]
        return [value for value in told if value is not None] or None
    if not isinstance(frozen, dict):
        return _in_utc(frozen) if field.endswith(("_at", "_until")) else frozen
    return _name(field, frozen, names)


def _name(field, frozen, names):
    model = User if field in PEOPLE else NAMING.get(field)
    if model in WRITTEN:
        return names.get((model._meta.model_name, frozen["id"]))
    hidden = model is not None and frozen["id"] is not None and (model._meta.model_name, frozen["id"]) not in names
    return None if hidden else frozen["name"]


def _in_utc(text):
    return text.replace("+00:00", "Z") if isinstance(text, str) else text


def _look_up(changes, user):
    """Return `{(model's name, id): how the API writes it}` of all that `changes` name and `user` sees."""
    people = {
        value["id"]
        for change in changes
        if change.field in PEOPLE
        for value in (change.before, change.after)
        if isinstance(value, dict)
    }
    parts = [_texts(seen(model, ids, user)) for model, ids in named(changes).items()]
    if people:
        parts.append(_texts(User.objects.filter(pk__in=people).order_by()))
    rows = parts[0].union(*parts[1:], all=True) if parts else ()
    return {
        (name, pk): {"username": one, "display_name": two} if name == "user" else f"{one}-{two}" if two else one
        for name, pk, one, two in rows
    }


def _texts(rows):
    one, two = WRITTEN.get(rows.model, PART)
    texts = {"text_one": Cast(one, CharField()), "text_two": Cast(two, CharField())}
    rows = rows.annotate(what=Value(rows.model._meta.model_name, CharField()), **texts)
    return rows.values_list("what", "pk", "text_one", "text_two")
