"""What the tests beside this one have found, each by itself."""

import pytest

from issues.models import Issue


@pytest.mark.parametrize(
    "target", ["product", "issue", "nonsense", "", "0x10", "https://evil.example/", "//evil.example"]
)
def test_what_is_no_address_of_ours_leads_nowhere(world, somebody, target):
    answer = somebody.post("/issues/WEB-1/set/", {"priority": "high", "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/issues/WEB-1/#fields")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("set/", {"priority": "high", "next": "/issues/?q=" + 20_000 * "a"}),
        ("set/", {"priority": "high", "list": "in=&q=" + 20_000 * "a"}),
        ("comments/", {"body": "Hello", "list": 4000 * "字"}),
        ("triage/", {"decision": "accept", "q": 20_000 * "a"}),
    ],
)
def test_an_address_too_long_to_go_to_is_no_refusal_of_what_was_done(world, somebody, path, data):
    before = Issue.objects.get(number=1).event_count
    answer = somebody.post(f"/issues/WEB-1/{path}", data)
    assert (answer.status_code, len(answer["Location"]) < 100) == (302, True)
    assert Issue.objects.get(number=1).event_count > before


def test_a_request_that_is_refused_before_all_else_cannot_be_framed(nobody, db):
    for answer in (nobody.get("/issues/?q=%00"), nobody.get("/issues/", headers={"host": "evil.example"})):
        assert (answer.status_code, answer["X-Frame-Options"]) == (400, "DENY")


def test_no_script_reads_the_cookie_against_forged_forms(nobody, db):
    cookie = nobody.get("/accounts/login/").cookies["csrf"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
