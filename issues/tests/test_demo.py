"""The demonstration: filled through the services, in every state, and only into an empty database."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from history import log
from issues.management.commands.load_demo import NOTE, Command
from issues.models import Comment, Issue, Relation
from issues.services.issues import RELATED
from products.models import Member, Product


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """A folder of its own for each test: another process notes another password meanwhile."""
    settings.DATA_DIR = tmp_path


# The demonstration serves SQLite wherever it runs.
@pytest.mark.one_python
@pytest.mark.once
def test_it_fills_an_empty_database(db, capsys):
    call_command("load_demo")
    assert "Loaded" in capsys.readouterr().out
    assert Product.objects.count() == 3
    assert set(Member.objects.values_list("role", flat=True)) == set(Member.Role.values)
    assert Issue.objects.count() > 200
    assert set(Issue.objects.values_list("status__slug", flat=True)) == {"new", "accepted", "in-progress", "closed"}
    assert set(Issue.objects.exclude(resolution="").values_list("resolution", flat=True)) == set(
        Issue.Resolution.values
    )
    assert (
        Issue.objects.filter(duplicate_of__isnull=False).exists() and Issue.objects.filter(confidential=True).exists()
    )
    assert Comment.objects.filter(internal=True).exists() and Relation.objects.exists()
    for issue in Issue.objects.select_related(*RELATED)[::7]:
        assert log.replay("issue", issue.pk) == log.present(issue)
    assert User.objects.get(username="ana").check_password((settings.DATA_DIR / NOTE).read_text())
    with pytest.raises(CommandError, match="for an empty one"):
        call_command("load_demo")


def test_stopped_while_it_is_filled_it_is_filled_the_next_time(db, monkeypatch):
    passwords = []

    def stop(self, plans):
        passwords.append((settings.DATA_DIR / NOTE).read_text())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Command, "live", stop)
        with pytest.raises(KeyboardInterrupt):
            call_command("load_demo")
    assert not Product.objects.exists() and not User.objects.exists()
    monkeypatch.setattr(Command, "live", lambda self, plans: passwords.append(self.password))
    call_command("load_demo")
    assert Product.objects.count() == 3
    assert len(set(passwords)) == 2
    assert User.objects.get(username="ana").check_password((settings.DATA_DIR / NOTE).read_text())


def test_where_nothing_is_migrated_yet_it_says_so(db, monkeypatch):
    monkeypatch.setattr(connection.introspection, "table_names", list)
    with pytest.raises(CommandError, match="has no tables yet"):
        call_command("load_demo")
