"""Queries over REST: `q` of every list, a query in a body, explaining one, and completing one."""

import pytest

from issues import services
from products.models import Component, Label, Product
from products.services import create_part, create_product, update_product

PATHS = ("/api/v1/issues/", "/api/v1/products/WEB/issues/")


@pytest.fixture
def issues(product, triager, maintainer, administrator):
    """Three issues of WEB and one of the private product SEC, whose label has a name of its own."""
    bug = create_part(Label, product=product, actor=maintainer, via="web", name="bug")
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    create_part(Label, product=secret, actor=administrator, via="web", name="bughunt")
    services.create_issue(product, actor=triager, via="web", title="One login", labels=[bug], priority=3)
    services.create_issue(product, actor=triager, via="web", title="Two", description="login")
    services.create_issue(product, actor=triager, via="web", title="Three", type="task")
    services.create_issue(secret, actor=administrator, via="web", title="Hidden login")


def keys(answer):
    return [row["key"] for row in answer.json()["results"]]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "expected", "canonical"),
    [
        ("", ["WEB-3", "WEB-2", "WEB-1"], ""),
        ("LABEL:bug", ["WEB-1"], "label:bug"),
        ("login", ["WEB-1", "WEB-2"], "login"),
        ("-login", ["WEB-3"], "-login"),
        ("type:task | label:bug sort:number-asc", ["WEB-1", "WEB-3"], "type:task OR label:bug sort:number-asc"),
    ],
)
def test_a_list_is_asked_for_by_a_query(issues, api, triager, path, query, expected, canonical):
    client = api(triager)
    asked = client.get(path, {"q": query}) if query else client.get(path, {"q": "sort:updated"})
    sent = client.post(f"{path}search/", {"q": query})
    assert asked.status_code == sent.status_code == 200
    assert keys(asked) == keys(sent) == expected
    assert sent.json()["canonical"] == canonical
    if query:
        assert asked.json()["canonical"] == canonical


def test_plain_parameters_narrow_a_query(issues, api, triager):
    client = api(triager)
    answer = client.get("/api/v1/issues/", {"q": "login", "label": "bug"})
    assert keys(answer) == ["WEB-1"]
    assert answer.json()["canonical"] == "login label:bug"
    assert "canonical" not in client.get("/api/v1/issues/", {"label": "bug"}).json()


def test_a_parameter_does_not_repeat_what_a_query_says_of_a_field_that_holds_one_value(issues, api, triager):
    client = api(triager)
    for query in ("status:new", "type:bug status:new -label:bug", "status:new,accepted"):
        answer = client.get("/api/v1/issues/", {"q": query, "status": "closed"})
        assert answer.status_code == 400
        assert [(name, one[0]["code"]) for name, one in answer.json()["errors"].items()] == [("status", "repeated")]
    assert client.post("/api/v1/issues/search/?status=closed", {"q": "status:new"}).status_code == 400
    for query, parameter in (
        ("label:bug", {"label": "bug"}),
        ("-status:closed", {"status": "new"}),
        ("status:new OR status:closed", {"status": "new"}),
        ("priority:>=low", {"priority": "high"}),
        ("assignee:@none", {"assignee": "@none"}),
    ):
        canonical = client.get("/api/v1/issues/", {"q": query, **parameter}).json()["canonical"]
        assert client.get("/api/v1/issues/", {"q": canonical}).status_code == 200


def test_a_query_in_a_body_only_reads(issues, api, triager, client):
    reading = api(triager, "read")
    assert keys(reading.post("/api/v1/issues/search/", {"q": "type:task"})) == ["WEB-3"]
    assert keys(client.post("/api/v1/issues/search/", {"q": "type:task"}, content_type="application/json")) == ["WEB-3"]
    assert reading.post("/api/v1/issues/", {"title": "x", "product": "WEB"}).status_code == 403


def test_pages_of_a_query_in_a_body(issues, api, triager):
    client = api(triager)
    first = client.post("/api/v1/issues/search/?page_size=2&count=1", {"q": "product:WEB sort:number-asc"})
    assert (keys(first), first.json()["count"]) == (["WEB-1", "WEB-2"], 3)
    path = first.json()["next"].partition("//")[2].partition("/")[2]
    assert keys(client.post(f"/{path}", {"q": "product:WEB sort:number-asc"})) == ["WEB-3"]
    # A cursor is good for its query alone.
    assert client.post(f"/{path}", {"q": "product:WEB"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "code", "position", "length", "suggestions"),
    [
        ("is:open lable:bug", "unknown_field", 8, 9, ["label:bug", '"lable:bug"']),
        ("std::vector", "unknown_field", 0, 11, ['"std::vector"']),
        ("label:bgu", "unknown", 6, 3, ["bug"]),
        ("label:bughunt", "unknown", 6, 7, []),
        ("status:new status:closed", "repeated", 0, 24, ["status:new,closed"]),
        ("(login", "parenthesis", 0, 1, []),
        ("日本 f*o", "wildcard", 3, 3, ['"f*o"']),
    ],
)
def test_a_mistake_is_told_with_its_place(issues, api, triager, query, code, position, length, suggestions):
    client = api(triager)
    answers = [
        client.get("/api/v1/issues/", {"q": query}),
        client.get("/api/v1/products/WEB/issues/", {"q": query}),
        client.post("/api/v1/issues/search/", {"q": query}),
        client.post("/api/v1/query/parse/", {"q": query}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert answer["Content-Type"].startswith("application/problem+json")
        (problem,) = answer.json()["errors"]["q"]
        assert (problem["code"], problem["position"], problem["length"]) == (code, position, length)
        assert [one for one in problem["suggestions"] if one in suggestions] == suggestions
        assert problem["message"]


def test_a_query_is_explained_without_running_it(issues, api, triager, stranger):
    asked = {"q": "login -label:bug WEB-1 (type:bug OR by:tom) in:title sort:due"}
    told = api(triager).post("/api/v1/query/parse/", asked).json()
    assert told["canonical"] == "login -label:bug WEB-1 (type:bug OR by:tom) in:title sort:due-asc"
    assert told["parts"] == [
        {"text": "login", "kind": "words", "field": None, "negated": False},
        {"text": "label:bug", "kind": "term", "field": "label", "negated": True},
        {"text": "WEB-1", "kind": "issue", "field": None, "negated": False},
        {"text": "type:bug OR by:tom", "kind": "group", "field": None, "negated": False},
    ]
    assert (told["sort"], told["where"]) == (["due-asc"], "title")
    assert api(stranger).post("/api/v1/query/parse/", {"q": "", "product": "SEC"}).status_code == 404
    assert api(stranger).post("/api/v1/query/parse/", {"q": "label:bughunt"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "start", "offers"),
    [
        ("lab", 0, ["label:"]),
        ("is:open -lab", 9, ["label:"]),
        ("label:b", 6, ["bug"]),
        ("label:bug,@", 10, ["@none", "@any"]),
        ("priority:>=h", 11, ["high"]),
        ("severity:<", 10, ["s4", "s3", "s2", "s1"]),
        ("severity:=u", 10, ["unset"]),
        ("is:un", 3, ["untriaged", "unassigned"]),
        ("status:", 7, ["accepted", "closed", "in-progress", "new", "started", "triage"]),
        ("assignee:to", 9, ["tom"]),
        ("assignee:@", 9, ["@me", "@none", "@any"]),
        ("product:s", 8, []),
        ("due:<", 5, ["today", "+3d", "+1w", "+1m"]),
        ("due:<=+", 6, ["+3d", "+1w", "+1m"]),
        ("created:>", 9, ["-7d", "-2w", "-1m", "today", "yesterday"]),
        ("created:=y", 9, ["yesterday"]),
        ("label:>b", 7, []),
        ('label:"good first issue" ass', 25, ["assignee:"]),
        ('"a \\" b" is:un', 12, ["untriaged", "unassigned"]),
        ('label:"x y",b', 12, ["bug"]),
        ('label:"b', 6, ["bug"]),
        ('label:"x,b', 6, []),
        ('label:"x y" (-label:"b', 20, ["bug"]),
        ('"ass', 0, []),
        ("sort:up", 5, ["updated-desc", "updated-asc"]),
        ("sort:rel", 5, ["relevance-desc"]),
        ("sort:due,rel", 9, []),
        ("sort:due,vo", 9, ["votes-desc", "votes-asc"]),
        ("in:t", 3, ["title"]),
        ("was:sta", 4, ["status="]),
        ("was:status=ne", 11, ["new"]),
        ("changed:status/by=to", 18, ["tom"]),
        ("changed:la", 8, ["label"]),
        ("changed:ti", 8, ["title"]),
        ("by:ros", 3, []),
        ("by:@", 3, ["@me"]),
        ("nonsense:x", 10, []),
    ],
)
def test_a_query_is_completed_with_what_its_reader_may_see(issues, api, triager, query, start, offers):
    answer = api(triager).get("/api/v1/query/complete/", {"q": query})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert sorted(offer["text"] for offer in told["offers"]) == sorted(offers)
    if offers:
        assert (told["start"], told["end"]) == (start, len(query))


def test_completion_knows_the_place_and_hides_what_is_hidden(issues, api, triager, administrator, client):
    told = api(triager).get("/api/v1/query/complete/", {"q": "lable is:open", "at": "3"}).json()
    assert (told["start"], told["end"], told["offers"][0]["text"]) == (0, 5, "label:")
    names = [offer["text"] for offer in api(administrator).get("/api/v1/query/complete/?q=label:b").json()["offers"]]
    assert names == ["bug", "bughunt"]
    inside = api(administrator).get("/api/v1/query/complete/?q=label:b&product=WEB").json()["offers"]
    assert [offer["text"] for offer in inside] == ["bug"]
    # Those who are not signed in are told the people that they see on issues, and nobody else.
    # Nor are they offered what is for those who are signed in.
    for query, offers in (
        ("author:", ["@none", "@any", "tom"]),
        ("by:", ["tom"]),
        ("is:m", []),
        ("is:w", []),
        ("is:u", ["untriaged", "unassigned"]),
    ):
        told = client.get("/api/v1/query/complete/", {"q": query}).json()["offers"]
        assert [offer["text"] for offer in told] == offers, query


@pytest.mark.parametrize(
    ("query", "offers"),
    [
        ("product:WEB label:b|", ["bug"]),
        ("product:web,WEB label:b|", ["bug", "bughunt"]),
        ('is:open (label:a OR label:"b|) product:SEC', ["bughunt"]),
        ("was:component=C| product:SEC", ["Cellar"]),
        ("product:WEB component:C|", ["Cart"]),
        ("-product:WEB component:C|", ["Cart", "Cellar"]),
        ("product:WEB OR component:C|", ["Cart", "Cellar"]),
        ("product:NONE component:C|", ["Cart", "Cellar"]),
        ("product:WEB product:S|", ["SEC"]),
        ("product:WEB assignee:t|", ["tom"]),
    ],
)
def test_parts_are_offered_of_the_product_that_the_query_names(issues, api, product, administrator, query, offers):
    for home, name in ((product, "Cart"), (Product.objects.get(key="SEC"), "Cellar")):
        create_part(Component, product=home, actor=administrator, via="web", name=name)
    asked = {"q": query.replace("|", ""), "at": query.index("|")}
    told = api(administrator).get("/api/v1/query/complete/", asked).json()["offers"]
    assert [offer["text"] for offer in told] == offers


def test_a_product_that_is_hidden_is_one_that_is_not_there(issues, api, triager):
    asked = ({"q": f"product:{key} label:b"} for key in ("SEC", "NONE"))
    hidden, absent = (api(triager).get("/api/v1/query/complete/", one).json() for one in asked)
    assert [offer["text"] for offer in hidden["offers"]] == [offer["text"] for offer in absent["offers"]] == ["bug"]


@pytest.mark.parametrize(
    ("written", "offers"),
    [
        ("to", [("tom", "Thomas van den Berg")]),
        ("tHo", [("tom", "Thomas van den Berg")]),
        ("be", [("tom", "Thomas van den Berg")]),
        ('"van den b', [("tom", "Thomas van den Berg")]),
        ("er", []),
        ("%", []),
    ],
)
def test_people_are_completed_by_any_word_of_what_they_are_called(api, triager, written, offers):
    triager.display_name = "Thomas van den Berg"
    triager.save()
    for field in ("assignee", "by"):
        told = api(triager).get("/api/v1/query/complete/", {"q": f"{field}:{written}"}).json()
        assert [(offer["text"], offer["said"]) for offer in told["offers"]] == offers


@pytest.mark.parametrize(
    ("query", "offers"),
    [
        ("label:Ünd", ['"Ünder way"']),
        ("label:ünd", ['"Ünder way"']),
        ("label:ÜND", ['"Ünder way"']),
        ("label:é", ["état"]),
        ("label:É", ["état"]),
        ("label:nd", []),
        ('label:"a', [r'"a \"b\" \\c, d"']),
        (r'label:"a \"b\" \\c, ', [r'"a \"b\" \\c, d"']),
        ("assignee:Öst", ["tom"]),
        ("assignee:öst", ["tom"]),
    ],
)
def test_names_of_any_letters_are_completed(product, maintainer, api, triager, query, offers):
    triager.display_name = "Thomas Österberg"
    triager.save()
    for name in ("Ünder way", "état", r'a "b" \c, d'):
        create_part(Label, product=product, actor=maintainer, via="web", name=name)
    told = api(triager).get("/api/v1/query/complete/", {"q": query}).json()
    assert [offer["text"] for offer in told["offers"]] == offers


def test_completion_refuses_what_it_cannot_read(api, triager):
    client = api(triager)
    for name, value, code in (
        *(("at", value, "invalid") for value in ("abc", "-1", "1.5", "9" * 4000)),
        ("at", "", "blank"),
        ("tz", "Mars/X", "unknown"),
        ("q", "x" * 1001, "max_length"),
    ):
        answer = client.get("/api/v1/query/complete/", {"q": "is:", name: value})
        assert (answer.status_code, answer.json()["errors"][name][0]["code"]) == (400, code), (name, value)
    told = client.get("/api/v1/query/complete/", {"q": "x" * 997 + " is", "at": "9999", "tz": "Europe/Vienna"})
    assert (told.status_code, told.json()["end"]) == (200, 1000)


@pytest.mark.parametrize("at", ["-1", "9" * 4000, "x", ""])
def test_a_place_that_is_none_is_the_end_for_a_page(issues, client, at):
    assert client.get("/issues/query/complete/", {"q": "is:op", "at": at}).json()["offers"][0]["text"] == "open"


def test_a_product_is_named_as_in_its_addresses(issues, product, client, api, administrator):
    update_product(product, actor=administrator, via="web", key="SHOP")
    for place, key, status in (
        *((place, key, 200) for place in ("/", "/api/v1/") for key in ("SHOP", "shop", "WEB", "web")),
        *((place, key, 404) for place in ("/", "/api/v1/") for key in ("NOT", "SEC")),
        ("/", "", 200),
    ):
        where = "issues/" if place == "/" else ""
        assert client.get(f"{place}{where}query/complete/?q=label:b&product={key}").status_code == status, (place, key)


def test_the_help_page_names_every_field(client, db):
    page = client.get("/issues/query/").content.decode()
    for name in ("component", "blocked-by", "changed", "was", "sort", "age"):
        assert f"<code>{name}:</code>" in page
    assert "parent, duplicate-of, due, resolution, confidential, label, title, body" in " ".join(page.split())
