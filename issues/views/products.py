"""The pages that show products with their issues: all products, one product at a glance, and its trash."""

from django.contrib.auth.decorators import login_required
from django.db.models import F, OuterRef
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues.columns import capped_count
from issues.models import Attachment, Comment, Issue
from issues.timeline import recent
from issuetracker.keyset import Key
from products.access import authorize, can
from products.models import Component, Milestone, Product
from products.pages import ARCHIVED_LAST, at_product, paged

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
        "product": product,
        "page": "overview",
        "numbers": _numbers(seen, product),
        "components": _components(seen, product),
        "milestones": _milestones(seen, product),
        "recent": recent(product, request.user, ACTIVITY),
        "may_create": can(request.user, "create", product),
        "may_unarchive": can(request.user, "unarchive", product),
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
        "product": product,
        "page": "trash",
        "files": files.select_related("issue__product", "deleted_by").order_by("-deleted_at")[:LISTED],
        "issues": issues.defer("description", "description_html").order_by("-deleted_at")[:LISTED],
        "comments": comments.select_related("issue__product", "author", "deleted_by").order_by("-deleted_at")[:LISTED],
    }
    return render(request, "products/trash.html", context)
