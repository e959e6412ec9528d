"""The trash: moving an issue there and back, redacting a text, and purging for good."""

from datetime import timedelta
from itertools import chain

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from accounts.services.idempotency import withhold
from history import log
from history.errors import Conflict
from history.models import Change, Event, Kind, Via
from history.writing import lock, save_changed
from issues import fulltext, similar
from issues.models import (
    Attachment,
    Comment,
    FormerKey,
    Issue,
    IssueCounter,
    IssueLabel,
    IssueNumber,
    NeedInfo,
    Relation,
    Vote,
    Watch,
)
from issues.services.attachments import blank_history, purge_attachments, redact_attachment
from issues.services.comments import lock_comment
from issues.services.issues import COUNTED, RELATED, count_votes, finish, lock_family, lock_issue, touch
from issues.services.needinfos import withdraw_idle
from issues.services.relations import REVERSED
from products import access
from products.models import Product

KEPT_DAYS = 30
CHUNK = 500
# How many issues of a product a transaction purges: nobody else waits for longer than these take.
OF_PRODUCT = 100
REDACTED_TITLE = "(redacted)"
REDACTED_FIELDS = {
    Issue: ("title", "description"),
    Comment: ("body",),
    Attachment: ("file",),
    NeedInfo: ("question",),
    Product: ("title", "description"),
}


@transaction.atomic
def trash_issue(issue, *, actor, via, expected_version=None, batch=None):
    """Move `issue` to the trash, from where it can be restored for 30 days. Return it.

    `batch` makes it part of a larger one.
    """
    issue = lock_issue(issue, expected_version)
    access.authorize(actor, "trash", issue)
    return set_trashed(issue, batch or log.open_batch(actor=actor, via=via), True)


@transaction.atomic
def restore_issue(issue, *, actor, via, expected_version=None):
    """Take `issue` out of the trash. Return it."""
    issue = lock_trashed(issue, expected_version)
    access.authorize(actor, "restore", issue)
    return set_trashed(issue, log.open_batch(actor=actor, via=via), False)


def lock_trashed(issue, expected_version=None):
    """Return `issue`, which is in the trash, locked. Raises Issue.DoesNotExist and Stale."""
    trashed = Issue.objects.filter(deleted_at__isnull=False, product__deleted_at=None).select_related(*RELATED)
    return lock(trashed, issue, expected_version)


def set_trashed(issue, batch, trashed):
    """Move a locked `issue` into the trash, or out of it, with its event in `batch`. Return it."""
    before = log.state(issue, ["deleted_at"])
    issue.deleted_at = batch.at if trashed else None
    issue.deleted_by = batch.actor if trashed else None
    issue = finish(issue, before, batch, Kind.TRASHED if trashed else Kind.RESTORED)
    if not trashed and issue.waiting_for_id is not None:
        # Who was asked may see it no more by now. Told after it is back, so that its undo comes before it goes.
        withdraw_idle(issue, batch)
    return issue


@transaction.atomic
def redact(row, field, *, actor, via, expected_version=None):
    """Blank the `field` of an issue, comment, attachment, question or product, here and in its history. Return the row.

    An event says that it was done, and by whom. It cannot be undone. Raises Forbidden, Stale, or ValidationError.
    """
    allowed = REDACTED_FIELDS[type(row)]
    if field not in allowed:
        message = _("Only these can be redacted: %(fields)s.") % {"fields": ", ".join(allowed)}
        raise ValidationError({"field": ValidationError(message, code="choice")})
    if isinstance(row, Attachment):
        return redact_attachment(row, actor=actor, via=via, expected_version=expected_version)
    row, issue = _lock_any(row, expected_version)
    access.authorize(actor, "redact", issue or row)
    blank = REDACTED_TITLE if field == "title" else ""
    setattr(row, field, blank)
    html = {f"{field}_html": ""} if field in ("description", "body") else {}
    for name, value in html.items():
        setattr(row, name, value)
    blank_history(row, field, log.freeze(blank))
    # An answer about an issue tells of what was asked about it, too.
    withhold(*(("issue", [issue.pk]) if isinstance(row, NeedInfo) else (row._meta.model_name, [row.pk])))
    _record_redaction(row, issue, field, log.freeze(blank), log.open_batch(actor=actor, via=via), html)
    return row


def _lock_any(row, expected_version):
    """Return `row` locked, and the locked issue that it is or belongs to (None for a product)."""
    if isinstance(row, Product):
        return lock(Product.objects.filter(deleted_at=None), row, expected_version), None
    if isinstance(row, Comment):
        return lock_comment(row, expected_version)
    if isinstance(row, NeedInfo):
        issue = lock_issue(row.issue)
        return lock(NeedInfo.objects.all(), row, expected_version), issue
    issue = lock_issue(row, expected_version)
    return issue, issue


def _record_redaction(row, issue, field, blank, batch, html):
    row.lock_version += 1
    product = issue.product if issue else row
    internal = isinstance(row, Comment) and row.internal
    changes = {field: (blank, blank)}
    saved = [field, *html, "lock_version"]
    if issue is not None and issue is not row and not internal:
        touch(issue, batch)
    if not isinstance(row, (Comment, NeedInfo)):
        row.updated_at, row.updated_by = batch.at, batch.actor
        saved += ["updated_at", "updated_by"]
    log.record(batch, Kind.REDACTED, about=row, product=product, issue=issue, internal=internal, changes=changes)
    save_changed(row, saved)
    if issue is not None:
        save_changed(issue, COUNTED)
        fulltext.index([(issue.pk, issue.title, issue.description)])
    if row is issue:
        similar.post([(issue.pk, issue.product_id, issue.title, issue.description)])


def purge(row, *, actor, via, expected_version=None):
    """Delete an issue, comment, attachment or product that is in the trash for good, with its history.

    A product goes after its issues, of which a few go in a transaction: where that breaks off, it is in the trash
    still, without these. Raises Forbidden, Stale, or Conflict where it is not in the trash.
    """
    # Most leave no event, and what one transaction records of an issue another may delete.
    with log.late_batch(actor=actor, via=via) as log_to:
        while not _purge_some(row, actor, log_to, expected_version):
            pass


@transaction.atomic
def _purge_some(row, actor, log_to, expected_version):
    """Do one transaction of a purge. Return whether it was the last."""
    _lock_first(type(row), row.pk)
    fresh = lock(type(row).objects.all(), row, expected_version)
    home = fresh.issue if isinstance(fresh, (Attachment, Comment)) else fresh
    access.authorize(actor, "purge", home)
    if fresh.deleted_at is None:
        raise Conflict(_("Only what is in the trash can be purged: delete it first."), "not_in_trash")
    return _purge(fresh, log_to)


def _lock_first(model, pk):
    """Lock what is locked before the row `pk` of `model` is purged."""
    if model is Issue:
        _lock_around([pk])
    elif model is not Product:
        # The issue first, as everywhere: who purges that comes to its files and comments in an order of their own.
        list(Issue.objects.filter(pk__in=model.objects.filter(pk=pk).values("issue")).locked().values_list("pk"))


def purge_imported(ids, *, actor, via):
    """Delete those of the issues `ids` for good that an import brought and that are in the trash. Return how many.

    It goes by 500 a transaction. `actor` None is the site itself. Raises Forbidden.
    """
    with log.late_batch(actor=actor, via=via) as log_to:
        return sum(_purge_chunk(ids[start : start + CHUNK], actor, log_to) for start in range(0, len(ids), CHUNK))


@transaction.atomic
def _purge_chunk(ids, actor, log_to):
    _lock_around(ids)
    gone = Issue.objects.filter(pk__in=ids, source=Issue.Source.IMPORT, deleted_at__isnull=False)
    issues = list(gone.select_related("product"))
    if actor is not None:
        for issue in issues:
            access.authorize(actor, "purge", issue)
    if issues:
        _purge_issues([issue.pk for issue in issues], log_to)
    return len(issues)


def _purge(row, log_to):
    """Delete a locked `row`, or of a product some of its issues. Return whether it is gone."""
    if isinstance(row, Product):
        return _purge_product(row, log_to)
    if isinstance(row, Attachment):
        purge_attachments(Attachment.objects.filter(pk=row.pk))
    elif isinstance(row, Comment):
        purge_attachments(row.attachments.all())
        Event.objects.filter(about="comment", about_id=row.pk).delete()
        withhold("comment", [row.pk])
        row.delete()
    else:
        _purge_issues([row.pk], log_to)
    return True


def _purge_product(product, log_to):
    ids = list(Issue.objects.filter(product=product).values_list("pk", flat=True)[:OF_PRODUCT])
    if ids:
        _lock_around(ids)
        _purge_issues(ids, log_to)
        return False
    _take_history_along(product)
    _keep_addresses(product)
    IssueNumber.objects.filter(product=product).delete()
    IssueCounter.objects.filter(product=product).delete()
    withhold("product", [product.pk])
    product.delete()
    return True


def _take_history_along(product):
    """Give the events of issues that had moved out of `product` to the product where these are now."""
    home = Issue.objects.filter(pk=OuterRef("issue")).values("product")
    Event.objects.filter(product=product, issue__isnull=False).update(product=Subquery(home))


def _keep_addresses(product):
    """Let the keys of issues that had moved out of `product` lead to them without it."""
    keys = list(product.keys.values_list("key", flat=True))
    left = IssueNumber.objects.filter(product=product).values_list("number", "issue")
    former = [FormerKey(key=f"{key}-{number}", issue_id=issue) for number, issue in left for key in keys]
    FormerKey.objects.bulk_create(former, batch_size=CHUNK)


def _purge_issues(ids, log_to):
    _let_go(ids, log_to)
    merged = Issue.objects.filter(pk__in=ids, duplicate_of__isnull=False).exclude(duplicate_of__in=ids)
    originals = set(merged.values_list("duplicate_of", flat=True))
    purge_attachments(Attachment.objects.filter(issue__in=ids))
    withhold("issue", ids)
    withhold("comment", Comment.objects.filter(issue__in=ids).values("pk"))
    for model in (Change, Event, IssueLabel, IssueNumber, FormerKey, Comment, NeedInfo, Vote, Watch):
        model.objects.filter(issue_id__in=ids).delete()
    Issue.objects.filter(pk__in=ids).delete()
    fulltext.forget(ids)
    count_votes(*originals)
    similar.forget(ids)


def _lock_around(ids):
    """Lock the issues `ids` with all that a purge of them changes, in one step: in two it could wait in a ring."""
    lock_family(*ids, *_beside(ids))


def _beside(ids):
    """Return the ids of the issues that are related to the issues `ids`, or have one of them above them."""
    related = Relation.objects.filter(Q(source__in=ids) | Q(target__in=ids)).values_list("source", "target")
    below = Issue.objects.filter(parent__in=ids).values_list("pk", flat=True)
    return {*chain.from_iterable(related), *below} - {*ids}


def _let_go(ids, log_to):
    """Take what is purged out of the issues that name it, each with an event, so that their history still holds.

    What they show stays as it was: the link had vanished with what went to the trash.
    """
    for field in ("parent", "duplicate_of"):
        named = Issue.objects.filter(**{f"{field}__in": ids}).exclude(pk__in=ids).order_by("pk")
        for issue in named.select_related("product", f"{field}__product").select_for_update(of=("self",)):
            changes = {field: (log.freeze(getattr(issue, field)), None)}
            setattr(issue, field, None)
            log.record(log_to(), Kind.CHANGED, about=issue, product=issue.product, issue=issue, changes=changes)
            save_changed(issue, [field, "event_count"])
    relations = Relation.objects.filter(source__in=ids) | Relation.objects.filter(target__in=ids)
    for relation in relations.select_related("source__product", "target__product"):
        _unrelate(relation, ids, log_to)
    relations.delete()


def _unrelate(relation, ids, log_to):
    """End a relation to what is purged. No reader sees that: it had vanished with what went to the trash."""
    ends = (
        (relation.source, relation.target, relation.kind),
        (relation.target, relation.source, REVERSED[relation.kind]),
    )
    for issue, other, name in ends:
        if issue.pk not in ids:
            issue = Issue.objects.select_for_update(of=("self",)).select_related("product").get(pk=issue.pk)
            changes = {name: (log.freeze(other), None)}
            log.record(log_to(), Kind.UNRELATED, about=relation, product=issue.product, issue=issue, changes=changes)
            save_changed(issue, ["event_count"])


def purge_expired(now, on_progress=None):
    """Purge what has been in the trash for longer than 30 days at `now`, at most 500 of a kind. Return how many.

    `on_progress(count)` is called after each transaction.
    """
    limit = now - timedelta(days=KEPT_DAYS)
    count = 0
    for model in (Attachment, Comment, Issue, Product):
        for pk in list(model.objects.filter(deleted_at__lt=limit).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
            is_gone = False
            with log.late_batch(actor=None, via=Via.ADMIN, at=now) as log_to:
                while is_gone is False:
                    is_gone = _purge_if_expired(model, pk, limit, log_to)
                    count += bool(is_gone)
                    if on_progress:
                        on_progress(count)
    return count


@transaction.atomic
def _purge_if_expired(model, pk, limit, log_to):
    """Do one transaction of the purge of a row. Return whether it is gone, or None where it was restored."""
    _lock_first(model, pk)
    locked = model.objects.select_for_update().filter(pk=pk, deleted_at__lt=limit).first()
    return _purge(locked, log_to) if locked is not None else None
