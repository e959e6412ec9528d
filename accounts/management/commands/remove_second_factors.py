"""`manage.py remove_second_factors USERNAME`: for somebody who has lost app, codes and passkeys."""

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services.factors import remove_factors
from history.models import Via


class Command(BaseCommand):
    """Takes them away and says how many there were."""

    help = "Take the second factors of a user away, who then signs in by password alone."

    def add_arguments(self, parser):
        """Take the user name."""
        parser.add_argument("username")

    def handle(self, *args, username, **options):
        """Take them away."""
        user = User.objects.called(username)
        if user is None:
            raise CommandError(f"There is no user {username}.")
        count = remove_factors(user, actor=None, via=Via.ADMIN)
        self.stdout.write(f"{count} removed.")
