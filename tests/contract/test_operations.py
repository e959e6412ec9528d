"""Every operation of the schema, asked as everybody: every answer is one that the schema tells of."""

from collections import Counter

import pytest

from tests.contract.asking import ask
from tests.hostile.places import names_in

PARTS = 8
# How many requests are made of each operation, as whom: 1,557 in all, and with --long 51,381.
REQUESTS = {"anonymous": 2, "reporter": 2, "maintainer": 3, "administrator": 2}
TIMES_WITH_LONG = 33

pytestmark = [pytest.mark.long, pytest.mark.once]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_stands_in_the_schema(world, identities, asked, long, figures, part):
    statuses, faults = Counter(), []
    for operation in asked[part::PARTS]:
        for who, (headers, token) in identities.items():
            names = names_of(world, operation.path, token)
            found, wrong = ask(operation, names, headers, number=REQUESTS[who] * (TIMES_WITH_LONG if long else 1))
            statuses.update(found)
            faults += [f"as {who}: {fault}\n  {curl}" for fault, curl in wrong.items()]
    obeyed = sum(count for code, count in statuses.items() if code < 300)
    figures("contract: requests", statuses.total())
    figures("contract: requests that were obeyed", obeyed)
    assert obeyed > statuses.total() / 4
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:50])


def names_of(world, path, token):
    """Return what stands for each name in `path`; `token` is one of the reader's own."""
    names = names_in(world, path)
    if path.startswith("/api/v1/me/tokens/"):
        names["id"] = token
    if path.endswith(("{issue_key}/restore/", "{issue_key}/purge/", "{number}/restore/", "{number}/purge/")):
        names |= {"issue_key": "WEB-3", "number": 3}
    return names
