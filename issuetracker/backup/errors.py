"""Why a backup cannot be made, or not be restored."""


class Unusable(Exception):
    """It cannot go on; the message says to a person why, and nothing was changed."""


class Unsure(Exception):
    """Nobody knows whether it was restored; the message says to a person why, and what to do."""
