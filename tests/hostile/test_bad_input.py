"""Whatever is put into whichever field, parameter or header: an answer that says what is wrong, soon, and no change."""

import logging

import pytest

from tests.hostile import families
from tests.hostile.judging import faults_of

pytestmark = pytest.mark.long
FIELDS = list(families.FIELDS)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Let no refusal be logged: pytest keeps each with its request, and looking through 20,000 takes seconds."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def dealt(number, family):
    """Return `[(family, payload)]` for place `number`: all of `family`, or two of the one whose turn it is.

    The next place meets the next family, and the next turn of a family is of its next two payloads.
    """
    if family:
        return [(family, payload) for payload in families.FIELDS[family]]
    turn, met = divmod(number, len(FIELDS))
    return [(FIELDS[met], payload) for payload in families.payloads(FIELDS[met], turn, False)]


def pytest_generate_tests(metafunc):
    """In full, one test for each family; else one for all of them."""
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", FIELDS if metafunc.config.getoption("--long") else [None])


def judged(kind, places, client, family, figures):
    """Send to each of `places` of a `kind` what it is dealt. Return what was wrong, and note how much was asked."""
    faults, asked = [], 0
    for number, place in enumerate(places):
        for name, payload in dealt(number, family):
            request = place.filled(payload)
            if request is None:
                continue
            asked += 1
            named = place.name if place.where in ("body", "query") else None
            raw = payload if isinstance(payload, str) and "<" in payload and "hit()" in payload else None
            found, _answer = faults_of(
                lambda request=request: request.send(client),
                field=named,
                text=raw,
                reads=request.method in ("GET", "HEAD"),
            )
            faults += [f"{place}: {name} {str(payload)[:60]!r} ({len(str(payload))}): {fault}" for fault in found]
    assert asked >= len(places)
    if family in (None, FIELDS[0]):
        figures(f"bad input, {kind}: places", len(places))
    figures(f"bad input, {kind}: requests", asked)
    return faults


def shown(faults):
    """Return the faults as one text, the same ones once."""
    return f"{len(faults)} faults\n" + "\n".join(sorted(set(faults))[:200])


def test_the_api_refuses_what_it_cannot_take(places, program, family, figures):
    faults = judged("API", places["API"], program, family, figures)
    assert not faults, shown(faults)


def test_pages_refuse_what_they_cannot_take(places, somebody, family, figures):
    faults = judged("pages", places["pages"], somebody, family, figures)
    assert not faults, shown(faults)


def test_the_administration_refuses_what_it_cannot_take(places, somebody, family, figures):
    faults = judged("administration", places["administration"], somebody, family, figures)
    assert not faults, shown(faults)
