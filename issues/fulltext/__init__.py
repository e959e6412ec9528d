"""Full text: one tokenizer of ours, and behind one seam two engines that find the same.

`needle` reads a word of a query, `mention` a user name; `matches`, `candidates` and `hits` find them in documents;
`spans`, `snippet` and `marked` show them in a text. `index`, `index_new` (`index_spelled`) and `forget` keep the
documents, in the transaction that changes a text. `count_words` counts how common each is.
"""

from issues.fulltext.conditions import candidates, matches
from issues.fulltext.counts import count_words, count_words_if_due
from issues.fulltext.documents import build
from issues.fulltext.reading import hits
from issues.fulltext.tokens import Needle, marked, mention, needle, snippet, spans
from issues.fulltext.writing import forget, index, index_new, index_spelled, reindex, spelled

__all__ = [
    "Needle",
    "build",
    "candidates",
    "count_words",
    "count_words_if_due",
    "forget",
    "hits",
    "index",
    "index_new",
    "index_spelled",
    "marked",
    "matches",
    "mention",
    "needle",
    "reindex",
    "snippet",
    "spans",
    "spelled",
]
