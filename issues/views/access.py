"""How a page finds its issue."""

from functools import wraps

from django.http import Http404

from issues.models import Issue
from products.pages import explained, sent_on

SHOWN = (
    "product",
    "status",
    "component",
    "milestone",
    "version",
    "assignee",
    "author",
    "parent__product",
    "parent__status",
    "duplicate_of__product",
    "duplicate_of__status",
)


def at_issue(view):
    """Give `view` the issue of the key in its address; send old addresses on, and explain what services refuse."""

    @wraps(view)
    def wrapped(request, key, **kwargs):
        issue = Issue.objects.visible_to(request.user).select_related(*SHOWN).at(key)
        if issue is None:
            raise Http404
        if issue.key != key:
            return sent_on(request, key, issue.key)
        return explained(view)(request, issue, **kwargs)

    return wrapped
