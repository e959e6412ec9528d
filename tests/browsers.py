"""The browser of this machine that tests drive."""

import shutil

# The first has no windows, and takes a third less time.
NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]


def find(*, windows=False):
    """Return the path of a browser, with `windows` rather of one that people use, or None."""
    names = [*NAMES[1:], *NAMES] if windows else NAMES
    return next(filter(None, map(shutil.which, names)), None)
