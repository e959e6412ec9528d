"""The seam: the same functions of two modules, one for each kind of database."""

from issues.fulltext import postgresql, sqlite

ENGINES = {"postgresql": postgresql, "sqlite": sqlite}


def engine_of(connection):
    """Return the module that keeps and searches documents in the database of `connection`."""
    return ENGINES[connection.vendor]
