"""The sentences of the history: who did what, from what to what, without what is hidden."""

import pytest
from django.utils import timezone

from history.models import Change, Event
from history.sentences import sentence


def said(kind="changed", about="issue", hidden=frozenset(), **changes):
    rows = [Change(field=field, before=before, after=after) for field, (before, after) in changes.items()]
    return sentence(Event(kind=kind, about=about), rows, hidden)


def row(name, pk=1):
    return {"id": pk, "name": name}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"priority": ("low", "high")}, "changed the priority from <b>low</b> to <b>high</b>"),
        ({"priority": ("none", "high")}, "set the priority to <b>high</b>"),
        ({"severity": ("s2", "unset")}, "removed the severity <b>S2</b>"),
        ({"assignee": (None, row("ana"))}, "assigned <b>ana</b>"),
        ({"assignee": (row("ana"), None)}, "removed the assignee <b>ana</b>"),
        ({"description": ("a", "b")}, "edited the description"),
        ({"due_on": (None, "2026-12-24")}, "set the due date to <b>24 Dec 2026</b>"),
        ({"confidential": (None, True)}, "made it confidential"),
        ({"labels": ([row("a")], [row("b", 2)])}, "added the label <b>b</b> and removed the label <b>a</b>"),
        ({"labels": ([], [row("a"), row("b", 2)])}, "added the labels <b>a, b</b>"),
        ({"title": ("a", "<script>")}, "changed the title from <b>a</b> to <b>&lt;script&gt;</b>"),
        (
            {"resolution": (None, "wont-do"), "status": (row("new"), row("closed"))},
            "closed it as <b>won’t do</b>",
        ),
        ({"resolution": ("fixed", None), "status": (row("closed"), row("new"))}, "reopened it as <b>new</b>"),
        ({"status": (row("new"), row("in-progress"))}, "changed the status from <b>new</b> to <b>in progress</b>"),
        ({"priority": ("low", "high"), "type": ("bug", "task")}, "changed the type from <b>bug</b> to <b>task</b>, "),
        ({"closed_at": (None, "x"), "number": (1, 2)}, ""),
        (
            {"product": (row("WEB"), row("API", 2)), "version": (row("4.0"), row("4.0", 2))},
            "moved it from <b>WEB</b> to <b>API</b>",
        ),
    ],
)
def test_a_change_is_a_clause(changes, expected):
    assert said(**changes).startswith(expected)
    assert bool(said(**changes)) == bool(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parent": (None, row("SEC-1", 7))}, "changed the parent"),
        ({"duplicate_of": (row("SEC-1", 7), None)}, "changed the original"),
    ],
)
def test_what_is_hidden_is_not_named(changes, expected):
    field = next(iter(changes))
    assert said(hidden={(field, 7)}, **changes) == expected
    assert "SEC-1" in said(**changes)


def test_relations_say_what_they_are_and_vanish_with_what_they_name():
    assert said(kind="related", about="relation", blocks=(None, row("WEB-2", 7))) == "said that it blocks <b>WEB-2</b>"
    assert said(kind="related", about="relation", hidden={("blocks", 7)}, blocks=(None, row("WEB-2", 7))) == ""


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        ("trashed", "issue", "moved it to the trash"),
        ("trashed", "comment", "moved a comment to the trash"),
        ("restored", "issue", "took it out of the trash"),
        ("restored", "comment", "took a comment out of the trash"),
        ("redacted", "comment", "redacted the text"),
    ],
)
def test_whole_things_have_their_own_words(kind, about, expected):
    assert said(kind=kind, about=about, body=(None, None)) == expected


def test_a_moment_is_told_in_the_zone_of_the_reader():
    with timezone.override("Asia/Tokyo"):
        text = said(snoozed_until=(None, "2026-12-01T20:00:00+00:00"))
    assert text == "snoozed it until <b>2 Dec 2026, 05:00</b>"
