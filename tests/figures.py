"""Figures of the long checks: noted by tests as they run, and written as a table into docs/reliability.md."""

import json
import os
from pathlib import Path

# A file that grows by a line a figure; only `make check-long` names one.
PLACE = "FIGURES"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def note(name, value):
    """Note one figure, where somebody asked for figures. Numbers of the same name are added up."""
    if os.environ.get(PLACE):
        with Path(os.environ[PLACE]).open("a") as file:
            file.write(json.dumps([name, value]) + "\n")


def read(path):
    """Return `{name: value}` of all that was noted in the file at `path`."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        name, value = json.loads(line)
        added = isinstance(value, int) and isinstance(found.get(name), int)
        found[name] = found[name] + value if added else value
    return found


def table(columns):
    """Return the rows of a Markdown table: `columns` are `{heading: {name: value}}`."""
    names = sorted({name for figures in columns.values() for name in figures})
    lines = [["check", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(_text(figures.get(name)) for figures in columns.values())] for name in names]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value):
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def write(document, told, columns):
    """Put the table of `columns`, below the line `told`, between the marks in the file `document`."""
    before, _mark, rest = document.read_text().partition(BEGIN)
    _old, _mark, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{told}\n\n{table(columns)}\n{END}{after}")
