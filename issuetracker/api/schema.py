"""How the schema calls things, and what it says of every operation alike."""

from http import HTTPStatus

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from issuetracker.api import idempotency
from issuetracker.api.fields import StrictSerializer

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
ALWAYS = (400, 401, 403, 404, 406, 429, 503, 507)
WRITING = (409, 411, 412, 413, 415, 428)
MOVING = ("{product_key}", "{issue_key}")
# Operations that answer about no one thing, or about none that has a state: their names end so.
STATELESS = (
    "_list",
    "_export",
    "_search",
    "_bulk",
    "_parse",
    "_complete",
    "_undo",
    "similar",
    "_suggestions",
    "_delete",
)
# Operations that heed no If-Match or If-None-Match.
UNCONDITIONAL = (*(name for name in STATELESS if name not in ("_undo", "_delete")), "_create")
HEADERS = {
    "ETag": "The state that was answered.",
    "Location": "Where it stands.",
    "Retry-After": "When to try again, in seconds.",
    "WWW-Authenticate": "How to sign in.",
}
# The header of a problem, by its status.
PROMISED = {
    "401": "WWW-Authenticate",
    "412": "ETag",
    "428": "ETag",
    "429": "Retry-After",
    "503": "Retry-After",
    "507": "Retry-After",
}
# What asks for its condition: it cannot be taken back.
REQUIRES_CONDITION = "_purge"
NULL = "#/components/schemas/NullEnum"
KEY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": idempotency.KEY_LIMIT, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Of your choice: the request is done once, however often it comes with it within a day.",
)
LEFT = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, required=True, description="The state that is left of it.", response=[204]
)


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
        """Return the headers that stand in no serializer: the key of what is done once, the state of what is left."""
        does = self.method == "POST" and self.view.action not in self.view.reading
        leaves = self.method == "DELETE" and self.view.leaves
        return [*super().get_override_parameters(), *([KEY] if does else []), *([LEFT] if leaves else [])]

    def get_auth(self):
        """Return the ways to sign in, of which what is public needs none to be read."""
        reads = self.method == "GET" or self.view.action in self.view.reading
        is_open = reads and not getattr(self.view, "for_people", False)
        return [*super().get_auth(), *([{}] if is_open else [])]

    def get_paginated_name(self, serializer_name):
        """Return the name of a page: a view whose pages hold more than others gives its own."""
        return getattr(self.view, "page_name", None) or super().get_paginated_name(serializer_name)

    def _map_basic_serializer(self, serializer, direction):
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "response":
            # An answer holds every field, whatever a request may leave out.
            sometimes = getattr(serializer, "SOMETIMES", ())
            schema["required"] = sorted(set(schema["properties"]) - set(sometimes))
        elif isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema


def complete(result, generator, request, public):
    """Add to every operation the problems that it may answer with, and its conditions. Return the schema."""
    shapes = result["components"]["schemas"]
    shapes |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    shapes.pop("NullEnum", None)
    _say_null(result)
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return result


def _say_null(node):
    """Say of whatever may be null that it may, in place of a choice of which null is the only one."""
    if isinstance(node, dict):
        if node.get("$ref") == NULL:
            del node["$ref"]
            node["type"] = "null"
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _say_null(one)


def _complete(path, method, operation):
    responses, name = operation["responses"], operation["operationId"]
    writes = method != "get"
    keyed = any(one["name"] == idempotency.HEADER for one in operation.get("parameters", []))
    if any(moving in path for moving in MOVING):
        moved = {"description": "It has another key now: follow Location.", "headers": _headers("Location")}
        responses["308" if writes else "301"] = moved
    for code in ALWAYS + (WRITING if writes else ()) + ((422,) if keyed else ()):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault(str(code), {"description": HTTPStatus(code).phrase, "content": content})
    for code, header in PROMISED.items():
        if code in responses:
            responses[code]["headers"] = _headers(header)
    if not name.endswith(UNCONDITIONAL) or _is_added(path, name):
        _add_condition(operation, "If-Match" if writes else "If-None-Match", name.endswith(REQUIRES_CONDITION))
    if not name.endswith(STATELESS):
        _promise_state(responses, writes)
    if keyed:
        _say_replayed(responses)


def _is_added(path, name):
    """Return whether an operation creates what is added to something else, of whose state a request may speak."""
    return name.endswith("_create") and ("{" in path or name == "issues_create")


def _add_condition(operation, header, is_required):
    parameter = {"name": header, "in": "header", "schema": {"type": "string"}, "description": "An ETag, or `*`."}
    if is_required:
        parameter["required"] = True
    operation.setdefault("parameters", []).append(parameter)


def _say_replayed(responses):
    told = {"description": "That this is the answer from the first time.", "required": False}
    for code in responses:
        if code.startswith("2"):
            headers = responses[code].setdefault("headers", {})
            headers[idempotency.REPLAYED] = {**told, "schema": {"type": "string", "enum": ["true"]}}


def _promise_state(responses, writes):
    if not writes:
        responses["304"] = {"description": "The client has its present state."}
    for code in {"200", "304"} & set(responses):
        responses[code]["headers"] = _headers("ETag")
    if "201" in responses:
        responses["201"]["headers"] = _headers("ETag", "Location")


def _headers(*names):
    return {name: {"description": HEADERS[name], "required": True, "schema": {"type": "string"}} for name in names}
