"""`manage.py reindex`: all that is searched, written afresh."""

from django.core.management.base import BaseCommand

from issues import fulltext
from issues.management.commands.import_issues import Progress
from issues.models import Issue


class Command(BaseCommand):
    """Writes the documents of all issues and counts the words, while everything else goes on."""

    help = "Write afresh what full-text search looks in. Needed only where rows were changed by hand."

    def handle(self, **options):
        """Reindex 500 issues a transaction, telling how far it is."""
        progress = Progress(self.stdout, Issue.objects.count())
        fulltext.reindex(progress)
        progress.end()
        fulltext.count_words()
        self.stdout.write(f"{progress.done:,} issues are indexed.")
