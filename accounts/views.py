"""The pages about oneself: profile, and API tokens."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.addressing import asking, authorize_address, authorize_letter
from accounts.confirming import ask
from accounts.forms import ProfileForm, TokenForm
from accounts.services import ask_address, create_token, revoke_token, update_user
from accounts.tokens import with_products
from history.errors import Forbidden, Stale


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request):
    """Show and change one's name, address and preferences."""
    form = ProfileForm(request.POST or None, instance=request.user, initial={"lock_version": request.user.lock_version})
    if form.is_valid() and _saved(request, form):
        return redirect("profile")
    context = {"form": form, "invites": settings.SIGNUP != "closed", "unconfirmed": _is_unconfirmed(request.user)}
    return render(request, "accounts/profile.html", context, status=400 if form.errors else 200)


def _is_unconfirmed(user):
    """Return whether `user` has an address that a letter would confirm."""
    return bool(settings.MAIL and user.email and not user.email_confirmed)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request):
    """Have a letter sent that confirms one's present address. It takes no proof: the address is as it was."""
    if request.method == "POST" and _is_unconfirmed(request.user):
        try:
            authorize_letter(request, request.user.email)
            ask_address(request.user, request.user.email)
            messages.success(request, _("A letter is on its way to %(address)s.") % {"address": request.user.email})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect("profile")


def _saved(request, form):
    version = form.cleaned_data["lock_version"]
    try:
        authorize_address(request, form.cleaned_data["email"])
        user = update_user(request.user, actor=request.user, via="web", expected_version=version, **form.changes())
        messages.success(request, _("Your profile is saved."))
        wanted = form.cleaned_data["email"]
        if settings.MAIL and wanted != user.email:
            said = _("Your address changes once you follow the link: a letter is on its way to %(address)s.")
            messages.success(request, said % {"address": wanted})
    except ValidationError as error:
        form.add_error(None, error)
    except Forbidden as refused:
        if refused.code == "proof":
            form.add_error(None, _way_to_proof(request))
        else:
            form.add_error("email", refused.detail)
    except Stale as stale:
        form.data = form.data.copy()
        form.data["lock_version"] = stale.current.lock_version
        form.add_error(None, _("Your profile was changed elsewhere meanwhile. Look it over, and save again."))
    return not form.errors


def _way_to_proof(request):
    said = _(
        'Before you ask for another address, <a href="{}" target="_blank" rel="noopener">show once more who you are</a>'
        " in another tab, then save again."
    )
    return format_html(said, asking(request))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request):
    """List one's API tokens and make new ones; the secret of a new one is shown in this answer alone."""
    form = TokenForm(request.POST or None)
    secret = _made(request, form) if form.is_valid() else None
    if secret:
        form = TokenForm()
    held = with_products(request.user.tokens.filter(revoked_at=None).order_by("-id")[:100], request.user)
    context = {"form": form, "secret": secret, "tokens": held}
    return render(request, "accounts/tokens.html", context, status=400 if form.errors else 200)


def _made(request, form):
    """Return the secret of the token that `form` makes, or None where it now says what is missing."""
    if proof := asking(request):
        said = _(
            'Before you make a token, <a href="{}" target="_blank" rel="noopener">show once more who you are</a>'
            " in another tab, then make it again."
        )
        form.add_error(None, format_html(said, proof))
        return None
    given = {name: form.cleaned_data[name] for name in ("name", "scopes", "products")}
    doing = {"actor": request.user, "via": "web"}
    try:
        return create_token(request.user, expires_at=form.expires_at(), **doing, **given)[1]
    except ValidationError as error:
        form.add_error(None, error)
    return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request, pk):
    """End one of one's tokens."""
    if request.method != "POST":
        return redirect("tokens")
    token = get_object_or_404(request.user.tokens.filter(revoked_at=None), pk=pk)
    title = _("Revoke “%(name)s”?") % {"name": token.name}
    detail = _("Whatever uses this token is locked out at once. A revoked token does not come back.")
    asking = ask(request, title, detail, _("Revoke it"), back=reverse("tokens"))
    if asking:
        return asking
    revoke_token(token, actor=request.user, via="web")
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("tokens")
