"""Reading issues fast: the rows of an answer by one prepared statement, and the answer without a serializer.

`issues.api.serializers` stays the contract: a test holds what is told here equal to what it would say.
"""

from collections import namedtuple
from datetime import date
from operator import itemgetter
from types import SimpleNamespace
from zlib import crc32

from django.conf import settings
from django.db.models import BigAutoField, CharField, F, PositiveBigIntegerField
from django.utils import timezone

from issues import names, queue
from issues.choices import Priority, Severity
from issues.columns import label_rows, linked_row, moment_in_json, needinfo_rows
from issues.finding.pages import STAMP
from issues.models import Issue
from issues.rules import LINKS
from issuetracker.prepared import Among, ListSlot, Prepared, PreparedModels, Slot
from products import access
from products.models import PARTS

PEOPLE = ("assignee", "author", "created_by", "updated_by")
TEXTS = ("description", "description_html")
# What a row in the queue is told by.
Place = namedtuple(
    "Place", "triaged_at, snoozed_until, returned_at, returned_reason, overdue_at, waiting_for_id, author_id"
)
place_of = itemgetter(*Place._fields)
COLUMNS = (
    *("id", "number", "title", "type", "resolution", "priority", "severity", "confidential", "due_on", "source"),
    *("votes", "comment_count", "lock_version", "event_count", "created_at", "updated_at", "closed_at"),
    *(f"{link}_id" for link in LINKS),
    *(name for name in names.REFERENCES if name != "author_id"),
    *Place._fields,
    *("label_rows", "asked", *(f"{link}_row" for link in LINKS), "names_version"),
)
PRIORITIES = {rank.value: rank.name.lower() for rank in Priority}
SEVERITIES = {rank.value: rank.name.lower() for rank in Severity}
# More rows than these are not kept: what is asked for most comes back at once.
KEPT = 1_000
# No database number is larger.
NUMBER_LIMIT = 2**63


def with_rows(issues, **asked):
    """Return a queryset of issues with what other rows tell of them, and the version of all names.

    Those are their labels, their questions, as `asked`, and the issues that they point to.
    """
    links = {f"{link}_row": linked_row(link) for link in LINKS}
    several = {"label_rows": label_rows(), "asked": needinfo_rows(**asked)}
    return issues.annotate(**several, **links, names_version=names.version())


def _of_ids():
    return Issue.objects.order_by().filter(Among(F("pk"), ListSlot("ids", BigAutoField())))


def _listed():
    # A list tells what is still open; all of it stands with the issue itself.
    return with_rows(_of_ids().live(), state="open")


def at_key():
    """Return the queryset of the issue with the product key and the number of its slots `key` and `number`."""
    here = {"product__key": Slot("key", CharField()), "number": Slot("number", PositiveBigIntegerField())}
    return Issue.objects.order_by().filter(**here).live()


SHORT = Prepared((*COLUMNS, "product__visibility"), _listed)
DESCRIBED = Prepared((*COLUMNS, "product__visibility", "description"), _listed)
WHOLE = Prepared((*COLUMNS, *TEXTS), lambda: with_rows(_of_ids()))
ONE = Prepared((*COLUMNS, *TEXTS, "product__visibility"), lambda: with_rows(at_key()))
FOUND = PreparedModels(lambda: at_key().select_related("product", "status"))


def read_key(user, key, number):
    """Return the row of the issue with that product key and number, or None where `user` sees none there."""
    row = ONE.first(key=key, number=number) if number < NUMBER_LIMIT else None
    if row is not None:
        names.note(user, row["names_version"])
    return completed([row])[0] if row is not None and access.sees(user, _as_issue(row)) else None


def find(user, key, number, found=None):
    """Return the issue with that product key and number, or None where `user` sees none.

    It comes with its product and status, or as the PreparedModels `found` of `at_key()` select it.
    """
    issue = (found or FOUND).first(key=key, number=number) if number < NUMBER_LIMIT else None
    return issue if issue is not None and access.sees(user, issue) else None


def read_ids(ids, user, *, described=False):
    """Return `{id: row}` of the issues with these ids that `user` sees; `described` adds the descriptions.

    What was found that they see may be hidden by now.
    """
    rows = completed((DESCRIBED if described else SHORT).rows(ids=ids)) if ids else ()
    return {row["id"]: row for row in rows if access.sees(user, _as_issue(row))}


def read_found(found, user):
    """Return the same of `{id: stamp}`, what one statement found that `user` sees; without stamps all is read.

    Rows that this process has kept are not read again: with the same stamp they would tell the same.
    """
    stamp = next(iter(found.values()), None)
    held = names.kept(stamp[-1]).rows if stamp else {}
    same = {pk: row for pk, stamp in found.items() if (row := held.get(pk)) is not None and row["stamp"] == stamp}
    read = read_ids([pk for pk in found if pk not in same], user)
    for row in read.values():
        _keep(row)
    return same | read


def _keep(row):
    """Keep a row, or what is told of it, if that hangs on no time.

    What points to issues is not kept, since they change apart, nor what holds questions, which can be long.
    """
    if row["parent_id"] or row["duplicate_of_id"] or row["asked"]:
        return
    rows = names.kept(row["names_version"]).rows
    if len(rows) >= KEPT:
        rows.clear()
    held = {"told": represent(row, None)} if row["triaged_at"] else row
    rows[row["id"]] = held | {"stamp": tuple(row[name] for name in STAMP)}


def read_whole(pk):
    """Return the row of one issue with all its texts, whatever it is."""
    return completed(WHOLE.rows(ids=[pk]))[0]


def completed(rows):
    """Return `rows` of one statement, each with the `names` of what it refers to.

    That takes another statement where a name is new to the process.
    """
    called = names.of(rows)
    for row in rows:
        row["names"] = called.known
    return rows


def represent(row, user):
    """Return a row, one of those `completed`, as the API tells `user` of it. It is not to be changed."""
    if "told" in row:
        return row["told"]
    called, now = row["names"], timezone.now()
    people = called["people"]
    product = called["products"][row["product_id"]]
    status, category = called["statuses"][row["status_id"]]
    key = f"{product}-{row['number']}"
    told = {"id": row["id"], "key": key, "product": product, "number": row["number"], "title": row["title"]}
    for name in TEXTS:
        if name in row:
            told[name] = row[name]
    asked, place = row["asked"], Place._make(place_of(row))
    returned_at, why = queue.returned(place, now)
    return told | {
        "type": row["type"],
        "status": status,
        "status_category": category,
        "resolution": row["resolution"] or None,
        "priority": PRIORITIES[row["priority"]],
        "severity": SEVERITIES[row["severity"]],
        "component": called["components"][row["component_id"]],
        "milestone": called["milestones"][row["milestone_id"]],
        "version": called["versions"][row["version_id"]],
        "labels": [label["name"] for label in row["label_rows"]],
        "assignee": people[row["assignee_id"]],
        "author": people[row["author_id"]],
        "parent": _link(row["parent_row"], user),
        "duplicate_of": _link(row["duplicate_of_row"], user),
        "confidential": row["confidential"],
        "due_on": row["due_on"],
        "snoozed_until": row["snoozed_until"],
        "returned_at": returned_at,
        "returned_reason": why or None,
        "waiting": queue.waiting(place, _first_asked(asked)),
        "overdue": queue.is_overdue(place, now),
        "needinfos": [_question(one) for one in asked],
        "source": row["source"],
        "votes": row["votes"],
        "comment_count": row["comment_count"],
        "lock_version": row["lock_version"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "triaged_at": row["triaged_at"],
        "closed_at": row["closed_at"],
        "created_by": people[row["created_by_id"]],
        "updated_by": people[row["updated_by_id"]],
        "url": f"{settings.SITE_URL}/issues/{key}/",
    }


def _first_asked(asked):
    return next((one["requestee"]["username"] for one in asked if one["state"] == "open"), "")


def _question(one):
    """Return a question as the API tells it; databases write moments into JSON in different ways."""
    people = {name: {part: one[name][part] for part in ("username", "display_name")} for name in ("asker", "requestee")}
    told = {"id": one["id"], **people, **{name: one[name] for name in ("question", "due_on", "state")}}
    return {**told, "created_at": moment_in_json(one["created_at"])}


def names_version(told):
    """Return a short text that changes with any name in a representation: names change without their issue."""
    people = [told[name] and told[name]["display_name"] for name in PEOPLE]
    ids = [told[name] and told[name]["username"] for name in PEOPLE]
    shown = ("key", "status", "status_category", *PARTS, *LINKS, "waiting", "returned_reason", "overdue")
    parts = [*(told[name] for name in shown), [(one["asker"], one["requestee"]) for one in told["needinfos"]]]
    parts.append(said(told["returned_at"]))
    return f"{crc32(repr((parts, people, ids, told['labels'])).encode()):08x}"


def said(moment):
    """Return a moment or day of a representation as the text that it is in JSON; what is text by now stays as it is."""
    return moment.isoformat().replace("+00:00", "Z") if isinstance(moment, date) else moment


def _link(linked, user):
    """Return the key of the issue that another points to, None where there is none that `user` sees."""
    if linked is None or not access.sees(user, _as_issue(linked)):
        return None
    return f"{linked['product__key']}-{linked['number']}"


def _as_issue(row):
    """Return what `access` asks of the issue that a row tells of."""
    return SimpleNamespace(
        product=SimpleNamespace(pk=row["product_id"], visibility=row["product__visibility"]),
        author_id=row["author_id"],
        assignee_id=row["assignee_id"],
        confidential=row["confidential"],
    )
