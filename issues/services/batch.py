"""The door for many issues at once: import, volume loading, bulk."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class CommentRecord:
    """A comment to write; `author` is a User or None."""

    body: str
    author: object
    at: datetime
    internal: bool = False


@dataclass
class EventRecord:
    """One past change: `changes` is `{field: value after}`, with rows where fields refer to rows."""

    at: datetime
    actor: object
    changes: dict


@dataclass
class IssueRecord:
    """An issue to write. `fields` is its state when it was created, `events` what happened since."""

    product: object
    fields: dict
    author: object = None
    created_at: datetime | None = None
    number: int | None = None
    comments: list = field(default_factory=list)
    events: list = field(default_factory=list)


def write_batch(records, *, actor, via, batch=None):
    """Write `records` set-wise."""
    raise NotImplementedError
