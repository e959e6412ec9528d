"""Tokens that are for some products: what these see and do there, and that all else is not there for them."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.models import ApiToken
from accounts.services import create_token, revoke_token
from accounts.tests.test_passkeys import prove
from history.errors import Forbidden
from history.models import Batch
from issues.models import Issue
from issues.services import bulk, create_issue, create_view
from products.services import create_product, set_member, trash_product

TOKENS = "/api/v1/me/tokens/"


@pytest.fixture
def other(administrator, maintainer):
    """The private product DOCS, whose maintainer is Mia, too, with an issue."""
    docs = create_product(actor=administrator, via="web", key="DOCS", title="Manual", visibility="private")
    set_member(docs, maintainer, "maintainer", actor=administrator, via="web")
    create_issue(docs, actor=maintainer, via="web", title="two")
    return docs


@pytest.fixture
def issue(product, maintainer):
    """WEB-1."""
    return create_issue(product, actor=maintainer, via="web", title="one")


@pytest.fixture
def bearer():
    """A function that returns a client of the API by a token of somebody for `products`."""
    from rest_framework.test import APIClient

    def client(user, products, *scopes):
        _token, secret = create_token(
            user, actor=user, via="web", name="t", scopes=scopes or ["write"], products=products
        )
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client


def keys(client, path):
    return [row["key"] for row in client.get(f"/api/v1/{path}").json()["results"]]


@pytest.mark.parametrize("who", ["maintainer", "administrator"])
def test_it_sees_and_does_within_its_products(bearer, request, issue, other, who):
    client = bearer(request.getfixturevalue(who), {"WEB": ""})
    assert keys(client, "products/") == ["WEB"]
    assert keys(client, "issues/") == ["WEB-1"]
    assert client.patch("/api/v1/issues/WEB-1/", {"priority": "high"}).status_code == 200
    assert client.post("/api/v1/products/WEB/components/", {"name": "Cart"}).status_code == 201
    for path in ("products/DOCS/", "issues/DOCS-1/", "products/DOCS/issues/", "products/DOCS/members/"):
        assert client.get(f"/api/v1/{path}").status_code == 404, path
    assert client.patch("/api/v1/issues/DOCS-1/", {"title": "x"}).status_code == 404
    moving = client.patch("/api/v1/issues/WEB-1/", {"product": "DOCS"})
    assert (moving.status_code, moving.json()["errors"]["product"][0]["code"]) == (400, "unknown")


def test_it_does_nothing_beyond_products(bearer, administrator, issue):
    client = bearer(administrator, {"WEB": "write"})
    create_view(actor=administrator, via="web", name="Mine")
    assert client.get("/api/v1/views/").json()["results"] == []
    assert client.get(TOKENS).json()["results"] == []
    for method, path, body in (
        ("post", "products/", {"key": "NEW", "title": "New"}),
        ("post", "views/", {"name": "Mine"}),
        ("post", "statuses/", {"slug": "held", "name": "Held", "category": "started"}),
        ("post", "labels/", {"name": "site"}),
        ("patch", "me/", {"display_name": "Else"}),
        ("post", "me/tokens/", {"name": "x", "scopes": ["read"]}),
    ):
        assert getattr(client, method)(f"/api/v1/{path}", body).status_code == 403, path


def test_a_scope_holds_in_its_product(bearer, maintainer, issue, other):
    client = bearer(maintainer, {"WEB": "read", "DOCS": "write"})
    assert sorted(keys(client, "issues/")) == ["DOCS-1", "WEB-1"]
    refused = client.patch("/api/v1/issues/WEB-1/", {"title": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert client.post("/api/v1/issues/WEB-1/comments/", {"body": "x"}).json()["code"] == "scope"
    assert client.patch("/api/v1/issues/DOCS-1/", {"title": "x"}).status_code == 200


@pytest.mark.parametrize("at_once", [500, 1])
@pytest.mark.parametrize("who", ["maintainer", "administrator"])
def test_a_scope_holds_where_many_are_changed(bearer, request, issue, other, who, at_once, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", at_once)
    client = bearer(request.getfixturevalue(who), {"WEB": "read", "DOCS": "write"})
    both = list(Issue.objects.order_by("pk"))
    body = {"ids": [one.pk for one in both], "set": {"title": "x"}}
    done = client.post("/api/v1/issues/bulk/", body, format="json").json()
    call_command("worker", once=True)
    todo = Batch.objects.get(pk=done["batch"]).todo
    assert todo == {"changes": 1, "unchanged": 0, "refused": [["WEB-1", "scope"]]}
    assert list(Issue.objects.order_by("pk").values_list("title", flat=True)) == ["one", "x"]


def test_rights_that_are_lost_are_lost_to_it(bearer, maintainer, administrator, other):
    client = bearer(maintainer, {"DOCS": "write"})
    set_member(other, maintainer, None, actor=administrator, via="web")
    assert client.get("/api/v1/issues/DOCS-1/").status_code == 404


def test_it_is_for_no_other_when_its_product_is_gone(bearer, administrator, issue, other):
    client = bearer(administrator, {"DOCS": "write"})
    trash_product(other, actor=administrator, via="web")
    assert keys(client, "products/") == keys(client, "issues/") == []


def test_it_makes_no_token_and_ends_none(administrator, product):
    limited, secret = create_token(
        administrator, actor=administrator, via="web", name="x", scopes=["write"], products={"WEB": ""}
    )
    from accounts.tokens import live_token

    acting = live_token(secret).user
    with pytest.raises(Forbidden):
        create_token(acting, actor=acting, via="api", name="y", scopes=["admin"])
    with pytest.raises(Forbidden):
        revoke_token(limited, actor=acting, via="api")


WRONG = [
    ({"WEB": "admin"}, ["write"], "products"),
    ({"WEB": "write"}, ["read"], "products"),
    ({"WEB": "write"}, ["admin"], "scopes"),
    ({"DOCS": ""}, ["read"], "products"),
    ({"NONE": ""}, ["read"], "products"),
    ({}, ["read"], "products"),
]


@pytest.mark.parametrize(("products", "scopes", "field"), WRONG)
def test_a_token_that_cannot_be(api, stranger, product, other, products, scopes, field):
    answer = api(stranger).post(TOKENS, {"name": "x", "scopes": scopes, "products": products})
    assert (answer.status_code, next(iter(answer.json()["errors"])).split(".")[0]) == (400, field)
    assert ApiToken.objects.filter(name="x").count() == 0


def test_tokens_over_the_api(api, bearer, maintainer, product):
    client = api(maintainer)
    made = client.post(TOKENS, {"name": "script", "scopes": ["read", "write"], "products": {"WEB": "read"}})
    assert made.status_code == 201
    token = made.json()
    assert token["secret"].startswith(token["prefix"]) and token["products"] == {"WEB": "read"}
    shown = client.get(made["Location"])
    assert "secret" not in shown.json() and token["secret"] not in client.get(TOKENS).content.decode()
    by_it = {"authorization": f"Bearer {token['secret']}"}
    assert Client().get("/api/v1/issues/", headers=by_it).status_code == 200
    assert client.delete(made["Location"]).status_code == 204
    assert Client().get("/api/v1/issues/", headers=by_it).status_code == 401
    assert client.get(made["Location"]).status_code == 404


def test_the_schema_says_what_a_token_is_told_to_be_for(api, maintainer):
    create_token(maintainer, actor=maintainer, via="web", name="feed", scopes=["feed"])
    told = api(maintainer).get(TOKENS).json()["results"][0]
    shapes = SchemaGenerator().get_schema(public=True)["components"]["schemas"]

    def scopes(shape):
        named = shapes[shape]["properties"]["scopes"]["items"]
        return shapes[named["$ref"].rpartition("/")[2]]["enum"]

    assert told["scopes"] == ["feed"] and "feed" in scopes("Token") and "feed" not in scopes("TokenRequest")
    assert api(maintainer).post(TOKENS, {"name": "x", "scopes": ["feed"]}).status_code == 400


def test_tokens_are_told_to_their_owner_alone(api, maintainer, stranger):
    token, _secret = create_token(maintainer, actor=maintainer, via="web", name="x", scopes=["read"])
    assert api(stranger).get(f"{TOKENS}{token.pk}/").status_code == 404
    assert api(stranger).delete(f"{TOKENS}{token.pk}/").status_code == 404
    assert api().get(TOKENS).status_code == 401
    assert api(maintainer, "write").post(TOKENS, {"name": "y", "scopes": ["read"]}).json()["code"] == "scope"


def test_the_page_makes_and_tells_them(maintainer, issue, other):
    client = Client()
    client.force_login(maintainer)
    prove(client, maintainer)
    form = {"name": "Script", "scopes": ["write"], "expires": "30"}
    page = client.post("/profile/tokens/", {**form, "products": "web, docs:read"}).content.decode()
    secret = re.search(r"ist_[\w-]{20,}", page).group()
    assert re.search(r'data-label="Products">WEB, DOCS <span class="quiet">read</span></td>', page)
    by_it = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/issues/DOCS-1/", headers=by_it).status_code == 200
    refused = client.post("/profile/tokens/", {**form, "products": "NONE"})
    assert refused.status_code == 400 and "There is no product “NONE”." in refused.content.decode()
