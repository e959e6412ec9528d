"""What words that set fields mean for many issues: the Plan of a bulk change."""

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from issues.forms import IssueForm
from issues.services.bulk import Plan, one_of_each_product
from issues.setting.meaning import meaning_of
from issues.setting.parsing import WordsError, parse
from products.models import Label


def plan_for(text, ids, user):
    """Return `(Plan, problems, changes)` of what `text` sets on the issues `ids`.

    Names are looked up for each product; the issues of one that lacks a name are refused, and only where all do are
    the Problems returned. `changes` are `(field, value)` in words, to be shown.
    """
    try:
        settings = parse(text)
    except WordsError as error:
        return Plan({}), error.problems, []
    labels = [setting for setting in settings if setting.field == "labels"]
    # A label that is taken away need not be there.
    forgiven = {setting.value.position for setting in labels if setting.removed}
    plan, problems, changes = Plan({}), [], []
    for issue in one_of_each_product(ids):
        found = meaning_of(settings, issue, user)
        wrong = [problem for problem in found.problems if problem.word.position not in forgiven]
        form = _form(found, issue, user)
        if wrong or not form.is_valid():
            plan.refused[issue.product_id] = "unknown"
            problems = problems or wrong
            continue
        plan.changes[issue.product_id] = {**form.changes(), **_labels(labels, issue.product)}
        changes = changes or [
            *((change.label, change.after) for change in found.changes if change.field != "labels"),
            *((_("label"), f"{'−' if one.removed else '+'} {one.value.text}") for one in labels),
        ]
    return plan, [] if plan.changes else problems, changes


def _form(found, issue, user):
    """Return the IssueForm with what was understood, but for the labels."""
    sent = QueryDict(mutable=True)
    fields = [change for change in found.changes if change.field != "labels"]
    for change in fields:
        for name, value in change.sent:
            sent[name] = value
    only = {name for change in fields for name, _value in change.sent}
    return IssueForm(sent, user=user, product=issue.product, issue=issue, only=only)


def _labels(settings, product):
    """Return the labels to add and to take away, as a Plan has them."""
    found = {}
    for setting in settings:
        own = Label.objects.filter(Q(product=product) | Q(product=None))
        label = own.filter(name__iexact=setting.value.text).order_by("-product").first()
        if label is not None:
            found.setdefault("remove_labels" if setting.removed else "add_labels", []).append(label)
    return found
