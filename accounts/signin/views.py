"""Coming in by password, and the second step after it."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView
from django.conf import settings
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.addresses import own_address
from accounts.signin.forms import CodeForm, PasskeyStepForm, SignInForm

TOO_MANY_REQUESTS = 429
SIGN_IN_TAKES = 15 * 60


def next_of(request):
    """Return the path where the person was going; an empty text where that is no path of this site."""
    return own_address(request.POST.get("next") or request.GET.get("next", ""))


def keep_briefly(request):
    """Let the session of who is not signed in end soon: whoever comes by can have one written."""
    if not request.user.is_authenticated:
        request.session.set_expiry(SIGN_IN_TAKES)


def ways_in(request):
    """Return what the page of sign-in offers."""
    local = settings.LOCAL_LOGIN or "local" in request.GET or request.method == "POST"
    return {
        "next": next_of(request),
        "local": local,
        "providers": settings.OIDC_PROVIDERS,
        "passkeys": settings.PASSKEYS and local,
        "signup": settings.LOCAL_LOGIN and settings.SIGNUP == "open",
        "local_login": settings.LOCAL_LOGIN,
    }


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request):
    """Show the ways in, and let in who knows a password, by way of a second step where they have one."""
    if request.user.is_authenticated:
        return redirect(next_of(request) or settings.LOGIN_REDIRECT_URL)
    form = SignInForm(request, request.POST or None)
    if form.is_valid():
        return perform_password_login(request, {}, Login(user=form.user, redirect_url=next_of(request)))
    status = TOO_MANY_REQUESTS if form.limited else 200
    return render(request, "accounts/sign_in.html", {"form": form, **ways_in(request)}, status=status)


class Code(AuthenticateView):
    """The second step: a code of one's app, a recovery code, or a passkey."""

    form_class = CodeForm
    webauthn_form_class = PasskeyStepForm
    template_name = "accounts/code.html"


second_step = Code.as_view()
