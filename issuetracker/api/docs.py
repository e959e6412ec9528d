"""The schema in OpenAPI 3.1, made once a process, and the page that shows it."""

from functools import cache

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView


@cache
def schema_text():
    """Return the schema as JSON."""
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
