"""Who may do what over the API, and that what is hidden answers as what does not exist."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from issues import services
from issues.models import Issue
from products.models import Label
from products.services import create_part, create_product, update_product

WHO = ("administrator", "maintainer", "triager", "reporter", "viewer", "stranger", None)
ISSUES = "/api/v1/issues/"


@pytest.fixture
def people(request, product):
    """Everybody, by name."""
    return {who: request.getfixturevalue(who) if who else None for who in WHO}


@pytest.fixture
def issue(product, people):
    """WEB-1 by Rosa, with a comment of hers and an internal one of Tom's."""
    issue = services.create_issue(product, actor=people["reporter"], via="web", title="one")
    hello = services.add_comment(issue, actor=people["reporter"], via="web", body="hello")
    hush = services.add_comment(issue, actor=people["triager"], via="web", body="hush", internal=True)
    services.create_issue(product, actor=people["triager"], via="web", title="two")
    people["ids"] = {"hello": hello.pk, "hush": hush.pk}
    return issue


# What is asked, and the answers to: the administrator, maintainer, triager, reporter, viewer, stranger, nobody.
REQUESTS = [
    ("get", "products/WEB/", None, (200, 200, 200, 200, 200, 200, 200)),
    ("get", "issues/WEB-1/", None, (200, 200, 200, 200, 200, 200, 200)),
    ("get", "issues/WEB-1/comments/{hush}/", None, (200, 200, 200, 404, 404, 404, 404)),
    ("post", "products/WEB/issues/", {"title": "x"}, (201, 201, 201, 201, 201, 201, 401)),
    ("post", "products/WEB/issues/", {"title": "x", "priority": "high"}, (201, 201, 201, 403, 403, 403, 401)),
    ("post", "products/WEB/issues/", {}, (400, 400, 400, 400, 400, 400, 401)),
    ("patch", "issues/WEB-1/", {"title": "x"}, (200, 200, 200, 200, 403, 403, 401)),
    ("patch", "issues/WEB-1/", {"title": ""}, (400, 400, 400, 400, 403, 403, 401)),
    ("patch", "issues/WEB-2/", {"title": "x"}, (200, 200, 200, 403, 403, 403, 401)),
    ("patch", "issues/WEB-1/", {"priority": "high"}, (200, 200, 200, 403, 403, 403, 401)),
    ("patch", "issues/WEB-1/", {"status": "closed"}, (200, 200, 200, 200, 403, 403, 401)),
    ("patch", "issues/WEB-1/", {"status": "accepted"}, (200, 200, 200, 403, 403, 403, 401)),
    ("delete", "issues/WEB-1/", None, (204, 204, 403, 403, 403, 403, 401)),
    ("post", "issues/WEB-1/redact/", {"field": "title"}, (200, 200, 403, 403, 403, 403, 401)),
    ("post", "issues/WEB-1/restore/", None, (409, 409, 403, 403, 403, 403, 401)),
    ("post", "issues/WEB-1/comments/", {"body": "x"}, (201, 201, 201, 201, 201, 201, 401)),
    ("post", "issues/WEB-1/comments/", {"body": "x", "internal": True}, (201, 201, 201, 403, 403, 403, 401)),
    ("patch", "issues/WEB-1/comments/{hello}/", {"body": "x"}, (200, 200, 200, 200, 403, 403, 401)),
    ("patch", "issues/WEB-1/comments/{hush}/", {"body": "x"}, (200, 200, 200, 404, 404, 404, 404)),
    ("delete", "issues/WEB-1/comments/{hello}/", None, (204, 204, 403, 403, 403, 403, 401)),
    ("post", "issues/WEB-1/relations/", {"kind": "blocks", "issue": "WEB-2"}, (201, 201, 201, 403, 403, 403, 401)),
    ("post", "statuses/", {"slug": "held", "name": "Held", "category": "started"}, (201, 403, 403, 403, 403, 403, 401)),
    ("patch", "statuses/new/", {"name": "Newest"}, (200, 403, 403, 403, 403, 403, 401)),
    ("post", "labels/", {"name": "site"}, (201, 403, 403, 403, 403, 403, 401)),
    ("put", "products/", {}, (405, 405, 405, 405, 405, 405, 405)),
    ("delete", "statuses/new/", None, (405, 405, 405, 405, 405, 405, 405)),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), REQUESTS)
def test_who_may_do_what(api, people, issue, method, path, body, statuses):
    for who, status in zip(WHO, statuses, strict=True):
        client = api(people[who])
        with transaction.atomic():
            # The name of a request is its own, and so the same for both.
            options = {"headers": {"x-request-id": "same"}}
            answer = getattr(client, method)(f"/api/v1/{path.format(**people['ids'])}", body, **options)
            # The next one finds everything as it was.
            transaction.set_rollback(True)
        assert answer.status_code == status, (who, answer.content)
        if status == 401:
            assert answer["WWW-Authenticate"] == "Bearer"


def test_a_refused_field_is_named(api, people, issue):
    answer = api(people["reporter"]).patch(f"{ISSUES}WEB-1/", {"priority": "high", "title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "field")
    assert "priority" in answer.json()["detail"]


@pytest.fixture
def hidden(people, product, issue):
    """What Sam may not see: a private product with an issue, and a confidential issue in the public one."""
    ada = people["administrator"]
    secret = create_product(actor=ada, via="web", key="SEC", title="Secret", visibility="private")
    label = create_part(Label, product=secret, actor=ada, via="web", name="hush")
    first = services.create_issue(secret, actor=ada, via="web", title="s")
    services.add_comment(first, actor=ada, via="web", body="s")
    last = services.create_issue(product, actor=ada, via="web", title="c", confidential=True)
    relation = services.relate(last, actor=ada, via="web", kind="blocks", other=issue)
    people["ids"] |= {"label": label.pk, "relation": relation.pk}
    services.update_issue(issue, actor=ada, via="web", parent=last)


PAIRS = [
    ("products/SEC/", "products/NOT/"),
    ("products/SEC/issues/", "products/NOT/issues/"),
    ("products/SEC/issues/?label=hush", "products/NOT/issues/?label=hush"),
    ("products/SEC/issues/?label=hush", "products/SEC/issues/?label=none"),
    ("products/SEC/issues/1/", "products/SEC/issues/2/"),
    ("products/SEC/issues/1/comments/", "products/SEC/issues/2/comments/"),
    ("products/SEC/labels/{label}/", "products/NOT/labels/{label}/"),
    ("products/SEC/members/ada/", "products/NOT/members/ada/"),
    ("products/SEC/events/", "products/NOT/events/"),
    ("issues/SEC-1/", "issues/SEC-2/"),
    ("issues/WEB-3/", "issues/WEB-4/"),
    ("issues/WEB-3/comments/", "issues/WEB-4/comments/"),
    ("issues/WEB-3/events/", "issues/WEB-4/events/"),
    ("issues/WEB-1/relations/{relation}/", "issues/WEB-1/relations/99999/"),
    ("issues/WEB-1/comments/{hush}/", "issues/WEB-1/comments/99999/"),
    ("issues/?product=SEC", "issues/?product=NOT"),
    ("issues/?parent=WEB-3", "issues/?parent=WEB-4"),
    ("issues/?label=hush", "issues/?label=none"),
]


@pytest.mark.parametrize("who", ["stranger", None])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "post"])
def test_hidden_answers_as_absent(api, people, hidden, who, method):
    client = api(people[who])
    client.get("/api/v1/statuses/")

    def ask(path):
        with CaptureQueriesContext(connection) as queries:
            body = {"title": "x"} if method != "get" else None
            # The name of a request is its own, and so the same for both.
            options = {"headers": {"x-request-id": "same"}}
            answer = getattr(client, method)(f"/api/v1/{path.format(**people['ids'])}", body, **options)
        # What is asked for stands in the answer where a parameter is refused.
        body = answer.content.replace(b"none", b"hush").replace(b"NOT", b"SEC").replace(b"WEB-4", b"WEB-3")
        return answer.status_code, body, sorted(answer.headers.items()), len(queries)

    for there, absent in PAIRS:
        hidden_answer, absent_answer = ask(there), ask(absent)
        assert hidden_answer == absent_answer, there
        assert hidden_answer[0] in (400, 401, 404, 405) and (method != "get" or hidden_answer[0] != 401), there


def test_no_list_tells_of_what_is_hidden(api, people, hidden):
    def listed(who, path):
        return api(people[who]).get(f"/api/v1/{path}").content

    for path in ("products/", "issues/?count=1", "products/WEB/issues/?count=1", "labels/"):
        assert b"SEC" not in listed("stranger", path) and b"WEB-3" not in listed("stranger", path)
    assert listed("stranger", "issues/?count=1&parent=@any").count(b"WEB-1") == 0
    assert b'"count":2' in listed("stranger", "issues/?count=1")
    assert b'"results":[]' in listed("stranger", "issues/WEB-1/relations/")
    assert b"SEC" in listed("administrator", "products/")
    events = listed("stranger", "issues/WEB-1/events/")
    assert b"WEB-3" not in events and b"related" not in events and b"hush" not in events
    assert b'"parent":[null,null]' in events
    seen = listed("triager", "issues/WEB-1/events/")
    assert b"WEB-3" in seen and b"related" in seen and b"hush" in seen


def test_a_writer_cannot_name_what_is_hidden(api, people, hidden):
    client = api(people["triager"])
    for body, field in (
        ({"parent": "SEC-1"}, "parent"),
        ({"duplicate_of": "SEC-1"}, "duplicate_of"),
        ({"product": "SEC"}, "product"),
    ):
        answer = client.patch(f"{ISSUES}WEB-1/", body)
        assert (answer.status_code, answer.json()["errors"][field][0]["code"]) == (400, "unknown")
    answer = client.post(f"{ISSUES}WEB-1/relations/", {"kind": "blocks", "issue": "SEC-1"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["issue"])


def test_rights_that_were_lost_are_gone_at_the_next_request(api, people, product, issue):
    client = api(people["stranger"])
    assert client.get(f"{ISSUES}WEB-1/").status_code == 200
    update_product(product, actor=people["administrator"], via="web", visibility="private")
    for path in ("issues/WEB-1/", "products/WEB/", "issues/WEB-1/comments/", "products/WEB/issues/"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    assert Issue.objects.count() == 2
