"""Lists of issues, and what is mine."""

from urllib.parse import urlencode

from django.http import QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from issues.columns import capped_count, label_rows
from issues.finding import search
from issues.finding.groups import sections
from issues.finding.pages import neighbours as find_neighbours
from issues.finding.pages import paginate
from issues.finding.snippets import add_snippets, with_texts
from issues.models import Issue
from issues.query import QueryError
from issues.views.listing import INPUTS, USUAL, Listing
from issuetracker.keyset import CursorError
from products.access import can, is_person
from products.pages import at_product

COUNTED = 1000
MINE = 30
ROW = ("product", "status", "component", "milestone", "assignee")


@require_safe
def issues(request):
    """List the issues of all products."""
    return render(request, "issues/list.html", _list(request, None))


@require_safe
@at_product
def product_issues(request, product):
    """List the issues of one product."""
    return render(request, "issues/list.html", _list(request, product))


def _list(request, product):
    listing = Listing(request.GET, request.user, product)
    seen = Issue.objects.visible_to(request.user)
    if product is not None:
        seen = seen.filter(product=product)
    rows = listing.asked.apply(seen)
    if listing.group:
        return {**_common(request, listing), "sections": _sections(rows, listing), "issues": []}
    page = _page(rows, listing)
    add_snippets(page.rows, listing.asked)
    count = page.count if listing.asked.is_ranked else page.rows[0].counted if page.rows else 0
    return {
        **_common(request, listing),
        "issues": page.rows,
        "next": listing.cursor_address(page.next),
        "previous": listing.cursor_address(page.previous),
        "first": listing.address() if page.previous else None,
        "count": count,
        "capped": count > COUNTED,
    }


def _common(request, listing):
    """Return what every list shows, in sections or not."""
    product = listing.product
    return {
        "product": product,
        "listing": listing,
        "cap": COUNTED,
        "inputs": INPUTS,
        "list": listing.reference,
        "may_create": product is None or can(request.user, "create", product),
    }


def _sections(rows, listing):
    """Return the sections as `{"title", "address", "more", "issues"}`."""
    found = sections(rows, listing.asked, listing.group)
    ids = [pk for section in found for pk in section.ids]
    issues = _shown(Issue.objects.filter(pk__in=ids)).in_bulk()
    return [
        {
            "title": section.title,
            "address": listing.of_group(section.value),
            "more": section.more,
            "issues": [issues[pk] for pk in section.ids if pk in issues],
        }
        for section in found
    ]


def _shown(rows):
    """Return `rows` with what a row of the list shows."""
    shown = rows.select_related(*ROW).defer("description", "description_html", "product__description")
    return shown.annotate(label_rows=label_rows())


def _page(rows, listing):
    product = listing.product.key if listing.product else ""
    bound = f"{listing.user.pk} {product} {listing.asked.canonical}"
    shown = with_texts(_shown(rows), listing.asked)
    if not listing.asked.is_ranked:
        shown = shown.annotate(counted=capped_count(rows, COUNTED))
    try:
        return paginate(shown, listing.asked, size=listing.size, cursor=listing.cursor, bound=bound)
    except CursorError:
        return paginate(shown, listing.asked, size=listing.size, bound=bound)


def neighbours(request, issue):
    """Return the place of `issue` in the list that its page was opened from, or None.

    The place has `previous` and `next` (issues or None), `number`, `reference` and the list's `address`.
    """
    reference = request.GET.get("list", "")
    if not reference:
        return None
    params = QueryDict(reference)
    key = params.get("in", "")
    try:
        asked = search(request.user, text=params.get("q", ""), product=key or None)
    except QueryError:
        return None
    seen = Issue.objects.visible_to(request.user)
    if key:
        seen = seen.filter(product__key=key)
    rows = asked.apply(seen).select_related("product").only("number", "product__key")
    before, after, number = find_neighbours(rows, asked, issue)
    address = f"/products/{key}/issues/" if key else "/issues/"
    return {
        "previous": before,
        "next": after,
        "number": number,
        "reference": reference,
        "address": f"{address}?{urlencode([('q', asked.canonical)])}",
    }


@require_safe
def my_work(request):
    """Show what is assigned to the reader and what they have reported; others are sent to the list."""
    if not is_person(request.user):
        return redirect("issues")
    seen = _shown(Issue.objects.visible_to(request.user).open())
    assigned = seen.filter(assignee=request.user).order_by("-updated_at", "-id")
    reported = seen.filter(author=request.user).exclude(assignee=request.user).order_by("-updated_at", "-id")
    context = {"assigned": assigned[:MINE], "reported": reported[:MINE], "limit": MINE, "columns": USUAL}
    return render(request, "issues/my_work.html", context)
