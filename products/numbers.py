"""Whole numbers, as addresses and forms write them."""

# More digits than these no database number holds, and thousands of them Python does not read.
DIGITS = 18


def read_number(text):
    """Return the whole number that the digits of `text` say, or None where it is none, or longer than any of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
