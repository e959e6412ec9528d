"""One change to many issues: from the names in a request to the Plan of a bulk change."""

from itertools import chain

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from issues.api import serializers
from issues.choices import DECISION_DETAILS
from issues.models import Issue
from issues.services.bulk import LIMIT, Plan, chosen, one_of_each_product
from products.models import Label

DETAILS = (*chain(*DECISION_DETAILS.values()), "comment")
LABELS = ("add_labels", "remove_labels")


def selected(asked, ids, user, product=None):
    """Return the ids that `chosen` gives. Raises ValidationError where they are more than LIMIT."""
    found = chosen(asked, ids, user, product)
    if len(found) > LIMIT:
        message = _("At most %(limit)s issues at once: narrow it down.") % {"limit": f"{LIMIT:,}"}
        raise ValidationError({"q": [ErrorDetail(message, "too_many")]})
    return found


def planned(ids, wanted, context):
    """Return the Plan of setting `wanted`, the `set` of a request, on the issues `ids`.

    Names are looked up once for each product; where one of them lacks a name its issues are refused. Raises
    ValidationError under `set` for what is wrong whatever the product, also where there are no issues, and where no
    product has the names.
    """
    if not ids:
        _check_fields(wanted, context)
    plan, errors = Plan({}), []
    for issue in one_of_each_product(ids):
        try:
            decision, changes, details = _read(issue, wanted, context)
        except ValidationError as error:
            if not _is_unknown(error.detail):
                raise ValidationError({"set": error.detail}) from error
            errors.append(error)
            plan.refused[issue.product_id] = "unknown"
            continue
        plan.decision = decision
        plan.changes[issue.product_id], plan.details[issue.product_id] = changes, details
    if errors and not plan.changes:
        raise ValidationError({"set": errors[0].detail})
    return plan


def all_seen(keys, user):
    """Return whether `user` sees each issue that one of `keys` names, by a key that it has or had; None names none."""
    keys = set(keys) - {None}
    return keys <= Issue.objects.visible_to(user).named(keys)


def _parted(wanted):
    """Return what is `wanted` in three parts: of a decision, fields of an issue, and LABELS. Raises ValidationError."""
    taken = ("decision", *DETAILS) if "decision" in wanted else ()
    decision = {name: value for name, value in wanted.items() if name in taken}
    labels = {name: value for name, value in wanted.items() if name in LABELS}
    for name, names in labels.items():
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise ValidationError({name: [ErrorDetail(_("Name the labels in a list."), "not_a_list")]})
    fields = {name: value for name, value in wanted.items() if name not in taken and name not in LABELS}
    return decision, fields, labels


def _check_fields(wanted, context):
    """Raise ValidationError under `set` for what is wrong with a field as such."""
    try:
        decision, fields, _names = _parted(wanted)
        if decision:
            serializers.DecisionSerializer(data=decision, context=context).to_internal_value(decision)
        serializers.IssueSerializer(data=fields, partial=True, context=context).to_internal_value(fields)
    except ValidationError as error:
        raise ValidationError({"set": error.detail}) from error


def _read(issue, wanted, context):
    """Return `(decision, changes, details)` of what is `wanted`, with the rows that names mean for `issue`."""
    given, fields, labels = _parted(wanted)
    if not given:
        serializer = serializers.IssueSerializer(issue, data=fields, partial=True, context=context)
        serializer.is_valid(raise_exception=True)
        changes = serializer.changes
        labels = _labels(changes.get("product", issue.product), labels)
        return "", {**changes, **labels}, {}
    context = {**context, "issue": issue}
    serializer = serializers.DecisionSerializer(data={**given, "set": fields}, context=context)
    if not serializer.is_valid():
        # To who asks, all of it stands side by side.
        errors = dict(serializer.errors)
        raise ValidationError({**errors.pop("set", {}), **errors})
    details = dict(serializer.validated_data)
    labels = _labels(details.get("product", issue.product), labels)
    return details.pop("decision"), {**details.pop("changes"), **labels}, details


def _labels(product, wanted):
    """Return `{"add_labels": labels, "remove_labels": labels}` of lists of names. Raises ValidationError."""
    found = {}
    for name, names in wanted.items():
        rows = {label.name.lower(): label for label in Label.objects.filter(product=product)}
        rows |= {label.name.lower(): label for label in Label.objects.filter(product=None)}
        missing = [one for one in names if one.lower() not in rows]
        if missing and name == "add_labels":
            raise ValidationError({name: [serializers.unknown(missing[0])]})
        found[name] = [rows[one.lower()] for one in names if one.lower() in rows]
    return found


def _is_unknown(detail):
    """Return whether all that is wrong is that there is no such name; what is no field is none in any product."""
    if isinstance(detail, dict):
        return all(_is_unknown(one) for one in detail.values())
    if isinstance(detail, list):
        return all(_is_unknown(one) for one in detail)
    return detail.code == "unknown"
