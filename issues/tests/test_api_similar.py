"""Similar issues and suggestions over REST."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues import similar
from issues.models import Issue, Status
from issues.services import create_issue, update_issue
from issues.tests.many import file_many
from products.models import Component
from products.services import create_part, create_product

BASE = "/api/v1"
ISSUE = f"{BASE}/issues/WEB-1"
NESTED = f"{BASE}/products/WEB/issues/1"


@pytest.fixture
def cart(product, administrator):
    return create_part(Component, product=product, actor=administrator, via="web", name="Cart")


@pytest.fixture
def issues(product, triager, cart):
    """WEB-1, of which nothing is known, and three triaged ones that are like it."""
    first = create_issue(product, actor=triager, via="web", title="Coupon is refused", description="By the checkout.")
    accepted = Status.objects.get(slug="accepted")
    others = [
        create_issue(product, actor=triager, via="web", title=f"Coupon {place}", component=cart, status=accepted)
        for place in range(3)
    ]
    return [first, *others]


@pytest.mark.parametrize("path", [ISSUE, NESTED])
@pytest.mark.parametrize("reader", ["nobody", "stranger", "triager"])
def test_similar_issues_of_an_issue(api, issues, path, reader, request):
    client = api(None if reader == "nobody" else request.getfixturevalue(reader))
    answer = client.get(f"{path}/similar/")
    assert answer.status_code == 200
    assert list(answer.json()) == ["results"]
    assert len(answer.json()["results"]) == 3
    one = answer.json()["results"][0]
    assert list(one) == ["issue", "score", "why"]
    rows = {row["key"]: row for row in client.get(f"{BASE}/issues/").json()["results"]}
    assert one["issue"] == rows[one["issue"]["key"]]
    assert one["why"] == {"signs": ["words", "product", "open"], "said": "Shares “coupon”; same product; open now"}


def test_a_component_is_named_in_any_case(api, issues, product, administrator):
    create_part(Component, product=product, actor=administrator, via="web", name="Été")
    for name in ("CART", "été"):
        assert api().get(f"{BASE}/similar/", {"title": "a", "product": "WEB", "component": name}).status_code == 200


def test_similar_issues_of_a_text(api, issues, stranger):
    client = api(stranger)
    found = client.get(f"{BASE}/similar/", {"title": "Coupons!", "product": "WEB", "component": "cart"}).json()
    assert {one["issue"]["key"] for one in found["results"]} == {"WEB-1", "WEB-2", "WEB-3", "WEB-4"}
    assert "component" in found["results"][0]["why"]["signs"]
    asked = {"title": "It breaks", "description": "At the checkout"}
    assert [one["issue"]["key"] for one in client.get(f"{BASE}/similar/", asked).json()["results"]] == ["WEB-1"]
    assert client.get(f"{BASE}/similar/?title=nothing").json() == {"results": []}


@pytest.mark.parametrize("path", [ISSUE, NESTED])
def test_suggestions(api, issues, path):
    answer = api().get(f"{path}/suggestions/")
    assert answer.status_code == 200
    assert answer.json() == {"component": [{"value": "Cart", "score": 1.0, "evidence": {"for": 3, "of": 3}}]}
    assert api().get(f"{BASE}/issues/WEB-2/suggestions/").json() == {}


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("", "title", "required"),
        ("title=", "title", "blank"),
        ("title=a&title=b", "title", "repeated"),
        ("title=" + 501 * "x", "title", "max_length"),
        ("title=a&nope=1", "nope", "unknown"),
        ("title=a&page_size=3", "page_size", "unknown"),
        ("title=a&product=WEB&component=Nope", "component", "unknown"),
        ("title=a&component=Cart", "component", "unknown"),
        ("title=a&tz=Mars", "tz", "unknown"),
    ],
)
def test_parameters_that_are_refused(api, issues, query, field, code):
    answer = api().get(f"{BASE}/similar/?{query}")
    assert answer.status_code == 400
    assert [(name, one[0]["code"]) for name, one in answer.json()["errors"].items()] == [(field, code)]


@pytest.mark.parametrize("what", ["similar", "suggestions"])
def test_other_parameters_and_methods_are_refused(api, issues, triager, what):
    for path in (ISSUE, NESTED):
        answer = api(triager).get(f"{path}/{what}/?nope=1")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["nope"])
        assert api(triager).post(f"{path}/{what}/").status_code == 405


def test_what_is_hidden_is_not_there(api, product, issues, stranger, administrator):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    create_issue(secret, actor=administrator, via="web", title="Coupon")
    update_issue(issues[0], actor=administrator, via="web", confidential=True)
    for path in (f"{BASE}/issues/SEC-1", ISSUE, NESTED, f"{BASE}/issues/WEB-99", f"{BASE}/issues/nonsense"):
        for what in ("similar", "suggestions"):
            assert api(stranger).get(f"{path}/{what}/").status_code == 404
            assert api().get(f"{path}/{what}/").status_code == 404
    for product_key in ("SEC", "NOPE"):
        assert api(stranger).get(f"{BASE}/similar/?title=coupon&product={product_key}").status_code == 404
    found = api(stranger).get(f"{BASE}/similar/?title=coupon").json()["results"]
    assert {one["issue"]["key"] for one in found} == {"WEB-2", "WEB-3", "WEB-4"}


def test_an_old_key_leads_to_the_new_one(api, issues, administrator):
    other = create_product(actor=administrator, via="web", key="OPS", title="Operations", visibility="public")
    update_issue(issues[0], actor=administrator, via="web", product=other)
    answer = api().get(f"{ISSUE}/similar/")
    assert (answer.status_code, answer["Location"]) == (301, f"{BASE}/issues/OPS-1/similar/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (f"{ISSUE}/similar/", 8),
        (f"{BASE}/similar/?title=issue&product=WEB&component=cart", 10),
        (f"{ISSUE}/suggestions/", 10),
    ],
)
def test_statements_do_not_grow_with_the_issues(api, product, triager, reporter, cart, path, limit):
    create_issue(product, actor=reporter, via="web", title="Issue")
    client, asked = api(triager), []
    for amount in (10, 90):
        many = file_many(product, reporter, amount, component=cart, status=Status.objects.get(slug="accepted"))
        Issue.objects.filter(pk__in=[one.pk for one in many[::2]]).update(assignee=triager)
        Issue.objects.filter(pk=many[-1].pk).update(duplicate_of=many[0].pk)
        similar.post_waiting()
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1] <= limit


@pytest.mark.parametrize("name", ["title", "product", "component", "description"])
@pytest.mark.parametrize("text", ["%00", "a%00b", "%F0%9F%92%A9", "'; --", "(((", "%25s"])
def test_no_text_breaks_it(api, issues, name, text):
    params = {"title": "a", "product": "WEB", name: text}
    query = "&".join(f"{key}={value}" for key, value in params.items())
    assert api().get(f"{BASE}/similar/?{query}").status_code in (200, 400, 404)
