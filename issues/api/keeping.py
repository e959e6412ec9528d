"""A token that was good a moment ago is taken for good by what only reads issues, and asked about with what it reads.

The version of all names, which rows of issues bring along, is also that of all rights of tokens (migration 0017). Where
a row was read under the version that the token was looked up under, the token is what it was then. An answer that no
such row has vouched for is not given before the token has been looked up again, and made anew unless nothing changed.
"""

from time import monotonic
from typing import NamedTuple

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import ApiToken
from accounts.tokens import COLUMNS, TOKEN_FIELDS, live_row, live_tokens, token_of
from issues import names
from issuetracker.prepared import DEFAULT, PreparedTuples

# Seconds for which a token is kept, and how many are.
LASTING = 30
KEPT = 1_000
USED, EXPIRES = TOKEN_FIELDS.index("last_used_at"), TOKEN_FIELDS.index("expires_at")

LIVE = PreparedTuples(lambda: live_tokens().annotate(version=names.version()).values_list(*COLUMNS, "version"))
WATCHING = "0017_rights_version"
_watched = False
_kept: dict = {}


class Kept(NamedTuple):
    """The columns of a token as they were under a `version`, good until a moment of the monotonic clock."""

    row: tuple
    version: str
    until: float

    def is_good(self):
        """Return whether it may be taken for what the database has, if that says so with what is read."""
        expires = self.row[EXPIRES]
        return monotonic() < self.until and (expires is None or timezone.now() < expires)


class Trusting:
    """A view that takes a token for what it was a moment ago, and finds out with what it reads whether that was right.

    For what reads; it can be made a second time.
    """

    # Whether a token is taken for what it was now, and the one that has been, with its version.
    trusts, trusted = False, None

    def dispatch(self, request, *args, **kwargs):
        """Answer `request`; anew, where the token is no longer what it was taken for."""
        self.trusts = request.method == "GET"
        answer = super().dispatch(request, *args, **kwargs)
        self.trusts = False
        if self.trusted is None or self._was_right(*self.trusted):
            return answer
        return super().dispatch(request, *args, **kwargs)

    def find_token(self, secret):
        """Return the token with that secret, its user and the user's roles, or None: as they are, or as they were."""
        kept = _recall(secret) if self.trusts else None
        if kept is None:
            row = _look_up(secret)
            return row and token_of(row[:-1])
        self.trusted = secret, kept.version
        return token_of(kept.row)

    def _was_right(self, secret, version):
        """Return whether the token was under that version when the answer was read, or is so still."""
        if names.read_under(self.request.user) == version:
            return True
        row = _look_up(secret)
        return row is not None and row[-1] == version


def _recall(secret):
    kept = _kept.get(ApiToken.digest_of(secret))
    return kept if kept is not None and kept.is_good() and not connections[DEFAULT].in_atomic_block else None


def _is_watched():
    """Return whether the database changes the version with rights: not yet, where it is still to be migrated."""
    global _watched
    _watched = _watched or MigrationRecorder.Migration.objects.filter(app="issues", name=WATCHING).exists()
    return _watched


def _look_up(secret):
    """Return the COLUMNS of the token and the version of all rights, or None, and keep them where that may be."""
    digest, row = ApiToken.digest_of(secret), live_row(LIVE, secret)
    if row is None:
        _kept.pop(digest, None)
    # What a transaction finds may never have been.
    elif row[-1] is not None and not connections[DEFAULT].in_atomic_block and _is_watched():
        if len(_kept) >= KEPT:
            _kept.clear()
        # That it is used is noted now, and is no reason to note it before it is looked up again.
        _kept[digest] = Kept((*row[:USED], timezone.now(), *row[USED + 1 : -1]), row[-1], monotonic() + LASTING)
    return row
