"""What is known of an issue's texts: two documents, the public one and, with internal comments, the whole one.

The limits are those of PostgreSQL's tsvector, and hold on both databases, so that both find the same: positions up to
16,383, at most 255 positions of a word, less than 1 MB in all. So of each document

- the first 1,000 terms of the title, 8,000 of the description and 5,000 of the comments have a place in phrases; what
  comes after them is found as single words;
- the first 200, 1,200 and 900 of those that are told once more around names (runs) have one as well;
- a word has a place in phrases for its first 40 times in the title, and 80 each in description and comments, and in
  the runs for its first 10 and 20;
- new words are taken until all different ones together fill 800,000 bytes; those that come later are not found.
"""

from collections import Counter
from dataclasses import dataclass, field

from issues.fulltext.tokens import TERM_LENGTH, signs, tokenize_with_runs

COLUMNS = ("title", "body", "comments")
LENGTHS = {"title": 1000, "body": 8000, "comments": 5000}
RUN_LENGTHS = {"title": 200, "body": 1200, "comments": 900}
REPEATS = {"title": 40, "body": 80, "comments": 80}
RUN_REPEATS = {"title": 10, "body": 20, "comments": 20}
FEW = min(RUN_REPEATS.values())
WORDS_BYTES = 800_000
# What a word costs beside its letters: its entry, and a position in each column outside of phrases.
WORD_COST = 16
# Stands for what has no place in phrases. No term is spelled so.
FILLER = "_"


@dataclass
class Column:
    """The terms of one kind of text in their order and its runs, fillers among them; extras are found in no phrase."""

    terms: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    extras: dict[str, None] = field(default_factory=dict)


@dataclass
class Document:
    """The columns of an issue's document, by name."""

    columns: dict[str, Column] = field(default_factory=lambda: {name: Column() for name in COLUMNS})


def build(title, description, public=(), internal=()):
    """Return `(public document, whole document)`; the latter is None without `internal` comments.

    Whatever the public document holds the whole one holds as well: its comments come first.
    """
    texts = [("title", *_read(title)), ("body", *_read(description))]
    texts += [("comments", *_read(text)) for text in public]
    document = _document(texts)
    if not internal:
        return document, None
    return document, _document([*texts, *(("comments", *_read(text)) for text in internal)])


def _read(text):
    terms, extras, runs = tokenize_with_runs(text)
    return terms, extras + signs(text), runs


def _document(texts):
    """Return the Document of `texts`, each `(column, terms, extras, runs)`."""
    document = _unlimited(texts)
    return document if _fits(document) else _limited(texts)


def _unlimited(texts):
    document = Document()
    for name, terms, extras, runs in texts:
        column = document.columns[name]
        if column.terms and terms:
            column.terms.append(FILLER)
        column.terms += terms
        column.extras.update(dict.fromkeys(extras))
        for run in runs:
            column.runs += [FILLER, *run] if column.runs else run
    return document


def _fits(document):
    """Return whether the limits are far away, as they are for nearly all."""
    lengths = [len(column.terms) + len(column.extras) for column in document.columns.values()]
    few = max(lengths) <= FEW and not any(column.runs for column in document.columns.values())
    # A character has at most four bytes.
    if few and sum(lengths) * (TERM_LENGTH + WORD_COST) * 4 <= WORDS_BYTES:
        return True
    size = 0
    for name, column in document.columns.items():
        # The words of the runs are those of terms and extras.
        size += sum(map(len, column.terms)) + sum(map(len, column.extras))
        size += (len(column.terms) + len(column.extras)) * WORD_COST
        if not _is_within(column.terms, LENGTHS[name], REPEATS[name]):
            return False
        if not _is_within(column.runs, RUN_LENGTHS[name], RUN_REPEATS[name]):
            return False
    return 4 * size <= WORDS_BYTES


def _is_within(terms, length, repeats):
    if len(terms) > length:
        return False
    counts = Counter(terms if len(terms) > repeats else ())
    return all(count <= repeats for term, count in counts.items() if term != FILLER)


def _limited(texts):
    document, budget = Document(), _Budget()
    for name, terms, extras, runs in texts:
        column = document.columns[name]
        if column.terms and terms and len(column.terms) < LENGTHS[name]:
            column.terms.append(FILLER)
        for term in terms:
            budget.place(term, name, column)
        column.extras.update(dict.fromkeys(term for term in extras if budget.knows(term)))
        for run in runs:
            budget.repeat([FILLER, *run] if column.runs else run, name, column)
    return document


class _Budget:
    """What may still be taken into a document."""

    def __init__(self):
        self.left = WORDS_BYTES
        self.words = set()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.repeated: Counter[tuple[str, str]] = Counter()

    def knows(self, term):
        """Return whether there is, or still was, room for `term`."""
        if term in self.words:
            return True
        cost = len(term.encode()) + WORD_COST
        if cost > self.left:
            return False
        self.left -= cost
        self.words.add(term)
        return True

    def place(self, term, name, column):
        """Put `term` at the end of the column `name`, or where it is found alone."""
        known = self.knows(term)
        if len(column.terms) >= LENGTHS[name]:
            if known:
                column.extras[term] = None
            return
        known = known and self.counts[name, term] < REPEATS[name]
        self.counts[name, term] += known
        column.terms.append(term if known else FILLER)

    def repeat(self, run, name, column):
        """Put a run at the end of those of the column `name`, as far as there is room."""
        for term in run[: RUN_LENGTHS[name] - len(column.runs)]:
            known = term in self.words and self.repeated[name, term] < RUN_REPEATS[name]
            self.repeated[name, term] += known
            column.runs.append(term if known else FILLER)
