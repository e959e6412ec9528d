"""ETag, If-Match and If-None-Match."""

import pytest
from django.core.management import call_command

from accounts.models import User
from history.errors import Stale
from issues import services
from issues.models import Issue, Vote
from issues.services import bulk
from issues.tests.samples import upload
from issuetracker.api.views import Resource
from products.models import Component, Label, Product
from products.services import create_part, create_product, update_product

ISSUE = "/api/v1/issues/WEB-1/"


@pytest.fixture
def things(api, product, maintainer, triager):
    """The paths of one of everything that has an ETag."""
    one = services.create_issue(product, actor=triager, via="web", title="one")
    two = services.create_issue(product, actor=triager, via="web", title="two")
    comment = services.add_comment(one, actor=triager, via="web", body="hello")
    relation = services.relate(one, actor=triager, via="web", kind="blocks", other=two)
    label = create_part(Label, product=product, actor=maintainer, via="web", name="bug")
    return {
        "product": "/api/v1/products/WEB/",
        "issue": ISSUE,
        "comment": f"{ISSUE}comments/{comment.pk}/",
        "relation": f"{ISSUE}relations/{relation.pk}/",
        "label": f"/api/v1/products/WEB/labels/{label.pk}/",
        "member": "/api/v1/products/WEB/members/tom/",
        "status": "/api/v1/statuses/new/",
        "user": "/api/v1/users/tom/",
        "me": "/api/v1/me/",
    }


def test_whatever_is_read_alone_has_an_etag_that_answers_304(api, things, triager):
    client = api(triager)
    for name, path in things.items():
        answer = client.get(path)
        tag = answer["ETag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = client.get(path, headers={"if-none-match": known})
            assert (again.status_code, again["ETag"], again.content) == (304, tag, b""), name
        for other in ('"1-99"', "x", "", '"'):
            assert client.get(path, headers={"if-none-match": other}).status_code == 200, name


@pytest.fixture
def naming(things, product, triager, administrator):
    """The paths of things that name Tom or, the relation, another issue."""
    one, doing = Issue.objects.get(number=1), {"actor": triager, "via": "web"}
    update_product(product, actor=administrator, via="web", owner=triager)
    part = create_part(Component, product=product, actor=administrator, via="web", name="Cart", triage_owner=triager)
    with services.kept([upload(b"log", "cart.log")], actor=triager, home=one, action="attach") as files:
        (attachment,) = services.attach(one, files=files, **doing)
    question = services.ask(one, requestee=administrator, question="Why?", **doing)
    batch = services.vote(one, **doing)
    return {
        **{name: things[name] for name in ("product", "comment", "relation")},
        "component": f"/api/v1/products/WEB/components/{part.pk}/",
        "attachment": f"{ISSUE}attachments/{attachment.pk}/",
        "vote": f"{ISSUE}votes/{Vote.objects.get().pk}/",
        "needinfo": f"{ISSUE}needinfos/{question.pk}/",
        "batch": f"/api/v1/batches/{batch.pk}/",
    }


def test_what_names_another_thing_is_told_anew_once_that_has_another_name(api, naming, triager, administrator):
    client = api(administrator)
    tags = {name: client.get(path)["ETag"] for name, path in naming.items()}
    for name, path in naming.items():
        assert client.get(path, headers={"if-none-match": tags[name]}).status_code == 304, name
    User.objects.filter(pk=triager.pk).update(display_name="Thomas")
    ops = create_product(actor=administrator, via="web", key="OPS", title="Operations")
    services.update_issue(Issue.objects.get(number=2), actor=administrator, via="web", product=ops)
    for name, path in naming.items():
        fresh = client.get(path, headers={"if-none-match": tags[name]})
        assert (fresh.status_code, fresh["ETag"] != tags[name]) == (200, True), name
        # Which version is meant by a change is no matter of names.
        assert fresh["ETag"].split("-")[:2] == tags[name].split("-")[:2], name


def test_a_batch_that_goes_on_is_told_anew(api, things, triager, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    client = api(triager)
    body = {"q": "is:open", "set": {"priority": "high"}}
    path = f"/api/v1/batches/{client.post('/api/v1/issues/bulk/', body, format='json').json()['batch']}/"
    running = client.get(path)
    assert (running.json()["state"], running.json()["done"]) == ("running", 0)
    call_command("worker", once=True)
    done = client.get(path, headers={"if-none-match": running["ETag"]})
    assert (done.status_code, done.json()["state"], done.json()["done"]) == (200, "done", 2)
    assert client.get(path, headers={"if-none-match": done["ETag"]}).status_code == 304
    assert client.post(f"{path}undo/", headers={"if-match": running["ETag"]}).status_code == 200
    assert client.get(path, headers={"if-none-match": done["ETag"]}).json()["undone_by"]


@pytest.mark.parametrize("path", ["/api/v1/users/tom/", f"{ISSUE}watchers/tom/"])
def test_the_state_of_a_person_is_what_others_are_told(api, things, triager, path):
    client = api(triager)
    tag = client.get(path)["ETag"]
    client.patch("/api/v1/me/", {"theme": "dark", "email": "thomas@example.org"})
    again = client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again["ETag"], str(triager.pk) in tag.strip('"').split("-")) == (304, tag, False)
    client.patch("/api/v1/me/", {"display_name": "Thomas"})
    assert client.get(path, headers={"if-none-match": tag}).status_code == 200


def test_who_watches_is_no_other_for_what_others_are_not_told(api, things, triager):
    client, path = api(triager), f"{ISSUE}watchers/tom/"
    tag = client.get(path)["ETag"]
    for stale in ('"1-77"', f"W/{tag}", "x"):
        answer = client.delete(path, headers={"if-match": stale})
        assert (answer.status_code, answer["ETag"], answer.json()["code"]) == (412, tag, "stale")
        assert (answer.json()["etag"], "lock_version" in answer.json()) == (tag, False)
    # What is added to the issue hangs on the version of that.
    added = client.post(f"{ISSUE}watchers/", {}, headers={"if-match": tag})
    assert (added.status_code, added.json()["lock_version"]) == (412, Issue.objects.get(number=1).lock_version)
    client.patch("/api/v1/me/", {"theme": "dark"})
    assert client.delete(path, headers={"if-match": f'"x", {tag}'}).status_code == 204


def test_a_page_is_never_answered_304(api, things, triager):
    headers = {"if-none-match": "*", "accept": "text/html"}
    assert api(triager).get(ISSUE, headers=headers).status_code == 200


WRITES = {
    "product": ("patch", {"title": "new"}),
    "issue": ("patch", {"title": "new"}),
    "comment": ("patch", {"body": "new"}),
    "label": ("patch", {"name": "new"}),
    "member": ("patch", {"role": "viewer"}),
    "status": ("patch", {"name": "Newest"}),
    "me": ("patch", {"theme": "dark"}),
    "relation": ("delete", None),
}


@pytest.mark.parametrize("name", WRITES)
def test_only_the_version_that_was_seen_is_written_over(api, things, administrator, name):
    client, path = api(administrator), things[name]
    method, body = WRITES[name]
    tag = client.get(path)["ETag"]
    stale = getattr(client, method)(path, body, headers={"if-match": '"1-77"'})
    assert (stale.status_code, stale.json()["etag"]) == (412, stale["ETag"])
    # What is read has a third part in its tag, for all that is shown beside its own version.
    assert stale["ETag"].strip('"').split("-") == tag.strip('"').split("-")[:2]
    assert stale.json()["lock_version"] == int(tag.strip('"').split("-")[1])
    third_part = tag[:-1] + '-later"'
    fresh = getattr(client, method)(path, body, headers={"if-match": f'"0-0", {third_part}'})
    assert fresh.status_code in (200, 204)
    if method == "patch":
        assert fresh["ETag"] != tag
        assert getattr(client, method)(path, body, headers={"if-match": tag}).status_code == 412
        assert getattr(client, method)(path, body, headers={"if-match": "*"}).status_code == 200


@pytest.mark.parametrize("name", ["product", "issue", "comment", "label", "member"])
def test_deleting_heeds_it_too(api, things, administrator, name):
    client, path = api(administrator), things[name]
    assert client.delete(path, headers={"if-match": '"1-77"'}).status_code == 412
    assert client.delete(path, headers={"if-match": client.get(path)["ETag"]}).status_code == 204


@pytest.mark.parametrize("action", ["restore", "redact"])
def test_actions_heed_it_too(api, things, maintainer, action):
    client = api(maintainer)
    tag = client.get(ISSUE)["ETag"] if action == "redact" else client.delete(ISSUE)["ETag"]
    body = {"field": "title"} if action == "redact" else None
    assert client.post(f"{ISSUE}{action}/", body, headers={"if-match": '"1-77"'}).status_code == 412
    assert client.post(f"{ISSUE}{action}/", body, headers={"if-match": tag}).status_code == 200


@pytest.mark.parametrize(
    "header", ["", " ", "x", '"', '""', '"x"', '"1"', '"1-"', "1-1", 'W/"{tag}"', '"' + "9" * 4000 + '-1"', "\xff", ","]
)
def test_what_is_no_version_of_it_is_stale(api, things, triager, header):
    tag = api(triager).get(ISSUE)["ETag"].strip('"')
    header = header.replace("{tag}", tag)
    assert api(triager).patch(ISSUE, {"title": "new"}, headers={"if-match": header}).status_code == 412


def test_internal_comments_do_not_move_the_version(api, things, triager):
    tag = api(triager).get(ISSUE)["ETag"]
    api(triager).post(f"{ISSUE}comments/", {"body": "hush", "internal": True})
    assert api(triager).get(ISSUE)["ETag"] == tag
    api(triager).post(f"{ISSUE}comments/", {"body": "hello"})
    assert api(triager).get(ISSUE)["ETag"] != tag


@pytest.mark.parametrize(
    ("path", "body"),
    [("comments", {"body": "x"}), ("relations", {"kind": "blocks", "issue": "WEB-2"})],
)
def test_if_match_is_honoured_where_something_is_added_to_an_issue(api, product, triager, path, body):
    issue = services.create_issue(product, actor=triager, via="web", title="one")
    services.create_issue(product, actor=triager, via="web", title="two")
    client = api(triager)
    first = client.get("/api/v1/issues/WEB-1/")["ETag"]
    services.update_issue(issue, actor=triager, via="web", title="ONE")
    for tag in (first, '"nonsense"', 'W/"1-1"'):
        answer = client.post(f"/api/v1/issues/WEB-1/{path}/", body, headers={"if-match": tag})
        assert (answer.status_code, answer.json()["lock_version"]) == (412, 2)
        assert answer["ETag"] == f'"{issue.pk}-2"'
    assert client.get(f"/api/v1/issues/WEB-1/{path}/").json()["results"] == []
    present = client.get("/api/v1/issues/WEB-1/")["ETag"]
    assert client.post(f"/api/v1/issues/WEB-1/{path}/", body, headers={"if-match": present}).status_code == 201


def test_if_match_of_what_is_added_is_compared_under_the_lock(product, triager):
    issue = services.create_issue(product, actor=triager, via="web", title="one")
    other = services.create_issue(product, actor=triager, via="web", title="two")
    services.update_issue(issue, actor=triager, via="web", title="ONE")
    with pytest.raises(Stale):
        services.relate(issue, actor=triager, via="web", kind="blocks", other=other, expected_version=1)
    with pytest.raises(Stale):
        services.add_comment(issue, actor=triager, via="web", body="x", expected_version=1)
    for do in (services.vote, services.watch):
        with pytest.raises(Stale):
            do(issue, actor=triager, via="web", expected_version=1)


@pytest.mark.parametrize(("path", "body"), [("comments", {"body": "x"}), ("votes", {}), ("watchers", {})])
def test_a_change_after_if_match_was_looked_at_is_noticed(api, product, triager, maintainer, monkeypatch, path, body):
    issue = services.create_issue(product, actor=triager, via="web", title="one")
    client, get_serializer = api(maintainer), Resource.get_serializer

    def change_meanwhile(view, *args, **kwargs):
        services.update_issue(issue, actor=triager, via="web", title="ONE")
        return get_serializer(view, *args, **kwargs)

    headers = {"if-match": client.get(ISSUE)["ETag"]}
    monkeypatch.setattr(Resource, "get_serializer", change_meanwhile)
    assert client.post(f"{ISSUE}{path}/", body, headers=headers).status_code == 412
    monkeypatch.undo()
    assert "mia" not in client.get(f"{ISSUE}{path}/").text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/issues/", {"product": "WEB", "title": "x"}),
        ("/api/v1/products/WEB/issues/", {"title": "x"}),
        ("/api/v1/products/WEB/labels/", {"name": "x"}),
        ("/api/v1/products/WEB/members/", {"user": "sam"}),
    ],
)
def test_a_change_of_the_product_after_if_match_was_looked_at_is_noticed(
    api, product, administrator, stranger, monkeypatch, path, body
):
    client, before = api(administrator), Resource.expected

    def change_meanwhile(view, row):
        expected = before(view, row)
        Product.objects.filter(pk=product.pk).update(lock_version=2)
        return expected

    headers = {"if-match": client.get("/api/v1/products/WEB/")["ETag"]}
    monkeypatch.setattr(Resource, "expected", change_meanwhile)
    assert client.post(path, body, headers=headers).status_code == 412
    monkeypatch.undo()
    headers = {"if-match": client.get("/api/v1/products/WEB/")["ETag"]}
    assert client.post(path, body, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/issues/bulk/", "/api/v1/products/WEB/issues/bulk/"])
def test_a_change_of_many_does_not_pass_over_if_match(api, product, triager, path):
    issue = services.create_issue(product, actor=triager, via="web", title="one")
    client, body = api(triager), {"ids": [issue.pk], "set": {"priority": "high"}}
    answer = client.post(path, body, headers={"if-match": f'"{product.pk}-99"'})
    assert (answer.status_code, list(answer.json().get("errors", ()))) == (400, ["If-Match"])
    assert client.get(ISSUE).json()["priority"] == "none"
    assert client.post(path, body, headers={"if-match": "*"}).json()["changes"] == 1


@pytest.mark.parametrize("tag", ['"1-99"', '"x"'])
def test_if_match_speaks_of_the_product_where_something_is_added_to_one(api, product, maintainer, tag):
    client = api(maintainer)
    for path, body in (("issues", {"title": "x"}), ("components", {"name": "x"})):
        answer = client.post(f"/api/v1/products/WEB/{path}/", body, headers={"if-match": tag})
        assert answer.status_code == 412
        present = client.get("/api/v1/products/WEB/")["ETag"]
        assert client.post(f"/api/v1/products/WEB/{path}/", body, headers={"if-match": present}).status_code == 201


def test_if_match_speaks_of_the_product_that_the_body_names(api, product, triager):
    client, body = api(triager), {"product": "WEB", "title": "new"}
    assert client.post("/api/v1/issues/", body, headers={"if-match": f'"{product.pk}-77"'}).status_code == 412
    tag = client.get("/api/v1/products/WEB/")["ETag"]
    assert client.post("/api/v1/issues/", body, headers={"if-match": tag}).status_code == 201
