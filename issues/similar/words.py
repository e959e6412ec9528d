"""The words of a text by which issues are compared: those of the search, without stop words, stemmed."""

from functools import lru_cache
from hashlib import blake2b
from threading import local

from issues.fulltext.tokens import tokenize

REMEMBERED = 65_536
# Words that tell nothing of what an issue is about; also what remains of "don't" and "it's".
TELLING_NOTHING = """
    a about after again all also am an and any are aren as at be because been before being both but by can cannot could
    couldn d did didn do does doesn doing don down during each few for from further get gets got had hadn has hasn have
    haven having he her here hers him his how i if in into is isn it its just ll m me more most mustn my no nor not now
    of off on once only or other our out over own re s same shan she should shouldn so some such t than that the their
    them then there these they this those through to too under until up ve very was wasn we were weren what when where
    which while who whom why will with won would wouldn you your
"""
STOP_WORDS = frozenset(TELLING_NOTHING.split())
# 48 bits: of a hundred thousand words two have the same number in one tracker of fifty thousand.
NUMBER_BYTES = 6


# Of each thread: a stemmer keeps the word that it works on.
ENGLISH = local()


@lru_cache(REMEMBERED)
def stem(word):
    """Return the stem of a word by Porter's second algorithm (snowballstem.org), or None for a stop word."""
    if word in STOP_WORDS:
        return None
    if not hasattr(ENGLISH, "stem"):
        # Here, since it brings thirty languages along, which no start should wait for.
        from snowballstemmer.english_stemmer import EnglishStemmer

        ENGLISH.stem = EnglishStemmer().stemWord
    return ENGLISH.stem(word)


def words_of(text):
    """Return the words of `text` in their order, repeated ones too; whole identifiers come last, after all parts."""
    terms, extras = tokenize(text)
    return [found for word in (*terms, *extras) if (found := stem(word))]


@lru_cache(REMEMBERED)
def number_of(word):
    """Return the number under which a stem is stored: no table of words has to be asked or written for it."""
    return int.from_bytes(blake2b(word.encode(), digest_size=NUMBER_BYTES).digest()) or 1
