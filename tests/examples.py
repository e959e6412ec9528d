"""How many examples a property is tried with."""

from hypothesis import settings

USUAL = 100


def examples(number):
    """Return `number`, or a part of it where few examples are asked for: the Pythons beside the first (`--cases`)."""
    return max(number * settings.default.max_examples // USUAL, 1)
