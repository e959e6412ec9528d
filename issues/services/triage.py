"""The decisions about a new report: each is one batch, whatever it sets."""

from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict, Stale
from history.models import Batch, Change
from issues import rules
from issues.choices import DECISION_DETAILS, DECLINED, Category, Decision
from issues.models import Issue, NeedInfo
from issues.services.comments import add_comment
from issues.services.issues import changed_since, foresee, lock_ahead, lock_issue, update_issue
from issues.services.needinfos import ask, check_question
from products import access

# These may also be made of an issue that was accepted before.
ANY_TIME = (Decision.NEEDINFO, Decision.REROUTE)
# Whoever has not seen a later change of one of these has decided on something else.
SEEN_FIELDS = ("status", "resolution", "duplicate_of", "product", "snoozed_until")


@dataclass(frozen=True)
class Decided:
    """An issue as it is after a decision, and the batch that undoes it, which has no id where nothing was to change."""

    issue: Issue
    batch: Batch


@transaction.atomic
def decide(
    issue, decision, *, actor, via, expected_version=None, seen=None, comment="", changes=None, batch=None, **details
):
    """Make a `decision` (issues.choices.Decision) on `issue`. Return what was Decided.

    `details` are those of DECISION_DETAILS, rows for what refers to rows; `changes` are fields that are set with it, as
    by `update_issue`, and `comment` is said before. `seen` is the version of the issue that the caller knows of.
    `batch` makes it part of a larger one. Raises Forbidden, Stale, Conflict where it was decided before, or
    ValidationError by field.
    """
    _refuse_strange(decision, details, changes)
    lock_ahead({**(changes or {}), **details}, issue.pk)
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "triage", issue)
    _refuse_decided(issue, decision, seen, changes)
    if batch is not None:
        return Decided(_decide(issue, decision, batch, comment, changes, details), batch)
    with log.shared_batch(actor=actor, via=via) as batch:
        issue = _decide(issue, decision, batch, comment, changes, details)
    return Decided(issue, batch)


@contextmanager
def _called(name, other):
    """Say of what is wrong with `other` that it is wrong with `name`, as the caller knows it."""
    try:
        yield
    except ValidationError as error:
        told = {name if field == other else field: errors for field, errors in error.error_dict.items()}
        raise ValidationError(told) from error


def _decide(issue, decision, batch, comment, changes, details):
    doing = {"actor": batch.actor, "via": batch.via, "batch": batch}
    if comment.strip():
        with _called("comment", "body"):
            add_comment(issue, body=comment, **doing)
    changes = {**(changes or {}), **_effect(issue, decision, details)}
    if changes:
        issue = update_issue(issue, **doing, **changes)
    if decision == Decision.NEEDINFO:
        issue = ask(issue, **_asked(details), **doing).issue
    return issue


def _asked(details):
    """Return the details of a question, as `ask` names them."""
    return {"requestee": details.get("ask"), "question": details.get("question") or "", "due_on": details.get("due")}


def foresee_decision(issue, decision, *, actor, changes=None, **details):
    """Return whether `decide` would change `issue`, a row of the reader's own that is not saved. Raises as it would."""
    _refuse_strange(decision, details, changes)
    access.require(actor, "triage", issue)
    _refuse_decided(issue, decision, None)
    changes = {**(changes or {}), **_effect(issue, decision, details)}
    changed = foresee(issue, changes, actor=actor)
    if decision == Decision.NEEDINFO:
        check_question(NeedInfo(issue=issue, asker=actor, **_asked(details)), issue)
    return changed or decision == Decision.NEEDINFO


def _effect(issue, decision, details):
    """Return the fields that a decision sets. Raises ValidationError by detail."""
    effect = {
        Decision.ACCEPT: _accept,
        Decision.DUPLICATE: _duplicate,
        Decision.DECLINE: _decline,
        Decision.NEEDINFO: lambda issue, details: {},
        Decision.SNOOZE: _snooze,
        Decision.REROUTE: _reroute,
    }[decision](issue, details)
    decided = decision in (Decision.ACCEPT, Decision.DUPLICATE, Decision.DECLINE)
    return effect | ({"snoozed_until": None} if decided and issue.snoozed_until else {})


def _accept(_issue, _details):
    return {"status": rules.first_status(Category.ACCEPTED)}


def _duplicate(_issue, details):
    if details.get("duplicate_of") is None:
        raise _missing("duplicate_of", _("Name the issue that this one is a duplicate of."))
    return {"duplicate_of": details["duplicate_of"]}


def _decline(_issue, details):
    resolution = details.get("resolution")
    if resolution not in DECLINED:
        message = _("Say why: %(reasons)s.") % {"reasons": ", ".join(DECLINED)}
        raise _missing("resolution", message)
    return {"status": rules.first_status(Category.CLOSED), "resolution": resolution}


def _snooze(_issue, details):
    until = details.get("until")
    if until is None or until <= timezone.now():
        raise _missing("until", _("Choose a time to come."))
    return {"snoozed_until": until}


def _reroute(issue, details):
    product, component = details.get("product"), details.get("component")
    changes = {"product": product} if product is not None and product.pk != issue.product_id else {}
    if component is not None or (not changes and "component" in details):
        changes["component"] = component
    if not changes:
        raise _missing("product", _("Choose another product or component."))
    return changes


def _missing(field, message):
    return ValidationError({field: ValidationError(message, code="required")})


def _refuse_strange(decision, details, changes):
    """Raise ValidationError where there is no such decision, or it takes no such details, or sets such fields."""
    if decision not in DECISION_DETAILS:
        message = _("Decide one of: %(names)s.") % {"names": ", ".join(DECISION_DETAILS)}
        raise ValidationError({"decision": ValidationError(message, code="choice")})
    strange = [name for name, value in details.items() if name not in DECISION_DETAILS[decision] and value is not None]
    # What a decision decides is not set beside it.
    strange += [name for name in changes or () if name in SEEN_FIELDS]
    if strange:
        message = _("“%(decision)s” does not take this.") % {"decision": decision}
        raise ValidationError({name: ValidationError(message, code="unknown") for name in strange})


def _refuse_decided(issue, decision, seen, changes=None):
    """Raise Conflict or Stale where somebody has decided on `issue` in the meantime, saying who and what.

    So has whoever gave one of the fields that `changes` sets with it another value.
    """
    if not issue.is_in_triage and (decision not in ANY_TIME or not issue.is_open):
        raise Conflict(_decided(issue), "decided")
    if seen is None or issue.lock_version <= seen:
        return
    fields = {name for name, value in (changes or {}).items() if not rules.holds(issue, name, value)}.union(SEEN_FIELDS)
    if decision == Decision.REROUTE:
        fields.add("component")
    if changed_since(issue, seen, fields, or_asked=True):
        raise Stale(_("Somebody has decided on this in the meantime: look at it once more."), issue)


def _decided(issue):
    last = (
        Change.objects.filter(issue=issue, field="status").select_related("event__actor").order_by("-event_id").first()
    )
    status = {"status": issue.status.name, "key": issue.key}
    if last is None or last.event.actor is None:
        return _("%(key)s has been decided: it is %(status)s.") % status
    return _("%(who)s has decided on %(key)s: it is %(status)s.") % {**status, "who": last.event.actor.name}
