"""Settings of a tracker with the faults that these checks are there to find, but for the one of hasty.py.

It heeds no version and no Idempotency-Key, keeps what has come in of a form that broke off, takes a replica for current
whatever it lags, and waits for a silent database for longer than anybody should.
"""

import gc
from contextlib import nullcontext

from issuetracker.settings_test import *  # noqa: F403
from issuetracker.settings_test import MIDDLEWARE

MIDDLEWARE = [*MIDDLEWARE, "tests.lasting.careless.Careless"]


class Careless:
    """Switches what guards off, when the server starts."""

    def __init__(self, get_response):
        from history import writing
        from issuetracker import database, replica
        from issuetracker.api import parsers, views

        writing.compared = lambda fresh, expected_version: fresh
        views.once = lambda view, method: method
        parsers.whole = nullcontext
        replica.is_current = lambda: True
        gc.disable()
        database.SILENCE_LIMIT = database.DOUBTED_LIMIT = 8
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        return self.get_response(request)
