"""Telling the past of an issue: how it was at first, and what changed, in such a way that the log replays."""

from dataclasses import dataclass
from datetime import datetime

from history.models import Kind
from issues.importers.words import CLOSED, FIXED
from products.models import PARTS


@dataclass(slots=True)
class Past:
    """One event: `{field: value after}`, the values as `walked` says."""

    at: datetime
    who: str | None
    changes: dict
    kind: str = Kind.CHANGED.value


def walked(issue):
    """Return `(first, events, lost)`: the fields of a SourceIssue when it was created, and the Past events since.

    The first state is found by walking back from the present: for each field what stood there before its first
    change. Walking forward again, one "corrected" event closes what the source does not tell. Values are those of
    the source; a component, milestone or version is `(product, name)`, since names mean something there alone.
    `lost` are the fields that a step set to what stood there already.
    """
    final = {**issue.fields, "product": issue.product}
    names = dict(final)
    steps = sorted(issue.steps, key=lambda step: step.at)
    for step in reversed(steps):
        for field, (before, _after) in step.changes.items():
            names[field] = before
    state = first = _placed(names)
    events, lost = [], []
    for step in steps:
        for field, (_before, after) in step.changes.items():
            names[field] = after
        event = Past(step.at, step.who, {})
        state = _add(events, event, state, _placed(names))
        for field, (before, after) in step.changes.items():
            if before != after and field not in event.changes:
                lost.append(field)
    known = (issue.updated_at or issue.created_at, *(step.at for step in steps))
    last = max((at for at in known if at is not None), default=None)
    _add(events, Past(last, None, {}, Kind.CORRECTED.value), state, _placed(final))
    return first, events, lost


def _placed(names):
    """Return a state whose parts carry their product, and whose resolution fits its status."""
    product = names["product"]
    state = names.copy()
    for part in PARTS:
        if names[part]:
            state[part] = product, names[part]
    state["resolution"] = (names["resolution"] or FIXED) if names["status"] == CLOSED else ""
    return state


def _add(events, event, before, after):
    """Append `event` with what differs between two states, if anything does. Return the later state."""
    event.changes = {field: value for field, value in after.items() if value != before[field]}
    if event.changes:
        if "product" in event.changes and event.kind == Kind.CHANGED:
            event.kind = Kind.MOVED.value
        events.append(event)
    return after
