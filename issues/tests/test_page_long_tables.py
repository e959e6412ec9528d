"""Tables of products, views, members and what a product is made of go on, page by page, for as long as they are."""

import re
from html import unescape
from urllib.parse import unquote

import pytest

from accounts.models import User
from issues.models import SavedView
from issues.tests.clients import at
from issues.tests.test_api_cursors import held
from products.models import Component, Label, Member, Milestone, Product, Version
from products.services import create_product, update_product

MANY = 230


def text(client, address):
    return client.get(address).content.decode()


def pages(client, address):
    """Return the pages from the first at `address` to the last, and see that one comes back from each."""
    found, way = [], address
    while way:
        page = text(client, way)
        links = {rel: unescape(link) for rel, link in re.findall(r'rel="(prev|next)" href="([^"]+)"', page)}
        assert ("prev" in links) == bool(found)
        if found:
            assert text(client, links["prev"]).count("<tr") == found[-1].count("<tr")
            assert f'href="{address}">First</a>' in page
        found.append(page)
        way = links.get("next")
    return found


def names(found, pattern):
    return [name for page in found for name in re.findall(pattern, page)]


def test_products(administrator, stranger):
    create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    old = create_product(actor=administrator, via="web", key="AAA", title="Old", visibility="internal")
    update_product(old, actor=administrator, via="web", archived=True)
    Product.objects.bulk_create(Product(key=f"P{n:03}", title=f"{n}", visibility="public") for n in range(MANY))
    keys = [f"P{n:03}" for n in range(MANY)]
    for user, expected in ((administrator, [*keys, "SEC", "AAA"]), (stranger, [*keys, "AAA"]), (None, keys)):
        found = pages(at(user), "/products/")
        assert names(found, r'<tr[^>]*>\s*<td><span class="key-box">(\w+)<') == expected
        assert len(found) == 3


@pytest.mark.parametrize("model", [Component, Label, Milestone, Version])
def test_parts(product, maintainer, model):
    model.objects.bulk_create(model(product=product, name=f"part {n:03}") for n in range(MANY))
    kind = f"{model._meta.model_name}s"
    found = pages(at(maintainer), f"/products/WEB/{kind}/")
    assert sorted(set(names(found, r"part \d+"))) == [f"part {n:03}" for n in range(MANY)]
    assert len(found) == 3


def test_members(product, maintainer):
    people = User.objects.bulk_create(User(username=f"p{n:03}") for n in range(MANY))
    Member.objects.bulk_create(Member(product=product, user=one, role="viewer") for one in people)
    found = pages(at(maintainer), "/products/WEB/members/")
    told = names(found, r'data-label="User name">(\w+)<')
    assert told == sorted(told) and {f"p{n:03}" for n in range(MANY)} <= set(told)
    # Whoever reads a cursor learns nothing that the page does not show, such as the id of a row.
    cursors = [held(unquote(one)) for one in names(found, r'rel="(?:prev|next)" href="[^"]*\?cursor=([^"&]+)"')]
    assert len(cursors) == 4 and {len(values) for values in cursors} == {1}
    assert {value for (value,) in cursors} <= set(told)


def test_views(triager, stranger):
    for owner in (triager, stranger):
        views = [SavedView(owner=owner, name=f"{owner} {n:03}", query="is:open") for n in range(MANY)]
        SavedView.objects.bulk_create(views)
    told = names(pages(at(stranger), "/views/"), r'href="/views/\d+/">([^<]+)<')
    assert told == [f"{stranger} {n:03}" for n in range(MANY)]


@pytest.mark.parametrize("address", ["/products/", "/views/", "/products/WEB/labels/", "/products/WEB/members/"])
def test_a_cursor_that_was_not_made_there_gives_the_first_page(product, maintainer, address):
    assert at(maintainer).get(address, {"cursor": "nonsense"}).status_code == 200


def test_of_a_page_that_has_become_empty_the_first_is_shown(product, maintainer):
    Label.objects.bulk_create(Label(product=product, name=f"part {n:03}") for n in range(101))
    (first, second), client = pages(at(maintainer), "/products/WEB/labels/"), at(maintainer)
    way = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    assert "part 100" in second
    Label.objects.get(name="part 100").delete()
    assert "part 000" in text(client, way)


def test_one_stays_on_the_page_on_which_one_changes_something(product, maintainer):
    Label.objects.bulk_create(Label(product=product, name=f"part {n:03}") for n in range(150))
    client = at(maintainer)
    way = unescape(re.search(r'rel="next" href="([^"]+)"', text(client, "/products/WEB/labels/"))[1])
    form = re.search(r'action="(/products/WEB/labels/\d+/archive/)">.*?name="next" value="([^"]+)"', text(client, way))
    assert client.post(form[1], {"next": unescape(form[2]), "archived": "yes"}).url == way
