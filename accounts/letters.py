"""The e-mails about accounts, which the worker sends. Links in them are made when they are sent, and kept nowhere."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Letter, same_address

logger = logging.getLogger(__name__)

SIGN_UP, CONFIRM = "accounts.sign-up", "accounts.confirm-address"
SIGN_UP_LASTS, CONFIRM_LASTS = 24 * 3600, 3 * 24 * 3600
AT_ONCE = 50
# Seconds of one round: a mail server that does not answer holds up the other jobs of the worker.
AT_A_TIME = 30
TRIES = 8
Kind = Letter.Kind


def link(name, *arguments):
    """Return the whole address of a page."""
    return settings.SITE_URL + reverse(name, args=arguments)


def confirming(user, address):
    """Return what the link that makes `address` that of `user` says; with another password it is over."""
    held = salted_hmac(CONFIRM, user.password, algorithm="sha256").hexdigest()
    return [user.pk, user.email, address, held]


def send_due():
    """Send what is due, for half a minute. What cannot be sent is tried again, ever later, for some hours."""
    now, until = timezone.now(), time.monotonic() + AT_A_TIME
    for letter in Letter.objects.select_related("user", "invitation__product").filter(due_at__lte=now)[:AT_ONCE]:
        # Of two workers one finds it due; a worker that dies leaves it to be sent a little later.
        again = now + timedelta(minutes=2**letter.attempts)
        claimed = Letter.objects.filter(pk=letter.pk, due_at=letter.due_at)
        if claimed.update(due_at=again, attempts=letter.attempts + 1) and _done_with(letter):
            letter.delete()
        if time.monotonic() > until:
            break


def _done_with(letter):
    """Send `letter`, and return whether it is to be sent no more: since it was, or has failed too often."""
    if _sent(letter):
        return True
    if letter.attempts < TRIES:
        return False
    logger.error("A letter (%s) of %s is given up: it could not be sent for hours.", letter.kind, letter.created_at)
    return True


def _sent(letter):
    """Send `letter`, and return whether that is done with."""
    if not letter.to or not settings.MAIL or _is_astray(letter):
        return True
    subject, _blank, text = render_to_string(f"letters/{letter.kind}.txt", _context(letter)).strip().partition("\n")
    try:
        send_mail(subject, text.strip() + "\n", None, [letter.to])
    except OSError as error:
        logger.warning("A letter (%s) could not be sent: %s", letter.kind, error)
        return False
    return True


def _is_astray(letter):
    """Return whether `letter` would set a password, and confirm the present address, from one that it was before."""
    return letter.kind == Kind.RESET and not same_address(letter.to, letter.user.email)


def _context(letter):
    context = {"letter": letter, "person": letter.user, "site": settings.SITE_URL}
    if letter.kind == Kind.RESET:
        uid = urlsafe_base64_encode(force_bytes(letter.user_id))
        context["link"] = link("password_reset_confirm", uid, default_token_generator.make_token(letter.user))
    elif letter.kind == Kind.SIGN_UP and letter.user is None:
        context["link"] = link("sign-up-with", signing.dumps(letter.to, salt=SIGN_UP))
    elif letter.kind == Kind.CONFIRM:
        context["link"] = link("confirm-address", signing.dumps(confirming(letter.user, letter.to), salt=CONFIRM))
    elif letter.kind == Kind.INVITATION:
        context["link"] = link("invitation", letter.invitation.secret)
    return context
