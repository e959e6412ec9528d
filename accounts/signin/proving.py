"""Showing once more who one is, before one changes how one signs in. A sign-in of just now is proof enough."""

import time
from functools import wraps

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.services.identities import connections
from accounts.signin.forms import CodeForm, PasskeyProofForm, PasswordForm
from accounts.signin.views import next_of

PROVEN_FOR = 15 * 60


def is_proven(request):
    """Return whether the person has shown within a quarter of an hour who they are."""
    records = get_authentication_records(request, request.user)
    return any(record["at"] > time.time() - PROVEN_FOR for record in records)


def proof_address(path):
    """Return the address of the page that asks who one is, and then leads to `path`."""
    return f"{reverse('prove')}?{urlencode({'next': path})}"


def proven(view):
    """Make `view` ask first who one is, unless that was shown just now."""

    @never_cache
    @login_required
    @wraps(view)
    def asked(request, *args, **kwargs):
        if not is_proven(request):
            return redirect(proof_address(request.get_full_path()))
        return view(request, *args, **kwargs)

    return asked


@never_cache
@login_required
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request):
    """Ask for a second factor, where the person has any, else for the password or a sign-in by a provider."""
    types = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    form = _form(request, bool(types))
    if form is not None and form.is_valid():
        if types:
            form.save()
        else:
            record_authentication(request, request.user, "password", reauthenticated=True)
        return redirect(next_of(request) or "sign-in")
    keyed = Authenticator.Type.WEBAUTHN in types and settings.PASSKEYS
    context = {
        "form": form if not isinstance(form, PasskeyProofForm) else CodeForm(user=request.user),
        "refused": isinstance(form, PasskeyProofForm),
        "next": next_of(request),
        "options": begin_authentication(request.user) if keyed else None,
        # Beside a second factor a provider would be a way around it.
        "providers": [] if types else _connected(request.user),
    }
    return render(request, "accounts/prove.html", context)


def _connected(user):
    """Return the providers that `user` has signed in with: at another one they would become somebody else."""
    return [provider for provider, identity in connections(user) if identity is not None]


def _form(request, has_factors):
    """Return the form that proves it; None where only a provider can. A password counts where it signs one in."""
    data = request.POST or None
    if has_factors and "credential" in request.POST:
        return PasskeyProofForm(user=request.user, data=data)
    if has_factors:
        return CodeForm(user=request.user, data=data)
    by_password = request.user.has_usable_password() and request.user.may_sign_in_locally
    return PasswordForm(request, data) if by_password else None
