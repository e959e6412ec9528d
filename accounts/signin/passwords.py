"""Changing one's password, and setting a new one by a letter where it is forgotten."""

from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.services import reset_password, set_password
from accounts.services.invitations import ask_for_reset
from accounts.signin import limits, place
from accounts.signin.forms import AddressForm, NewPasswordForm, attempt
from accounts.signin.proving import proven
from accounts.signin.views import TOO_MANY_REQUESTS
from accounts.tokens import unexpired


class ChangeForm(PasswordChangeForm):
    """One's old password, which cannot be guessed at without end, and the new one."""

    def clean_old_password(self):
        """Return the old password. Raises ValidationError where it is wrong, or was guessed at too often."""
        with attempt(context.request, self.user.username, self.user):
            return super().clean_old_password()


class PasswordChange(auth.PasswordChangeView):
    """Change one's password; one's other sessions end with it."""

    form_class = ChangeForm
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("sign-in")

    def dispatch(self, request, *args, **kwargs):
        """Answer; who has no password yet sets one, and who may not use one is told so."""
        if request.user.is_authenticated and not request.user.may_sign_in_locally:
            raise PermissionDenied(_("Passwords are not used here."))
        if request.user.is_authenticated and not request.user.has_usable_password():
            return redirect("password_set")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form):
        """Write the new password through the service, and keep this session."""
        _keep(self.request, form.cleaned_data["new_password1"])
        messages.success(self.request, _("Your password is changed."))
        _tell_of_tokens(self.request, self.request.user)
        return HttpResponseRedirect(self.get_success_url())


change = never_cache(PasswordChange.as_view())


def _keep(request, password):
    here = request.session.session_key
    user = set_password(request.user, password, actor=request.user, via="web", keep=here)
    update_session_auth_hash(request, user)


def _tell_of_tokens(request, user):
    """Say that the tokens of `user`, if there are any, outlive the password: scripts would stop with it."""
    if user.tokens.filter(unexpired(timezone.now()), revoked_at=None).exists():
        said = _('Your API tokens still work: <a class="link" href="{}">revoke</a> those that you do not know.')
        messages.info(request, format_html(said, reverse("tokens")))


@proven
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def set_first(request):
    """Set a password where one has signed in by a provider alone."""
    if request.user.has_usable_password() or not request.user.may_sign_in_locally:
        return redirect("password_change")
    form = NewPasswordForm(request.POST or None)
    if form.is_valid():
        try:
            _keep(request, form.cleaned_data["password"])
            messages.success(request, _("Your password is set."))
            return redirect("sign-in")
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "accounts/set_password.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request):
    """Have a letter sent; the answer is the same for every address, and says whom to ask where there is no mail."""
    if not settings.MAIL or not settings.LOCAL_LOGIN:
        return render(request, "accounts/reset.html", {"mail": False})
    form = AddressForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/reset.html", {"mail": True, "form": form})
    if not may_post(request):
        return render(request, "accounts/too_many.html", status=TOO_MANY_REQUESTS)
    address = form.cleaned_data["email"]
    ask_for_reset(address if limits.within(limits.LETTERS_TO, address.casefold()) else "")
    return redirect("password_reset_sent")


def may_post(request):
    """Return whether the address that `request` comes from may have one more letter sent."""
    return limits.within(limits.LETTERS_AT_ADDRESS, place.network_of(place.address_of(request)))


@never_cache
@require_http_methods(["GET", "HEAD"])
def sent(request):
    """Say that a letter is on its way, if the address is known."""
    return render(request, "accounts/letter_sent.html")


class Reset(auth.PasswordResetConfirmView):
    """Set a new password by the link of a letter; it is good once, and the address bar is cleared of it."""

    template_name = "accounts/new_password.html"
    success_url = reverse_lazy("login")
    form_class = SetPasswordForm

    def dispatch(self, *args, **kwargs):
        """Answer. Raises Http404 where nobody signs in by a password."""
        if not settings.LOCAL_LOGIN:
            raise Http404
        return super().dispatch(*args, **kwargs)

    def get_user(self, uidb64):
        """Return the person of the link, unless they have left."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form):
        """Write the new password through the service; all sessions end."""
        reset_password(self.user, form.cleaned_data["new_password1"], via="web")
        self.request.session.flush()
        messages.success(self.request, _("Your password is set. Sign in with it."))
        _tell_of_tokens(self.request, self.user)
        return HttpResponseRedirect(self.get_success_url())


reset = require_http_methods(["GET", "HEAD", "POST"])(Reset.as_view())
