"""Saved views over the API: the five usual methods, pins, conditions, rights and the log."""

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from history.models import Batch
from issues.models import SavedView, SavedViewPin
from issues.services import create_view, pin_view
from products.models import Label
from products.services import create_part, update_part, update_product

VIEWS = "/api/v1/views/"


@pytest.fixture
def view(product, triager):
    """A view of Tom's that all who see WEB share."""
    return create_view(actor=triager, via="web", name="Hot", query="priority:high", product=product, shared=True)


def test_a_view_is_made_read_changed_and_deleted(api, product, triager):
    client = api(triager)
    fields = {"name": "Hot", "query": "is:open", "columns": ["votes", "author"], "group": "status", "product": "WEB"}
    made = client.post(VIEWS, {**fields, "pinned": True})
    assert (made.status_code, made["Location"]) == (201, f"{VIEWS}{made.json()['id']}/")
    told = made.json()
    assert told | {**fields, "columns": ["author", "votes"]} == told
    assert (told["owner"]["username"], told["pinned"], told["shared"], told["is_default"]) == (
        "tom",
        True,
        False,
        False,
    )
    assert told["url"] == f"http://localhost:8002/views/{told['id']}/"
    address = made["Location"]
    assert client.get(address).json() == told
    patched = client.patch(address, {"name": "Hotter", "group": None}).json()
    assert (patched["name"], patched["group"], patched["columns"]) == ("Hotter", None, ["author", "votes"])
    replaced = client.put(address, {"name": "Plain"}).json()
    assert (replaced["query"], replaced["columns"], replaced["product"], replaced["pinned"]) == ("", [], None, False)
    assert client.put(address, replaced).json() == replaced
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.get(VIEWS).json()["results"] == []
    batch = Batch.objects.latest("id")
    assert client.post(f"/api/v1/batches/{batch.pk}/undo/").status_code == 200
    assert client.get(address).json()["name"] == "Plain"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "name", "required"),
        ({"name": ""}, "name", "blank"),
        ({"name": "a\nb"}, "name", "characters"),
        ({"name": "x", "columns": ["ghost"]}, "columns.0", "invalid_choice"),
        ({"name": "x", "columns": "votes"}, "columns", "not_a_list"),
        ({"name": "x", "group": "label"}, "group", "invalid_choice"),
        ({"name": "x", "product": "NOPE"}, "product", "unknown"),
        ({"name": "x", "shared": "yes"}, "shared", "invalid"),
        ({"name": "x", "is_default": True}, "is_default", "shared"),
        ({"name": "x", "owner": "ada"}, "owner", "read_only"),
        ({"name": "x", "ghost": 1}, "ghost", "unknown"),
        ({"name": "x", "query": "x" * 1001}, "query", "max_length"),
        ({"name": "x", "query": "is:opn"}, "query", "unknown"),
        ({"name": "x", "query": "label:ghost"}, "query", "unknown"),
    ],
)
def test_what_cannot_be_is_named_by_field(api, triager, body, field, code):
    answer = api(triager).post(VIEWS, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), answer.json()
    assert answer.json()["errors"][field][0]["code"] == code
    assert not SavedView.objects.exists()


def test_a_wrong_query_is_shown_where_it_is_wrong(api, view, triager):
    answer = api(triager).patch(f"{VIEWS}{view.pk}/", {"query": "is:open lable:x"})
    assert (
        answer.json()["errors"]["query"][0] | {"position": 8, "length": 7, "code": "unknown_field"}
        == (answer.json()["errors"]["query"][0])
    )


WHO = ("administrator", "maintainer", "triager", "reporter", "viewer", "stranger", None)
# What is asked of Tom's shared view of WEB, and the answers to everybody.
REQUESTS = [
    ("get", {}, (200, 200, 200, 200, 200, 200, 200)),
    ("patch", {"name": "x"}, (200, 200, 200, 403, 403, 403, 401)),
    ("patch", {"pinned": True}, (200, 200, 200, 200, 200, 200, 401)),
    ("patch", {"is_default": True}, (200, 200, 403, 403, 403, 403, 401)),
    ("put", {"name": "x", "product": "WEB", "shared": True}, (200, 200, 200, 403, 403, 403, 401)),
    ("put", {}, (400, 400, 400, 403, 403, 403, 401)),
    ("delete", {}, (204, 204, 204, 403, 403, 403, 401)),
    ("post", {}, (405, 405, 405, 405, 405, 405, 405)),
]


@pytest.mark.parametrize(("method", "body", "statuses"), REQUESTS)
def test_who_may_do_what(api, request, view, method, body, statuses):
    for who, status in zip(WHO, statuses, strict=True):
        client = api(request.getfixturevalue(who) if who else None)
        with transaction.atomic():
            answer = getattr(client, method)(f"{VIEWS}{view.pk}/", body or None)
            transaction.set_rollback(True)
        assert answer.status_code == status, (who, answer.content)


@pytest.mark.parametrize("is_archived", [False, True])
def test_who_may_only_pin_a_view_may_send_back_what_was_read(api, product, view, viewer, administrator, is_archived):
    if is_archived:
        update_product(product, actor=administrator, via="web", archived=True)
    client, address = api(viewer), f"{VIEWS}{view.pk}/"
    read = client.get(address)
    answer = client.patch(address, {**read.json(), "pinned": True}, HTTP_IF_MATCH=read["ETag"])
    assert (answer.status_code, answer.json()) == (200, {**read.json(), "pinned": True}), answer.content
    for changed in ({"columns": ["votes"]}, {"product": None}, {"shared": False}):
        assert client.patch(address, {**read.json(), **changed}).status_code == 403
    assert SavedView.objects.get().lock_version == 1


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_personal_view_is_not_there_for_others(api, product, triager, administrator, stranger, method):
    view = create_view(actor=triager, via="web", name="Hush")
    for user in (administrator, stranger):
        client = api(user)
        body = {"name": "x"} if method != "get" else None
        answers = [getattr(client, method)(f"{VIEWS}{pk}/", body) for pk in (view.pk, 10**6)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert client.get(VIEWS).json()["results"] == []


def test_the_list_is_what_one_sees(api, product, triager, administrator, stranger):
    for name, fields in {"A": {}, "B": {"shared": True}, "C": {"shared": True, "product": product}}.items():
        create_view(actor=triager, via="web", name=name, **fields)

    def names(user):
        return [row["name"] for row in api(user).get(VIEWS).json()["results"]]

    assert (names(triager), names(stranger), names(None)) == (["A", "B", "C"], ["B", "C"], ["C"])
    update_product(product, actor=administrator, via="web", visibility="private")
    assert (names(triager), names(stranger), names(None)) == (["A", "B", "C"], ["B"], [])


def test_the_etag_is_of_what_the_reader_sees(api, view, triager, stranger):
    client, address = api(stranger), f"{VIEWS}{view.pk}/"
    first = client.get(address)
    assert client.get(address, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    pin_view(view, actor=stranger, via="web", pinned=True)
    second = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (second.status_code, second.json()["pinned"]) == (200, True)
    own = api(triager)
    # A pin of somebody's is no change to the view.
    assert own.patch(address, {"name": "One"}, HTTP_IF_MATCH=first["ETag"]).status_code == 200
    stale = own.patch(address, {"name": "Two"}, HTTP_IF_MATCH=first["ETag"])
    assert (stale.status_code, stale.json()["lock_version"]) == (412, 2)
    assert own.delete(address, HTTP_IF_MATCH=first["ETag"]).status_code == 412


def test_a_view_and_its_pin_change_together_or_not_at_all(api, view, triager):
    answer = api(triager).patch(f"{VIEWS}{view.pk}/", {"pinned": True, "name": "x", "query": "is:opn"})
    assert answer.status_code == 400
    assert not SavedViewPin.objects.exists() and SavedView.objects.get().name == "Hot"


def test_a_view_that_has_become_invalid_can_be_read_and_renamed(api, product, triager, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    view = create_view(actor=triager, via="web", name="Access", query="label:a11y")
    update_part(label, actor=maintainer, via="web", name="access")
    client, address = api(triager), f"{VIEWS}{view.pk}/"
    assert client.get(address).json()["query"] == "label:a11y"
    assert client.patch(address, {"name": "Other"}).status_code == 200
    # As it was read, it can be sent back.
    assert client.put(address, client.get(address).json()).status_code == 200
    assert client.patch(address, {"query": "label:a11y is:open"}).status_code == 400


def test_a_token_needs_the_scope_to_write(api, view, triager):
    assert api(triager, "read").get(f"{VIEWS}{view.pk}/").status_code == 200
    assert api(triager, "read").patch(f"{VIEWS}{view.pk}/", {"pinned": True}).json()["code"] == "scope"
    assert api(triager, "write").patch(f"{VIEWS}{view.pk}/", {"pinned": True}).status_code == 200


def test_the_log_of_a_product_tells_of_its_shared_views(api, view, product, triager, stranger):
    create_view(actor=triager, via="web", name="Hush", product=product, pinned=True)
    told = api(stranger).get("/api/v1/products/WEB/events/").content.decode()
    assert "Hot" in told and "Hush" not in told
    assert "Hush" in api(triager).get("/api/v1/products/WEB/events/").content.decode()


@pytest.mark.parametrize("amount", [10, 100])
def test_a_page_of_views_takes_three_statements(api, product, triager, amount, django_assert_max_num_queries):
    for number in range(amount):
        create_view(actor=triager, via="web", name=f"View {number:03}", product=product, shared=True)
    client = api(triager)
    client.get(VIEWS)
    with django_assert_max_num_queries(3) as asked:
        answer = client.get(f"{VIEWS}?page_size=100")
    assert isinstance(asked, CaptureQueriesContext)
    assert len(answer.json()["results"]) == amount
