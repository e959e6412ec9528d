"""Rights that were lost are lost everywhere at the next request: pages, API, feeds, exports, views, tokens, counts."""

import re
from urllib.parse import urlparse

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import create_token, revoke_token, set_password, update_user
from issues.models import Issue, SavedView
from issues.services import pin_view, update_issue, update_view
from products.models import Product
from products.services import set_member, trash_product, update_product
from tests.access.world import INTERNAL, PRIVATE, PUBLIC, SECRET, text_of

PATHS = (
    *("/products/{key}/", "/products/{key}/issues/?q=cart", "/products/{key}/issues/export.jsonl", "/issues/{key}-1/"),
    *("/issues/{key}-1/peek/", "/issues/{key}-1/edit/", "/issues/", "/issues/export.csv", "/products/", "/views/"),
    *("/views/{view}/", "/views/{view}/export.jsonl", "/palette/?q=cart", "/issues/query/complete/?q=label:", "/"),
    *("/products/{key}/labels/", "/products/{key}/members/", "/triage/", "/api/v1/triage/", "/api/v1/views/{view}/"),
    *("/api/v1/products/", "/api/v1/products/{key}/", "/api/v1/products/{key}/labels/", "/api/v1/issues/?q=cart"),
    *("/api/v1/issues/{key}-1/", "/api/v1/issues/{key}-1/events/", "/api/v1/issues/{key}-1/comments/"),
    *("/api/v1/issues/{key}-1/comments/{comment}/", "/api/v1/issues/export/", "/api/v1/products/{key}/events/"),
    *("/api/v1/similar/?title=cart+empties", "/api/v1/issues/{key}-1/similar/", "/api/v1/batches/{batch}/"),
)


def paths_of(world, key):
    return [path.format(**{**vars(world.places[key]), "key": key}) for path in PATHS]


def sees(client, paths, word):
    """Return the paths at which `word` is told, each asked twice: the second time with what is known already."""
    found = []
    for path in paths:
        answer = client.get(path)
        tag = answer.headers.get("ETag")
        again = client.get(path, headers={"if-none-match": tag}) if tag else answer
        if word in text_of(answer).lower() or word in text_of(again).lower():
            found.append(path)
    return found


def remembered(client, paths):
    """Return `{path: ETag}` of what the client knows."""
    answers = {path: client.get(path) for path in paths}
    return {path: one.headers["ETag"] for path, one in answers.items() if "ETag" in one.headers}


def product_of(world, key):
    return Product.objects.get(key=key)


def end_membership(world, key):
    set_member(product_of(world, key), world.user("reporter"), None, **world.doing)


def close_product(world, key):
    update_product(product_of(world, key), visibility="private", **world.doing)


def trash_it(world, key):
    trash_product(product_of(world, key), **world.doing)


def deactivate(world, key):
    for name in ("reporter", "stranger"):
        update_user(world.user(name), is_active=False, **world.doing)


# What happens, to whom, in which product.
LOSSES = [
    (end_membership, "reporter", PRIVATE),
    (close_product, "stranger", INTERNAL),
    (trash_it, "reporter", INTERNAL),
    (deactivate, "reporter", PRIVATE),
    (deactivate, "stranger", INTERNAL),
]


@pytest.mark.parametrize(("lose", "who", "key"), LOSSES)
def test_nothing_is_told_one_request_later(world, lose, who, key):
    client, paths = world.client(who), paths_of(world, key)
    word = SECRET[{PRIVATE: "private", INTERNAL: "internal"}[key]]
    assert len(sees(client, paths, word)) > 15
    known = remembered(client, paths)
    lose(world, key)
    assert sees(client, paths, word) == []
    # Nor that it is still as it was.
    below = [path for path in known if f"/{key}" in path]
    assert below
    for path in below:
        assert client.get(path, headers={"if-none-match": known[path]}).status_code != 304, path


def test_a_role_that_is_lowered_hides_what_was_of_it(world):
    client, word = world.client("triager"), SECRET["hush"]
    paths = ["/issues/PUB-1/", "/issues/PUB-1/peek/", "/api/v1/issues/PUB-1/comments/", "/api/v1/issues/PUB-1/events/"]
    assert len(sees(client, paths, word)) == 4
    assert client.get(f"/issues/{world.places[PUBLIC].confidential}/").status_code == 200
    set_member(product_of(world, PUBLIC), world.user("triager"), "reporter", **world.doing)
    assert sees(client, paths, word) == []
    assert client.get(f"/issues/{world.places[PUBLIC].confidential}/").status_code == 404


def test_an_issue_that_turns_confidential_is_gone(world):
    client = world.client("stranger")
    address, api = "/issues/PUB-2/", "/api/v1/issues/PUB-2/"
    tag = client.get(api)["ETag"]
    assert client.get(address).status_code == 200
    update_issue(Issue.objects.get(product__key=PUBLIC, number=2), confidential=True, **world.doing)
    assert client.get(address).status_code == client.get(api, headers={"if-none-match": tag}).status_code == 404
    assert b"PUB-2" not in client.get("/api/v1/issues/").content


def test_a_view_that_is_shared_no_more_is_gone(world):
    view = SavedView.objects.get(pk=world.places[PUBLIC].view)
    client = world.client("stranger")
    assert client.get(f"/views/{view.pk}/").status_code == 200
    update_view(view, shared=False, **world.doing)
    assert client.get(f"/views/{view.pk}/").status_code == client.get(f"/api/v1/views/{view.pk}/").status_code == 404


def test_a_count_tells_of_no_product_that_was_closed(world):
    client = world.client("stranger")
    view = SavedView.objects.get(pk=world.places[PUBLIC].view)
    update_view(view, query="is:open", product=None, **world.doing)
    pin_view(view, actor=world.user("stranger"), via="web", pinned=True)
    before = int(client.get("/views/counts/").json()["counts"][str(view.pk)])
    close_product(world, INTERNAL)
    assert int(client.get("/views/counts/").json()["counts"][str(view.pk)]) < before


def bearer(secret):
    return Client(headers={"authorization": f"Bearer {secret}"})


ENDS = {
    "revoked": lambda world, token: revoke_token(token, actor=token.user, via="web"),
    "expired": lambda world, token: ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now()),
    "deactivated": lambda world, token: update_user(token.user, is_active=False, **world.doing),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_token_ends_at_once(world, end):
    user = world.user("reporter")
    token, secret = create_token(user, actor=user, via="web", name="x", scopes=["read"])
    assert bearer(secret).get("/api/v1/issues/").status_code == 200
    ENDS[end](world, token)
    assert bearer(secret).get("/api/v1/issues/").status_code == 401


@pytest.mark.parametrize("end", ENDS)
def test_a_feed_ends_at_once(world, end):
    page = world.client("reporter").post("/issues/feed/", {"product": PRIVATE}).content.decode()
    parts = urlparse(re.search(r'http[^"<\s]+feed\.atom[^"<\s]+', page)[0].replace("&amp;", "&"))
    address = f"{parts.path}?{parts.query}"
    told = Client().get(address)
    assert SECRET["private"] in text_of(told)
    token = ApiToken.objects.latest("pk")
    ENDS[end](world, token)
    assert Client().get(address, headers={"if-none-match": told["ETag"]}).status_code == 403


def test_a_feed_tells_nothing_of_what_its_owner_lost(world):
    page = world.client("reporter").post("/issues/feed/", {"product": PRIVATE}).content.decode()
    parts = urlparse(re.search(r'http[^"<\s]+feed\.atom[^"<\s]+', page)[0].replace("&amp;", "&"))
    tag = Client().get(f"{parts.path}?{parts.query}")["ETag"]
    end_membership(world, PRIVATE)
    assert Client().get(f"{parts.path}?{parts.query}", headers={"if-none-match": tag}).status_code == 404


def test_a_new_password_ends_all_sessions(world):
    client, user = world.client("reporter"), world.user("reporter")
    assert client.get("/profile/").status_code == 200
    set_password(user, "staple-9-lamp-x", actor=user, via="web")
    assert client.get("/profile/").status_code == 302


def test_what_is_remembered_of_rights_would_be_found(world, monkeypatch):
    """The control: a role that outlives its membership."""
    from products import access

    client, word = world.client("reporter"), SECRET["private"]
    kept = dict(access.given_roles(world.user("reporter")))
    monkeypatch.setattr(access, "given_roles", lambda user: kept)
    end_membership(world, PRIVATE)
    assert sees(client, paths_of(world, PRIVATE), word)
