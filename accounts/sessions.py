"""Where sessions are kept: in rows that name their user, so that they can be listed and ended one by one."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db import OperationalError
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from issuetracker.prepared import PreparedModels, Slot
from issuetracker.replica import primary

PLACE = "place"
SEEN_NOTED_EVERY = timedelta(minutes=5)


def _live():
    from accounts.models import Session

    alive = {"session_key": Slot("key", CharField()), "expire_date__gt": Slot("now", DateTimeField())}
    return Session.objects.filter(**alive).order_by()


LIVE = PreparedModels(_live)


def idle_since():
    """Return the moment since which whoever has asked for nothing is signed in no longer."""
    return timezone.now() - settings.SESSION_IDLE


class SessionStore(db.SessionStore):
    """Django's sessions of the database, in rows of ours."""

    @classmethod
    def get_model_class(cls):
        """Return the model of the rows."""
        from accounts.models import Session

        return Session

    def create_model_instance(self, data):
        """Return the row of a session with these data."""
        row = super().create_model_instance(data)
        place = data.get(PLACE) or {}
        row.user_id = int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        row.agent, row.address = place.get("agent", ""), place.get("address", "")
        if place.get("began"):
            row.began_at = datetime.fromisoformat(place["began"])
            # Each time that it is written it would last as long as a new one.
            row.expire_date = min(row.expire_date, row.began_at + timedelta(seconds=self.get_session_cookie_age()))
        return row

    def _get_session_from_db(self):
        row = LIVE.first(key=self.session_key, now=timezone.now())
        if row is None or (row.user_id and row.seen_at < idle_since()):
            self._session_key = None
            return None
        # Seldom, so that reading does not turn into writing.
        if row.user_id and row.seen_at < timezone.now() - SEEN_NOTED_EVERY:
            # What cannot be noted, as on a disk that is full, can be read all the same.
            with suppress(OperationalError), primary():
                self.model.objects.filter(pk=row.pk).update(seen_at=timezone.now())
        return row
