"""How people sign in."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q

from accounts.models import User


class NameOrEmail(ModelBackend):
    """Signs in by user name or by e-mail address, both without regard to case."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        """Return the active user with that name or address and `password`, else None."""
        if username is None or password is None:
            return None
        user = self.find(username)
        if user is None:
            # Takes as long as for somebody who exists: the time must not tell who does.
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def find(self, text):
        """Return who is called `text`, else whose address it is, else None. A name is no address of another."""
        if "\x00" in text:
            return None
        found = User.objects.filter(Q(username__iexact=text) | Q(email__iexact=text) & ~Q(email=""))
        people = sorted(found, key=lambda user: user.username.lower() != text.lower())
        return people[0] if people else None
