"""Whether the tracker is up, and what it answers when its database is away."""

import sys
from functools import cache

from django.core.exceptions import BadRequest, DisallowedHost
from django.db import Error, ProgrammingError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template import loader
from django.urls import path
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from issuetracker import database
from issuetracker.counts import counts

RETRY_AFTER = 5
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What watches over the tracker, and never signs in.
FOR_MACHINES = ("/status/", "/livez", "/readyz", "/metrics")
ANSWERED_IN_JSON = ("/api/", "/openapi.json", *FOR_MACHINES)


@require_safe
@never_cache
def readiness(request):
    """Answer whether requests can be served: the database answers, and has all migrations of this version."""
    try:
        migrated = is_migrated()
    except Error as error:
        return unavailable(request, error)
    return JsonResponse({"status": "ok"}) if migrated else _unready(request)


def is_migrated():
    """Return whether the database has all migrations of this version. Raises Error where it is away."""
    try:
        return _needed() <= set(MigrationRecorder.Migration.objects.values_list("app", "name"))
    except ProgrammingError:
        return False
    except Error as error:
        if database.is_away(error):
            raise
        # SQLite's way to say that there is no such table.
        return False


@cache
def _needed():
    """Return `{(app, name)}` of the last migrations of this version's apps; they need all others."""
    return set(MigrationLoader(None).graph.leaf_nodes())


def _unready(request):
    detail = _("The database is not migrated yet.")
    return _retried(_answer(request, 503, _("Service unavailable"), "unmigrated", detail))


@require_safe
@never_cache
def liveness(request):
    """Answer that this process runs, whatever the state of the database: a restart would not mend that."""
    return JsonResponse({"status": "ok"})


def bad_request(request, exception):
    """Answer a request that makes no sense, or calls us by a name not ours: a problem to programs, a page to people."""
    wrong_host = isinstance(exception, DisallowedHost)
    detail = _("Something in this request could not be read.")
    if wrong_host:
        detail = _("This site does not answer to that name: whoever runs it sets SITE_URL or ALLOWED_HOSTS.")
    elif isinstance(exception, BadRequest) and str(exception):
        # What is raised as anything else, as what Django takes for an attack, tells nobody its reason.
        detail = str(exception)
    if request.path_info.startswith(ANSWERED_IN_JSON):
        return _problem(400, _("Bad Request"), detail, code="bad_request")
    page = loader.render_to_string("400.html", {"detail": detail, "wrong_host": wrong_host})
    return HttpResponseBadRequest(page)


def server_error(request):
    """Answer an exception that nothing else has answered: 507 without room, 503 without a database, else 500."""
    error = sys.exc_info()[1]
    if error is not None and database.is_full(error):
        return _retried(_answer(request, 507, _("Insufficient storage"), *_reason(request, error)))
    if error is not None and database.is_away(error):
        return unavailable(request, error)
    detail = _("Something went wrong here. It has been written down.")
    return _answer(request, 500, _("Internal server error"), "error", detail)


def unavailable(request, error):
    """Answer that the database is away, and when to ask again."""
    counts.miss()
    return _retried(_answer(request, 503, _("Service unavailable"), *_reason(request, error)))


def _reason(request, error):
    return database.reason(error, writing=request.method not in SAFE_METHODS)


def _retried(response):
    response.headers["Retry-After"] = str(RETRY_AFTER)
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(request, status, title, code, detail):
    if request.path_info.startswith(ANSWERED_IN_JSON):
        return _problem(status, title, detail, code=code)
    # Rendered without the request: what the context processors add is asked of the database.
    again = escape_leading_slashes(request.get_full_path()) if request.method == "GET" else "/"
    page = loader.render_to_string("500.html", {"title": title, "detail": detail, "again": again})
    return HttpResponse(page, status=status)


def _problem(status, title, detail, **more):
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type="application/problem+json")


urlpatterns = [
    path("livez", liveness, name="livez"),
    path("readyz", readiness, name="readyz"),
    path("status/", readiness, name="status"),
    path("status/live/", liveness, name="liveness"),
]
