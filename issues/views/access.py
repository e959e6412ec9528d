"""How a page finds its issue."""

from functools import wraps
from urllib.parse import urlencode

from django.http import Http404

from accounts.addresses import own_address
from issues import reading
from issues.models import Issue
from issuetracker.prepared import PreparedModels
from products.finding import named
from products.numbers import read_number
from products.pages import explained, sent_on

LAST = "last"
# Tells the reference of a queue from that of a list.
QUEUE = "queue"
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


def list_of(request):
    """Return what says which list the issue was opened from; "" where it was opened from none."""
    return request.POST.get("list") or request.GET.get("list", "")


def home_of(request):
    """Return the product that is named beside a query, whose list that is of, or None. Raises Http404."""
    return named(request.user, request.POST.get("in") or request.GET.get("in"))


def address_of(request, issue, place=""):
    """Return the address of the page of `issue` that still knows the list it was opened from."""
    return f"{issue_opened_from(list_of(request), issue)}{place}"


def issue_opened_from(reference, issue):
    """Return the address of the page of `issue` that knows the list or queue that `reference` says, if any."""
    home = issue.get_absolute_url()
    known = own_address(f"{home}?{urlencode({'list': reference})}") if reference else ""
    return known or home


def queue_at(within, q, issue="", cursor="", last=""):
    """Return what follows the path of the queue of a product and a query, at an issue, a page, or its end."""
    named = (("in", within), ("q", q), ("issue", issue), ("cursor", cursor), (LAST, last))
    pairs = [(name, value) for name, value in named if value]
    return f"?{urlencode(pairs)}" if pairs else ""


PAGE = PreparedModels(lambda: reading.at_key().select_related(*SHOWN))


def find(user, key):
    """Return the issue that `key` names or once named, or None where `user` sees none."""
    product, _dash, number = key.upper().rpartition("-")
    issue = reading.find(user, product, read_number(number) or 0, PAGE)
    return issue or Issue.objects.visible_to(user).select_related(*SHOWN).at(key)


def at_issue(view):
    """Give `view` the issue of the key in its address; send old addresses on, and explain what services refuse."""

    @wraps(view)
    def wrapped(request, key, **kwargs):
        issue = find(request.user, key)
        if issue is None:
            raise Http404
        if issue.key != key:
            return sent_on(request, key, issue.key)
        return explained(view)(request, issue, **kwargs)

    return wrapped
