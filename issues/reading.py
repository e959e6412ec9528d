"""Reading issues fast: the rows of an answer by one prepared statement, and the answer without a serializer.

`issues.api.serializers` stays the contract: a test holds what is told here equal to what it would say.
"""

from types import SimpleNamespace
from zlib import crc32

from django.conf import settings
from django.db.models import BigAutoField, CharField, F
from django.db.models.fields import PositiveBigIntegerField

from issues.choices import Priority, Severity
from issues.columns import label_rows
from issues.models import Issue
from issuetracker.prepared import Among, ListSlot, Prepared, Slot
from products import access

PEOPLE = ("assignee", "author", "created_by", "updated_by")
LINKS = ("parent", "duplicate_of")
# No database number is larger.
NUMBER_LIMIT = 2**63
TEXTS = ("description", "description_html")
COLUMNS = (
    *("id", "number", "title", "type", "resolution", "priority", "severity", "confidential", "due_on", "source"),
    *("snoozed_until", "votes", "comment_count", "lock_version", "author_id", "assignee_id"),
    *("created_at", "updated_at", "triaged_at", "closed_at", "deleted_at"),
    *("product_id", "product__key", "product__visibility", "product__deleted_at"),
    *("status__slug", "status__category", "component__name", "milestone__name", "version__name"),
    *(f"{name}__{field}" for name in PEOPLE for field in ("username", "display_name")),
    *(f"{link}__{field}" for link in LINKS for field in ("number", "author_id", "assignee_id", "confidential")),
    *(f"{link}__{field}" for link in LINKS for field in ("deleted_at", "product_id")),
    *(f"{link}__product__{field}" for link in LINKS for field in ("key", "visibility", "deleted_at")),
    "label_rows",
)
PRIORITIES = {rank.value: rank.name.lower() for rank in Priority}
SEVERITIES = {rank.value: rank.name.lower() for rank in Severity}


def _rows():
    return Issue.objects.order_by().annotate(label_rows=label_rows())


def _of_ids():
    return _rows().filter(Among(F("pk"), ListSlot("ids", BigAutoField())))


def _of_key():
    here = {"product__key": Slot("key", CharField()), "number": Slot("number", PositiveBigIntegerField())}
    return _rows().filter(**here, deleted_at=None, product__deleted_at=None)


SHORT = Prepared(COLUMNS, _of_ids)
DESCRIBED = Prepared((*COLUMNS, "description"), _of_ids)
WHOLE = Prepared((*COLUMNS, *TEXTS), _of_ids)
ONE = Prepared((*COLUMNS, *TEXTS), _of_key)


def read_key(user, key, number):
    """Return the row of the issue with that product key and number, or None where `user` sees none there."""
    row = ONE.first(key=key, number=number) if number < NUMBER_LIMIT else None
    return row if row is not None and access.sees(user, _as_issue(row, "")) else None


def read_ids(ids, *, described=False):
    """Return `{id: row}` of issues whose ids the reader was found to see; `described` adds the descriptions."""
    return {row["id"]: row for row in (DESCRIBED if described else SHORT).rows(ids=ids)} if ids else {}


def read_whole(pk):
    """Return the row of one issue with all its texts, whatever it is."""
    return WHOLE.first(ids=[pk])


def represent(row, user):
    """Return a row as the API tells `user` of it."""
    key = f"{row['product__key']}-{row['number']}"
    told = {"id": row["id"], "key": key, "product": row["product__key"], "number": row["number"]}
    told["title"] = row["title"]
    for name in TEXTS:
        if name in row:
            told[name] = row[name]
    told["type"] = row["type"]
    told["status"], told["status_category"] = row["status__slug"], row["status__category"]
    told["resolution"] = row["resolution"] or None
    told["priority"], told["severity"] = PRIORITIES[row["priority"]], SEVERITIES[row["severity"]]
    for name in ("component", "milestone", "version"):
        told[name] = row[f"{name}__name"]
    told["labels"] = [label["name"] for label in row["label_rows"]]
    told["assignee"], told["author"] = _person(row, "assignee"), _person(row, "author")
    for link in LINKS:
        told[link] = _link(row, link, user)
    told["confidential"] = row["confidential"]
    told["due_on"] = row["due_on"].isoformat() if row["due_on"] else None
    told["snoozed_until"] = _moment(row["snoozed_until"])
    for name in ("source", "votes", "comment_count", "lock_version"):
        told[name] = row[name]
    for name in ("created_at", "updated_at", "triaged_at", "closed_at"):
        told[name] = _moment(row[name])
    told["created_by"], told["updated_by"] = _person(row, "created_by"), _person(row, "updated_by")
    told["url"] = f"{settings.SITE_URL}/issues/{key}/"
    return told


def names_version(told):
    """Return a short text that changes with any name in a representation: names change without their issue."""
    people = [told[name] and told[name]["display_name"] for name in PEOPLE]
    ids = [told[name] and told[name]["username"] for name in PEOPLE]
    parts = [told[name] for name in ("key", "status", "status_category", "component", "milestone", "version", *LINKS)]
    return f"{crc32(repr((parts, people, ids, told['labels'])).encode()):08x}"


def _person(row, name):
    username = row[f"{name}__username"]
    return {"username": username, "display_name": row[f"{name}__display_name"]} if username is not None else None


def _link(row, link, user):
    if row[f"{link}__number"] is None:
        return None
    other = _as_issue(row, f"{link}__")
    hidden = other.deleted_at is not None or other.product.deleted_at is not None or not access.sees(user, other)
    return None if hidden else f"{other.product.key}-{row[f'{link}__number']}"


def _as_issue(row, prefix):
    """Return what `access` asks of an issue, from the columns that begin with `prefix`."""
    product = {name: row[f"{prefix}product__{name}"] for name in ("key", "visibility", "deleted_at")}
    fields = {name: row[f"{prefix}{name}"] for name in ("author_id", "assignee_id", "confidential", "deleted_at")}
    return SimpleNamespace(product=SimpleNamespace(pk=row[f"{prefix}product_id"], **product), **fields)


def _moment(moment):
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
