"""When a worker was last seen at work: the time of a file in DATA_DIR, which whoever serves the tracker shares."""

import time

from django.conf import settings

NAME = "worker.seen"


def beat():
    """Note that a worker is at work now. A disk that is full, or cannot be written, is no reason not to be."""
    try:
        (settings.DATA_DIR / NAME).touch()
    except OSError:
        return


def age():
    """Return how many seconds ago a worker was seen; infinity where none ever was."""
    try:
        return max(0.0, time.time() - (settings.DATA_DIR / NAME).stat().st_mtime)
    except OSError:
        return float("inf")
