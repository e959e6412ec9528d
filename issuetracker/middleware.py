"""What happens around every request."""

import logging
import time
import zoneinfo
from http import HTTPStatus

from csp.constants import SELF, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.core.exceptions import BadRequest, DisallowedHost
from django.http import QueryDict
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from issuetracker import database, metrics, status, uploads
from issuetracker.counts import counts
from issuetracker.logs import discreet

requests = logging.getLogger("issuetracker.requests")

ADMIN = "/admin/"
# The words of the administration's scripts, which Django serves as a script.
ADMIN_WORDS = "/admin/jsi18n/"
# Its script depends on the settings, and so is made rather than stored.
DOCS = "/docs"
LOOSER = (ADMIN, "/api/", DOCS)
UTC_ONLY = ("/api/", *status.FOR_MACHINES)
HEADER, NOTHING = "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"


class Measured:
    """Counts every request, and how long it took; writes it down, too, where LOG_REQUESTS says so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        begun = time.perf_counter()
        counts.begin()
        response = self.get_response(request)
        took = time.perf_counter() - begun
        counts.end(metrics.name_of(request, response), took)
        if settings.LOG_REQUESTS:
            _write_down(request, response, round(1000 * took, 1))
        return response


def _write_down(request, response, milliseconds):
    told = {"method": request.method, "path": discreet(request.path), "status": response.status_code}
    requests.info("%s %s: %s in %s ms", *told.values(), milliseconds, extra={**told, "milliseconds": milliseconds})


class DatabaseGuard:
    """Begins every request with a database connection that works, or none."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        database.begin_request()
        return self.get_response(request)


class WithoutBody:
    """Answers HEAD with the headers alone: the server would write down a warning for each body that it has to drop."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        response = self.get_response(request)
        if request.method == "HEAD":
            if response.streaming:
                response.streaming_content = ()
            else:
                response.content = b""
        return response


class ContentSecurityPolicy(CSPMiddleware):
    """The policy of our own pages, and a looser one where templates or scripts are not ours and carry no nonces.

    What is no page may do nothing at all, should a browser ever take it for one.
    """

    def process_response(self, request, response):
        """Return the answer with its policy."""
        if response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, NOTHING)
        return response

    def get_policy_parts(self, request, response, report_only=False):
        """Return the parts of the policy for this path."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(LOOSER):
            host = _host_of(request)
            if host is None:
                return parts
            parts.replace = {"script-src": [f"{host}{settings.STATIC_URL}"]}
            if request.path_info.startswith(ADMIN):
                parts.replace["script-src"].append(f"{host}{ADMIN_WORDS}")
            if request.path_info == DOCS:
                parts.replace["style-src"] = [SELF, UNSAFE_INLINE]
                parts.replace["script-src"].append(f"{host}{DOCS}")
        return parts


def _host_of(request):
    try:
        return request.get_host()
    except DisallowedHost:
        # The page that says so has a policy, too.
        return None


class CompressedPages(GZipMiddleware):
    """Compresses pages; the API's answers keep the strong ETags that a conditional write needs."""

    def process_response(self, request, response):
        """Return the answer, smaller if it is a page and the browser can read that."""
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class ExplainedMethods:
    """Says on a page, too, that something is not done at this address."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`."""
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content:
            return response
        if request.path_info.startswith(("/api/", ADMIN, DOCS, *status.FOR_MACHINES)):
            return response
        context = {"title": _("This cannot be done here"), "detail": _("Nothing was changed.")}
        page = render(request, "error.html", context, status=response.status_code)
        page.headers["Allow"] = response.headers["Allow"]
        return page


class NoNul:
    """Refuses NUL, which no database keeps, in the path, the query and the fields of a form; JSON has its parser."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request`. Raises BadRequest."""
        if "\x00" in request.path_info or _holds_nul(request.GET) or _holds_nul(_form_of(request)):
            raise BadRequest(_("It holds a NUL character, which cannot be stored."))
        return self.get_response(request)


def _form_of(request):
    # The API takes no forms, and reads its body itself; elsewhere the view finds what is parsed here.
    if request.path_info.startswith("/api/"):
        return QueryDict()
    with uploads.whole(request):
        return request.POST


def _holds_nul(params):
    return any("\x00" in text for name, texts in params.lists() for text in (name, *texts))


class PersonalTimeZone:
    """Shows times in the zone of who is signed in; the API speaks UTC."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answer `request` with its reader's time zone active."""
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


def _zone_of(request):
    # Without a session nobody is signed in, and asking for the user would be a statement for nothing.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path_info.startswith(UTC_ONLY):
        return None
    try:
        # The person themselves, whom a page asks hundreds of times, rather than what looks them up.
        request.user = get_user(request)
        return zoneinfo.ZoneInfo(getattr(request.user, "time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
