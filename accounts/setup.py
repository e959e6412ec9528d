"""The first administrator: made once, by who holds the link that the server printed."""

import hashlib
import hmac
import secrets

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from accounts.services import create_user
from accounts.signin.forms import NAME_HINTS


def _kept():
    return settings.DATA_DIR / "setup_token"


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def _is_somebody():
    # Placeholders of an import cannot sign in: it may come before the administrator.
    return User.objects.filter(is_placeholder=False).exists()


def offer():
    """Return a new link to make the administrator with, which ends the one before; None where there is somebody."""
    _kept().unlink(missing_ok=True)
    if _is_somebody():
        return None
    token = secrets.token_urlsafe(32)
    _kept().touch(mode=0o600)
    _kept().write_text(_digest(token))
    return settings.SITE_URL + reverse("setup", args=[token])


def is_open(token):
    """Return whether `token` is the one that was offered last, and there is nobody yet."""
    try:
        kept = _kept().read_text()
    except FileNotFoundError:
        return False
    return hmac.compare_digest(kept, _digest(token)) and not _is_somebody()


class SetupForm(forms.Form):
    """Name and password of the first administrator."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs=NAME_HINTS),
    )
    email = forms.EmailField(
        label=_("E-mail address"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )
    again = forms.CharField(
        label=_("Password, again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_username(self):
        """Refuse the name of a placeholder, who may be somebody else, and say what to do."""
        name = self.cleaned_data["username"]
        if User.objects.called(name):
            raise ValidationError(
                _("An import brought somebody of this name. Take another: you can give them their account later.")
            )
        return name

    def clean(self):
        """Refuse two passwords that differ."""
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two passwords differ."))
        return self.cleaned_data

    def save(self):
        """Create the administrator and return it, or return None with the errors on the form."""
        fields = {name: self.cleaned_data[name] for name in ("username", "email", "password")}
        try:
            return create_user(actor=None, via="web", is_staff=True, is_superuser=True, **fields)
        except ValidationError as error:
            self.add_error(None, error)
            return None


@never_cache
@sensitive_post_parameters("password", "again")
def setup(request, token):
    """Show the form, and sign in who has filled it; of a link that is used, replaced or none at all say one thing."""
    if not is_open(token):
        return render(request, "accounts/link_over.html", {"of_setup": True}, status=404)
    form = SetupForm(request.POST or None)
    user = form.save() if form.is_valid() else None
    if user is None:
        return render(request, "accounts/setup.html", {"form": form})
    _kept().unlink(missing_ok=True)
    return _entered(request, user)


def _entered(request, user):
    """Sign `user` in, whatever the settings say of others. Return the way on."""
    from allauth.account.adapter import get_adapter
    from allauth.account.internal.flows.login import record_authentication

    # As at the page of sign-in, which the adapter knows nothing of: the password was chosen just now.
    record_authentication(request, user, "password")
    adapter = get_adapter(request)
    adapter.login(request, user)
    return adapter.post_login(request, user, redirect_url="/")
