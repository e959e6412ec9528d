"""Reading request bodies: JSON that means one thing only, and that every database can keep."""

import json

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

BODY_LIMIT = 1024 * 1024


class TooLarge(APIException):
    """The body is larger than what is read."""

    status_code = 413
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """Refuses what JSON libraries read differently: repeated keys, NaN, NUL and halves of surrogate pairs."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the value of the body. Raises ParseError, or TooLarge above 1 MiB."""
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
        if b"\\u0000" in body and "\x00" in _texts(value):
            raise ParseError(_("The body holds a NUL character, which cannot be stored."))
        return value


def _once(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError(_("a name stands twice in one object"))
    return value


def _refuse_constant(name):
    raise ValueError(_("%(name)s is no JSON number") % {"name": name})


def _texts(value):
    """Return all texts within `value` as one."""
    if isinstance(value, dict):
        return "".join(_texts(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return "".join(_texts(item) for item in value)
    return value if isinstance(value, str) else ""
