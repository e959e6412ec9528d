"""The queue, decisions, questions, votes and watchers over REST."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import update_user
from issues.models import Issue
from issues.services import create_issue, decide, update_issue
from issues.tests.many import file_many
from products.models import Component, Label
from products.services import create_part, create_product, update_product

QUEUE, ISSUE = "/api/v1/triage/", "/api/v1/issues/WEB-1/"


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


@pytest.fixture
def original(product, issue, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart forgets")


def keys(answer):
    assert answer.status_code == 200, answer.content
    return [one["key"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"decision": "accept"}, {"status": "accepted"}),
        ({"decision": "accept", "set": {"priority": "high", "assignee": "tom"}}, {"priority": "high"}),
        ({"decision": "duplicate", "duplicate_of": "WEB-2"}, {"duplicate_of": "WEB-2", "resolution": "duplicate"}),
        ({"decision": "decline", "resolution": "invalid", "comment": "No."}, {"comment_count": 1, "status": "closed"}),
        ({"decision": "needinfo", "ask": "rosa", "question": "Where?", "due": "2030-01-02"}, {"waiting": "reporter"}),
        ({"decision": "needinfo", "ask": "mia", "question": "Where?"}, {"waiting": "mia"}),
        ({"decision": "snooze", "until": "2030-01-01T10:00:00Z"}, {"snoozed_until": "2030-01-01T10:00:00Z"}),
        ({"decision": "reroute", "product": "API"}, {"key": "API-1", "returned_reason": "moved"}),
        ({"decision": "reroute", "component": "cart"}, {"component": "Cart"}),
        ({"decision": "reroute", "component": "été"}, {"component": "Été"}),
        ({"decision": "accept", "set": {"component": "été", "labels": ["ÉCOLE"]}}, {"component": "Été"}),
    ],
)
def test_a_decision(api, issue, original, triager, maintainer, administrator, product, body, expected):
    create_product(actor=administrator, via="web", key="API", title="API")
    for model, name in ((Component, "Cart"), (Component, "Été"), (Label, "École")):
        create_part(model, product=product, actor=maintainer, via="web", name=name)
    client = api(triager)
    answer = client.post(f"{ISSUE}triage/", body, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert set(told) == {"issue", "batch"}
    assert {name: told["issue"][name] for name in expected} == expected
    again = client.get(f"/api/v1/issues/{told['issue']['key']}/")
    assert (again.json(), again["ETag"]) == (told["issue"], answer["ETag"])
    undone = client.post(f"/api/v1/batches/{told['batch']}/undo/")
    assert (undone.status_code, undone.json()["left_alone"]) == (200, [])
    assert keys(client.get(QUEUE)) == ["WEB-1", "WEB-2"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "keep"}, "decision"),
        ({"decision": "decline"}, "resolution"),
        ({"decision": "decline", "resolution": "fixed"}, "resolution"),
        ({"decision": "duplicate", "duplicate_of": "WEB-99"}, "duplicate_of"),
        ({"decision": "duplicate", "duplicate_of": "WEB-1"}, "duplicate_of"),
        ({"decision": "needinfo", "ask": "nobody", "question": "?"}, "ask"),
        ({"decision": "needinfo", "ask": "rosa"}, "question"),
        ({"decision": "snooze", "until": "yesterday"}, "until"),
        ({"decision": "snooze", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"decision": "reroute", "product": "NOPE"}, "product"),
        ({"decision": "reroute", "component": "Nope"}, "component"),
        ({"decision": "accept", "resolution": "invalid"}, "resolution"),
        ({"decision": "accept", "set": {"priority": "huge"}}, "set.priority"),
        ({"decision": "accept", "set": {"nothing": 1}}, "set.nothing"),
        ({"decision": "accept", "set": {"assignee": "sam"}}, "set.assignee"),
        ({"decision": "accept", "set": {"status": "closed"}}, "set.status"),
        ({"decision": "accept", "set": {"parent": "WEB-1"}}, "set.parent"),
        ({"decision": "decline", "set": {"priority": "low"}}, "resolution"),
        ({"decision": "accept", "nothing": 1}, "nothing"),
        pytest.param({"decision": "accept", "comment": "字" * 30_000}, "comment", id="long comment"),
    ],
)
def test_a_wrong_decision_says_where(api, issue, triager, stranger, administrator, body, field):
    update_user(stranger, actor=administrator, via="web", is_active=False)
    answer = api(triager).post(f"{ISSUE}triage/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), answer.content
    assert Issue.objects.get().lock_version == 1


@pytest.mark.parametrize(("who", "code"), [(None, 401), ("stranger", 403), ("reporter", 403), ("triager", 200)])
def test_who_decides(api, issue, request, who, code):
    user = request.getfixturevalue(who) if who else None
    assert api(user).post(f"{ISSUE}triage/", {"decision": "accept"}, format="json").status_code == code


def test_what_is_hidden_is_not_there(api, issue, triager, stranger):
    update_issue(issue, actor=triager, via="web", confidential=True)
    client = api(stranger)
    assert client.post(f"{ISSUE}triage/", {"decision": "accept"}, format="json").status_code == 404
    for below in ("needinfos/", "votes/", "watchers/"):
        assert client.get(f"{ISSUE}{below}").status_code == 404


def test_the_second_decision_is_a_conflict(api, issue, triager, maintainer):
    decide(issue, "accept", actor=maintainer, via="web")
    answer = api(triager).post(f"{ISSUE}triage/", {"decision": "decline", "resolution": "invalid"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "decided")
    assert "Mia" in answer.json()["detail"]


def test_a_precondition(api, issue, triager):
    client = api(triager)
    tag = client.get(ISSUE)["ETag"]
    client.patch(ISSUE, {"priority": "low"}, format="json")
    answer = client.post(f"{ISSUE}triage/", {"decision": "accept"}, format="json", headers={"If-Match": tag})
    assert answer.status_code == 412


class TestQueue:
    def test_its_order_and_its_counts(self, api, product, triager, reporter):
        for title in ("new", "newer", "late", "back", "asleep", "asked", "accepted"):
            create_issue(product, actor=reporter, via="web", title=title)
        by_title = {issue.title: issue for issue in Issue.objects.all()}
        now = timezone.now()
        Issue.objects.filter(title="late").update(overdue_at=now)
        Issue.objects.filter(title="back").update(snoozed_until=now)
        decide(by_title["asleep"], "snooze", actor=triager, via="web", until=now + timedelta(days=1))
        decide(by_title["asked"], "needinfo", actor=triager, via="web", ask=reporter, question="?")
        decide(by_title["accepted"], "accept", actor=triager, via="web")
        answer = api(triager).get(QUEUE)
        assert [one["title"] for one in answer.json()["results"]] == ["late", "back", "new", "newer"]
        assert answer.json()["counts"] == {"new": 2, "returned": 1, "overdue": 1}
        assert [one["overdue"] for one in answer.json()["results"]] == [True, False, False, False]
        late = api(triager).get(QUEUE, {"q": "is:overdue"})
        assert (keys(late), late.json()["counts"]) == (["WEB-3"], {"new": 0, "returned": 0, "overdue": 1})

    def test_pages(self, api, product, triager):
        file_many(product, triager, 7)
        client = api(triager)
        Issue.objects.filter(number__in=(2, 5)).update(overdue_at=timezone.now())
        whole = keys(client.get(QUEUE))
        assert whole == ["WEB-2", "WEB-5", "WEB-1", "WEB-3", "WEB-4", "WEB-6", "WEB-7"]
        got, address = [], f"{QUEUE}?page_size=3"
        while address:
            answer = client.get(address)
            got += keys(answer)
            address = answer.json()["next"]
        assert got == whole

    @pytest.mark.parametrize(("who", "code", "seen"), [(None, 401, 0), ("reporter", 200, 0), ("triager", 200, 1)])
    def test_whose_it_is(self, api, issue, request, who, code, seen):
        answer = api(request.getfixturevalue(who) if who else None).get(QUEUE)
        assert answer.status_code == code
        assert code != 200 or (len(answer.json()["results"]), answer.json()["counts"]["new"]) == (seen, seen)

    def test_archived_products_have_none(self, api, issue, product, triager, maintainer):
        update_product(product, actor=maintainer, via="web", archived=True)
        assert keys(api(triager).get(QUEUE)) == []

    def test_a_wrong_query(self, api, triager):
        assert api(triager).get(QUEUE, {"q": "is:nonsense"}).status_code == 400

    def test_its_statements_do_not_grow(self, api, product, triager):
        client, counts = api(triager), []
        for amount in (10, 90):
            file_many(product, triager, amount)
            client.get(QUEUE)
            with CaptureQueriesContext(connection) as made:
                assert client.get(QUEUE, {"page_size": 100}).status_code == 200
            counts.append(len(made))
        assert counts[0] == counts[1] <= 8


class TestQuestions:
    @pytest.fixture
    def asked(self, issue, triager, reporter):
        decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which browser?")
        return issue.needinfos.get()

    def test_what_is_told(self, api, asked, stranger):
        told = api(stranger).get(f"{ISSUE}needinfos/").json()["results"]
        assert told == api(stranger).get(ISSUE).json()["needinfos"]
        assert (told[0]["asker"]["username"], told[0]["requestee"]["username"]) == ("tom", "rosa")
        assert {name: told[0][name] for name in ("question", "due_on", "state")} == {
            "question": "Which browser?",
            "due_on": None,
            "state": "open",
        }

    @pytest.mark.parametrize(
        ("who", "code"), [(None, 401), ("stranger", 403), ("reporter", 200), ("triager", 200), ("maintainer", 200)]
    )
    def test_who_withdraws(self, api, asked, request, who, code):
        client = api(request.getfixturevalue(who) if who else None)
        answer = client.patch(f"{ISSUE}needinfos/{asked.pk}/", {"state": "withdrawn"}, format="json")
        assert answer.status_code == code, answer.content
        assert Issue.objects.get().is_queued == (code == 200)

    def test_it_is_withdrawn_once(self, api, asked, triager):
        client, path = api(triager), f"{ISSUE}needinfos/{asked.pk}/"
        assert client.patch(path, {"state": "answered"}, format="json").status_code == 400
        assert client.patch(path, {"state": "withdrawn"}, format="json").json()["state"] == "withdrawn"
        assert client.patch(path, {"state": "withdrawn"}, format="json").status_code == 200
        assert client.patch(path, {"state": "open"}, format="json").status_code == 400


def test_votes(api, issue, stranger, reporter):
    client = api(stranger)
    made = client.post(f"{ISSUE}votes/", {}, format="json")
    assert (made.status_code, made.json()["user"]["username"]) == (201, "sam")
    assert client.post(f"{ISSUE}votes/", {}, format="json").json()["id"] == made.json()["id"]
    assert client.get(ISSUE).json()["votes"] == 1
    assert [one["user"]["username"] for one in api().get(f"{ISSUE}votes/").json()["results"]] == ["sam"]
    assert api(reporter).delete(made["Location"]).status_code == 403
    assert client.delete(made["Location"]).status_code == 204
    assert client.get(ISSUE).json()["votes"] == 0
    assert api().post(f"{ISSUE}votes/", {}, format="json").status_code == 401


def test_watchers(api, issue, stranger, reporter):
    client = api(stranger)
    assert [one["username"] for one in client.get(f"{ISSUE}watchers/").json()["results"]] == ["rosa"]
    made = client.post(f"{ISSUE}watchers/", {}, format="json")
    assert (made.status_code, made.json()["username"]) == (201, "sam")
    assert client.get(made["Location"]).status_code == 200
    assert client.delete(f"{ISSUE}watchers/rosa/").status_code == 403
    assert client.delete(made["Location"]).status_code == 204
    assert api(reporter).delete(f"{ISSUE}watchers/rosa/").status_code == 204
    assert client.get(f"{ISSUE}watchers/").json()["results"] == []


class TestOnce:
    def test_a_vote(self, api, issue, stranger):
        client = api(stranger)
        first = client.post(f"{ISSUE}votes/", {}, format="json")
        again = client.post(f"{ISSUE}votes/", {}, format="json")
        assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
        assert "Location" in first and "Location" not in again
        client.delete(first["Location"])
        assert client.post(f"{ISSUE}votes/", {}, format="json").status_code == 201

    @pytest.mark.parametrize(("who", "code"), [("stranger", 201), ("reporter", 200)])
    def test_a_watch(self, api, issue, request, who, code):
        client = api(request.getfixturevalue(who))
        codes = [client.post(f"{ISSUE}watchers/", {}, format="json").status_code for _time in range(2)]
        assert codes == [code, 200]


def test_the_schema_tells_of_counts_and_of_what_was_there(client):
    schema = client.get("/openapi.json").json()
    page = schema["paths"]["/api/v1/triage/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    shape = schema["components"]["schemas"][page["$ref"].rpartition("/")[2]]
    assert set(shape["properties"]["counts"]["required"]) == {"new", "returned", "overdue"}
    assert "counts" in shape["required"] and "results" in shape["properties"]
    plain = schema["paths"]["/api/v1/issues/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert plain != page
    for below in ("votes", "watchers"):
        answers = schema["paths"][f"/api/v1/issues/{{issue_key}}/{below}/"]["post"]["responses"]
        assert {"200", "201"} <= set(answers)
