"""What the fields of an issue may be, by what issues like it were given. Nothing here sets anything."""

from collections import defaultdict

from django.utils import timezone

from accounts.models import User
from issues.choices import Severity, Type
from issues.models import Issue, IssueLabel
from issues.similar import scoring
from issues.similar import weights as w
from issues.similar.finding import look_up
from issues.similar.scoring import TITLE
from products import access
from products.models import Component, Label, Member

SHOWN = 3
# A value of a smaller share of the votes, or of fewer issues, is not worth a glance.
LEAST, FEWEST = 0.1, 2
FIELDS = ("component", "type", "severity", "labels", "assignee")
COLUMNS = ("pk", "created_at", "component_id", "type", "severity", "assignee_id")


def suggest(user, issue):
    """Return `{field: [{"value", "score", "evidence": {"for", "of"}}]}` for what `issue` does not say yet.

    The 30 nearest issues of its product that are triaged and that `user` sees vote, newer ones more: `for` of the `of`
    that have the field have this value; the score is its share of the votes. Fields are component, severity, labels and
    assignee where they are empty, and type where it is what it is by default. Values are written as in the API, only
    such as could be set: what is not archived, and who may be asked. Fields without any are left out.
    """
    wanted = [name for name in FIELDS if _is_empty(issue, name)]
    if not wanted:
        return {}
    triaged = Issue.objects.visible_to(user).filter(product=issue.product_id, triaged_at__isnull=False)
    _query, found = look_up(user, issue.title, product=issue.product_id, exclude=issue, within=triaged)
    likeness = {pk: scores[TITLE] for pk, scores in found.items()}
    nearest = sorted(likeness, key=lambda pk: (-likeness[pk], -pk))[: w.NEAREST]
    now = timezone.now()
    cast: dict = {name: [] for name in wanted}
    voters = list(Issue.objects.filter(pk__in=nearest).values_list(*COLUMNS))
    labels = _labels(nearest) if "labels" in wanted else {}
    for pk, created, *values in voters:
        vote = likeness[pk], (now - created).total_seconds()
        given = dict(zip(("component", "type", "severity", "assignee"), values, strict=True))
        for name in wanted:
            chosen = labels.get(pk, ()) if name == "labels" else [given[name]] if given[name] else ()
            cast[name] += [(*vote, value) for value in chosen]
    votes = {name: scoring.votes(cast[name]) for name in wanted}
    named = _names(issue, votes)
    told = {}
    for name in wanted:
        whole = len(labels) if name == "labels" else len(cast[name])
        offers = [
            {
                "value": named[name][vote.value],
                "score": round(vote.score, 3),
                "evidence": {"for": vote.count, "of": whole},
            }
            for vote in votes[name]
            if vote.value in named[name] and vote.score >= LEAST and vote.count >= FEWEST
        ]
        if name == "type" and offers and offers[0]["value"] == issue.type:
            continue
        if offers:
            told[name] = offers[:SHOWN]
    return told


def _is_empty(issue, name):
    if name == "type":
        return issue.type == Type.BUG
    if name == "severity":
        return issue.severity == Severity.UNSET
    return not (issue.label_list if name == "labels" else getattr(issue, f"{name}_id"))


def _labels(issues):
    """Return `{issue: ids of its labels}` of those that have any."""
    found = defaultdict(list)
    for issue, label in IssueLabel.objects.filter(issue__in=issues).values_list("issue", "label"):
        found[issue].append(label)
    return found


def _names(issue, votes):
    """Return for each field `{value voted for: as the API writes it}` of those that could be set."""
    values = {name: [vote.value for vote in cast] for name, cast in votes.items()}
    found: dict = {name: {} for name in votes}
    if values.get("component"):
        parts = Component.objects.active().filter(product=issue.product_id, pk__in=values["component"])
        found["component"] = dict(parts.values_list("pk", "name"))
    if values.get("labels"):
        labels = Label.objects.active().filter(pk__in=values["labels"], product__in=[issue.product_id])
        labels |= Label.objects.active().filter(pk__in=values["labels"], product=None)
        found["labels"] = dict(labels.values_list("pk", "name"))
    if values.get("assignee"):
        found["assignee"] = _people(issue.product, values["assignee"])
    found |= {"type": {value: value for value in values["type"]}} if "type" in values else {}
    if "severity" in values:
        found["severity"] = {value: Severity(value).name.lower() for value in values["severity"]}
    return found


def _people(product, ids):
    """Return `{id: names}` of those people who may be asked in `product`."""
    people = User.objects.in_bulk(ids)
    roles = defaultdict(list)
    for user, role in Member.objects.filter(product=product, user__in=ids).values_list("user", "role"):
        roles[user].append((product.pk, role))
    for person in people.values():
        access.remember_roles(person, roles[person.pk])
    return {
        pk: {"username": person.username, "display_name": person.display_name}
        for pk, person in people.items()
        if access.may_be_asked(person, product)
    }
