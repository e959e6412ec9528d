"""What happens where a reader does not see it moves nothing that the reader is given, and hides no conflict."""

import re

import pytest
from django.test import Client

from history.errors import Stale
from issues import timeline
from issues.models import Issue
from issues.services import (
    add_comment,
    can_undo,
    create_issue,
    decide,
    edit_comment,
    relate,
    undo,
    update_issue,
    watch,
)
from issues.services import trash_comment as trash
from products.services import create_product

# What differs between two answers to the same request.
MASKED = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|data-csrf="\w+"|nonce-[\w+/=-]+|nonce="[^"]+"|"X-CSRFToken": ?"\w+"'
)
PAGES = (
    "/issues/WEB-1/",
    "/issues/WEB-1/edit/",
    "/issues/WEB-1/peek/",
    "/issues/WEB-1/words/?q=priority:high",
    "/issues/WEB-1/menu/status/",
    "/issues/",
    "/products/WEB/issues/",
    "/issues/export.jsonl",
    "/api/v1/issues/WEB-1/",
    "/api/v1/issues/",
    "/api/v1/issues/WEB-1/events/",
    "/api/v1/issues/WEB-1/comments/",
)


@pytest.fixture
def issue(product, administrator, reporter, triager):
    """WEB-1 by Rosa, on which Tom has said something internally."""
    issue = create_issue(product, actor=reporter, via="web", title="one")
    add_comment(issue, actor=triager, via="web", body="hush", internal=True)
    return issue


def say_internally(issue, triager, administrator):
    add_comment(issue, actor=triager, via="web", body="hush, hush", internal=True)


def edit_what_is_internal(issue, triager, administrator):
    edit_comment(issue.comments.get(), actor=triager, via="web", body="silence")


def trash_what_is_internal(issue, triager, administrator):
    trash(issue.comments.get(), actor=administrator, via="web")


def watch_it(issue, triager, administrator):
    watch(issue, actor=triager, via="web")


def relate_it_to_what_is_hidden(issue, triager, administrator):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    hidden = create_issue(secret, actor=administrator, via="web", title="hidden")
    relate(issue, actor=administrator, via="web", kind="blocks", other=hidden)


HIDDEN = (say_internally, edit_what_is_internal, trash_what_is_internal, watch_it, relate_it_to_what_is_hidden)


def told(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return MASKED.sub("", content.decode()), answer.get("ETag")


@pytest.mark.parametrize("happen", HIDDEN)
def test_what_is_hidden_moves_nothing(issue, reporter, triager, administrator, happen):
    client = Client()
    client.force_login(reporter)
    before = [told(client, path) for path in PAGES]
    happen(issue, triager, administrator)
    for path, was in zip(PAGES, before, strict=True):
        assert told(client, path) == was, path


def test_a_conflict_is_seen_behind_what_is_hidden(issue, triager, administrator):
    seen = issue.lock_version
    say_internally(issue, triager, administrator)
    update_issue(issue, actor=administrator, via="web", priority=3)
    watch_it(issue, triager, administrator)
    with pytest.raises(Stale):
        update_issue(issue, actor=triager, via="web", seen=seen, priority=4)
    update_issue(issue, actor=triager, via="web", seen=seen, severity=2)
    update_issue(issue, actor=triager, via="web", seen=Issue.objects.get(pk=issue.pk).lock_version, priority=4)


def test_what_is_hidden_is_no_conflict(issue, triager, administrator):
    update_issue(issue, actor=administrator, via="web", priority=3)
    seen = Issue.objects.get(pk=issue.pk).lock_version
    for happen in HIDDEN[1:]:
        happen(issue, triager, administrator)
    assert update_issue(issue, actor=triager, via="web", seen=seen, priority=4).priority == 4
    assert decide(issue, "accept", actor=triager, via="web", seen=seen).issue.status.slug == "accepted"


def say_it_to_all(issue, triager, administrator):
    add_comment(issue, actor=triager, via="web", body="hello")


@pytest.mark.parametrize(("happen", "allowed"), [*((one, True) for one in HIDDEN), (say_it_to_all, False)])
def test_what_is_hidden_is_no_work_of_others(issue, reporter, triager, administrator, happen, allowed):
    """Who filed an issue takes it back as long as nothing that they see was done to it by others."""
    happen(issue, triager, administrator)
    creation = issue.events.get(kind="created").batch
    assert can_undo(reporter, creation) == allowed
    if allowed:
        undo(creation, actor=reporter, via="web")
        assert Issue.objects.get(pk=issue.pk).deleted_at


def test_what_is_hidden_is_no_older_entry(issue, reporter, administrator, monkeypatch):
    monkeypatch.setattr(timeline, "SHOWN", 2)
    update_issue(issue, actor=administrator, via="web", priority=3)
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    for number in range(3):
        hidden = create_issue(secret, actor=administrator, via="web", title=f"{number}")
        relate(issue, kind="blocks", other=hidden, actor=administrator, via="web")
    issue.refresh_from_db()
    entries, cut = timeline.timeline(issue, reporter)
    assert ([entry.event.kind for entry in entries], cut) == (["changed"], False)
    assert timeline.timeline(issue, administrator)[1]


@pytest.mark.parametrize("confidential", [False, True])
def test_by_counts_no_relation_to_what_is_hidden(product, triager, administrator, stranger, api, confidential):
    """Neither to an issue of a private product, nor to a confidential one."""
    home, kept = product, {"confidential": True}
    if not confidential:
        home = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
        kept = {}
    other = create_issue(home, actor=triager if confidential else administrator, via="web", title="other", **kept)
    one = create_issue(product, actor=triager, via="web", title="one")
    relate(one, kind="blocks", other=other, actor=administrator, via="web")
    found = {
        user: [row["title"] for row in api(user).get("/api/v1/issues/?q=by:ada").json()["results"]]
        for user in (stranger, administrator)
    }
    assert found[stranger] == []
    assert "one" in found[administrator]
