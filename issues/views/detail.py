"""The page of one issue, and the pages on which it is made and edited."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from history.errors import Stale
from issues import services
from issues.forms import CommentForm, IssueForm, RelationForm, fields_to_create, fields_to_edit
from issues.timeline import timeline
from issues.views.access import address_of, at_issue, list_of
from issues.views.fields import fields_of
from issues.views.lists import neighbours
from products.access import can, sees
from products.markdown import RENDER_LIMIT
from products.models import Product
from products.pages import add_errors, explained

LONG_TEXT = 4000


@require_safe
@at_issue
def issue(request, issue):
    """Show an issue."""
    return issue_page(request, issue)


def issue_page(request, issue, *, comment_form=None, relation_form=None, field_form=None, status=200):
    """Return the page of `issue`, with the forms that were not accepted."""
    entries, cut = timeline(issue, request.user, everything="all" in request.GET)
    show = request.GET.get("show", "")
    if show in ("comments", "changes"):
        entries = [entry for entry in entries if (entry.comment is None) == (show == "changes")]
    context = {
        **fields_of(request.user, issue),
        "may_maintain": can(request.user, "trash", issue),
        "may_redact": can(request.user, "redact", issue),
        "may_comment": can(request.user, "comment", issue),
        "may_comment_internally": can(request.user, "comment_internally", issue),
        "may_relate": can(request.user, "relate", issue),
        "parent": _shown(request.user, issue.parent),
        "original": _shown(request.user, issue.duplicate_of),
        "entries": entries,
        "cut": cut,
        "show": show,
        "place": neighbours(request, issue),
        "comment_form": comment_form or CommentForm(auto_id="comment-%s"),
        "relation_form": relation_form or RelationForm(user=request.user),
        "field_form": field_form,
        "here": address_of(request, issue),
        "as_plain_text": len(issue.description.encode()) > RENDER_LIMIT,
        "beginning": issue.description[:LONG_TEXT] if "text" not in request.GET else None,
    }
    return render(request, "issues/issue.html", context, status=status)


def _shown(user, other):
    return other if other is not None and other.deleted_at is None and sees(user, other) else None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def new(request):
    """Make an issue: first its product is chosen, then its fields."""
    key = request.POST.get("product") or request.GET.get("product")
    if not key:
        return _choose_product(request)
    product = Product.objects.visible_to(request.user).at(key)
    if product is None:
        raise Http404
    only = fields_to_create(request.user, product)
    options = {"user": request.user, "product": product, "only": only}
    if request.method == "POST":
        form = IssueForm(request.POST, **options)
        made = _make(form, product, request.user) if form.is_valid() else None
        if made is not None:
            messages.success(request, _("%(key)s is filed.") % {"key": made.key})
            return redirect("issue", made.key)
    else:
        form = IssueForm(initial=_prefilled(request.GET, only), **options)
        form.fields["title"].widget.attrs["autofocus"] = True
    context = {"form": form, "product": product, "may_create": can(request.user, "create", product)}
    return render(request, "issues/new.html", context, status=400 if form.errors else 200)


def _choose_product(request):
    seen = Product.objects.visible_to(request.user).active()
    products = [product for product in seen[:200] if can(request.user, "create", product)]
    if len(products) == 1:
        return redirect(f"{request.path}?product={products[0].key}")
    return render(request, "issues/choose_product.html", {"products": products})


def _prefilled(params, only):
    """Return the initial values of a form from an address; of labels there may be several."""
    return {name: params.getlist(name) if name == "labels" else params[name] for name in only if name in params}


def _make(form, product, user):
    try:
        return services.create_issue(product, actor=user, via="web", **form.changes())
    except ValidationError as error:
        add_errors(form, error)
        return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@at_issue
def edit(request, issue):
    """Edit all fields of an issue at once; two editors of the same field are shown each other's texts."""
    only = [name for name in fields_to_edit(request.user, issue) if name != "product"]
    if not only:
        services.update_issue(issue, actor=request.user, via="web")
    options = {"user": request.user, "product": issue.product, "only": only, "issue": issue}
    conflict = None
    if request.method == "POST":
        form = IssueForm(request.POST, **options)
        if form.is_valid():
            try:
                seen = int(request.POST.get("seen", ""))
                services.update_issue(issue, actor=request.user, via="web", seen=seen, **_changed(form))
                messages.success(request, _("%(key)s is saved.") % {"key": issue.key})
                return redirect(address_of(request, issue))
            except ValueError:
                form.add_error(None, _("This form is not whole. Reload the page, and try again."))
            except ValidationError as error:
                add_errors(form, error)
            except Stale as stale:
                conflict = _conflict(form, stale.current)
    else:
        form = IssueForm(initial=_present(issue), **options)
    current = conflict["current"] if conflict else issue
    context = {
        "issue": issue,
        "product": issue.product,
        "form": form,
        "conflict": conflict,
        "seen": current.event_count,
        "here": address_of(request, issue),
        "list": list_of(request),
        "was": [(name, text) for name in only for text in _texts(_present(current)[name])],
    }
    return render(request, "issues/edit.html", context, status=409 if conflict else 400 if form.errors else 200)


def _present(issue):
    """Return the values that the form shows for `issue`."""
    return {
        "title": issue.title,
        "description": issue.description,
        "type": issue.type,
        "status": issue.status.slug,
        "resolution": issue.resolution,
        "priority": issue.priority_slug,
        "severity": issue.severity_slug,
        "component": issue.component_id,
        "milestone": issue.milestone_id,
        "version": issue.version_id,
        "assignee": issue.assignee.username if issue.assignee else "",
        "labels": [label.pk for label in issue.label_list],
        "due_on": issue.due_on,
        "parent": issue.parent.key if issue.parent else "",
        "duplicate_of": issue.duplicate_of.key if issue.duplicate_of else "",
        "confidential": issue.confidential,
    }


def _texts(value):
    """Return a form's value as the texts that a browser would send for it."""
    if isinstance(value, list):
        return [str(one) for one in value]
    if value is True:
        return ["on"]
    return [] if value is False else ["" if value is None else str(value)]


def _touched(form):
    """Return the names of the fields that differ from what the form had shown."""
    data = form.data
    return [name for name in form.fields if _sent(data, f"was_{name}") != _sent(data, name)]


def _sent(data, name):
    return sorted(text.replace("\r\n", "\n") for text in data.getlist(name))


def _changed(form):
    """Return the changes of the fields that the person has touched: what was left as it was shown is no wish."""
    changes = form.changes()
    return {name: changes[name] for name in _touched(form) if name in changes}


def _conflict(form, current):
    """Return what the conflict view shows: of each touched field both texts."""
    present = _present(current)
    rows = [
        {"label": form.fields[name].label, "theirs": present[name] or "—", "mine": form.data.get(name) or "—"}
        for name in _touched(form)
        if name != "labels" and str(present[name] or "") != form.data.get(name, "")
    ]
    return {"current": current, "rows": rows}
