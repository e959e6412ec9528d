"""ETag, If-Match and If-None-Match: which state of a thing a request speaks of."""

import re

from django.utils.translation import gettext as _

from history.errors import Stale

TAG = re.compile(r'(W/)?("[^"]*")')
# What is compared is the id and the version: names that others gave do not make a change of one's own a conflict.
OURS = re.compile(r'"(\d{1,19})-(\d{1,19})(-[^"]*)?"')


def etag(row, names=""):
    """Return the ETag of the present state of `row`; `names` changes with what is shown beside its own version."""
    return etag_of(row.pk, version(row), names)


def etag_of(pk, version, names=""):
    """Return the ETag of the `version` of the row `pk`."""
    return f'"{pk}-{version}-{names}"' if names else f'"{pk}-{version}"'


def version(row):
    """Return the version of `row`; what cannot be changed is always at its first."""
    return getattr(row, "lock_version", 1)


def expected_version(request, row):
    """Return the version that If-Match asks `row` to have, or None where any will do. Raises Stale.

    The service compares it once more, under the lock.
    """
    header = request.META.get("HTTP_IF_MATCH")
    if header is None or header.strip() == "*":
        return None
    for weak, tag in TAG.findall(header):
        match = OURS.fullmatch(tag)
        if match and not weak and (int(match[1]), int(match[2])) == (row.pk, version(row)):
            return version(row)
    raise Stale(_("This is not its present version."), row)


def is_expected(request, present):
    """Return whether If-Match lets a thing have the state with the ETag `present`; without it, any will do."""
    header = request.META.get("HTTP_IF_MATCH", "*")
    return header.strip() == "*" or any(tag == present and not weak for weak, tag in TAG.findall(header))


def is_known(request, present):
    """Return whether If-None-Match says that the client has the state with the ETag `present`."""
    header = request.META.get("HTTP_IF_NONE_MATCH", "")
    return header.strip() == "*" or any(tag == present for _weak, tag in TAG.findall(header))
