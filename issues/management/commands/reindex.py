"""`manage.py reindex`: all that is searched, written afresh."""

from django.core.management.base import BaseCommand

from issues import fulltext, similar
from issues.management.bulk import Progress, compare
from issues.models import Issue


class Command(BaseCommand):
    """Writes the documents of all issues and counts the words, while everything else goes on."""

    help = "Write afresh what full-text search looks in. Needed only where rows were changed by hand."

    def add_arguments(self, parser):
        """Take what to write."""
        parser.add_argument("--similar", action="store_true", help="what similar issues are found by, instead")
        parser.add_argument("--resume", action="store_true", help="with --similar, only what is left")

    def handle(self, *, resume, **options):
        """Reindex 500 issues a transaction, telling how far it is."""
        if options["similar"] or resume:
            if not resume:
                similar.post_all_later()
            compare(self.stdout)
            return
        progress = Progress(self.stdout, Issue.objects.count())
        fulltext.reindex(progress)
        progress.end()
        fulltext.count_words()
        self.stdout.write(f"{progress.done:,} issues are indexed.")
