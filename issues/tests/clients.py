"""The browser of somebody, as tests of pages have it."""

from django.test import Client


def at(user):
    """Return a Client that is signed in as `user`; as nobody for None, and for who is anonymous."""
    client = Client()
    if user is not None and user.is_authenticated:
        client.force_login(user)
    return client
