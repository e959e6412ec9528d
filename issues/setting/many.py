"""What is to be done to many issues, in words, by drop-downs or by a decision: the Plan of a bulk change."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from issues.choices import COMMENTED, DECISION_DETAILS, DECISION_NEEDS, Decision, Resolution
from issues.forms import DecisionForm, IssueForm
from issues.services.bulk import Plan
from issues.setting.meaning import meaning_of, picked
from issues.setting.parsing import Problem, Word
from products.models import Label, Product

NOWHERE = Word("", -1, 0)


@dataclass(frozen=True)
class Wanted:
    """What is to be done: Settings of fields, a Product to move to, and a decision with what its form has sent."""

    settings: tuple = ()
    product: Product | None = None
    decision: str = ""
    sent: Any = None

    @property
    def is_nothing(self):
        """Whether there is nothing to do."""
        return not (self.settings or self.product or self.decision)


def lacking(decision, sent):
    """Return the names of what has to be sent with a decision and is not."""
    if decision == Decision.REROUTE:
        return [] if sent.get("product") or sent.get("component") else ["component"]
    return [name for name in DECISION_NEEDS.get(decision, ()) if not sent.get(name, "").strip()]


def plan_for(wanted, samples, user):
    """Return `(Plan, problems, changes)` of what is Wanted; `samples` are an issue of each product that is concerned.

    Names are looked up for each product; the issues of one that lacks a name are refused, and only where all do are
    the Problems returned; a label to take away need only be known to one. `changes` are `(field, value)` in words, to
    be shown.
    """
    problems = _contradictions(wanted)
    if problems:
        return Plan({}), problems, []
    labels = [setting for setting in wanted.settings if setting.field == "labels"]
    plan, changes, missing = Plan({}, wanted.decision), [], set(labels)
    asked = {issue: _details(wanted, issue, user) for issue in samples}
    targets = {one: wanted.product or details.get("product") or one.product for one, (details, _not) in asked.items()}
    known = _known({issue.product for issue in samples} | {*targets.values()}) if labels else []
    for issue, (details, unfit) in asked.items():
        target = targets[issue]
        found = meaning_of(wanted.settings, issue, user)
        form = _form(found, issue, user)
        # A label that is taken away need not be there, and one that is added is one of where the issue goes.
        forgiven = {setting.value for setting in labels if setting.removed or target != issue.product}
        marks, lacked = _labels(labels, known, issue.product, target)
        missing &= lacked
        absent = [_no_label(setting) for setting in labels if setting in lacked and not setting.removed]
        wrong = [problem for problem in found.problems if problem.word not in forgiven] or absent
        if wrong or unfit or not form.is_valid():
            plan.refused[issue.product_id] = wrong[0].code if wrong else "unknown"
            problems = problems or [*wrong, *unfit]
            continue
        moved = {"product": wanted.product} if wanted.product else {}
        plan.changes[issue.product_id] = {**form.changes(), **moved, **marks}
        plan.details[issue.product_id] = details
        told = [*_told_decision(wanted.decision, details), *_told(wanted, found, marks)]
        changes += [one for one in told if one not in changes]
    if plan.changes:
        problems = [_no_label(setting) for setting in labels if setting in missing]
    return plan, problems, changes


def _contradictions(wanted):
    """Return Problems with what is said twice."""
    seen, problems = set(), []
    for setting in wanted.settings:
        if setting.field in seen and setting.field != "labels":
            label = str(IssueForm.base_fields[setting.field].label).lower()
            problems.append(Problem(setting.value, _("The %(field)s is there twice.") % {"field": label}))
        seen.add(setting.field)
    if wanted.decision and ("status" in seen or wanted.product):
        problems.append(Problem(NOWHERE, _("A decision sets status and product itself: choose one of the two.")))
    return problems


def _form(found, issue, user):
    """Return the IssueForm with what was understood, but for the labels."""
    sent = QueryDict(mutable=True)
    fields = [change for change in found.changes if change.field != "labels"]
    for change in fields:
        for name, value in change.sent:
            sent[name] = value
    only = {name for change in fields for name, _value in change.sent}
    return IssueForm(sent, user=user, product=issue.product, issue=issue, only=only)


def _details(wanted, issue, user):
    """Return what the decision takes, for the product of `issue`, and the Problems with it."""
    if not wanted.decision:
        return {}, []
    # What was filled in for another decision is sent as well, out of sight.
    asked = [*DECISION_DETAILS[wanted.decision], *(["comment"] if wanted.decision in COMMENTED else [])]
    sent = {"decision": wanted.decision, **{name: wanted.sent.get(name, "") for name in asked}}
    form = DecisionForm(sent, user=user, issue=issue)
    if not form.is_valid():
        return {}, [Problem(NOWHERE, text, field=name) for name, texts in form.errors.items() for text in texts]
    details = form.details()
    del details["changes"]
    return details, []


def _known(products):
    """Return the labels of the site and of `products`."""
    return list(Label.objects.filter(Q(product__in=products) | Q(product=None)))


def _labels(settings, known, product, target):
    """Return the labels to add and to take away, as a Plan has them, and the Settings of those that are not there.

    They are looked up among those `known` of all products. What stays behind in `product` may be taken away as well.
    """
    # Of two of one name it is the one of where the issue goes.
    rows = sorted(known, key=lambda label: label.product_id == target.pk)
    there = {label.name.lower(): label for label in rows if label.product_id in (None, product.pk, target.pk)}
    offered = [one for one in there.values() if one.product_id in (None, target.pk) and not one.archived]
    active = {label.name.lower() for label in known if label.product_id in (None, product.pk) and not label.archived}
    removable = ([label for name, label in there.items() if name in active], there.values())
    found: dict = {}
    lacked = set()
    for setting in settings:
        label = _label(setting, known, removable if setting.removed else (offered,))
        if label is None:
            lacked.add(setting)
        else:
            found.setdefault("remove_labels" if setting.removed else "add_labels", []).append(label)
    return found, lacked


def _label(setting, known, pools):
    """Return the label that is meant, of the first of `pools` that has it, or None."""
    text = setting.value.text
    # What one product calls so is in no other what merely begins so.
    names = {label.name.lower() for label in known if setting.removed or not label.archived}
    whole = setting.value.is_chosen or text.lower() in names
    return next(filter(None, (picked(pool, text, whole=whole) for pool in pools)), None)


def _no_label(setting):
    message = _("There is no %(field)s “%(word)s”.") % {"field": _("label"), "word": setting.value.text}
    return Problem(setting.value, message)


def _told(wanted, found, marks):
    fields = [(change.label, change.after) for change in found.changes if change.field != "labels"]
    signs = (("+", "add_labels"), ("−", "remove_labels"))
    labels = [(_("label"), f"{sign} {label.name}") for sign, name in signs for label in marks.get(name, ())]
    return [*fields, *labels, *([(_("product"), wanted.product.title)] if wanted.product else [])]


def _told_decision(decision, details):
    """Return a decision in words, and the texts that it posts, as a list."""
    if not decision:
        return []
    said = {
        "duplicate_of": lambda issue: f"{issue.key} {issue.title}",
        "resolution": lambda value: str(Resolution(value).label),
        "ask": lambda person: person.name,
        "due": lambda day: _("by %(day)s") % {"day": date_format(day, "j M Y")},
        "until": lambda moment: date_format(timezone.localtime(moment), "j M Y, H:i"),
        "product": lambda product: product.title,
        "component": lambda component: component.name,
    }
    told = [say(details[name]) for name, say in said.items() if details.get(name)]
    texts = [(name, details.get(name, "").strip()) for name in ("question", "comment")]
    posted = [(DecisionForm.base_fields[name].label, text) for name, text in texts if text]
    return [(_("decision"), " ".join([str(Decision(decision).label).removesuffix(" …"), *told])), *posted]
