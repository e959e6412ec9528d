"""Addresses that came with a request, and that its sender is to be led to."""

from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

# Twice within one another they are still shorter than what Django redirects to; and servers take no more than 8190.
ADDRESS_LIMIT = 4000


def own_address(text):
    """Return `text` where it is an address of this site, from its first slash on; else an empty text."""
    # Two slashes begin the name of a host, if only an empty one.
    begins = text.startswith("/") and not text.startswith("//")
    ours = begins and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if ours and len(iri_to_uri(text)) <= ADDRESS_LIMIT else ""
