"""Every write to attachments. Files come by `kept`; the services that write texts take them along (`files=`)."""

import logging
import time

from django.db import transaction

from accounts.services.idempotency import withhold
from history import log
from history.models import Change, Event, Kind
from history.writing import lock, save_changed
from issues.files import store
from issues.models import Attachment, Comment
from issues.services import files as incoming
from issues.services.comments import authorize as authorize_comment
from issues.services.comments import lock_comment
from issues.services.issues import COUNTED, lock_issue, take_along, touch
from products import access

REDACTED_NAME = "(redacted)"
# A file is written before its row: until then nothing tells to whom it belongs.
UNCLAIMED_SECONDS = 24 * 3600
# Another database may name what this one does not, such as the one from which an old backup was made.
ORPHAN_DAYS = 30

logger = logging.getLogger(__name__)


@transaction.atomic
def attach(home, *, actor, via, files, expected_version=None):
    """Add `files` (those of `kept`) to `home`, an issue or a comment. Return the Attachments.

    Files of the issue itself wake it where it is snoozed. Raises Forbidden, Stale, or ValidationError under "file".
    """
    comment = None
    if isinstance(home, Comment):
        comment, issue = lock_comment(home, expected_version)
        authorize_comment(actor, "edit_comment", comment, issue)
    else:
        issue = lock_issue(home, expected_version)
    access.authorize(actor, "attach", issue)
    batch = log.open_batch(actor=actor, via=via)
    return take_along(files, issue, batch, comment=comment)


@transaction.atomic
def detach(attachment, *, actor, via, expected_version=None):
    """Move `attachment` to the trash, from where it can be restored for 30 days. Return it. Raises Forbidden, Stale."""
    attachment, issue = lock_attachment(attachment, expected_version)
    _authorize(actor, "detach", attachment, issue)
    return set_trashed(attachment, issue, log.open_batch(actor=actor, via=via), True)


@transaction.atomic
def restore_attachment(attachment, *, actor, via, expected_version=None):
    """Take `attachment` out of the trash. Return it. Raises Forbidden, Stale."""
    attachment, issue = lock_attachment(attachment, expected_version, trashed=True)
    access.authorize(actor, "restore", issue)
    return set_trashed(attachment, issue, log.open_batch(actor=actor, via=via), False)


def _authorize(actor, action, attachment, issue):
    """Raise Forbidden unless `actor` sees `attachment` and may do `action` to it."""
    if attachment.internal:
        access.authorize(actor, "comment_internally", issue)
    access.authorize(actor, action, issue, own=attachment.author_id == actor.pk)


def lock_attachment(attachment, expected_version=None, *, trashed=False):
    """Return `attachment` and its issue, both locked, the issue first. Raises DoesNotExist, also if trashed."""
    issue = lock_issue(attachment.issue)
    rows = Attachment.objects.filter(deleted_at__isnull=not trashed).select_related("comment")
    return lock(rows, attachment, expected_version), issue


def set_trashed(attachment, issue, batch, trashed):
    """Move a locked `attachment` into the trash, or out of it, with its event in `batch`. Return it."""
    before = log.state(attachment)
    attachment.deleted_at = batch.at if trashed else None
    attachment.deleted_by = batch.actor if trashed else None
    kind = Kind.TRASHED if trashed else Kind.RESTORED
    saved = ["deleted_at", "deleted_by"]
    return _finish(attachment, issue, batch, kind, saved, log.difference(before, log.state(attachment)))


def _finish(attachment, issue, batch, kind, saved, changes):
    attachment.lock_version += 1
    if not attachment.internal:
        touch(issue, batch)
    incoming.record(kind, attachment, issue, batch, changes=changes)
    save_changed(attachment, [*saved, "lock_version"])
    save_changed(issue, COUNTED)
    return attachment


@transaction.atomic
def redact_attachment(attachment, *, actor, via, expected_version=None):
    """Blank `attachment` for good: its content, and its name here and in its history. Return it.

    Raises Forbidden, Stale.
    """
    attachment, issue = lock_attachment(attachment, expected_version)
    access.authorize(actor, "redact", issue)
    incoming.remove_later([attachment.token])
    attachment.name, attachment.digest = REDACTED_NAME, ""
    attachment.width = attachment.height = None
    blank = log.freeze(attachment)
    blank_history(attachment, incoming.FIELD, blank)
    withhold("attachment", [attachment.pk])
    saved = ["name", "digest", "width", "height"]
    batch = log.open_batch(actor=actor, via=via)
    return _finish(attachment, issue, batch, Kind.REDACTED, saved, {incoming.FIELD: (blank, blank)})


def blank_history(row, field, blank):
    """Put `blank` in the place of all that the history of `row` says of a `field` that is redacted."""
    own = Event.objects.filter(about=row._meta.model_name, about_id=row.pk)
    for event in own.filter(state__has_key=field):
        event.state = (event.state or {}) | {field: blank}
        event.save(update_fields=["state"])
    changes = Change.objects.filter(event__in=own, field=field)
    changes.filter(before__isnull=False).update(before=blank)
    changes.filter(after__isnull=False).update(after=blank)


def purge_attachments(rows):
    """Delete the attachments `rows`, a queryset, for good: with what tells of them, and with their files."""
    found = dict(rows.values_list("pk", "token"))
    if found:
        Event.objects.filter(about="attachment", about_id__in=found).delete()
        Attachment.objects.filter(pk__in=found).delete()
        withhold("attachment", found)
        incoming.remove_later(found.values())


def sweep_files():
    """Remove the files that nothing has named for 30 days, and old drafts. Return how many files.

    Such are left where a process has died between writing a file and its row, or a row's end and the file's. Where
    not one file is known here, this is another database than the one to which they belong: they are left alone.
    """
    now = time.time()
    limit = now - UNCLAIMED_SECONDS
    store.forget_drafts(limit)
    known, orphans = 0, set()
    for found in store.walk():
        named = Attachment.objects.kept().filter(token__in=[token for token, _at in found])
        kept = set(named.values_list("token", flat=True))
        known += len(kept)
        orphans |= {token for token, at in found if token not in kept and at < limit}
    if orphans and not known:
        logger.warning("None of %s old files belongs to this database: they are left alone.", len(orphans))
        return 0
    since = store.orphans()
    old = {token for token in orphans if since.get(token, now) < now - ORPHAN_DAYS * 24 * 3600}
    store.remove(old)
    store.note_orphans(orphans - old, now)
    if new := orphans - since.keys():
        logger.warning("No attachment has %s of the files: they are removed in %s days.", len(new), ORPHAN_DAYS)
    return len(old)
