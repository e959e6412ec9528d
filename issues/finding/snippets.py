"""What a list shows of the texts in which words were found."""

from django.db.models.functions import Left

from issues import fulltext
from issues.models import Comment

# So much of a text is looked at, and so many comments of a page's issues.
LENGTH = 4000
COMMENTS = 200


def with_texts(rows, asked):
    """Return `rows` with the beginnings of their descriptions, where the Search `asked` looks for words."""
    return rows.annotate(beginning=Left("description", LENGTH)) if asked.needles else rows


def add_snippets(issues, asked):
    """Give each of `issues`, rows `with_texts`, its `snippet`: pieces of text, and whether they were looked for."""
    if not asked.needles:
        return
    where = asked.query.where
    for issue in issues:
        issue.snippet = fulltext.snippet(issue.beginning, asked.needles) if where in (None, "body") else []
    lacking = [issue for issue in issues if not issue.snippet]
    if lacking and where in (None, "comments"):
        _add_comments(lacking, asked)


def _add_comments(issues, asked):
    said = Comment.objects.visible_to(asked.user).filter(issue__in=issues).order_by("-created_at", "-id")
    by_issue = {issue.pk: issue for issue in issues}
    for pk, text in said.values_list("issue", Left("body", LENGTH))[:COMMENTS]:
        issue = by_issue[pk]
        issue.snippet = issue.snippet or fulltext.snippet(text, asked.needles)
