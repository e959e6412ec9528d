"""The control: an answer that the schema does not tell of is noticed."""

import pytest
from django.http import HttpResponse
from rest_framework.response import Response

from issues.api.views import StatusViewSet
from tests.contract.asking import ask

STATUS = {"slug": "new", "name": "New", "category": "triage", "position": 1}
TAG = {"ETag": '"1-1"'}


def fail(*_args, **_kwargs):
    raise RuntimeError("on purpose")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (fail, "Server error"),
        (lambda *_args, **_kwargs: Response({"nothing": "of this"}, headers=TAG), "Response violates schema"),
        (lambda *_args, **_kwargs: Response({**STATUS, "position": "first"}, headers=TAG), "Response violates schema"),
        (lambda *_args, **_kwargs: Response(STATUS, 418), "Undocumented status code"),
        (lambda *_args, **_kwargs: HttpResponse("New", "text/plain", headers=TAG), "Undocumented Content-Type"),
        (lambda *_args, **_kwargs: Response(STATUS), "Missing required response headers"),
    ],
)
def test_what_does_not_stand_in_the_schema_is_noticed(world, identities, asked, monkeypatch, answer, told):
    monkeypatch.setattr(StatusViewSet, "retrieve", answer)
    (operation,) = (one for one in asked if one.label == "GET /api/v1/statuses/{slug}/")
    headers, _token = identities["reporter"]
    _statuses, faults = ask(operation, {"slug": "new"}, headers, number=4)
    assert any(told in fault for fault in faults), faults


def test_what_stands_in_it_is_not(world, identities, asked):
    (operation,) = (one for one in asked if one.label == "GET /api/v1/statuses/{slug}/")
    statuses, faults = ask(operation, {"slug": "new"}, identities["reporter"][0], number=4)
    assert 200 in statuses and not faults
