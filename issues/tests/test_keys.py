"""The table of keys: each action has something that does it, everything that does something is in the table."""

import re
from pathlib import Path

from django.conf import settings
from django.test import Client

from issues.keys import ACTIONS, BY_NAME, EVERYWHERE, GROUPS, PLACES, caps
from issues.services import create_issue
from issuetracker.templatetags.keys import key_cap, key_sheet
from products.access import ACTIONS as RIGHTS

ROOT = Path(settings.BASE_DIR)
# Those of pages that claim them as soon as they have an element with `data-action`.
CLAIMED_BY_PAGES = {"suggestions"}
LETTER = re.compile(r"(?:[a-z0-9/?*]|shift\+[a-z]|mod\+[a-zA-Z]+|Enter|Escape|space)")


def offered():
    """Return the names of the actions that modules offer."""
    texts = [path.read_text() for path in (ROOT / "static/js").glob("*.js")]
    return {name for text in texts for name in re.findall(r'\boffer\("([\w-]+)"', text)}


def claimed():
    """Return the names of the actions that elements of templates claim."""
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    passed = {name for text in texts for name in re.findall(r'\baction="([a-z-]+)" ?%}', text)}
    return passed | {name for text in texts for name in re.findall(r'data-action="([\w-]+)"', text)}


def test_each_action_has_something_that_does_it_and_nothing_else_is_done():
    done = offered() | claimed()
    assert set(BY_NAME) - done <= CLAIMED_BY_PAGES
    assert done <= set(BY_NAME)
    assert set(BY_NAME) >= CLAIMED_BY_PAGES


def test_no_script_listens_for_keys_of_its_own():
    named = re.compile(r'event\.key === "(\w|\?|/| )"')
    for path in (ROOT / "static/js").glob("*.js"):
        # A query is completed with Ctrl and the space bar; a row's cell is a button, which that bar presses.
        found = set(named.findall(path.read_text())) - {" "}
        assert not found, path.name


def test_no_key_has_two_meanings():
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert len(BY_NAME) == len(ACTIONS)
    assert all(LETTER.fullmatch(step) for key in keys for step in key.split(" "))
    beginnings = {key.split(" ")[0] for key in keys if " " in key}
    assert not beginnings & set(keys)


def test_the_table_is_whole():
    for action in ACTIONS:
        assert action.group in GROUPS
        assert set(action.places) <= set(PLACES)
        assert action.right in {"", "sign in", *RIGHTS}
        assert str(action.label)


def test_keys_are_shown_as_caps():
    assert caps("shift+p") == ["Shift", "P"]
    assert caps("mod+Enter") == ["Ctrl", "↵"]
    assert caps("g t") == ["g", "t"]
    assert key_cap("submit") == '<kbd aria-hidden="true">Ctrl ↵</kbd>'
    assert key_cap("create") == '<kbd aria-hidden="true" data-character>c</kbd>'


def test_the_sheet_holds_the_table(product, triager):
    create_issue(product, actor=triager, via="web", title="One")
    for address in ("/issues/", "/issues/WEB-1/", "/profile/"):
        client = Client()
        client.force_login(triager)
        page = client.get(address).content.decode()
        rows = re.findall(r'data-describes="([\w-]+)" data-keys="([^"]+)"', page)
        assert rows == [
            (action.name, "|".join(action.keys)) for group in GROUPS for action in ACTIONS if action.group == group
        ]
        assert page.count(str(key_sheet()).strip()[:200]) == 1


def test_the_documentation_holds_the_table():
    text = (ROOT / "docs/keyboard.md").read_text()
    lines = [line for group in GROUPS for line in documented(group)]
    assert [line for line in text.splitlines() if line.startswith("| ") and "`" in line][: len(lines)] == lines


def documented(group):
    """Return the lines of a table of the documentation."""
    return [
        f"| {action.label} | {ways(action)} | {said_places(action)} | {action.right} | `{action.name}` |"
        for action in ACTIONS
        if action.group == group
    ]


def ways(action):
    return " or ".join(" ".join(f"`{cap}`" for cap in way) for way, _character in action.caps)


def said_places(action):
    """Return in words where `action` works."""
    if action.places == EVERYWHERE:
        return str(PLACES["everywhere"])
    return ", ".join(str(PLACES[place]) for place in action.places)
