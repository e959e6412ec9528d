"""Searching for words: the best first, page by page, with the place where they were found."""

import re
from datetime import date
from itertools import chain

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from issues import services
from issues.finding import conditions, search
from issues.finding.pages import IDS, paginate, paginate_seen, ranked
from issues.finding.snippets import add_snippets
from issues.models import Issue, WordCount
from issues.views.rows import read_rows
from issuetracker import homes
from products.services import create_product, set_member


def file(product, actor, title, **fields):
    return services.create_issue(product, actor=actor, via="web", title=title, **fields)


def titles(query, user):
    asked = search(user, text=query)
    page = paginate(asked.apply(Issue.objects.visible_to(user)), asked, size=50)
    return [issue.title for issue in page.rows]


def test_a_title_counts_for_more_than_a_text_and_a_text_for_more_than_a_comment(product, triager):
    in_title = file(product, triager, "login")
    file(product, triager, "in the text", description="The login does nothing.")
    said = file(product, triager, "in a comment")
    services.add_comment(said, actor=triager, via="web", body="login")
    file(product, triager, "nowhere")
    newer = file(product, triager, "login, newer")
    assert titles("login", triager) == [newer.title, in_title.title, "in the text", "in a comment"]
    assert titles("login sort:created-asc", triager)[0] == "login"


@pytest.mark.parametrize("rare", [0, 5000])
def test_internal_comments_count_for_triagers_alone(product, triager, stranger, monkeypatch, rare):
    # Rare words are looked up in the index, common ones in each issue.
    monkeypatch.setattr(conditions, "RARE", rare)
    one = file(product, triager, "one login")
    two = file(product, triager, "two", description="login")
    services.add_comment(two, actor=triager, via="web", body="login whisper", internal=True)
    assert titles("whisper", triager) == ["two"]
    assert titles("whisper", stranger) == titles("whisper", AnonymousUser()) == []
    for user in (stranger, AnonymousUser()):
        asked = search(user, text="login")
        assert [pk for _score, pk in ranked(asked)] == [one.pk, two.pk]
    # A rank is no oracle: what a stranger may not read does not move it.
    before = scores("login", stranger)
    services.add_comment(two, actor=triager, via="web", body="login login login", internal=True)
    assert scores("login", stranger) == before


@pytest.mark.parametrize("rare", [0, 5000])
@pytest.mark.parametrize("query", ["whisper", "mentions:rosa", "involves:rosa"])
def test_internal_comments_are_found_by_the_triagers_of_their_product_alone(
    product, triager, stranger, reporter, administrator, monkeypatch, rare, query
):
    monkeypatch.setattr(conditions, "RARE", rare)
    other = create_product(actor=administrator, via="web", key="APP", title="App", visibility="public")
    set_member(other, stranger, "triager", actor=administrator, via="web")
    for home, actor, title in ((other, stranger, "first"), (product, triager, "own"), (other, stranger, "last")):
        said = file(home, actor, title)
        services.add_comment(said, actor=actor, via="web", body="A whisper to @rosa", internal=True)
    assert titles(query, triager) == ["own"]
    assert sorted(titles(query, stranger)) == ["first", "last"]
    assert titles(query, reporter) == []


def scores(query, user):
    return ranked(search(user, text=query))


@pytest.mark.parametrize("rare", [0, 5000])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("GitHub", ["CI on GitHub", "github", "git hub"]),
        ("gitHub*", ["CI on GitHub", "github", "git hub", "githubs"]),
        ("github", ["CI on GitHub", "github"]),
        ("hub", ["CI on GitHub", "git hub"]),
        ("title:GitHub", ["CI on GitHub", "github", "git hub"]),
        ("GitHub in:body", []),
        ("GitHub CI", ["CI on GitHub"]),
        ("-GitHub", ["githubs", "git"]),
    ],
)
def test_a_name_is_found_however_its_letters_are_written(product, triager, monkeypatch, rare, query, found):
    monkeypatch.setattr(conditions, "RARE", rare)
    for title in ("CI on GitHub", "github", "git hub", "githubs", "git"):
        file(product, triager, title)
    assert sorted(titles(query, triager)) == sorted(found)


def test_pages_of_a_search_follow_one_another_both_ways(product, triager, maintainer):
    wanted = [file(product, triager, f"login {number}").pk for number in range(7)][::-1]
    asked = search(triager, text="login")
    rows = asked.apply(Issue.objects.visible_to(triager))
    first = paginate(rows, asked, size=3)
    second = paginate(rows, asked, size=3, cursor=first.next)
    third = paginate(rows, asked, size=3, cursor=second.next)
    pages = [[issue.pk for issue in page.rows] for page in (first, second, third)]
    assert pages == [wanted[:3], wanted[3:6], wanted[6:]]
    assert (first.previous, third.next, first.count) == (None, None, 7)
    assert paginate(rows, asked, size=3, cursor=third.previous).rows == second.rows
    assert paginate(rows, asked, size=3, cursor=second.previous).rows == first.rows
    services.trash_issue(
        second.rows[0], actor=product.owner or triager.__class__.objects.get(username="ada"), via="web"
    )
    assert [issue.pk for issue in paginate(rows, asked, size=3, cursor=first.next).rows] == wanted[4:7]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("password", "<mark>password</mark>"),
        ("pass*", "<mark>password</mark>"),
        ("whisper", "<mark>whisper</mark>"),
        ("passkey", "<mark>passkey</mark>"),
    ],
)
def test_the_list_shows_where_words_were_found(product, triager, query, shown):
    issue = file(product, triager, "A login loop", description="Asks for the <i>password</i> again.")
    services.add_comment(issue, actor=triager, via="web", body="The passkey too.")
    services.add_comment(issue, actor=triager, via="web", body="An internal whisper.", internal=True)
    client = Client()
    client.force_login(triager)
    page = client.get("/issues/", {"q": query}).content.decode()
    assert shown in page
    assert "<i>password" not in page


def shown_for(query, user):
    """Return `(title, snippet)` of the first row of the list, as HTML."""
    client = Client()
    client.force_login(user)
    page = client.get("/issues/", {"q": query}).content.decode()
    title = re.search(r'class="issue-link"[^>]*>(.*?)</a>', page)[1]
    snippet = re.search(r'<div class="snippet">(.*?)</div>', page)
    return title, snippet and snippet[1]


@pytest.mark.parametrize(
    ("query", "title", "snippet"),
    [
        ("login", "A <mark>login</mark> &lt;loop&gt;", None),
        ("loop", "A login &lt;<mark>loop</mark>&gt;", None),
        ("password", "A login &lt;loop&gt;", "Asks for the <mark>password</mark> again: see this, see that."),
        (
            "see in:body",
            "A login &lt;loop&gt;",
            "Asks for the password again: <mark>see</mark> this, <mark>see</mark> that.",
        ),
        # What is written nowhere else is shown as it is written.
        ("nowhere", "A login &lt;loop&gt;", "…&lt;b&gt;see&lt;/b&gt; [that](https://<mark>nowhere</mark>.test/)."),
    ],
)
def test_words_are_marked_in_what_is_read(product, triager, query, title, snippet):
    text = "<details>Asks for the password again: see [this](https://there.test/?a=1), <b>see</b>"
    file(product, triager, "A login <loop>", description=f"{text} [that](https://nowhere.test/).")
    assert shown_for(query, triager) == (title, snippet)


def test_a_word_far_down_in_a_text_is_shown_by_one_statement_more(product, triager, django_assert_num_queries):
    for number in range(3):
        file(product, triager, f"{number}", description="lorem ipsum " * 600 + "valgrind " + "dolor " * 600)
    file(product, triager, "near", description="valgrind")

    def rows(query):
        asked = search(triager, text=query)
        found = read_rows(list(asked.apply(Issue.objects.all()).values_list("pk", flat=True)), triager, searched=True)
        return asked, list(found.values())

    asked, found = rows("valgrind")
    with django_assert_num_queries(2):
        add_snippets(found, asked)
    assert [("valgrind", True) in row.snippet for row in found] == [True] * 4
    asked, found = rows("valgrind near")
    with django_assert_num_queries(0):
        add_snippets(found, asked)


def test_a_stranger_is_shown_no_internal_text(product, triager):
    issue = file(product, triager, "A login loop", description="An open whisper.")
    services.add_comment(issue, actor=triager, via="web", body="login: the secret whisper", internal=True)
    page = Client().get("/issues/", {"q": "login whisper"}).content.decode()
    assert "<mark>whisper</mark>" in page
    assert "secret" not in page


@pytest.mark.parametrize("few", [0, 50])
@pytest.mark.parametrize(
    "sort", ["updated-desc", "created-asc", "severity-desc", "due-asc", "closed-desc", "status-asc"]
)
def test_readers_of_few_products_and_of_many_get_the_same_pages(
    few, sort, product, administrator, triager, monkeypatch
):
    monkeypatch.setattr(homes, "FEW", few)
    IDS.kept.cache_clear()
    other = create_product(actor=administrator, via="web", key="OTHER", title="Other")
    for number in range(9):
        severity = {"severity": number % 3} if number % 2 else {"due_on": date(2026, 1, 1 + number // 3)}
        home = other if number % 4 == 0 else product
        file(home, administrator, f"{number}", **severity)
    asked = search(triager, text=f"sort:{sort}")
    rows = asked.apply(Issue.objects.visible_to(triager))
    there, page = [], paginate(rows, asked, size=2)
    first = page
    while page.next:
        there.append([issue.pk for issue in page.rows])
        page = paginate(rows, asked, size=2, cursor=page.next)
    back = [[issue.pk for issue in page.rows]]
    while page.previous:
        page = paginate(rows, asked, size=2, cursor=page.previous)
        back.append([issue.pk for issue in page.rows])
    whole = [issue.pk for issue in paginate(rows, asked, size=50).rows]
    assert len(whole) == 9
    assert [*chain.from_iterable(there), *back[0]] == whole
    assert [*chain.from_iterable(reversed(back))] == whole
    assert first.previous is None
    seen, page = [], paginate_seen(asked, Issue.objects.in_bulk, size=2)
    while page.next:
        seen += page.rows
        page = paginate_seen(asked, Issue.objects.in_bulk, size=2, cursor=page.next)
    assert [issue.pk for issue in (*seen, *page.rows)] == whole
    page = paginate_seen(asked, Issue.objects.in_bulk, size=2, cursor=page.previous)
    assert [issue.pk for issue in page.rows] == whole[6:8]


def test_the_list_of_a_product_walks_along_its_issues_alone(product, triager, stranger):
    issue = file(product, triager, "one")
    for user in (triager, stranger):
        asked = search(user, text="is:open", product=product.key)
        with CaptureQueriesContext(connection) as caught:
            page = paginate_seen(asked, lambda found: {pk: pk for pk in found}, size=5, cap=10)
        # Joined to its product, PostgreSQL would sort all of them.
        assert "JOIN" not in caught[-1]["sql"]
        assert (page.rows, page.count) == ([issue.pk], 1)


def test_how_rare_a_word_is_hangs_on_nothing_that_is_hidden(product, triager, stranger, administrator):
    hidden = create_product(actor=administrator, via="web", key="PRIV", title="Private", visibility="private")
    WordCount.objects.create(word="login", documents=10)
    before = {user: search(user, text="login").weights for user in (triager, stranger, administrator)}
    assert len(set(before.values())) == 1
    WordCount.objects.create(word="login", documents=1000, product=hidden)
    assert search(stranger, text="login").weights == search(triager, text="login").weights == before[stranger]
    assert search(administrator, text="login").weights < before[administrator]
