"""A tracker that is lived through again in the order of time, in memory: what would it have shown, and when?

It is what `benchmarks/duplicates.py` measures by, and what `fitting` fits the weights of a site to.
"""

import heapq
from collections import Counter, defaultdict
from datetime import datetime

from issues.similar import scoring
from issues.similar import weights as w
from issues.similar.scoring import BODY, DAY, TITLE, Facts

OPEN = ("Open", "In Progress", "Reopened", "Patch Available")
VARIANTS = ("text alone", "collapse alone", "whole")


def moment(text):
    """Return a moment as seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Index:
    """What the tables of the tracker hold, in memory: the weights of words, and in how many issues each word is."""

    def __init__(self):
        self.postings: dict = {TITLE: defaultdict(dict), BODY: defaultdict(dict)}
        self.words: dict = {TITLE: {}, BODY: {}}

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
        found: dict = defaultdict(float)
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
        events: list = []
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

    def look_up(self, number):
        """Return what `scoring.rank` takes for an issue that is being filed, but for the facts."""
        query = self.query(number)
        found = self.index.candidates(query)
        return query, found, {issue: self.canonical(issue) for issue in found}, Counter(self.marks.values())

    def suggest(self, number, now):
        """Return what each variant shows for an issue that is being filed: ten issues."""
        query, found, canonical, duplicates = self.look_up(number)
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
        near = heapq.nlargest(w.NEAREST, found, key=found.__getitem__)
        cast = [(found[one], now - self.facts[one].created, self.facts[one].component[1]) for one in near]
        return [vote.value for vote in scoring.votes(cast)]


class Score:
    """How many of the questions were answered within the first places."""

    def __init__(self, places):
        self.places, self.asked = places, 0
        self.hits: Counter = Counter()

    def add(self, told, right):
        """Count an answer `told`, a list, of which each of `right` is a hit."""
        self.asked += 1
        at = next((place for place, one in enumerate(told, 1) if one in right), None)
        self.hits.update(limit for limit in self.places if at and at <= limit)

    def __str__(self):
        shares = [f"{self.hits[limit] / max(1, self.asked):.3f}".lstrip("0") for limit in self.places]
        return "/".join(shares)
