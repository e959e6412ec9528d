"""Reading issues fast: the rows of an answer by one prepared statement, and the answer without a serializer.

`issues.api.serializers` stays the contract: a test holds what is told here equal to what it would say.
"""

from types import SimpleNamespace
from zlib import crc32

from django.conf import settings
from django.db.models import BigAutoField, CharField, F, OuterRef, PositiveBigIntegerField, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import User
from issues import queue
from issues.choices import Priority, Severity
from issues.columns import label_rows, moment_in_json, needinfo_rows
from issues.models import Issue, Status
from issuetracker.prepared import Among, ListSlot, Prepared, PreparedModels, Slot
from products import access
from products.models import Component, Milestone, Product, Version

PEOPLE = ("assignee", "author", "created_by", "updated_by")
PARTS = {"component": Component, "milestone": Milestone, "version": Version}
LINKS = ("parent", "duplicate_of")
TEXTS = ("description", "description_html")
QUEUED = ("triaged_at", "snoozed_until", "returned_at", "returned_reason", "overdue_at", "waiting_for_id", "author_id")
OWN = (
    *("id", "number", "title", "type", "resolution", "priority", "severity", "confidential", "due_on", "source"),
    *("snoozed_until", "votes", "comment_count", "lock_version", "author_id", "assignee_id", "product_id"),
    *("returned_at", "returned_reason", "overdue_at", "waiting_for_id"),
    *("created_at", "updated_at", "triaged_at", "closed_at", "deleted_at"),
)
NAMED = ("home", "stage", *(f"the_{name}" for name in (*PARTS, *PEOPLE, *LINKS)), "label_rows", "asked")
COLUMNS = (*OWN, *NAMED)
PRODUCT = ("id", "key", "visibility", "deleted_at")
PRIORITIES = {rank.value: rank.name.lower() for rank in Priority}
SEVERITIES = {rank.value: rank.name.lower() for rank in Severity}
# No database number is larger.
NUMBER_LIMIT = 2**63


def with_names(issues, **asked):
    """Return a queryset of issues with what they refer to, as the columns `NAMED`.

    Each of it is a subquery of its own: a join of all these tables would take the planner of PostgreSQL many times as
    long as the rest of a request takes.
    """
    named = {
        "home": _one(Product, "product", JSONObject(**{name: name for name in PRODUCT})),
        "stage": _one(Status, "status", JSONObject(slug="slug", category="category")),
        **{f"the_{name}": _one(model, name, F("name")) for name, model in PARTS.items()},
        **{
            f"the_{name}": _one(User, name, JSONObject(username="username", display_name="display_name"))
            for name in PEOPLE
        },
        **{f"the_{name}": _one(Issue, name, _link_fields()) for name in LINKS},
    }
    return issues.annotate(**named, label_rows=label_rows(), asked=needinfo_rows(**asked))


def _one(model, name, told):
    """Return the expression for what is `told` of the row that the issue refers to by `name`."""
    rows = model._base_manager.filter(pk=OuterRef(f"{name}_id")).order_by()
    return Subquery(rows.annotate(told=told).values("told"))


def _link_fields():
    """Return what tells whether the reader may see an issue that another points to, and its key."""
    fields = {name: name for name in ("number", "author_id", "assignee_id", "confidential", "deleted_at")}
    return JSONObject(**fields, product=JSONObject(**{name: f"product__{name}" for name in PRODUCT}))


def _of_ids():
    return Issue.objects.order_by().filter(Among(F("pk"), ListSlot("ids", BigAutoField())))


def _listed():
    # A list tells what is still open; all of it stands with the issue itself.
    return with_names(_of_ids(), state="open")


def at_key():
    """Return the queryset of the issue with the product key and the number of its slots `key` and `number`."""
    here = {"product__key": Slot("key", CharField()), "number": Slot("number", PositiveBigIntegerField())}
    return Issue.objects.order_by().filter(**here, deleted_at=None, product__deleted_at=None)


SHORT = Prepared(COLUMNS, _listed)
DESCRIBED = Prepared((*COLUMNS, "description"), _listed)
WHOLE = Prepared((*COLUMNS, *TEXTS), lambda: with_names(_of_ids()))
ONE = Prepared((*COLUMNS, *TEXTS), lambda: with_names(at_key()))
FOUND = PreparedModels(lambda: at_key().select_related("product", "status"))


def read_key(user, key, number):
    """Return the row of the issue with that product key and number, or None where `user` sees none there."""
    row = ONE.first(key=key, number=number) if number < NUMBER_LIMIT else None
    return row if row is not None and access.sees(user, _as_issue(row, row["home"])) else None


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
    product, status = row["home"]["key"], row["stage"]
    key = f"{product}-{row['number']}"
    told = {"id": row["id"], "key": key, "product": product, "number": row["number"]}
    told["title"] = row["title"]
    for name in TEXTS:
        if name in row:
            told[name] = row[name]
    told["type"] = row["type"]
    told["status"], told["status_category"] = status["slug"], status["category"]
    told["resolution"] = row["resolution"] or None
    told["priority"], told["severity"] = PRIORITIES[row["priority"]], SEVERITIES[row["severity"]]
    for name in PARTS:
        told[name] = row[f"the_{name}"]
    told["labels"] = [label["name"] for label in row["label_rows"]]
    told["assignee"], told["author"] = row["the_assignee"], row["the_author"]
    for link in LINKS:
        told[link] = _link(row[f"the_{link}"], user)
    told["confidential"] = row["confidential"]
    told["due_on"] = row["due_on"].isoformat() if row["due_on"] else None
    told["snoozed_until"] = _moment(row["snoozed_until"])
    told |= _in_queue(SimpleNamespace(**{name: row[name] for name in QUEUED}), row["asked"])
    for name in ("source", "votes", "comment_count", "lock_version"):
        told[name] = row[name]
    for name in ("created_at", "updated_at", "triaged_at", "closed_at"):
        told[name] = _moment(row[name])
    told["created_by"], told["updated_by"] = row["the_created_by"], row["the_updated_by"]
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


def _link(link, user):
    if link is None:
        return None
    product = link["product"]
    hidden = link["deleted_at"] or product["deleted_at"] or not access.sees(user, _as_issue(link, product))
    return None if hidden else f"{product['key']}-{link['number']}"


def _as_issue(fields, product):
    """Return what `access` asks of an issue, with the `fields` and the `product` of a row."""
    home = SimpleNamespace(pk=product["id"], visibility=product["visibility"])
    return SimpleNamespace(
        product=home,
        author_id=fields["author_id"],
        assignee_id=fields["assignee_id"],
        confidential=bool(fields["confidential"]),
    )


def _moment(moment):
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
