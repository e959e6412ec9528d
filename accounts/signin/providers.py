"""Signing in by an OpenID Connect provider. Its modules are loaded only where OIDC_PROVIDERS names any."""

import logging

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from requests import RequestException

from accounts.services import identities
from accounts.signin.proving import is_proven, proof_address
from accounts.signin.views import keep_briefly, next_of
from history.errors import Refused

logger = logging.getLogger(__name__)

# What a provider that is away, or speaks another language, ends in.
BROKEN = (RequestException, KeyError, ValueError, TypeError)


def named(name):
    """Return the provider of that name. Raises Http404."""
    for provider in settings.OIDC_PROVIDERS:
        if provider["name"] == name:
            return provider
    raise Http404


class Endpoints(OpenIDConnectOAuth2Adapter):
    """The addresses of a provider, and ours for it: by SITE_URL, whatever the request calls the host."""

    def get_callback_url(self, request, app):
        """Return where the provider sends people back to."""
        return settings.SITE_URL + reverse("openid_connect_callback", args=[self.provider_id])


class Provider(OpenIDConnectProvider):
    """A provider whose claims are read and not kept."""

    oauth2_adapter_class = Endpoints

    def get_default_scope(self):
        """Return what to ask for: also what this provider needs to be asked for to tell groups."""
        return list(dict.fromkeys([*super().get_default_scope(), *named(self.app.provider_id)["scope"]]))

    def extract_extra_data(self, data):
        """Return nothing to keep; note the claims for this request."""
        told, signed = data.get("userinfo") or {}, data.get("id_token") or {}
        if signed and told and told.get("sub") != signed.get("sub"):
            raise ValueError("the two answers speak of different people")
        self.request.provider_claims = {**signed, **told}
        return {}


provider_classes = [Provider]


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Who somebody is here, whom a provider vouches for."""

    def list_apps(self, request, provider=None, client_id=None):
        """Return the providers of the environment; none are kept in the database."""
        wanted = [one for one in settings.OIDC_PROVIDERS if provider in (None, "openid_connect", one["name"])]
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=one["name"],
                name=one["title"],
                client_id=one["client_id"],
                secret=one["secret"],
                settings={"server_url": one["issuer"].rstrip("/")},
            )
            for one in wanted
            if client_id in (None, one["client_id"])
        ]

    def pre_social_login(self, request, sociallogin):
        """Find or make the person, and give what their groups give; or connect the one who is signed in."""
        provider, subject = named(sociallogin.account.provider), sociallogin.account.uid
        # It would be kept in the session until a second step is done.
        sociallogin.token = None
        try:
            if sociallogin.state.get("process") == "connect":
                raise ImmediateHttpResponse(self._connected(request, provider, subject))
            sociallogin.user = identities.person_of(provider, subject, request.provider_claims)
        except Refused as reason:
            raise ImmediateHttpResponse(back(request, reason.detail)) from reason
        except ValidationError as error:
            raise ImmediateHttpResponse(back(request, " ".join(error.messages))) from error
        sociallogin.account = SocialAccount.objects.get(provider=provider["name"], uid=subject)

    def _connected(self, request, provider, subject):
        if not is_proven(request):
            return redirect("sign-in")
        identities.connect(request.user, provider, subject, actor=request.user, via="web")
        messages.success(request, _("You can sign in with %(title)s now.") % provider)
        return redirect("sign-in")

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        """Say that it did not work, on our own page."""
        logger.warning("Sign-in by %s failed: %s %.200s", provider.app.provider_id, error, exception)
        raise ImmediateHttpResponse(refused(request, provider.name))


def back(request, said):
    """Return to where one signs in, or to how one does, with the reason."""
    messages.error(request, said)
    return redirect("sign-in" if request.user.is_authenticated else "login")


def refused(request, title):
    """Return to where one came from, since the provider has not let one in."""
    return back(request, _("%(title)s has not let you in. Try again.") % {"title": title})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request, name):
    """Send the person on to a provider: by a page, since the policy lets no form lead to another site."""
    provider = named(name)
    if request.method != "POST":
        return redirect("login")
    process = "connect" if request.POST.get("process") == "connect" else "login"
    if process == "connect" and not (request.user.is_authenticated and is_proven(request)):
        return redirect(proof_address(reverse("sign-in")))
    keep_briefly(request)
    try:
        chosen = ProviderAdapter(request).get_provider(request, name)
        onward = chosen.redirect(request, process, next_url=next_of(request) or None)
    except BROKEN as error:
        logger.warning("%s cannot be asked: %.200s", name, error)
        return back(request, _("%(title)s does not answer. Try again later.") % provider)
    return render(request, "accounts/onward.html", {"provider": provider, "onward": onward.url})


@never_cache
@require_http_methods(["GET", "HEAD"])
def callback(request, name):
    """Let in whom a provider sends back."""
    provider = named(name)
    try:
        return OAuth2CallbackView.adapter_view(Endpoints(request, name))(request)
    except BROKEN as error:
        logger.warning("%s has answered badly: %.200s", name, error)
        return refused(request, provider["title"])
