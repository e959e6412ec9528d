"""What helps with searching: completion while one types, and the page that explains the language."""

from django.http import JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues.finding.completion import complete
from issues.query.fields import CHANGEABLE, DIRECTIVES, FIELDS, HISTORY, KEPT, SORTS
from products.finding import named

EXAMPLES = (
    "is:open assignee:@me",
    "is:untriaged product:WEB",
    "is:open -label:blocked (priority:>=high OR due:<=+3d)",
    "no:assignee severity:s1,s2 created:>-2w",
    '"login loop" in:title -safari',
    "label:a,b label:c author:ana votes:>=5 sort:votes-desc,created-asc",
    "was:status=in-progress changed:assignee:>-7d",
    "WEB-142",
)


@require_safe
def complete_query(request):
    """Answer with the completions at a place of a query: `{"start", "end", "offers": [{"text", "said", "open"}]}`."""
    product = named(request.user, request.GET.get("product"))
    told = complete(request.GET.get("q", ""), request.GET.get("at", ""), request.user, product)
    return JsonResponse(told, headers={"Cache-Control": "private, no-store"})


@require_safe
def query_help(request):
    """Explain the query language, from its own registry."""
    told = {"was": KEPT, "changed": CHANGEABLE}
    history = [(name, said, told.get(name, ())) for name, said in HISTORY.items()]
    context = {"fields": FIELDS.values(), "directives": DIRECTIVES, "history": history, "sorts": SORTS}
    return render(request, "issues/query_help.html", {**context, "examples": EXAMPLES})
