"""The schema in OpenAPI 3.1, made once a process, and the page that shows it."""

from functools import cache
from threading import Lock

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

# What makes the schema loads its parts as it comes to them, which two threads at once would break.
MAKING = Lock()


def schema_text():
    """Return the schema as JSON."""
    with MAKING:
        return _schema_text()


@cache
def _schema_text():
    return OpenApiJsonRenderer().render(SchemaGenerator().get_schema(request=None, public=True))


@require_safe
def openapi(request):
    """Answer with the schema."""
    return HttpResponse(schema_text(), content_type="application/json")


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, from this site alone."""

    url_name = "openapi"
    template_name = "docs.html"
    authentication_classes: tuple = ()
    permission_classes: tuple = ()
    throttle_classes: tuple = ()
