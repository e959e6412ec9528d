"""The plain filters of lists of issues, their order and their pages."""

import itertools

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import QueryDict

from issues import services
from issues.finding import search
from issues.models import Issue, Priority, Severity
from issues.query.fields import SORTS
from issuetracker import keyset
from products.models import Component, Label
from products.services import create_part, create_product


def found(query, user, product=None):
    """Return the titles of what `query` lets `user` see, in its order."""
    asked = search(user, params=QueryDict(query), product=product)
    page = keyset.paginate(asked.apply(Issue.objects.visible_to(user)), asked.ordering, size=100)
    return " ".join(issue.title for issue in page.rows)


@pytest.fixture
def issues(product, maintainer, triager, reporter):
    """Four issues, a to d, of which the last is closed."""

    def part(model, name):
        return create_part(model, product=product, actor=maintainer, via="web", name=name)

    bug, ui, cart = part(Label, "bug"), part(Label, "Ünder way"), part(Component, "Cart")

    def create(title, author=triager, **fields):
        return services.create_issue(product, actor=author, via="web", title=title, **fields)

    a = create("a", labels=[bug, ui], component=cart, priority=Priority.HIGH, severity=Severity.S1, due_on="2026-05-01")
    b = create("b", labels=[bug], assignee=reporter, parent=a, severity=Severity.S4, due_on="2026-04-01")
    create("c", author=reporter, labels=[ui], type="task")
    d = create("d", confidential=True, priority=Priority.LOW)
    services.update_issue(d, actor=triager, via="web", duplicate_of=b)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", "d c b a"),
        ("is=open", "c b a"),
        ("is=closed", "d"),
        ("is=open&is=unassigned", "c a"),
        ("is=open,closed", "d c b a"),
        ("is=mine", "d b a"),
        ("is=untriaged", "c b a"),
        ("is=triaged,confidential", "d"),
        ("is=duplicate", "d"),
        ("status=new", "c b a"),
        ("status=triage", "c b a"),
        ("status=closed,new", "d c b a"),
        ("category=closed", "d"),
        ("label=bug", "b a"),
        ("label=BUG&label=Ünder+way", "a"),
        ("label=bug,Ünder+way", "c b a"),
        ("label=@none", "d"),
        ("label=@any", "c b a"),
        ("component=cart", "a"),
        ("component=@none,cart", "d c b a"),
        ("assignee=rosa", "b"),
        ("assignee=@none", "d c a"),
        ("assignee=@any", "b"),
        ("author=@me", "d b a"),
        ("author=Rosa", "c"),
        ("type=task,bug", "d c b a"),
        ("type=task", "c"),
        ("priority=high", "a"),
        ("severity=s1,s4", "b a"),
        ("resolution=duplicate", "d"),
        ("resolution=@none", "c b a"),
        ("product=web", "d c b a"),
        ("parent=web-1", "b"),
        ("parent=@none", "d c a"),
        ("confidential=true", "d"),
        ("source=web", "d c b a"),
        ("sort=created-asc", "a b c d"),
        ("sort=priority", "a d c b"),
        ("sort=severity", "a b d c"),
        ("sort=severity-asc", "b a c d"),
        ("sort=due", "b a c d"),
        ("sort=due-desc", "a b d c"),
        ("priority=@none", "c b"),
        ("severity=%3E=s2", "a"),
        ("severity=<s1", "b"),
        ("due=2026-05", "a"),
        ("sort=status-asc,number-asc", "a b c d"),
    ],
)
def test_filters(issues, triager, query, titles):
    assert found(query, triager) == titles


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("label=nothing", "label", "unknown"),
        ("label=bug,nothing", "label", "unknown"),
        ("component=bug", "component", "unknown"),
        ("status=nothing", "status", "unknown"),
        ("is=odd", "is", "unknown"),
        ("assignee=nobody", "assignee", "unknown"),
        ("assignee=%00", "assignee", "character"),
        ("priority=9", "priority", "unknown"),
        ("product=NONE", "product", "unknown"),
        ("parent=WEB-99999999999999999999", "parent", "unknown"),
        ("parent=WEB-9999999999999999999", "parent", "unknown"),
        ('label=bug"+disk', "label", "value"),
        ('label=bug,"', "label", "value"),
        ('label=bug&assignee="rosa', "assignee", "value"),
        ("status=new&status=closed", "status", "repeated"),
        ("title=login+loo*", "title", "wildcard"),
        ("title=login(loo*", "title", "wildcard"),
        ("sort=title", "sort", "choice"),
        ("sort=updated-up", "sort", "choice"),
        ("sort=updated,updated-asc", "sort", "choice"),
        ("label=" + ",".join(map(str, range(61))), "label", "too_many"),
    ],
)
def test_refusals(issues, triager, query, field, code):
    with pytest.raises(ValidationError) as refused:
        search(triager, params=QueryDict(query))
    assert [(field, error[0].code) for field, error in refused.value.error_dict.items()] == [(field, code)]


@pytest.mark.parametrize(("sort", "code"), [("created", "repeated"), ("votes", "repeated"), ("nonsense", "choice")])
def test_an_order_is_said_once(issues, triager, sort, code):
    with pytest.raises(ValidationError) as refused:
        search(triager, text="is:open sort:votes", params=QueryDict(f"sort={sort}"))
    assert [(field, error[0].code) for field, error in refused.value.error_dict.items()] == [("sort", code)]
    assert search(triager, text="is:open sort:votes", params=QueryDict("sort=")).canonical == "is:open sort:votes-desc"


def test_all_names_are_looked_up_in_one_statement(issues, triager, django_assert_num_queries):
    list(Issue.objects.visible_to(triager)[:1])
    query = "label=bug&label=Ünder+way&component=Cart&assignee=@none,rosa&status=new&product=WEB&author=tom"
    with django_assert_num_queries(2):
        assert found(query, triager) == "a"
    with django_assert_num_queries(1):
        assert found("is=open&priority=high", triager) == "a"


def test_names_that_are_hidden_are_unknown(issues, administrator, stranger):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    create_part(Label, product=secret, actor=administrator, via="web", name="hush")
    services.create_issue(secret, actor=administrator, via="web", title="s")
    for query in ("label=hush", "product=SEC", "parent=SEC-1", "parent=WEB-4"):
        search(administrator, params=QueryDict(query))
        with pytest.raises(ValidationError):
            search(stranger, params=QueryDict(query))


def test_who_is_not_signed_in_can_ask_for_those_seen_on_issues_alone(issues):
    anonymous = AnonymousUser()
    assert found("author=rosa", anonymous) == "c"
    for query in ("author=mia", "assignee=@me", "is=mine"):
        with pytest.raises(ValidationError):
            search(anonymous, params=QueryDict(query))


def test_who_is_not_signed_in_can_ask_for_those_who_comment_on_what_they_see(issues, maintainer, stranger):
    a, b, d = (Issue.objects.get(title=title) for title in "abd")
    anonymous = AnonymousUser()
    services.add_comment(d, actor=maintainer, via="web", body="On a confidential one.")
    services.add_comment(a, actor=maintainer, via="web", body="A whisper.", internal=True)
    trashed = services.add_comment(b, actor=maintainer, via="web", body="In the trash.")
    services.trash_comment(trashed, actor=maintainer, via="web")
    services.add_comment(a, actor=stranger, via="web", body="Me too.")
    assert found("commenter=sam", anonymous) == found("involves=sam", anonymous) == "a"
    assert found("assignee=sam", anonymous) == ""
    with pytest.raises(ValidationError):
        search(anonymous, params=QueryDict("commenter=mia"))


def test_a_list_of_one_product_knows_its_names_alone(issues, administrator):
    other = create_product(actor=administrator, via="web", key="APP", title="App")
    for product in (other, "APP"):
        with pytest.raises(ValidationError):
            search(administrator, params=QueryDict("label=bug"), product=product)


def test_equal_lists_have_one_canonical_form(issues, triager):
    forms = {
        search(triager, params=QueryDict(query)).canonical
        for query in ("is=open&priority=high", "priority=HIGH&is=Open&label=", "is=open&priority==high&sort=")
    }
    assert forms == {"is:open priority:high"}


@pytest.mark.parametrize("sort", sorted(set(SORTS) - {"relevance"}))
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_forwards_and_back_show_each_issue_once(issues, triager, sort, direction):
    ordering = search(triager, text=f"sort:{sort}-{direction}").ordering
    rows = Issue.objects.visible_to(triager)
    whole = keyset.paginate(rows, ordering, size=100)
    assert (whole.next, whole.previous, len(whole.rows)) == (None, None, 4)
    pages, cursor = [], ""
    while cursor is not None:
        pages.append(keyset.paginate(rows, ordering, size=1, cursor=cursor))
        cursor = pages[-1].next
    assert [page.rows[0] for page in pages] == whole.rows
    assert pages[0].previous is None
    for before, page in itertools.pairwise(pages):
        assert keyset.paginate(rows, ordering, size=1, cursor=page.previous).rows == before.rows
    for place, row in enumerate(whole.rows):
        values = keyset.values_of(row, ordering)
        assert list(keyset.beginning(rows, ordering, values, False)) == whole.rows[place + 1 :]
        assert list(keyset.beginning(rows, ordering, values, True)) == whole.rows[:place][::-1]


def test_a_cursor_serves_its_query_and_its_reader_alone(issues, triager):
    ordering = search(triager).ordering
    rows = Issue.objects.visible_to(triager)
    cursor = keyset.paginate(rows, ordering, size=1, bound="one").next
    assert keyset.paginate(rows, ordering, size=1, cursor=cursor, bound="one").rows
    for bad, bound in (
        (cursor, "another"),
        (cursor + "x", "one"),
        ("x", "one"),
        ("é:\x00", "one"),
        (cursor[1:], "one"),
    ):
        with pytest.raises(keyset.CursorError):
            keyset.paginate(rows, ordering, size=1, cursor=bad, bound=bound)
