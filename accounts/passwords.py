"""Which passwords are no good beyond what Django refuses: those that no form takes, and common ones dressed up."""

import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What stands for a letter, by those who think that nobody else has thought of it.
LETTERS = str.maketrans("4@301!5$7", "aaeoiisst")
# More around the word than this is a secret of its own.
DRESS = 6
SHORTEST = 4
LONGEST_PASSWORD = 500


class LongPasswordValidator:
    """Refuses a password that is longer than the page of sign-in takes: nobody would come in by it."""

    def validate(self, password, user=None):
        """Raise ValidationError where `password` is too long."""
        if len(password) > LONGEST_PASSWORD:
            message = _("This password is too long: it can have %(limit)d characters.") % {"limit": LONGEST_PASSWORD}
            raise ValidationError(message, code="password_too_long")

    def get_help_text(self):
        """Return what is said beside the field."""
        return _("No more than %(limit)d characters.") % {"limit": LONGEST_PASSWORD}


class DisguisedPasswordValidator(CommonPasswordValidator):
    """Refuses a common password with some digits or signs around it, with signs for letters, or written twice.

    The list is the one that Django brings: nobody else is asked.
    """

    def validate(self, password, user=None):
        """Raise ValidationError where only a disguise keeps `password` off the list."""
        if any(word in self.passwords for word in bare(password)):
            message = _("This is a common password in disguise: digits or signs around it are tried first.")
            raise ValidationError(message, code="password_disguised")

    def get_help_text(self):
        """Return what is said beside the field."""
        return _("No common password with a few digits or signs around it.")


def bare(password):
    """Return the words that may be left of `password` without its disguise."""
    lower = password.lower().strip()
    found = set()
    for text in (lower, lower.translate(LETTERS)):
        word = re.sub(r"^[^a-z]+|[^a-z]+$", "", text)
        half = text[: len(text) // 2]
        found |= {word} if len(text) - len(word) <= DRESS else set()
        found |= {half} if half * 2 == text else set()
    return {word for word in found if len(word) >= SHORTEST}
