"""How the API says no: RFC 9457 problem documents for whatever goes wrong under /api/."""

from http import HTTPStatus

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied
from django.core.exceptions import ValidationError as Invalid
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from history.errors import Conflict, Forbidden, Stale, Unreadable
from issuetracker.api.conditions import etag, version

MEDIA_TYPE = "application/problem+json"


class Moved(Exception):
    """The resource stands at another path now, where the parts `names` of it are called otherwise."""

    def __init__(self, location, names):
        super().__init__(location)
        self.location, self.names = location, names


class PreconditionRequired(exceptions.APIException):
    """If-Match is needed here, so that nobody destroys what they have not seen."""

    status_code = 428
    default_code = "precondition_required"

    def __init__(self, row):
        super().__init__(_("Send If-Match with the ETag of what you mean."))
        self.row = row


class NotAsSeen(exceptions.APIException):
    """What has no version that is told is in another state, that with the ETag `tag`, than the one If-Match names."""

    status_code = 412
    default_code = "stale"

    def __init__(self, tag):
        super().__init__(_("This is not its present version."))
        self.tag = tag


def answer(error, context):
    """Return the Response to an exception in an API view, or None for what is a fault of ours."""
    request = context["request"]
    if isinstance(error, Moved):
        safe = request.method in ("GET", "HEAD")
        # What is moved back would send a client that kept this round in circles.
        headers = {"Location": error.location, "Cache-Control": "no-store"}
        return Response(status=301 if safe else 308, headers=headers)
    told = _tell(error)
    if told is None:
        return None
    status, code, detail, more = told
    response = Response(document(status, detail, code=code, **more), status, headers=_headers(error))
    # The browsable API shows the same document as a page.
    if getattr(getattr(request, "accepted_renderer", None), "format", "json") == "json":
        response.content_type = MEDIA_TYPE
    return response


def document(status, detail, **more):
    """Return a problem document. `more` are its further members."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


@csrf_exempt
def unknown_path(request):
    """Answer a path under /api/ where nothing is."""
    return JsonResponse(document(404, _not_found(), code="not_found"), status=404, content_type=MEDIA_TYPE)


def _not_found():
    return _("There is nothing here, or nothing that you may see.")


def _tell(error):
    """Return `(status, code, detail, further members)` for an exception, or None."""
    if isinstance(error, (Http404, ObjectDoesNotExist, exceptions.NotFound)):
        return 404, "not_found", _not_found(), {}
    if isinstance(error, Invalid):
        return 400, "invalid", _("Some of this cannot be accepted."), {"errors": _of_service(error)}
    if isinstance(error, Unreadable):
        return 400, error.code, error.detail, {"errors": error.errors}
    if isinstance(error, exceptions.ValidationError):
        return 400, "invalid", _("Some of this cannot be accepted."), {"errors": _flat(error.get_full_details())}
    if isinstance(error, Stale):
        row = error.current
        return 412, error.code, error.detail, {"lock_version": version(row), "etag": etag(row)}
    if isinstance(error, NotAsSeen):
        return 412, error.get_codes(), str(error.detail), {"etag": error.tag}
    if isinstance(error, Forbidden):
        return 403, error.code, error.detail, {}
    if isinstance(error, Conflict):
        return 409, error.code, error.detail, {}
    if isinstance(error, PermissionDenied):
        return 403, "forbidden", _("You do not have the right to do this."), {}
    if isinstance(error, exceptions.APIException):
        return error.status_code, error.get_codes(), str(error.detail), {}
    return None


def _headers(error):
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(error.wait)
    if isinstance(error, (Stale, PreconditionRequired)):
        headers["ETag"] = etag(error.current if isinstance(error, Stale) else error.row)
    if isinstance(error, NotAsSeen):
        headers["ETag"] = error.tag
    return headers


def _of_service(error):
    """Return `{field: [{"code", "message"}]}` of what a service refused."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return {
        "non_field_errors" if field == NON_FIELD_ERRORS else field: [
            {"code": one.code or "invalid", "message": one.messages[0]} for one in errors
        ]
        for field, errors in by_field.items()
    }


def _flat(details, path=""):
    """Return `{field: [{"code", "message"}]}` of what a serializer refused; "labels.2" is a place in a list."""
    if isinstance(details, list):
        return {path or "non_field_errors": [{"code": one["code"], "message": str(one["message"])} for one in details]}
    flat = {}
    for name, inner in details.items():
        flat.update(_flat(inner, f"{path}.{name}" if path else str(name)))
    return flat
