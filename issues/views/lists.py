"""Lists of issues, and what is mine."""

from functools import partial
from urllib.parse import urlencode

from django.http import QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from issues.finding import SearchError, queue, search
from issues.finding.counting import INBOX
from issues.finding.groups import sections
from issues.finding.pages import paginate_seen, position_of
from issues.finding.snippets import add_snippets
from issues.models import Issue, SavedView
from issues.query.tree import Ref
from issues.views.access import QUEUE, list_of, queue_at
from issues.views.listing import INPUTS, USUAL, Listing
from issues.views.live import is_asked, mark_of, render_part, unchanged
from issues.views.rows import read_rows
from issuetracker.keyset import at_or_first
from products.access import can, is_person
from products.models import Product
from products.pages import at_product, may_report

COUNTED = 1000
MINE = 30
# Each issue stands in the first of them alone.
SECTIONS = (
    ("asked", _("Asked of me"), INBOX),
    ("assigned", _("Assigned to me"), "is:open assignee:@me -needinfo:@me"),
    ("reported", _("Reported by me"), "is:open author:@me -assignee:@me -needinfo:@me"),
)


@require_safe
def issues(request):
    """List the issues of all products."""
    return answer(request, None)


@require_safe
@at_product
def product_issues(request, product):
    """List the issues of one product; the bare address leads to its default view."""
    default = None if request.GET else SavedView.objects.visible_to(request.user).default_of(product)
    return redirect(default) if default else answer(request, product)


def answer(request, product, view=None):
    """Return the page of the list of `product`, None for all, or of the saved `view`.

    A script gets what lies below the search box alone, or how long the list is, under the same address. Whoever sends
    the key of an issue alone is led to it; who comes back to that address, which does not say `go`, finds the list.
    """
    listing = Listing(request.GET, request.user, product, view)
    fragment = request.headers.get("X-Fragment")
    if fragment == "count":
        return render_part(request, "issues/_count.html", _length(_count(listing)))
    if is_asked(request, "results"):
        same = unchanged(request, _mark_now(listing))
        if same:
            return same
    alone = fragment == "results"
    named = _named(listing)
    if named and "go" in request.GET and not alone:
        return redirect(named)
    context = {**_listed(request, listing), "named": named}
    return render_part(request, "issues/_results.html" if alone else "issues/list.html", context)


def _named(listing):
    """Return the issue that the key or number is of which the whole query is, if there is one of it, else None.

    A key names the same issue in each list.
    """
    ref = listing.query.tree
    if not isinstance(ref, Ref) or listing.problems or listing.asked.needles:
        return None
    seen = Issue.objects.visible_to(listing.user).select_related("product")
    seen = seen if ref.product or not listing.product else seen.filter(product=listing.product)
    found = listing.asked.apply(seen)[:2]
    return found[0] if len(found) == 1 else None


def _mark_now(listing):
    """Return the mark of what the list would show, by one statement; "" where its order is not one to keep up with."""
    if listing.group:
        return _mark(listing, _with_versions(listing))
    return "" if listing.asked.is_ranked else _mark(listing, _page(listing, _versions).rows)


def _mark(listing, shown):
    # The same rows look different to who may change them, whoever signs out is told; and so they do in a view that
    # others have changed.
    return mark_of(listing.user.pk, str(listing.title), listing.home, *shown)


def _versions(found):
    return {pk: (pk, version) for pk, (version, *_) in found.items()}


def _with_versions(listing):
    found, _cut = sections(listing.asked, listing.group)
    issues = Issue.objects.filter(pk__in=[pk for one in found for pk in one.ids]).only("lock_version").in_bulk()
    return [piece for one in found for piece in (one.title, *(issues[pk] for pk in one.ids if pk in issues))]


def _listed(request, listing):
    """Return what the page shows of a list."""
    if listing.group:
        parts, cut = _sections(listing)
        mark = _mark(listing, [piece for one in parts for piece in (one["title"], *one["issues"])])
        return {**_common(request, listing), "sections": parts, "cut": cut, "issues": [], "mark": mark}
    page = _page(listing, partial(read_rows, user=listing.user, searched=bool(listing.asked.needles)))
    add_snippets(page.rows, listing.asked)
    count = page.count
    if count is None and not (page.next or page.previous):
        count = len(page.rows)
    if count is None and listing.is_counted:
        count = _count(listing)
    return {
        **_common(request, listing),
        "issues": page.rows,
        "next": listing.cursor_address(page.next),
        "previous": listing.cursor_address(page.previous),
        "first": listing.address() if page.previous else None,
        **_length(count),
        "mark": "" if listing.asked.is_ranked else _mark(listing, page.rows),
    }


def _common(request, listing):
    """Return what every list shows, in sections or not."""
    product = listing.product
    return {
        "product": product,
        "listing": listing,
        "inputs": INPUTS,
        "list": listing.reference,
        "saved_view": listing.view,
        "may_edit_view": listing.view is not None and can(request.user, "edit_view", listing.view),
        "may_share": can(request.user, "share_view", product),
        "may_create": product is None or may_report(request.user, product),
        "may_create_product": product is None and can(request.user, "create_product"),
    }


def _sections(listing):
    """Return the sections as dictionaries for the template, and whether there may be others."""
    found, cut = sections(listing.asked, listing.group)
    issues = read_rows([pk for section in found for pk in section.ids], listing.user)
    shown = [
        {
            "title": section.title,
            "address": listing.of_group(section.value),
            "more": section.more,
            "count": section.count,
            "uncounted": section.uncounted,
            "issues": [issues[pk] for pk in section.ids if pk in issues],
        }
        for section in found
    ]
    return shown, cut


def _page(listing, fetch):
    """Return the Page of the rows that `fetch` reads; of a cursor that is good for nothing, the first."""
    product = listing.product.key if listing.product else ""
    asked = listing.asked
    bound = f"{listing.user.pk} {product} {asked.canonical}"
    return at_or_first(partial(paginate_seen, asked, fetch, size=listing.size, bound=bound), listing.cursor)


def _count(listing):
    """Return how long the list is, no further than to the cap and one. It takes longer than to read a page of it."""
    return paginate_seen(listing.asked, dict, cap=COUNTED, size=1).count


def _length(count):
    """Return what a page tells of the length of its list; None is not known, but that there is more than one page."""
    return {"count": count, "capped": count is not None and count > COUNTED, "cap": COUNTED}


def place_in_list(request, issue):
    """Return the place of `issue` in the list or the queue that its page was opened from, or None.

    It is what `issues.finding.pages.Position` says, and the `reference`, `address` and `title` of the list or queue.
    """
    reference = list_of(request)
    params = QueryDict(reference)
    key = params.get("in", "")
    # What stood encoded within a parameter, nobody has looked at yet.
    if not reference or "\x00" in key:
        return None
    title = _title(request.user, key, issue) if key else ""
    if title is None:
        return None
    try:
        # A moment stands for a minute, in which the statement need not be compiled again.
        now = timezone.now().replace(second=0, microsecond=0)
        asked = search(request.user, text=params.get("q", ""), product=key or None, now=now)
    except SearchError as error:
        if QUEUE not in params:
            return None
        # The queue shows what can be understood, and so it goes on.
        asked = error.found
    if QUEUE in params:
        position = position_of(issue, queue.in_sections(queue.queue_of(asked)), COUNTED)
        at = issue.key if position.number else ""
        title = _("Triage")
        address = f"{reverse('triage')}{queue_at(key, params.get('q', ''), at, params.get('cursor', ''))}"
    else:
        position = position_of(issue, asked, COUNTED)
        address = f"/products/{key}/issues/" if key else "/issues/"
        address = f"{address}?{urlencode([('q', asked.canonical)])}"
    return {**position._asdict(), "cap": COUNTED, "title": title, "reference": reference, "address": address}


def _title(user, key, issue):
    """Return the title of the product with that key, mostly that of `issue`; None where `user` sees none."""
    if issue.product.key == key:
        return issue.product.title
    return Product.objects.visible_to(user).filter(key=key).values_list("title", flat=True).first()


@require_safe
def my_work(request):
    """Show what the reader is asked, what is assigned to them and what they have reported; others go to the list."""
    if not is_person(request.user):
        return redirect("issues")
    seen = Issue.objects.visible_to(request.user).order_by("-updated_at", "-id").values_list("pk", "lock_version")
    versions = {name: list(search(request.user, text=text).apply(seen)[:MINE]) for name, _said, text in SECTIONS}
    mark = mark_of(*versions.items())
    if is_asked(request, "results"):
        same = unchanged(request, mark)
        if same:
            return same
    rows = read_rows([pk for found in versions.values() for pk, _version in found], request.user)
    shown = [
        {
            "name": name,
            "title": title,
            "list": urlencode([("q", text)]),
            "issues": [rows[pk] for pk, _version in versions[name] if pk in rows],
        }
        for name, title, text in SECTIONS
        if versions[name]
    ]
    context = {"sections": shown, "limit": MINE, "columns": USUAL, "mark": mark}
    context["may_create_product"] = can(request.user, "create_product")
    alone = request.headers.get("X-Fragment") == "results"
    return render_part(request, "issues/_my_work.html" if alone else "issues/my_work.html", context)
