"""How people sign in."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import BigAutoField, Q

from accounts.models import ADDRESS_LIMIT, User, can_be_stored, same_address, same_name
from history.writing import in_any_case
from issuetracker.prepared import PreparedTuples, Slot, built
from products.access import remember_roles, role_rows


def _with_roles():
    users = User.objects.filter(pk=Slot("pk", BigAutoField()))
    return users.annotate(roles=role_rows("pk")).values_list(*FIELDS, "roles")


FIELDS = tuple(field.attname for field in User._meta.concrete_fields)
WITH_ROLES = PreparedTuples(_with_roles)


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

    def get_user(self, user_id):
        """Return the active user with that id, else None; the roles that every page asks for come along."""
        rows = WITH_ROLES.tuples(pk=user_id)
        if not rows:
            return None
        *values, roles = rows[0]
        user = built(User, FIELDS, values)
        if not self.user_can_authenticate(user):
            return None
        remember_roles(user, roles)
        return user

    def find(self, text):
        """Return who is called `text`, else whose address it is, else None. A name is no address of another."""
        name = User.normalize_username(text)
        if not (can_be_stored(text, ADDRESS_LIMIT) and can_be_stored(name, ADDRESS_LIMIT)):
            return None
        found = User.objects.filter(in_any_case("username", name) | Q(email__iexact=text) & ~Q(email=""))

        def unlike(user):
            # PostgreSQL finds also those whose letters only look the same; SQLite has let in some whose case differs.
            return not same_name(user.username, name), not same_address(user.email, text), user.username != name

        return min(found, key=unlike, default=None)
