"""Another tracker than that of the tests, with a database and files of its own, asked by processes of its own."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import load_backend

from issuetracker.backup.tables import columns_of, saved_models

ASK = Path(__file__).with_name("asking.py")


class Another:
    """A tracker whose files are in `folder`, in a database of SQLite there, or in one of PostgreSQL of that `name`."""

    def __init__(self, folder, name=None):
        self.folder = Path(folder)
        self.name = name
        server = connection.settings_dict
        self.url = ""
        if name:
            self.url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**server) + name
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{name}"')

    @classmethod
    def of_the_tests(cls, folder):
        """Return the tracker of the tests itself, whose files are in `folder` for this test."""
        itself = cls(folder)
        server = connection.settings_dict
        itself.url = f"sqlite:///{server['NAME']}"
        if connection.vendor == "postgresql":
            itself.url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**server)
        return itself

    def manage(self, *arguments, fails=False):
        """Run a command of `manage.py`, and return what it has said. It succeeds, or `fails`."""
        return self._run("manage.py", *arguments, fails=fails)

    def ask(self, *arguments):
        """Return what `asking.py` prints."""
        return json.loads(self._run(ASK, *arguments))

    def _run(self, *arguments, fails=False):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "issuetracker.settings_test",
            "TEST_DATA_DIR": str(self.folder),
            "DATABASE_URL": self.url,
            "PYTHONPATH": str(settings.BASE_DIR),
        }
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout if not fails else done.stderr

    def rows(self):
        """Return `{model: all its rows}` of what backups have."""
        with self.asked():
            return all_rows()

    @contextmanager
    def asked(self):
        """Let the ORM of this process ask its database instead of that of the tests."""
        own = connections[DEFAULT_DB_ALIAS]
        place = {"ENGINE": "django.db.backends.sqlite3", "NAME": self.folder / "issuetracker.sqlite3"}
        config = {**own.settings_dict, "NAME": self.name} if self.name else place
        config = connections.configure_settings({DEFAULT_DB_ALIAS: config})[DEFAULT_DB_ALIAS]
        other = load_backend(config["ENGINE"]).DatabaseWrapper(config, DEFAULT_DB_ALIAS)
        connections[DEFAULT_DB_ALIAS] = other
        try:
            yield
        finally:
            other.close()
            connections[DEFAULT_DB_ALIAS] = own

    def files(self):
        """Return `{name: content}` of the attached files."""
        kept = (self.folder / "attachments").glob("[0-9a-f][0-9a-f]/*")
        return {path.name: path.read_bytes() for path in kept}

    def remove(self):
        """Remove its database."""
        if self.name:
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def all_rows():
    """Return `{model: all its rows, by their ids}` of what backups have."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list(*columns_of(model)))
        for model in saved_models()
    }
