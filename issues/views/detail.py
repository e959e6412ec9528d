"""The page of one issue, and the page on which it is made."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from history.models import Kind, Via
from issues import services
from issues.facts import attention_of, files_of, questions_of
from issues.forms import CommentForm, FilesForm, IssueForm, RelationForm, fields_to_create
from issues.models import Issue
from issues.rules import seen_link
from issues.standing import standing_of
from issues.timeline import timeline
from issues.views.access import address_of, at_issue
from issues.views.deciding import deciding_of
from issues.views.fields import fields_of
from issues.views.lists import place_in_list
from issues.views.live import is_asked, mark_of_issue, render_part, unchanged
from issues.views.uploading import by_upload
from products.access import can
from products.finding import find
from products.markdown import is_plain
from products.models import Product
from products.pages import add_errors, explained

LONG_TEXT = 4000


@require_safe
@at_issue
def issue(request, issue):
    """Show an issue; to its open page, only where that shows it as it was."""
    same = unchanged(request, mark_of_issue(issue, request.user)) if is_asked(request, "issue") else None
    return same or issue_page(request, issue)


@require_safe
@at_issue
def imported(request, issue):
    """Lead to the import that brought an issue; its page asks who may see that."""
    created = get_object_or_404(issue.events, about="issue", kind=Kind.CREATED, batch__via=Via.IMPORT)
    return redirect("batch", created.batch_id)


def issue_page(
    request,
    issue,
    *,
    comment_form=None,
    relation_form=None,
    field_form=None,
    decision_form=None,
    file_form=None,
    comment_files=None,
    status=200,
):
    """Return the page of `issue`, with the forms that were not accepted; `file_form` is that of the issue itself."""
    fields = fields_of(request.user, issue)
    questions = questions_of(fields["facts"])
    files = files_of(fields["facts"], issue, request.user)
    everything = "all" in request.GET
    entries, cut = timeline(issue, request.user, questions=questions, files=files, everything=everything)
    show = request.GET.get("show", "")
    original = seen_link(request.user, issue.duplicate_of)
    if show in ("comments", "changes"):
        entries = [entry for entry in entries if bool(entry.comment or entry.question) == (show == "comments")]
    context = {
        **fields,
        # What was refused is shown at an address of its own, which cannot be asked again.
        "mark": mark_of_issue(issue, request.user) if status == 200 else "",
        **deciding_of(request.user, issue, fields["facts"], decision_form),
        **attention_of(fields["facts"], issue, request.user),
        "reports": len(fields["facts"].get("duplicate", ())) + 1,
        "asked_of_me": [one for one in questions if one.state == "open" and one.requestee_id == request.user.pk],
        "standing": standing_of(issue, request.user, original),
        "may_undo_import": issue.source == Issue.Source.IMPORT and can(request.user, "undo", issue.product),
        "may_maintain": can(request.user, "trash", issue),
        "may_redact": can(request.user, "redact", issue),
        "may_comment": can(request.user, "comment", issue),
        "may_attach": can(request.user, "attach", issue),
        "files": files.get(None, ()),
        "may_comment_internally": can(request.user, "comment_internally", issue),
        "may_relate": can(request.user, "relate", issue),
        "parent": seen_link(request.user, issue.parent),
        "original": original,
        "entries": entries,
        "cut": cut,
        "show": show,
        "place": place_in_list(request, issue),
        "comment_form": comment_form or CommentForm(auto_id="comment-%s"),
        "relation_form": relation_form or RelationForm(user=request.user),
        "field_form": field_form,
        "file_form": file_form or FilesForm(),
        "comment_files": comment_files or FilesForm(),
        "here": address_of(request, issue),
        "as_plain_text": is_plain(issue.description),
        "beginning": issue.description[:LONG_TEXT] if "text" not in request.GET else None,
    }
    alone = request.headers.get("X-Fragment") == "issue"
    return render_part(request, "issues/_issue.html" if alone else "issues/issue.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@by_upload
@explained
def new(request):
    """Make an issue: first its product is chosen, then its fields."""
    key = request.POST.get("product") or request.GET.get("product")
    if not key:
        return _choose_product(request)
    product = find(request.user, key)
    if product is None:
        raise Http404
    only = fields_to_create(request.user, product)
    options = {"user": request.user, "product": product, "only": only}
    if request.method == "POST":
        form, files = IssueForm(request.POST, **options), FilesForm({}, request.FILES)
        made = _make(form, files, product, request.user) if form.is_valid() and files.is_valid() else None
        if made is not None:
            messages.success(request, _("%(key)s is filed.") % {"key": made.key}, extra_tags=f"saved-{product.key}")
            return redirect("issue", made.key)
    else:
        form, files = IssueForm(initial=_prefilled(request.GET, only), **options), FilesForm()
        form.fields["title"].widget.attrs["autofocus"] = True
    context = {
        "form": form,
        "file_form": files,
        "product": product,
        "may_create": can(request.user, "create", product),
        "has_others": any(one.pk != product.pk for one in _products_for(request.user)),
        "alike_address": f"{reverse('issue-alike')}?{urlencode([('product', product.key)])}",
    }
    return render(request, "issues/new.html", context, status=400 if form.errors or files.errors else 200)


def _choose_product(request):
    products = _products_for(request.user)
    if len(products) == 1:
        params = request.GET.copy()
        params["product"] = products[0].key
        return redirect(f"{request.path}?{params.urlencode()}")
    context = {"products": products, "may_create_product": can(request.user, "create_product")}
    return render(request, "issues/choose_product.html", context)


def _products_for(user):
    """Return the products in which `user` may file issues, of the first that they see."""
    seen = Product.objects.visible_to(user).active().defer("description", "description_html")
    return [product for product in seen[:200] if can(user, "create", product)]


def _prefilled(params, only):
    """Return the initial values of a form from an address; of labels there may be several."""
    return {name: params.getlist(name) if name == "labels" else params[name] for name in only if name in params}


def _make(form, files, product, user):
    try:
        with services.kept(files.uploads, actor=user, action="create", home=product) as kept:
            return services.create_issue(product, actor=user, via="web", files=kept, **form.changes())
    except ValidationError as error:
        add_errors(form, error, files)
        return None
