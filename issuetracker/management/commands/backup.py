"""`manage.py backup`: all of the tracker in one file, while it runs."""

import time

from django.core.management.base import BaseCommand, CommandError

from issuetracker.backup.errors import Unusable
from issuetracker.backup.saving import save
from issuetracker.backup.tables import unknown_tables
from issuetracker.backup.target import target


class Command(BaseCommand):
    """Saves one moment of the database and its attached files, telling on the error output how far it is."""

    help = "Save everything, the attached files included, to one file that `restore` reads. Others go on working."

    def add_arguments(self, parser):
        """Take the file, and what is forgiven."""
        parser.add_argument("file", help="the file to write, - for the standard output")
        parser.add_argument("--force", action="store_true", help="replace the file if it is there")
        parser.add_argument(
            "--skip-damaged", action="store_true", help="leave out attached files that are gone or damaged, naming them"
        )

    def handle(self, *, file, force, skip_damaged, **options):
        """Make the backup. Raises CommandError where it cannot be made; then there is no file."""
        begun = time.monotonic()
        try:
            with target(file, force=force) as out:
                manifest = save(out, self.say, skip_damaged=skip_damaged)
        except Unusable as error:
            raise CommandError(f"{error} No backup was made.") from error
        for name in unknown_tables():
            self.say(f"Not in the backup: the table {name}, which belongs to no app of these settings.")
        for token in manifest.files.lacking:
            self.say(f"Not in the backup: the attached file {token}, which is gone or damaged.")
        rows = sum(table.rows for table in manifest.tables)
        seconds = time.monotonic() - begun
        self.say(f"Saved {rows:,} rows and {manifest.files.count:,} attached files in {seconds:.0f} s.")

    def say(self, text):
        """Write a line where it does not get into the backup."""
        self.stderr.write(text, self.style.NOTICE if text.startswith("Not in") else str)
        self.stderr.flush()
