"""What an event says to a person: who did what, from what to what."""

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from history.models import ASIDE, Kind

TEXTS = frozenset({"description", "body"})
SLUGS = frozenset({"status", "resolution"})
SPELLED = {"wont-do": gettext_lazy("won’t do")}
# No present names.
NAMELESS: dict = {}
# Said by the change that they follow from.
UNSAID = frozenset(
    {
        "number",
        "closed_at",
        "triaged_at",
        "deleted_at",
        "edited_at",
        "source",
        "created_at",
        "author",
        "returned_at",
        "returned_reason",
        *ASIDE,
    }
)
NAMES = {
    "title": gettext_lazy("title"),
    "description": gettext_lazy("description"),
    "type": gettext_lazy("type"),
    "status": gettext_lazy("status"),
    "resolution": gettext_lazy("resolution"),
    "priority": gettext_lazy("priority"),
    "severity": gettext_lazy("severity"),
    "component": gettext_lazy("component"),
    "milestone": gettext_lazy("milestone"),
    "version": gettext_lazy("version"),
    "assignee": gettext_lazy("assignee"),
    "labels": gettext_lazy("labels"),
    "due_on": gettext_lazy("due date"),
    "parent": gettext_lazy("parent"),
    "duplicate_of": gettext_lazy("original"),
    "snoozed_until": gettext_lazy("snooze"),
    "product": gettext_lazy("product"),
}
WHOLE = {
    Kind.COMMENTED: gettext_lazy("commented"),
    Kind.COMMENT_EDITED: gettext_lazy("edited a comment"),
    Kind.TRASHED: gettext_lazy("moved it to the trash"),
    Kind.RESTORED: gettext_lazy("took it out of the trash"),
    Kind.ASKED: gettext_lazy("opened the question again"),
    Kind.ANSWERED: gettext_lazy("answered the question"),
    Kind.WITHDRAWN: gettext_lazy("withdrew the question"),
    Kind.VOTED: gettext_lazy("voted for this"),
    Kind.UNVOTED: gettext_lazy("took the vote back"),
    # It concerns nobody else.
    Kind.WATCHED: "",
}
COMMENTS = {
    Kind.TRASHED: gettext_lazy("moved a comment to the trash"),
    Kind.RESTORED: gettext_lazy("took a comment out of the trash"),
}
RETURNS = {
    "answer": gettext_lazy("brought it back into the queue by an answer"),
    "activity": gettext_lazy("woke it"),
}
FILES = {
    Kind.ATTACHED: gettext_lazy("attached {}"),
    Kind.TRASHED: gettext_lazy("removed the file {}"),
    Kind.RESTORED: gettext_lazy("brought back the file {}"),
    Kind.REDACTED: gettext_lazy("redacted a file"),
}
RELATIONS = {
    ("blocks", True): gettext_lazy("said that it blocks {}"),
    ("blocked-by", True): gettext_lazy("said that it is blocked by {}"),
    ("relates", True): gettext_lazy("related it to {}"),
    ("blocks", False): gettext_lazy("said that it no longer blocks {}"),
    ("blocked-by", False): gettext_lazy("said that it is no longer blocked by {}"),
    ("relates", False): gettext_lazy("no longer relates it to {}"),
}


def sentence(event, changes, hidden=frozenset(), names=NAMELESS):
    """Return the sentence after the actor's name as safe HTML; "" where nothing is left to say.

    `changes` are the event's Changes; `hidden` holds the `(field, id)` of rows that the reader may not see: what
    names one of them is said without the name. `names` has the present names of people, statuses and issues by
    `(field, id)`, which the log keeps by user name, by slug and by the key of that time.
    """
    if event.about == "attachment":
        return format_html(str(FILES[event.kind]), *(_strong(name) for name in _file_names(changes)[:1]))
    if event.about == "comment" and event.kind in COMMENTS:
        return COMMENTS[event.kind]
    if event.kind in WHOLE:
        return WHOLE[event.kind]
    if event.kind == Kind.REDACTED:
        return format_html(_("redacted the {}"), NAMES.get(changes[0].field, _("text")))
    if event.kind in (Kind.RELATED, Kind.UNRELATED):
        return _relation(event.kind == Kind.RELATED, changes[0], hidden, names)
    if event.kind == Kind.CREATED:
        return _("opened this")
    if event.kind == Kind.RETURNED:
        reasons = [RETURNS.get(change.after, "") for change in changes if change.field == "returned_reason"]
        return reasons[0] if reasons else RETURNS["activity"]
    changes = _in_order(changes)
    clauses = [_closing(changes, names), *(_clause(change, hidden, names) for change in changes)]
    return format_html_join(_(", "), "{}", ((clause,) for clause in clauses if clause))


def _file_names(changes):
    """Return the names of the file that `changes` of an attachment tell of."""
    return [(change.after or change.before)["name"] for change in changes if change.field == "file"]


def _in_order(changes):
    order = list(NAMES)
    told = [change for change in changes if change.field not in UNSAID]
    return sorted(told, key=lambda change: order.index(change.field) if change.field in order else len(order))


def _closing(changes, names):
    """Say closing and reopening in one clause, and take what it says out of `changes`."""
    by_field = {change.field: change for change in changes}
    status, resolution = by_field.get("status"), by_field.get("resolution")
    if status is None or resolution is None:
        return ""
    changes.remove(status)
    changes.remove(resolution)
    if resolution.after and not resolution.before:
        return format_html(_("closed it as {}"), _strong(display("resolution", resolution.after)))
    return format_html(_("reopened it as {}"), _strong(display("status", status.after, names)))


def _relation(made, change, hidden, names):
    other = change.after or change.before
    if (change.field, other["id"]) in hidden:
        return ""
    return format_html(str(RELATIONS[change.field, made]), _strong(display(change.field, other, names)))


def _clause(change, hidden, names):
    field, before, after = change.field, change.before, change.after
    if field in TEXTS:
        return _("edited the %(field)s") % {"field": NAMES.get(field, field)}
    if field == "confidential":
        return _("made it confidential") if after else _("made it visible to all who see the product")
    if field == "labels":
        return _labels(before, after, hidden)
    if field == "assignee" and after:
        return format_html(_("assigned {}"), _strong(display(field, after, names)))
    name = NAMES.get(field, field.replace("_", " "))
    if names_hidden(change, hidden):
        return _("moved it to another product") if field == "product" else format_html(_("changed the {}"), name)
    if field == "product":
        return format_html(
            _("moved it from {} to {}"), _strong(display(field, before, names)), _strong(display(field, after, names))
        )
    if field == "snoozed_until":
        said = _("snoozed it until {}") if after else _("woke it")
        return format_html(said, _strong(display(field, after, names)))
    if isinstance(before, dict) and isinstance(after, dict) and before["name"] == after["name"]:
        # In the product that it was moved to, a part is another one, and called the same.
        return ""
    if _empty(after):
        return format_html(_("removed the {} {}"), name, _strong(display(field, before, names)))
    if _empty(before):
        return format_html(_("set the {} to {}"), name, _strong(display(field, after, names)))
    return format_html(
        _("changed the {} from {} to {}"),
        name,
        _strong(display(field, before, names)),
        _strong(display(field, after, names)),
    )


def names_hidden(change, hidden):
    """Return whether `change` names, before or after, one of the `(field, id)` in `hidden`."""
    return any(
        isinstance(value, dict) and (change.field, value.get("id")) in hidden for value in (change.before, change.after)
    )


def _empty(value):
    return value in (None, "", "none", "unset")


def _labels(before, after, hidden):
    before, after = (
        {item["name"] for item in items or [] if ("labels", item.get("id")) not in hidden} for items in (before, after)
    )
    if before == after:
        return _("changed the labels")
    parts = [
        format_html(one if len(names) == 1 else more, _strong(", ".join(sorted(names))))
        for one, more, names in (
            (_("added the label {}"), _("added the labels {}"), after - before),
            (_("removed the label {}"), _("removed the labels {}"), before - after),
        )
        if names
    ]
    return format_html_join(_(" and "), "{}", ((part,) for part in parts))


def display(field, value, names=NAMELESS):
    """Return a frozen value as a person reads it, by its present name where `names` has one."""
    if isinstance(value, dict):
        if (field, value["id"]) in names:
            return names[field, value["id"]]
        value = value["name"]
    if field in SLUGS:
        return SPELLED.get(value) or value.replace("-", " ")
    if field == "severity" and value:
        return value.upper() if value[-1].isdigit() else value
    if isinstance(value, str) and field.endswith("_on") and (day := parse_date(value)):
        return date_format(day, "j M Y")
    if isinstance(value, str) and field.endswith(("_at", "_until")) and (moment := parse_datetime(value)):
        return date_format(timezone.localtime(moment), "j M Y, H:i")
    return "—" if value is None else str(value)


def _strong(text):
    return format_html("<b>{}</b>", text)
