"""Reading issues fast: the rows of an answer by one prepared statement, and the answer without a serializer.

`issues.api.serializers` stays the contract: a test holds what is told here equal to what it would say.
"""

from types import SimpleNamespace
from zlib import crc32

from django.conf import settings
from django.db.models import BigAutoField, CharField, F, PositiveBigIntegerField
from django.utils import timezone

from issues import queue
from issues.choices import Priority, Severity
from issues.columns import label_rows, moment_in_json, needinfo_rows
from issues.models import Issue
from issuetracker.prepared import Among, ListSlot, Prepared, PreparedModels, Slot
from products import access

PEOPLE = ("assignee", "author", "created_by", "updated_by")
PARTS = ("component", "milestone", "version")
LINKS = ("parent", "duplicate_of")
TEXTS = ("description", "description_html")
QUEUED = ("triaged_at", "snoozed_until", "returned_at", "returned_reason", "overdue_at", "waiting_for_id", "author_id")
OWN = (
    *("id", "number", "title", "type", "resolution", "priority", "severity", "confidential", "due_on", "source"),
    *("snoozed_until", "votes", "comment_count", "lock_version", "author_id", "assignee_id", "product_id"),
    *("returned_at", "returned_reason", "overdue_at", "waiting_for_id"),
    *("created_at", "updated_at", "triaged_at", "closed_at", "deleted_at"),
)
# What tells whether the reader may see an issue that another points to, and its key.
LINKED = (
    *("number", "author_id", "assignee_id", "confidential", "deleted_at", "product_id"),
    *(f"product__{name}" for name in ("key", "visibility", "deleted_at")),
)
NAMED = (
    *("product__key", "product__visibility", "status__slug", "status__category"),
    *(f"{part}__name" for part in PARTS),
    *(f"{person}__{name}" for person in PEOPLE for name in ("username", "display_name")),
    *(f"{link}__{name}" for link in LINKS for name in LINKED),
)
COLUMNS = (*OWN, *NAMED, "label_rows", "asked")
PRIORITIES = {rank.value: rank.name.lower() for rank in Priority}
SEVERITIES = {rank.value: rank.name.lower() for rank in Severity}
# No database number is larger.
NUMBER_LIMIT = 2**63


def with_rows(issues, **asked):
    """Return a queryset of issues with what is several rows to each: its labels, and its questions, as `asked`."""
    return issues.annotate(label_rows=label_rows(), asked=needinfo_rows(**asked))


def _of_ids():
    return Issue.objects.order_by().filter(Among(F("pk"), ListSlot("ids", BigAutoField())))


def _listed():
    # A list tells what is still open; all of it stands with the issue itself.
    return with_rows(_of_ids(), state="open")


def at_key():
    """Return the queryset of the issue with the product key and the number of its slots `key` and `number`."""
    here = {"product__key": Slot("key", CharField()), "number": Slot("number", PositiveBigIntegerField())}
    return Issue.objects.order_by().filter(**here, deleted_at=None, product__deleted_at=None)


SHORT = Prepared(COLUMNS, _listed)
DESCRIBED = Prepared((*COLUMNS, "description"), _listed)
WHOLE = Prepared((*COLUMNS, *TEXTS), lambda: with_rows(_of_ids()))
ONE = Prepared((*COLUMNS, *TEXTS), lambda: with_rows(at_key()))
FOUND = PreparedModels(lambda: at_key().select_related("product", "status"))


def read_key(user, key, number):
    """Return the row of the issue with that product key and number, or None where `user` sees none there."""
    row = ONE.first(key=key, number=number) if number < NUMBER_LIMIT else None
    return row if row is not None and access.sees(user, _as_issue(row)) else None


def find(user, key, number, found=None):
    """Return the issue with that product key and number, or None where `user` sees none.

    It comes with its product and status, or as the PreparedModels `found` of `at_key()` select it.
    """
    issue = (found or FOUND).first(key=key, number=number) if number < NUMBER_LIMIT else None
    return issue if issue is not None and access.sees(user, issue) else None


def read_ids(ids, *, described=False):
    """Return `{id: row}` of issues whose ids the reader was found to see; `described` adds the descriptions."""
    return {row["id"]: row for row in (DESCRIBED if described else SHORT).rows(ids=ids)} if ids else {}


def read_whole(pk):
    """Return the row of one issue with all its texts, whatever it is."""
    return WHOLE.first(ids=[pk])


def represent(row, user):
    """Return a row as the API tells `user` of it."""
    product = row["product__key"]
    key = f"{product}-{row['number']}"
    told = {"id": row["id"], "key": key, "product": product, "number": row["number"]}
    told["title"] = row["title"]
    for name in TEXTS:
        if name in row:
            told[name] = row[name]
    told["type"] = row["type"]
    told["status"], told["status_category"] = row["status__slug"], row["status__category"]
    told["resolution"] = row["resolution"] or None
    told["priority"], told["severity"] = PRIORITIES[row["priority"]], SEVERITIES[row["severity"]]
    for name in PARTS:
        told[name] = row[f"{name}__name"]
    told["labels"] = [label["name"] for label in row["label_rows"]]
    told["assignee"], told["author"] = _person(row, "assignee"), _person(row, "author")
    for link in LINKS:
        told[link] = _link(row, f"{link}__", user)
    told["confidential"] = row["confidential"]
    told["due_on"] = row["due_on"].isoformat() if row["due_on"] else None
    told["snoozed_until"] = _moment(row["snoozed_until"])
    told |= _in_queue(SimpleNamespace(**{name: row[name] for name in QUEUED}), row["asked"])
    for name in ("source", "votes", "comment_count", "lock_version"):
        told[name] = row[name]
    for name in ("created_at", "updated_at", "triaged_at", "closed_at"):
        told[name] = _moment(row[name])
    told["created_by"], told["updated_by"] = _person(row, "created_by"), _person(row, "updated_by")
    told["url"] = f"{settings.SITE_URL}/issues/{key}/"
    return told


def _in_queue(issue, asked):
    """Return what is told of the place of an issue in the queue; `asked` are the rows of its questions."""
    now = timezone.now()
    when, why = queue.returned(issue, now)
    first = next((one["requestee"]["username"] for one in asked if one["state"] == "open"), "")
    return {
        "returned_at": _moment(when),
        "returned_reason": why or None,
        "waiting": queue.waiting(issue, first),
        "overdue": queue.is_overdue(issue, now),
        "needinfos": [_question(one) for one in asked],
    }


def _question(one):
    """Return a question as the API tells it; databases write moments into JSON in different ways."""
    people = {name: {part: one[name][part] for part in ("username", "display_name")} for name in ("asker", "requestee")}
    told = {"id": one["id"], **people, **{name: one[name] for name in ("question", "due_on", "state")}}
    return {**told, "created_at": _moment(moment_in_json(one["created_at"]))}


def names_version(told):
    """Return a short text that changes with any name in a representation: names change without their issue."""
    people = [told[name] and told[name]["display_name"] for name in PEOPLE]
    ids = [told[name] and told[name]["username"] for name in PEOPLE]
    shown = ("key", "status", "status_category", *PARTS, *LINKS, "waiting", "returned_at", "returned_reason", "overdue")
    parts = [*(told[name] for name in shown), [(one["asker"], one["requestee"]) for one in told["needinfos"]]]
    return f"{crc32(repr((parts, people, ids, told['labels'])).encode()):08x}"


def _person(row, name):
    username = row[f"{name}__username"]
    return None if username is None else {"username": username, "display_name": row[f"{name}__display_name"]}


def _link(row, prefix, user):
    if row[f"{prefix}number"] is None:
        return None
    hidden = row[f"{prefix}deleted_at"] or row[f"{prefix}product__deleted_at"]
    if hidden or not access.sees(user, _as_issue(row, prefix)):
        return None
    return f"{row[f'{prefix}product__key']}-{row[f'{prefix}number']}"


def _as_issue(row, prefix=""):
    """Return what `access` asks of the issue whose columns in a row begin with `prefix`."""
    return SimpleNamespace(
        product=SimpleNamespace(pk=row[f"{prefix}product_id"], visibility=row[f"{prefix}product__visibility"]),
        author_id=row[f"{prefix}author_id"],
        assignee_id=row[f"{prefix}assignee_id"],
        confidential=row[f"{prefix}confidential"],
    )


def _moment(moment):
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
