"""How the schema calls things, and what it says of every operation alike."""

from http import HTTPStatus

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from issuetracker.api import idempotency

VERBS = {"retrieve": "read", "partial_update": "patch", "update": "replace", "destroy": "delete"}
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "What is wrong with which field or parameter.",
            "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        },
        "lock_version": {"type": "integer"},
        "etag": {"type": "string"},
    },
}
FIELD_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "position": {"type": "integer", "description": "Of a mistake in `q`: its place, in code points."},
        "length": {"type": "integer"},
        "suggestions": {"type": "array", "items": {"type": "string"}, "description": "Texts to put in that place."},
    },
}
ALWAYS = (400, 401, 403, 404, 406, 429, 503)
WRITING = (409, 412, 413, 415, 428)
MOVING = ("{product_key}", "{issue_key}")
KEY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": idempotency.KEY_LIMIT, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Of your choice: the request is done once, however often it comes with it within a day.",
)
ETAG = {"ETag": {"description": "The state that was answered.", "schema": {"type": "string"}}}


class Schema(AutoSchema):
    """Names each operation after the resource and what is done: `products_issues_comments_list`."""

    def get_operation_id(self):
        """Return the name of the operation."""
        parts = [part.replace("-", "_") for part in self._tokenize_path()]
        action = getattr(self.view, "action", self.method.lower())
        if parts and parts[-1] == action:
            return "_".join(parts)
        return "_".join([*parts, VERBS.get(action, action)])

    def get_override_parameters(self):
        """Return the parameters that stand in no serializer: the key of what is done once."""
        does = self.method == "POST" and self.view.action not in self.view.reading
        return [*super().get_override_parameters(), *([KEY] if does else [])]

    def get_paginated_name(self, serializer_name):
        """Return the name of a page: a view whose pages hold more than others gives its own."""
        return getattr(self.view, "page_name", None) or super().get_paginated_name(serializer_name)

    def _map_basic_serializer(self, serializer, direction):
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "response":
            # An answer holds every field, whatever a request may leave out.
            sometimes = getattr(serializer, "SOMETIMES", ())
            schema["required"] = sorted(set(schema["properties"]) - set(sometimes))
        return schema


def complete(result, generator, request, public):
    """Add to every operation the problems that it may answer with, and its conditions. Return the schema."""
    result["components"]["schemas"] |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return result


def _complete(path, method, operation):
    responses = operation["responses"]
    writes = method != "get"
    keyed = any(one["name"] == idempotency.HEADER for one in operation.get("parameters", []))
    listed = operation["operationId"].endswith(("_list", "_create", "_export"))
    if any(name in path for name in MOVING):
        responses["308" if writes else "301"] = {"description": "It has another key now: follow Location."}
    for code in ALWAYS + (WRITING if writes else ()) + ((422,) if keyed else ()):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault(str(code), {"description": HTTPStatus(code).phrase, "content": content})
    if listed:
        return
    condition = "If-Match" if writes else "If-None-Match"
    parameter = {"name": condition, "in": "header", "schema": {"type": "string"}, "description": "An ETag, or `*`."}
    operation.setdefault("parameters", []).append(parameter)
    if not writes:
        responses["304"] = {"description": "The client has its present state."}
        responses["200"]["headers"] = ETAG
