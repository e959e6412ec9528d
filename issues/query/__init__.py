"""The query language: one for lists, views, exports and the API. It knows no models."""

from issues.query.errors import Problem, QueryError
from issues.query.parsing import parse
from issues.query.printing import to_text

__all__ = ["Problem", "QueryError", "parse", "to_text"]
