"""`manage.py fit_similar`: the weights of similar issues, tried on the duplicates that this site has marked."""

from django.core.management.base import BaseCommand, CommandError

from issues.management.bulk import Progress
from issues.similar import fitting
from issues.similar.weights import SHIPPED

AMOUNT = 20_000


class Command(BaseCommand):
    """Lives through the tracker again, fits to the earlier duplicates, and tries on the later ones."""

    help = "Fit the weights of similar issues to this site's duplicates: a trial, unless with --apply."

    def add_arguments(self, parser):
        """Take how much to read, and what to do with the outcome."""
        parser.add_argument("--issues", type=int, default=AMOUNT, help=f"the newest so many (default: {AMOUNT:,})")
        parser.add_argument("--apply", action="store_true", help="use the new weights, if they are better")
        parser.add_argument("--reset", action="store_true", help="use those that are shipped, and do nothing else")

    def handle(self, *, issues, apply, reset, **options):
        """Fit and tell. Raises CommandError where there are too few duplicates."""
        if reset:
            fitting.apply(None)
            self.stdout.write("The weights are those that are shipped.")
            return
        rows = fitting.read_issues(issues)
        progress = Progress(self.stdout, len(rows))
        asked = fitting.live_through(rows, progress)
        progress.end()
        if len(asked) < fitting.LEAST:
            raise CommandError(f"Only {len(asked)} duplicates of known issues: {fitting.LEAST} are needed to fit to.")
        earlier, later = fitting.part(asked)
        fitted = fitting.fit(earlier)
        better = self._compare(earlier, later, fitted)
        if not better:
            self.stdout.write("On the later ones they are no better: nothing is changed.")
        elif apply:
            fitting.apply(fitted)
            self.stdout.write("They are used from now on; --reset goes back to those that are shipped.")
        else:
            self.stdout.write("Nothing is changed: --apply would use them.")

    def _compare(self, earlier, later, fitted):
        """Tell what the weights give now and as `fitted`. Return whether these are better on what they never saw."""
        present = fitting.present()
        for name, now, then in zip(SHIPPED, present, fitted, strict=True):
            self.stdout.write(f"  {name:<11}{now:>7.3f} -> {then:.3f}")
        for said, asked in (("earlier, fitted to", earlier), ("later, held out", later)):
            before, after = (fitting.recall(asked, weights) for weights in (present, fitted))
            told = " -> ".join("/".join(f"{share:.3f}" for share in shares) for shares in (before, after))
            self.stdout.write(f"Recall in the first 5/10 of {len(asked):,} duplicates ({said}): {told}")
        return sum(after) > sum(before)
