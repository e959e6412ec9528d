"""Each id in a path, a query or a body replaced by a foreign one: nothing is found by it, and nothing is written."""

import re

import pytest
from django.urls import reverse

from history.models import Event
from issues.models import Issue
from tests.access import test_matrix as matrix
from tests.access.routes import ROUTES
from tests.access.world import PRIVATE, PUBLIC, leaks, text_of

# What in a path hangs on what stands before it.
CHILDREN = ("comment", "question", "relation", "vote", "component", "milestone", "version", "label", "view", "batch")
CHILD = re.compile(rf"\{{({'|'.join(CHILDREN)})\}}")
OF_PARENT = [name for name, route in ROUTES.items() if CHILD.search(str(route.path)) and not name.startswith("view-")]
OF_PARENT = [name for name in OF_PARENT if name not in ("view", "batch", "api-view-detail", "api-batch-detail")]
# By an id alone: there is no parent whose rights would be asked instead.
BY_ID = ["batch-undo", "api-batch-undo"]


def swapped(world, name, kind, reader):
    """Return what is wrong where the child in a path is that of another parent."""
    values = matrix.asked_of(world, name, kind, reader)
    foreign = vars(world.places[PRIVATE])
    wrong = []
    child = CHILD.search(str(ROUTES[name].path))[1]
    for method, needed in ROUTES[name].methods.items():
        if needed == "onward":
            continue
        answer, told, written = matrix.ask(world.client(reader), name, method, {**values, child: foreign[child]})
        if matrix.class_of(answer) != matrix.ABSENT or written:
            wrong.append((name, method, reader, answer.status_code, written))
        if reader == "local" and leaks(reader, told):
            wrong.append((name, method, reader, leaks(reader, told)))
    return wrong


@pytest.mark.parametrize("reader", ["superuser", "local"])
@pytest.mark.untraced
def test_a_child_is_not_found_below_another_parent(world, reader):
    wrong = [one for name in OF_PARENT if name not in BY_ID for one in swapped(world, name, "public", reader)]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.untraced
def test_what_is_of_another_product_is_found_by_no_id(world):
    wrong = [one for name in BY_ID for one in swapped(world, name, "public", "local")]
    assert not wrong, "\n".join(map(str, wrong))


def foreign_values(world):
    """Return `{field: value}` of what is private, as forms and the API name it."""
    place = world.places[PRIVATE]
    return {
        "component": place.component,
        "milestone": place.milestone,
        "version": place.version,
        "labels": [place.label],
        "parent": place.key,
        "duplicate_of": place.other,
        "product": PRIVATE,
        "issue": place.key,
        "ids": [Issue.objects.get(product__key=PRIVATE, number=1).pk],
        "set_component": place.component,
        "set_labels": [place.label],
        "similar": place.key,
    }


NAMES = {
    "component": "Component PRI canaryprivate",
    "milestone": "Milestone PRI canaryprivate",
    "version": "Version PRI canaryprivate",
    "labels": ["Label PRI canaryprivate"],
}
# A form, what is sent beside the foreign value, and the fields that take one.
FORMS = [
    ("issue-set", {}, ("component", "milestone", "version", "labels", "parent", "duplicate_of", "product")),
    ("issue-edit", {"seen": "99", "title": "New"}, ("component", "milestone", "version", "labels", "parent")),
    ("issue-relate", {"kind": "blocks"}, ("issue",)),
    ("issue-decide", {"decision": "duplicate"}, ("duplicate_of", "similar")),
    ("issue-decide", {"decision": "reroute"}, ("product", "component")),
    ("issue-decide", {"decision": "accept"}, ("set_component", "set_labels")),
    ("issue-bulk", {"words": "p urgent", "apply": "1"}, ("ids",)),
    ("issue-bulk", {"apply": "1", "ids": "1"}, ("component", "milestone", "version")),
]
API = [
    (
        "patch",
        "issues/PUB-1/",
        {},
        ("component", "milestone", "version", "labels", "parent", "duplicate_of", "product"),
    ),
    ("put", "issues/PUB-1/", {"title": "New"}, ("component", "labels", "parent")),
    ("post", "products/PUB/issues/", {"title": "New"}, ("component", "version", "labels")),
    ("post", "issues/", {"title": "New"}, ("product",)),
    ("post", "issues/PUB-1/relations/", {"kind": "blocks"}, ("issue",)),
    ("post", "issues/PUB-1/triage/", {"decision": "duplicate"}, ("duplicate_of",)),
    ("post", "issues/PUB-1/triage/", {"decision": "reroute"}, ("product", "component")),
    ("post", "issues/bulk/", {"set": {"priority": "urgent"}}, ("ids",)),
    ("post", "views/", {"name": "New"}, ("product",)),
    ("get", "similar/", {"title": "cart"}, ("product",)),
    ("get", "issues/", {}, ("product", "parent")),
]


def check(reader, answer, before):
    """Assert that an answer gives nothing away, and that nothing was written."""
    assert answer.status_code < 500
    assert Event.objects.count() == before, answer.status_code
    told = text_of(answer).replace("canaryprivate", "") if answer.status_code == 400 else text_of(answer)
    assert leaks(reader, told) == []


@pytest.mark.parametrize(("name", "body", "fields"), FORMS)
def test_no_form_takes_what_is_foreign(world, name, body, fields):
    path = reverse(name, args=() if name == "issue-bulk" else ["PUB-1"])
    for field in fields:
        before = Event.objects.count()
        answer = world.client("local").post(path, {**body, field: foreign_values(world)[field]})
        check("local", answer, before)


@pytest.mark.parametrize(("method", "path", "body", "fields"), API)
def test_no_body_takes_what_is_foreign(world, method, path, body, fields):
    for field in fields:
        before = Event.objects.count()
        value = {**foreign_values(world), **NAMES}[field]
        more = {} if method == "get" else {"content_type": "application/json"}
        answer = getattr(world.client("local"), method)(f"/api/v1/{path}", {**body, field: value}, **more)
        check("local", answer, before)


def test_one_s_own_is_taken(world):
    # Or else the forms above take nothing at all.
    place = world.places[PUBLIC]
    client = world.client("local")
    for path, body in (
        ("/issues/PUB-2/set/", {"component": place.component}),
        ("/issues/PUB-2/relations/", {"kind": "blocks", "issue": "PUB-3"}),
        (
            "/issues/bulk/",
            {"ids": Issue.objects.get(product__key=PUBLIC, number=2).pk, "words": "p urgent", "apply": "1"},
        ),
    ):
        before = Event.objects.count()
        assert client.post(path, body).status_code == 302
        assert Event.objects.count() > before, path


def test_a_child_that_is_fetched_by_its_id_alone_is_found(world, monkeypatch):
    from issues.views import actions

    def careless(request, issue, pk):
        return actions.Comment.objects.get(pk=pk)

    monkeypatch.setattr(actions, "_comment", careless)
    assert swapped(world, "comment-trash", "public", "superuser")
