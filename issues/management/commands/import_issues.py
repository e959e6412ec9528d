"""`manage.py import_issues`: the issues of another tracker, with their past."""

import time
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.urls import reverse

from accounts.models import User
from history.errors import Refused
from issues.importers.loading import READERS, Import
from issues.importers.source import MEBIBYTE, SourceError
from issues.management.bulk import Progress, compare, prepare
from issues.services.trash import KEPT_DAYS
from issues.similar.writing import count_waiting
from products.models import Product


class Command(BaseCommand):
    """Checks the whole file, loads it, says what came in and what did not, and lets the new issues be compared."""

    help = "Import issues with comments and history. Run again, it adds what is not here yet."

    def add_arguments(self, parser):
        """Take the file, what it is, and where it goes."""
        parser.add_argument("file", type=Path, help="the file, packed by gzip or not")
        parser.add_argument("--format", required=True, choices=sorted(READERS))
        parser.add_argument("--product", metavar="KEY", help="the product, which is created if need be")
        parser.add_argument("--triage", action="store_true", help="let open issues wait in triage, not be accepted")
        parser.add_argument("--actor", metavar="USERNAME", help="import as this maintainer (default: the site itself)")
        parser.add_argument("--visibility", choices=Product.Visibility.values, help="of a product that is created")
        parser.add_argument("--max-size", type=int, default=2048, metavar="MIB", help="unpacked (default: 2048)")
        again = "delete for good what an undone import has left in the trash, and import it anew"
        parser.add_argument("--again", action="store_true", help=again)
        parser.add_argument("--similar-later", action="store_true", help="leave the comparison of issues to the worker")

    def handle(self, *, file, format, product, triage, actor, visibility, max_size, again, similar_later, **options):
        """Import the file. Raises CommandError where it is refused; then nothing has changed."""
        run = Import(
            file,
            format,
            key=product,
            triage=triage,
            actor=self._actor(actor),
            visibility=visibility,
            again=again,
            max_bytes=max_size * MEBIBYTE,
        )
        begun = time.monotonic()
        try:
            run.check()
        except ValidationError as error:
            raise CommandError(f"{self._reasons(error)} Nothing was imported.") from error
        except (SourceError, Refused) as error:
            raise CommandError(f"{error}. Nothing was imported.") from error
        prepare()
        progress = Progress(self.stdout, run.new)
        try:
            run.load(progress)
        except ValidationError as error:
            raise CommandError(f"{self._reasons(error)} {progress.done} issues were imported before this.") from error
        except (SourceError, Refused) as error:
            reason = str(error).rstrip(".")
            raise CommandError(f"{reason}. {progress.done} issues were imported before this.") from error
        except IntegrityError as error:
            done = f"{progress.done} issues were imported before this"
            raise CommandError(f"The database refused it ({error}). {done}: run it again.") from error
        progress.end()
        self.summarise(run, time.monotonic() - begun)
        if count_waiting() and not similar_later:
            compare(self.stdout)

    def _reasons(self, error):
        return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())

    def _actor(self, username):
        try:
            return User.objects.get_by_natural_key(username) if username else None
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user {username}.") from error

    def summarise(self, run, seconds):
        """Write what came in, what was here already, what was left out, and which words nobody knew."""
        counts, new = run.counts, run.new
        say = self.stdout.write
        say(
            f"Imported {new:,} issues with {counts['comments']:,} comments and {counts['events']:,} changes "
            f"in {seconds:.1f} s ({new / seconds:,.0f} a second)."
        )
        if run.batch is not None:
            say(f"  To undo it: {settings.SITE_URL}{reverse('batch', args=[run.batch.pk])}")
        if counts["found"] > new:
            say(f"  {counts['found'] - new:,} were here already.")
        if counts["in the trash"]:
            say(
                f"  {counts['in the trash']:,} of these are in the trash, where they are purged after {KEPT_DAYS} "
                "days: restore them there, or run it with --again, which brings in anew what an undone import has left "
                "there."
            )
        if counts["purged"]:
            say(f"  {counts['purged']:,} of them were in the trash, deleted for good before they came in anew.")
        for home in run.homes.values():
            made = f", created ({home.product.visibility})" if home.product in run.made else ""
            say(f"  {home.product.key}: {len(home.places):,} issues of {home.name}{made}")
        known = f", {counts['known people']:,} names are those of people here" if counts["known people"] else ""
        say(f"  {counts['placeholders']:,} people came in as placeholders{known}")
        if counts["watches"]:
            say(f"  {counts['watches']:,} people watch an issue each")
        if counts["linked"]:
            say(f"  {counts['linked']:,} duplicates were linked to their originals")
        if counts["corrected"]:
            say(f"  {counts['corrected']:,} histories did not lead to the present, closed by a correction each")
        for title, counter in (
            ("Changed:", run.report.changed),
            ("Left out:", run.report.left_out),
            ("Unknown words:", run.report.unknown),
        ):
            lines = [(reason, count) for reason, count in counter.most_common() if count]
            if lines:
                say(title)
            for reason, count in lines:
                say(f"  {count:,} {reason}")
