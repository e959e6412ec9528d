"""Requests that are wrong as such: headers, names twice, unknown fields, methods, content types, cookies."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from tests.hostile import families
from tests.hostile.judging import faults_of
from tests.hostile.places import Request, written
from tests.hostile.world import addresses

pytestmark = [pytest.mark.long, pytest.mark.once]


@pytest.fixture
def requests(world, places, program, somebody):
    """Every request once, with who sends it: the API's by its schema, the pages' by their addresses and forms."""
    found = {(place.request.method, place.request.what): place.request for place in places["API"]}
    sent = [(request, program) for request in found.values() if "@" not in request.path]
    forms = [place.request for place in (*places["pages"], *places["administration"]) if place.where == "body"]
    sent += [(request, somebody) for request in {request.what: request for request in forms}.values()]
    sent += [(Request("GET", address, pattern), somebody) for _name, pattern, address in addresses(world)]
    return sent


def with_headers(request, headers):
    return replace(request, headers=headers)


def with_method(request, method):
    return replace(request, method=method)


def with_type(request, kind):
    return replace(request, content_type=kind or " ", body=request.encoded() or b"{}")


def with_cookies(request, cookies):
    return replace(request, headers={"Cookie": cookies})


def with_unknown(request, pair):
    """Return the request with one more field; of what reads, with one more parameter."""
    name, value = pair
    if request.method == "GET":
        return replace(request, path=f"{request.path}?{quote(name)}={quote(str(value))}")
    fields = tuple((known, told) for known, told in request.fields if known != name)
    return replace(request, body=replace(request, fields=fields).encoded((name, value)))


def with_duplicates(request, values):
    """Return the request with its first field several times; of what reads, with the same parameter several times."""
    name = request.fields[0][0] if request.fields else "q"
    if request.method == "GET":
        return replace(request, path=f"{request.path}?{'&'.join(f'{name}={quote(value)}' for value in values)}")
    if not request.api:
        return replace(request, body="&".join(f"{quote(name)}={quote(value)}" for value in values).encode())
    pairs = b",".join(written(name) + b":" + written(value) for value in values)
    return replace(request, body=b"{" + pairs + b"}")


BENT = {
    "headers": with_headers,
    "duplicate keys": with_duplicates,
    "unknown fields": with_unknown,
    "methods": with_method,
    "content types": with_type,
    "cookies": with_cookies,
}


@pytest.mark.parametrize("family", BENT)
def test_a_request_that_is_wrong_is_refused(requests, family, long, figures):
    faults, asked = [], 0
    # In part, each request meets one of three families.
    part = requests if long else requests[list(BENT).index(family) % 3 :: 3]
    for number, (request, client) in enumerate(part):
        for payload in families.payloads(family, number, long):
            bent = BENT[family](request, payload)
            reads = bent.method in ("GET", "HEAD", "OPTIONS")
            found, _answer = faults_of(lambda bent=bent, client=client: bent.send(client), reads=reads)
            asked += 1
            faults += [f"{request.method} {request.what}: {str(payload)[:60]!r}: {fault}" for fault in found]
    figures("bad requests: requests", asked)
    assert asked > 200 and not faults, f"{len(faults)} faults\n" + "\n".join(sorted(set(faults))[:100])


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_names_that_are_unknown_or_stand_twice_are_named(world, program, method):
    path = "/api/v1/products/WEB/issues/" + ("" if method == "post" else "1/")
    send = getattr(program, method)
    unknown = send(path, b'{"title": "x", "nonsense": 1}', content_type="application/json").json()
    assert list(unknown["errors"]) == ["nonsense"]
    twice = send(path, b'{"title": "x", "title": "y"}', content_type="application/json")
    assert (twice.status_code, "twice" in twice.json()["detail"]) == (400, True)
