"""What the frame of every page shows of saved views."""

from django.utils.functional import SimpleLazyObject

from issues.models import SavedView
from issues.services.views import PINS_LIMIT
from issuetracker.prepared import ByReader, PreparedModels
from products.access import is_person, reader


def nav_views(request):
    """Return the views in the side bar of the reader, asked for where a page shows them."""
    return {"nav_views": SimpleLazyObject(lambda: _pinned(request.user))}


def _pinned(user):
    if not is_person(user):
        return []
    return PINNED.of(reader(user)).rows()


PINNED = ByReader(PreparedModels, lambda user: SavedView.objects.pinned_by(user).only("name")[:PINS_LIMIT])
