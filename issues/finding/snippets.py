"""What a list shows of the texts in which words were found."""

import re

from django.db.models.functions import Left

from issues import fulltext
from issues.models import Comment, Issue

# So much of a text is looked at, so much of some descriptions in whose beginning nothing is, and so many comments of a
# page's issues.
LENGTH = 4000
FURTHER, LONG = 40_000, 10
COMMENTS = 200
# What is not read but clicked, or only shapes the text.
LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
NAMES = "a|b|blockquote|br|code|del|details|div|em|h[1-6]|hr|i|img|kbd|li|ol|p|pre|span|strong|sub|summary|sup|table|ul"
TAG = re.compile(rf"<(?:!--|/?(?:{NAMES})\b)[^<>]*>", re.IGNORECASE)


def add_snippets(issues, asked):
    """Give each of `issues`, which have the `beginning` of their texts, its `snippet`, and its title as `marked`.

    These are pieces of text, each with whether it was looked for.
    """
    if not asked.needles:
        return
    where = asked.query.where
    for issue in issues:
        issue.marked = fulltext.marked(issue.title, asked.needles) if where in (None, "title") else []
        issue.snippet = _snippet(issue.beginning, asked) if where in (None, "body") else []
    if where in (None, "comments"):
        _add_comments(_lacking(issues), asked)
    if where in (None, "body"):
        further = [issue for issue in _lacking(issues) if len(issue.beginning) == LENGTH and not issue.marked]
        _add_further(further[:LONG], asked)


def _lacking(issues):
    return [issue for issue in issues if not issue.snippet]


def _snippet(text, asked):
    read = TAG.sub(" ", LINK.sub(r"\1", text))
    found = fulltext.snippet(" ".join(read.split()), asked.needles) if read != text else []
    return found or fulltext.snippet(text, asked.needles)


def _add_comments(issues, asked):
    by_issue = {issue.id: issue for issue in issues}
    said = Comment.objects.visible_to(asked.user).filter(issue__in=list(by_issue)).order_by("-created_at", "-id")
    for pk, text in said.values_list("issue", Left("body", LENGTH))[:COMMENTS] if by_issue else ():
        issue = by_issue[pk]
        issue.snippet = issue.snippet or _snippet(text, asked)


def _add_further(issues, asked):
    by_issue = {issue.id: issue for issue in issues}
    texts = Issue.objects.visible_to(asked.user).filter(pk__in=list(by_issue)).order_by()
    for pk, text in texts.values_list("pk", Left("description", FURTHER)) if by_issue else ():
        by_issue[pk].snippet = _snippet(text, asked)
