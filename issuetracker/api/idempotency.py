"""Idempotency-Key: what is asked for by POST, and asked for again since the answer was lost, is done once."""

import hashlib
import json
import re
from functools import wraps

from django.db import OperationalError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from accounts.services import idempotency as services
from history.errors import Conflict
from issuetracker import database
from issuetracker.api.parsers import PAGE_FIELD
from issuetracker.api.renderers import QuickJSONRenderer
from products.access import is_person

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEY_LIMIT = 255
PRINTABLE = re.compile(r"[ -~]+")
# The headers of the first answer that belong to what was done.
KEPT_HEADERS = ("ETag", "Location")


class KeyReused(APIException):
    """The key came with another request before."""

    status_code = 422
    default_code = "idempotency_key_reused"


def once(view, method):
    """Return `method` of `view`, so that a request with a key is done once, and answered as it was the first time.

    What is refused or fails leaves no record, since nothing was done: the same key may come with a mended request.
    """

    @wraps(method)
    def answer(request, *args, **kwargs):
        key = read_key(request)
        if key is None or not is_person(request.user):
            return method(request, *args, **kwargs)
        digest = digest_of(request)
        with transaction.atomic():
            record, is_new = _claim(request.user, key, digest)
            if not is_new:
                return _replayed(view, record, digest)
            response = method(request, *args, **kwargs)
            _settle(view, record, response)
            return response

    return answer


def is_repeated(request):
    """Return whether `request` was answered before, under the key that it comes with. Raises ValidationError."""
    key = read_key(request) if request.method == "POST" and is_person(request.user) else None
    return key is not None and services.is_kept(request.user, key, digest_of(request))


def read_key(request):
    """Return the key that `request` came with, or None. Raises ValidationError."""
    key = request.headers.get(HEADER)
    if key is not None and not (len(key) <= KEY_LIMIT and PRINTABLE.fullmatch(key)):
        message = _("Send 1 to %(limit)d printable ASCII characters.") % {"limit": KEY_LIMIT}
        raise ValidationError({HEADER: [ErrorDetail(message, "invalid")]})
    return key


def digest_of(request):
    """Return what tells `request` from others that come with the same key: its method, address and body, hashed.

    Of the body it is the meaning: the order of names, and the boundaries of a form, may be others the second time.
    """
    told = [request.method, request.get_full_path(), _meaning(request.data)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _meaning(data):
    if not isinstance(data, QueryDict):
        return data
    fields = [(name, values) for name, values in sorted(data.lists()) if name != PAGE_FIELD]
    return [[name, [_meaning_of_field(one) for one in values]] for name, values in fields]


def _meaning_of_field(value):
    if isinstance(value, str):
        return value
    content = hashlib.sha256()
    for piece in value.chunks():
        content.update(piece)
    value.seek(0)
    return {"name": value.name, "sha256": content.hexdigest()}


def _claim(user, key, digest):
    try:
        return services.claim(user, key, digest)
    except OperationalError as error:
        if database.code_of(error) not in database.CONTENDED:
            raise
        raise Conflict(_("The first request with this key is still at work. Ask again."), "in_progress") from error


def _settle(view, record, response):
    body = "" if response.data is None else QuickJSONRenderer().render(response.data).decode()
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    services.settle(
        record,
        status=response.status_code,
        headers=headers,
        body=body,
        about=view.subject,
        withheld=view.told_once,
    )


def _replayed(view, record, digest):
    """Return the first answer. Raises KeyReused, Conflict, or what the method would say to who has lost the right."""
    if record.digest != digest:
        raise KeyReused(_("This key came with another request before. Take a new one for each."))
    # What has no body tells nothing.
    if record.body or record.withheld:
        view.check_again(record.about_id)
    body = json.loads(record.body) if record.body else None
    if record.withheld or (body is not None and not view.may_be_told(body)):
        raise Conflict(_("This was done, and its answer is not told twice."), "withheld")
    return Response(body, record.status, headers={**record.headers, REPLAYED: "true"})
