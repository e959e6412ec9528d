"""Every write to comments."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log
from history.models import Kind
from history.writing import check, insert, lock, save_changed
from issues import fulltext
from issues.files.references import resolve
from issues.models import Comment
from issues.services import files as incoming
from issues.services.issues import COUNTED, lock_family, lock_issue, take_along, touch, update_issue, wake
from issues.services.needinfos import answer
from products import access
from products.linking import render_in
from products.models import TEXT_LIMIT, limit_field


@transaction.atomic
def add_comment(issue, *, actor, via, body, internal=False, expected_version=None, batch=None, files=(), **changes):
    """Comment on `issue`, and in the same batch make `changes` to it (as `update_issue`). Return the Comment.

    What everybody can read answers what its author was asked, and wakes an issue that is snoozed. `batch` makes it
    part of a larger one. `files` (those of `kept`) belong to it, and are all that it says where it has no text.
    Raises Forbidden, Stale, or ValidationError by field.
    """
    if files and changes:
        # The room for files is counted under the counter of the product, which is locked last.
        lock_family(issue.pk)
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "comment_internally" if internal else "comment", issue)
    now = timezone.now()
    body = resolve(body, files) if body.strip() else "\n".join(file.markdown for file in files)
    comment = Comment(issue=issue, body=body, internal=internal, author=actor, created_at=now)
    check_comment(comment)
    batch = batch or log.open_batch(actor=actor, via=via, at=now)
    comment.body_html = render_in(issue.product, body)
    insert(comment)
    _record(Kind.COMMENTED, comment, issue, batch, counted=1, state=log.present(comment))
    if files:
        incoming.add(files, issue, batch, comment=comment)
        save_changed(issue, ["event_count"])
    if not internal:
        wake(issue, batch)
        answer(issue, batch)
    if changes:
        update_issue(issue, actor=actor, via=via, batch=batch, **changes)
    return comment


def check_comment(comment, limit=TEXT_LIMIT):
    """Raise ValidationError by field unless `comment` is valid and has at most `limit` bytes."""
    check(comment, exclude=["issue", "author", "deleted_by"])
    if not comment.body.strip():
        raise ValidationError({"body": ValidationError(_("Write something."), code="blank")})
    limit_field("body", comment.body, limit)


def _record(kind, comment, issue, batch, *, counted=0, **told):
    """Log what is `told` of `comment`, whose text is searched anew from then on.

    Only what every reader can see moves the issue's version and date.
    """
    if not comment.internal:
        issue.comment_count += counted
        touch(issue, batch)
    log.record(batch, kind, about=comment, product=issue.product, issue=issue, internal=comment.internal, **told)
    save_changed(issue, ["comment_count", *COUNTED])
    fulltext.index([(issue.pk, issue.title, issue.description)])


def lock_comment(comment, expected_version=None, *, trashed=False):
    """Return `comment` and its issue, both locked, the issue first (as everywhere)."""
    issue = lock_issue(comment.issue)
    rows = Comment.objects.filter(deleted_at__isnull=not trashed).select_related("author")
    return lock(rows, comment, expected_version), issue


@transaction.atomic
def edit_comment(comment, *, actor, via, body, expected_version=None, files=()):
    """Replace the text of `comment`, and add `files` (those of `kept`). Return it.

    Raises Forbidden, Stale, or ValidationError by field.
    """
    comment, issue = lock_comment(comment, expected_version)
    authorize(actor, "edit_comment", comment, issue)
    body = resolve(body, files)
    if body == comment.body and not files:
        return comment
    batch = log.open_batch(actor=actor, via=via)
    if body != comment.body:
        set_body(comment, issue, body, batch)
    if files:
        take_along(files, issue, batch, comment=comment)
    return comment


def set_body(comment, issue, body, batch, limit=TEXT_LIMIT):
    """Save a new `body`, of at most `limit` bytes, of a locked `comment` with its event in `batch`. Return it."""
    before = log.state(comment)
    comment.body = body
    check_comment(comment, limit)
    comment.body_html = render_in(issue.product, body)
    comment.edited_at = batch.at
    comment.lock_version += 1
    save_changed(comment, ["body", "body_html", "edited_at", "lock_version"])
    _record(Kind.COMMENT_EDITED, comment, issue, batch, changes=log.difference(before, log.state(comment)))
    return comment


def authorize(actor, action, comment, issue):
    """Raise Forbidden unless `actor` sees `comment` and may do `action` to it."""
    if comment.internal:
        access.authorize(actor, "comment_internally", issue)
    access.authorize(actor, action, issue, own=comment.author_id == actor.pk)


@transaction.atomic
def trash_comment(comment, *, actor, via, expected_version=None, batch=None):
    """Move `comment` to the trash. Return it. `batch` makes it part of a larger one."""
    comment, issue = lock_comment(comment, expected_version)
    access.authorize(actor, "trash", issue)
    return set_trashed(comment, issue, batch or log.open_batch(actor=actor, via=via), True)


@transaction.atomic
def restore_comment(comment, *, actor, via, expected_version=None):
    """Take `comment` out of the trash. Return it."""
    comment, issue = lock_comment(comment, expected_version, trashed=True)
    access.authorize(actor, "restore", issue)
    return set_trashed(comment, issue, log.open_batch(actor=actor, via=via), False)


def set_trashed(comment, issue, batch, trashed):
    """Move a locked `comment` into the trash, or out of it, with its event in `batch`. Return the comment."""
    before = log.state(comment)
    comment.deleted_at = batch.at if trashed else None
    comment.deleted_by = batch.actor if trashed else None
    comment.lock_version += 1
    save_changed(comment, ["deleted_at", "deleted_by", "lock_version"])
    kind = Kind.TRASHED if trashed else Kind.RESTORED
    changes = log.difference(before, log.state(comment))
    _record(kind, comment, issue, batch, counted=-1 if trashed else 1, changes=changes)
    return comment
