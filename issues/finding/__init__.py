"""Finding issues: what a query means in the database, for one reader."""

from issues.finding.search import Search, SearchError, search

__all__ = ["Search", "SearchError", "search"]
