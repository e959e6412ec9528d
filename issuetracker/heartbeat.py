"""When a worker last did some of its work: the time of a file in DATA_DIR, which whoever serves the tracker shares."""

import time

from django.conf import settings

NAME = "worker.seen"


def beat():
    """Note that a worker has done some of its work. A disk that is full, or cannot be written, is no reason to stop."""
    try:
        (settings.DATA_DIR / NAME).touch()
    except OSError:
        return


def age():
    """Return how many seconds ago a worker was seen at work; infinity where none ever was."""
    try:
        return max(0.0, time.time() - (settings.DATA_DIR / NAME).stat().st_mtime)
    except OSError:
        return float("inf")
