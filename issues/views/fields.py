"""The fields of an issue as its pages show and change them."""

from django.http import Http404

from issues.facts import facts_of
from issues.forms import fields_to_edit
from issues.models import Issue, Priority, Severity


def fields_of(user, issue):
    """Return the context of the templates that show the fields of `issue` or the menus that change them.

    Raises Http404 where it was hidden from `user` after it had been found.
    """
    editable = set(fields_to_edit(user, issue))
    facts = facts_of(issue, user, options=bool(editable))
    if "questions" not in facts:
        raise Http404
    return {
        "issue": issue,
        "product": issue.product,
        "editable": editable,
        "may_edit": "priority" in editable,
        "facts": facts,
        "labels": facts.get("label", []),
        "priorities": [(row.name.lower(), row) for row in reversed(Priority)],
        "severities": [(row.name.lower(), row) for row in reversed(Severity)],
        "types": Issue.Type.choices,
        "resolutions": [one for one in Issue.Resolution.choices if one[0] != Issue.Resolution.DUPLICATE],
    }
