"""The parts of pages that scripts ask for: what they hold, who gets them, what they cost."""

import re

import pytest
from django.db import connection

from history.models import Batch
from issues.models import Issue, Status
from issues.services import add_comment, create_issue, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from products.models import Label
from products.services import create_part, create_product, update_product

ROW = {"X-Fragment": "row"}
RESULTS = {"X-Fragment": "results"}
FIELDS = ("status", "priority", "assignee", "labels")


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After **login**.")


@pytest.fixture
def secret(administrator):
    product = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    return create_issue(product, actor=administrator, via="web", title="Hidden")


def text(answer):
    return answer.content.decode()


def fresh(issue):
    return Issue.objects.get(pk=issue.pk)


def offered(answer):
    """Return the names of the fields that rows offer to change."""
    return sorted(set(re.findall(r'data-field="(\w+)"', text(answer))))


@pytest.mark.parametrize("address", ["/issues/", "/products/WEB/issues/", "/issues/?group=status"])
def test_results_come_alone_under_the_address_of_the_list(issue, triager, address):
    whole, alone = at(triager).get(address), at(triager).get(address, headers=RESULTS)
    assert "<!doctype html>" in text(whole)
    assert "<!doctype html>" not in text(alone)
    assert 'data-query="is:open"' in text(alone)
    assert "Cart empties" in text(alone)
    assert text(alone).strip()[:200] in text(whole)
    for answer in (whole, alone):
        assert "X-Fragment" in answer.headers["Vary"]


def test_results_carry_what_the_search_box_sends_along(issue, triager):
    page = at(triager).get("/issues/?q=is:open&group=status&page_size=25&columns=votes", headers=RESULTS)
    for name, value in (("group", "status"), ("page_size", "25"), ("columns", "votes")):
        assert f'<input type="hidden" name="{name}" value="{value}" form="search">' in text(page)


def test_results_say_what_is_wrong_with_a_query(issue, triager):
    page = at(triager).get("/issues/", {"q": "is:open asignee:@me"}, headers=RESULTS)
    assert "<mark>asignee:@me</mark>" in text(page)
    assert "q=is%3Aopen+assignee%3A%40me" in text(page)


def test_a_peek_shows_fields_text_and_the_last_comments(issue, triager, product, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    update_issue(issue, actor=triager, via="web", priority=3, labels=[label], assignee=triager)
    for n in range(7):
        add_comment(issue, actor=triager, via="web", body=f"Comment {n}.")
    page = text(at(triager).get("/issues/WEB-1/peek/"))
    for part in ("Cart empties", "After <strong>login</strong>.", "High", "a11y", "Tom", "Show all"):
        assert part in page
    assert re.findall(r"Comment \d", page) == [f"Comment {n}" for n in range(2, 7)]
    assert "<!doctype" not in page
    assert "<form" not in page


def test_a_peek_shows_internal_comments_to_triagers_alone(issue, triager, reporter):
    add_comment(issue, actor=triager, via="web", body="Ask finance.", internal=True)
    assert "Ask finance." in text(at(triager).get("/issues/WEB-1/peek/"))
    assert "Ask finance." not in text(at(reporter).get("/issues/WEB-1/peek/"))


@pytest.mark.parametrize("amount", [1, 30])
def test_a_peek_takes_eight_statements_at_the_most(issue, triager, amount, django_assert_max_num_queries):
    for n in range(amount):
        add_comment(issue, actor=triager, via="web", body=f"Comment {n}.")
    client = at(triager)
    with django_assert_max_num_queries(8):
        client.get("/issues/WEB-1/peek/")


@pytest.mark.parametrize("part", ["peek/", *(f"menu/{field}/" for field in FIELDS)])
def test_for_a_stranger_it_is_as_if_it_were_not_there(secret, stranger, part):
    for user in (stranger, None):
        hidden, absent = (at(user).get(f"/issues/{key}/{part}") for key in ("SEC-1", "SEC-9"))
        assert hidden.status_code == absent.status_code == 404
        assert without_nonce(hidden).replace("SEC-1", "") == without_nonce(absent).replace("SEC-9", "")
    answer = at(stranger).post("/issues/SEC-1/set/", {"priority": "low"}, headers=ROW)
    assert answer.status_code == 404


def without_nonce(answer):
    return re.sub(r'(nonce|name="csrfmiddlewaretoken" value)="[^"]+"', "", text(answer))


@pytest.mark.parametrize("field", FIELDS)
def test_a_menu_holds_the_forms_of_the_issue_page(issue, triager, field):
    menu, page = text(at(triager).get(f"/issues/WEB-1/menu/{field}/")), text(at(triager).get("/issues/WEB-1/"))
    assert 'action="/issues/WEB-1/set/"' in menu
    assert 'name="seen" value="1"' in menu
    for control in re.findall(r'<(?:button|input)[^>]* name="(?!csrf)\w+"[^>]*>', menu):
        assert control in page


def test_a_menu_costs_the_same_however_much_it_offers(
    issue, triager, product, maintainer, django_assert_max_num_queries
):
    for n in range(30):
        create_part(Label, product=product, actor=maintainer, via="web", name=f"label-{n}")
    client = at(triager)
    with django_assert_max_num_queries(6):
        assert "label-29" in text(client.get("/issues/WEB-1/menu/labels/"))


def test_who_may_change_what_in_a_row(issue, product, triager, reporter, viewer, stranger, administrator):
    create_issue(product, actor=triager, via="web", title="Of another")
    for user, expected in ((triager, sorted(FIELDS)), (reporter, ["status"]), (viewer, []), (stranger, []), (None, [])):
        assert offered(at(user).get("/issues/")) == expected
    assert text(at(reporter).get("/issues/")).count('data-field="status"') == 1
    assert offered(at(reporter).get("/")) == ["status"]
    update_product(product, actor=administrator, via="web", archived=True)
    assert offered(at(triager).get("/issues/")) == []


def test_who_it_is_assigned_to_stands_out_whoever_that_is(issue, triager, maintainer):
    def pressed():
        page = at(triager).get(f"/issues/{issue.key}/").content.decode()
        menu = page.partition('id="set-assignee"')[2].partition("</details>")[0]
        return re.findall(r'value="(\w*)" aria-pressed="true"', menu)

    for person in (None, triager, maintainer):
        update_issue(issue, actor=triager, via="web", assignee=person)
        assert pressed() == [person.username if person else ""]


@pytest.mark.parametrize(("who", "field", "status"), [("reporter", "priority", 403), ("reporter", "status", 200)])
def test_a_menu_is_for_those_who_may_use_it(issue, request, who, field, status):
    user = request.getfixturevalue(who)
    answer = at(user).get(f"/issues/WEB-1/menu/{field}/", headers={"X-Fragment": "menu"})
    assert answer.status_code == status
    assert ("data-errors" in text(answer)) == (status == 403)
    assert at(None).get(f"/issues/WEB-1/menu/{field}/").status_code == 302


def test_a_reporter_is_told_that_a_field_is_not_theirs(issue, reporter):
    answer = at(reporter).post("/issues/WEB-1/set/", {"priority": "urgent"}, headers=ROW)
    assert answer.status_code == 403
    assert "data-errors" in text(answer)
    assert "<!doctype" not in text(answer)
    assert fresh(issue).priority == 0


def test_a_change_is_answered_with_the_fresh_row_and_a_way_back(issue, triager):
    sent = {"priority": "urgent", "seen": "1", "columns": ["votes", "updated"], "list": "q=is:open"}
    answer = at(triager).post("/issues/WEB-1/set/", sent, headers=ROW)
    assert answer.status_code == 200
    assert 'data-issue="WEB-1" data-seen="2"' in text(answer)
    assert "is-urgent" in text(answer)
    assert re.findall(r'<td class="(col-[a-z]+)', text(answer))[4:-1] == ["col-votes", "col-updated"]
    assert "/issues/WEB-1/?list=q%3Dis%3Aopen" in text(answer)
    assert f"/batches/{Batch.objects.latest('id').pk}/undo/" in text(answer)
    assert "WEB-1 is changed." not in text(at(triager).get("/issues/"))


def test_undo_is_answered_with_the_row_as_it_was(issue, triager):
    client = at(triager)
    client.post("/issues/WEB-1/set/", {"status": "closed", "resolution": "fixed"}, headers=ROW)
    batch = Batch.objects.latest("id")
    answer = client.post(f"/batches/{batch.pk}/undo/", headers=ROW)
    assert fresh(issue).status.slug == "new"
    assert 'data-issue="WEB-1"' in text(answer)
    assert "Undone in WEB-1." in text(answer)
    again = client.post(f"/batches/{batch.pk}/undo/", headers=ROW)
    assert again.status_code == 409
    assert "data-errors" in text(again)


def test_a_bad_value_is_explained_beside_the_row(issue, triager):
    answer = at(triager).post("/issues/WEB-1/set/", {"assignee": "nobody.knows"}, headers=ROW)
    assert answer.status_code == 400
    assert "There is no active person of that name." in text(answer)
    assert 'data-issue="WEB-1"' in text(answer)


def test_what_somebody_has_changed_meanwhile_is_shown(issue, triager, maintainer):
    update_issue(issue, actor=maintainer, via="web", priority=1)
    answer = at(triager).post("/issues/WEB-1/set/", {"priority": "urgent", "seen": "1"}, headers=ROW)
    assert answer.status_code == 409
    assert "Somebody has changed this meanwhile" in text(answer)
    assert "is-low" in text(answer)
    assert fresh(issue).priority == 1


def test_a_change_without_a_script_goes_back_to_the_issue(issue, triager):
    assert at(triager).post("/issues/WEB-1/set/", {"priority": "urgent"}).url == "/issues/WEB-1/#fields"


@pytest.mark.parametrize("amount", [10, 100])
@pytest.mark.parametrize(
    ("address", "limit"),
    [
        ("/issues/?page_size=100", 4),
        ("/issues/?page_size=100&columns=author&columns=version", 4),
        ("/issues/?group=status", 6),
    ],
)
def test_results_take_as_many_statements_however_long(
    product, triager, reporter, maintainer, amount, address, limit, django_assert_max_num_queries
):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    statuses = list(Status.objects.exclude(category="closed"))
    for place, status in enumerate(statuses):
        count = len(range(place, amount, len(statuses)))
        file_many(product, triager, count, status=status, labels=[label], assignee=triager)
    for user in (triager, reporter):
        client = at(user)
        # SQLite is asked first which products there are to walk along.
        with django_assert_max_num_queries(limit + (connection.vendor == "sqlite")):
            client.get(address, headers=RESULTS)
