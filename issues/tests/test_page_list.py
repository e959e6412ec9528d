"""Lists of issues as pages: what they show, how they are narrowed, sorted and paged, and what that costs."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.http import QueryDict

from accounts.services import create_user
from issues.finding import groups
from issues.finding.pages import NEWEST
from issues.models import Issue, Status
from issues.services import add_comment, ask, create_issue, create_view, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from issues.tests.test_query_language import UNDERSTOOD
from issues.views.listing import Listing
from products.models import Component, Label
from products.services import create_part, create_product, update_product


def file(product, actor, count, **fields):
    return [create_issue(product, actor=actor, via="web", title=f"Issue {n}", **fields) for n in range(count)]


def keys(page):
    return re.findall(r'<td class="col-key key">([A-Z0-9-]+)</td>', page.content.decode())


def test_open_issues_are_listed_newest_change_first(product, triager):
    file(product, triager, 3)
    closed = Issue.objects.get(number=2)
    update_issue(closed, actor=triager, via="web", status=Status.objects.get(slug="closed"))
    update_issue(Issue.objects.get(number=1), actor=triager, via="web", priority=4)
    for address in ("/issues/", "/products/WEB/issues/"):
        page = at(triager).get(address)
        assert keys(page) == ["WEB-1", "WEB-3"]
        assert "is <b>open</b>" in page.content.decode()
    assert keys(at(triager).get("/issues/?q=")) == ["WEB-1", "WEB-2", "WEB-3"]
    assert keys(at(triager).get("/issues/?is=closed")) == ["WEB-2"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("priority=high", ["WEB-2"]),
        ("priority=high,low&sort=priority-desc", ["WEB-2", "WEB-3"]),
        ("label=a11y", ["WEB-3"]),
        ("assignee=@me", ["WEB-1"]),
        ("assignee=@none&sort=number-asc", ["WEB-2", "WEB-3"]),
        ("sort=number-asc", ["WEB-1", "WEB-2", "WEB-3"]),
        ("product=WEB&type=task", []),
    ],
)
def test_a_list_is_narrowed_and_sorted_by_its_address(product, triager, maintainer, query, expected):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    one, two, three = file(product, triager, 3)
    update_issue(one, actor=triager, via="web", assignee=triager)
    update_issue(two, actor=triager, via="web", priority=3)
    update_issue(three, actor=triager, via="web", priority=1, labels=[label])
    assert keys(at(triager).get(f"/issues/?{query}")) == expected


def test_what_does_not_exist_is_named_and_left_out(product, triager):
    file(product, triager, 1)
    page = at(triager).get("/issues/?label=ghost&priority=none")
    assert "<b>label</b>: There is no “ghost”." in page.content.decode()
    assert keys(page) == ["WEB-1"]


def test_pages_follow_one_another_both_ways(product, triager):
    file(product, triager, 60)
    client = at(triager)
    first = client.get("/issues/?page_size=25&sort=number-asc")
    second = client.get("/issues/" + link(first, "next"))
    third = client.get("/issues/" + link(second, "next"))
    assert keys(first) + keys(second) + keys(third) == [f"WEB-{n}" for n in range(1, 61)]
    assert link(third, "next") is None
    assert keys(client.get("/issues/" + link(third, "prev"))) == keys(second)
    assert keys(client.get("/issues/?page_size=25&sort=number-asc&cursor=forged")) == keys(first)


def link(page, rel):
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page.content.decode())
    return found and found[1].replace("&amp;", "&")


def test_a_list_shows_only_what_its_reader_may_see(product, administrator, reporter, stranger):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    file(private, administrator, 2)
    file(product, reporter, 1, confidential=True)
    file(product, reporter, 1)
    for user, expected in ((None, ["WEB-2"]), (stranger, ["WEB-2"]), (reporter, ["WEB-2", "WEB-1"])):
        page = at(user).get("/issues/")
        assert keys(page) == expected
        assert f"{len(expected)} issue" in page.content.decode()
        assert "Secret" not in page.content.decode()
        assert at(user).get("/products/SEC/issues/").status_code == 404
    assert len(keys(at(administrator).get("/products/SEC/issues/"))) == 2


def test_an_old_key_leads_to_the_list(product, administrator):
    update_product(product, actor=administrator, via="web", key="SHOP")
    assert at(None).get("/products/WEB/issues/?is=closed").url == "/products/SHOP/issues/?is=closed"


@pytest.mark.parametrize("amount", [10, 100])
@pytest.mark.parametrize("address", ["/issues/?page_size=100", "/products/WEB/issues/?page_size=100"])
def test_a_list_takes_five_statements_however_long(
    product, triager, maintainer, amount, address, django_assert_max_num_queries
):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    file_many(product, triager, amount, labels=[label], assignee=triager)
    client = at(triager)
    # SQLite is asked first which products there are to walk along.
    with django_assert_max_num_queries(5 + ("products" in address or connection.vendor == "sqlite")):
        page = client.get(address)
    assert len(keys(page)) == amount
    assert page.content.decode().count(">a11y<") >= amount


def test_previous_and_next_follow_the_list_one_came_from(product, triager):
    file(product, triager, 4)
    update_issue(Issue.objects.get(number=2), actor=triager, via="web", status=Status.objects.get(slug="closed"))
    page = at(triager).get("/products/WEB/issues/?is=open&sort=number-asc")
    address = re.search(r'href="(/issues/WEB-3/\?list=[^"]+)"', page.content.decode())[1]
    issue = at(triager).get(address.replace("&amp;", "&")).content.decode()
    assert "2 of 3" in " ".join(issue.split())
    assert 'rel="prev" href="/issues/WEB-1/?list=' in issue
    assert 'rel="next" href="/issues/WEB-4/?list=' in issue
    assert 'href="/products/WEB/issues/?q=is%3Aopen+sort%3Anumber-asc"' in issue


@pytest.mark.parametrize("reference", ["nonsense", "sort=bad", "assignee=ghost", "in=NOPE", "%00", "is=open&in=%ff"])
def test_a_bad_list_reference_does_no_harm(product, triager, reference):
    file(product, triager, 1)
    assert at(triager).get("/issues/WEB-1/", {"list": reference}).status_code == 200


def test_more_of_ones_work_than_is_shown_is_one_click_away(product, triager):
    file_many(product, triager, 30, assignee=triager)
    file_many(product, triager, 30)
    client = at(triager)
    page = client.get("/").content.decode()
    addresses = [unescape(one) for one in re.findall(r'href="(/issues/\?q=[^"]*)">All of them', page)]
    assert [client.get(one).context["count"] for one in addresses] == [30, 30]


def test_my_work_is_what_is_mine_and_open(product, triager, reporter):
    file(product, reporter, 2)
    update_issue(Issue.objects.get(number=1), actor=triager, via="web", assignee=triager)
    assert keys(at(triager).get("/")) == ["WEB-1"]
    assert keys(at(reporter).get("/")) == ["WEB-1", "WEB-2"]
    assert at(None).get("/").url == "/issues/"


def test_empty_lists_say_what_to_do(product, stranger):
    assert "File one." in at(stranger).get("/issues/").content.decode()
    assert "Nothing matches" in at(stranger).get("/issues/?priority=high").content.decode()
    assert "Nothing waits for you" in at(stranger).get("/").content.decode()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/issues/?q=502", "/issues/?q=%22502%22"),
        ("/products/WEB/issues/?q=%23502", "/products/WEB/issues/?q=%22502%22"),
        ("/issues/?q=502&type=bug", "/issues/?q=%22502%22+type%3Abug"),
        ("/issues/?q=1", None),
        ("/issues/?q=%22503%22", None),
        ("/issues/?q=-%23503+503", None),
        ("/issues/?q=WEB-502", None),
    ],
)
def test_where_no_issue_has_the_number_it_is_offered_as_a_word(product, triager, address, expected):
    create_issue(product, actor=triager, via="web", title="Payment fails with code 502", type="bug")
    page = at(triager).get(address)
    offered = re.search(r'href="([^"]*)">Search for “502” as a word', page.content.decode())
    assert (offered is not None) == (expected is not None)
    if expected:
        leads = address.partition("?")[0] + unescape(offered[1])
        assert (leads, keys(at(triager).get(leads))) == (expected, ["WEB-1"])


@pytest.mark.parametrize("address", ["/", "/issues/", "/issues/new/"])
def test_where_there_is_no_product_the_way_leads_to_the_first(administrator, stranger, address):
    def leads(user):
        return 'button-primary" href="/products/new/">' in at(user).get(address).content.decode()

    assert leads(administrator)
    assert not leads(stranger)
    create_product(actor=administrator, via="web", key="WEB", title="Web shop")
    assert not leads(administrator)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("status", [("New", ["WEB-3", "WEB-2"]), ("In progress", ["WEB-1"])]),
        ("priority", [("High", ["WEB-2"]), ("None", ["WEB-1", "WEB-3"])]),
        ("assignee", [("Rosa", ["WEB-1"]), ("Nobody", ["WEB-2", "WEB-3"])]),
        ("component", [("Cart", ["WEB-3"]), ("No component", ["WEB-2", "WEB-1"])]),
    ],
)
def test_a_list_is_shown_in_sections(product, triager, reporter, maintainer, group, expected):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    one, two, three = file(product, triager, 3)
    update_issue(one, actor=triager, via="web", assignee=reporter, status=Status.objects.get(slug="in-progress"))
    update_issue(two, actor=triager, via="web", priority=3)
    update_issue(three, actor=triager, via="web", component=cart)
    page = at(triager).get(f"/issues/?group={group}")
    sections = page.context["sections"]
    assert [section["title"] for section in sections] == [title for title, _keys in expected]
    for section, (_title, keys_of_it) in zip(sections, expected, strict=True):
        assert sorted(issue.key for issue in section["issues"]) == sorted(keys_of_it)
        assert sorted(keys(at(triager).get("/issues/" + section["address"]))) == sorted(keys_of_it)


def test_components_of_one_name_in_any_capitals_are_one_section(product, triager, administrator):
    other = create_product(actor=administrator, via="web", key="API", title="API", visibility="public")
    for home, name in ((product, "ÉTÉ"), (other, "Été")):
        component = create_part(Component, product=home, actor=administrator, via="web", name=name)
        create_issue(home, actor=administrator, via="web", title="One", component=component)
    (section,) = at(triager).get("/issues/?group=component").context["sections"]
    assert sorted(keys(at(triager).get("/issues/" + section["address"]))) == ["API-1", "WEB-1"]


@pytest.mark.parametrize("query", ["no:priority", "priority:none", "no:priority priority:none", "priority:none,high"])
def test_a_section_leads_on_in_the_place_of_what_the_query_says_of_its_field(product, triager, query):
    file(product, triager, 2)
    client = at(triager)
    (section,) = client.get("/issues/", {"q": query, "group": "priority"}).context["sections"]
    assert section["address"] == "?q=priority%3Anone"
    assert sorted(keys(client.get("/issues/" + section["address"]))) == ["WEB-1", "WEB-2"]


@pytest.mark.parametrize("amount", [10, 100])
def test_sections_show_ten_and_take_ten_statements(product, triager, amount, django_assert_max_num_queries):
    file(product, triager, amount, assignee=triager)
    client = at(triager)
    with django_assert_max_num_queries(10):
        page = client.get("/issues/?group=assignee")
    (section,) = page.context["sections"]
    assert (len(section["issues"]), section["more"]) == (10, amount > 10)
    assert f'</a> <span class="quiet">{amount}</span>' in page.content.decode()


@pytest.mark.parametrize(
    ("looked_at", "group", "shown", "cut"),
    [
        (1000, "component", ["2", "12", "1"], False),
        # The first are the newest: what has no component, then the cart.
        (14, "component", ["2", "12+", "1"], False),
        (12, "component", ["11+", "1"], True),
        (14, "assignee", ["14+"], True),
        (1000, "priority", ["10+"], False),
    ],
)
def test_sections_say_how_many_there_are_and_whether_there_may_be_others(
    product, triager, maintainer, monkeypatch, looked_at, group, shown, cut
):
    monkeypatch.setattr(groups, "LOOKED_AT", looked_at)
    for name, amount in (("Attic", 2), ("Cart", 12)):
        component = create_part(Component, product=product, actor=maintainer, via="web", name=name)
        file(product, triager, amount, component=component)
    file(product, triager, 1)
    page = at(triager).get(f"/products/WEB/issues/?q=is:open&group={group}").content.decode()
    assert re.findall(r'</a> <span class="quiet">([0-9]+\+?)</span>', page) == shown
    assert ("There may be more than these sections show" in page) == cut


@pytest.mark.parametrize(
    ("query", "titles"),
    [("is:open", ["New"]), ("", ["New", "Closed"]), ("is:closed", ["Closed"]), ("is:open,closed", ["New", "Closed"])],
)
def test_closed_statuses_are_sections_unless_all_is_open(product, triager, query, titles):
    file(product, triager, 2)
    closed = Status.objects.get(slug="closed")
    update_issue(Issue.objects.get(number=1), actor=triager, via="web", status=closed)
    page = at(triager).get("/issues/", {"group": "status", "q": query}).content.decode()
    assert re.findall(r'class="list-section"[^>]*><a [^>]*>([^<]+)</a>', page) == titles


@pytest.mark.parametrize("text", sorted({text for text, _canonical in UNDERSTOOD}))
def test_every_query_that_is_understood_has_a_page(product, stranger, text):
    for address in ("/issues/", "/products/WEB/issues/"):
        assert at(stranger).get(address, {"q": text}).status_code in (200, 400)


@pytest.mark.parametrize(
    ("text", "heading", "ticked", "clicked", "then"),
    [
        ("priority:high", "Priority", {"high"}, "high", ""),
        ("priority:high", "Priority", {"high"}, "low", "priority:low"),
        ("priority:LOW,high", "Priority", {"low", "high"}, "low", "priority:high"),
        ("priority:low,high", "Priority", {"low", "high"}, "medium", "priority:medium"),
        ("priority:>=high", "Priority", set(), "high", "priority:high"),
        ("priority:low..high", "Priority", set(), "low", "priority:low"),
        ("severity:s1..s3 word", "Severity", set(), "S1", "word severity:s1"),
        ("type:bug,task", "Type", {"bug", "task"}, "task", "type:bug"),
        ("-priority:low", "Priority", set(), "low", "priority:low"),
        ("-priority:low,medium -type:task", "Priority", set(), "low", "-type:task priority:low"),
        ("-priority:low", "Priority", set(), "high", "priority:high"),
        ("-priority:>=high", "Priority", set(), "high", "priority:high"),
        ("no:priority a", "Priority", set(), "high", "a priority:high"),
        ("priority:@none", "Priority", set(), "high", "priority:high"),
        ("-no:priority no:due", "Priority", set(), "high", "no:due priority:high"),
        ("-is:open -is:mine", "State", set(), "open", "-is:mine is:open"),
        ("is:open is:mine", "State", {"open"}, "closed", "is:mine is:closed"),
        ("is:open is:mine", "State", {"open"}, "open", "is:mine"),
    ],
)
def test_a_menu_shows_what_the_query_says_and_changes_that_alone(stranger, text, heading, ticked, clicked, then):
    menus = dict(Listing(QueryDict(urlencode({"q": text})), stranger).menus)
    links = {str(said): (address, chosen) for said, address, chosen in menus[heading]}
    assert {said for said, (_address, chosen) in links.items() if chosen} == ticked
    assert parse_qs(urlsplit(links[clicked][0]).query, keep_blank_values=True)["q"] == [then]


def test_what_one_is_asked_is_a_list_with_its_own_name(product, maintainer, triager, reporter):
    page = at(triager).get("/inbox/", follow=True).content.decode()
    assert "<title>Asked of me" in page
    assert "Nobody is waiting for you" in page
    assert re.findall(r'<a class="sidebar-link"[^>]*aria-current="page">.*?<span class="name">([^<]*)', page) == [
        "Asked of me"
    ]
    # Of nothing there is nothing to change.
    assert "Change all" not in page
    (issue,) = file(product, reporter, 1)
    ask(issue, actor=maintainer, via="web", requestee=triager, question="Which?")
    page = at(triager).get("/inbox/", follow=True)
    assert keys(page) == ["WEB-1"]
    assert "Change all" in page.content.decode()
    assert "<title>All issues" in at(triager).get("/issues/").content.decode()


def length(page):
    return re.search(r"<span class=\"count\" data-count>(.*?)</span>", page.content.decode())[1]


def test_a_list_of_one_page_says_how_long_it_is(product, triager):
    file_many(product, triager, 25)
    assert length(at(triager).get("/issues/?q=&page_size=25")) == "25 issues"


@pytest.mark.parametrize("home", ["/issues/", "/products/WEB/issues/"])
def test_a_longer_list_is_counted_when_it_is_asked_how_long_it_is(product, triager, home):
    file_many(product, triager, 27)
    client = at(triager)
    page = client.get(f"{home}?q=is:open&page_size=25")
    second = client.get(home + page.context["next"])
    for one, here in ((page, 25), (second, 2)):
        assert len(keys(one)) == here
        assert ">25+ issues</a>" in length(one)
        address = home + unescape(re.search(r'href="([^"]*)"', length(one))[1])
        counted = client.get(address)
        assert (length(counted), keys(counted), counted.context["listing"].errors) == ("27 issues", keys(one), {})
        fragment = client.get(address, headers={"X-Fragment": "count"})
        assert (fragment.content.decode(), fragment["Vary"]) == ("27 issues", "X-Fragment, Cookie")


def test_a_count_goes_as_far_as_to_the_cap_and_holds_what_its_reader_sees(product, triager, stranger, monkeypatch):
    file_many(product, triager, 27)
    file_many(product, triager, 30, confidential=True)
    counted = {"X-Fragment": "count"}
    told = [at(one).get("/issues/?q=", headers=counted).content.decode() for one in (triager, stranger)]
    assert told == ["57 issues", "27 issues"]
    monkeypatch.setattr("issues.views.lists.COUNTED", 20)
    assert at(stranger).get("/issues/?q=", headers=counted).content.decode() == "20+ issues"
    assert length(at(stranger).get("/issues/?q=&page_size=25&count=1")) == "20+ issues"
    assert at(stranger).get("/issues/?q=nothing", headers=counted).content.decode() == "0 issues"


def test_how_the_best_are_found_is_said_where_not_all_are_compared(product, triager, monkeypatch):
    file(product, triager, 3)
    page = at(triager).get("/issues/?q=issue").content.decode()
    assert "newest thousand" not in page
    monkeypatch.setattr("issues.finding.pages.RANKED", 2)
    monkeypatch.setattr("issues.views.lists.COUNTED", 2)
    NEWEST.kept.cache_clear()
    assert "newest thousand" in at(triager).get("/issues/?q=issue").content.decode()
    NEWEST.kept.cache_clear()


@pytest.mark.parametrize(
    ("query", "name", "offered", "referred"),
    [
        ("q=issue", "Relevance", True, "issue"),
        ("q=issue&group=status", "Updated", False, "issue sort:updated-desc"),
        ("q=issue+sort:relevance&group=status", "Updated", False, "issue sort:updated-desc"),
        ("q=issue+sort:votes&group=status", "Votes", False, "issue sort:votes-desc"),
        ("q=is:open&group=status", "Updated", False, "is:open"),
        ("q=issue&group=", "Relevance", True, "issue"),
    ],
)
def test_sections_say_the_order_that_they_have_and_their_issues_know_it(triager, query, name, offered, referred):
    listing = Listing(QueryDict(query), triager)
    said = [str(label) for label, _address, _chosen in listing.sorts]
    assert (listing.sort_name, "Relevance" in said) == (name, offered)
    assert [str(label) for label, _address, chosen in listing.sorts if chosen] == [name]
    assert listing.reference == urlencode({"q": referred})


@pytest.mark.parametrize(
    ("query", "ways", "turned"),
    [
        ("", {"updated": "descending"}, {"updated": "is:open sort:updated-asc"}),
        ("?q=sort:updated-asc", {"updated": "ascending"}, {}),
        ("?q=sort:number", {"key": "descending"}, {"key": "sort:number-asc"}),
        ("?q=sort:priority", {"priority": "descending"}, {"priority": "sort:priority-asc"}),
        ("?q=sort:due", {"due": "ascending"}, {}),
        ("?q=sort:due-desc,number", {"due": "descending"}, {}),
        ("?q=sort:status", {"status": "ascending"}, {"status": "sort:status-desc"}),
        ("?q=sort:created", {"created": "descending"}, {"created": "sort:created-asc"}),
        ("?q=sort:created-asc", {"created": "ascending"}, {}),
        ("?q=sort:severity", {}, {}),
        ("?q=issue", {}, {}),
    ],
)
def test_a_head_sorts_as_the_menu_does_and_turns_the_present_order_round(product, triager, query, ways, turned):
    file(product, triager, 1)
    also = "&".join(f"columns={name}" for name in ("created", "due", "comments", "updated"))
    page = at(triager).get(f"/issues/{query}{'&' if query else '?'}{also}")
    heads = re.findall(
        r'<th scope="col" class="col-([a-z]+)[^"]*"(?: aria-sort="(\w+)")?>(.*?)</th>', page.content.decode()
    )
    assert {name: way for name, way, _shown in heads if way} == ways
    links = {name: unescape(found[1]) for name, _way, shown in heads if (found := re.search(r'href="([^"]*)"', shown))}
    menu = {str(said): address for said, address, _chosen in page.context["listing"].sorts}
    names = {
        "priority": "Priority",
        "key": "Number",
        "status": "Status",
        "created": "Newest",
        "due": "Due date",
        "updated": "Updated",
    }
    assert links.keys() == names.keys()
    assert {name: links[name] for name in links if name not in turned} == {
        name: menu[said] for name, said in names.items() if name not in turned
    }
    assert {name: parse_qs(urlsplit(links[name]).query)["q"][0] for name in turned} == turned


@pytest.mark.parametrize("address", ["/issues/?group=status", "/"])
def test_the_heads_of_sections_are_not_seen_and_no_links(product, triager, address):
    file(product, triager, 1)
    page = at(triager).get(address).content.decode()
    assert "col-priority" in page and "sort-head" not in page


def test_whoever_chooses_columns_stays_at_the_page(product, triager):
    file(product, triager, 30)
    client = at(triager)
    first = client.get("/issues/?page_size=25&columns=votes")
    second = client.get("/issues/" + link(first, "next"))
    chosen = client.get("/issues/?" + urlencode([*second.context["listing"].kept_but_columns, ("columns", "due")]))
    assert keys(chosen) == keys(second) != keys(first)
    assert chosen.context["listing"].columns == ("due",)


def test_one_comment_is_one_to_a_screen_reader_too(product, triager):
    one, two = file(product, triager, 2)
    for issue, count in ((one, 1), (two, 2)):
        for _ in range(count):
            add_comment(issue, actor=triager, via="web", body="said")
    page = at(triager).get("/issues/?sort=number-asc").content.decode()
    assert re.findall(r'<span class="visually-hidden"> (comments?)</span>', page) == ["comment", "comments"]


@pytest.mark.parametrize("query", ["is:open sort:priority-desc", "one in:title", "one | two in:title sort:created"])
def test_all_that_a_list_finds_can_be_changed_in_its_order(product, triager, query):
    file(product, triager, 1)
    create_issue(product, actor=triager, via="web", title="one")
    page = at(triager).get("/products/WEB/issues/", {"q": query}).content.decode()
    (address,) = re.findall(r'href="(/issues/bulk/[^"]*)"', page)
    assert at(triager).get(unescape(address)).status_code == 200


def follow(client, page):
    """Return the next page of a list."""
    (address,) = set(re.findall(r'href="(\?[^"]*cursor[^"]*)"', page.content.decode()))
    return client.get(page.wsgi_request.path + unescape(address))


LONG = "is:open -" + " -".join(f"{'z' * 25}{number}" for number in range(34))


MANY = "is:open " + " ".join(f"-zzz{number}" for number in range(58))
DEEP = "is:open OR (b (c OR (b (c OR (b c)))))"


@pytest.mark.parametrize("query", ["label:nosuch", "(", LONG, MANY, DEEP])
def test_plain_parameters_go_along_beside_a_query_that_they_cannot_stand_in(product, triager, query):
    file_many(product, triager, 60, priority=3)
    file_many(product, triager, 20)
    client, plain = (
        at(triager),
        {"priority": "high,urgent", "author": "tom", "type": "bug", "severity": "unset,s1,s2,s3,s4"},
    )
    page = client.get("/issues/", {"q": query, **plain})
    second = follow(client, page)
    assert [len(keys(one)) for one in (page, second)] == [50, 10]
    assert len(set(keys(page) + keys(second))) == 60
    assert [one.context["listing"].text for one in (page, second)] == [query, query]
    sent = client.get("/issues/", page.context["listing"].kept)
    assert keys(sent) == keys(page)


@pytest.fixture
def three(product, administrator, triager, reporter):
    """WEB-1, WEB-2, which is confidential, APP-1, and SEC-1, which few see."""
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    other = create_product(actor=administrator, via="web", key="APP", title="App")
    file(product, triager, 1)
    create_issue(product, actor=reporter, via="web", title="Thing", confidential=True)
    file(other, administrator, 1, description="On UTF-8")
    file(private, administrator, 1)


@pytest.mark.parametrize(
    ("address", "text", "leads"),
    [
        ("/issues/", "WEB-1", "/issues/WEB-1/"),
        ("/issues/", " web-2 ", "/issues/WEB-2/"),
        ("/issues/", "#2", "/issues/WEB-2/"),
        ("/issues/", "2", "/issues/WEB-2/"),
        ("/products/WEB/issues/", "1", "/issues/WEB-1/"),
        ("/products/APP/issues/", "1", "/issues/APP-1/"),
        # Whatever list it is, a key is that of one issue.
        ("/products/WEB/issues/", "APP-1", "/issues/APP-1/"),
        ("/issues/?group=status", "WEB-1", "/issues/WEB-1/"),
        ("/issues/", "1", None),
        ("/issues/", "SEC-1", None),
        ("/products/APP/issues/", "2", None),
        ("/issues/", "WEB-1 is:open", None),
        ("/issues/", "WEB-1 nosuch:x", None),
        ("/issues/", "-WEB-1", None),
        ("/issues/", "id:WEB-1", None),
        ("/issues/", "UTF-8", None),
        ("/issues/", '"1"', None),
        ("/issues/?priority=none", "WEB-1", None),
    ],
)
def test_the_key_of_an_issue_alone_leads_to_it(three, triager, address, text, leads):
    client = at(triager)
    path, _mark, more = address.partition("?")
    asked = {"q": text, **QueryDict(more).dict()}
    answer = client.get(path, {**asked, "go": ""})
    assert (answer.url if answer.status_code == 302 else None) == leads
    # Whoever comes back, and whoever is still typing, is not sent on.
    page = client.get(path, asked)
    assert page.status_code == 200
    assert re.findall(r'data-opens="([^"]*)"', page.content.decode()) == ([leads] if leads else [])
    assert client.get(path, {**asked, "go": ""}, headers={"X-Fragment": "results"}).status_code == 200


def test_a_submit_of_other_words_shows_their_list(three, triager):
    page = at(triager).get("/issues/", {"q": "issue", "go": ""})
    assert (len(keys(page)), page.context["listing"].errors) == (2, {})
    assert "go=" not in "".join(re.findall(r'href="([^"]*)"', page.content.decode()))


@pytest.mark.parametrize(("said", "count"), [("assignee:tom", 2), ("assignee:@me", 2), ("no:assignee", 1)])
def test_a_filter_that_the_query_says_already_is_left_out(product, triager, said, count):
    file_many(product, triager, 2, assignee=triager)
    file_many(product, triager, 1)
    page = at(triager).get(f"/issues/?q=is:open+{said}&assignee=mia&priority=none")
    listing = page.context["listing"]
    assert (listing.text, listing.problems) == (f"is:open {said} priority:none", [])
    assert (list(listing.errors), len(keys(page))) == (["assignee"], count)
    assert "This is said already: say once what a field is that holds one value." in page.content.decode()


def test_an_order_beside_that_of_the_query_is_told_of(product, triager):
    view = create_view(actor=triager, via="web", name="Voted", query="is:open sort:votes")
    client = at(triager)
    for path, query in ((f"/views/{view.pk}/", "sort=created"), ("/issues/", "q=is:open+sort:votes&sort=created")):
        page = client.get(f"{path}?{query}")
        listing = page.context["listing"]
        assert (listing.text, list(listing.errors), listing.beside) == ("is:open sort:votes-desc", ["sort"], [])
        assert "The query says the order already: say it once." in page.content.decode()
        # What the page leads to says it once.
        for _said, address, _chosen in listing.sorts:
            assert not client.get(f"{path}{address}").context["listing"].errors


def test_what_is_suggested_leaves_the_rest_of_the_list_as_it_is(product, triager):
    client = at(triager)
    page = client.get("/issues/?q=assinee:tom&priority=high&group=status&page_size=25&columns=votes")
    ((_problem, (suggestion, *_more)),) = page.context["listing"].mended
    listing = client.get(f"/issues/{suggestion[1]}").context["listing"]
    assert (listing.text, listing.group, listing.size) == ("assignee:tom priority:high", "status", 25)
    assert listing.columns == ("votes",)


def test_a_key_that_names_nothing_is_suggested_as_words_and_not_as_itself(product, triager):
    page = at(triager).get("/issues/?q=WEB-99").content.decode()
    assert "There is no “WEB-99”. Did you mean" in page
    assert ">the words &quot;WEB-99&quot;</a>?" in page


def test_all_is_not_offered_to_be_changed_where_no_query_says_all(product, triager):
    file_many(product, triager, 2, priority=3)
    client, narrowed = at(triager), {"priority": "high", "author": "tom", "type": "bug"}
    assert b"/issues/bulk/?" in client.get("/issues/", {"q": "is:open", **narrowed}).content
    page = client.get("/issues/", {"q": LONG, **narrowed, "severity": "unset,s1,s2,s3,s4"})
    assert len(keys(page)) == 2 and page.context["listing"].beside
    assert b"/issues/bulk/?" not in page.content


def test_what_no_query_says_is_not_offered_to_be_saved(product, triager):
    file_many(product, triager, 2, priority=3)
    view = create_view(actor=triager, via="web", name="High", query="is:open")
    client, narrowed = at(triager), {"priority": "high", "author": "tom", "type": "bug"}
    for query, is_offered in (("is:open", True), (LONG, False)):
        page = client.get(f"/views/{view.pk}/", {"q": query, "severity": "unset,s1,s2,s3,s4", **narrowed})
        assert bool(page.context["listing"].beside) != is_offered
        for sign in (b'name="query"', f"/views/{view.pk}/save/".encode()):
            assert (sign in page.content) == is_offered
        # The menu stands outside of what scripts draw anew, which says so.
        assert (b" data-beside>" in page.content) != is_offered


def test_a_view_and_its_files_are_narrowed_alike(product, triager):
    file_many(product, triager, 3, priority=3)
    file_many(product, triager, 2)
    view = create_view(actor=triager, via="web", name="High", query="priority:high")
    client = at(triager)
    page = client.get(f"/views/{view.pk}/?type=bug")
    assert page.context["listing"].text == "priority:high type:bug"
    lines = b"".join(client.get(f"/views/{view.pk}/export.jsonl?type=bug").streaming_content).splitlines()
    assert len(keys(page)) == len(lines) == 3


@pytest.mark.parametrize(("people", "cut"), [(19, False), (25, True)])
def test_sections_that_have_no_place_are_told_of(product, triager, people, cut):
    for number in range(people):
        person = create_user(actor=None, via="web", username=f"u{number}", password="correct horse 7 battery")
        create_issue(product, actor=triager, via="web", title=f"{number}", assignee=person)
    create_issue(product, actor=triager, via="web", title="nobody's")
    page = at(triager).get("/issues/?group=assignee")
    assert len(page.context["sections"]) == 20
    assert page.context["sections"][-1]["title"] == "Nobody"
    assert ("There may be more than these sections show" in page.content.decode()) == cut


def test_a_first_list_asks_for_one_style_one_script_and_the_icons(client, product, triager):
    file(product, triager, 2)
    page = client.get("/issues/").content.decode()
    assert page.count('rel="stylesheet"') == 1
    assert len({address.partition("#")[0] for address in re.findall(r'(?:src|href)="(/static/[^"]*)"', page)}) == 3
