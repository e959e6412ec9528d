"""Backup and restore: everything comes back as it was, also into a database of the other kind."""

import shutil
import stat
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import Letter, Session, User
from accounts.services import create_token
from accounts.sessions import SessionStore
from history.models import Batch, Event
from issues import fulltext, services, similar
from issues.files import store
from issues.models import Attachment, FittedWeights, Issue, IssueCounter, Posting, SavedView
from issuetracker.backup import checking, lines, loading
from issuetracker.tests.another import Another, all_rows
from products.models import Component, Label, Product
from products.services import create_product, trash_product
from tests.access.world import World
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"what was attached"
# What each kind of database could take for something else.
TEXT = 'Grüße 🛒 \\N \\. \t tab, \r\n lines \u2028 "quoted" \'too\' %s ‮ \x7f\x01 {"a": null}'
ADDRESSES = (
    "/api/v1/products/",
    "/api/v1/issues/?page_size=100",
    "/api/v1/issues/?q=cart",
    "/api/v1/issues/PUB-1/",
    "/api/v1/issues/PUB-1/comments/",
    "/api/v1/issues/PUB-1/events/",
    "/api/v1/issues/PUB-1/attachments/",
    "/api/v1/issues/PUB-1/relations/",
    "/api/v1/issues/PUB-1/needinfos/",
    "/api/v1/issues/PUB-1/votes/",
    "/api/v1/issues/PUB-1/watchers/",
    "/api/v1/issues/PUB-1/similar/",
    "/api/v1/products/PUB/members/",
    "/api/v1/products/PUB/events/",
    "/api/v1/products/PUB/labels/",
    "/api/v1/views/",
    "/api/v1/statuses/",
    "/api/v1/users/",
    "/api/v1/triage/",
)


@pytest.fixture
def itself(tmp_path, settings):
    """The tracker of the tests, with files of its own."""
    settings.ATTACHMENTS_DIR = tmp_path / "itself" / "attachments"
    settings.FILE_UPLOAD_TEMP_DIR = settings.ATTACHMENTS_DIR / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True)
    return Another.of_the_tests(tmp_path / "itself")


@pytest.fixture
def beside(tmp_path):
    """A function that gives another tracker, by default on SQLite, which is removed at the end."""
    made = []

    def make(name=None):
        folder = tmp_path / f"another{len(made)}"
        folder.mkdir()
        made.append(Another(folder, name))
        return made[-1]

    yield make
    for one in made:
        one.remove()


def fill():
    """Write something of every kind there is. Return the World, and a token of an administrator."""
    world = World()
    ada, issue = world.ada, Issue.objects.get(product__key="PUB", number=1)
    doing = {"actor": ada, "via": "web"}
    services.add_comment(issue, body=TEXT, **doing)
    asleep = Issue.objects.get(product__key="INT", number=2)
    services.decide(asleep, "snooze", until=timezone.now() + timedelta(days=3), **doing)
    services.undo(Batch.objects.filter(events__issue=issue, events__kind="changed").latest("id"), **doing)
    services.be_here(issue, actor=ada)
    services.pin_view(SavedView.objects.filter(shared=True).first(), pinned=True, **doing)
    services.unvote(issue, actor=world.olga, via="web")
    services.redact_attachment(Attachment.objects.get(pk=world.places["INT"].file), **doing)
    services.purge(Issue.objects.get(product__key="INT", title__contains="canarytrash"), **doing)
    _move_out_of_what_is_purged(asleep.product, doing)
    _fill_what_is_of_others(world, issue)
    return world, create_token(ada, name="script", scopes=["read", "write"], **doing)[1]


def _move_out_of_what_is_purged(target, doing):
    old = create_product(key="OLD", title="Old", **doing)
    moved = services.create_issue(old, title="From a product that is no more", **doing)
    services.update_issue(moved, product=target, **doing)
    services.purge(trash_product(old, **doing), **doing)
    # A restore counts anew.
    fulltext.count_words()
    similar.count_terms()


def _fill_what_is_of_others(world, issue):
    """Write rows of the libraries, and those that take long to come by."""
    group = Group.objects.create(name="readers")
    group.permissions.add(*Permission.objects.all()[:3])
    world.olga.groups.add(group)
    world.olga.user_permissions.add(Permission.objects.first())
    kind = ContentType.objects.get_for_model(Issue)
    LogEntry.objects.create(user=world.ada, content_type=kind, object_id=str(issue.pk), action_flag=ADDITION)
    FittedWeights.objects.create(weights={"text": 1.0, "title": 0.125, "é": None}, fitted_at=timezone.now())
    Letter.objects.create(kind=Letter.Kind.NOTICE, to="a@example.org", user=world.olga, text="…")
    Batch.objects.create(actor=world.ada, via="web", state="running", todo={"b": [1, {"z": 1.5, "a": "ü"}], "": ""})
    own = {"user": world.olga}
    _make("accounts.IdempotencyRecord", key="k", digest="0" * 64, status=201, headers={"ETag": "1"}, body="{}", **own)
    address = _make("account.EmailAddress", email="olga@example.org", **own)
    _make("account.EmailConfirmation", email_address=address, key="k", sent=timezone.now())
    _make("mfa.Authenticator", type="totp", data={"secret": "x"}, **own)
    account = _make("socialaccount.SocialAccount", provider="corp", uid="7", extra_data={"sub": "7"}, **own)
    app = _make("socialaccount.SocialApp", provider="corp", name="Corp", client_id="tracker", settings={})
    _make("socialaccount.SocialToken", app=app, account=account, token="t")


def _make(model, **fields):
    return apps.get_model(model).objects.create(**fields)


def manifest_of(path):
    """Return what the archive at `path` says of its tables and files."""
    with checking.opened(path) as archive:
        return archive.manifest.tables, archive.manifest.files


def refuse(reason, *arguments):
    """Check that a command is refused for the `reason`."""
    with pytest.raises(CommandError, match=reason):
        call_command(*map(str, arguments), stdout=StringIO(), stderr=StringIO())


def restore(path, *arguments):
    """Restore in this process. Return what was said."""
    said = StringIO()
    call_command("restore", str(path), *arguments, stdout=said)
    return said.getvalue()


def empty(tracker):
    """Make the database of the tests as one that was migrated just now, and remove the files of its `tracker`."""
    # The cast has ids from before, which must not be given again.
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    for folder in (tracker.folder / "attachments").glob("[0-9a-f][0-9a-f]"):
        shutil.rmtree(folder)


def attach(issue, actor, content=CONTENT):
    """Attach a file with this content to `issue`. Return the Attachment."""
    upload = SimpleUploadedFile("notes.txt", content)
    with services.kept([upload], actor=actor, action="attach", home=issue) as files:
        return services.attach(issue, files=files, actor=actor, via="web")[0]


def backup(path, *arguments):
    """Make a backup in this process. Return what was said."""
    said = StringIO()
    call_command("backup", str(path), *arguments, stderr=said)
    return said.getvalue()


def test_everything_comes_back_in_either_database(itself, beside, tmp_path):
    _world, secret = fill()
    before, files, first = all_rows(), itself.files(), tmp_path / "first.tar"
    assert [label for label, found in before.items() if not found] == []
    assert len(files) == Attachment.objects.exclude(digest="").count() > 0
    assert "attached files in" in backup(first)

    on_sqlite = beside()
    said = on_sqlite.manage("restore", first)
    assert "tables were read back: all are as in the backup." in said
    assert on_sqlite.rows() == before
    assert on_sqlite.files() == files
    on_sqlite.manage("backup", tmp_path / "second.tar")
    # With the last ids that were given, also to what is gone.
    assert manifest_of(tmp_path / "second.tar") == manifest_of(first)
    restored = [on_sqlite]

    if connection.vendor == "postgresql":
        again = beside(f"{connection.settings_dict['NAME']}_again")
        again.manage("restore", tmp_path / "second.tar")
        assert again.rows() == before
        assert again.files() == files
        again.manage("backup", tmp_path / "third.tar")
        assert manifest_of(tmp_path / "third.tar") == manifest_of(first)
        restored.append(again)

    asked = [secret, "PUB", *ADDRESSES, *(f"/attachments/{token}/" for token in sorted(files))]
    last, number = Issue.objects.latest("id").pk, IssueCounter.objects.get(product__key="PUB").last
    told = itself.ask(*asked)
    refused = [address for address, (status, _body) in zip(ADDRESSES, told["answers"], strict=False) if status != 200]
    assert refused == []
    for one in restored:
        found = one.ask(*asked)
        assert found["answers"] == told["answers"]
        status, issue = found["new"]
        assert (status, issue["key"]) == (201, f"PUB-{number + 1}")
        assert issue["id"] == told["new"][1]["id"] > last
        assert one.manage("check") == "System check identified no issues (0 silenced).\n"


def test_what_is_left_out_is_not_there_and_what_is_searched_is(itself, tmp_path, product, reporter, api):
    services.create_issue(product, actor=reporter, via="web", title="Cart empties")
    backup(tmp_path / "b.tar")
    empty(itself)
    # Of a visitor who has looked at the empty tracker.
    SessionStore().create()
    assert Session.objects.exists()
    restore(tmp_path / "b.tar")
    assert not Session.objects.exists()
    assert Posting.objects.exists()
    found = api(reporter).get("/api/v1/issues/?q=empties").json()["results"]
    assert [issue["title"] for issue in found] == ["Cart empties"]
    assert User.objects.get(pk=reporter.pk).check_password(PASSWORD)


def test_a_backup_is_whole_or_not_there_and_for_its_owner_alone(itself, tmp_path, product, monkeypatch):
    path = tmp_path / "backups" / "b.tar"
    refuse("cannot be written: No such file or directory. No backup was made", "backup", path)
    path.parent.mkdir()
    backup(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    refuse("is there already: --force replaces it", "backup", path)
    before = path.stat().st_ino
    backup(path, "--force")
    assert path.stat().st_ino != before

    def fail(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("issuetracker.backup.saving.fingerprint", fail)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        backup(path, "--force")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    assert list((itself.folder / "attachments" / "held").iterdir()) == []


def test_a_file_that_comes_meanwhile_is_not_replaced(itself, tmp_path, product, monkeypatch):
    path = tmp_path / "b.tar"
    monkeypatch.setattr("issuetracker.backup.saving.fingerprint", lambda: path.write_text("mine") and "")
    refuse("is there already", "backup", path)
    assert path.read_text() == "mine"


def test_a_backup_goes_through_pipes(itself, tmp_path, product, capsysbinary, monkeypatch):
    call_command("backup", "-", stderr=StringIO())
    path = tmp_path / "b.tar"
    path.write_bytes(capsysbinary.readouterr().out)
    call_command("restore", str(path), "--check", stdout=StringIO())
    with path.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        call_command("restore", "-", "--check", stdout=StringIO())


def test_a_database_that_is_not_empty_is_refused_and_says_what_is_in_the_way(itself, tmp_path, product):
    backup(tmp_path / "b.tar")
    before = all_rows()
    refuse(
        r"The database is not empty: accounts\.User \(1 rows\), .*products\.Product \(1 rows\).* Nothing was restored",
        "restore",
        tmp_path / "b.tar",
    )
    assert all_rows() == before


@pytest.fixture
def saved(itself, tmp_path, product, reporter):
    """An archive with an issue that has a file; its database is empty again, and its files are gone."""
    issue = services.create_issue(product, actor=reporter, via="web", title="Cart empties")
    attach(issue, reporter)
    backup(tmp_path / "b.tar")
    empty(itself)
    return tmp_path / "b.tar"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-1], "is cut off"),
        (lambda content: content[:1600] + bytes([content[1600] ^ 1]) + content[1601:], "is damaged"),
        (lambda content: content + b"more", "Something follows the end"),
    ],
    ids=["cut", "altered", "longer"],
)
def test_what_is_damaged_leaves_everything_as_it_was(saved, itself, damage, reason):
    saved.write_bytes(damage(saved.read_bytes()))
    before = all_rows()
    refuse(f"{reason}.* Nothing was restored", "restore", str(saved))
    assert all_rows() == before
    assert itself.files() == {}


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (User, "does not take the backup: .*foreign key"),
        (Batch, r"is not whole: what a row names in history\.Event\.batch is not in it"),
        (Event, r"is not whole: what a row names in history\.Change\.event is not in it"),
    ],
)
def test_what_names_rows_that_are_not_there_is_refused(
    itself, tmp_path, product, maintainer, reporter, monkeypatch, left_out, reason
):
    issue = services.create_issue(product, actor=reporter, via="web", title="Cart empties")
    services.update_issue(issue, actor=maintainer, via="web", title="Cart is empty")
    attach(issue, reporter)
    parts_of = lines.parts_of
    with monkeypatch.context() as patch:
        # As a hand might write it: all is well with the archive but what it says.
        patch.setattr(lines, "parts_of", lambda model: iter(()) if model is left_out else parts_of(model))
        backup(tmp_path / "b.tar")
    empty(itself)
    before = all_rows()
    refuse(f"(?i){reason}.* Nothing was restored", "restore", tmp_path / "b.tar")
    assert all_rows() == before
    assert itself.files() == {}


@pytest.fixture
def with_twins(beside, tmp_path):
    """A backup with names that differ by the case of letters beyond ASCII alone, as older versions have let them in."""
    on_sqlite = beside()
    on_sqlite.manage("migrate", "--verbosity=0")
    with on_sqlite.asked():
        web, api = (Product.objects.create(key=key, title=key) for key in ("WEB", "API"))
        User.objects.bulk_create(User(username=name) for name in ("Éloïse", "éloïse", "ÉLOÏSE", "zoé", "ada", "bea"))
        # The Kelvin sign, of which k is the small letter.
        Label.objects.bulk_create(Label(name=name) for name in ("École", "école", "\u212a", "k", "\u0130pek", "ipek"))
        Component.objects.bulk_create([Component(product=web, name="Été"), Component(product=api, name="été")])
    on_sqlite.manage("backup", tmp_path / "twins.tar")
    return tmp_path / "twins.tar"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="to SQLite such names are several")
def test_names_that_the_database_takes_for_one_are_all_told_of_before_anything_is_done(itself, with_twins):
    # Whether İ is a capital of i depends on the locale of the server.
    labels = r"products\.Label: École, école; products\.Label: \u212a, k(; products\.Label: \u0130pek, ipek)?"
    told = rf"accounts\.User: Éloïse, éloïse, ÉLOÏSE; {labels}\. Rename .* another"
    refuse(f"for one: {told} backup\\.$", "restore", with_twins, "--check")
    refuse(f"for one: {told} backup\\. Nothing was restored", "restore", with_twins)
    assert not Product.objects.exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_who_only_checks_needs_and_makes_no_database(with_twins, saved, tmp_path, kind):
    nowhere = Another(tmp_path / "nowhere")
    nowhere.folder.mkdir()
    nowhere.url = "" if kind == "sqlite" else "postgres://nobody:nobody@127.0.0.1:9/nothing"
    assert "1 attached files are, too." in nowhere.manage("restore", saved, "--check")
    said = nowhere.manage("restore", with_twins, "--check", fails=kind == "postgresql")
    assert ("cannot be asked: " in said, "Traceback" in said) == (kind == "postgresql", False)
    assert not list(nowhere.folder.glob("*.sqlite3*"))


def test_what_is_kept_otherwise_than_it_was_given_is_noticed(saved, itself, monkeypatch):
    insert = loading.insert_values

    def insert_other(model, names, values):
        insert(model, names, ([3 if value == 1 and model is Issue else value for value in row] for row in values))

    monkeypatch.setattr(loading, "insert_values", insert_other)
    before = all_rows()
    refuse(r"issues\.Issue is not in the database as it is in the backup", "restore", saved)
    assert all_rows() == before
    assert itself.files() == {}


def test_files_stay_where_nobody_knows_whether_the_rows_were_kept(saved, itself, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(loading.similar, "post_all_later", Mock(side_effect=OperationalError("database is locked")))
        refuse(
            "^The database went away: database is locked. If it is empty, restore the backup again.$", "restore", saved
        )
    assert len(itself.files()) == 1
    assert "0 attached files were written, 1 were there." in restore(saved)


def test_files_that_are_there_already_are_left_where_they_are(saved, itself):
    with checking.opened(saved) as archive:
        ((file, _member),) = archive.files()
    place = store.path_of(file.token)
    place.parent.mkdir()
    place.write_bytes(CONTENT[::-1])
    refuse("is another file than the one in the backup", "restore", saved)
    assert place.read_bytes() == CONTENT[::-1]
    place.write_bytes(CONTENT)
    assert "0 attached files were written, 1 were there." in restore(saved)
    assert itself.files() == {file.token: CONTENT}


def test_files_without_room_are_refused(saved, monkeypatch):
    monkeypatch.setattr(loading.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    refuse("The attached files need 17 bytes, and 1,000 are free", "restore", saved)


def test_another_secret_key_is_told_of(saved, settings):
    settings.SECRET_KEY = "another" * 10
    assert "SECRET_KEY is another one" in restore(saved)


def test_what_is_only_checked_changes_nothing(saved):
    before = all_rows()
    assert "1 attached files are, too." in restore(saved, "--check")
    assert all_rows() == before


def test_a_file_that_is_none_is_refused(tmp_path):
    refuse("cannot be read: No such file", "restore", tmp_path / "b.tar")


def test_files_that_are_gone_or_damaged_are_told_of_and_left_out_on_demand(itself, tmp_path, product, reporter):
    issue = services.create_issue(product, actor=reporter, via="web", title="Cart empties")
    gone, damaged, whole = (attach(issue, reporter, content) for content in (b"gone", b"damaged", b"whole"))
    store.path_of(gone.token).unlink()
    path = tmp_path / "b.tar"
    refuse(f"1 attached files are gone or damaged .{gone.token}.. --skip-damaged", "backup", path)
    store.path_of(damaged.token).write_bytes(b"DAMAGED")
    said = backup(path, "--skip-damaged")
    for token in (gone.token, damaged.token):
        assert f"Not in the backup: the attached file {token}" in said
    store.path_of(gone.token).write_bytes(b"gone")
    refuse(f"1 attached files are gone or damaged .{damaged.token}", "backup", path, "--force")
    empty(itself)
    assert f"The attached file {gone.token} was gone" in restore(path)
    assert itself.files() == {whole.token: b"whole"}


def test_a_database_of_another_version_is_not_saved(itself, tmp_path, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM django_migrations WHERE app = 'issues'")
        cursor.execute("DELETE FROM django_migrations WHERE id = %s", cursor.fetchone())
    try:
        refuse("run `manage.py migrate` first. No backup was made", "backup", tmp_path / "b.tar")
    finally:
        call_command("migrate", "issues", fake=True, verbosity=0)
