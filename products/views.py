"""The pages on which a product is made and looked after: its parts, members and settings."""

from django import conf
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from history.errors import Stale
from issuetracker.keyset import Key
from products import services
from products.access import authorize, can, forget_roles
from products.forms import FORMS, MemberForm, ProductForm
from products.models import Component, Label, Member, Milestone, Product, Version
from products.pages import (
    ARCHIVED_LAST,
    above,
    add_errors,
    ask_first,
    at_product,
    by_form,
    explained,
    go_back,
    paged,
    tell_conflicts,
    tell_done,
    version_for,
    version_of,
)

KINDS = {"components": Component, "milestones": Milestone, "versions": Version, "labels": Label}
TEXTS = {
    "components": (gettext_lazy("Components"), gettext_lazy("The parts of the product, and who triages them.")),
    "milestones": (gettext_lazy("Milestones"), gettext_lazy("Dates and releases that work is planned for.")),
    "versions": (gettext_lazy("Versions"), gettext_lazy("Where bugs are found and fixed.")),
    "labels": (
        gettext_lazy("Labels"),
        gettext_lazy("Marks on issues. Those that begin with the same “group/” exclude one another."),
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def new(request):
    """Make a product."""
    authorize(request.user, "create_product")
    form = ProductForm(request.POST or None)
    if not form.is_bound:
        form.fields["title"].widget.attrs["autofocus"] = True
    if form.is_valid():
        try:
            product = services.create_product(actor=request.user, via="web", **form.cleaned_data)
            return redirect(product)
        except ValidationError as error:
            add_errors(form, error)
    return render(request, "products/new.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@at_product
def settings(request, product):
    """Show the settings of a product, and change them."""
    may_edit = can(request.user, "maintain", product)
    version = version_for(request, product)
    if request.method == "POST":
        form = ProductForm(request.POST)
        if form.is_valid():
            try:
                changed = services.update_product(
                    product, actor=request.user, via="web", expected_version=version, **form.cleaned_data
                )
                tell_done(request, _("The settings are saved."))
                return redirect("product-settings", changed.key)
            except ValidationError as error:
                add_errors(form, error)
            except Stale as stale:
                product = stale.current
                version = product.lock_version
                tell_conflicts(form, _present(product))
    else:
        form = ProductForm(initial=_present(product))
    context = {**above(request.user, product, "settings"), "form": form, "version": version, "may_edit": may_edit}
    context["may_unarchive"] = can(request.user, "unarchive", product)
    context["may_redact"] = product.description and can(request.user, "redact", product)
    return render(request, "products/settings.html", context, status=400 if form.errors else 200)


def _present(row):
    """Return the values that a form shows for `row`; people by their user names."""
    fields = ProductForm.base_fields if isinstance(row, Product) else FORMS[type(row)].base_fields
    values = {name: getattr(row, name) for name in fields}
    return {name: getattr(value, "username", value) for name, value in values.items()}


@by_form
@at_product
def archive(request, product):
    """Archive a product, or take it out again."""
    archived = request.POST.get("archived") == "yes"
    services.update_product(product, actor=request.user, via="web", archived=archived)
    tell_done(request, _("The product is archived.") if archived else _("The product is in use again."))
    return redirect("product-settings", product.key)


@by_form
@at_product
def trash(request, product):
    """Move a product with its issues to the trash."""
    authorize(request.user, "trash", product)
    title = _("Move %(title)s to the trash?") % {"title": product.title}
    detail = _("All its issues go with it, for everybody. It can be restored for 30 days; then it is deleted for good.")
    asking = ask_first(request, title, detail, _("Move it to the trash"))
    if asking:
        return asking
    gone = services.trash_product(product, actor=request.user, via="web")
    tell_done(request, _("%(key)s is in the trash for 30 days.") % {"key": gone.key})
    return redirect("products")


@by_form
@explained
def restore(request, key):
    """Take a product out of the trash."""
    product = get_object_or_404(Product.objects.trashed_for(request.user), key=key)
    services.restore_product(product, actor=request.user, via="web")
    # Undone, its page would be there no more.
    tell_done(request, _("%(key)s is out of the trash.") % {"key": product.key}, may_undo=False)
    return redirect(product)


@require_http_methods(["GET", "HEAD", "POST"])
@at_product
def parts(request, product, kind):
    """List the components, milestones, versions or labels of a product, and add one."""
    form = None
    if request.method == "POST":
        form = FORMS[KINDS[kind]](request.POST)
        if form.is_valid():
            try:
                made = services.create_part(
                    KINDS[kind], product=product, actor=request.user, via="web", **form.cleaned_data
                )
                messages.success(request, _("%(name)s is added.") % {"name": made.name})
                return redirect(f"product-{kind}", product.key)
            except ValidationError as error:
                add_errors(form, error)
    return _parts_page(request, product, kind, form=form)


def _parts_page(request, product, kind, *, form=None):
    model = KINDS[kind]
    rows = model.objects.filter(product=product)
    if model is Component:
        rows = rows.select_related("triage_owner", "default_assignee")
    title, lead = TEXTS[kind]
    context = {
        **above(request.user, product, kind),
        "title": title,
        "lead": lead,
        **paged(request, rows, (ARCHIVED_LAST, Key("name"), Key("id"))),
        "form": form or FORMS[model](auto_id="new_%s"),
        "may_edit": can(request.user, "maintain", product),
    }
    return render(request, "products/parts.html", context, status=400 if form and form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@at_product
def part(request, product, kind, pk):
    """Edit a component, milestone, version or label."""
    row = get_object_or_404(KINDS[kind].objects.filter(product=product), pk=pk)
    authorize(request.user, "maintain", product)
    version = version_for(request, row)
    if request.method == "POST":
        form = FORMS[KINDS[kind]](request.POST)
        if form.is_valid():
            try:
                changed = services.update_part(
                    row, actor=request.user, via="web", expected_version=version, **form.cleaned_data
                )
                tell_done(request, _("%(name)s is saved.") % {"name": changed.name})
                return redirect(f"product-{kind}", product.key)
            except ValidationError as error:
                add_errors(form, error)
            except Stale as stale:
                row = stale.current
                version = row.lock_version
                tell_conflicts(form, _present(row))
    else:
        form = FORMS[KINDS[kind]](initial=_present(row))
    context = {"product": product, "page": kind, "title": TEXTS[kind][0], "row": row, "form": form, "version": version}
    return render(request, "products/part.html", context, status=400 if form.errors else 200)


@by_form
@at_product
def archive_part(request, product, kind, pk):
    """Archive a component, milestone, version or label, or take it out again."""
    row = get_object_or_404(KINDS[kind].objects.filter(product=product), pk=pk)
    archived = request.POST.get("archived") == "yes"
    changed = services.update_part(row, actor=request.user, via="web", archived=archived)
    said = _("%(name)s is archived.") if archived else _("%(name)s is in use again.")
    tell_done(request, said % {"name": changed.name})
    return go_back(request, reverse(f"product-{kind}", args=[product.key]))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@at_product
def members(request, product):
    """List the members of a product, and add or change one."""
    form, status = MemberForm(request.POST or None), 400
    if form.is_valid():
        try:
            _set_member(request, product, form.cleaned_data["user"], form.cleaned_data["role"], version_of(request))
            return go_back(request, request.path)
        except ValidationError as error:
            add_errors(form, error)
        except Stale as stale:
            said = {"user": form.cleaned_data["user"].name, "role": stale.current.get_role_display()}
            form.add_error(None, _("%(user)s is %(role)s now: change that in the table.") % said)
            status = 409
    context = {
        **above(request.user, product, "members"),
        **paged(request, product.members.select_related("user"), (Key("user__username"),)),
        "form": form,
        "roles": MemberForm.base_fields["role"].choices,
        "may_edit": can(request.user, "maintain", product),
        "invites": conf.settings.SIGNUP != "closed",
        "may_make_accounts": can(request.user, "edit_users"),
    }
    return render(request, "products/members.html", context, status=status if form.errors else 200)


def _set_member(request, product, user, role, version):
    before = product.members.filter(user=user).values_list("role", flat=True).first()
    # Who is given the role that they have is given nothing, whatever the form was made from.
    expected = version if before != role else None
    services.set_member(product, user, role, actor=request.user, via="web", expected_version=expected)
    # Whoever has given up their own role cannot take it back.
    forget_roles(request.user)
    told = {"user": user.name, "role": role and Member.Role(role).label}
    tell_done(request, _said_of_member(before, role) % told, may_undo=can(request.user, "maintain", product))


def _said_of_member(before, role):
    if role is None:
        return _("%(user)s is no longer a member.")
    return _("%(user)s is %(role)s now.") if before else _("%(user)s is a member now.")


@by_form
@at_product
def remove_member(request, product, username):
    """End a membership."""
    member = product.members.select_related("user").filter(user__username=username).first()
    if member is None:
        raise Http404
    back = reverse("product-members", args=[product.key])
    is_own = member.user_id == request.user.pk and not request.user.is_superuser
    if is_own and can(request.user, "maintain", product):
        title, detail = _("Leave %(title)s?") % {"title": product.title}, _("You cannot take that back yourself.")
        asked = ask_first(request, title, detail, _("Leave it"), back=back)
        if asked:
            return asked
    _set_member(request, product, member.user, None, version_of(request) or None)
    return go_back(request, back) if can(request.user, "maintain", product) else redirect("products")
