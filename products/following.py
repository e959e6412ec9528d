"""What other apps do where a product or a person has changed, in the same transaction: this knows nothing of theirs.

An app says once, as it is set up, what it does; the services of products and people call `tell` and `tell_of_person`.
"""

_followers: list = []
_followers_of_people: list = []


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


def follow_people(act):
    """Let `act(user, batch)` be called where a person has been deactivated, or is no superuser any more.

    What it logs is for a batch of its own.
    """
    _followers_of_people.append(act)


def tell_of_person(user, batch):
    """Tell all followers that the locked `user` was just deactivated in `batch`, or is no superuser any more."""
    for act in _followers_of_people:
        act(user, batch)
