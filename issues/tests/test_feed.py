"""Atom feeds: what they tell of, to whom, and the tokens in their addresses."""

import re
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import FEED, ApiToken
from accounts.services import create_token, create_user, revoke_token, update_user
from history.models import Change
from issues.models import Issue
from issues.services import create_issue, create_view, update_issue, update_view
from issues.tests.many import file_many
from products.services import create_product, set_member, update_product

ATOM = "{http://www.w3.org/2005/Atom}"
PLACES = ("/issues/feed.atom?q=", "/products/WEB/issues/feed.atom?q=")


def file(product, actor, title="One", **fields):
    return create_issue(product, actor=actor, via="web", title=title, **fields)


def token(user, scopes=(FEED,)):
    return create_token(user, actor=user, via="web", name="feed", scopes=scopes)


def read(path, **headers):
    answer = Client().get(path, headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def titles(path):
    return [one.findtext(f"{ATOM}title") for one in read(path).findall(f"{ATOM}entry")]


def test_a_feed_tells_of_what_a_query_finds(product, triager, reporter):
    one = file(product, reporter, "Cart & <till>", description="It *empties* itself.")
    file(product, triager, "Closed")
    update_issue(Issue.objects.get(number=2), actor=triager, via="web", priority=4)
    for place in PLACES:
        assert titles(f"{place}is:open") == ["WEB-2 Closed", "WEB-1 Cart & <till>"]
        assert titles(f"{place}priority:none") == ["WEB-1 Cart & <till>"]
    feed = read(f"{PLACES[0]}priority:none")
    assert feed.find(f"{ATOM}link[@rel='self']").get("href").startswith("http://localhost:8002/issues/feed.atom?q=")
    entry = feed.find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}link").get("href") == "http://localhost:8002/issues/WEB-1/"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Rosa"
    assert entry.findtext(f"{ATOM}updated")[:19] == one.updated_at.isoformat()[:19]
    summary = entry.find(f"{ATOM}summary")
    assert (summary.get("type"), "<em>empties</em>" in summary.text) == ("html", True)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "]]>",
        "a\x01b\x0bc",
        "\ufffe\uffff",
        "&amp;lt;",
        "<img src=x onerror=alert(1)>",
        "x" * 60000,
    ],
)
def test_whatever_is_written_the_feed_is_one(product, reporter, text):
    file(product, reporter, description=text)
    (entry,) = read(f"{PLACES[0]}is:open").findall(f"{ATOM}entry")
    summary = entry.findtext(f"{ATOM}summary")
    assert "<script" not in summary and "<img" not in summary and len(summary) < 20000


def test_what_a_description_leads_to_is_found_from_the_feed(product, reporter):
    file(product, reporter)
    file(product, reporter, "Two", description="As in WEB-1.")
    entry = read(f"{PLACES[0]}WEB-2").find(f"{ATOM}entry")
    base = entry.get("{http://www.w3.org/XML/1998/namespace}base")
    link = re.search(r'href="([^"]*)"', entry.findtext(f"{ATOM}summary"))[1]
    assert urljoin(base, link) == "http://localhost:8002/issues/WEB-1/"


def test_the_newest_fifty_or_in_the_order_that_is_asked_for(product, triager):
    for number in range(52):
        file(product, triager, f"cart {number:02}")
    assert titles(f"{PLACES[0]}cart") == [f"WEB-{n} cart {n - 1:02}" for n in range(52, 2, -1)]
    assert titles(f"{PLACES[0]}cart sort:created-asc")[0] == "WEB-1 cart 00"


def test_without_a_token_it_is_what_everybody_may_see(product, administrator, triager, reporter):
    file(product, triager)
    file(product, triager, "Hush", confidential=True)
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    file(private, administrator, "Deep")
    assert titles(f"{PLACES[0]}is:open") == ["WEB-1 One"]
    # Not even a session adds anything: the address alone decides.
    client = Client()
    client.force_login(administrator)
    assert b"Hush" not in client.get(f"{PLACES[0]}is:open").content
    assert client.get("/products/SEC/issues/feed.atom").status_code == 404
    _token, secret = token(administrator)
    assert len(titles(f"{PLACES[0]}is:open&token={secret}")) == 3
    _token, secret = token(reporter)
    assert titles(f"{PLACES[0]}is:open&token={secret}") == ["WEB-1 One"]


def test_a_feed_of_a_view(product, triager, reporter, stranger):
    file(product, triager)
    file(product, triager, "Hush", confidential=True)
    shared = create_view(actor=triager, via="web", name="Ours", query="is:open", product=product, shared=True)
    own = create_view(actor=triager, via="web", name="Mine", query="is:open")
    secrets = {user: token(user)[1] for user in (triager, reporter)}
    address = f"/views/{shared.pk}/feed.atom"
    assert titles(address) == titles(f"{address}?token={secrets[reporter]}") == ["WEB-1 One"]
    assert titles(f"{address}?token={secrets[triager]}") == ["WEB-2 Hush", "WEB-1 One"]
    assert read(address).findtext(f"{ATOM}title") == "Ours"
    for query, status in (("", 404), (f"?token={secrets[reporter]}", 404), (f"?token={secrets[triager]}", 200)):
        assert Client().get(f"/views/{own.pk}/feed.atom{query}").status_code == status


def ids(path):
    feed = read(path)
    return [one.findtext(f"{ATOM}id") for one in (feed, *feed.findall(f"{ATOM}entry"))]


def test_an_entry_stays_the_same_whatever_its_issue_is_called_and_wherever_it_is(
    product, administrator, maintainer, settings
):
    other = create_product(actor=administrator, via="web", key="SHOP", title="Shop")
    issue = file(product, maintainer)
    (_feed, entry) = ids(PLACES[0])
    assert re.fullmatch(rf"tag:localhost,20\d\d-\d\d-\d\d:/issues/{issue.pk}/", entry)
    update_product(product, actor=administrator, via="web", key="WEBSHOP")
    settings.SITE_URL = "https://localhost"
    assert ids(PLACES[0])[1] == entry
    update_issue(issue, actor=administrator, via="web", product=other)
    assert ids(PLACES[0])[1] == entry


def test_the_feed_of_a_view_stays_the_same_when_the_view_asks_for_something_else(product, triager):
    view = create_view(actor=triager, via="web", name="Ours", query="is:open", product=product, shared=True)
    address = f"/views/{view.pk}/feed.atom"
    (feed,) = ids(address)
    assert feed == f"http://localhost:8002{address}"
    update_view(view, actor=triager, via="web", query="is:closed")
    assert ids(address) == [feed]
    assert ids(f"{address}?q=is:open") == [f"{feed}?q=is%3Aopen"]
    assert read(address).find(f"{ATOM}link[@rel='alternate']").get("href") == f"http://localhost:8002/views/{view.pk}/"


def test_what_is_asked_for_beside_the_query_is_told(product, triager):
    file(product, triager, "One", priority=4)
    file(product, triager, "Two")
    feed = read(f"{PLACES[0]}is:open&priority=urgent&sort=created-asc")
    asked = "?q=is%3Aopen&priority=urgent&sort=created-asc"
    assert feed.findtext(f"{ATOM}title") == "is:open priority:urgent sort:created-asc"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "self": f"http://localhost:8002/issues/feed.atom{asked}",
        "alternate": f"http://localhost:8002/issues/{asked}",
    }
    assert feed.findtext(f"{ATOM}id") == links["self"]
    for link in links.values():
        page = Client().get(link.removeprefix("http://localhost:8002")).content.decode()
        assert "One" in page and "Two" not in page


def test_no_address_is_offered_that_would_show_more_than_the_list(product, triager):
    file(product, triager)
    client = Client()
    client.force_login(triager)
    # With the filter in it the query would be longer than one may be.
    for address, offered in (("q=One&priority=none", True), (f"q={'x' * 990}&priority=none", False)):
        page = client.get(f"/issues/?{address}").content.decode()
        assert ("export.csv" in page, 'action="/issues/feed/"' in page) == (True, offered)


def test_me_is_who_the_token_is_of(product, triager):
    file(product, triager, assignee=triager)
    _token, secret = token(triager)
    assert titles(f"{PLACES[0]}assignee:@me&token={secret}") == ["WEB-1 One"]
    assert Client().get(f"{PLACES[0]}assignee:@me").status_code == 400


@pytest.mark.parametrize("query", ["is:opn", "label:ghost is:open", "(", "x" * 1001, "is:open&status=ghost"])
def test_a_query_that_cannot_be_run_is_refused_whole(product, triager, query):
    file(product, triager)
    answer = Client().get(f"{PLACES[0]}{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert b"WEB-1" not in answer.content


@pytest.mark.parametrize("query", ["lable=security", "lable=", "utm_source=x"])
def test_a_parameter_that_is_none_is_refused_rather_than_passed_over(product, triager, query):
    file(product, triager)
    view = create_view(actor=triager, via="web", name="Ours", product=product, shared=True)
    for place in (*PLACES, f"/views/{view.pk}/feed.atom?q="):
        answer = Client().get(f"{place}is:open&{query}")
        told = f"There is no such filter: {query.partition('=')[0]}.\n"
        assert (answer.status_code, answer.content.decode()) == (400, told)


def test_what_else_the_address_of_a_list_says_changes_nothing(product, triager):
    file(product, triager)
    assert titles(f"{PLACES[0]}is:open&columns=votes&group=status&page_size=25") == titles(f"{PLACES[0]}is:open")


def test_a_view_that_gets_an_order_goes_before_the_one_of_an_address(product, triager):
    file(product, triager)
    view = create_view(actor=triager, via="web", name="Ours", product=product, query="is:open", shared=True)
    places = [f"/views/{view.pk}/{name}?sort=created-asc" for name in ("feed.atom", "export.csv")]
    client = Client()
    client.force_login(triager)
    for query in ("is:open", "is:open sort:updated"):
        update_view(view, actor=triager, via="web", query=query)
        assert [client.get(place).status_code for place in places] == [200, 200]
        assert client.get(f"{places[0]}&q=is:open+sort:votes").status_code == 400


def test_it_is_silent_one_request_after_access_is_lost(product, administrator, reporter):
    file(product, reporter)
    update_product(product, actor=administrator, via="web", visibility="private")
    made, secret = token(reporter)
    address = f"/products/WEB/issues/feed.atom?token={secret}"
    assert titles(address) == ["WEB-1 One"]
    set_member(product, reporter, None, actor=administrator, via="web")
    assert Client().get(address).status_code == 404
    assert titles(f"/issues/feed.atom?token={secret}") == []
    update_user(reporter, actor=administrator, via="web", is_active=False)
    assert Client().get(address).status_code == 403
    update_user(reporter, actor=administrator, via="web", is_active=True)
    assert Client().get(address).status_code == 404
    revoke_token(made, actor=reporter, via="web")
    answer = Client().get(address)
    assert (answer.status_code, b"WEB" in answer.content) == (403, False)


def test_a_token_of_one_kind_is_no_use_as_the_other(product, triager, api):
    file(product, triager)
    _token, secret = token(triager)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert [client.get(path).status_code for path in ("/api/v1/issues/", "/api/v1/me/")] == [401, 401]
    assert client.post("/api/v1/products/WEB/issues/", {"title": "x"}).status_code == 401
    for scopes in (["read"], ["read", "write", "admin"]):
        _token, bearer = token(triager, scopes)
        assert Client().get(f"{PLACES[0]}&token={bearer}").status_code == 403
        assert Client().get(f"/api/v1/me/?token={bearer}").status_code in (400, 401)
        assert Client().get(f"/api/v1/me/?token={secret}").status_code in (400, 401)
    for bad in ("", "x", "ist_" + "x" * 43, "x" * 500, "%ff"):
        assert Client().get(f"{PLACES[0]}&token={bad}").status_code == 403
    with pytest.raises(ValidationError):
        token(triager, [FEED, "read"])


def test_an_address_is_made_by_a_button_and_shown_once(product, triager):
    file(product, triager, confidential=True)
    client = Client()
    client.force_login(triager)
    listed = client.get("/products/WEB/issues/?q=is:open").content.decode()
    assert 'action="/issues/feed/"' in listed
    page = client.post("/issues/feed/", {"q": "is:open", "product": "WEB"})
    assert 'data-copies="secret"' in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    address = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', page.content.decode())[1].replace("&amp;", "&")
    assert titles(address.removeprefix("http://localhost:8002")) == ["WEB-1 One"]
    made = ApiToken.objects.get()
    assert (made.scopes, made.name, made.last_used_at is not None) == ([FEED], "Feed: WEB is:open", True)
    tokens = client.get("/profile/tokens/").content.decode()
    assert "Feed: WEB is:open" in tokens and address.partition("token=")[2] not in tokens
    client.post(f"/profile/tokens/{made.pk}/revoke/", {"confirm": "1"})
    assert Client().get(address.removeprefix("http://localhost:8002")).status_code == 403


def test_what_an_address_is_of_is_told_to_its_owner_alone(product, triager, administrator):
    client, staff = Client(), Client()
    client.force_login(triager)
    client.post("/issues/feed/", {"q": "is:open cart", "product": "WEB"})
    made = ApiToken.objects.get()
    staff.force_login(create_user(actor=None, via="web", username="stan", is_staff=True))
    for pattern in ("/admin/accounts/apitoken/", f"/admin/accounts/apitoken/{made.pk}/change/"):
        page = staff.get(pattern).content.decode()
        assert "Feed" in page and made.prefix in page and "cart" not in page
    assert made.prefix not in staff.get("/admin/accounts/apitoken/?q=cart").content.decode()
    assert made.prefix in staff.get(f"/admin/accounts/apitoken/?q={made.prefix}").content.decode()
    revoke_token(made, actor=triager, via="web")
    told = Change.objects.filter(field="token").order_by("id").values_list("before", "after")
    feed = {"id": made.pk, "name": "Feed"}
    assert list(told) == [(None, feed), (feed, None)]


def test_the_address_of_a_view_shows_what_the_view_finds_now(product, triager):
    file(product, triager)
    view = create_view(actor=triager, via="web", name="Ours", query="is:open", product=product)
    client = Client()
    client.force_login(triager)
    made = {}
    for text in ("is:open", "is:closed"):
        page = client.post("/issues/feed/", {"q": text, "view": view.pk}).content.decode()
        made[text] = re.search(r"8002(/views/[^<]+)", page)[1].replace("&amp;", "&")
    assert [titles(address) for address in made.values()] == [["WEB-1 One"], []]
    update_view(view, actor=triager, via="web", query="priority:urgent")
    assert titles(made["is:open"]) == []


def test_an_address_of_one_product_opens_no_other(product, administrator, triager):
    other = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    set_member(other, triager, "triager", actor=administrator, via="web")
    file(product, triager, "Hush", confidential=True)
    file(other, triager, "Secret")
    view = create_view(actor=triager, via="web", name="Ours", query="is:open", product=product)
    client = Client()
    client.force_login(triager)
    for sent, place in (({"product": "WEB"}, PLACES[1]), ({"view": view.pk}, f"/views/{view.pk}/feed.atom?q=")):
        page = client.post("/issues/feed/", {"q": "is:open", **sent}).content.decode()
        secret = re.search(r"token=([\w-]+)", page)[1]
        assert ApiToken.objects.latest("id").limits == {str(product.pk): "read"}
        assert titles(f"{place}is:open&token={secret}") == ["WEB-1 Hush"]
        assert titles(f"{PLACES[0]}is:open&token={secret}") == ["WEB-1 Hush"]
        assert Client().get(f"/products/SEC/issues/feed.atom?token={secret}").status_code == 404
    client.post("/issues/feed/", {"q": "is:open"})
    assert ApiToken.objects.latest("id").limits is None


def test_no_address_is_made_of_what_is_hidden_or_wrong(product, administrator, triager, stranger):
    create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    view = create_view(actor=triager, via="web", name="Hush")
    client = Client()
    assert client.post("/issues/feed/", {"q": ""}).url.startswith("/accounts/login/")
    client.force_login(stranger)
    for sent, status in (
        ({"product": "SEC"}, 404),
        ({"view": view.pk}, 404),
        ({"view": "9" * 5000}, 404),
        ({"q": "is:opn"}, 400),
        ({"q": "\x00"}, 400),
    ):
        assert client.post("/issues/feed/", sent).status_code == status
    assert not ApiToken.objects.exists()


def test_a_reader_that_has_it_is_told_so(product, triager):
    file(product, triager)
    first = Client().get(f"{PLACES[0]}is:open")
    assert Client().get(f"{PLACES[0]}is:open", headers={"If-None-Match": first["ETag"]}).status_code == 304
    empty = [Client().get(f"{PLACES[0]}is:closed")["ETag"] for _time in range(2)]
    assert empty[0] == empty[1]
    update_issue(Issue.objects.get(), actor=triager, via="web", title="Two")
    again = Client().get(f"{PLACES[0]}is:open", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, b"Two" in again.content) == (200, True)


def test_a_token_is_neither_passed_on_nor_written_down(product, triager, caplog):
    caplog.set_level("DEBUG")
    _token, secret = token(triager)
    for address in ("is:open", "is:opn", "is:open&status=ghost"):
        answer = Client().get(f"{PLACES[0]}{address}&token={secret}")
        assert answer["Referrer-Policy"] == "no-referrer"
        assert secret.encode() not in answer.content
    Client().get(f"/products/NOPE/issues/feed.atom?token={secret}")
    Client().get(f"{PLACES[0]}&token={secret}x")
    assert [
        record for record in caplog.records if secret in record.getMessage() and record.name != "django.db.backends"
    ] == []


@pytest.mark.parametrize("amount", [10, 100])
def test_a_feed_takes_four_statements(product, triager, amount, django_assert_max_num_queries):
    file_many(product, triager, amount)
    _token, secret = token(triager)
    Client().get(f"{PLACES[0]}is:open&token={secret}")
    with django_assert_max_num_queries(4):
        assert len(titles(f"{PLACES[0]}is:open&token={secret}")) == min(amount, 50)


@pytest.mark.parametrize("sort", ["updated", "votes", "priority", "status", "due", "severity", "triage", "number"])
def test_the_order_costs_no_statement_a_row(product, triager, sort, django_assert_max_num_queries):
    file_many(product, triager, 40)
    with django_assert_max_num_queries(4):
        assert len(titles(f"{PLACES[0]}sort:{sort}")) == 40
