"""How common words are, counted over what everybody may read, so that no rank tells of what is hidden."""

from datetime import timedelta

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from issues.fulltext.engines import engine_of

# A word of fewer documents is not kept.
KEPT = 2
AGE = timedelta(hours=1)


def count_words():
    """Count anew in how many documents each word is. Only the public documents are asked, never the whole ones."""
    census = apps.get_model("issues", "WordCensus").objects
    engine, event = engine_of(connection), _last_event()
    counts = engine.read_counts()
    with transaction.atomic():
        census.get_or_create(pk=1)
        # Of two workers the second waits.
        census.select_for_update().get(pk=1)
        engine.write_counts(counts, KEPT)
        census.filter(pk=1).update(at=timezone.now(), event=event)


def count_words_if_due(now):
    """Count anew if anything has happened since the last time, and that is an hour before `now`. Return whether."""
    census = apps.get_model("issues", "WordCensus").objects.filter(pk=1).first()
    if census is not None and (census.at > now - AGE or census.event == _last_event()):
        return False
    count_words()
    return True


def _last_event():
    """Return the id of the last event: whatever changes a text or who may read it leaves one."""
    return apps.get_model("history", "Event").objects.aggregate(last=Max("pk"))["last"] or 0
