"""What the fields of an issue may be, by what issues like it were given. Nothing here sets anything."""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from django.utils import timezone

from accounts.models import User
from issues.choices import Severity, Type
from issues.models import Issue, IssueLabel
from issues.similar import scoring
from issues.similar import weights as w
from issues.similar.finding import look_up
from issues.similar.scoring import TITLE
from products import access
from products.models import Member, group_of

FIELDS = ("component", "type", "severity", "labels", "assignee")
OF_COMPONENT = ("component_id", "component__name", "component__archived_at")
COLUMNS = ("pk", "created_at", "type", "severity", "assignee_id", *OF_COMPONENT)
SHOWN = 3
# A value of a smaller share of the votes, or of fewer issues, is not worth a glance.
LEAST, FEWEST = 0.1, 2


@dataclass(frozen=True)
class Offer:
    """What a field may be: `sent` is the value as a form sends it, `value` as the API has it.

    `count` of the `of` that have the field have this value; the score is its share of the votes.
    """

    sent: Any
    value: Any
    score: float
    count: int
    of: int

    def told(self):
        """Return it as the API tells it."""
        return {"value": self.value, "score": self.score, "evidence": {"for": self.count, "of": self.of}}


def suggest(user, issue):
    """Return `{field: [{"value", "score", "evidence": {"for", "of"}}]}` for what `issue` does not say yet."""
    return {name: [one.told() for one in found] for name, found in offers(user, issue).items()}


def offers(user, issue):
    """Return `{field: [Offer]}` for what `issue` does not say yet, the best first.

    The 30 nearest issues of its product that are triaged and that `user` sees vote, newer ones more. Fields are
    component, severity, labels and assignee where they are empty, and type where it is what it is by default, if
    others have more votes. Only what could be set is offered: what is not archived, and who may be asked. Fields
    without any are left out.
    """
    wanted = [name for name in FIELDS if is_empty(issue, name)]
    if not wanted:
        return {}
    given = _given(user, issue, wanted)
    told = {}
    for name in wanted:
        votes = scoring.votes((*vote, value) for vote, values in given for value in values[name])
        if name == "type":
            # Before those of one issue alone are left out: of what it is, one vote may outweigh others.
            votes = takewhile(lambda vote: vote.value != issue.type, votes)
        of = sum(bool(values[name]) for _vote, values in given)
        told[name] = [_offer(one, of) for one in votes if one.score >= LEAST and one.count >= FEWEST]
    if told.get("assignee"):
        told["assignee"] = _who_may_be_asked(issue.product, told["assignee"])
    told["labels"] = _fitting(told.get("labels", ()))
    return {name: told[name][:SHOWN] for name in wanted if told[name]}


def is_empty(issue, name):
    """Return whether the field `name` of `issue` says nothing yet, so that something is suggested for it."""
    if name == "type":
        return issue.type == Type.BUG
    if name == "severity":
        return issue.severity == Severity.UNSET
    return not (issue.label_list if name == "labels" else getattr(issue, f"{name}_id"))


def _given(user, issue, wanted):
    """Return what the nearest issues were given: pairs of `(likeness, age in seconds)` and `{field: values}`."""
    triaged = Issue.objects.visible_to(user).filter(product=issue.product_id, triaged_at__isnull=False)
    _query, found = look_up(user, issue.title, product=issue.product_id, exclude=issue, within=triaged)
    nearest = sorted(found, key=lambda pk: (-found[pk][TITLE], -pk))[: w.NEAREST]
    labels, now, given = defaultdict(list), timezone.now(), []
    if "labels" in wanted:
        links = IssueLabel.objects.filter(issue__in=nearest, label__archived_at=None).order_by("pk")
        for pk, label, name in links.values_list("issue", "label", "label__name"):
            labels[pk].append((label, name))
    for row in Issue.objects.filter(pk__in=nearest).order_by("-pk").values_list(*COLUMNS):
        pk, created, kind, severity, assignee, component, name, archived = row
        values = {
            "component": [(component, name)] if component and not archived else [],
            "type": [kind],
            "severity": [Severity(severity).name.lower()] if severity else [],
            "labels": labels[pk],
            "assignee": [assignee] if assignee else [],
        }
        given.append(((found[pk][TITLE], (now - created).total_seconds()), values))
    return given


def _offer(vote, of):
    sent, value = vote.value if isinstance(vote.value, tuple) else (vote.value, vote.value)
    return Offer(sent, value, round(vote.score, 3), vote.count, of)


def _who_may_be_asked(product, offers):
    """Return the `offers` of people who may be asked in `product`, with their names in the place of their ids."""
    ids = [offer.sent for offer in offers]
    people, roles = User.objects.in_bulk(ids), defaultdict(list)
    for user, role in Member.objects.filter(product=product, user__in=ids).values_list("user", "role"):
        roles[user].append((product.pk, role))
    asked = []
    for offer in offers:
        person = people[offer.sent]
        access.remember_roles(person, roles[person.pk])
        if access.may_be_asked(person, product):
            names = {"username": person.username, "display_name": person.display_name}
            asked.append(replace(offer, sent=person.username, value=names))
    return asked


def _fitting(offers):
    """Return the `offers` of labels without those that a better one excludes, being of its group."""
    groups: dict = {}
    for offer in offers:
        group = group_of(offer.value)
        groups.setdefault((group,) if group else offer.value, offer)
    return list(groups.values())
