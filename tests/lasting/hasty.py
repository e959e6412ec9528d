"""Settings of a tracker with the fault that the ledger is there to find: it acknowledges before it commits."""

import time

from django.db import transaction

from issuetracker.settings_test import *  # noqa: F403
from issuetracker.settings_test import MIDDLEWARE

MIDDLEWARE = [*MIDDLEWARE, "tests.lasting.hasty.Hasty"]


class Hasty:
    """Commits what a request has written half a second after its answer has been sent."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        if request.method not in ("POST", "PATCH"):
            return self.get_response(request)
        late = transaction.atomic()
        late.__enter__()
        response = self.get_response(request)
        close = response.close

        def commit():
            time.sleep(0.5)
            late.__exit__(None, None, None)
            close()

        response.close = commit
        return response
