"""The weights of the score: data, fitted on the trackers of `benchmarks/duplicates.py` in November 2026."""

from math import isfinite

# BM25. The average lengths are constants, so that what is stored of an issue hangs on no other one.
K1 = 0.6
B_TITLE, B_BODY = 0.5, 0.75
AVERAGE_TITLE, AVERAGE_BODY = 7, 70
# In the body the title counts so many times. Of a query's body so many words are asked for.
TITLE_TIMES = 2
ASKED_WORDS = 40

# What comes later in a text, as a log that was pasted, is not compared.
CHARACTERS = 20_000

# How many candidates each rule gives, and among how many of the newest that share a word one of the rules looks.
BEST = 150
NEWEST = 300
# The rarest words of a query are looked up, as long as they have so many places in all.
READ = 2500

# An issue of another product is like what was asked for if *text* and *body* are so much together. Where little is
# filed, the few words that it shares with strangers would else be the most alike that there is.
ELSEWHERE = 0.25

# How much each sign counts, in the order in which `scoring` gives them: likeness first, then what the tracker knows.
PRIOR = 0.7
SHIPPED = {
    "text": 5,
    "words": 0.18,
    "body": 13,
    "months": PRIOR * -0.75,
    "product": PRIOR * 1.5,
    "component": PRIOR * 0.7,
    "open": PRIOR * 3,
    "resolved": PRIOR * 2.5,
    "duplicates": PRIOR * 1.6,
}
OF_TEXT = ("text", "words", "body")
RESOLVED_DAYS = 180
# A site may fit all but the first to its own duplicates, as far as from this to that much of what is shipped: likeness
# never counts for nothing, and what the tracker knows never for more than it.
BOUNDS = {name: (0.5, 2) if name in OF_TEXT else (0, 2) for name in SHIPPED} | {"text": (1, 1)}


def bounded(fitted):
    """Return the weights as a tuple in the order of SHIPPED: those of `fitted`, `{name: weight}`, within their bounds.

    What is missing, or is no number, is as it is shipped.
    """
    return tuple(_bounded(name, (fitted or {}).get(name)) for name in SHIPPED)


def _bounded(name, weight):
    shipped, (least, most) = SHIPPED[name], BOUNDS[name]
    if not isinstance(weight, (int, float)) or not isfinite(weight):
        return shipped
    return shipped * min(max(weight / shipped, least), most)


# Of so many of the nearest triaged issues each suggestion is the vote; after so many days a vote counts half.
NEAREST = 30
HALF_LIFE = 365
