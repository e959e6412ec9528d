"""What a person fills in to come in, and to say how they come in."""

import json
from contextlib import contextmanager
from urllib.parse import urlsplit

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode

from accounts.backends import NameOrEmail
from accounts.models import ADDRESS_LIMIT, NAME_LIMIT
from accounts.passwords import LONGEST_PASSWORD
from accounts.services.factors import NAME_LIMIT as PASSKEY_NAME_LIMIT
from accounts.services.invitations import may_invite
from accounts.signin import limits
from products.models import Member, Product, clean_line

PASSKEY_NAME_HELP = _("So that you know it again, such as “laptop” or “blue key”.")
PORTS = {"http": 80, "https": 443}
# A code is good for this long, with the minutes before and after it that clocks are allowed to differ by.
CODE_LIVES = 120
TOO_MANY = _("Too many tries. Wait a quarter of an hour, or sign in in another way.")
WRONG = _("User name or password is wrong.")


def password_field(label, kind="current-password", **options):
    """Return a field for a password, which a password manager knows as that of `kind`."""
    widget = forms.PasswordInput(attrs={"autocomplete": kind})
    return forms.CharField(label=label, strip=False, max_length=LONGEST_PASSWORD, widget=widget, **options)


# What phones and password managers are told of a user name.
NAME_HINTS = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


class SignInForm(forms.Form):
    """Name or address, and password. Whether there is such an account shows neither in words nor in time."""

    username = forms.CharField(
        label=_("User name or e-mail"),
        max_length=ADDRESS_LIMIT,
        widget=forms.TextInput(attrs={**NAME_HINTS, "autofocus": True}),
    )
    password = password_field(_("Password"))

    def __init__(self, request, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.request, self.user, self.limited = request, None, False

    def clean(self):
        """Find the user. Raises ValidationError, the same for all that can be wrong."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            raise ValidationError(WRONG, code="wrong")
        attempt = limits.Attempt(self.request, name, NameOrEmail().find(name))
        if not attempt.allowed:
            self.limited = True
            raise ValidationError(TOO_MANY, code="limit")
        user = authenticate(self.request, username=name, password=password)
        if user is None or not user.may_sign_in_locally:
            raise ValidationError(WRONG, code="wrong")
        attempt.succeeded()
        self.user = user
        return self.cleaned_data


@contextmanager
def attempt(request, name, user, of=limits.NAMES):
    """Count a try as `name`, failed where what is within raises. Raises ValidationError where there are too many."""
    tried = limits.Attempt(request, name, user, of)
    if not tried.allowed:
        raise ValidationError(TOO_MANY, code="limit")
    yield
    tried.succeeded()


class PasswordForm(forms.Form):
    """One's password once more."""

    password = password_field(_("Password"))

    def __init__(self, request, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self):
        """Return the password. Raises ValidationError where it is wrong, or was guessed at too often."""
        user = self.request.user
        with attempt(self.request, user.username, user):
            if not user.check_password(self.cleaned_data["password"]):
                raise ValidationError(_("The password is wrong."), code="wrong")
        return self.cleaned_data["password"]


class _LimitedCode:
    def clean_code(self):
        """Return the code, which nobody else and no other process has taken before. Raises ValidationError."""
        with attempt(context.request, str(self.user.pk), self.user, limits.CODES):
            code = super().clean_code()
            if not limits.first_use("code", self.user.pk, normalize_user_code(code), seconds=CODE_LIVES):
                raise ValidationError(_("That is not right, or it was used already."), code="used")
        return code


def code_field(label):
    """Return a field for a code from an app."""
    attrs = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
    return forms.CharField(label=label, max_length=20, widget=forms.TextInput(attrs=attrs))


class CodeForm(_LimitedCode, AuthenticateForm):
    """The code of an app, or a recovery code."""

    code = code_field(_("Code"))


class FirstCodeForm(_LimitedCode, ActivateTOTPForm):
    """The first code of an app, which shows that it knows the secret."""

    code = code_field(_("Code from the app"))


def origin_of(credential):
    """Return the site that a browser has made or used a passkey on: scheme, host and port; None where it is none."""
    try:
        told = json.loads(websafe_decode(credential["response"]["clientDataJSON"]))
        return origin_parts(told["origin"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def origin_parts(url):
    """Return scheme, host and port of `url`."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


class CredentialField(forms.JSONField):
    """What a browser tells of a passkey, in JSON: not such as Python does not read, for its depth or its numbers."""

    def to_python(self, value):
        """Return what `value` means. Raises ValidationError."""
        try:
            return super().to_python(value)
        except (RecursionError, ValueError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data, initial):
        """Return what the form shows of what was sent."""
        try:
            return super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return InvalidJSONInput(data)


class _OfThisSite:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self):
        """Return what the browser has sent. Raises ValidationError where it was on another site, if only a neighbour's.

        Browsers let every host below ours use our passkeys, and so does the library.
        """
        if origin_of(self.cleaned_data["credential"]) != origin_parts(settings.SITE_URL):
            raise ValidationError(_("That passkey was used on another site."), code="origin")
        judge = getattr(super(), "clean_credential", None)
        return judge() if judge else self.cleaned_data["credential"]


class PasskeyLoginForm(_OfThisSite, LoginWebAuthnForm):
    """A passkey instead of everything else."""


class PasskeyStepForm(_OfThisSite, AuthenticateWebAuthnForm):
    """A passkey as the second step."""


class PasskeyProofForm(_OfThisSite, ReauthenticateWebAuthnForm):
    """A passkey that shows once more who one is."""


class PasskeyForm(_OfThisSite, AddWebAuthnForm):
    """A new passkey: what the browser has made, and a name for it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # All of them are: one that is good for half of it would only have to be explained.
        self.fields.pop("passwordless", None)
        name = self.fields["name"]
        name.label, name.max_length = _("Name"), PASSKEY_NAME_LIMIT
        name.help_text = PASSKEY_NAME_HELP


class PasskeyNameForm(forms.Form):
    """What a passkey is called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=PASSKEY_NAME_LIMIT,
        validators=[clean_line],
        help_text=PASSKEY_NAME_HELP,
    )


class NewPasswordForm(forms.Form):
    """A new password; whether it is good enough, the service says."""

    password = password_field(
        _("New password"), "new-password", help_text=password_validation.password_validators_help_text_html
    )
    again = password_field(_("New password, again"), "new-password")

    def clean(self):
        """Refuse two passwords that differ."""
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two passwords differ."))
        return self.cleaned_data


class AccountForm(NewPasswordForm):
    """A new account."""

    password = password_field(
        _("Password"), "new-password", help_text=password_validation.password_validators_help_text_html
    )
    again = password_field(_("Password, again"), "new-password")
    username = forms.CharField(
        label=_("User name"),
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs=NAME_HINTS),
    )
    field_order = ["username", "password", "again"]


class AddressForm(forms.Form):
    """An e-mail address."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=ADDRESS_LIMIT, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class InvitationForm(forms.Form):
    """Whom to invite, and to what."""

    email = forms.EmailField(label=_("E-mail address"), max_length=ADDRESS_LIMIT, required=False)
    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), required=False, to_field_name="key"
    )
    role = forms.ChoiceField(label=_("Role"), choices=[("", "—"), *Member.Role.choices], required=False)

    def __init__(self, user, products, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = products
        self.fields["product"].required = not may_invite(user, None)
        self.fields["product"].empty_label = _("None: an account alone")
