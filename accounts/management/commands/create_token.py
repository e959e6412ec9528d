"""`manage.py create_token USERNAME`: an API token for somebody, printed once."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import create_token
from history.models import Via


class Command(BaseCommand):
    """Makes a token and prints it and nothing else."""

    help = "Make an API token for a user, and print it and nothing else."

    def add_arguments(self, parser):
        """Take the user name, and what the token may do."""
        parser.add_argument("username")
        parser.add_argument(
            "--scopes", default="read", help="read, write or admin, with commas between (default: read)"
        )
        parser.add_argument("--name", default="command line", help="what the list of tokens calls it")

    def handle(self, *args, username, scopes, name, **options):
        """Make the token."""
        try:
            user = User.objects.get_by_natural_key(username)
            scopes = [scope.strip() for scope in scopes.split(",")]
            _token, secret = create_token(user, actor=None, via=Via.ADMIN, name=name, scopes=scopes)
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user {username}.") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(secret)
