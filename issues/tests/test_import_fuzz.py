"""Whatever stands in one place of a file, it is imported, or refused in the check with the place: nothing else."""

import json
from contextlib import contextmanager
from copy import deepcopy
from functools import reduce

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.importers.loading import Import
from issues.importers.source import SourceError
from issues.tests.test_import import assert_replays, change, event, github, record
from tests.examples import examples

LABEL = {"name": "area/ui", "color": "d73a4a", "description": "Looks"}
MILESTONE = {"title": "2.0", "state": "open", "due_on": "2020-02-01T08:00:00Z"}
NDJSON = [
    record(
        1,
        component="Cart",
        version="1.0",
        assignee="bob",
        severity="critical",
        priority="P1",
        type="defect",
        resolution="DUPLICATE",
        duplicate_of="2",
        description="Text",
        cc=["eve"],
        os="Linux",
        history=[
            change(2, "status", "NEW", "ASSIGNED", who="bob"),
            change(2, "product", "Shop", "Web shop"),
            change(3, "component", "UI", "Cart"),
            change(4, "severity", "enhancement", "critical"),
            change(5, "status", "ASSIGNED", "RESOLVED"),
        ],
        comments=[{"at": "2020-01-02T00:00:00Z", "who": "bob", "text": "Yes"}],
    ),
    record(2, status="NEW", resolution=None),
    record(3, source="castle-youtrack", status="Fixed", resolved_at="2020-01-04T00:00:00Z"),
]
GITHUB = [
    github(
        5,
        [
            event("labeled", 2, label=LABEL),
            event("renamed", 3, rename={"from": "Crt", "to": "Cart"}),
            event("commented", 3, login="bob", body="Me too"),
            event("milestoned", 4, milestone=MILESTONE),
            event("assigned", 5, assignee={"login": "bob"}),
            event("unlabeled", 6, label=LABEL),
            event("closed", 8, state_reason="not_planned"),
            event("subscribed", 8),
        ],
        state="closed",
        state_reason="not_planned",
        labels=[LABEL, {"name": "area/api", "color": "0075ca"}, {"name": "Bug", "color": None}],
        milestone=MILESTONE,
        assignees=[{"login": "bob"}],
        closed_at="2020-01-08T00:00:00Z",
        closed_by={"login": "bob"},
    ),
    github(6, pull_request={}),
    github(7, labels=[{"name": "area: ui"}], state="closed", closed_at="2020-01-08T00:00:00Z"),
]
IETF = {
    "repo": "wg/draft",
    "labels": [LABEL, {"name": "bug"}],
    "issues": [
        {
            "number": 9,
            "title": "Draft",
            "state": "CLOSED",
            "author": "ann",
            "assignees": ["bob"],
            "labels": ["area/ui", "bug"],
            "body": "Text",
            "createdAt": "2020-01-01T00:00:00Z",
            "updatedAt": "2020-01-03T00:00:00Z",
            "closedAt": "2020-01-02T00:00:00Z",
            "comments": [{"author": "bob", "body": "Yes", "createdAt": "2020-01-02T00:00:00Z"}],
        }
    ],
    "pulls": [{"comments": [{}]}],
}
FORMATS = {"ndjson": NDJSON, "github": GITHUB, "ietf": IETF}


def places(data, way=()):
    """Return the ways to all that stands in `data`, itself included."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [way, *(found for key, value in inner for found in places(value, (*way, key)))]


ODD_TEXTS = st.sampled_from(
    [
        *(
            "",
            " ",
            "x",
            "bug",
            "BUG",
            "Bob",
            "area/ui",
            "AREA/API",
            "Area: Api",
            "/",
            "a@b",
            "İstanbul",
            "ΟΔΟΣ",
            "日本",
        ),
        *("\x00", "\ud800", "\x1b[31m", "\u200b", "\u2800", "\x7f", "\u200b" * 501),
        *("x" * 99 + "/", "x" * 101, "x" * 501, "2", "-5", "0" * 15 + "1" * 25, "closed", "FIXED"),
        *("status", "product", "labels", "commented", "labeled"),
        *("2020-01-05T00:00:00Z", "2020-01-05", "2020-13-01T00:00:00Z"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXTS | st.text(max_size=9)
KEYS = st.sampled_from(["number", "name", "title", "login", "field", "at", "from", "to", "color"])


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)


VALUES = st.recursive(PLAIN, nested, max_leaves=4)


@st.composite
def damaged(draw, format):
    """Draw the text of a good file in which one place holds something else, or nothing at all."""
    data = deepcopy(FORMATS[format])
    way = draw(st.sampled_from(places(data)[1:]))
    held = reduce(lambda inner, key: inner[key], way[:-1], data)
    if draw(st.integers(0, 9)):
        held[way[-1]] = draw(VALUES)
    else:
        del held[way[-1]]
    return "\n".join(map(json.dumps, data)) if format == "ndjson" else json.dumps(data)


def checked(tmp_path, format, text, **options):
    """Return an Import of `text` that was checked, or None where it was refused with a place."""
    path = tmp_path / "damaged.json"
    path.write_text(text)
    run = Import(path, format, max_bytes=2**24, **options)
    try:
        run.check()
    except SourceError as error:
        place, _colon, reason = str(error).partition(": ")
        assert place and reason
        return None
    return run


@contextmanager
def undone():
    """Undo what is written within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def cheap(number):
    return settings(
        max_examples=examples(number),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.once
@pytest.mark.untraced
@pytest.mark.parametrize("format", FORMATS)
def test_one_damaged_place_passes_the_check_or_is_named(db, tmp_path, format):
    @cheap(250)
    @given(damaged(format))
    def check(text):
        checked(tmp_path, format, text)

    check()


@pytest.mark.parametrize("format", FORMATS)
def test_what_passes_the_check_is_loaded(db, tmp_path, format):
    @cheap(40)
    @given(damaged(format), st.sampled_from([None, "WEB"]))
    def load(text, key):
        with undone():
            if run := checked(tmp_path, format, text, key=key):
                run.load()
                assert_replays()

    load()
