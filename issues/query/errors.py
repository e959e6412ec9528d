"""What is wrong with a query, and where."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from history.errors import Unreadable


@dataclass(frozen=True)
class Problem:
    """One mistake: `position` and `length` in code points; `suggestions` are texts to put in that place instead."""

    code: str
    position: int
    length: int
    message: str
    suggestions: tuple = ()

    def as_dict(self):
        """Return it as the API tells it."""
        return {
            "code": self.code,
            "position": self.position,
            "length": self.length,
            "message": self.message,
            "suggestions": list(self.suggestions),
        }


class QueryError(Unreadable):
    """A query that cannot be run. `problems` says why; `valid` is the Query of what is right in it."""

    def __init__(self, problems, valid):
        detail = _("This query cannot be run: see where it is wrong.")
        super().__init__(detail, {"q": [problem.as_dict() for problem in problems]})
        self.problems = problems
        self.valid = valid
