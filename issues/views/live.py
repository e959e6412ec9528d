"""What open pages ask every few seconds: whether anything that they show has changed.

A page holds a mark of what it shows, made of nothing but what its reader sees, and sends it as `since`. While it is
still right, the answer is empty.
"""

from hashlib import sha256

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from products.access import sees_internals


def mark_of(*shown):
    """Return a short text that changes with what is `shown`: rows by their ids and versions, and other values."""
    return sha256(repr([_told(one) for one in shown]).encode()).hexdigest()[:16]


def mark_of_issue(issue, user):
    """Return the mark of the page of an issue: what happens where only some see it moves only their mark."""
    told = [issue.event_count] if sees_internals(user, issue.product) else []
    # The same looks different to who may change it: whoever signs out is told.
    return mark_of(issue, issue.key, user.pk, *told)


def render_part(request, template, context, *, status=200):
    """Return a page, or the part of it that a script asks for at the same address."""
    answer = render(request, template, context, status=status)
    patch_vary_headers(answer, ["X-Fragment"])
    return answer


def _told(one):
    return (one.pk, one.lock_version) if hasattr(one, "lock_version") else one


def is_asked(request, fragment):
    """Return whether a page asks for the `fragment` if it is no longer what its mark says."""
    return "since" in request.GET and request.headers.get("X-Fragment") == fragment


def unchanged(request, mark):
    """Return the empty answer where the page shows what is `mark`ed, else None."""
    if request.GET.get("since") != mark:
        return None
    return HttpResponse(status=204, headers={"Cache-Control": "private, no-store", "Vary": "X-Fragment, Cookie"})
