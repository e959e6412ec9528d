"""What more issues cost: `python benchmarks/growth.py 10000 1000000`.

Measures as pages.py does at each size, and prints the last size's medians, and pages that the database reads, as
multiples of the first one's. A size can name a database that is filled already: `1000000=postgres://…`. With --sqlite
everything happens in files, and pages are not counted.
"""

import argparse
import json
import os

import machine
from points import ROLES


def measure(size, options):
    """Return what pages.py finds at a size, which may name its database."""
    issues, _equals, url = size.partition("=")
    command = ["benchmarks/pages.py", "--json", "--issues", issues, "--products", str(options.products)]
    command += ["--repeats", str(options.repeats)]
    command += ["--database", url] if url else []
    command += ["--sqlite"] if options.sqlite else []
    command += ["--port", str(options.port)] if options.port else []
    return json.loads(machine.run(dict(os.environ), *command).splitlines()[-1])


def compare(name, small, large):
    """Return the row of one point."""
    row = [name]
    for figure in ("median", "pages"):
        before, after = small.get(figure), large.get(figure)
        both = before is not None and after is not None
        row += [f"{before:,.1f} → {after:,.1f}", f"{after / max(before, 0.1):.2f}"] if both else [None, None]
    return [*row, f"{small['p95']:,.1f} → {large['p95']:,.1f}" if small and large else None]


def main():
    """Measure all sizes, and print a table for each reader."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="+", metavar="ISSUES[=URL]")
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    results = [measure(size, options) for size in options.sizes]
    names = " → ".join(f"{int(size.partition('=')[0]):,}" for size in (options.sizes[0], options.sizes[-1]))
    print(f"{machine.describe()}; {names} issues\n")
    for role in ROLES:
        small, large = results[0][role], results[-1][role]
        print(f"**{role[0].upper()}{role[1:]}**\n")
        rows = [compare(name, small[name], large[name]) for name in small]
        machine.print_table(["work", "median ms", "ratio", "database pages", "ratio", "95 % ms"], rows)


if __name__ == "__main__":
    main()
