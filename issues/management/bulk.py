"""What the commands that write many issues share."""

import gc
import sys
import time

from django.db import connection

from issues import similar
from issues.similar.writing import count_waiting

LINE_EVERY = 1000
SWITCH_EVERY = 0.0003
BAR = 30


def prepare():
    """Let threads take turns more often, since one waits for the database while the other builds rows.

    And do without the search for circles of objects: millions are made, and none are in one.
    """
    sys.setswitchinterval(SWITCH_EVERY)
    gc.disable()


class Progress:
    """Tells how far it is: a bar on a terminal, else a line for every thousand issues (or `line_every`)."""

    def __init__(self, out, total, line_every=LINE_EVERY):
        self.out, self.total, self.done, self.line_every = out, total, 0, line_every
        self.begun = time.monotonic()
        self.on_terminal = sys.stdout.isatty() and out.isatty()

    def __call__(self, count):
        """Add `count` issues that were written."""
        before, self.done = self.done, self.done + count
        text = f"{self.done:,} of {self.total:,} issues, {self.done / (time.monotonic() - self.begun):,.0f} a second"
        if self.on_terminal:
            filled = round(BAR * self.done / self.total)
            self.out.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {text}", ending="")
            self.out.flush()
        elif self.done // self.line_every > before // self.line_every:
            self.out.write(text)
            self.out.flush()

    def end(self):
        """Leave the line of the bar."""
        if self.on_terminal and self.done:
            self.out.write("")


def compare(out):
    """Write the words that are still to be written, by which issues are compared, telling how far it is.

    A worker that runs takes its part of them, and goes on where this is interrupted.
    """
    progress = Progress(out, count_waiting())
    similar.post_waiting(progress)
    progress.end()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE issues_posting")
    out.write(f"{progress.done:,} issues can be compared.")
