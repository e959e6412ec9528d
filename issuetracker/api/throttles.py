"""API_RATE: how much may be asked of the API in a minute, counted for all processes together."""

import time

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from accounts.signin import limits, place
from products.access import is_person

POLICY, WINDOW = "api", limits.MINUTE
# What counts as several requests, since it takes as long as they do.
COSTS = {"export": 10, "bulk": 10, "similar": 5, "suggestions": 5}


class ApiRate(BaseThrottle):
    """Counts by token, by who is signed in, or by address; without API_RATE nothing is counted, and nothing asked."""

    def allow_request(self, request, view):
        """Count the request, say in the headers of the answer what is left, and return whether it may be made."""
        most = settings.API_RATE
        if not most:
            return True
        cost = min(COSTS.get(getattr(view, "action", None), 1), most)
        limit = limits.Limit("api", most, WINDOW)
        counted, ends_at = limits.tally(limit, *caller_of(request), by=cost)
        self.seconds = max(ends_at - int(time.time()), 1)
        view.headers["RateLimit-Policy"] = f'"{POLICY}";q={most};w={WINDOW}'
        view.headers["RateLimit"] = f'"{POLICY}";r={max(most - counted, 0)};t={self.seconds}'
        return counted <= most

    def wait(self):
        """Return in how many seconds to ask again."""
        return self.seconds


def caller_of(request):
    """Return whose requests are counted together: those of a token, of somebody's sessions, or of an address."""
    if request.auth is not None:
        return "token", request.auth.pk
    if is_person(request.user):
        return "person", request.user.pk
    return "address", place.network_of(place.address_of(request))
