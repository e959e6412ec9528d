"""What is known already that is like a report which somebody is writing."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues.models import TITLE_LIMIT
from issues.similar.finding import similar
from products.finding import find

SHORTEST = 8


@login_required
@require_safe
def alike(request):
    """Return a short list for the title that is being written, as part of a page; nothing where there is nothing."""
    product = find(request.user, request.GET.get("product", ""))
    if product is None:
        raise Http404
    title = request.GET.get("title", "").replace("\x00", "")[:TITLE_LIMIT].strip()
    found = similar(request.user, title, product=product) if len(title) >= SHORTEST else []
    return render(request, "issues/_alike.html", {"alike": found})
