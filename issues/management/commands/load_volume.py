"""`manage.py load_volume`: as many issues as one wants to measure with."""

import time

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from history.models import Via
from issues import fulltext
from issues.management.bulk import Progress, prepare
from issues.models import Issue
from issues.services import write_batch
from issues.volume.records import Records
from issues.volume.site import ADMINISTRATOR, BIG, PRODUCTS_LEAST, READER, SMALL, TWO_PERCENT, build_site
from issues.volume.words import COMMON, RARE, RARE_ISSUES

HELP = f"""
Load invented issues with comments, labels and history, to measure with. The same seed gives the same issues.

People: {ADMINISTRATOR}, an administrator; {READER}, who triages three products and belongs to no other; and some
hundreds more. Nobody has a password or a token yet. Products: {BIG} holds a tenth of the issues; {SMALL} is public and
holds some hundreds at most. About 15 % of the issues are open, 2 % have the label {TWO_PERCENT}, 1 % are confidential.
Words to search for: {" and ".join(COMMON)} (each in 40 % of the issues); {", ".join(RARE)} (each in {RARE_ISSUES}
issues, however many there are).
"""


class Command(BaseCommand):
    """Makes people and products through the services, then the issues through the door for many."""

    help = HELP

    def add_arguments(self, parser):
        """Take how much of what."""
        parser.add_argument("--issues", type=int, default=10_000, metavar="N", help="default: 10,000")
        parser.add_argument("--products", type=int, default=50, metavar="P", help="default: 50")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="what all choices follow from")
        parser.add_argument("--private", action="store_true", help=f"all products are private but {SMALL}")
        parser.add_argument("--add", action="store_true", help="go on where there are issues already")

    def handle(self, *, issues, products, seed, private, add, **options):
        """Load them. Raises CommandError where there are issues already, unless it is to add to them."""
        if issues < RARE_ISSUES or products < PRODUCTS_LEAST:
            raise CommandError(f"At least {RARE_ISSUES} issues and {PRODUCTS_LEAST} products are needed.")
        if Issue.objects.exists() and not add:
            raise CommandError("This database has issues: give --add to add more of them.")
        begun = time.monotonic()
        site = build_site(products, seed, private=private)
        self.stdout.write(f"Made {products:,} products in {time.monotonic() - begun:.0f} s.")
        prepare()
        progress = Progress(self.stdout, issues, line_every=max(1000, issues // 100))
        write_batch(Records(site, issues, seed), actor=None, via=Via.IMPORT, on_progress=progress)
        progress.end()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        seconds = time.monotonic() - begun
        # As the worker does within the hour: how a word is looked for hangs on how common it is.
        fulltext.count_words()
        self.stdout.write(f"Loaded {issues:,} issues in {seconds:.0f} s ({issues / seconds:,.0f} a second).")
