"""Products over the API."""

import pytest

from accounts.services import update_user
from products.models import Product
from products.services import create_product, trash_product, update_product

PRODUCTS = "/api/v1/products/"
WEB = f"{PRODUCTS}WEB/"


def codes(answer):
    return {name: [one["code"] for one in errors] for name, errors in answer.json()["errors"].items()}


def test_representation(api, product, maintainer):
    answer = api(maintainer).get(WEB)
    ada = {"username": "ada", "display_name": "Ada"}
    got = answer.json()
    stamps = {got.pop("created_at"), got.pop("updated_at")}
    assert all(stamp.endswith("Z") for stamp in stamps)
    assert got == {
        "id": product.pk,
        "key": "WEB",
        "title": "Web shop",
        "description": "",
        "description_html": "",
        "owner": ada,
        "visibility": "public",
        "archived": False,
        "members_skip_triage": False,
        "triage_days": 7,
        "lock_version": 1,
        "created_by": ada,
        "updated_by": ada,
        "url": "http://localhost:8002/products/WEB/",
    }
    assert answer["ETag"].startswith(f'"{product.pk}-1-')


def test_create_read_replace_patch_delete(api, administrator, reporter):
    client = api(administrator)
    body = {"key": "APP", "title": "App", "description": "**x**", "owner": "rosa", "visibility": "internal"}
    made = client.post(PRODUCTS, body)
    assert (made.status_code, made["Location"]) == (201, f"{PRODUCTS}APP/")
    assert made.json()["owner"]["username"] == "rosa" and "<strong>" in made.json()["description_html"]
    path = made["Location"]
    assert client.get(path).json() == made.json()
    assert client.put(path, made.json()).json() == made.json()
    replaced = client.put(path, {"key": "APP", "title": "New"}).json()
    assert (replaced["title"], replaced["description"], replaced["owner"]) == ("New", "", None)
    assert (replaced["visibility"], replaced["lock_version"]) == ("public", 2)
    patched = client.patch(path, {"triage_days": 3, "archived": True}).json()
    assert (patched["triage_days"], patched["archived"], patched["title"]) == (3, True, "New")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert "APP" not in [row["key"] for row in client.get(PRODUCTS).json()["results"]]


def test_lists_leave_descriptions_out_unless_asked(api, product):
    (row,) = api().get(PRODUCTS).json()["results"]
    assert "description" not in row and "description_html" not in row
    (row,) = api().get(f"{PRODUCTS}?include=description").json()["results"]
    assert row["description"] == "" and "description_html" not in row


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"key": ["required"], "title": ["required"]}),
        ({"key": "web", "title": "x"}, {"key": ["invalid"]}),
        ({"key": "WEB", "title": "x"}, {"key": ["unique"]}),
        ({"key": "OLD", "title": "x"}, {"key": ["unique"]}),
        ({"key": "APP", "title": " "}, {"title": ["blank"]}),
        ({"key": "APP", "title": 5}, {"title": ["text"]}),
        ({"key": "APP", "title": "x", "owner": "nobody"}, {"owner": ["unknown"]}),
        ({"key": "APP", "title": "x", "owner": 7}, {"owner": ["invalid"]}),
        ({"key": "APP", "title": "x", "triage_days": 0}, {"triage_days": ["min_value"]}),
        ({"key": "APP", "title": "x", "triage_days": 10**30}, {"triage_days": ["max_value"]}),
        ({"key": "APP", "title": "x", "triage_days": "7"}, {"triage_days": ["invalid"]}),
        ({"key": "APP", "title": "x", "visibility": "open"}, {"visibility": ["invalid_choice"]}),
        ({"key": "APP", "title": "x", "archived": True}, {"archived": ["read_only"]}),
        ({"key": "APP", "title": "x", "id": 5, "nope": 1}, {"id": ["read_only"], "nope": ["unknown"]}),
        ([], {"non_field_errors": ["invalid"]}),
        ("x", {"non_field_errors": ["invalid"]}),
    ],
)
def test_refused_bodies(api, product, administrator, body, errors):
    update_product(product, actor=administrator, via="web", key="SHOP")
    create_product(actor=administrator, via="web", key="WEBX", title="x")
    update_product(Product.objects.get(key="WEBX"), actor=administrator, via="web", key="OLD")
    update_product(Product.objects.get(key="OLD"), actor=administrator, via="web", key="NEW")
    answer = api(administrator).post(PRODUCTS, body)
    assert (answer.status_code, codes(answer)) == (400, errors)


def test_read_only_fields_may_come_back_unchanged_alone(api, product, maintainer):
    got = api(maintainer).get(WEB).json()
    assert api(maintainer).patch(WEB, {"id": got["id"], "url": got["url"]}).status_code == 200
    answer = api(maintainer).patch(WEB, {"id": got["id"] + 1, "created_at": "2020-01-01T00:00:00Z"})
    assert codes(answer) == {"id": ["read_only"], "created_at": ["read_only"]}


def test_what_was_read_before_others_changed_it_may_come_back(api, product, maintainer, administrator):
    first = api(maintainer).get(WEB).json()
    update_product(product, actor=administrator, via="web", description="new", key="SHOP")
    update_user(administrator, actor=administrator, via="web", display_name="Ada L.")
    answer = api(maintainer).put(f"{PRODUCTS}SHOP/", {**first, "title": "mine"})
    assert (answer.status_code, answer.json()["title"], answer.json()["key"]) == (200, "mine", "WEB"), answer.content
    later = api(maintainer).put(WEB, {**first, "lock_version": 99, "description_html": "x"})
    # Without a version that there has been, it must be what it is now.
    refused = ("lock_version", "created_by", "description_html")
    assert codes(later) == {name: ["read_only"] for name in refused}


def test_an_old_key_leads_to_the_new_one_for_ever(api, product, maintainer, stranger):
    client = api(maintainer)
    assert client.patch(WEB, {"key": "SHOP"}).json()["key"] == "SHOP"
    moved = client.get(f"{WEB}?tz=UTC")
    assert (moved.status_code, moved["Location"]) == (301, f"{PRODUCTS}SHOP/?tz=UTC")
    for method, path in (("patch", WEB), ("post", f"{WEB}labels/"), ("delete", f"{WEB}components/7/")):
        moved = getattr(client, method)(path, {})
        assert (moved.status_code, moved["Location"]) == (308, path.replace("WEB", "SHOP"))
    assert client.get(f"{WEB}labels/")["Location"] == f"{PRODUCTS}SHOP/labels/"
    client.patch(f"{PRODUCTS}SHOP/", {"visibility": "private"})
    for path in (WEB, f"{WEB}labels/", f"{WEB}issues/"):
        assert api(stranger).get(path).status_code == 404


@pytest.mark.parametrize(
    ("who", "method", "status"),
    [
        ("administrator", "patch", 200),
        ("maintainer", "patch", 200),
        ("triager", "patch", 403),
        ("reporter", "put", 403),
        ("viewer", "delete", 403),
        ("stranger", "patch", 403),
        (None, "patch", 401),
        (None, "delete", 401),
        ("maintainer", "delete", 204),
    ],
)
def test_who_may_change_a_product(request, api, product, who, method, status):
    user = request.getfixturevalue(who) if who else None
    answer = getattr(api(user), method)(WEB, {"title": "x"} if method == "patch" else {"key": "WEB", "title": "x"})
    assert answer.status_code == status
    if status == 401:
        assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("who", "status"), [("administrator", 201), ("maintainer", 403), (None, 401)])
def test_who_may_create_a_product(request, api, who, status, db):
    user = request.getfixturevalue(who) if who else None
    assert api(user).post(PRODUCTS, {"key": "APP", "title": "App"}).status_code == status


def test_an_archived_product_is_read_only_until_it_is_taken_out(api, product, maintainer):
    client = api(maintainer)
    client.patch(WEB, {"archived": True})
    for path, body in ((WEB, {"title": "x"}), (f"{WEB}labels/", {"name": "x"}), (f"{WEB}issues/", {"title": "x"})):
        answer = client.patch(path, body) if path == WEB else client.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "archived")
    assert client.get(PRODUCTS).json()["results"][0]["archived"] is True
    assert client.patch(WEB, {"archived": False}).json()["archived"] is False


def test_the_trash(api, product, maintainer, reporter):
    client = api(maintainer)
    assert client.post(f"{WEB}restore/").status_code == 409
    tag = client.delete(WEB)["ETag"]
    assert api(reporter).post(f"{WEB}restore/").status_code == 404
    assert client.post(f"{WEB}restore/", headers={"if-match": '"1-1"'}).status_code == 412
    assert client.post(f"{WEB}restore/", headers={"if-match": tag}).json()["key"] == "WEB"
    assert api(reporter).post(f"{WEB}restore/").status_code == 403
    assert client.post(f"{WEB}purge/", headers={"if-match": "*"}).status_code == 409
    tag = client.delete(WEB)["ETag"]
    missing = client.post(f"{WEB}purge/")
    assert (missing.status_code, missing["ETag"]) == (428, tag)
    assert client.post(f"{WEB}purge/", headers={"if-match": tag}).status_code == 204
    assert not Product.objects.exists()


def test_redacting(api, product, maintainer):
    client = api(maintainer)
    client.patch(WEB, {"description": "secret"})
    assert client.post(f"{WEB}redact/", {"field": "description"}).json()["description"] == ""
    assert client.post(f"{WEB}redact/", {"field": "key"}).status_code == 400
    assert "secret" not in client.get(f"{WEB}events/").content.decode()


def test_hidden_products_are_absent(api, product, administrator, stranger):
    update_product(product, actor=administrator, via="web", visibility="private")
    trashed = create_product(actor=administrator, via="web", key="GONE", title="x")
    trash_product(trashed, actor=administrator, via="web")
    client = api(stranger)
    for tail in ("", "issues/", "issues/1/", "labels/", "members/", "members/ada/", "events/", "components/1/"):
        answers = [client.get(f"{PRODUCTS}{key}/{tail}") for key in ("WEB", "GONE", "NONE")]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
    assert client.get(PRODUCTS).json()["results"] == []
