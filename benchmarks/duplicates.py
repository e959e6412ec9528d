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
import heapq
import json
import os
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from issues.similar import scoring
from issues.similar import weights as w
from issues.similar.scoring import BODY, DAY, TITLE, Facts

OF_COMPONENTS = ("JDT", "PDE", "CDT")
# Before so many issues of a product nothing can be learned from it.
FEW = 100
OPEN = ("Open", "In Progress", "Reopened", "Patch Available")
# Fewer pairs say nothing.
ASKED_LEAST = 20
PAIRS, BUCKETS = "duplicates.tsv.gz", "duplicate-buckets.tsv.gz"
VARIANTS = ("text alone", "collapse alone", "whole")


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


def moment(text):
    """Return a moment as seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Index:
    """What the tables of the tracker hold, in memory: the weights of words, and in how many issues each word is."""

    def __init__(self):
        self.postings = {TITLE: defaultdict(dict), BODY: defaultdict(dict)}
        self.words, self.totals = {TITLE: {}, BODY: {}}, Counter()

    def put(self, issue, weighed):
        """Write the words of an issue, in the place of those that it had."""
        for part, words in weighed.items():
            for word in self.words[part].pop(issue, ()):
                del self.postings[part][word][issue]
            if words:
                self.words[part][issue] = tuple(words)
                for word, weight in words.items():
                    self.postings[part][word][issue] = weight

    def known(self, weighed):
        """Return how common the words of a query are, as `scoring.make_query` takes it."""
        return {
            part: ({word: len(self.postings[part].get(word, ())) for word in words}, len(self.words[part]))
            for part, words in weighed.items()
        }

    def scores(self, part, asked):
        """Return `{issue: score}` of all that hold a word that is `asked` for."""
        found = defaultdict(float)
        for word, tells in asked.items():
            for issue, weight in self.postings[part].get(word, {}).items():
                found[issue] += tells * weight
        return found

    def candidates(self, query):
        """Return `{issue: (title score, body score)}` by the rules of the tracker."""
        chosen = set()
        for part, asked in query.asked.items():
            found = self.scores(part, asked)
            chosen.update(heapq.nlargest(w.BEST, found, key=found.get))
            if part == TITLE:
                newest = heapq.nlargest(w.NEWEST, found)
                chosen.update(heapq.nlargest(w.BEST, newest, key=found.get))
        return {issue: tuple(self._score(part, query, issue) for part in (TITLE, BODY)) for issue in chosen}

    def _score(self, part, query, issue):
        postings = self.postings[part]
        return sum(tells * postings[word].get(issue, 0) for word, tells in query.asked.get(part, {}).items())


class Tracker:
    """A tracker that is lived through again. Issues are numbered in the order in which they were filed."""

    def __init__(self, rows, with_text, late=0):
        self.with_text, self.index, self.facts, self.marks = with_text, Index(), {}, {}
        self.late = late * DAY
        rows = sorted(rows, key=lambda row: (row["created_at"], row["id"]))
        self.rows = dict(enumerate(rows))
        self.numbers = {row["id"]: number for number, row in self.rows.items()}

    def events(self):
        """Return all that happened: `(when, 0 for a filing, number, field, value)` in order."""
        events = []
        for number, row in self.rows.items():
            filed = moment(row["created_at"])
            events.append((filed, 0, number, "filed", None))
            closed = row.get("resolved_at")
            if not row["history"] and (closed or row["status"] not in OPEN):
                # Where nobody knows when, it is as soon, or as late, as the caller says.
                at = moment(closed) if closed else filed + self.late
                events.append((at, 1, number, "resolution", (row["resolution"] or "CLOSED").upper()))
            for step in row["history"]:
                if step["field"] in ("title", "product", "component", "resolution"):
                    events.append((max(filed, moment(step["at"])), 1, number, step["field"], step["to"]))
        return sorted(events, key=lambda event: event[:3])

    def as_filed(self, number, field):
        """Return a field of an issue as it was when the issue was filed."""
        row = self.rows[number]
        first = next((step for step in row["history"] if step["field"] == field), None)
        return first["from"] if first else row[field]

    def description(self, number):
        """Return the text of an issue, or "" where texts are left out."""
        return (self.rows[number]["description"] or "") if self.with_text else ""

    def file(self, number, at):
        """File an issue."""
        title = self.as_filed(number, "title") or ""
        product, component = self.as_filed(number, "product"), self.as_filed(number, "component")
        self.facts[number] = Facts(title, product, (product, component), at)
        self.index.put(number, scoring.weigh(title, self.description(number)))

    def change(self, number, at, field, value):
        """Change an issue."""
        facts = self.facts[number]
        if field == "title":
            facts.title = value or ""
            self.index.put(number, scoring.weigh(facts.title, self.description(number)))
        elif field == "product":
            facts.product, facts.component = value, (value, facts.component[1])
        elif field == "component":
            facts.component = (facts.product, value)
        else:
            facts.closed = at if value else None
            original = self.numbers.get(self.rows[number]["duplicate_of"]) if value == "DUPLICATE" else None
            if original is not None:
                self.marks[number] = original
            else:
                self.marks.pop(number, None)

    def canonical(self, number):
        """Return the issue that a number is a duplicate of in the end, as is known now."""
        seen = {number}
        while (above := self.marks.get(number)) in self.facts and above not in seen:
            number = above
            seen.add(number)
        return number

    def query(self, number):
        """Return the Query for an issue as it was filed."""
        title, product = self.as_filed(number, "title") or "", self.as_filed(number, "product")
        weighed = scoring.weigh(title, self.description(number))
        known = self.index.known(weighed)
        component = (product, self.as_filed(number, "component"))
        return scoring.make_query(title, weighed, known, product=product, component=component)

    def suggest(self, number, now):
        """Return what each variant shows for an issue that is being filed: ten issues."""
        query = self.query(number)
        duplicates = Counter(self.marks.values())
        found = self.index.candidates(query)
        canonical = {issue: self.canonical(issue) for issue in found}
        options = {"now": now, "limit": 10}
        told = {
            "text alone": scoring.rank(query, found, self.facts, {}, {}, prior=0, **options),
            "collapse alone": scoring.rank(query, found, self.facts, canonical, {}, prior=0, **options),
            "whole": scoring.rank(query, found, self.facts, canonical, duplicates, **options),
        }
        return {name: [one.issue for one in ranked] for name, ranked in told.items()}

    def components(self, number, now):
        """Return the components that are suggested for an issue, the best first."""
        query = self.query(number)
        home = self.rows[number]["product"]
        found = self.index.scores(TITLE, query.asked[TITLE])
        found = {issue: score for issue, score in found.items() if self.facts[issue].product == home}
        near = heapq.nlargest(w.NEAREST, found, key=found.get)
        cast = [(found[one], now - self.facts[one].created, self.facts[one].component[1]) for one in near]
        return [vote.value for vote in scoring.votes(cast)]


class Score:
    """How many of the questions were answered within the first places."""

    def __init__(self, places):
        self.places, self.asked, self.hits = places, 0, Counter()

    def add(self, told, right):
        """Count an answer `told`, a list, of which each of `right` is a hit."""
        self.asked += 1
        at = next((place for place, one in enumerate(told, 1) if one in right), None)
        self.hits.update(limit for limit in self.places if at and at <= limit)

    def __str__(self):
        shares = [f"{self.hits[limit] / max(1, self.asked):.3f}".lstrip("0") for limit in self.places]
        return "/".join(shares)


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
