"""A backup shows one moment, however much is written and purged while it is made."""

import threading
from contextlib import nullcontext

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Count, F

from issues import services
from issues.files import store
from issues.models import Comment, Issue, IssueCounter
from issuetracker.backup import checking, holding, lines, saving
from issuetracker.backup.errors import Unusable

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60


@pytest.fixture(autouse=True)
def _files_of_its_own(tmp_path, settings):
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    settings.FILE_UPLOAD_TEMP_DIR = settings.ATTACHMENTS_DIR / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True)


@pytest.fixture
def issue(product, reporter):
    """An issue with a file."""
    issue = services.create_issue(product, actor=reporter, via="web", title="Cart empties")
    attach(issue, reporter)
    return issue


def attach(issue, actor):
    """Attach a file to `issue`. Return the Attachment."""
    upload = SimpleUploadedFile("notes.txt", b"what was attached")
    with services.kept([upload], actor=actor, action="attach", home=issue) as files:
        return services.attach(issue, files=files, actor=actor, via="web")[0]


def elsewhere(work):
    """Do `work()` in another thread, with a connection of its own, and wait for it."""
    failed = []

    def run():
        try:
            work()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the backup keeps others from writing"
    assert not failed, failed


def save(path, **options):
    """Make a backup. Return the manifest."""
    with path.open("wb") as file:
        return saving.save(file, str, **options)


def rows_in(path, model):
    """Return the rows of `model` in the archive at `path`, each by the names of its columns."""
    with checking.opened(path) as archive:
        archive.check(str)
        table = next(table for table in archive.manifest.tables if table.name == model._meta.label)
        return [
            dict(zip(table.columns, row, strict=True))
            for text in archive.lines_of(table)
            for row in lines.values(model, text)
        ]


def between_tables(monkeypatch, work):
    """Let `work(model)` be done in another thread before each table is saved."""
    save_table = saving._save_table

    def save_after_work(writer, model, say):
        elsewhere(lambda: work(model))
        return save_table(writer, model, say)

    monkeypatch.setattr(saving, "_save_table", save_after_work)


def test_what_is_written_meanwhile_is_not_in_it_by_halves(tmp_path, product, reporter, issue, monkeypatch):
    def write(model):
        new = services.create_issue(product, actor=reporter, via="web", title=f"While {model._meta.label} is saved")
        services.add_comment(new, actor=reporter, via="web", body="Me too.")
        services.add_comment(issue, actor=reporter, via="web", body="Again.")

    between_tables(monkeypatch, write)
    save(tmp_path / "b.tar")
    assert Issue.objects.count() > 1
    issues, comments = rows_in(tmp_path / "b.tar", Issue), rows_in(tmp_path / "b.tar", Comment)
    assert [row["id"] for row in issues] == [issue.pk]
    assert comments == []
    assert issues[0]["comment_count"] == 0
    assert [row["last"] for row in rows_in(tmp_path / "b.tar", IssueCounter)] == [1]


def test_whatever_a_writer_does_the_moment_is_whole(tmp_path, product, reporter, issue):
    done = threading.Event()

    def write():
        try:
            while not done.is_set():
                new = services.create_issue(product, actor=reporter, via="web", title="More")
                services.add_comment(new, actor=reporter, via="web", body="Me too.")
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            save(tmp_path / f"{number}.tar")
    finally:
        done.set()
        writer.join(PATIENCE)
    for number in range(5):
        issues, comments = rows_in(tmp_path / f"{number}.tar", Issue), rows_in(tmp_path / f"{number}.tar", Comment)
        said = {row["issue_id"] for row in comments}
        assert said <= {row["id"] for row in issues}
        assert {row["id"] for row in issues if row["comment_count"]} == said
        assert [row["last"] for row in rows_in(tmp_path / f"{number}.tar", IssueCounter)] == [len(issues)]
    written = Issue.objects.annotate(said=Count("comments")).exclude(said=F("comment_count"))
    assert not written.exists()
    assert Comment.objects.exists()


def test_without_a_snapshot_halves_would_be_seen(tmp_path, product, reporter, issue, monkeypatch):
    def write(model):
        services.add_comment(issue, actor=reporter, via="web", body="Again.")

    between_tables(monkeypatch, write)
    monkeypatch.setattr(saving, "snapshot", nullcontext)
    save(tmp_path / "b.tar")
    said = rows_in(tmp_path / "b.tar", Comment)
    assert rows_in(tmp_path / "b.tar", Issue)[0]["comment_count"] != len(said)


def test_a_file_that_is_purged_meanwhile_is_in_it(tmp_path, product, maintainer, issue, monkeypatch):
    def purge(model):
        if model is Issue:
            found = issue.attachments.get()
            services.redact_attachment(found, actor=maintainer, via="web")
            assert not store.path_of(found.token).exists()

    between_tables(monkeypatch, purge)
    assert save(tmp_path / "b.tar").files.count == 1
    with checking.opened(tmp_path / "b.tar") as archive:
        archive.check(str)


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_is_purged_before_it_is_held_takes_its_row_along(
    tmp_path, product, reporter, maintainer, issue, monkeypatch, links
):
    other, hold, purged = attach(issue, reporter), holding.Held.hold, []

    def purge_first(held, tokens):
        tokens = list(tokens)
        if not purged:
            purged.append(other.token)
            elsewhere(lambda: services.redact_attachment(other, actor=maintainer, via="web"))
        hold(held, tokens)

    monkeypatch.setattr(holding.Held, "hold", purge_first)
    if not links:
        monkeypatch.setattr(holding.os, "link", refuse_links)
    assert save(tmp_path / "b.tar").files.count == 1
    with checking.opened(tmp_path / "b.tar") as archive:
        archive.check(str)


def refuse_links(*_paths):
    """Be a file system without second names."""
    raise PermissionError


def test_without_second_names_a_purge_meanwhile_is_told_of(tmp_path, product, maintainer, issue, monkeypatch):
    monkeypatch.setattr(holding.os, "link", refuse_links)
    assert save(tmp_path / "b.tar").files.count == 1

    def purge(model):
        if model is Issue:
            services.redact_attachment(issue.attachments.get(), actor=maintainer, via="web")

    between_tables(monkeypatch, purge)
    with pytest.raises(Unusable, match="A file was purged meanwhile: make the backup again"):
        save(tmp_path / "b.tar")


def test_two_backups_are_not_made_at_once_and_one_that_was_killed_leaves_nothing(tmp_path, settings):
    left = settings.ATTACHMENTS_DIR / "held" / "left"
    left.mkdir(parents=True)
    with holding.holding() as held:
        assert not left.exists()
        with pytest.raises(Unusable, match="Another backup is being made"), holding.holding():
            pass
        assert held.folder.exists()
    assert not held.folder.exists()


def test_a_file_that_grows_is_noticed(tmp_path, issue):
    place = store.path_of(issue.attachments.get().token)
    place.write_bytes(place.read_bytes() + b"!")
    with pytest.raises(Unusable, match="1 attached files are gone or damaged"):
        save(tmp_path / "b.tar")
