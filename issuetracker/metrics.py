"""/metrics: how the tracker fares, in the text that Prometheus reads. None of it tells of a product, issue or user."""

import ipaddress

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Letter
from issues import services, similar
from issues.services import bulk
from issuetracker import heartbeat
from issuetracker.counts import AWAY, BOUNDS, NAME_LIMIT, RUNNING, counts

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# With method and status it has to fit into a row.
LONGEST_ROUTE = NAME_LIMIT - 16
# What says that a request came by way of somebody else, whose address is then that of the peer.
PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CONNECTIONS = (
    "SELECT count(*), current_setting('max_connections') FROM pg_stat_activity WHERE backend_type = 'client backend'"
)


def name_of(request, response):
    """Return what a request is counted under: its route, method and class of status, with blanks between."""
    match = getattr(request, "resolver_match", None)
    # What is at no route, static files among it, is whatever anybody asks for.
    route = match.view_name[:LONGEST_ROUTE] if match else "-"
    method = request.method if request.method in METHODS else "OTHER"
    return f"{route} {method} {response.status_code // 100}xx"


@require_safe
@never_cache
def metrics(request):
    """Answer with the figures, to whoever METRICS_TOKEN or METRICS_ALLOW lets have them. Raises Http404 for others."""
    if not _is_allowed(request):
        raise Http404
    lines = [*_of_requests(), *_of_database(), *_of_worker()]
    return HttpResponse("\n".join(lines) + "\n", content_type=MEDIA_TYPE)


def _is_allowed(request):
    kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and kind.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return _is_near(request)


def _is_near(request):
    """Return whether the peer itself asks, not somebody behind it, and stands in METRICS_ALLOW."""
    if not settings.METRICS_ALLOW or any(name in request.META for name in PASSED_ON):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.METRICS_ALLOW)


def _family(name, kind, told, samples):
    """Yield the lines of one figure: `samples` are `(ending, labels, value)`."""
    yield f"# HELP issuetracker_{name} {told}"
    yield f"# TYPE issuetracker_{name} {kind}"
    for ending, labels, value in samples:
        yield f"issuetracker_{name}{ending}{_labels(labels)} {_number(value)}"


def _labels(labels):
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _number(value):
    return "+Inf" if value == float("inf") else f"{value:.10g}"


def _of_requests():
    rows = []
    for name, (*classes, seconds) in sorted(counts.requests().items()):
        route, method, status = name.split(" ")
        rows.append(({"route": route, "method": method, "status": status}, classes, seconds))
    answered = (("", labels, sum(classes)) for labels, classes, _seconds in rows)
    yield from _family("http_requests_total", "counter", "Answers, by route, method and class of status.", answered)
    taken = (sample for row in rows for sample in _histogram(*row))
    yield from _family("http_request_duration_seconds", "histogram", "What answering took.", taken)
    running = [("", {}, counts.total(RUNNING))]
    yield from _family("http_requests_running", "gauge", "Requests that are being answered.", running)


def _histogram(labels, classes, seconds):
    so_far = 0.0
    for bound, number in zip((*BOUNDS, float("inf")), classes, strict=True):
        so_far += number
        yield "_bucket", {**labels, "le": _number(bound)}, so_far
    yield "_sum", labels, seconds
    yield "_count", labels, so_far


def _of_database():
    yield from _family(
        "database_unavailable_total",
        "counter",
        "Requests refused with the database away.",
        [("", {}, counts.total(AWAY))],
    )
    try:
        told = [*_of_connections(), *_of_jobs()]
    except Error:
        # The other figures are needed most when this one cannot be had.
        told = None
    yield from _family("database_up", "gauge", "Whether the database answers.", [("", {}, told is not None)])
    yield from told or ()


def _of_connections():
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(CONNECTIONS)
        used, limit = cursor.fetchone()
    yield from _family("database_connections", "gauge", "Connections to the server, of all clients.", [("", {}, used)])
    yield from _family("database_connections_limit", "gauge", "How many the server takes.", [("", {}, int(limit))])


def _of_jobs():
    letters = Letter.objects.aggregate(waiting=Count("pk"), failing=Count("pk", filter=Q(attempts__gt=0)))
    waiting = {
        "undo": services.running().count(),
        "bulk": bulk.unfinished().count(),
        "letter": letters["waiting"],
        "words": similar.count_waiting(),
    }
    samples = (("", {"kind": kind}, number) for kind, number in waiting.items())
    yield from _family("jobs_waiting", "gauge", "What is left to the worker.", samples)
    failing = [("", {"kind": "letter"}, letters["failing"])]
    yield from _family("jobs_failing", "gauge", "What has failed, and will be tried again.", failing)


def _of_worker():
    seen = [("", {}, heartbeat.age())]
    yield from _family("worker_heartbeat_age_seconds", "gauge", "Since a worker was last seen at work.", seen)
