"""JSON as the API answers it."""

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

# Moments are said as the framework says them.
OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


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
