"""JSON as the API answers it, and the page on which a browser shows that."""

import orjson
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import override_method
from rest_framework.utils.encoders import JSONEncoder

from history.errors import Refused
from issuetracker.api.problems import Moved
from products.access import is_person

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


class Page(BrowsableAPIRenderer):
    """The answer as a page of the site, with the forms and links of what its reader may do there."""

    template = "api.html"

    def __init__(self):
        super().__init__()
        # What was found so far, by action: the framework asks for one several times.
        self.offered = {}

    def show_form_for_method(self, view, method, request, obj):
        """Return whether to offer `method`."""
        return super().show_form_for_method(view, method, request, obj) and self.is_offered(view)

    def is_offered(self, view):
        """Return whether the reader, who is signed in, may do what `view` is set to."""
        if view.action not in self.offered:
            self.offered[view.action] = self._may(view)
        return self.offered[view.action]

    def _may(self, view):
        if not is_person(view.request.user):
            return False
        try:
            getattr(view, "require_right", bool)()
        except (APIException, Http404, Moved, Refused):
            return False
        return True

    def get_extra_actions(self, view, status_code):
        """Return `{name: address}` of what else can be read or done here."""
        if status_code >= 400:
            return {}
        found = super().get_extra_actions(view, status_code) or {}
        actions = {one.kwargs["name"]: one for one in view.get_extra_actions()} if found else {}
        return {name: url for name, url in found.items() if self.is_linked(view, actions[name])}

    def is_linked(self, view, action):
        """Return whether the reader may do the `action` of `view`."""
        if "get" in action.mapping:
            return True
        with override_method(view, view.request, "POST"):
            view.action = action.__name__
            return self.is_offered(view)


class QuickNegotiation(DefaultContentNegotiation):
    """The framework's choice of a form, made at once for who takes whatever comes, or asks for the first of them."""

    def select_renderer(self, request, renderers, format_suffix=None):
        """Return `(renderer, media type)`. Raises NotAcceptable, Http404."""
        first, accepted = renderers[0], request.META.get("HTTP_ACCEPT", "*/*")
        if accepted in ("*/*", first.media_type) and first.charset is None and not format_suffix:
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)
