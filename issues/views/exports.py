"""What a list finds as a file, with its reader's rights."""

from django.views.decorators.http import require_safe

from issues.exporters import export
from issues.finding import search
from issues.models import Issue
from issues.views.listing import asked_of
from issues.views.saved import find_view
from products.pages import at_product, explained


@require_safe
@explained
def issues(request, kind):
    """Export issues of all products."""
    return _export(request, kind, None)


@require_safe
@at_product
def product_issues(request, product, kind):
    """Export issues of one product."""
    return _export(request, kind, product)


@require_safe
@explained
def view(request, pk, kind):
    """Export what a saved view finds, or what its list has been changed to."""
    found = find_view(request.user, pk)
    return _export(request, kind, found.product, found)


def _export(request, kind, product, view=None):
    text, params = asked_of(request.GET, view)
    asked = search(request.user, text=text, params=params, product=product)
    rows = Issue.objects.visible_to(request.user)
    if product is not None:
        rows = rows.filter(product=product)
    name = view.name if view else f"{product.key}-issues" if product else "issues"
    return export(kind, asked, rows, request.user, name=name, head=request.method == "HEAD")
