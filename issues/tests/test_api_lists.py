"""Lists over the API: pages, counts, filters, what they leave out, and what they cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from issues import services
from issues.models import Issue, Relation, Status
from issues.tests.many import file_many
from products.models import Component, Label, Member, Milestone, Product, Version
from products.services import create_part, create_product, update_product

ISSUES = "/api/v1/issues/"
NESTED = "/api/v1/products/WEB/issues/"


def numbers(answer):
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def file(product, actor, count, **fields):
    return [
        services.create_issue(product, actor=actor, via="web", title=f"issue {place}", **fields)
        for place in range(count)
    ]


@pytest.fixture
def five(product, triager):
    """The issues WEB-1 to WEB-5."""
    return file(product, triager, 5)


def test_a_page_leads_to_the_next_and_back(api, five, triager):
    client = api(triager)
    first = client.get(f"{NESTED}?page_size=2&count=1").json()
    assert [row["number"] for row in first["results"]] == [5, 4]
    assert (first["previous"], first["count"], first["count_capped"]) == (None, 5, False)
    assert first["next"].startswith(f"http://localhost:8002{NESTED}?page_size=2&count=1&cursor=")
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert [[row["number"] for row in page["results"]] for page in (second, third)] == [[3, 2], [1]]
    assert third["next"] is None
    assert client.get(third["previous"]).json()["results"] == second["results"]
    assert "count" not in client.get(NESTED).json()


def test_an_old_key_of_the_product_leads_to_the_list_as_it_was_asked_for(api, product, maintainer, stranger):
    create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    update_product(product, actor=maintainer, via="web", key="SHOP")
    for asked in ("component=Cart", "label=a&label=b", "q=component%3ACart", "component=Nope"):
        moved = api(stranger).get(f"{NESTED}?{asked}")
        assert (moved.status_code, moved["Location"]) == (301, f"/api/v1/products/SHOP/issues/?{asked}")
    moved = api(stranger).post(f"{NESTED}search/", {"q": "component:Cart"})
    assert (moved.status_code, moved["Location"]) == (308, "/api/v1/products/SHOP/issues/search/")
    assert api(stranger).get("/api/v1/products/SHOP/issues/?component=Nope").status_code == 400
    update_product(product, actor=maintainer, via="web", visibility="private")
    for key in ("WEB", "SHOP", "NONE"):
        assert api(stranger).get(f"/api/v1/products/{key}/issues/?component=Cart").status_code == 404


def test_no_issue_is_shown_twice_or_left_out_when_others_come_in_between(api, five, product, triager):
    first = api(triager).get(f"{ISSUES}?page_size=3").json()
    file(product, triager, 2)
    assert numbers(api(triager).get(first["next"])) == [2, 1]


@pytest.mark.parametrize("asked", ["", "q=is:open", "q=issue"])
def test_a_page_whose_rows_have_gone_leads_back_to_those_that_are_left(api, five, triager, asked):
    client = api(triager)
    first = client.get(f"{NESTED}?page_size=2&{asked}").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    ids = [[row["id"] for row in page["results"]] for page in (first, second, third)]
    Issue.objects.filter(pk__in=ids[2]).update(deleted_at=timezone.now())
    end = client.get(second["next"]).json()
    assert (end["results"], end["next"]) == ([], None)
    last = client.get(end["previous"]).json()
    assert ([row["id"] for row in last["results"]], last["next"]) == (ids[1], None)
    before = client.get(last["previous"]).json()
    assert [row["id"] for row in before["results"]] == ids[0] and before["previous"] is None
    Issue.objects.filter(pk__in=ids[0]).update(deleted_at=timezone.now())
    start = client.get(second["previous"]).json()
    assert (start["results"], start["previous"]) == ([], None)
    again = client.get(start["next"]).json()
    assert ([row["id"] for row in again["results"]], again["previous"]) == (ids[1], None)
    Issue.objects.update(deleted_at=timezone.now())
    for link in (end["previous"], start["next"]):
        nothing = client.get(link).json()
        assert (nothing["results"], nothing["next"], nothing["previous"]) == ([], None, None)


def test_a_cursor_is_for_its_reader_and_its_query(api, five, triager, stranger):
    following = api(triager).get(f"{NESTED}?page_size=2").json()["next"]
    path = following.removeprefix("http://localhost:8002")
    cursor = path.partition("cursor=")[2]
    assert numbers(api(triager).get(f"{NESTED}?page_size=1&cursor={cursor}")) == [3]
    for client, bad in (
        (api(stranger), path),
        (api(), path),
        (api(triager), f"{NESTED}?cursor={cursor}&is=open"),
        (api(triager), f"{NESTED}?cursor={cursor}&sort=created"),
        (api(triager), f"{ISSUES}?cursor={cursor}"),
        (api(triager), f"{NESTED}?cursor={cursor[:-1]}"),
        (api(triager), f"{NESTED}?cursor=x"),
        (api(triager), f"{NESTED}?cursor=%01%ff"),
    ):
        answer = client.get(bad)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


def test_filters_and_order(api, five, triager, reporter):
    services.update_issue(five[2], actor=triager, via="web", assignee=reporter, priority=3)
    services.update_issue(five[0], actor=triager, via="web", status=Status.objects.get(slug="closed"))
    client = api(reporter)
    assert numbers(client.get(f"{NESTED}?assignee=@me")) == [3]
    assert numbers(client.get(f"{ISSUES}?is=closed&product=WEB")) == [1]
    assert numbers(client.get(f"{NESTED}?sort=created-asc&is=open")) == [2, 3, 4, 5]
    assert numbers(client.get(f"{NESTED}?sort=priority&page_size=2")) == [3, 5]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("nope=1", "nope", "unknown"),
        ("nonsense=word", "nonsense", "unknown"),
        ("label__name=bug", "label__name", "unknown"),
        ("format=json", "format", "unknown"),
        ("label=nope", "label", "unknown"),
        ("label=", "label", "blank"),
        ("status=new&status=closed", "status", "repeated"),
        ("sort=title", "sort", "choice"),
        ("q=sort:votes&sort=created", "sort", "repeated"),
        ("q=sort:votes&sort=nonsense", "sort", "choice"),
        ("page_size=0", "page_size", "range"),
        ("page_size=101", "page_size", "range"),
        ("page_size=-1", "page_size", "range"),
        ("page_size=" + "9" * 5000, "page_size", "range"),
        ("page_size=x", "page_size", "range"),
        ("page_size=1&page_size=2", "page_size", "repeated"),
        ("page_size=26&include=description", "page_size", "range"),
        ("include=events", "include", "choice"),
        ("count=yes", "count", "choice"),
        ("tz=Mars", "tz", "unknown"),
        ("cursor=x&cursor=y", "cursor", "repeated"),
        ("q=is:open&q=cart", "q", "repeated"),
        ("q=&q=cart", "q", "repeated"),
        ("sort=created&sort=priority", "sort", "repeated"),
        ("include=description&include=description", "include", "repeated"),
        ("tz=UTC&tz=UTC", "tz", "repeated"),
        ("assignee=nobody", "assignee", "unknown"),
    ],
)
def test_parameters_that_are_refused(api, five, triager, query, field, code):
    for path in (ISSUES, NESTED):
        answer = api(triager).get(f"{path}?{query}")
        assert answer.status_code == 400
        assert [(name, one[0]["code"]) for name, one in answer.json()["errors"].items()] == [(field, code)]


def test_parameters_are_refused_everywhere(api, five, triager):
    for path in ("/api/v1/products/", "/api/v1/products/WEB/", f"{ISSUES}WEB-1/", f"{ISSUES}WEB-1/comments/"):
        assert api(triager).get(f"{path}?is=open&nope=1").status_code == 400
        assert api(triager).get(f"{path}?tz=Europe/Vienna").status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("users/?q=rosa&q=tom", "q"),
        ("issues/export/?q=is:open&q=cart", "q"),
        ("issues/export/?format=csv&format=jsonl", "format"),
        ("issues/WEB-1/?tz=UTC&tz=UTC", "tz"),
        ("triage/?q=is:open&q=cart", "q"),
        ("query/complete/?q=is&at=1&at=2", "at"),
        ("similar/?title=one&component=a&component=b", "component"),
    ],
)
def test_what_is_said_twice_is_refused_everywhere(api, five, triager, path, field):
    answer = api(triager).get(f"/api/v1/{path}")
    assert answer.status_code == 400
    assert [(name, one[0]["code"]) for name, one in answer.json()["errors"].items()] == [(field, "repeated")]


def test_what_is_posted_is_the_only_query_of_a_search(api, five, triager):
    client = api(triager)
    for path in (ISSUES, NESTED):
        answer = client.post(f"{path}search/?q=nothing", {"q": "issue"})
        assert [(name, one[0]["code"]) for name, one in answer.json()["errors"].items()] == [("q", "unknown")]
        page = client.post(f"{path}search/?page_size=2&is=open", {"q": "issue"}).json()
        assert "q=" not in page["next"]
        assert numbers(client.post(page["next"], {"q": "issue"}))


def test_descriptions_come_when_they_are_asked_for(api, five, triager):
    row = api(triager).get(NESTED).json()["results"][0]
    whole = api(triager).get(f"{NESTED}5/").json()
    assert set(whole) - set(row) == {"description", "description_html"}
    assert {field: whole[field] for field in row} == row
    answer = api(triager).get(f"{NESTED}?include=description&page_size=25&tz=UTC").json()
    assert "description" in answer["results"][0] and "description_html" not in answer["results"][0]


def test_counts_are_capped(api, five, triager, monkeypatch):
    monkeypatch.setattr("issuetracker.api.pages.COUNT_CAP", 4)
    got = api(triager).get(f"{NESTED}?count=1").json()
    assert (got["count"], got["count_capped"]) == (4, True)


LISTS = [
    "/api/v1/products/",
    ISSUES,
    f"{ISSUES}?include=description&page_size=25",
    f"{ISSUES}?label=bug&component=Cart&assignee=rosa&status=new&count=1",
    NESTED,
    f"{ISSUES}WEB-1/comments/",
    f"{ISSUES}WEB-1/events/",
    f"{ISSUES}WEB-1/relations/",
    "/api/v1/products/WEB/components/",
    "/api/v1/products/WEB/milestones/",
    "/api/v1/products/WEB/versions/",
    "/api/v1/products/WEB/labels/",
    "/api/v1/products/WEB/members/",
    "/api/v1/products/WEB/events/",
    "/api/v1/labels/",
    "/api/v1/statuses/",
    "/api/v1/users/",
]


def fill(product, administrator, triager, reporter, count):
    """Add `count` of everything that is listed."""

    def part(model, name):
        return create_part(model, product=product, actor=administrator, via="web", name=name)

    def many(model, each):
        return model.objects.bulk_create(model(**each(f"{count}-{place}")) for place in range(count))

    # By the service, since the events of the product are listed, too.
    labels = [part(Label, f"{count}-{place}") for place in range(count)]
    bug = Label.objects.filter(name="bug").first() or part(Label, "bug")
    cart = Component.objects.filter(name="Cart").first() or part(Component, "Cart")
    many(Product, lambda name: {"key": f"P{name.replace('-', 'X')}", "title": name})
    many(Component, lambda name: {"product": product, "name": name, "triage_owner": triager})
    for model in (Milestone, Version):
        many(model, lambda name: {"product": product, "name": name})
    many(Label, lambda name: {"name": f"site {name}"})
    people = iter(many(User, lambda name: {"username": f"user{name}"}))
    many(Member, lambda _name: {"product": product, "user": next(people), "role": "triager"})
    many(Status, lambda name: {"slug": f"s{name}", "name": name, "category": "started", "position": 50})
    issues = file_many(product, triager, count, labels=[bug, *labels[:5]], component=cart, assignee=reporter)
    first = Issue.objects.get(number=1)
    others = [issue for issue in issues if issue != first]
    Issue.objects.filter(pk__in=[issue.pk for issue in others]).update(parent=first)
    Relation.objects.bulk_create(Relation(kind="relates", source=first, target=other) for other in others)
    for _other in others:
        services.add_comment(first, actor=triager, via="web", body="hello")


@pytest.mark.untraced
@pytest.mark.django_db(transaction=True)
def test_lists_cost_five_statements_at_ten_rows_and_at_a_hundred(
    api, product, administrator, triager, reporter, monkeypatch
):
    # Once a minute a request also notes that the token was used.
    monkeypatch.setattr("accounts.services.tokens.USE_NOTED_EVERY", timedelta(days=1))
    client = api(triager)
    client.get("/api/v1/me/")
    counted = []
    for rows in (10, 90):
        fill(product, administrator, triager, reporter, rows)
        counted.append({})
        for path in LISTS:
            # After the first answer the process knows what everybody is called.
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path)
            assert answer.status_code == 200, answer.content
            assert len(answer.json()["results"]) >= min(rows, 25) - 1, path
            counted[-1][path] = len(queries)
    assert counted[0] == counted[1]
    assert max(counted[0].values()) <= 5, counted[0]


@pytest.mark.django_db(transaction=True)
def test_with_a_session_it_is_five_as_well(api, five, triager, client):
    client.force_login(triager)
    for path in (ISSUES, NESTED, f"{ISSUES}?assignee=tom,@none&status=new", f"{ISSUES}WEB-1/comments/"):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        # SQLite is asked first which products there are to walk along.
        assert len(queries) <= 5 + (connection.vendor == "sqlite"), [query["sql"] for query in queries]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [f"{NESTED}1/", f"{ISSUES}WEB-1/"])
def test_one_issue_costs_one_statement(api, five, triager, path):
    client = api(triager)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    assert len(queries) == 1


def test_the_list_of_a_product_holds_its_issues_alone(api, product, administrator):
    other = create_product(actor=administrator, via="web", key="OTHER", title="Other")
    for home in (product, other):
        services.create_issue(home, actor=administrator, via="web", title=f"of {home.key}")
    for key in ("WEB", "OTHER"):
        for query in ("", "?sort=created", "?q=is:open"):
            answer = api(administrator).get(f"/api/v1/products/{key}/issues/{query}").json()
            assert [issue["title"] for issue in answer["results"]] == [f"of {key}"]


def test_a_query_may_be_empty(api, product, reporter):
    file(product, reporter, 1)
    client = api(reporter)
    for address in ("/api/v1/issues/", "/api/v1/products/WEB/issues/"):
        assert client.get(address, {"q": ""}).json()["results"] == client.get(address).json()["results"] != []


def test_a_cursor_is_good_for_the_order_that_it_was_made_in(api, product, administrator, triager):
    """What was a word is the key of an issue, once there is such a product: the same text has another order then."""
    file(product, triager, 5, description="in UTF-8")
    client = api(triager)
    first = client.get(ISSUES, {"q": "UTF-8", "page_size": 2}).json()
    file(create_product(actor=administrator, via="web", key="UTF", title="Product"), administrator, 8)
    assert client.get(first["next"]).status_code == 400


def test_a_page_whose_rows_have_gone_has_the_count_of_the_list(api, five, triager, maintainer):
    client = api(triager)
    first = client.get(f"{NESTED}?page_size=4&count=1").json()
    services.trash_issue(five[0], actor=maintainer, via="web")
    page = client.get(first["next"]).json()
    assert (page["results"], page["count"], page["count_capped"]) == ([], 4, False)
