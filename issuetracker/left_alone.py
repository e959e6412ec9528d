"""Whoever does not answer, and is not needed, is left alone for some seconds: no request waits for it twice."""

import time

from issuetracker.logs import in_a_line

LEFT_ALONE = 5


class LeftAlone:
    """Until when what is called `name` is left alone, on the clock of this process; `logger` is told when it begins."""

    def __init__(self, name, logger):
        self.name, self.logger = name, logger
        self.until = 0.0

    def lasts(self):
        """Return whether it is left alone now."""
        return time.monotonic() < self.until

    def begin(self, error):
        """Leave it alone from now on, because of `error`."""
        self.until = time.monotonic() + LEFT_ALONE
        self.logger.warning("%s is left alone for %s seconds: %s", self.name, LEFT_ALONE, in_a_line(error))
