"""Lists of issues, and what is mine."""

from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from issues import filters
from issues.columns import capped_count, label_rows
from issues.models import Category, Issue, Priority, Severity
from issuetracker import keyset
from products.access import can, is_person
from products.pages import at_product

COUNTED = 1000
SIZES = (25, 50, 100)
SIZE = 50
MINE = 30
# Where one of these is asked for, the list says by it which states it shows.
STATEFUL = ("is", "status", "category", "resolution")
SORT_NAMES = {
    "updated-desc": _("Updated"),
    "created-desc": _("Newest"),
    "created-asc": _("Oldest"),
    "priority-desc": _("Priority"),
    "severity-desc": _("Severity"),
    "due-asc": _("Due date"),
    "status-asc": _("Status"),
    "number-desc": _("Number"),
}
CHOICES = (
    ("is", _("State"), [("open", _("open")), ("closed", _("closed")), ("untriaged", _("untriaged"))]),
    ("category", _("Category"), Category.choices),
    ("type", _("Type"), Issue.Type.choices),
    ("priority", _("Priority"), [(row.name.lower(), row.label) for row in reversed(Priority)]),
    ("severity", _("Severity"), [(row.name.lower(), row.label) for row in reversed(Severity)]),
)
INPUTS = (
    ("assignee", _("Assignee")),
    ("author", _("Author")),
    ("component", _("Component")),
    ("label", _("Label")),
    ("milestone", _("Milestone")),
)
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
    params = request.GET.copy()
    if not any(name in params for name in STATEFUL):
        params["is"] = "open"
    asked, errors = _parse(params, request.user, product)
    seen = Issue.objects.visible_to(request.user)
    if product is not None:
        seen = seen.filter(product=product)
    rows = asked.apply(seen)
    size = _size(params)
    page = _page(rows, asked, request, product, size)
    count = page.rows[0].counted if page.rows else 0
    return {
        "product": product,
        "asked": asked,
        "errors": errors,
        "issues": page.rows,
        "next": _address(asked, size, page.next),
        "previous": _address(asked, size, page.previous),
        "first": _address(asked, size, "") if page.previous else None,
        "count": count,
        "capped": count > COUNTED,
        "cap": COUNTED,
        "chips": _chips(asked, size),
        "sorts": [(name, said, _address(asked, size, "", sort=name)) for name, said in SORT_NAMES.items()],
        "sort_name": SORT_NAMES.get(asked.sort, asked.sort),
        "sizes": [(one, _address(asked, one, "")) for one in SIZES],
        "size": size,
        "choices": _choices(asked, size),
        "inputs": [(name, said, dict(asked.terms).get(name, "")) for name, said in INPUTS],
        "kept": [(name, text) for name, text in _terms(asked, size) if name not in dict(INPUTS)],
        "list": list_reference(asked, product),
        "may_create": product is None or can(request.user, "create", product),
        "filtered": asked.terms != (("is", "open"),),
    }


def _parse(params, user, product):
    """Return the filters, and the errors of those parameters that had to be left out."""
    errors: dict = {}
    params = params.copy()
    while True:
        try:
            return filters.parse(params, user, product), errors
        except ValidationError as error:
            errors |= error.message_dict
            for name in error.message_dict:
                params.pop(name, None)


def _size(params):
    given = params.get("page_size", "")
    return int(given) if given.isdecimal() and int(given) in SIZES else SIZE


def _page(rows, asked, request, product, size):
    bound = f"{request.user.pk} {product.key if product else ''} {asked.canonical}"
    shown = rows.select_related(*ROW).defer("description", "description_html", "product__description")
    shown = shown.annotate(label_rows=label_rows(), counted=capped_count(rows, COUNTED))
    cursor = request.GET.get("cursor", "")
    try:
        return keyset.paginate(shown, asked.ordering, size=size, cursor=cursor, bound=bound)
    except keyset.CursorError:
        return keyset.paginate(shown, asked.ordering, size=size, bound=bound)


def _terms(asked, size):
    terms = list(asked.terms)
    if not any(name in STATEFUL for name, _text in terms):
        terms.append(("is", ""))
    if asked.sort != filters.DEFAULT_SORT:
        terms.append(("sort", asked.sort))
    return terms if size == SIZE else [*terms, ("page_size", size)]


def _address(asked, size, cursor, sort=None):
    """Return the query string of this list at another place or in another order; None where there is no cursor."""
    if cursor is None:
        return None
    terms = [(name, text) for name, text in _terms(asked, size) if name != "sort" or sort is None]
    if sort not in (None, filters.DEFAULT_SORT):
        terms.append(("sort", sort))
    return "?" + urlencode([*terms, ("cursor", cursor)] if cursor else terms)


def _chips(asked, size):
    """Return `(name, text, address without it)` of each term."""
    return [(name, text.replace(",", ", "), _without(asked, size, (name, text))) for name, text in asked.terms]


def _without(asked, size, term):
    left = [one for one in _terms(asked, size) if one != term]
    if not any(name in STATEFUL for name, _text in left):
        left.append(("is", ""))
    return "?" + urlencode(left)


def _choices(asked, size):
    """Return `(heading, [(label, address, whether it is chosen)])` for the filters that are links."""
    groups = []
    for name, heading, options in CHOICES:
        chosen = dict(asked.terms).get(name, "").split(",")
        kept = [one for one in _terms(asked, size) if one[0] != name]
        links = [(said, "?" + urlencode([*kept, (name, value)]), value in chosen) for value, said in options]
        groups.append((heading, links))
    return groups


def list_reference(asked, product):
    """Return what an issue's page needs to know which list it was opened from."""
    terms = [*asked.terms, ("sort", asked.sort)]
    return urlencode([("in", product.key), *terms] if product else terms)


def neighbours(request, issue):
    """Return the place of `issue` in the list that its page was opened from, or None.

    The place has `previous` and `next` (issues or None), `number`, `reference` and the list's `address`.
    """
    reference = request.GET.get("list", "")
    if not reference:
        return None
    params = QueryDict(reference)
    key = params.get("in", "")
    seen = Issue.objects.visible_to(request.user)
    try:
        asked = filters.parse(params, request.user, key or None)
    except ValidationError:
        return None
    if key:
        seen = seen.filter(product__key=key)
    rows = asked.apply(seen).select_related("product").only("number", "product__key")
    before = keyset.following(rows, asked.ordering, issue, backwards=True)
    after = keyset.following(rows, asked.ordering, issue)
    terms = [*asked.terms, ("sort", asked.sort)] if asked.terms else [("is", ""), ("sort", asked.sort)]
    return {
        "previous": before.first(),
        "next": after.first(),
        "number": before.order_by()[:COUNTED].count() + 1,
        "reference": reference,
        "address": (f"/products/{key}/issues/" if key else "/issues/") + "?" + urlencode(terms),
    }


@require_safe
def my_work(request):
    """Show what is assigned to the reader and what they have reported; others are sent to the list."""
    if not is_person(request.user):
        return redirect("issues")
    seen = Issue.objects.visible_to(request.user).open().select_related(*ROW)
    seen = seen.defer("description", "description_html", "product__description").annotate(label_rows=label_rows())
    assigned = seen.filter(assignee=request.user).order_by("-updated_at", "-id")
    reported = seen.filter(author=request.user).exclude(assignee=request.user).order_by("-updated_at", "-id")
    context = {"assigned": assigned[:MINE], "reported": reported[:MINE], "limit": MINE, "now_reading": request.user}
    return render(request, "issues/my_work.html", context)
