"""The forms of the decisions about an issue, as the queue, its own page and the rows of lists show them."""

from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from issues.choices import DECLINED, Resolution
from issues.forms import DecisionForm
from products import access

MORNING = time(9)


def deciding_of(user, issue, facts, form=None):
    """Return what `user` may decide about `issue`, and the forms for that, or for what was refused in `form`.

    Whoever `triages` its product `may_decide` until somebody has, and `may_ask` while it is open. The page `shows_bar`
    of decisions also where one was refused: what was written for it stands there.
    """
    triages = access.can(user, "triage", issue)
    may = {"triages": triages, "may_decide": triages and issue.is_in_triage, "may_ask": triages and issue.is_open}
    may["shows_bar"] = may["may_decide"] or (triages and bool(form and form.errors))
    return {**may, **(decisions_of(user, issue, facts, form) if may["may_ask"] or form else {})}


def decisions_of(user, issue, facts, form=None):
    """Return the context of the forms that decide on `issue`, whose `facts` hold what its fields can be set to."""
    return {
        "form": form or DecisionForm(user=user, issue=issue),
        "askable": _askable(issue, facts),
        "naps": naps(),
        "declined": declined(),
    }


def _askable(issue, facts):
    """Return whom one asks first: the reporter, unless that is nobody who could answer."""
    name = issue.author.username if issue.author else ""
    is_member = name in (person.t1 for person in facts.get("person", ()))
    return name if is_member or access.may_be_asked(issue.author, issue.product) else ""


def naps():
    """Return the times that an issue is snoozed until by one press: `(said, moment)`, mornings of the reader."""
    today = timezone.localdate()
    days = ((_("tomorrow"), 1), (_("in three days"), 3), (_("in a week"), 7), (_("in a month"), 30))
    return [(said, timezone.make_aware(datetime.combine(today + timedelta(days=n), MORNING))) for said, n in days]


def declined():
    """Return the reasons that a report is declined for: `(value, said)`."""
    return [(value, said) for value, said in Resolution.choices if value in DECLINED]
