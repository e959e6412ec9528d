"""What the palette asks for while one types: where one can go, and what words would set on an issue."""

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from issues.choices import Category
from issues.finding.places import places as find_places
from issues.setting.meaning import understand
from issues.views.access import at_issue
from issuetracker.templatetags.ui import icon

PRIVATE = {"Cache-Control": "private, no-store"}
STATUSES = (*Category.values, "declined", "duplicate")


@require_safe
def places(request):
    """Answer with the places that fit what is typed: `{"places": [{"name", "said", "icon", "url"}]}`."""
    found = [place.as_dict() for place in find_places(request.user, request.GET.get("q", ""))]
    for place in found:
        place["icon"] = _drawn(place["icon"])
    return JsonResponse({"places": found}, headers=PRIVATE)


def _drawn(name):
    """Return the symbol, which holds nothing that anybody wrote."""
    return icon(name, f"status-icon is-{name}" if name in STATUSES else "")


@require_safe
@at_issue
def preview(request, issue):
    """Answer with what the words would change, what a form sends for it, and what is wrong with them.

    `{"key", "title", "action", "seen", "changes": [{"label", "before", "after"}], "fields": [[name, value]],
    "problems": [{"position", "length", "word", "message", "suggestions"}]}`; places are counted in code points.
    """
    found = understand(request.GET.get("q", ""), issue, request.user)
    changes = [{"label": one.label, "before": one.before, "after": one.after} for one in found.changes]
    told = {
        "key": issue.key,
        "title": issue.title,
        "action": f"{issue.get_absolute_url()}set/",
        "seen": issue.lock_version,
        "changes": changes,
        "fields": [pair for change in found.changes for pair in change.sent],
        "problems": [problem.as_dict() for problem in found.problems],
    }
    return JsonResponse(told, headers=PRIVATE)
