"""JSON as the API answers it."""

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

# Moments are said as the framework says them.
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class QuickJSONRenderer(JSONRenderer):
    """The framework's JSON, written several times as fast; what the quick writer does not know, the other writes."""

    def render(self, data, accepted_media_type=None, renderer_context=None):
        """Return `data` as bytes, indented where the client asks for that."""
        if data is None or self.get_indent(accepted_media_type, renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        try:
            return orjson.dumps(data, JSONEncoder().default, OPTIONS)
        except orjson.JSONEncodeError:
            return super().render(data, accepted_media_type, renderer_context)


def written(data):
    """Return `data` as the quick writer puts it into whatever it is part of, without writing it again."""
    return orjson.Fragment(orjson.dumps(data, JSONEncoder().default, OPTIONS))


def is_quick(request):
    """Return whether the answer to `request` is JSON by the quick writer."""
    form = request.accepted_renderer
    return isinstance(form, QuickJSONRenderer) and not form.get_indent(request.accepted_media_type, {})


class QuickNegotiation(DefaultContentNegotiation):
    """The framework's choice of a form, made at once for who takes whatever comes, or asks for the first of them."""

    def select_renderer(self, request, renderers, format_suffix=None):
        """Return `(renderer, media type)`. Raises NotAcceptable, Http404."""
        first, accepted = renderers[0], request.META.get("HTTP_ACCEPT", "*/*")
        if accepted in ("*/*", first.media_type) and first.charset is None and not format_suffix:
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)
