"""The answers that are told again where a client asks again: each stands beside the change, in one transaction."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import IdempotencyRecord

KEPT = timedelta(hours=24)


def claim(user, key, digest):
    """Return `(record, is_new)` of what `user` asks for with `key`; `digest` tells what that is, if it is new.

    Called in the transaction of what is asked for. While another one is at it with the same key, this waits for its
    end: the unique index is the lock.
    """
    return IdempotencyRecord.objects.get_or_create(user=user, key=key, defaults={"digest": digest})


def is_kept(user, key, digest):
    """Return whether there is an answer to what `user` asks for with `key`."""
    return IdempotencyRecord.objects.filter(user=user, key=key, digest=digest).exists()


def settle(record, *, status, headers, body, about=None, withheld=False):
    """Note the answer in a new `record`; `about` is the row that its body tells of, and what is `withheld` is not kept.

    Return the record.
    """
    record.status, record.headers, record.withheld = status, headers, withheld
    record.body = "" if withheld else body
    if about is not None:
        record.about, record.about_id = about._meta.model_name, about.pk
    record.save(update_fields=["status", "headers", "body", "withheld", "about", "about_id"])
    return record


def withhold(about, ids):
    """Take the bodies of the answers about the rows `ids` of a model, named as events name it, away for good."""
    IdempotencyRecord.objects.filter(about=about, about_id__in=ids).update(body="", withheld=True)


def forget_answers():
    """Remove the answers that are told no longer to who asks again with the same key."""
    IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
