"""The one registry of what can be asked for: parser, completion, help, the API's parameters and exports read it."""

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext_lazy as _

from issues.choices import Category, Priority, Resolution, Severity, Source, Type


class Kind(Enum):
    """What the values of a field are."""

    WORDS = "words"
    ROWS = "rows"
    PEOPLE = "people"
    ISSUES = "issues"
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"
    DAY = "day"
    SPAN = "span"
    FIELDS = "fields"


COMPARED = frozenset({Kind.NUMBER, Kind.MOMENT, Kind.DAY, Kind.SPAN})


@dataclass(frozen=True)
class Field:
    """A field: `words` are its values where they are fixed (least first if `ordered`), `path` is its column.

    `many` says that an issue has several at once, `empty` that it can have none; `kept` that the log can be asked for
    its past under that name.
    """

    name: str
    kind: Kind
    help: str
    path: str = ""
    words: tuple = ()
    ordered: bool = False
    many: bool = False
    empty: bool = False
    kept: str = ""

    @property
    def column(self):
        """What the API calls its value; "" for long texts, what the key says, and what is no value of the issue."""
        if self.kind is Kind.SPAN or self.path in ("description", "number"):
            return ""
        return "key" if self.path == "pk" else self.path.replace("__", "_")

    @property
    def is_compared(self):
        """Whether it takes >, >=, <, <= and ranges."""
        return self.ordered or self.kind in COMPARED

    @property
    def reserved(self):
        """Those of its words that could be names as well: a name that is one of them stands in quotes."""
        return self.words if self.kind is Kind.PEOPLE else ()

    @property
    def compared_words(self):
        """Those of its words that have a place in the order: no priority is the lowest, but unset is no severity."""
        return tuple(word for word in self.words if word != "unset")


def _ranks(choices):
    return tuple(row.name.lower() for row in choices)


STATES = (
    "open",
    "closed",
    "untriaged",
    "triaged",
    "snoozed",
    "returned",
    "overdue",
    "watched",
    "duplicate",
    "blocked",
    "blocking",
    "confidential",
    "unassigned",
    "mine",
)

# What an issue can wait for beside a person.
WAITING = ("us", "reporter")

_FIELDS = (
    Field("is", Kind.WORDS, _("A state, such as open, untriaged, blocked or mine"), words=STATES, many=True),
    Field("product", Kind.ROWS, _("The key of its product"), "product", kept="product"),
    Field("component", Kind.ROWS, _("The part of the product"), "component", empty=True, kept="component"),
    Field("type", Kind.WORDS, _("Bug, feature or task"), "type", words=tuple(Type.values), kept="type"),
    Field("status", Kind.ROWS, _("A status, or one of the four categories"), "status", kept="status"),
    Field("category", Kind.WORDS, _("The category of the status"), "status__category", words=tuple(Category.values)),
    Field("priority", Kind.WORDS, _("How soon"), "priority", _ranks(Priority), True, empty=True, kept="priority"),
    Field("severity", Kind.WORDS, _("How bad"), "severity", _ranks(Severity), True, empty=True, kept="severity"),
    Field("label", Kind.ROWS, _("A label; repeat it to ask for several"), "labels", many=True, empty=True),
    Field("assignee", Kind.PEOPLE, _("Who works on it"), "assignee", empty=True, kept="assignee"),
    Field("author", Kind.PEOPLE, _("Who reported it"), "author", empty=True),
    Field("commenter", Kind.PEOPLE, _("Somebody who commented on it"), many=True, empty=True),
    Field("mentions", Kind.PEOPLE, _("Somebody whom its texts name with an @"), many=True),
    Field("involves", Kind.PEOPLE, _("Author, assignee, commenter or somebody mentioned"), many=True),
    Field("watcher", Kind.PEOPLE, _("Somebody who hears of it"), many=True),
    Field("needinfo", Kind.PEOPLE, _("Somebody who was asked about it and has not answered"), many=True, empty=True),
    Field(
        "waiting",
        Kind.PEOPLE,
        _("For whom it waits: us, reporter, or a person who was asked"),
        words=WAITING,
        many=True,
    ),
    Field("milestone", Kind.ROWS, _("What it is planned for"), "milestone", empty=True, kept="milestone"),
    Field("version", Kind.ROWS, _("Where it was found"), "version", empty=True, kept="version"),
    Field("parent", Kind.ISSUES, _("The issue that it is a part of"), "parent", empty=True, kept="parent"),
    Field("blocks", Kind.ISSUES, _("An issue that waits for it"), many=True, empty=True),
    Field("blocked-by", Kind.ISSUES, _("An issue that it waits for"), many=True, empty=True),
    Field("duplicate-of", Kind.ISSUES, _("Its original"), "duplicate_of", empty=True, kept="duplicate_of"),
    Field("id", Kind.ISSUES, _("An issue by its key"), "pk"),
    Field("number", Kind.NUMBER, _("The number in its key"), "number"),
    Field("title", Kind.TEXT, _("Words of the title"), "title", many=True),
    Field("body", Kind.TEXT, _("Words of the description"), "description", many=True, empty=True),
    Field("comments", Kind.NUMBER, _("How many public comments"), "comment_count", empty=True),
    Field("votes", Kind.NUMBER, _("How many votes"), "votes", empty=True),
    Field("created", Kind.MOMENT, _("When it was reported"), "created_at"),
    Field("updated", Kind.MOMENT, _("When it last changed"), "updated_at"),
    Field("closed", Kind.MOMENT, _("When it was closed"), "closed_at", empty=True),
    Field("triaged", Kind.MOMENT, _("When it was triaged"), "triaged_at", empty=True),
    Field("due", Kind.DAY, _("When it is due"), "due_on", empty=True, kept="due_on"),
    Field("age", Kind.SPAN, _("How long ago it was reported"), "created_at"),
    Field("idle", Kind.SPAN, _("How long nothing has changed"), "updated_at"),
    Field(
        "resolution",
        Kind.WORDS,
        _("How it was closed"),
        "resolution",
        tuple(Resolution.values),
        empty=True,
        kept="resolution",
    ),
    Field("source", Kind.WORDS, _("The door it came in by"), "source", words=tuple(Source.values)),
    Field(
        "confidential", Kind.WORDS, _("Hidden from most"), "confidential", words=("true", "false"), kept="confidential"
    ),
)
EMPTYABLE = tuple(field.name for field in _FIELDS if field.empty)
FIELDS = {
    field.name: field
    for field in (
        *_FIELDS,
        Field("no", Kind.FIELDS, _("A field that is empty"), words=EMPTYABLE, many=True),
        Field("has", Kind.FIELDS, _("A field that is not empty"), words=EMPTYABLE, many=True),
    )
}
ALIASES = {"reporter": "author", "description": "body"}
DIRECTIVES = {"sort": _("The order"), "in": _("Where words are looked for: title, body or comments")}
HISTORY = {
    "was": _("A value that a field has or once had: was:status=new"),
    "changed": _("A field that was changed: changed:assignee/by=@me:>-7d"),
    "by": _("Somebody who has changed anything"),
}
VOCABULARY = (*FIELDS, *ALIASES, *DIRECTIVES, *HISTORY)
# What the log can be asked for, by the names of the language.
KEPT = {field.name: field.kept for field in _FIELDS if field.kept}
CHANGEABLE = {**KEPT, "label": "labels", "title": "title", "body": "description"}
WHERE = ("title", "body", "comments")
# The columns of an export, what one looks for first in front.
EXPORTED = {name: FIELDS[name].column for name in ("id", "title", *FIELDS) if FIELDS[name].column}

# The orders, and whether they go down where nothing is said.
SORTS = {
    "updated": True,
    "created": True,
    "closed": True,
    "priority": True,
    "severity": True,
    "due": False,
    "votes": True,
    "comments": True,
    "number": True,
    "status": False,
    "relevance": True,
    "triage": False,
}
