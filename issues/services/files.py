"""Attached files as they come in, before anything in the database tells of them, and how they are told of."""

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from history import log
from history.models import Kind
from history.writing import insert
from issues.files import pictures, store
from issues.files.kinds import BEGINNING, PICTURES, is_taken, kind_of
from issues.files.names import clean_name
from issues.files.references import reference
from issues.models import Attachment, IssueCounter
from issuetracker.database import may_be_done
from products import access

FIELD = "file"
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Kept:
    """A file that is on disk: what it was `sent_as`, and the fields of the attachment that it becomes."""

    sent_as: str
    token: str
    name: str
    media_type: str
    size: int
    digest: str
    width: int | None
    height: int | None

    @property
    def is_picture(self):
        """Whether it may be shown rather than saved."""
        return self.width is not None

    @property
    def markdown(self):
        """How a text shows it, or leads to it."""
        return reference(self.name, self.token, is_picture=self.is_picture)


@contextmanager
def kept(uploads, *, actor, action, home, own=False):
    """Give the Kepts of `uploads` (files as Django receives them), which are on disk; they go again if the block fails.

    Where nobody knows whether their rows were committed they stay: if not, `sweep_files` removes them.

    Pictures are drawn anew, which takes its time: so this is not done while rows are locked, and what `actor` may do
    to `home`, an issue or a product, is asked before as well as by the service. Raises Forbidden, or ValidationError.
    """
    files: list[Kept] = []
    try:
        if uploads:
            access.authorize(actor, action, home, own=own)
            _check_all(uploads)
        for upload in uploads:
            files.append(_keep(upload))
        yield files
    except BaseException as error:
        if not may_be_done(error):
            drop(files)
        raise


def drop(files):
    """Remove the Kepts `files`, of which nothing has become."""
    store.remove(file.token for file in files)


def _check_all(uploads):
    """Raise ValidationError unless all of `uploads` may be taken, as far as that shows before they are read."""
    if len(uploads) > settings.ATTACHMENT_COUNT:
        raise _refusal(_("At most %(count)d files.") % {"count": settings.ATTACHMENT_COUNT}, "count")
    for upload in uploads:
        if upload.size > settings.ATTACHMENT_LIMIT:
            limit = filesizeformat(settings.ATTACHMENT_LIMIT)
            said = _("%(name)s is too large: at most %(limit)s a file.")
            raise _refusal(said % {"name": clean_name(upload.name), "limit": limit}, "too_large")
        if not upload.size:
            raise _refusal(_("%(name)s is empty.") % {"name": clean_name(upload.name)}, "empty")


def _refusal(message, code):
    return ValidationError({FIELD: ValidationError(message, code=code)})


def _keep(upload):
    """Write one file to disk. Return its Kept. Raises ValidationError."""
    upload.seek(0)
    kind = kind_of(upload.read(BEGINNING))
    name = clean_name(upload.name)
    if not is_taken(kind, settings.ATTACHMENT_TYPES):
        said = _("%(name)s is %(kind)s, which is not taken here.")
        raise _refusal(said % {"name": name, "kind": kind}, "type")
    try:
        return _drawn(upload, kind) or _written(upload, store.pieces(upload), name, kind)
    except pictures.TooManyPixels as error:
        millions = pictures.PIXELS // 1_000_000
        said = _("%(name)s has too many pixels: at most %(millions)d million.")
        raise _refusal(said % {"name": name, "millions": millions}, "pixels") from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _refusal(_("There is no room left for files on the server."), "full") from error


def _drawn(upload, kind):
    """Return the Kept of a picture that is drawn anew, None where `upload` is none."""
    if kind not in PICTURES:
        return None
    with store.draft() as draft:
        size = pictures.redraw(upload, kind, draft)
        return size and _written(upload, store.pieces(draft), clean_name(upload.name, kind), kind, size)


def _written(upload, content, name, kind, size=(None, None)):
    width, height = size
    return Kept(upload.name, name=name, media_type=kind, width=width, height=height, **store.write(content)._asdict())


def add(files, issue, batch, *, comment=None):
    """Insert the Attachments of the Kepts `files` on a locked `issue` or a comment, each with its event in `batch`.

    Return them. The caller saves what the events count on the issue. Raises ValidationError where there would be too
    many, or no room is left for them.
    """
    _check_room(files, issue, internal=comment is not None and comment.internal)
    return [_insert(file, issue, batch, comment) for file in files]


def _check_room(files, issue, internal):
    # Apart, so that the limit does not tell who sees no internal comments how many files are on them.
    of_issue, on_internal = Attachment.objects.filter(issue=issue).kept(), Q(comment__internal=True)
    present = of_issue.filter(on_internal if internal else ~on_internal).count()
    if present + len(files) > settings.ATTACHMENT_COUNT:
        raise _refusal(_("At most %(count)d files an issue.") % {"count": settings.ATTACHMENT_COUNT}, "count")
    # So that two who fill the last room at the same time do not both find it empty.
    list(IssueCounter.objects.select_for_update().filter(product=issue.product_id))
    of_product = Attachment.objects.filter(issue__product=issue.product_id).kept()
    taken = of_product.aggregate(all=Sum("size"))["all"] or 0
    if taken + sum(file.size for file in files) > settings.ATTACHMENT_QUOTA:
        quota = filesizeformat(settings.ATTACHMENT_QUOTA)
        raise _refusal(_("The files of this product have no room left: at most %(quota)s.") % {"quota": quota}, "quota")


def _insert(file, issue, batch, comment):
    fields = {name: value for name, value in file.__dict__.items() if name != "sent_as"}
    attachment = Attachment(issue=issue, comment=comment, author=batch.actor, created_at=batch.at, **fields)
    insert(attachment)
    # What comes with a comment is shown by that, and the history does not tell of it once more.
    changes = {} if comment is not None else {FIELD: (None, log.freeze(attachment))}
    record(Kind.ATTACHED, attachment, issue, batch, state=log.present(attachment), changes=changes)
    return attachment


def record(kind, attachment, issue, batch, **told):
    """Log what is `told` of `attachment`; as internal where triagers alone see its comment."""
    fields = {"product": issue.product, "issue": issue, "internal": attachment.internal}
    log.record(batch, kind, about=attachment, **fields, **told)


def remove_later(tokens):
    """Remove files when the transaction is through; what a crash leaves there, the worker finds (`sweep_files`)."""
    transaction.on_commit(partial(store.remove, list(tokens)))
