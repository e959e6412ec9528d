"""The page that changes many issues: what would change is shown, then done, and undone as one."""

import pytest

from history.models import Batch
from issues.models import Issue
from issues.services import create_issue, undo, update_issue
from products.models import Component, Label
from products.services import create_part, create_product

PAGE = "/issues/bulk/"


@pytest.fixture
def issues(product, maintainer, reporter):
    for model, name in ((Component, "Cart"), (Label, "bug"), (Label, "ui")):
        create_part(model, product=product, actor=maintainer, via="web", name=name)
    return [create_issue(product, actor=reporter, via="web", title=f"Cart {number}") for number in range(1, 5)]


def send(client, user, code=200, **data):
    client.force_login(user)
    answer = client.post(PAGE, data)
    assert answer.status_code == code, answer.content
    return " ".join(answer.content.decode().split())


def test_what_would_change_is_shown_and_then_done(client, issues, triager):
    ids = [issue.pk for issue in issues[:3]]
    update_issue(issues[0], actor=triager, via="web", priority=3, labels=[Label.objects.get(name="ui")])
    page = send(client, triager, ids=ids, words="p high l bug -l ui")
    assert "Priority: high" in page and "Label: + bug" in page and "Label: − ui" in page
    page = send(client, triager, ids=ids, words="p high")
    assert "2 would change" in page and "1 are so already" in page and "Change 2 issues" in page
    assert Issue.objects.filter(priority=3).count() == 1
    send(client, triager, 302, ids=ids, words="p high l bug -l ui c cart", apply="1", next="/issues/?q=cart")
    changed = Issue.objects.filter(priority=3, component__name="Cart")
    assert [[label.name for label in issue.label_list] for issue in changed] == [["bug"]] * 3
    page = client.get("/issues/?q=cart").content.decode()
    assert "3 changed, 0 left as they are." in page
    assert undo(Batch.objects.latest("id"), actor=triager, via="web").left_alone == []
    assert Issue.objects.filter(priority=3).count() == 1


def test_all_that_a_query_finds(client, issues, administrator, reporter, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(other, actor=reporter, via="web", title="Cart of another")
    client.force_login(triager)
    asked = " ".join(client.get(PAGE, {"q": "cart"}).content.decode().split())
    assert "5 issues are chosen" in asked
    page = send(client, triager, q="cart", words="s accepted")
    assert "4 would change" in page and "1 would be left as they are" in page and "API-1" in page
    send(client, triager, 302, q="cart", words="s accepted", apply="1")
    assert Issue.objects.filter(status__slug="accepted").count() == 4
    assert Batch.objects.latest("id").query == "cart"
    lists = client.get("/products/WEB/issues/?q=is:open").content.decode()
    assert "/issues/bulk/?q=product%3AWEB+%28is%3Aopen%29" in lists


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"words": "p huge"}, "huge"),
        ({"words": "priority"}, "needs a value"),
        ({"words": "l nope"}, "nope"),
        ({"q": "is:nonsense", "words": "p high"}, "nonsense"),
    ],
)
def test_what_is_wrong_is_said(client, issues, triager, data, said):
    page = send(client, triager, 400, **({} if "q" in data else {"ids": [issues[0].pk]}), **data, apply="1")
    assert said in page and 'role="alert"' in page
    assert not Issue.objects.filter(priority=3).exists()


def test_who_may_not_changes_nothing(client, issues, reporter, stranger, triager):
    update_issue(issues[0], actor=triager, via="web", confidential=True)
    ids = [issue.pk for issue in issues]
    client.force_login(stranger)
    answer = client.post(PAGE, {"ids": ids, "words": "p high", "apply": "1"})
    assert answer.status_code == 400 and "WEB-1" not in answer.content.decode()
    assert not Issue.objects.filter(priority=3).exists()
    client.logout()
    assert client.post(PAGE, {"ids": ids, "words": "p high", "apply": "1"}).status_code == 302


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "javascript:alert(1)", "//elsewhere.example"])
def test_it_leads_nowhere_else(client, issues, triager, target):
    assert target not in send(client, triager, ids=[issues[0].pk], words="p high", next=target)


def test_nothing_chosen(client, triager):
    assert "Choose issues in a list" in send(client, triager, ids=["x", "99999999999999999999"], words="p high")
