"""What a list shows of the texts in which words were found."""

from django.db.models.functions import Left

from issues import fulltext
from issues.models import Comment

# So much of a text is looked at, and so many comments of a page's issues.
LENGTH = 4000
COMMENTS = 200


def add_snippets(issues, asked):
    """Give each of `issues`, which have the `beginning` of their texts, its `snippet`.

    That is pieces of text, each with whether it was looked for.
    """
    if not asked.needles:
        return
    where = asked.query.where
    for issue in issues:
        issue.snippet = fulltext.snippet(issue.beginning, asked.needles) if where in (None, "body") else []
    lacking = [issue for issue in issues if not issue.snippet]
    if lacking and where in (None, "comments"):
        _add_comments(lacking, asked)


def _add_comments(issues, asked):
    by_issue = {issue.id: issue for issue in issues}
    said = Comment.objects.visible_to(asked.user).filter(issue__in=list(by_issue)).order_by("-created_at", "-id")
    for pk, text in said.values_list("issue", Left("body", LENGTH))[:COMMENTS]:
        issue = by_issue[pk]
        issue.snippet = issue.snippet or fulltext.snippet(text, asked.needles)
