"""The judge of this folder, judged: each fault that it looks for, switched on, is told of."""

import time

import pytest
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse

from issues.models import Issue
from tests.hostile import families
from tests.hostile.judging import Ledger, faults_of, noted
from tests.hostile.places import Forms, of_pages


def raises():
    raise RuntimeError


def answers(status):
    return HttpResponse("x", status=status)


def is_slow():
    end = time.thread_time() + 2.1
    while time.thread_time() < end:
        pass
    return HttpResponse("x")


def writes_and_refuses():
    Issue.objects.update(title="changed")
    return HttpResponse("makes no sense", status=400)


def names_nothing():
    told = {"code": "invalid", "errors": {"title": []}}
    return JsonResponse(told, status=400, content_type="application/problem+json")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (raises, "raised"),
        (lambda: answers(500), "answered 500"),
        (is_slow, "took"),
        (writes_and_refuses, "wrote UPDATE issues_issue"),
        (names_nothing, "does not name 'body'"),
        (lambda: HttpResponseRedirect("//evil.example"), "sends away"),
        (lambda: HttpResponseRedirect("https://evil.example"), "sends away"),
        (lambda: HttpResponse("<p><script>hit()</script>"), "stands in the page"),
        (lambda: HttpResponse("x", headers={"X-Frame-Options": "SAMEORIGIN"}), "X-Frame-Options"),
    ],
)
def test_a_fault_is_told(world, rf, fault, told):
    def ask():
        answer = fault()
        answer.wsgi_request, answer.context = rf.get("/issues/"), None
        return answer

    faults, _answer = faults_of(ask, field="body", text="<script>hit()</script>")
    assert any(told in line for line in faults), faults


def test_what_was_rolled_back_was_not_written(world):
    from django.db import transaction

    with noted() as ledger:
        with transaction.atomic():
            Issue.objects.update(title="changed")
            transaction.set_rollback(True)
        assert ledger.tables == set()
        with transaction.atomic(), transaction.atomic():
            Issue.objects.update(title="changed")
    assert ledger.tables == {"UPDATE issues_issue"}
    assert isinstance(ledger, Ledger) and connection.execute_wrappers == []


def test_there_are_twenty_payloads_of_each_of_26_families():
    assert {name: len(every) for name, every in families.FAMILIES.items()} == dict.fromkeys(families.FAMILIES, 20)
    assert len(families.FAMILIES) == 26


@pytest.mark.once
def test_forms_are_read_as_browsers_send_them(world, somebody, nobody):
    reader = Forms()
    reader.feed(
        "<form id=a method=post action=/x/><input name=a value=1><input type=checkbox name=b><select name=c>"
        "<option value=1><option value=2 selected></select><textarea name=d>\nhello</textarea></form>"
        "<button form=a name=e>"
    )
    assert reader.forms[0]["fields"] == {"a": "1", "b": None, "c": "2", "d": "hello", "e": ""}
    places = of_pages(world, [somebody, nobody])
    found = {(place.request.what, place.name) for place in places}
    assert {("/accounts/login/", "password"), ("/products/new/", "title"), ("/profile/", "email")} <= found
    assert len(places) > 500
