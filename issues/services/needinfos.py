"""Questions to a named person: while one is open the issue waits, and is in nobody's queue."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from history import log
from history.errors import Conflict
from history.models import Kind
from history.writing import check, insert, lock, save_changed
from issues import rules
from issues.choices import Return
from issues.models import NeedInfo
from issues.services.issues import COUNTED, RETURN_FIELDS, finish, lock_ahead, lock_issue, touch
from products import access
from products.models import limit_field


@transaction.atomic
def ask(issue, *, actor, via, requestee, question, due_on=None, expected_version=None, batch=None):
    """Ask the User `requestee` a `question` about `issue`. Return the NeedInfo.

    Raises Forbidden, Stale, Conflict where it is closed, or ValidationError by field. `batch` makes it part of a larger
    one.
    """
    lock_ahead({"ask": requestee}, issue.pk)
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "triage", issue)
    if requestee is not None:
        # As they are now: since they were read they may have been deactivated, or lost what they saw.
        requestee = User.objects.get(pk=requestee.pk)
    now = timezone.now()
    one = NeedInfo(issue=issue, asker=actor, requestee=requestee, question=question, due_on=due_on, created_at=now)
    check_question(one, issue)
    batch = batch or log.open_batch(actor=actor, via=via, at=now)
    insert(one)
    _record(Kind.ASKED, one, issue, batch, state=log.present(one))
    if issue.returned_at is not None:
        before = log.state(issue, RETURN_FIELDS)
        issue.returned_at, issue.returned_reason = None, ""
        finish(issue, before, batch)
    return one


def check_question(needinfo, issue):
    """Raise Conflict where `issue` is closed, and ValidationError by field unless `needinfo` may be asked about it."""
    if not issue.is_open:
        raise Conflict(_("This issue is closed: reopen it to ask about it."), "closed")
    _check_requestee(needinfo.requestee if needinfo.requestee_id else None, issue)
    limit_field("question", needinfo.question)
    if not needinfo.question.strip():
        raise ValidationError({"question": ValidationError(_("Write your question."), code="blank")})
    check(needinfo, exclude=["issue", "asker", "requestee"])


def _check_requestee(user, issue):
    if user is None:
        raise ValidationError({"ask": ValidationError(_("Name whom you ask."), code="required")})
    if not _may_answer(user, issue):
        message = _("%(user)s is not active, or cannot see this issue.") % {"user": user}
        raise ValidationError({"ask": ValidationError(message, code="person")})


@transaction.atomic
def withdraw(needinfo, *, actor, via, expected_version=None):
    """Take a question back: its asker, its requestee and triagers may. Return it.

    Raises Forbidden, Stale, or Conflict where it is not open any more.
    """
    issue = lock_issue(needinfo.issue)
    needinfo = lock(NeedInfo.objects.all(), needinfo, expected_version)
    own = actor.pk in (needinfo.asker_id, needinfo.requestee_id)
    access.authorize(actor, "withdraw_own" if own else "triage", issue)
    if needinfo.state != NeedInfo.State.OPEN:
        raise Conflict(_("This question is not open any more."), "closed")
    batch = log.open_batch(actor=actor, via=via)
    _close(needinfo, issue, NeedInfo.State.WITHDRAWN, batch)
    return needinfo


def answer(issue, batch):
    """Note on a locked `issue` that the actor of `batch` has said something, which answers what was asked of them."""
    asked = NeedInfo.objects.select_for_update(of=("self",)).filter(
        issue=issue, requestee=batch.actor_id, state=NeedInfo.State.OPEN
    )
    for one in asked.order_by("pk"):
        _close(one, issue, NeedInfo.State.ANSWERED, batch)


def withdraw_idle(issue, batch):
    """Take back the open questions about a locked `issue` that are idle, before what makes them so is told."""
    asked = NeedInfo.objects.select_for_update(of=("self",)).filter(issue=issue, state=NeedInfo.State.OPEN)
    for one in asked.select_related("requestee").order_by("pk"):
        if is_idle(one, issue):
            set_state(one, issue, NeedInfo.State.WITHDRAWN, batch)


def is_idle(needinfo, issue):
    """Return whether no answer is needed any more, since `issue` is closed, or can come, from who does not see it."""
    return not issue.is_open or not _may_answer(needinfo.requestee, issue)


def _may_answer(user, issue):
    return access.may_be_asked(user, issue.product) and access.sees(user, issue)


def _close(needinfo, issue, state, batch):
    """Close an open question of a locked `issue`. Where none is open any more, the issue is back in the queue."""
    set_state(needinfo, issue, state, batch)
    if issue.waiting_for_id is not None or not issue.is_in_triage:
        return
    if state == NeedInfo.State.ANSWERED:
        before = log.state(issue, RETURN_FIELDS)
        rules.bring_back(issue, batch.at, Return.ANSWER)
        finish(issue, before, batch, Kind.RETURNED)


KINDS = {
    NeedInfo.State.OPEN: Kind.ASKED,
    NeedInfo.State.ANSWERED: Kind.ANSWERED,
    NeedInfo.State.WITHDRAWN: Kind.WITHDRAWN,
}


def set_state(needinfo, issue, state, batch, *, since=None):
    """Set the `state` of a locked question, with its event in `batch`, and whom its locked `issue` waits for.

    Where it is open again, the issue has waited `since` some moment, else from now on.
    """
    before = log.state(needinfo)
    needinfo.state = state
    needinfo.closed_at = None if state == NeedInfo.State.OPEN else batch.at
    needinfo.lock_version += 1
    save_changed(needinfo, ["state", "closed_at", "lock_version"])
    issue.waiting_since = issue.waiting_since or since
    _record(KINDS[state], needinfo, issue, batch, changes=log.difference(before, log.state(needinfo)))


def _record(kind, needinfo, issue, batch, **told):
    """Log what is `told` of a question, and note on its locked `issue` whom it waits for."""
    since = issue.waiting_since
    first = NeedInfo.objects.filter(issue=issue, state=NeedInfo.State.OPEN).order_by("created_at", "pk").first()
    issue.waiting_for = first.requestee if first else None
    if since is not None and first is None and not rules.leave_out_waiting(issue, batch.at):
        told["changes"]["waiting_since"] = (log.freeze(since), None)
    issue.waiting_since = (since or batch.at) if first else None
    touch(issue, batch)
    log.record(batch, kind, about=needinfo, product=issue.product, issue=issue, **told)
    waiting = ["waiting_for", "waiting_since", "overdue_at"]
    save_changed(issue, [*waiting, *COUNTED])
