"""A language that nobody speaks, whose words are used as unevenly as those of any other: by Zipf's law."""

import random
from functools import cache
from itertools import accumulate, product

# Of each of these, fifty issues, however many there are.
RARE = tuple(f"rare{name}" for name in ("alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"))
RARE_ISSUES = 50
# Of each of these, two issues in five.
COMMON = ("commonalfa", "commonbravo")
COMMON_SHARE = 0.4

VOCABULARY = 20_000
SENTENCE = 11
SYLLABLES = ["".join(parts) for parts in product("bdfgjklmnprstv", ("a", "e", "i", "o", "u", "ar", "en"))]


@cache
def vocabulary():
    """Return the words, the most used first, which are also the shortest. The same in every process."""
    choose = random.Random(20)  # noqa: S311 (it decides on words, not on secrets)
    lengths = [2] * (VOCABULARY // 4) + [3] * VOCABULARY
    longer = ["".join(choose.choices(SYLLABLES, k=length)) for length in lengths]
    return list(dict.fromkeys([*SYLLABLES, *longer]))[:VOCABULARY]


@cache
def weights():
    """Return how often each word is used, added up."""
    return list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))


class Writer:
    """Writes what people say, as the random generator `choose` has it."""

    def __init__(self, choose):
        self.choose = choose

    def words(self, count):
        """Return `count` words as they come."""
        return self.choose.choices(vocabulary(), cum_weights=weights(), k=count)

    def title(self, marks=()):
        """Return a title of four to nine words, with `marks` at its end."""
        return " ".join([*self.words(4 + int(self.choose.random() * 6)), *marks]).capitalize()

    def text(self, sentences, marks=()):
        """Return so many sentences, with `marks` at their end."""
        words = [*self.words(sentences * SENTENCE), *marks]
        starts = range(0, sentences * SENTENCE, SENTENCE)
        said = [" ".join(words[start : start + SENTENCE]).capitalize() for start in starts]
        return ". ".join([*said, *marks]) + "."
