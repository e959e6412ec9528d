"""How many issues views find, and how many wait: capped, bounded in time, remembered for each reader some seconds."""

import hashlib
import time
from functools import partial

from django.core.cache import caches
from django.db import OperationalError
from django.db.models import Count, Max, Q, Sum

from history.models import Change, Event
from issues.finding.queue import queue_of
from issues.finding.search import search
from issues.models import Issue
from issues.query import QueryError
from issuetracker.database import bounded
from products import access
from products.models import Product

# What somebody is asked.
INBOX = "needinfo:@me is:open"
WAITING = ("inbox", "triage")
CAP = 1000
# Seconds: who has just answered what they were asked is not told of it for long.
KEPT, KEPT_WAITING = 30, 5
# What would have taken too long is not tried again at once.
UNKNOWN = -1
# Seconds: for one count, and for all of them.
ONE, ALL = 0.5, 2
# By these changes an issue is hidden from somebody who saw it.
HIDING = Q(field__in=("product", "deleted_at")) | Q(field="confidential", after_key="true")
HIDING |= Q(field="assignee", issue__confidential=True)
# Of so many of the last events it is asked whether they hide something, from a beginning that is kept for so long; some
# before it, since events are committed in another order than they are numbered.
EVENTS, KEPT_BEGINNING, BEFORE = 20_000, 600, 1000


def counts(views, user):
    """Return `{id: count}` of `views`, none above `CAP` + 1, for what `user` may see.

    With them come what waits for `user`: "inbox", what they are asked, and "triage", the queue. A view whose query
    cannot be run has none: what its valid part finds is more than it asks for. Neither has one that would take
    too long.
    """
    if not access.is_person(user):
        return {}
    asked = {"inbox": (1, partial(search, user, text=INBOX)), "triage": (1, lambda: queue_of(search(user)))}
    for view in views:
        asked[view.pk] = (view.lock_version, partial(search, user, text=view.query, product=view.product))
    seen = f"{_products_of(user)}:{_hidden()}"
    names = {_name(what, version, user, seen): (what, find) for what, (version, find) in asked.items()}
    shared = caches["shared"]
    found = shared.get_many(names)
    end = time.monotonic() + ALL
    counted = {}
    for name, (_what, find) in names.items():
        left = end - time.monotonic()
        if name not in found and left > 0:
            counted[name] = _count(find, user, min(left, ONE))
    waiting = {name: count for name, count in counted.items() if names[name][0] in WAITING and count != UNKNOWN}
    shared.set_many(waiting, KEPT_WAITING)
    shared.set_many({name: counted[name] for name in counted.keys() - waiting.keys()}, KEPT)
    found |= counted
    return {what: found[name] for name, (what, _find) in names.items() if found.get(name, UNKNOWN) != UNKNOWN}


def _products_of(user):
    """Return a short text that changes with the products that `user` sees: what is closed is counted no more."""
    told = Product.objects.visible_to(user).aggregate(n=Count("pk"), versions=Sum("lock_version"), at=Max("updated_at"))
    return f"{told['n']}:{told['versions']}:{told['at'].timestamp() if told['at'] else 0}"


def _hidden():
    """Return a short text that changes whenever an issue is hidden from somebody: it is counted for them no more."""
    last = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    shared = caches["shared"]
    beginning = shared.get("view-counts-from")
    if beginning is None or not 0 <= last - beginning <= EVENTS:
        beginning = max(last - BEFORE, 0)
        shared.set("view-counts-from", beginning, KEPT_BEGINNING)
    told = Change.objects.filter(HIDING, event__gt=beginning).aggregate(n=Count("event"), last=Max("event"))
    return f"{beginning}:{told['n']}:{told['last']}"


def _name(what, version, user, seen):
    """Return what a count is remembered by: it changes with what the view asks for and with the reader's rights."""
    # The same in every process, which hash() is not.
    roles = hashlib.sha256(repr(sorted(access.given_roles(user).items())).encode()).hexdigest()
    return f"view-count:{what}:{version}:{user.pk}:{user.is_superuser}:{roles}:{seen}"


def _count(find, user, seconds):
    try:
        asked = find()
        rows = Issue.objects.visible_to(user)
        if asked.product is not None:
            rows = rows.filter(product=asked.product)
        with bounded(seconds):
            return asked.apply(rows).order_by()[: CAP + 1].count()
    except (QueryError, OperationalError):
        return UNKNOWN
