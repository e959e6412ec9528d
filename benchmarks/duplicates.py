"""How often the true duplicate is among the first suggestions: real trackers, replayed in the order of time.

`python benchmarks/duplicates.py FOLDER` (or the variable TRACKERS) reads `duplicates.tsv.gz`,
`duplicate-buckets.tsv.gz` and the normalised files that they name: a JSON object a line with `id`, `product`,
`component`, `title`, `description`, `created_at`, `resolved_at`, `status`, `resolution` and `history`. `python
benchmarks/duplicates.py FILE…` reads some of these files, with the pairs from beside them.

An issue is asked for as it was filed, among those that there were, as they were then. Where a file does not say when
an issue was marked as a duplicate, the mark is known from its filing on, or `--late` days later; it is never known
when the issue itself is asked for. A hit is the original, or the canonical issue as which it was shown then.
"""

import argparse
import gzip
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from issues.similar.replay import VARIANTS, Score, Tracker

OF_COMPONENTS = ("JDT", "PDE", "CDT")
# Before so many issues of a product nothing can be learned from it.
FEW = 100
# Fewer pairs say nothing.
ASKED_LEAST = 20
PAIRS, BUCKETS = "duplicates.tsv.gz", "duplicate-buckets.tsv.gz"


def read_lines(path):
    """Yield the rows of a table as dictionaries."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        for line in lines:
            yield dict(zip(names, line.rstrip("\n").split("\t"), strict=True))


def read_issues(path):
    """Return the issues of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def replay(rows, pairs, buckets, *, with_text=True, with_components=True, late=0):
    """Live through a tracker. Return `({variant: Score}, {variant: Score by bucket}, {product: Score})`."""
    tracker = Tracker(rows, with_text, late)
    exact, loose = ({name: Score((5, 10)) for name in VARIANTS} for _kind in range(2))
    components, filed = {}, Counter()
    for at, _order, number, field, value in tracker.events():
        if field != "filed":
            tracker.change(number, at, field, value)
            continue
        name, home = tracker.rows[number]["id"], tracker.rows[number]["product"]
        if name in pairs:
            told = tracker.suggest(number, at)
            peers = [tracker.numbers[one] for one in buckets.get(name, ()) if tracker.numbers.get(one, number) < number]
            for wanted, scores in ((pairs[name], exact), (None, loose)):
                numbers = [tracker.numbers[one] for one in wanted] if wanted else peers
                right = {*numbers, *map(tracker.canonical, numbers)}
                for variant, score in scores.items():
                    score.add(told[variant], right)
        if with_components and home in OF_COMPONENTS and filed[home] >= FEW:
            score = components.setdefault(home, Score((1, 3)))
            score.add(tracker.components(number, at), {tracker.rows[number]["component"]})
        filed[home] += 1
        tracker.file(number, at)
    return exact, loose, components


def read_pairs(folder):
    """Return `{file: {issue: originals}}` of those that could be found, and `{file: {issue: its bucket}}`."""
    pairs, buckets = defaultdict(lambda: defaultdict(set)), defaultdict(dict)
    for row in read_lines(folder / PAIRS):
        if row["target_older"] == "1":
            pairs[row["corpus_file"]][row["issue"]].add(row["duplicate_of"])
    for row in read_lines(folder / BUCKETS):
        members = row["issues_by_creation"].split()
        buckets[row["corpus_file"]].update(dict.fromkeys(members, members))
    return pairs, buckets


def main():
    """Print a table for each tracker."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="a folder, or some of its files")
    parser.add_argument("--late", type=int, default=0, help="days after which undated marks are known; default: 0")
    parser.add_argument("--without-components", action="store_true", help="duplicates only, which is sooner")
    options = parser.parse_args()
    paths = options.paths or [Path(os.environ["TRACKERS"])] if options.paths or "TRACKERS" in os.environ else []
    if not paths:
        parser.error("name a folder, or set TRACKERS")
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    pairs, buckets = read_pairs(folder)
    names = [name for name in pairs if name.endswith(".ndjson.gz") and (folder / name).exists()]
    names = names if paths[0].is_dir() else [path.name for path in paths]
    print("| tracker | asked | text alone | collapse alone | whole | whole, by bucket |\n|---|---|---|---|---|---|")
    by_product = {}
    for name in names:
        if len(pairs[name]) < ASKED_LEAST:
            continue
        rows = read_issues(folder / name)
        described = any(row["description"] for row in rows)
        for with_text in (True, False) if described else (False,):
            wanted = with_text or not described
            answer = replay(
                rows,
                pairs[name],
                buckets[name],
                with_text=with_text,
                with_components=wanted and not options.without_components,
                late=options.late,
            )
            exact, loose, components = answer
            by_product |= components
            kind = "with text" if with_text else "titles"
            told = [str(score) for score in exact.values()] + [str(loose["whole"]) if buckets[name] else "—"]
            cells = [f"{name.partition('.')[0]}, {kind}", str(exact["whole"].asked), *told]
            print(f"| {' | '.join(cells)} |", flush=True)
    if by_product:
        print("\n| component of | asked | in the first 1/3 |\n|---|---|---|")
        for product, score in by_product.items():
            print(f"| {product} | {score.asked} | {score} |")


if __name__ == "__main__":
    main()
