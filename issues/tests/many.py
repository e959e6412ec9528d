"""Many rows by the door for many: for what pages and lists ask of the database, however much there is."""

from django.utils import timezone

from issues.models import Issue
from issues.services import CommentRecord, IssueRecord, write_batch


def file_many(product, author, count, *, comments=(), **fields):
    """File `count` issues with these `fields`, each with `comments` of these texts by the author. Return them."""
    now = timezone.now()
    records = [
        IssueRecord(
            product,
            {"title": f"Issue {place}", **fields},
            author=author,
            comments=[CommentRecord(text, author, now) for text in comments],
        )
        for place in range(count)
    ]
    batch = write_batch(records, actor=None, via="web")
    return list(Issue.objects.filter(events__batch=batch, events__kind="created").order_by("number"))
