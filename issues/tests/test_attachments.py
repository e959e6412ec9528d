"""Attachments: added with their limits, taken away, brought back, redacted, purged; and no file without a row."""

import os
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from history import log
from history.errors import Forbidden, Stale
from history.models import Batch, Change, Event
from issues.files import store
from issues.models import Attachment, Comment, Issue
from issues.services import (
    add_comment,
    attach,
    create_issue,
    decide,
    detach,
    edit_comment,
    kept,
    purge,
    purge_expired,
    redact,
    restore_attachment,
    sweep_files,
    trash_comment,
    trash_issue,
    undo,
    update_issue,
)
from issues.tests.samples import bomb, hostile, picture, upload
from issues.tests.whole import assert_log_is_whole
from products.models import Product
from products.services import update_product


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """A folder of attachments of the test's own."""
    settings.ATTACHMENTS_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def give(home, actor, *uploads):
    """Attach `uploads` to an issue or a comment."""
    issue = home.issue if isinstance(home, Comment) else home
    with kept(list(uploads) or [upload(b"log", "cart.log")], actor=actor, action="attach", home=issue) as files:
        return attach(home, actor=actor, via="web", files=files)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def on_disk(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def assert_replays(issue):
    for row in [Issue.objects.get(pk=issue.pk), *Attachment.objects.filter(issue=issue)]:
        assert log.replay(row._meta.model_name, row.pk) == log.present(row)
    assert fresh(issue).event_count == issue.events.count()


def test_a_file_is_kept_recorded_and_told(issue, stranger, folder):
    (attachment,) = give(issue, stranger, upload(b"line one\n", "cart.log", "text/html"))
    assert (attachment.name, attachment.media_type, attachment.size) == ("cart.log", "text/plain", 9)
    assert not attachment.is_picture
    assert on_disk(folder) == {attachment.token}
    assert store.path_of(attachment.token).read_bytes() == b"line one\n"
    event = Event.objects.get(issue=issue, kind="attached")
    assert (event.about_id, event.actor, event.number) == (attachment.pk, stranger, 2)
    assert fresh(issue).lock_version == 2
    assert_replays(issue)


def test_a_picture_is_one_whatever_it_is_called(issue, reporter):
    (attachment,) = give(issue, reporter, upload(picture(size=(30, 20)), "page.html", "text/html"))
    assert (attachment.name, attachment.width, attachment.height) == ("page.html.png", 30, 20)
    assert attachment.markdown == f"![page.html.png](/attachments/{attachment.token}/)"


def test_files_come_with_an_issue_a_comment_and_their_edits(product, reporter, triager):
    def files(name="shot.png"):
        return kept([upload(picture(), name)], actor=reporter, action="create", home=product)

    with files() as sent:
        issue = create_issue(
            product, actor=reporter, via="web", title="T", description="![shot](attachment:shot.png)", files=sent
        )
    with files("a.png") as sent:
        comment = add_comment(issue, actor=reporter, via="web", body="See ![a](attachment:a.png)", files=sent)
    with files("b.png") as sent:
        edit_comment(comment, actor=reporter, via="web", body="Now ![b](attachment:b.png)", files=sent)
    with files("c.png") as sent:
        update_issue(issue, actor=triager, via="web", description="![c](attachment:c.png)", files=sent)
    with files("d.png") as sent:
        update_issue(issue, actor=triager, via="web", files=sent)
    with files("e.png") as sent:
        silent = add_comment(issue, actor=reporter, via="web", body="", files=sent)
    found = {one.name: one for one in Attachment.objects.all()}
    assert {name: one.comment_id for name, one in found.items()} == {
        **dict.fromkeys(("shot.png", "c.png", "d.png")),
        **dict.fromkeys(("a.png", "b.png"), comment.pk),
        "e.png": silent.pk,
    }
    assert found["b.png"].get_absolute_url() in fresh(comment).body_html
    assert found["c.png"].get_absolute_url() in fresh(issue).description_html
    assert found["e.png"].get_absolute_url() in silent.body_html
    assert_replays(issue)


def update_with_file(issue, actor, **changes):
    """Add a file on the page that edits `issue`, with `changes` of its fields."""
    with kept([upload(b"log", "cart.log")], actor=actor, action="attach", home=issue) as files:
        update_issue(issue, actor=actor, via="web", files=files, **changes)


@pytest.mark.parametrize(
    ("where", "woken"),
    [
        ("issue", True),
        ("edit", True),
        ("edit of another field", True),
        ("comment", False),
        ("internal comment", False),
        ("edit of the comment", False),
    ],
)
def test_a_file_wakes_what_is_snoozed_but_not_by_a_comment_that_is_there(issue, triager, where, woken):
    comment = add_comment(issue, actor=triager, via="web", body="A note.", internal=where == "internal comment")
    until = timezone.now() + timedelta(days=3)
    decide(issue, "snooze", actor=triager, via="web", until=until)
    if where.startswith("edit of the"):
        with kept([upload(b"log", "cart.log")], actor=triager, action="attach", home=issue) as files:
            edit_comment(comment, actor=triager, via="web", body="Another.", files=files)
    elif where.startswith("edit"):
        update_with_file(issue, triager, **({"priority": 3} if where != "edit" else {}))
    else:
        give(issue if where == "issue" else comment, triager)
    assert (fresh(issue).is_queued, fresh(issue).returned[1]) == ((True, "activity") if woken else (False, ""))
    assert_replays(issue)
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert fresh(issue).snoozed_until == until and Attachment.objects.get().deleted_at


@pytest.mark.parametrize("text", [{}, {"title": "Cart forgets"}])
def test_what_is_snoozed_in_the_step_that_adds_a_file_sleeps(product, triager, text):
    issue = create_issue(product, actor=triager, via="web", title="Cart empties")
    until = timezone.now() + timedelta(days=3)
    update_with_file(issue, triager, snoozed_until=until, **text)
    assert fresh(issue).snoozed_until == until and Attachment.objects.count() == 1
    assert_replays(issue)


def test_a_file_answers_as_a_comment_alone(issue, triager, reporter):
    decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which one?")
    give(issue, reporter)
    update_with_file(issue, reporter)
    assert fresh(issue).waiting == "reporter" and not fresh(issue).is_queued
    with kept([upload(b"log", "cart.log")], actor=reporter, action="comment", home=issue) as files:
        add_comment(issue, actor=reporter, via="web", body="", files=files)
    assert (fresh(issue).waiting, fresh(issue).returned[1]) == ("us", "answer")


def test_undoing_a_comment_takes_its_file_along_and_redoing_brings_it_back(issue, reporter, triager):
    with kept([upload(b"x")], actor=reporter, action="comment", home=issue) as files:
        comment = add_comment(issue, actor=reporter, via="web", body="See", files=files)
    attachment = comment.attachments.get()
    undone = undo(Batch.objects.latest("id"), actor=reporter, via="web")
    assert fresh(comment).deleted_at and fresh(attachment).deleted_at
    undo(undone, actor=Product.objects.get().members.get(role="maintainer").user, via="web")
    assert not fresh(comment).deleted_at and not fresh(attachment).deleted_at
    assert_replays(issue)


@pytest.mark.parametrize(
    ("uploads", "code"),
    [
        ([upload(b"x" * 2_000_001, "big.log")], "too_large"),
        ([upload(b"", "nothing.log")], "empty"),
        ([upload(b"x") for _one in range(4)], "count"),
        ([upload(bomb(), "bomb.png")], "pixels"),
        ([upload(b"x" * 1_500_000), upload(b"x" * 1_600_000)], "quota"),
        ([upload(b"fine"), upload(b"MZ\x90", "setup.exe")], "type"),
    ],
)
def test_limits_name_the_field_and_leave_nothing(issue, reporter, folder, settings, uploads, code):
    settings.ATTACHMENT_LIMIT, settings.ATTACHMENT_QUOTA, settings.ATTACHMENT_COUNT = 2_000_000, 3_000_000, 3
    settings.ATTACHMENT_TYPES = ["text/*", "image/*"]
    with pytest.raises(ValidationError) as refused:
        give(issue, reporter, *uploads)
    assert [one.code for one in refused.value.error_dict["file"]] == [code]
    assert on_disk(folder) == set()
    assert not Attachment.objects.exists()
    assert not Event.objects.filter(kind="attached").exists()


def test_the_files_of_internal_comments_are_counted_apart(issue, reporter, triager, settings):
    settings.ATTACHMENT_COUNT = 2
    comment = add_comment(issue, actor=triager, via="web", body="hush", internal=True)
    for home, actor in ((comment, triager), (issue, reporter)):
        give(home, actor, upload(b"1"), upload(b"2"))
        with pytest.raises(ValidationError) as refused:
            give(home, actor)
        assert refused.value.error_dict["file"][0].code == "count"
    with pytest.raises(ValidationError):
        give(add_comment(issue, actor=reporter, via="web", body="too"), reporter)


def test_the_quota_counts_what_is_in_the_trash_and_not_what_is_redacted(issue, maintainer, settings):
    settings.ATTACHMENT_QUOTA = 10
    (attachment,) = give(issue, maintainer, upload(b"123456"))
    detach(attachment, actor=maintainer, via="web")
    with pytest.raises(ValidationError):
        give(issue, maintainer, upload(b"123456"))
    restore_attachment(attachment, actor=maintainer, via="web")
    redact(attachment, "file", actor=maintainer, via="web")
    give(issue, maintainer, upload(b"123456"))


def test_a_full_disk_is_said(issue, reporter, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValidationError) as refused:
        give(issue, reporter)
    assert refused.value.error_dict["file"][0].code == "full"


def test_who_may_attach_and_take_away(issue, product, viewer, stranger, reporter, triager, maintainer):
    (own,) = give(issue, stranger)
    (other,) = give(issue, reporter)
    with pytest.raises(Forbidden):
        detach(other, actor=stranger, via="web")
    for actor, attachment in ((stranger, own), (triager, other)):
        detach(attachment, actor=actor, via="web")
    with pytest.raises(Forbidden):
        restore_attachment(other, actor=triager, via="web")
    restore_attachment(other, actor=maintainer, via="web")
    update_product(product, actor=maintainer, via="web", archived=True)
    with pytest.raises(Forbidden) as refused:
        give(issue, maintainer)
    assert refused.value.code == "archived"


def test_only_who_may_edit_a_comment_adds_to_it(issue, reporter, stranger, triager):
    comment = add_comment(issue, actor=reporter, via="web", body="x")
    with pytest.raises(Forbidden):
        give(comment, stranger)
    assert give(comment, triager)[0].comment == comment
    hidden = add_comment(issue, actor=triager, via="web", body="x", internal=True)
    before = fresh(issue)
    (attachment,) = give(hidden, triager)
    assert fresh(issue).lock_version == before.lock_version
    assert Event.objects.get(about="attachment", about_id=attachment.pk).internal
    with pytest.raises(Forbidden):
        give(hidden, reporter)


def test_taking_away_is_undone_by_who_did_it(issue, reporter):
    (attachment,) = give(issue, reporter)
    detach(attachment, actor=reporter, via="web")
    undo(Batch.objects.latest("id"), actor=reporter, via="web")
    assert fresh(attachment).deleted_at is None
    with pytest.raises(Stale):
        detach(attachment, actor=reporter, via="web", expected_version=1)
    assert_replays(issue)


def test_a_redacted_file_is_gone_from_everywhere(
    issue, maintainer, reporter, folder, django_capture_on_commit_callbacks
):
    (attachment,) = give(issue, reporter, upload(picture(), "secret plan.png"))
    detach(attachment, actor=reporter, via="web")
    restore_attachment(attachment, actor=maintainer, via="web")
    with pytest.raises(Forbidden):
        redact(attachment, "file", actor=reporter, via="web")
    with django_capture_on_commit_callbacks(execute=True):
        redact(attachment, "file", actor=maintainer, via="web")
    left = fresh(attachment)
    assert (left.name, left.digest, left.width) == ("(redacted)", "", None)
    assert on_disk(folder) == set()
    told = [*Change.objects.values_list("before", "after"), *Event.objects.values_list("state", flat=True)]
    assert "secret plan" not in str(told)
    assert_replays(issue)


def test_a_purge_removes_the_files(issue, maintainer, reporter, folder, django_capture_on_commit_callbacks):
    kept_one = create_issue(issue.product, actor=reporter, via="web", title="Other")
    (stays,) = give(kept_one, reporter)
    comment = add_comment(issue, actor=reporter, via="web", body="x")
    give(issue, reporter)
    give(comment, reporter)
    trash_comment(comment, actor=maintainer, via="web")
    with django_capture_on_commit_callbacks(execute=True):
        purge(comment, actor=maintainer, via="web")
    assert len(on_disk(folder)) == 2
    trash_issue(issue, actor=maintainer, via="web")
    with django_capture_on_commit_callbacks(execute=True):
        purge(issue, actor=maintainer, via="web")
    assert on_disk(folder) == {stays.token}
    assert set(Event.objects.filter(about="attachment").values_list("about_id", flat=True)) == {stays.pk}
    assert_log_is_whole()


def test_the_worker_purges_and_sweeps(issue, reporter, folder, monkeypatch, django_capture_on_commit_callbacks):
    gone, stays = (give(issue, reporter)[0] for _one in range(2))
    detach(gone, actor=reporter, via="web")
    # As a crash between the deletion and the removal leaves it: what was to be done then is not.
    assert purge_expired(timezone.now() + timedelta(days=31)) == 1
    orphan = store.write([b"nobody's"]).token
    for token in (gone.token, stays.token):
        os.utime(store.path_of(token), (time.time() - 90_000,) * 2)
    assert sweep_files() == 0
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 31 * 24 * 3600)
    assert sweep_files() == 1
    assert on_disk(folder) == {stays.token, orphan}


def test_a_file_stays_where_another_database_sweeps_for_less_than_a_month(issue, reporter, folder, monkeypatch, caplog):
    known, orphan = give(issue, reporter)[0].token, store.write([b"of a row that is not in an old backup"]).token
    both, days = {known, orphan}, 24 * 3600
    now = time.time()

    def sweep(after):
        monkeypatch.setattr("time.time", lambda: now + after)
        return sweep_files()

    # A file is not asked for how old it is, but for how long nothing has named it.
    os.utime(store.path_of(orphan), (now - 1000 * days,) * 2)
    assert sweep(after=0) == 0
    assert "removed in 30 days" in caplog.text
    caplog.clear()
    assert (sweep(after=29 * days), on_disk(folder)) == (0, both)
    assert not caplog.text
    Attachment.objects.filter(token=known).update(token=orphan)
    # Named again: what was counted until then does not count.
    assert (sweep(after=31 * days), on_disk(folder)) == (0, both)
    Attachment.objects.filter(token=orphan).update(token=known)
    assert (sweep(after=32 * days), on_disk(folder)) == (0, both)
    assert (sweep(after=63 * days), on_disk(folder)) == (1, {known})


def test_the_files_of_another_database_are_left_alone(issue, folder, caplog):
    token = store.write([b"theirs"]).token
    os.utime(store.path_of(token), (time.time() - 90_000,) * 2)
    assert sweep_files() == 0
    assert on_disk(folder) == {token}
    assert "left alone" in caplog.text


def test_what_fails_after_the_files_are_written_leaves_none(issue, reporter, folder):
    with pytest.raises(ValidationError), kept([upload(b"x")], actor=reporter, action="comment", home=issue) as files:
        add_comment(issue, actor=reporter, via="web", body="nul\x00", files=files)
    assert on_disk(folder) == set()


@pytest.mark.parametrize(
    ("error", "stays"),
    [(OperationalError("database is locked"), True), (InterfaceError("closed"), True), (Forbidden("x"), False)],
)
def test_files_stay_where_nobody_knows_whether_their_rows_were_committed(issue, reporter, folder, error, stays):
    with pytest.raises(type(error)), kept([upload(b"x")], actor=reporter, action="comment", home=issue) as files:
        raise error
    assert on_disk(folder) == ({files[0].token} if stays else set())


@pytest.mark.parametrize("name", hostile())
def test_hostile_files_are_taken_as_what_they_are(issue, reporter, name):
    (attachment,) = give(issue, reporter, upload(hostile()[name], name))
    content = store.path_of(attachment.token).read_bytes()
    assert not attachment.is_picture or b"alert" not in content
    assert attachment.is_picture == (name in ("trailer.png", "photograph.jpg"))
