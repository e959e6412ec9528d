"""The one table of actions and their keys: the sheet of keys, the scripts and the palette all take theirs from here."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

LIST, PEEK, ISSUE, TRIAGE = "list", "peek", "issue", "triage"
EVERYWHERE = (LIST, PEEK, ISSUE, TRIAGE, "everywhere")
ROWS = (LIST, PEEK)
ALL_ISSUES = (*ROWS, ISSUE, TRIAGE)

# What keys are called on their caps.
CAPS = {"mod": _("Ctrl"), "shift": _("Shift"), "space": _("Space"), "Escape": _("Esc"), "Enter": "↵"}
PLACES = {
    LIST: _("list"),
    PEEK: _("peek"),
    ISSUE: _("issue page"),
    TRIAGE: _("triage"),
    "everywhere": _("everywhere"),
}
GROUPS = {
    "move": _("Move"),
    "triage": _("Triage"),
    "fields": _("Change"),
    "select": _("Select"),
    "go": _("Go to"),
    "always": _("Everywhere"),
}


@dataclass(frozen=True)
class Action:
    """Something that a key does.

    A key is written as the scripts hear it: "j", "shift+p", "mod+k" (Ctrl, or Command on a Mac); "g t" is one key
    after the other. `right` is the action of `products.access` that it needs, "sign in", or nothing.
    """

    name: str
    label: Any
    keys: tuple
    group: str
    places: tuple
    right: str = ""

    @property
    def caps(self):
        """The keys as people read them: `[(caps, is_character)]`, one for each way."""
        return [(caps(key), is_character(key)) for key in self.keys]


def is_character(key):
    """Return whether `key` is of those that can be switched off: all but Esc and what is held with another key."""
    return not key.startswith("mod+") and key != "Escape"


def caps(key):
    """Return the caps of one key: "g t" has two, "shift+p" as well."""
    return [str(CAPS.get(cap, cap)) for step in key.split(" ") for cap in _pieces(step)]


def _pieces(step):
    held, _plus, last = step.rpartition("+")
    if not held or not last:
        return [step]
    return [held, last if last in CAPS else last.upper()]


ACTIONS = (
    Action("next", _("Next"), ("j",), "move", ALL_ISSUES),
    Action("previous", _("Previous"), ("k",), "move", ALL_ISSUES),
    Action("open", _("Open"), ("Enter", "o"), "move", (*ROWS, TRIAGE)),
    Action("back", _("Back"), ("Escape", "u"), "move", ALL_ISSUES),
    Action("peek", _("Peek"), ("space",), "move", ROWS),
    Action("search", _("Search"), ("/",), "move", EVERYWHERE),
    Action("filter", _("Filter"), ("f",), "move", (LIST,)),
    Action("accept", _("Accept"), ("1",), "triage", ALL_ISSUES, "triage"),
    Action("duplicate", _("Duplicate of…"), ("2",), "triage", ALL_ISSUES, "triage"),
    Action("decline", _("Decline"), ("3",), "triage", ALL_ISSUES, "triage"),
    Action("needinfo", _("Ask for information"), ("n",), "triage", ALL_ISSUES, "triage"),
    Action("snooze", _("Snooze"), ("h",), "triage", ALL_ISSUES, "triage"),
    Action("reroute", _("Reroute"), ("v",), "triage", ALL_ISSUES, "triage"),
    Action("suggestions", _("Take the suggestions"), ("y",), "triage", (TRIAGE,), "triage"),
    Action("status", _("Status"), ("s",), "fields", ALL_ISSUES, "close"),
    Action("assignee", _("Assignee"), ("a",), "fields", ALL_ISSUES, "edit"),
    Action("to-me", _("Assign to me"), ("i",), "fields", ALL_ISSUES, "edit"),
    Action("priority", _("Priority"), ("p",), "fields", ALL_ISSUES, "edit"),
    Action("severity", _("Severity"), ("shift+p",), "fields", ALL_ISSUES, "edit"),
    Action("component", _("Component"), ("shift+c",), "fields", ALL_ISSUES, "edit"),
    Action("labels", _("Labels"), ("l",), "fields", ALL_ISSUES, "edit"),
    Action("due", _("Due date"), ("d",), "fields", ALL_ISSUES, "edit"),
    Action("comment", _("Comment"), ("r",), "fields", ALL_ISSUES, "comment"),
    Action("edit", _("Edit"), ("e",), "fields", (ISSUE,), "edit_text"),
    Action("select", _("Select"), ("x",), "select", (*ROWS, TRIAGE), "edit"),
    Action("select-next", _("Select on to the next"), ("shift+j",), "select", (*ROWS, TRIAGE), "edit"),
    Action("select-previous", _("Select on to the previous"), ("shift+k",), "select", (*ROWS, TRIAGE), "edit"),
    Action("select-all", _("Select all"), ("* a",), "select", (*ROWS, TRIAGE), "edit"),
    Action("go-triage", _("Triage"), ("g t",), "go", EVERYWHERE, "sign in"),
    Action("go-inbox", _("Asked of me"), ("g i",), "go", EVERYWHERE, "sign in"),
    Action("go-mine", _("My work"), ("g m",), "go", EVERYWHERE, "sign in"),
    Action("go-views", _("Saved views"), ("g v",), "go", EVERYWHERE, "sign in"),
    Action("go-products", _("Products"), ("g p",), "go", EVERYWHERE),
    Action("palette", _("Find and do"), ("mod+k",), "always", EVERYWHERE),
    Action("create", _("Create"), ("c",), "always", EVERYWHERE, "create"),
    Action("undo", _("Undo"), ("z",), "always", EVERYWHERE, "undo"),
    Action("submit", _("Send the form"), ("mod+Enter",), "always", EVERYWHERE),
    Action("help", _("These keys"), ("?",), "always", EVERYWHERE),
)
BY_NAME = {action.name: action for action in ACTIONS}


def grouped():
    """Return `[(group, heading, [Action, …])]` in the order of the sheet."""
    return [(group, said, [one for one in ACTIONS if one.group == group]) for group, said in GROUPS.items()]
