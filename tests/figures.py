"""Figures of the long checks: noted by tests as they run, and written as a table into docs/reliability.md."""

import json
import os
from pathlib import Path

# A file that grows by a line a figure; only `make check-long` names one.
PLACE = "FIGURES"
DAY = "last checked on"
HEADINGS = ("SQLite", "PostgreSQL", DAY)
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


def table(rows):
    """Return a Markdown table of `rows`: `{check: {heading: text}}`."""
    lines = [["check", *HEADINGS], ["---"] * (1 + len(HEADINGS))]
    lines += [[name, *(rows[name].get(heading, "–") for heading in HEADINGS)] for name in sorted(rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows_of(text):
    """Return the rows that `table` has made."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if "|" in line]
    return {name: dict(zip(HEADINGS, cells, strict=True)) for name, *cells in lines[2:]}


def write(document, day, found):
    """Enter `found`, `{heading: {check: value}}` of `day`, into the table between the marks in the file `document`.

    What was not checked this time stays as it was found, with its day.
    """
    before, _mark, rest = document.read_text().partition(BEGIN)
    old, _mark, after = rest.partition(END)
    rows = rows_of(old)
    for heading, values in found.items():
        for name, value in values.items():
            rows[name] = {**rows.get(name, {}), heading: _text(value), DAY: day}
    document.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


def _text(value):
    return f"{value:,}" if isinstance(value, int) else str(value)
