"""One change to many issues: foreseen, then made in short transactions, in one batch that one undo takes back."""

from dataclasses import dataclass, field, replace

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import ObjectDoesNotExist
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from history import log
from history.errors import Refused, Stale
from history.models import Batch
from issues.models import Issue
from issues.query import to_text
from issues.query.parsing import is_discrete
from issues.query.tree import Plain, Term, both
from issues.services.issues import changed_since, foresee, hold_people, labels_in, lock_family, update_issue
from issues.services.triage import SEEN_FIELDS, decide, foresee_decision
from issuetracker.database import ending_when_away
from products import access
from products.models import Product

LIMIT = 10_000
# So many are changed while the request waits; the worker goes on with the others.
AT_ONCE = 500
# How many a transaction changes: nobody else waits for longer than these take.
CHUNK = 25
# How many of those that would change are shown.
SHOWN = 20
DAYS, MOMENTS = ("due_on", "due"), ("snoozed_until", "until")


@dataclass
class Plan:
    """What is to be done to each issue: `{product id: {field: value}}`, since names mean something within one alone.

    Beside the fields of `issues.rules` these are `add_labels` and `remove_labels`; with a `decision`, `details` are
    what it takes, by product as well. Of a product that is in `refused`, with the code of why, nothing is done.
    """

    changes: dict
    decision: str = ""
    details: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)

    def named(self, field):
        """Return the ids of the rows that `field` is set to."""
        given = [values.get(field) for values in (*self.changes.values(), *self.details.values())]
        return {row.pk for row in given if row is not None}

    def frozen(self):
        """Return it as JSON."""
        return {
            "changes": {str(pk): _frozen(values) for pk, values in self.changes.items()},
            "decision": self.decision,
            "details": {str(pk): _frozen(values) for pk, values in self.details.items()},
            "refused": {str(pk): code for pk, code in self.refused.items()},
        }


def _frozen(values):
    return {name: log.freeze(value) for name, value in values.items()}


def _thawed(values):
    return {name: _value(name, value) for name, value in values.items()}


def _value(name, value):
    if name.endswith("labels"):
        return list(_model("labels").objects.filter(pk__in=[item["id"] for item in value or ()]))
    if value is None:
        return "" if name in ("description", "comment", "question") else None
    if name in DAYS:
        return parse_date(value)
    if name in MOMENTS:
        return parse_datetime(value)
    if isinstance(value, dict):
        return _model({"ask": "assignee"}.get(name, name))._base_manager.get(pk=value["id"])
    return value


def _model(name):
    return Issue._meta.get_field(name).related_model


def thaw(plan):
    """Return the Plan that `frozen` returned as JSON."""
    return Plan(
        {int(pk): _thawed(values) for pk, values in plan["changes"].items()},
        plan["decision"],
        {int(pk): _thawed(values) for pk, values in plan["details"].items()},
        {int(pk): code for pk, code in plan["refused"].items()},
    )


@dataclass
class Outcome:
    """What a bulk change did, or would do: how many change or are so already, and `(key, code)` of the refused."""

    changes: int = 0
    unchanged: int = 0
    refused: list = field(default_factory=list)

    def add(self, issue, do):
        """Do it to one issue by `do()`, which returns whether it changed anything, count it, and return the same."""
        changed = False
        try:
            # A savepoint, so that what is refused half way leaves nothing behind.
            with transaction.atomic():
                changed = do()
        except Refused as error:
            self.refused.append((issue.key, error.code))
        except ValidationError as error:
            self.refused.append((issue.key, _code(error)))
        except ObjectDoesNotExist:
            self.refused.append((issue.key, "absent"))
        else:
            self.changes += changed
            self.unchanged += not changed
        return changed

    def told(self):
        """Return it as JSON."""
        return {"changes": self.changes, "unchanged": self.unchanged, "refused": self.refused}


@dataclass
class Foreseen(Outcome):
    """What a bulk change would do; `changing` are the first that would change, as they would be."""

    changing: list = field(default_factory=list)


def _code(error):
    errors = getattr(error, "error_dict", None)
    first = next(iter(errors.values()))[0] if errors else error.error_list[0]
    return first.code or "invalid"


def chosen(asked, ids, actor, product=None):
    """Return the ids of the issues that a Search `asked`, or without one `ids`, chooses and `actor` sees.

    With a `product` these are issues of that one alone. Of more than LIMIT it gives one too many.
    """
    seen = Issue.objects.visible_to(actor)
    seen = seen if product is None else seen.filter(product=product)
    rows = seen.filter(pk__in=ids) if asked is None else asked.apply(seen)
    return list(rows.order_by("pk").values_list("pk", flat=True)[: LIMIT + 1])


def chosen_by(asked, ids, product=None):
    """Return what `chosen` chooses by, as text: the query that finds the same in the list of all products."""
    if asked is None:
        return _("%(count)d chosen issues") % {"count": len(ids)}
    if product is None:
        return asked.canonical
    # What it says of products itself holds for this one, and beside it could not be read again.
    kept = [node for node in asked.query.nodes if not (is_discrete(node) and node.name == "product")]
    tree = both(Term("product", "", (Plain(product.key),)), *kept)
    return to_text(replace(asked.query, tree=tree))


def one_of_each_product(ids):
    """Return an issue of each product of the issues `ids`: names are looked up once for each product."""
    found: dict = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = Issue.objects.filter(pk__in=ids[start : start + AT_ONCE]).exclude(product__in=found)
        for issue in rows.select_related("product", "status", "parent__product", "duplicate_of__product"):
            found.setdefault(issue.product_id, issue)
    return list(found.values())


def standing(ids, fields):
    """Return `{id: (lock_version, *values)}` of the issues `ids`, with the values of their `fields`."""
    found: dict = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = Issue.objects.filter(pk__in=ids[start : start + AT_ONCE])
        found |= {pk: tuple(told) for pk, *told in rows.values_list("pk", "lock_version", *fields)}
    return found


def preview(ids, plan, *, actor):
    """Return what is Foreseen of `change`. Nothing is written."""
    outcome = Foreseen()
    for chunk in _chunks(ids):
        for issue in _rows(chunk, actor):
            # What it would be is set on the row.
            changes = outcome.add(issue, lambda issue=issue: _foresee(issue, plan, actor))
            if changes and len(outcome.changing) < SHOWN:
                outcome.changing.append(issue)
    return outcome


def _chunks(ids):
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _rows(ids, actor):
    """Return the issues with these ids that `actor` still sees, in their order."""
    seen = Issue.objects.visible_to(actor).prefetch_related("labels")
    found = seen.select_related("product", "status", "parent__product", "duplicate_of__product").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _foresee(issue, plan, actor):
    changes, details = _for(issue, plan, actor)
    if plan.decision:
        details = {name: value for name, value in details.items() if name != "comment"}
        return foresee_decision(issue, plan.decision, actor=actor, changes=changes, **details)
    return foresee(issue, changes, actor=actor)


def _for(issue, plan, actor):
    """Return the changes to one issue, and the details of the decision. Raises Refused or ValidationError."""
    access.require(actor, "bulk", issue)
    # What has moved since all were chosen may be where nothing that was named is known.
    code = plan.refused.get(issue.product_id, None if issue.product_id in plan.changes else "moved")
    if code:
        raise ValidationError({"set": ValidationError("", code=code)})
    changes = dict(plan.changes[issue.product_id])
    details = plan.details.get(issue.product_id, {})
    added, removed = changes.pop("add_labels", ()), changes.pop("remove_labels", ())
    if added or removed:
        gone = {label.pk for label in removed}
        labels = changes["labels"] if "labels" in changes else _labels_then(issue, changes, details)
        kept = [label for label in labels if label.pk not in gone]
        changes["labels"] = list(dict.fromkeys([*kept, *added]))
    return changes, details


def _labels_then(issue, changes, details):
    """Return the labels that `issue` keeps where it is, or where it is moved to."""
    target = changes.get("product") or details.get("product")
    is_moved = target is not None and target.pk != issue.product_id
    return labels_in(target, issue.label_list) if is_moved else issue.label_list


def change(ids, plan, *, actor, via, query="", seen=None):
    """Change the issues with these `ids` (LIMIT at most) as the Plan says. Return the Batch.

    With more than AT_ONCE to change it is still running, and so it is when the database goes away meanwhile: the
    worker carries on. `query` says what was chosen, `seen` which version of each the caller knows of: `{id: version}`.
    Its `todo` tells the `changes`, `unchanged` and `refused` so far.
    """
    refused = _refused(ids, plan, actor)
    left = [pk for pk in ids if pk not in refused]
    outcome = Outcome(refused=list(refused.values()))
    ids = [*refused, *left]
    todo = {"ids": ids, "plan": plan.frozen(), "limit": access.limit(actor), **outcome.told()}
    if seen is not None:
        todo["seen"] = [seen.get(pk) for pk in ids]
    batch = log.open_batch(
        actor=actor, via=via, query=query, total=len(ids), done=len(refused), state=Batch.State.RUNNING, todo=todo
    )
    if not left:
        return _end(batch, Batch.State.DONE)
    if connection.in_atomic_block and CHUNK < len(left) <= AT_ONCE:
        # All steps are one transaction then, which holds what each of them locks.
        _lock(left, plan)
    with ending_when_away():
        while batch.state == Batch.State.RUNNING and len(left) <= AT_ONCE:
            batch = carry_on(batch)
    return batch


def _refused(ids, plan, actor):
    """Return `{id: (key, code)}` of the issues in whose product all are refused.

    They are asked for before anything is locked: whoever may change nothing holds up nobody.
    """
    access.forget_roles(actor)
    codes = dict(plan.refused)
    for product in Product.objects.filter(pk__in={*plan.changes, *plan.refused}):
        reason = access.refusal(actor, "bulk", product)
        if reason:
            _detail, codes[product.pk] = reason
    found: dict = {}
    for start in range(0, len(ids) if codes else 0, AT_ONCE):
        rows = Issue.objects.visible_to(actor).filter(pk__in=ids[start : start + AT_ONCE], product__in=codes)
        for issue in rows.select_related("product").only("number", "product__key").order_by("pk"):
            found[issue.pk] = (issue.key, codes[issue.product_id])
    return found


def unfinished():
    """Return the bulk changes that wait for the worker."""
    return Batch.objects.filter(state=Batch.State.RUNNING, todo__isnull=False, undoes=None).order_by("pk")


@transaction.atomic
def carry_on(batch):
    """Make the next few changes of a running bulk change. Return the Batch as it is then."""
    batch = Batch.objects.select_for_update(of=("self",)).select_related("actor").get(pk=batch.pk)
    if batch.state != Batch.State.RUNNING:
        return batch
    todo = batch.todo
    access.limit_again(batch.actor, todo.get("limit"))
    # What happens is told of when it happens, which may be long after it was asked for.
    batch.at = timezone.now()
    try:
        plan = thaw(todo["plan"])
    except ObjectDoesNotExist:
        # What it names was purged while it waited.
        return _end(batch, Batch.State.FAILED)
    ids = todo["ids"][batch.done : batch.done + CHUNK]
    seen = dict(zip(ids, todo.get("seen", ())[batch.done :], strict=False))
    outcome = Outcome(todo["changes"], todo["unchanged"], todo["refused"])
    access.forget_roles(batch.actor)
    _lock(ids, plan)
    for issue in _rows(ids, batch.actor):
        outcome.add(issue, lambda issue=issue: _do(issue, plan, batch, seen.get(issue.pk)))
    batch.todo = todo | outcome.told()
    batch.done += len(ids)
    if batch.done >= batch.total:
        return _end(batch, Batch.State.DONE)
    batch.save(update_fields=["todo", "done"])
    return batch


def _lock(ids, plan):
    """Lock what the change of the issues `ids` writes to, in one order, whichever one merges or votes for meanwhile."""
    parents, originals = plan.named("parent"), plan.named("duplicate_of")
    hold_people(plan.named("ask"))
    lock_family(*ids, *parents, *originals, parents=parents, products=plan.named("product"))


def _end(batch, state):
    """Save a bulk change that is over, without its plan: what it said may be redacted where it stands now."""
    batch.state = state
    batch.todo = {name: value for name, value in batch.todo.items() if name not in ("ids", "plan", "limit", "seen")}
    batch.save(update_fields=["todo", "done", "state"])
    return batch


def _do(issue, plan, batch, seen):
    changes, details = _for(issue, plan, batch.actor)
    if seen is not None:
        _refuse_unseen(issue, plan, seen)
    doing = {"actor": batch.actor, "via": batch.via, "batch": batch}
    if plan.decision:
        fresh = decide(issue, plan.decision, changes=changes, **doing, **details).issue
    else:
        fresh = update_issue(issue, **doing, **changes)
    return fresh.event_count > issue.event_count


def _refuse_unseen(issue, plan, seen):
    """Raise Stale where after the version `seen` somebody has changed what the Plan sets, or decided where it does."""
    fields = {*plan.changes[issue.product_id], *plan.details.get(issue.product_id, ())}
    decides = bool(plan.decision) or not fields.isdisjoint(SEEN_FIELDS)
    if changed_since(issue, seen, fields.union(SEEN_FIELDS) if decides else fields, or_asked=decides):
        raise Stale(_("Somebody has changed this in the meantime."), issue)
