"""How alike two issues are, as pure functions: the tracker and the benchmark that measures it share them.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009): the part of a word
in a text is stored with the issue, the part of the word in all texts (`idf`) is known when somebody asks.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from math import exp, log, log1p
from operator import mul

from issues.similar import weights as w
from issues.similar.words import words_of

TITLE, BODY = 0, 1
LETTERS = re.compile(r"[^\W_]+")
DAY = 86_400
MONTH = 30 * DAY


def bm25(counts, b, average):
    """Return `{word: weight}` of the words that occur as often as `counts` say."""
    spread = w.K1 * (1 - b + b * sum(counts.values()) / average)
    return {word: count * (w.K1 + 1) / (count + spread) for word, count in counts.items()}


def weigh(title, description):
    """Return `{TITLE: {word: weight}, BODY: {word: weight}}` of an issue; no body without a description."""
    in_title = Counter(words_of(title))
    found = {TITLE: bm25(in_title, w.B_TITLE, w.AVERAGE_TITLE), BODY: {}}
    if description:
        body = Counter({word: w.TITLE_TIMES * count for word, count in in_title.items()})
        body.update(words_of(description[: w.CHARACTERS]))
        found[BODY] = bm25(body, w.B_BODY, w.AVERAGE_BODY)
    return found


def idf(documents, total):
    """Return how much a word tells that is in `documents` of `total` texts."""
    total = max(total, documents)
    return log1p((total - documents + 0.5) / (documents + 0.5))


def trigrams(text):
    """Return the trigrams of a text: of its letters and digits in lower case, with spaces around words."""
    plain = f" {' '.join(LETTERS.findall(text.lower()))} "
    return {plain[at : at + 3] for at in range(len(plain) - 2)}


def overlap(one, other):
    """Return the share that two sets of trigrams have in common (Dice)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


@dataclass
class Query:
    """What is compared: `asked[field]` is how much each word of it tells, `own[field]` its score against itself.

    `weights` say how much each sign counts, as `weights.bounded` gives them.
    """

    title: str
    product: object = None
    component: object = None
    asked: dict = field(default_factory=dict)
    own: dict = field(default_factory=dict)
    weights: tuple = w.bounded(None)


def make_query(title, weighed, known, *, product=None, component=None, weights=None):
    """Return the Query for a title and what `weigh` gave; `known[field]` is `(documents of each word, total)`.

    Of a body its most telling words are asked for, and of both the rarest only: see `affordable`.
    """
    query = Query(title, product, component, weights=weights or w.bounded(None))
    for part, words in weighed.items():
        documents, total = known[part]
        tells = {word: idf(documents.get(word, 1), total) for word in words}
        best = sorted(words, key=lambda word: (-words[word] * tells[word], word))
        kept = affordable(best[: w.ASKED_WORDS] if part == BODY else best, documents)
        query.asked[part] = {word: tells[word] for word in kept}
        query.own[part] = sum(tells[word] * words[word] for word in kept)
    return query


def affordable(words, documents):
    """Return the rarest of `words`: one, and those after it as long as all are at `READ` places at most.

    The others would have to be read at most of all places, and tell next to nothing.
    """
    kept: list = []
    left = w.READ
    for word in sorted(words, key=lambda word: (documents.get(word, 1), word)):
        left -= documents.get(word, 1)
        if left < 0 and kept:
            break
        kept.append(word)
    return kept


@dataclass(slots=True)
class Facts:
    """What the score asks of an issue; moments are seconds since the epoch, `closed` None while it is open."""

    title: str
    product: object
    component: object
    created: float
    closed: float | None = None


@dataclass(slots=True)
class Ranked:
    """An issue that is like what was asked for; `best` is which of it and its duplicates is most alike."""

    issue: object
    score: float
    best: object
    duplicates: int = 0


def rank(query, found, facts, canonical, duplicates, *, now, limit, prior=1):
    """Return at most `limit` Ranked, the most alike first.

    `found[issue]` is its `(title, body)` score, `facts[issue]` its Facts, `canonical[issue]` what it is a duplicate of
    in the end (issues without are their own), `duplicates[issue]` how many known duplicates an issue has. `prior` is
    how much all that is not text counts.
    """
    weights = [*query.weights[: len(w.OF_TEXT)], *(prior * weight for weight in query.weights[len(w.OF_TEXT) :])]
    ranked = []
    for issue, best, marks in signs(query, found, facts, canonical, duplicates, now=now):
        ranked.append(Ranked(issue, sum(map(mul, weights, marks)), best, duplicates.get(issue, 0)))
    ranked.sort(key=lambda one: (-one.score, -facts[one.issue].created))
    return ranked[:limit]


def signs(query, found, facts, canonical, duplicates, *, now):
    """Yield `(issue, which of its duplicates is most alike, its signs in the order of the weights)`, as `rank` does.

    Issues of another product than that of the query, if it has one, are left out where they are hardly alike.
    """
    own = trigrams(query.title)
    groups: dict = {}
    for issue in found:
        groups.setdefault(canonical.get(issue, issue), []).append(issue)
    for issue, members in groups.items():
        text, best, words, body = -1.0, issue, 0.0, 0.0
        for member in members:
            in_title, in_body = found[member]
            alike = in_title / query.own[TITLE] / 2 if query.own[TITLE] else 0.0
            alike += overlap(own, trigrams(facts[member].title)) / 2
            if alike > text:
                text, best = alike, member
            words = max(words, in_title)
            body = max(body, in_body / query.own[BODY]) if query.own.get(BODY) else 0.0
        if query.product in (None, facts[issue].product) or text + body >= w.ELSEWHERE:
            yield issue, best, (text, words, body, *standing(query, facts[issue], duplicates.get(issue, 0), now))


def standing(query, facts, duplicates, now):
    """Return the signs of an issue beside its text: that it is new, near, open, or known to be reported often."""
    is_open = facts.closed is None
    return (
        log1p(max(0.0, now - facts.created) / MONTH),
        facts.product == query.product and query.product is not None,
        facts.component == query.component and query.component is not None,
        is_open,
        0.0 if is_open else exp(-max(0.0, now - facts.closed) / DAY / w.RESOLVED_DAYS),
        log(1 + duplicates),
    )


@dataclass(slots=True)
class Vote:
    """A value that is suggested: `count` of those that were asked have it."""

    value: object
    score: float
    count: int


def votes(cast):
    """Return the Votes for the values in `cast`, pairs of `(likeness, age in seconds, value)`; the best first.

    Newer ones count more. The score is the share of all votes, 0 to 1.
    """
    sums: Counter = Counter()
    counts: Counter = Counter()
    for likeness, age, value in cast:
        sums[value] += likeness * 0.5 ** (max(0.0, age) / DAY / w.HALF_LIFE)
        counts[value] += 1
    whole = sum(sums.values()) or 1.0
    return [Vote(value, points / whole, counts[value]) for value, points in sums.most_common()]
