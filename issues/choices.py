"""The words of issues and their lists: for the models and for the query language, which knows no models."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# What a list can show beside the title, in this order, and what it can be put into sections by.
COLUMNS = {
    "component": _("Component"),
    "milestone": _("Milestone"),
    "version": _("Version"),
    "author": _("Author"),
    "created": _("Created"),
    "due": _("Due"),
    "votes": _("Votes"),
    "comments": _("Comments"),
    "assignee": _("Assignee"),
    "updated": _("Updated"),
}
GROUPS = {"status": _("Status"), "assignee": _("Assignee"), "priority": _("Priority"), "component": _("Component")}


class Category(models.TextChoices):
    """What a status means to the code, which never asks for its name."""

    TRIAGE = "triage", _("triage")
    ACCEPTED = "accepted", _("accepted")
    STARTED = "started", _("started")
    CLOSED = "closed", _("closed")


class Priority(models.IntegerChoices):
    """How soon it is to be done."""

    NONE = 0, _("none")
    LOW = 1, _("low")
    MEDIUM = 2, _("medium")
    HIGH = 3, _("high")
    URGENT = 4, _("urgent")


class Severity(models.IntegerChoices):
    """How bad it is; unset means that nobody has looked."""

    UNSET = 0, _("unset")
    S4 = 1, _("S4")
    S3 = 2, _("S3")
    S2 = 3, _("S2")
    S1 = 4, _("S1")


RANKS = {"priority": Priority, "severity": Severity}


def slugs(ranks):
    """Return the choices of a Priority or Severity by their names in lower case: `[(slug, label)]`."""
    return [(rank.name.lower(), rank.label) for rank in ranks]


class Type(models.TextChoices):
    """What kind of issue it is."""

    BUG = "bug", _("bug")
    FEATURE = "feature", _("feature")
    TASK = "task", _("task")


class Resolution(models.TextChoices):
    """How a closed issue was resolved."""

    FIXED = "fixed", _("fixed")
    DUPLICATE = "duplicate", _("duplicate")
    WONT_DO = "wont-do", _("won’t do")
    INVALID = "invalid", _("invalid")
    CANNOT_REPRODUCE = "cannot-reproduce", _("cannot reproduce")
    INCOMPLETE = "incomplete", _("incomplete")
    WORKS_AS_DESIGNED = "works-as-designed", _("works as designed")


# Closed for one of these, a report was declined.
DECLINED = (
    Resolution.WONT_DO.value,
    Resolution.INVALID.value,
    Resolution.CANNOT_REPRODUCE.value,
    Resolution.INCOMPLETE.value,
    Resolution.WORKS_AS_DESIGNED.value,
)


def shape_of(category, resolution):
    """Return how a status of that `category` is drawn, by its name: a closed issue by its `resolution`."""
    if category != Category.CLOSED or resolution == Resolution.FIXED:
        return str(category)
    return "duplicate" if resolution == Resolution.DUPLICATE else "declined"


class Decision(models.TextChoices):
    """What a triager does with a new report."""

    ACCEPT = "accept", _("accept")
    DUPLICATE = "duplicate", _("duplicate of …")
    DECLINE = "decline", _("decline")
    NEEDINFO = "needinfo", _("ask somebody")
    SNOOZE = "snooze", _("snooze")
    REROUTE = "reroute", _("reroute")


# What each is told, beside a comment and what else is to be set.
DECISION_DETAILS = {
    Decision.ACCEPT: (),
    Decision.DUPLICATE: ("duplicate_of",),
    Decision.DECLINE: ("resolution",),
    Decision.NEEDINFO: ("ask", "question", "due"),
    Decision.SNOOZE: ("until",),
    Decision.REROUTE: ("product", "component"),
}
# What each cannot be made without; of a reroute one of the two will do.
DECISION_NEEDS = {
    Decision.DUPLICATE: ("duplicate_of",),
    Decision.DECLINE: ("resolution",),
    Decision.NEEDINFO: ("ask", "question"),
    Decision.SNOOZE: ("until",),
}
# With these, pages ask for a comment.
COMMENTED = (Decision.DUPLICATE, Decision.DECLINE)


class Return(models.TextChoices):
    """Why an issue is back in the triage queue. That its snooze has ended is not stored: it follows from the time."""

    ANSWER = "answer", _("answered")
    ACTIVITY = "activity", _("something happened")
    REOPENED = "reopened", _("reopened")
    MOVED = "moved", _("moved here")
    SNOOZE = "snooze", _("snooze ended")


class Source(models.TextChoices):
    """The door by which an issue came in."""

    WEB = "web", _("web")
    API = "api", _("API")
    ADMIN = "admin", _("admin")
    IMPORT = "import", _("import")
    MAIL = "mail", _("mail")
    FORM = "form", _("form")
