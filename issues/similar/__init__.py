"""Similar issues, and suggestions made from them.

`finding.similar` and `similar_to` find what is like a text or an issue, `suggesting.suggest` what the fields of an
issue may be; both ask the database as one reader. `post`, `post_new` and `forget` keep the words of issues in the
transaction that changes a text; `post_later` leaves them to the worker, which calls `post_waiting`. How alike two texts
are is `scoring`, with the numbers in `weights`.
"""

from issues.similar.counts import count_terms
from issues.similar.writing import count_waiting, forget, post, post_all_later, post_later, post_new, post_waiting

__all__ = [
    "count_terms",
    "count_waiting",
    "forget",
    "post",
    "post_all_later",
    "post_later",
    "post_new",
    "post_waiting",
]
