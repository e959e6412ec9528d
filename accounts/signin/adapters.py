"""What django-allauth asks of us: who may come in, where they go next, and how secrets are kept."""

import base64
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.addresses import own_address
from accounts.sessions import PLACE
from accounts.signin import place

PROVIDER = "socialaccount"


class AccountAdapter(DefaultAccountAdapter):
    """The hooks around every sign-in, however it was begun."""

    def pre_login(self, request, user, **details):
        """Send who may not come in back to the page of sign-in, whatever they have shown."""
        methods = {record["method"] for record in get_authentication_records(request, user)}
        if user.is_active and (PROVIDER in methods or user.may_sign_in_locally):
            return None
        request.session.flush()
        messages.error(request, _("You cannot sign in that way."))
        return redirect("login")

    def login(self, request, user):
        """Begin the session of `user`, and note where."""
        super().login(request, user)
        request.session.set_expiry(None)
        agent, address = place.agent_of(request), place.address_of(request)
        request.session[PLACE] = {"agent": agent, "address": address, "began": timezone.now().isoformat()}

    def post_login(self, request, user, *, redirect_url, **details):
        """Go on to where the person was going; their browser is known from now on."""
        target = redirect_url if redirect_url and self.is_safe_url(redirect_url) else settings.LOGIN_REDIRECT_URL
        response = redirect(resolve_url(target))
        place.remember(request, response, user)
        return response

    def is_safe_url(self, url):
        """Return whether `url` is a path of this site."""
        return bool(own_address(url))

    def is_open_for_signup(self, request):
        """Return False: accounts are made by services of ours."""
        return False

    def is_reauthentication_required(self, **details):
        """Return False: accounts/signin/proving.py asks, and the one place is enough."""
        return False

    def send_mail(self, template_prefix, email, context):
        """Send nothing: letters are ours."""

    def add_message(self, request, level, message_template=None, **details):
        """Say nothing: the pages do."""

    def send_notification_mail(self, template_prefix, user, **details):
        """Send nothing: letters are ours."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """How second factors are named, and kept from who reads the database alone."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("That is not right, or it was used already."),
    }

    @cached_property
    def _box(self):
        return MultiFernet(
            [Fernet(_key_of(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
        )

    def encrypt(self, text):
        """Return `text` as it is stored."""
        return self._box.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        """Return what was stored. Raises InvalidToken where it was stored under another SECRET_KEY."""
        return self._box.decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self):
        """Return what an app of codes calls this site."""
        return f"Issues ({urlsplit(settings.SITE_URL).hostname})"

    def _get_user_identifier(self, user):
        return user.username

    def get_public_key_credential_rp_entity(self):
        """Return the site as passkeys know it: by SITE_URL, whatever the request calls it."""
        return {"id": urlsplit(settings.SITE_URL).hostname, "name": "Issues"}


def _key_of(secret):
    derived = HKDF(SHA256(), 32, salt=None, info=b"accounts.second-factors").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
