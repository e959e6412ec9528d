"""What other apps do where a product has changed, in the same transaction: this one knows nothing of theirs.

An app says once, as it is set up, what it does; the services of products call it by `tell`.
"""

_followers: list = []


def follow(act):
    """Let `act(product, changes, batch)` be called where a product or a role in it has changed, before that is logged.

    `changes` is `{field: (before, after)}` as the log will tell it. What the follower logs itself goes into `batch`:
    its undo, which goes backwards, finds the product as it was.
    """
    _followers.append(act)


def tell(product, changes, batch):
    """Tell all followers of the `changes` that were just made to a locked `product`, or to a member of it."""
    for act in _followers:
        act(product, changes, batch)
