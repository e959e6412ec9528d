"""What open pages ask every few seconds: an empty answer while nothing has changed, and nothing for who may not see."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues.services import add_comment, create_issue, create_view, decide, trash_issue, update_issue, update_view, vote
from issues.tests.clients import at
from products.models import Label
from products.services import create_part

LISTS = (
    "/issues/?q=is:open",
    "/products/WEB/issues/?q=is:open",
    "/issues/?group=status",
    "/issues/?q=cart+|+basket&group=status",
    "/issues/?q=label:ui",
    "/",
)
FRAGMENTS = {"/triage/": "triage", "/issues/WEB-1/": "issue"}


@pytest.fixture
def issues(product, maintainer, reporter, triager):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="ui")
    made = [create_issue(product, actor=reporter, via="web", title=f"Cart {number}") for number in range(3)]
    for issue in made:
        update_issue(issue, actor=maintainer, via="web", assignee=triager, labels=[label])
    return made


def fragment(address):
    return FRAGMENTS.get(address.split("?")[0], "results")


def mark(answer):
    found = re.findall(r'data-mark="([^"]*)"', answer.content.decode())
    return ".".join(found)


def ask(client, address, since):
    joined = "&" if "?" in address else "?"
    return client.get(f"{address}{joined}since={since}", headers={"X-Fragment": fragment(address)})


@pytest.mark.parametrize("address", [*LISTS, *FRAGMENTS])
def test_the_answer_is_empty_until_something_changes(issues, triager, maintainer, address):
    client = at(triager)
    since = mark(client.get(address))
    same = ask(client, address, since)
    assert (same.status_code, same.content) == (204, b"")
    assert "no-store" in same["Cache-Control"] and "X-Fragment" in same["Vary"]
    update_issue(issues[0], actor=maintainer, via="web", title="Basket")
    changed = ask(client, address, since)
    assert changed.status_code == 200
    text = changed.content.decode()
    assert "Basket" in text and "<html" not in text and "nonce" not in text and "since=" not in text
    assert mark(changed) != since and ask(client, address, mark(changed)).status_code == 204


@pytest.mark.parametrize("address", ["/issues/?q=is:open", "/triage/"])
@pytest.mark.parametrize("change", ["filed", "decided", "trashed", "hidden"])
def test_what_comes_and_goes_is_noticed(issues, product, reporter, maintainer, administrator, address, change):
    client = at(maintainer)
    since = mark(client.get(address))
    doing = {"actor": maintainer, "via": "web"}
    {
        "filed": lambda: create_issue(product, title="New", **doing),
        "decided": lambda: decide(issues[2], "decline", resolution="invalid", **doing),
        "trashed": lambda: trash_issue(issues[2], **doing),
        "hidden": lambda: update_issue(issues[2], confidential=True, **doing),
    }[change]()
    assert ask(client, address, since).status_code == 200


def test_a_view_and_a_page_of_a_list_have_marks_of_their_own(issues, triager):
    view = create_view(actor=triager, via="web", name="Mine", query="is:open", shared=False)
    client = at(triager)
    for address in (view.get_absolute_url(), "/issues/?q=is:open&page_size=25"):
        assert ask(client, address, mark(client.get(address))).status_code == 204
    assert mark(client.get("/issues/?q=cart+sort:relevance")) == ""


@pytest.mark.parametrize(
    "change",
    [{"name": "Theirs"}, {"query": "is:open sort:updated,created"}, {"columns": ["votes"]}, {"group": "status"}],
)
def test_a_view_that_others_change_is_noticed_though_its_rows_are_the_same(issues, triager, change):
    view = create_view(actor=triager, via="web", name="Mine", query="is:open sort:updated")
    address = view.get_absolute_url()
    since = mark(at(triager).get(address))
    assert ask(at(triager), address, since).status_code == 204
    update_view(view, actor=triager, via="web", **change)
    assert ask(at(triager), address, since).status_code == 200


@pytest.mark.parametrize("who", ["reporter", "stranger", None])
@pytest.mark.parametrize("address", ["/issues/?q=is:open", "/issues/WEB-1/"])
def test_what_is_hidden_moves_no_mark(issues, product, maintainer, triager, request, who, address):
    secret = create_issue(product, actor=maintainer, via="web", title="Secret")
    update_issue(secret, actor=maintainer, via="web", confidential=True)
    client = at(request.getfixturevalue(who) if who else None)
    since = mark(client.get(address))
    update_issue(secret, actor=maintainer, via="web", title="Deep secret")
    add_comment(issues[0], actor=triager, via="web", body="Between us.", internal=True)
    assert ask(client, address, since).status_code == 204
    add_comment(issues[0], actor=triager, via="web", body="For all.")
    assert ask(client, address, since).status_code == 200


def test_triagers_see_what_is_internal(issues, maintainer, triager):
    client = at(triager)
    since = mark(client.get("/issues/WEB-1/"))
    add_comment(issues[0], actor=maintainer, via="web", body="Between us.", internal=True)
    assert "Between us." in ask(client, "/issues/WEB-1/", since).content.decode()


def test_votes_move_the_mark(issues, stranger, triager):
    client = at(triager)
    since = mark(client.get("/issues/WEB-1/"))
    vote(issues[0], actor=stranger, via="web")
    assert ask(client, "/issues/WEB-1/", since).status_code == 200


def test_for_who_sees_it_no_more_it_is_gone(issues, maintainer, stranger):
    client = at(stranger)
    since = mark(client.get("/issues/WEB-1/"))
    update_issue(issues[0], actor=maintainer, via="web", confidential=True)
    gone, never = ask(client, "/issues/WEB-1/", since), ask(client, "/issues/WEB-99/", since)
    assert gone.status_code == never.status_code == 404


@pytest.mark.parametrize("amount", [5, 40])
@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("/issues/?q=is:open", 1),
        ("/issues/?q=label:ui", 2),
        ("/issues/?group=priority", 2),
        ("/", 2),
        ("/issues/WEB-1/", 1),
        ("/triage/", 1),
        ("/triage/?issue=WEB-1", 2),
    ],
)
def test_it_takes_one_statement_beside_who_asks(issues, product, triager, address, own, amount):
    for number in range(amount):
        create_issue(product, actor=triager, via="web", title=f"More {number}")
    client = at(triager)
    since = mark(client.get(address))
    with CaptureQueriesContext(connection) as made:
        assert ask(client, address, since).status_code == 204
    # The session, the user and the memberships; SQLite is asked which products there are to walk along.
    asked = 3 + own + (connection.vendor == "sqlite")
    assert len(made) <= asked, [one["sql"][:90] for one in made]


def test_nothing_is_marked_that_is_not_shown(issues, product, maintainer, stranger):
    client, address = at(stranger), "/issues/?q=is:open"
    since = mark(client.get(address))
    hidden = create_issue(product, actor=maintainer, via="web", title="Hidden", confidential=True)
    update_issue(hidden, actor=maintainer, via="web", priority=4)
    assert ask(client, address, since).status_code == 204
    assert mark(client.get(address)) == since


@pytest.mark.parametrize("address", ["/issues/?q=is:open", "/issues/?group=priority"])
def test_whoever_signs_out_is_told_though_the_rows_are_the_same(issues, stranger, address):
    since = mark(at(stranger).get(address))
    assert ask(at(None), address, since).status_code == 200
