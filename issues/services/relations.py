"""Every write to the relations between issues."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict
from history.models import Kind
from history.writing import save_changed
from issues.models import Issue, Relation
from issues.services.issues import COUNTED, lock_family, lock_issue, touch
from products import access

# What a relation is called when it is read from its other end.
REVERSED = {"blocks": "blocked-by", "blocked-by": "blocks", "relates": "relates"}


@transaction.atomic
def relate(issue, *, actor, via, kind, other, expected_version=None):
    """Say that `issue` "blocks", is "blocked-by" or "relates" to `other`. Return the Relation.

    Raises Forbidden, Stale, Conflict where it is so already, or ValidationError by field.
    """
    if kind not in REVERSED:
        raise ValidationError({"kind": ValidationError(_("There is no such kind of relation."), code="choice")})
    if not access.sees(actor, other) or other.deleted_at or other.pk == issue.pk:
        raise ValidationError({"issue": ValidationError(_("There is no such other issue."), code="absent")})
    (source, target), stored = stored_relation(issue, kind, other)
    locked = _lock_both(issue, other, expected_version)
    _authorize(actor, locked[issue.pk], locked[other.pk])
    if Relation.objects.filter(source=source, target=target, kind=stored).exists():
        raise Conflict(_("These two are related so already."), "exists")
    batch = log.open_batch(actor=actor, via=via)
    return add_relation(locked[source.pk], locked[target.pk], stored, batch)


def _authorize(actor, issue, other):
    """Raise Forbidden unless `actor` may relate `issue`, and `other` takes it: both get an event."""
    access.authorize(actor, "relate", issue)
    access.authorize(actor, "be_related", other)


def stored_relation(issue, kind, other):
    """Return `((source, target), kind)` as they are stored for what `issue` is to `other`, as `relate` says it."""
    if kind == "relates":
        return tuple(sorted((issue, other), key=lambda one: one.pk)), Relation.Kind.RELATES
    return (issue, other) if kind == "blocks" else (other, issue), Relation.Kind.BLOCKS


def _lock_both(issue, other, expected_version=None):
    """Return `{id: issue}` of the two, locked in the order of all others, so that no two callers wait in a ring."""
    lock_family(issue.pk, other.pk)
    versions = {issue.pk: expected_version}
    return {one.pk: lock_issue(one, versions.get(one.pk)) for one in (issue, other)}


def add_relation(source, target, kind, batch):
    """Insert a relation between two locked issues, with an event on each in `batch`. Return the Relation."""
    relation = Relation.objects.create(
        source=source, target=target, kind=kind, created_at=batch.at, created_by=batch.actor
    )
    _record(Kind.RELATED, relation, source, target, batch)
    return relation


@transaction.atomic
def unrelate(relation, *, actor, via, issue=None):
    """End `relation`, seen from `issue` (its source by default). Raises Forbidden, or Relation.DoesNotExist."""
    locked = _lock_both(relation.source, relation.target)
    here = (issue or relation.source).pk
    there = relation.target_id if here == relation.source_id else relation.source_id
    _authorize(actor, locked[here], locked[there])
    relation = Relation.objects.get(pk=relation.pk)
    remove_relation(
        relation, locked[relation.source_id], locked[relation.target_id], log.open_batch(actor=actor, via=via)
    )


def remove_relation(relation, source, target, batch):
    """Delete `relation` between two locked issues, with an event on each in `batch`."""
    _record(Kind.UNRELATED, relation, source, target, batch)
    Relation.objects.filter(pk=relation.pk).delete()


def _record(kind, relation, source, target, batch):
    """Log the relation on both ends; an end where not every reader sees the other keeps its version and date."""
    for issue, other, name in ((source, target, relation.kind), (target, source, REVERSED[relation.kind])):
        value = {"id": other.pk, "name": other.key}
        pair = (None, value) if kind == Kind.RELATED else (value, None)
        if access.shows_to_all(issue, other):
            touch(issue, batch)
        log.record(batch, kind, about=relation, product=issue.product, issue=issue, changes={name: pair})
        save_changed(issue, COUNTED)


def find_relation(source_id, target_id, kind):
    """Return the Relation of that `kind` between two issues by id, or None."""
    return Relation.objects.filter(source_id=source_id, target_id=target_id, kind=kind).first()


def live_issues(*ids):
    """Return `{id: issue}` of those of `ids` that are not in the trash, locked in the order of their ids."""
    found = {}
    for pk in sorted(ids):
        try:
            found[pk] = lock_issue(Issue(pk=pk))
        except Issue.DoesNotExist:
            continue
    return found
