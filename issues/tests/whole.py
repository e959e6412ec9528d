"""What the database does not watch over in the log, since its services do."""

from django.db.models import Exists, OuterRef

from history.models import Batch, Change, Event
from issues.models import Issue

NAMED = ((Event, "batch", Batch), (Event, "issue", Issue), (Change, "event", Event), (Change, "issue", Issue))


def assert_log_is_whole():
    """Assert that nothing in the log names a batch, an event or an issue that is not there."""
    for model, field, other in NAMED:
        named = model.objects.filter(**{f"{field}__isnull": False})
        lost = named.exclude(Exists(other.objects.filter(pk=OuterRef(f"{field}_id"))))
        assert not lost.exists(), (model, field)
