"""Making an account: by oneself, by invitation, or not at all; and confirming an address."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import letters
from accounts.models import Invitation, User
from accounts.services import confirm_address, invitations
from accounts.signin import limits, place
from accounts.signin.forms import AccountForm, AddressForm, InvitationForm
from accounts.signin.passwords import may_post
from accounts.signin.proving import is_proven, proof_address
from accounts.signin.views import TOO_MANY_REQUESTS
from history.errors import Conflict, Refused
from products.access import can, is_staff
from products.models import Member, Product
from products.pages import add_errors

LISTED = 100


def _is_open():
    return settings.SIGNUP == "open" and settings.LOCAL_LOGIN


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request):
    """Ask for an address, and send it a letter; where there is no mail, make the account at once."""
    if request.user.is_authenticated:
        return redirect("/")
    if not _is_open():
        return render(request, "accounts/sign_up_closed.html", {"signup": settings.SIGNUP})
    if not settings.MAIL:
        return _account(request, lambda **fields: invitations.sign_up(**fields))
    form = AddressForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/sign_up.html", {"form": form})
    if not may_post(request):
        return render(request, "accounts/too_many.html", status=TOO_MANY_REQUESTS)
    address = form.cleaned_data["email"]
    if limits.within(limits.LETTERS_TO, address.casefold()):
        invitations.ask_for_account(address)
    return redirect("sign-up-sent")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up_with(request, token):
    """Make an account for the address that a letter went to. Raises Http404 where the link is none, or is over."""
    if not _is_open():
        raise Http404
    address = _read(token, letters.SIGN_UP, letters.SIGN_UP_LASTS)
    if User.objects.at_address(address) is not None:
        return render(request, "accounts/link_over.html", status=404)
    return _account(request, lambda **fields: invitations.sign_up(address=address, **fields), address=address)


def _read(token, salt, lasts):
    try:
        return signing.loads(token, salt=salt, max_age=lasts)
    except signing.BadSignature as error:
        raise Http404 from error


@sensitive_post_parameters("password", "again")
def _account(request, make, onward="/", **shown):
    """Show the form of a new account; `make(username=…, password=…)` makes it, and signed in they go `onward`."""
    form = AccountForm(request.POST or None)
    if form.is_valid():
        if not limits.within(limits.ACCOUNTS_AT_ADDRESS, place.network_of(place.address_of(request))):
            return render(request, "accounts/too_many.html", status=TOO_MANY_REQUESTS)
        name, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            made = make(username=name, password=password)
            user = authenticate(request, username=made.username, password=password)
            return perform_password_login(request, {}, Login(user=user, redirect_url=onward))
        except ValidationError as error:
            add_errors(form, error)
        except Conflict:
            return render(request, "accounts/link_over.html", status=404)
    context = {"form": form, **shown}
    return render(request, "accounts/new_account.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, token):
    """Take the address that a letter went to as that of the person who asked for it."""
    told = _read(token, letters.CONFIRM, letters.CONFIRM_LASTS)
    pk, _before, address, _held = told
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or told != letters.confirming(user, address):
        return render(request, "accounts/link_over.html", status=404)
    if request.method != "POST":
        return render(request, "accounts/confirm_address.html", {"address": address, "person": user})
    try:
        confirm_address(user, address, via="web")
        messages.success(request, _("Your e-mail address is confirmed."))
    except ValidationError:
        messages.error(request, _("This address cannot be used."))
    return redirect("profile" if request.user.is_authenticated else "login")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request, secret):
    """Accept an invitation: with one's own account where one is signed in, with a new one, or by way of a provider."""
    found = Invitation.objects.select_related("product", "created_by").filter(digest=Invitation.digest_of(secret))
    one = found.first()
    if one is None or not invitations.stands(one) or settings.SIGNUP == invitations.CLOSED:
        return render(request, "accounts/link_over.html", status=404)
    onward = resolve_url(one.product or "/")
    if not request.user.is_authenticated:
        if not settings.LOCAL_LOGIN:
            return redirect(f"{reverse('login')}?{urlencode({'next': request.path})}")
        return _account(request, lambda **fields: invitations.accept(one, **fields), onward, invitation=one)
    if request.method != "POST":
        return render(request, "accounts/invitation.html", {"invitation": one})
    try:
        invitations.accept(one, user=request.user)
    except Refused:
        return render(request, "accounts/link_over.html", status=404)
    return redirect(onward)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request):
    """List the open invitations that one may withdraw, and make new ones; a link is shown this once.

    Who one is is asked before anything is typed.
    """
    products = _maintained_by(request.user)
    if not is_staff(request.user) and not products:
        raise Http404
    # With an account of their own whoever sat down at this browser could come back.
    if settings.SIGNUP != invitations.CLOSED and not is_proven(request):
        if request.method == "POST":
            messages.info(request, _("Nobody is invited yet: show who you are, and invite them again."))
        return redirect(proof_address(request.get_full_path()))
    wanted = request.GET.get("product")
    initial = {"product": wanted, "role": Member.Role.REPORTER} if wanted else {}
    form = InvitationForm(request.user, products, request.POST or None, initial=initial)
    made = _invited(request, form) if form.is_valid() else None
    context = {
        "form": form if made is None else InvitationForm(request.user, products, initial=initial),
        "made": made,
        "link": letters.link("invitation", made.secret) if made and not made.posted else "",
        "mail": settings.MAIL,
        "signup": settings.SIGNUP,
        "invitations": _open_invitations(request.user, products),
    }
    return render(request, "accounts/invitations.html", context, status=400 if form.errors else 200)


def _maintained_by(user):
    products = Product.objects.visible_to(user).order_by("title")
    return products.filter(pk__in=[one.pk for one in products if can(user, "maintain", one)])


def _invited(request, form):
    try:
        # Counted last: what is refused is no letter.
        with transaction.atomic():
            made = invitations.invite(actor=request.user, via="web", **form.cleaned_data)
            if made.posted and not _may_post(request.user, made.email):
                raise ValidationError({"email": _("Too many letters were asked for. Try again in an hour.")})
            return made
    except ValidationError as error:
        add_errors(form, error)
    except Refused as refused:
        form.add_error(None, refused.detail)
    return None


def _may_post(inviter, address):
    return limits.within(limits.LETTERS_OF_INVITER, inviter.pk) and limits.within(limits.LETTERS_TO, address.casefold())


def _open_invitations(user, products):
    seen = Q(product=None) | Q(product__in=Product.objects.visible_to(user))
    mine = Q(created_by=user) & seen | Q(product__in=products)
    if is_staff(user):
        mine |= Q(product=None)
    found = Invitation.objects.filter(mine, revoked_at=None, accepted_by=None, expires_at__gt=timezone.now())
    return found.select_related("product", "created_by").order_by("-pk")[:LISTED]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, pk):
    """End an invitation."""
    if request.method != "POST":
        return redirect("invitations")
    found = _open_invitations(request.user, _maintained_by(request.user))
    one = next((one for one in found if one.pk == pk), None)
    if one is None:
        raise Http404
    invitations.withdraw(one, actor=request.user, via="web")
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("invitations")
