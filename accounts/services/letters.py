"""What the worker is to send by e-mail."""

from django.conf import settings

from accounts.models import Letter, User


def post(kind: str, to: str, user: User | None = None, **details) -> Letter:
    """Have a letter sent to `to`. Where that is empty it is written all the same, and sent to nobody."""
    return Letter.objects.create(kind=kind, to=to, user=user, **details)


def post_notice(user: User, text: str, to: str | None = None) -> None:
    """Tell `user` by e-mail, where there is mail, what was changed about the ways into their account.

    Who is not active is told nothing, but `to` is: whoever reads that address, which was theirs.
    """
    if to is None and user.is_active:
        to = user.email
    if settings.MAIL and to:
        post(Letter.Kind.NOTICE, to, user, text=text)
