"""What a query finds as a file, row by row: as large as it may be, it is never in memory as a whole."""

from issues.exporters.files import FORMATS, export

__all__ = ["FORMATS", "export"]
