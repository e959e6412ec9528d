"""The weights of the score, fitted to the duplicates that a site has marked itself, and tried on later ones."""

import heapq
from dataclasses import dataclass
from operator import mul

from django.apps import apps
from django.db import transaction
from django.utils import timezone

from issues.similar import scoring
from issues.similar import weights as w
from issues.similar.replay import Tracker

CHUNK = 500
FIELDS = ("title", "product", "component", "resolution")
# So many of the best candidates of a duplicate are kept: the others do not come among the first ten.
KEPT = 150
# The first of the duplicates are fitted to, the rest are what the weights are tried on.
FITTED = 0.7
# Of fewer the shares say nothing.
LEAST = 50
STEPS = (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2)
ROUNDS = 2
# A step that gains less in the mean of 1/place is chance.
GAIN = 0.002
PLACES = (5, 10)


@dataclass
class Asked:
    """A duplicate as it was filed: the signs of what was like it, newer issues last, and which of these are right."""

    signs: list
    right: list


def read_issues(amount):
    """Return the newest `amount` issues as a Tracker takes them: what they are, and what they were before."""
    issues = apps.get_model("issues", "Issue").objects.filter(deleted_at=None, product__deleted_at=None)
    names = ("pk", "title", "description", "product_id", "component_id", "created_at", "closed_at", "duplicate_of_id")
    rows = [_row(*values) for values in issues.order_by("-created_at", "-pk").values_list(*names)[:amount]]
    by_id = {row["id"]: row for row in rows}
    for start in range(0, len(rows), CHUNK):
        _add_history({row["id"]: row for row in rows[start : start + CHUNK]})
    for row in rows:
        if row["duplicate_of"] not in by_id:
            row["duplicate_of"] = None
    return rows


def _row(pk, title, description, product, component, created, closed, original):
    return {
        "id": pk,
        "title": title,
        "description": description,
        "product": product,
        "component": component,
        "created_at": created.isoformat(),
        "resolved_at": closed and closed.isoformat(),
        "status": "Closed" if closed else "Open",
        "resolution": "duplicate" if original else "",
        "duplicate_of": original,
        "history": [],
    }


def _add_history(rows):
    changes = apps.get_model("history", "Change").objects.filter(issue__in=list(rows), event__about="issue")
    changes = changes.filter(field__in=FIELDS).order_by("event_id")
    for issue, field, before, after, at in changes.values_list("issue", "field", "before", "after", "at"):
        step = {"field": field, "from": _plain(field, before), "to": _plain(field, after), "at": at.isoformat()}
        rows[issue]["history"].append(step)


def _plain(field, frozen):
    """Return a value of the log as a Tracker takes it: rows by their ids."""
    if field == "resolution":
        return (frozen or "").upper()
    return frozen["id"] if isinstance(frozen, dict) else frozen


def live_through(rows, on_progress=None):
    """Return an Asked for each duplicate among the `rows` of `read_issues`, in the order in which they were filed."""
    tracker, asked = Tracker(rows, with_text=True), []
    for at, _order, number, field, value in tracker.events():
        if field != "filed":
            tracker.change(number, at, field, value)
            continue
        original = tracker.numbers.get(tracker.rows[number]["duplicate_of"], number)
        if original < number:
            asked.append(_ask(tracker, number, at, {original, tracker.canonical(original)}))
        tracker.file(number, at)
        if on_progress:
            on_progress(1)
    return asked


def _ask(tracker, number, at, right):
    query, found, canonical, duplicates = tracker.look_up(number)
    told = list(scoring.signs(query, found, tracker.facts, canonical, duplicates, now=at))
    best = heapq.nlargest(KEPT, told, key=lambda one: _points(query.weights, one[2]))
    # They were numbered as they were filed.
    kept = sorted({one[0]: one[2] for one in (*best, *(one for one in told if one[0] in right))}.items())
    return Asked([marks for _issue, marks in kept], [place for place, one in enumerate(kept) if one[0] in right])


def _points(weights, signs):
    return sum(map(mul, weights, signs))


def places(asked, weights):
    """Yield the place, from 1, of the first right one of each Asked by these `weights`; None where it is not found."""
    for one in asked:
        # Of two that are as good the newer one stands first.
        points = [(_points(weights, signs), at) for at, signs in enumerate(one.signs)]
        best = max((points[at] for at in one.right), default=None)
        yield None if best is None else 1 + sum(other > best for other in points)


def recall(asked, weights):
    """Return the share of the `asked` whose right one is among the first five, and the first ten."""
    found = list(places(asked, weights))
    return tuple(sum(at is not None and at <= limit for at in found) / max(1, len(found)) for limit in PLACES)


def part(asked):
    """Return `(those to fit to, those to try on)`, the earlier and the later."""
    at = round(FITTED * len(asked))
    return asked[:at], asked[at:]


def fit(asked):
    """Return the weights, within their bounds, that put the right one of each Asked nearest to the top."""
    best, reached = w.bounded(None), _goodness(asked, w.bounded(None))
    for _round in range(ROUNDS):
        for place, name in enumerate(w.SHIPPED):
            for step in STEPS:
                changed = dict(zip(w.SHIPPED, best, strict=True)) | {name: step * w.SHIPPED[name]}
                tried = w.bounded(changed)
                if tried[place] != best[place] and (goodness := _goodness(asked, tried)) > reached + GAIN:
                    best, reached = tried, goodness
    return best


def _goodness(asked, weights):
    return sum(1 / at for at in places(asked, weights) if at) / max(1, len(asked))


@transaction.atomic
def apply(weights):
    """Let `weights` be those of the site from now on; None: those that are shipped."""
    fitted = apps.get_model("issues", "FittedWeights").objects
    fitted.all().delete()
    if weights is not None:
        fitted.create(pk=1, weights=dict(zip(w.SHIPPED, weights, strict=True)), fitted_at=timezone.now())


def present():
    """Return the weights that the site has now."""
    return w.bounded(apps.get_model("issues", "FittedWeights").objects.values_list("weights", flat=True).first())
