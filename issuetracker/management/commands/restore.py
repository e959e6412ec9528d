"""`manage.py restore`: a backup into an empty database, of either kind."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from issues import fulltext
from issues.management.bulk import Progress, compare
from issues.models import Issue
from issuetracker.backup import loading
from issuetracker.backup.checking import opened
from issuetracker.backup.errors import Unsure, Unusable
from issuetracker.backup.manifest import fingerprint


class Command(BaseCommand):
    """Checks the whole archive, fills the database in one transaction, compares, and writes afresh what is searched."""

    help = "Restore what `backup` has saved into an empty database, SQLite or PostgreSQL."

    def add_arguments(self, parser):
        """Take the file, and how far to go."""
        parser.add_argument("file", type=Path, help="the file that `backup` has written, - for the input")
        parser.add_argument("--check", action="store_true", help="only read it through, and change nothing")
        parser.add_argument("--similar-later", action="store_true", help="leave the comparison of issues to the worker")

    def handle(self, *, file, check, similar_later, **options):
        """Restore it. Raises CommandError where it cannot be; then nothing has changed."""
        begun = time.monotonic()
        try:
            with opened(file) as archive:
                self.read_through(archive)
                if check:
                    return
                self.load(archive)
                manifest = archive.manifest
        except Unsure as error:
            raise CommandError(str(error)) from error
        except Unusable as error:
            raise CommandError(f"{error} {'' if check else 'Nothing was restored.'}".strip()) from error
        self.settle(similar_later)
        self.warn(manifest)
        self.say(f"Restored in {time.monotonic() - begun:.0f} s.")

    def read_through(self, archive):
        """Read the archive through. Raises Unusable."""
        manifest = archive.manifest
        self.say(f"A backup of {manifest.made_at}, from {manifest.database}. Reading it through:")
        archive.check(self.say)
        loading.refuse_twins(archive)

    def load(self, archive):
        """Fill the database. Raises Unusable."""
        loading.refuse_other_files(archive)
        loading.prepare()
        self.say("Filling the database:")
        issues = next(table.rows for table in archive.manifest.tables if table.name == Issue._meta.label)
        progress = Progress(self.stdout, issues, line_every=max(1000, issues // 10))
        loading.load(archive, self.say, progress)
        progress.end()

    def settle(self, similar_later):
        """Count what the planner and the searches go by, and write the words by which issues are compared."""
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        fulltext.count_words()
        if not similar_later:
            compare(self.stdout)

    def warn(self, manifest):
        """Say what is not as it was."""
        for token in manifest.files.lacking:
            self.say(f"The attached file {token} was gone or damaged when the backup was made.")
        if manifest.key != fingerprint():
            self.say(
                "SECRET_KEY is another one than where the backup was made: codes of apps and open invitations of there"
                " are not right here. With the old key they are."
            )

    def say(self, text):
        """Write a line at once."""
        self.stdout.write(text)
        self.stdout.flush()
