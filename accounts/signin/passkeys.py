"""Passkeys: made by the browser, and good for the second step as well as for signing in by nothing else."""

from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication, begin_registration
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.confirming import ask
from accounts.services import factors
from accounts.signin.forms import PasskeyForm, PasskeyLoginForm, PasskeyNameForm
from accounts.signin.place import agent_of, device_name
from accounts.signin.proving import proven
from accounts.signin.views import keep_briefly, next_of
from history.errors import Conflict


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request):
    """Give the browser what it has to sign; let in whoever has signed it with a passkey and a finger or a PIN."""
    if not settings.PASSKEYS:
        raise Http404
    if request.method != "POST":
        keep_briefly(request)
        return JsonResponse(begin_authentication())
    form = PasskeyLoginForm(data=request.POST)
    if not form.is_valid():
        messages.error(
            request, _("This passkey is not known here. Sign in in another way, and add it in your profile.")
        )
        return redirect(f"{reverse('login')}?{urlencode({'next': next_of(request)})}")
    passkey = form.cleaned_data["credential"]
    return perform_passwordless_login(request, passkey, Login(user=passkey.user, redirect_url=next_of(request)))


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def add(request):
    """Let the browser make a passkey, and keep it."""
    if not settings.PASSKEYS:
        raise Http404
    called = {"name": device_name(agent_of(request)) or _("passkey")}
    form = PasskeyForm(user=request.user, data=request.POST or None, initial=called)
    if form.is_valid():
        first = not Authenticator.objects.filter(user=request.user).exists()
        try:
            fields = form.cleaned_data["name"], form.cleaned_data["credential"]
            factors.add_passkey(request.user, *fields, actor=request.user, via="web")
        except Conflict as refused:
            messages.error(request, refused.detail)
            return redirect("sign-in")
        messages.success(request, _("Your passkey is added."))
        return redirect("recovery-codes" if first else "sign-in")
    context = {"form": form, "options": begin_registration(request.user, passwordless=True)}
    return render(request, "accounts/add_passkey.html", context, status=400 if form.errors else 200)


def _passkey(request, pk):
    return get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request, pk):
    """Call a passkey something else."""
    passkey = _passkey(request, pk)
    form = PasskeyNameForm(request.POST or None, initial={"name": passkey.data["name"]})
    if form.is_valid():
        factors.rename_passkey(request.user, passkey, form.cleaned_data["name"], actor=request.user, via="web")
        messages.success(request, _("Your passkey is renamed."))
        return redirect("sign-in")
    context = {"form": form, "passkey": passkey}
    return render(request, "accounts/rename_passkey.html", context, status=400 if form.errors else 200)


@proven
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request, pk):
    """Forget a passkey."""
    passkey = _passkey(request, pk)
    if request.method != "POST":
        return redirect("sign-in")
    title = _("Remove the passkey “%(name)s”?") % {"name": passkey.data["name"]}
    detail = _("It no longer signs you in. Remove it from your device, too, so that you are not offered it.")
    asking = ask(request, title, detail, _("Remove it"), back=reverse("sign-in"))
    if asking:
        return asking
    try:
        factors.remove_passkey(request.user, passkey, actor=request.user, via="web")
        messages.success(request, _("The passkey is removed."))
    except Conflict as refused:
        messages.error(request, refused.detail)
    return redirect("sign-in")
