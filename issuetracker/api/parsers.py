"""Reading request bodies: JSON that means one thing only, and that every database can keep."""

import json

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from issuetracker.uploads import is_too_much, whole

BODY_LIMIT = 1024 * 1024
# Nothing that is asked for is nested a tenth as deep. What Python bears depends on who is calling.
DEPTH_LIMIT = 50
# The form of a page brings this along for the session: it says nothing of what is asked for.
PAGE_FIELD = "csrfmiddlewaretoken"


class TooLarge(APIException):
    """The body is larger than what is read."""

    status_code = 413
    default_code = "too_large"


class LengthRequired(APIException):
    """The body comes in pieces, and nothing says how long it is."""

    status_code = 411
    default_code = "length_required"


def require_length(request):
    """Raise LengthRequired for a body of unknown length: it would be taken for an empty one."""
    if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired(_("Send Content-Length."))


class StrictJSONParser(BaseParser):
    """Refuses what JSON libraries read differently: repeated keys, NaN, NUL and halves of surrogate pairs."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the value of the body. Raises ParseError, BadRequest, or TooLarge above 1 MiB."""
        with whole(parser_context["request"]):
            body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise TooLarge(_("The body is too large: at most 1 MiB."))
        if not body:
            return {}
        try:
            value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant)
            json.dumps(value, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error
        except ValueError as error:
            raise ParseError(_("The body is not proper JSON in UTF-8: %(reason)s") % {"reason": error}) from error
        if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT and _is_deep(value):
            raise ParseError(_("The body is nested too deeply."))
        if b"\\u0000" in body and _holds_nul(value):
            raise ParseError(_("The body holds a NUL character, which cannot be stored."))
        return value


class FormParser(MultiPartParser):
    """Reads forms with files, which go to disk as they come in."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the fields and files of the form. Raises ParseError, or TooLarge before anything is read."""
        request = parser_context["request"]
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or is_too_much(int(length)):
            raise TooLarge(_("The body is too large."))
        with whole(request):
            return super().parse(stream, media_type, parser_context)


def _once(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError(_("a name stands twice in one object"))
    return value


def _refuse_constant(name):
    raise ValueError(_("%(name)s is no JSON number") % {"name": name})


def _holds_nul(value):
    """Return whether any text within `value` holds NUL."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and "\x00" in one:
            return True
    return False


def _is_deep(value):
    """Return whether more than DEPTH_LIMIT lists and objects stand within one another in `value`."""
    level = [[value]]
    for _step in range(DEPTH_LIMIT + 1):
        within = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        level = [inner for inner in within if isinstance(inner, (dict, list))]
    return bool(level)
