"""Asking for another address of one's own: by it one may set a new password, so it takes what that takes."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from history.errors import Forbidden


def authorize_address(request, address):
    """Raise Forbidden unless who is signed in may ask for `address` now, ValidationError where too often.

    Whoever sits down at a browser that somebody left has shown nothing, nor has a token, which can be made there.
    Without mail an address leads nowhere; having none any longer is a change as well. The addresses are compared as the
    service does, which writes a letter also where the capitals alone are others.
    """
    if not settings.MAIL or address == request.user.email:
        return
    if asking(request):
        raise Forbidden(_("Show once more who you are on the site, then change it there, in your profile."), "proof")
    if address:
        authorize_letter(request, address)


def asking(request, back=""):
    """Return the address of the page that asks who one is and leads to `back`, or here; "" where it was just shown.

    Whoever sits down at a browser that somebody left would give themselves a way in, to that account or to any other.
    """
    # Imported here, as below: what signing in takes is loaded when it is first needed.
    from accounts.signin.proving import is_proven, proof_address

    # By a token one has no session.
    return "" if hasattr(request, "session") and is_proven(request) else proof_address(back or request.get_full_path())


def prove_first(request, said="", back=""):
    """Return the way to the page that asks who one is and leads to `back`, or here; None where it was just shown.

    What is `said` on the way tells that nothing is done yet.
    """
    proof = asking(request, back)
    if not proof:
        return None
    messages.info(request, said or _("Nothing is done yet: show who you are, and do it again."))
    return redirect(proof)


def authorize_letter(request, address):
    """Raise ValidationError where too many letters were asked for, to `address` or by whoever asks."""
    from accounts.signin import limits
    from accounts.signin.passwords import may_post

    if not (may_post(request) and limits.within(limits.LETTERS_TO, address.casefold())):
        raise ValidationError({"email": _("Too many letters were asked for. Try again in an hour.")})
