"""Changing many issues at once: what would change is shown first, and then done."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from history.models import Batch
from issues.finding import SearchError, search
from issues.services import bulk as service
from issues.setting.many import plan_for
from issues.setting.parsing import CHARACTERS
from products.numbers import read_number
from products.pages import explained, go_back

SHOWN = 20
REASONS = {
    "forbidden": gettext_lazy("you may not change them"),
    "archived": gettext_lazy("their product is archived"),
    "unknown": gettext_lazy("their product has no such name"),
    "exclusive": gettext_lazy("a label of the same group is there"),
    "field": gettext_lazy("only a triager may set this"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def bulk(request):
    """Ask what is to be set on the chosen issues, show what would change, and change it."""
    ids, query, problems = _chosen(request)
    words = request.POST.get("words", "")[:CHARACTERS].strip()
    context = {"ids": ids, "q": query, "words": words, "problems": problems, "limit": service.LIMIT}
    context["too_many"] = len(ids) > service.LIMIT
    back = request.POST.get("next", "")
    context["next"] = back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else ""
    if not words or not ids or problems or context["too_many"]:
        return render(request, "issues/bulk.html", context, status=400 if problems else 200)
    plan, wrong, changes = plan_for(words, ids, request.user)
    if wrong or not plan.changes:
        return render(request, "issues/bulk.html", {**context, "wrong": wrong}, status=400)
    if "apply" in request.POST:
        return _apply(request, ids, plan, query)
    outcome = service.preview(ids, plan, actor=request.user)
    refused: dict = {}
    for key, code in outcome.refused:
        refused.setdefault(REASONS.get(code, code), []).append(key)
    context["refused"] = [(why, keys[:SHOWN], len(keys)) for why, keys in refused.items()]
    return render(request, "issues/bulk.html", {**context, "outcome": outcome, "changes": changes})


def _chosen(request):
    """Return `(ids, query, problems)` of the issues that are chosen, one more than LIMIT at most."""
    query = request.POST.get("q") or request.GET.get("q", "")
    if query:
        try:
            asked = search(request.user, text=query)
        except SearchError as error:
            return [], query, error.problems
        return service.chosen(asked, (), request.user), query, []
    numbers = [read_number(text) for text in request.POST.getlist("ids")]
    return service.chosen(None, [number for number in numbers if number is not None], request.user), query, []


def _apply(request, ids, plan, query):
    said = query or _("%(count)d chosen issues") % {"count": len(ids)}
    batch = service.change(ids, plan, actor=request.user, via="web", query=said)
    if batch.state == Batch.State.RUNNING:
        messages.success(request, _("%(count)d issues are being changed.") % {"count": len(ids)})
    else:
        told = _("%(changes)d changed, %(refused)d left as they are.") % {
            "changes": batch.todo["changes"],
            "refused": batch.todo["unchanged"] + len(batch.todo["refused"]),
        }
        messages.success(request, told, extra_tags=f"undo-{batch.pk}" if batch.todo["changes"] else "")
    return go_back(request, f"{reverse('issues')}?{urlencode([('q', query)])}" if query else reverse("issues"))
