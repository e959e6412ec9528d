"""Saved views: the list of them, the list of issues that each is, and what can be done to them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.addresses import own_address
from history.errors import Stale, Unreadable
from issues import services
from issues.finding import counting
from issues.forms import ViewForm
from issues.models import SavedView
from issues.services.views import PINS_LIMIT
from issues.views.lists import answer
from issuetracker.keyset import Key
from products.access import can
from products.numbers import read_number
from products.pages import (
    add_errors,
    by_form,
    explained,
    go_back,
    paged,
    tell_conflicts,
    tell_done,
    version_for,
    version_of,
)


def find_view(user, pk):
    """Return the SavedView of that id, if `user` sees it. Raises Http404."""
    number = read_number(str(pk))
    seen = SavedView.objects.visible_to(user).with_pins_of(user).select_related("product", "owner")
    view = seen.filter(pk=number).first() if number is not None else None
    if view is None:
        raise Http404
    return view


@require_safe
def views(request):
    """List the views that the reader may see."""
    seen = SavedView.objects.visible_to(request.user).with_pins_of(request.user).select_related("product", "owner")
    context = paged(request, seen, (Key("name"), Key("id")))
    for view in context["rows"]:
        view.may_edit = can(request.user, "edit_view", view)
    return render(request, "issues/views.html", context)


@require_safe
@explained
def view(request, pk):
    """Show the list of issues that a view is; further parameters change it, for this once."""
    found = find_view(request.user, pk)
    return answer(request, found.product, found)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def new_view(request):
    """Save a list as a view."""
    form = ViewForm(request.POST or None, user=request.user, initial=_initial(request.GET))
    if form.is_valid():
        made = _written(form, lambda fields: services.create_view(actor=request.user, via="web", **fields))
        if made:
            tell_done(request, _("The view “%(name)s” is saved.") % {"name": made.name})
            return redirect(made)
    context = {"form": form, "back": _list_of(form)}
    return render(request, "issues/view_form.html", context, status=400 if form.errors else 200)


def _list_of(form):
    """Return the address of the list that a refused `form` was to save, or of the views where nothing was sent yet."""
    if not form.is_bound:
        return reverse("views")
    product, sent = form.cleaned_data.get("product"), form.data
    home = reverse("product-issues", args=[product.key]) if product else reverse("issues")
    asked = {"q": sent.get("query", ""), "group": sent.get("group", ""), "columns": sent.getlist("columns")}
    return own_address(f"{home}?{urlencode(asked, doseq=True)}") or home


def _initial(params):
    return {**params.dict(), "columns": params.getlist("columns")}


def _written(form, write):
    """Return what `write(fields)` returns, or None, with what the service refuses beside its field."""
    try:
        return write(dict(form.cleaned_data))
    except ValidationError as error:
        add_errors(form, error)
    except Unreadable as error:
        form.add_error("query", [problem["message"] for problem in error.errors["query"]])
    return None


def _present(view):
    present = {name: getattr(view, name) for name in ("name", "query", "columns", "group", "shared", "is_default")}
    return {**present, "product": view.product and view.product.key}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def edit(request, pk):
    """Change what a view is called, what it asks for, and who sees it."""
    found = find_view(request.user, pk)
    form = ViewForm(request.POST or None, user=request.user, view=found, initial=_present(found))
    version = version_for(request, found)
    options = {"actor": request.user, "via": "web", "expected_version": version}
    try:
        changed = form.is_valid() and _written(form, lambda fields: services.update_view(found, **options, **fields))
        if changed:
            _tell_changed(request, changed)
            return redirect(changed)
    except Stale as stale:
        found = stale.current
        version = found.lock_version
        tell_conflicts(form, _present(found))
    context = {"form": form, "saved_view": found, "version": version}
    context["may_edit_view"] = can(request.user, "edit_view", found)
    return render(request, "issues/view_form.html", context, status=400 if form.errors else 200)


@by_form
@explained
def save(request, pk):
    """Make a view what its list has been changed to."""
    found, sent = find_view(request.user, pk), request.POST
    asked = {"query": sent.get("query", ""), "group": sent.get("group", ""), "columns": sent.getlist("columns")}
    changed = services.update_view(found, actor=request.user, via="web", expected_version=version_of(request), **asked)
    _tell_changed(request, changed)
    return redirect(changed)


@by_form
@explained
def pin(request, pk):
    """Put a view into the reader's side bar, or take it away from there."""
    found = find_view(request.user, pk)
    services.pin_view(found, actor=request.user, via="web", pinned="pinned" in request.POST)
    return go_back(request, found.get_absolute_url())


@by_form
@explained
def delete(request, pk):
    """Delete a view; undo brings it back."""
    gone = services.archive_view(find_view(request.user, pk), actor=request.user, via="web")
    tell_done(request, _("The view “%(name)s” is deleted.") % {"name": gone.name})
    return go_back(request, reverse("views"))


def _tell_changed(request, view):
    """Say that a view was changed; where nothing was, there is nothing to undo."""
    if request.batches:
        tell_done(request, _("The view “%(name)s” is changed.") % {"name": view.name})
    else:
        messages.success(request, _("The view “%(name)s” is as it was.") % {"name": view.name})


@require_safe
def counts(request):
    """Answer with how many issues the side bar leads to, by view, and where any wait: `{"counts": {id: text}}`."""
    pinned = SavedView.objects.none()
    if request.user.is_authenticated:
        pinned = SavedView.objects.pinned_by(request.user).select_related("product")[:PINS_LIMIT]
    counted = counting.counts(pinned, request.user).items()
    told = {what: _told(number) for what, number in counted if number or what not in counting.WAITING}
    return JsonResponse({"counts": told}, headers={"Cache-Control": "private, no-store"})


def _told(number):
    capped = floatformat(min(number, counting.CAP), "0g")
    return f"{capped}+" if number > counting.CAP else capped
