"""The pages of products with their issues: all products, one at a glance, its trash, and what is done for good."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F, OuterRef
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from issues import services
from issues.columns import capped_count
from issues.models import Attachment, Comment, Issue
from issues.timeline import recent
from issuetracker.keyset import Key
from products.access import authorize, can
from products.models import Component, Milestone, Product
from products.pages import ARCHIVED_LAST, above, ask_first, at_product, by_form, explained, paged, version_of

CAP = 1000
LISTED = 200
ACTIVITY = 12


@require_safe
def products(request):
    """List the products that the reader may see, with how much is open and waits for triage."""
    seen = Product.objects.visible_to(request.user).select_related("owner").defer("description")
    own = Issue.objects.visible_to(request.user).open().filter(product=OuterRef("pk"))
    listed = seen.annotate(open=capped_count(own, CAP), untriaged=capped_count(own.in_triage(), CAP))
    context = {
        **paged(request, listed, (ARCHIVED_LAST, Key("key"))),
        "trashed": Product.objects.trashed_for(request.user)[:LISTED] if request.user.is_authenticated else [],
        "may_create": can(request.user, "create_product"),
        "cap": CAP,
    }
    return render(request, "products/products.html", context)


@require_safe
@at_product
def product(request, product):
    """Show a product at a glance: numbers, components, milestones, and what was done last."""
    seen = Issue.objects.visible_to(request.user).filter(product=product)
    context = {
        **above(request.user, product, "overview"),
        "numbers": _numbers(seen, product),
        "components": _components(seen, product),
        "milestones": _milestones(seen, product),
        "recent": recent(product, request.user, ACTIVITY),
        "cap": CAP,
    }
    return render(request, "products/product.html", context)


def _numbers(seen, product):
    """Return how many issues wait for triage, are open and are closed, each counted no further than to the cap."""
    one = Product.objects.filter(pk=product.pk).annotate(
        untriaged=capped_count(seen.open().in_triage(), CAP),
        open=capped_count(seen.open(), CAP),
        unassigned=capped_count(seen.open().filter(assignee=None), CAP),
        closed=capped_count(seen.closed(), CAP),
    )
    return one.values("untriaged", "open", "unassigned", "closed").get()


def _components(seen, product):
    """Return the components with their open issues, counted no further than to the cap."""
    own = seen.open().filter(component=OuterRef("pk"))
    rows = Component.objects.active().filter(product=product).select_related("triage_owner")
    return rows.annotate(open=capped_count(own, CAP), untriaged=capped_count(own.in_triage(), CAP))[:LISTED]


def _milestones(seen, product):
    own = seen.filter(milestone=OuterRef("pk"))
    rows = Milestone.objects.active().filter(product=product, state=Milestone.State.OPEN)
    counted = rows.annotate(total=capped_count(own, CAP), closed=capped_count(own.closed(), CAP))
    return counted.order_by(F("due_on").asc(nulls_last=True), "name")[:LISTED]


@login_required
@require_safe
@at_product
def trash(request, product):
    """List what is in the trash of a product."""
    authorize(request.user, "restore", product)
    issues = Issue.objects.trashed_for(request.user).filter(product=product).select_related("product", "deleted_by")
    comments = Comment.objects.trashed_for(request.user).filter(issue__product=product)
    files = Attachment.objects.trashed_for(request.user).filter(issue__product=product)
    context = {
        **above(request.user, product, "trash"),
        "files": files.select_related("issue__product", "deleted_by").order_by("-deleted_at")[:LISTED],
        "issues": issues.defer("description", "description_html").order_by("-deleted_at")[:LISTED],
        "comments": comments.select_related("issue__product", "author", "deleted_by").order_by("-deleted_at")[:LISTED],
    }
    return render(request, "products/trash.html", context)


@by_form
@at_product
def redact(request, product):
    """Blank the description of a product for good."""
    authorize(request.user, "redact", product)
    title = _("Blank the description of %(key)s for good?") % {"key": product.key}
    detail = _("The text is removed here and from the whole history, for everybody. This cannot be undone.")
    back = reverse("product-settings", args=[product.key])
    asking = ask_first(request, title, detail, _("Blank it for good"), back=back)
    if asking:
        return asking
    services.redact(product, "description", actor=request.user, via="web")
    messages.success(request, _("It is redacted, here and in its history."))
    return redirect("product-settings", product.key)


@by_form
@explained
def purge(request, key):
    """Delete a product that is in the trash for good, with its issues and its history."""
    product = get_object_or_404(Product.objects.trashed_for(request.user), key=key)
    authorize(request.user, "purge", product)
    title = _("Delete %(title)s for good?") % {"title": product.title}
    detail = _("All its issues and its history are deleted, for everybody. This cannot be undone.")
    asking = ask_first(request, title, detail, _("Delete it for good"), back=reverse("products"))
    if asking:
        return asking
    services.purge(product, actor=request.user, via="web", expected_version=version_of(request))
    messages.success(request, _("%(key)s is deleted for good.") % {"key": key})
    return redirect("products")
