"""Every operation of the schema, asked as everybody: every answer is one that the schema tells of."""

import json
from collections import Counter
from urllib.parse import urlencode

import pytest

from history.models import Batch, Kind
from issues.models import Vote
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


def test_what_is_read_without_signing_in_stands_in_the_schema(world, asked, client):
    wrong, answers = [], Counter()
    filing = Batch.objects.get(events__kind=Kind.CREATED, events__about="issue", events__issue__number=1)
    vote = Vote.objects.get(issue__number=1)
    for operation in asked:
        path, method = operation.path, operation.method.upper()
        is_open = {} in operation.definition.raw["security"]
        names = names_of(world, path, world.ids["token"])
        names |= {"id": filing.pk} if "/batches/" in path else {}
        names |= {"id": vote.pk} if "/votes/" in path else {}
        names |= {"username": world.administrator.username} if "/watchers/" in path else {}
        body = {"q": "is:open"} if path.endswith(("/search/", "/parse/")) else {}
        query = {"title": "Cart"} if path.endswith("v1/similar/") else {"q": "is:open"} if "complete" in path else {}
        address = f"{path.format(**names)}?{urlencode(query)}"
        answer = client.generic(method, address, json.dumps(body), content_type="application/json")
        # Read to its end, it closes what it holds open.
        answer.getvalue()
        answers[answer.status_code] += 1
        # What is in the trash is not there for who is signed out.
        refused = {401, 404} if path.endswith(("/restore/", "/purge/")) else {401}
        if answer.status_code not in ({200} if is_open else refused):
            wrong.append((operation.label, is_open, answer.status_code))
    assert not wrong, wrong
    assert min(answers[200], answers[401]) > 20, answers


def names_of(world, path, token):
    """Return what stands for each name in `path`; `token` is one of the reader's own."""
    names = names_in(world, path)
    if path.startswith("/api/v1/me/tokens/"):
        names["id"] = token
    if path.endswith(("{issue_key}/restore/", "{issue_key}/purge/", "{number}/restore/", "{number}/purge/")):
        names |= {"issue_key": "WEB-3", "number": 3}
    return names
