"""Lists, a page at a time: `{"next", "previous", "results"}`, and a capped count for those who ask."""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from accounts.models import time_zones
from issuetracker import keyset
from products.numbers import read_number

COUNT_CAP = 1000
DEFAULT_SIZE, SIZE_LIMIT = 50, 100
PARAMETERS = {
    "cursor": ("string", "Where the page begins; take it from `next` or `previous`."),
    "page_size": ("integer", "How many results a page holds."),
    "count": ("string", "`1` adds `count` and `count_capped`."),
    "tz": ("string", "The time zone that days are meant in, such as `Europe/Vienna`."),
}


def refuse(name, message, code):
    """Raise ValidationError for the query parameter `name`."""
    raise ValidationError({name: ValidationError(message, code=code)})


def check_parameters(params, allowed, repeatable=()):
    """Raise ValidationError unless all of `params` (a QueryDict) are `allowed`, none but a query is blank, and each is
    there once, but for the `repeatable` ones.
    """
    errors = {}
    for name in params:
        if name not in allowed:
            errors[name] = ValidationError(_("There is no such parameter."), code="unknown")
        elif name != "q" and not all(value.strip() for value in params.getlist(name)):
            errors[name] = ValidationError(_("Give a value."), code="blank")
        elif name not in repeatable and len(params.getlist(name)) > 1:
            errors[name] = ValidationError(_("Give this once."), code="repeated")
    if errors:
        raise ValidationError(errors)


class KeysetPagination(BasePagination):
    """Pages by cursor. The view says its `ordering`, `list_terms`, and how many results it allows at most."""

    def paginate_queryset(self, queryset, request, view=None):
        """Return the rows of the page that `request` asks for. Raises ValidationError."""
        params = request.query_params
        size = _size(params, view.page_size_limit)
        count = _flag(params, "count")
        bound = f"{request.path} {view.list_terms} {request.user.pk}"
        try:
            page = view.page(queryset, size=size, cursor=params.get("cursor", ""), bound=bound)
        except keyset.CursorError:
            refuse("cursor", _("This cursor is not for this list, or not for you."), "invalid")
        self.count = page.count
        if self.count is None and count:
            self.count = queryset.order_by()[: COUNT_CAP + 1].count()
        self.counts = count
        self.request, self.page, self.canonical = request, page, view.canonical
        return page.rows

    def get_paginated_response(self, data):
        """Return the answer with the representations `data` of the page's rows."""
        body = {"next": self._link(self.page.next), "previous": self._link(self.page.previous)}
        if self.counts:
            body |= {"count": min(self.count, COUNT_CAP), "count_capped": self.count > COUNT_CAP}
        if self.canonical is not None:
            body["canonical"] = self.canonical
        return Response({**body, "results": data})

    def _link(self, cursor):
        if cursor is None:
            return None
        params = [(name, value) for name, values in self.request.query_params.lists() for value in values]
        query = urlencode([pair for pair in params if pair[0] != "cursor"] + [("cursor", cursor)])
        return f"{settings.SITE_URL}{self.request.path}?{query}"

    def get_paginated_response_schema(self, schema):
        """Return how a page is described in the schema."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link,
                "previous": link,
                "count": {"type": "integer", "maximum": COUNT_CAP},
                "count_capped": {"type": "boolean"},
                "canonical": {"type": "string", "description": "The query `q` as it was understood."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view):
        """Return the query parameters for the schema."""
        shapes = {
            "page_size": {
                "type": "integer",
                "minimum": 1,
                "maximum": view.page_size_limit,
                "default": min(DEFAULT_SIZE, view.page_size_limit),
            },
            "count": {"type": "string", "enum": ["0", "1"]},
        }
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": shapes.get(name, {"type": kind, "minLength": 1}),
            }
            for name, (kind, description) in PARAMETERS.items()
        ]


def _size(params, limit):
    size = read_number(params.get("page_size", str(min(DEFAULT_SIZE, limit))))
    if size is None or not 1 <= size <= limit:
        refuse("page_size", _("Choose from 1 to %(limit)d.") % {"limit": limit}, "range")
    return size


def _flag(params, name):
    text = params.get(name, "0")
    if text not in ("0", "1"):
        refuse(name, _("Choose 0 or 1."), "choice")
    return text == "1"


def zone_of(params):
    """Return the time zone that `params` (a QueryDict) name, UTC without one. Raises ValidationError."""
    name = params.get("tz", "UTC")
    if name not in time_zones():
        refuse("tz", _("There is no such time zone."), "unknown")
    return ZoneInfo(name)
