"""The pages about how one signs in: an app that makes codes, recovery codes, passkeys, providers."""

import base64

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import clear_totp_secret
from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.confirming import ask
from accounts.services import factors, identities
from accounts.signin.forms import FirstCodeForm
from accounts.signin.proving import proven
from history.errors import Conflict

Type = Authenticator.Type


def _factors(request, kind):
    return Authenticator.objects.filter(user=request.user, type=kind)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD"])
def overview(request):
    """Show by what one signs in."""
    held = list(Authenticator.objects.filter(user=request.user).order_by("pk"))
    codes = next((one for one in held if one.type == Type.RECOVERY_CODES), None)
    context = {
        "app": next((one for one in held if one.type == Type.TOTP), None),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "keys": [one for one in held if one.type == Type.WEBAUTHN],
        "passkeys": settings.PASSKEYS,
        "local": request.user.may_sign_in_locally,
        "connections": identities.connections(request.user),
    }
    return render(request, "accounts/factors.html", context)


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def add_app(request):
    """Show the secret of a new app, and take its first code."""
    if _factors(request, Type.TOTP).exists():
        return redirect("sign-in")
    form = FirstCodeForm(user=request.user, data=request.POST or None)
    if form.is_valid():
        factors.add_totp(request.user, form.secret, actor=request.user, via="web")
        clear_totp_secret(request)
        messages.success(request, _("Your app is set up. Keep your recovery codes safe."))
        return redirect("recovery-codes")
    adapter = get_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(request.user, form.secret))
    context = {
        "form": form,
        "secret": form.secret,
        "picture": "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode(),
    }
    return render(request, "accounts/add_app.html", context, status=400 if form.errors else 200)


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def remove_app(request):
    """Take codes of the app no more."""
    get_object_or_404(_factors(request, Type.TOTP))
    if request.method != "POST":
        return redirect("sign-in")
    title = _("Remove the app?")
    detail = _("Its codes will no longer be asked for. Whoever knows your password then needs nothing more.")
    asking = ask(request, title, detail, _("Remove it"), back=reverse("sign-in"))
    if asking:
        return asking
    factors.remove_totp(request.user, actor=request.user, via="web")
    messages.success(request, _("The app is removed."))
    return redirect("sign-in")


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request):
    """Show the recovery codes that are left, or make new ones."""
    if request.method == "POST":
        try:
            factors.renew_recovery_codes(request.user, actor=request.user, via="web")
        except Conflict as refused:
            messages.error(request, refused.detail)
            return redirect("sign-in")
        messages.success(request, _("These are your new codes; the old ones no longer work."))
        return redirect("recovery-codes")
    held = get_object_or_404(_factors(request, Type.RECOVERY_CODES))
    codes = held.wrap().get_unused_codes()
    if "download" in request.GET:
        kept = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
        return HttpResponse("\n".join(codes) + "\n", content_type="text/plain; charset=utf-8", headers=kept)
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request, name):
    """Let oneself in by a provider no more."""
    if not settings.OIDC_PROVIDERS:
        raise Http404
    model = apps.get_model("socialaccount", "SocialAccount")
    identity = get_object_or_404(model, user=request.user, provider=name)
    if request.method != "POST":
        return redirect("sign-in")
    try:
        identities.disconnect(request.user, identity, actor=request.user, via="web")
        messages.success(request, _("That account no longer signs you in."))
    except Conflict as refused:
        messages.error(request, refused.detail)
    return redirect("sign-in")
