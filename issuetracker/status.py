"""Whether the tracker is up, and what it answers when its database is away."""

from django.db import connection
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import server_error as plain_server_error


@require_safe
@never_cache
def status(request):
    """Answer whether pages can be served: the database is asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def server_error(request):
    """Answer an exception that nothing else has answered."""
    return plain_server_error(request)


urlpatterns = [path("", status, name="status")]
