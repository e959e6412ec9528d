"""What the worker is to send by e-mail."""

from django.conf import settings

from accounts.models import Letter, User


def post(kind: str, to: str, user: User | None = None, **details) -> Letter:
    """Have a letter sent to `to`. Where that is empty it is written all the same, and sent to nobody."""
    return Letter.objects.create(kind=kind, to=to, user=user, **details)


def post_notice(user: User, text: str) -> None:
    """Tell `user` by e-mail, where there is mail, what was changed about how they sign in."""
    if settings.MAIL and user.email and user.is_active:
        post(Letter.Kind.NOTICE, user.email, user, text=text)
