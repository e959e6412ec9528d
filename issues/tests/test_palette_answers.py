"""What the palette is told: places, and the meaning of words for an issue, only as far as its reader may see."""

import pytest
from django.urls import reverse

from accounts.models import User
from history.models import Batch
from issues.models import Issue, Status
from issues.services import create_issue, create_view, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from products.models import Component, Label, Milestone
from products.services import create_part, create_product


@pytest.fixture
def issue(product, reporter, maintainer):
    for model, name in ((Component, "User accounts"), (Component, "Cart"), (Milestone, "26.12")):
        create_part(model, product=product, actor=maintainer, via="web", name=name)
    for name in ("ui", "needs design", "ui/forms"):
        create_part(Label, product=product, actor=maintainer, via="web", name=name)
    return create_issue(product, actor=reporter, via="web", title="The cart empties itself", description="Login.")


@pytest.fixture
def secret(administrator):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret shop", visibility="private")
    create_part(Label, product=private, actor=administrator, via="web", name="hush")
    create_view(actor=administrator, via="web", name="Secret view", query="is:open", shared=True, product=private)
    return create_issue(private, actor=administrator, via="web", title="Secret cart")


def found(user, text):
    answer = at(user).get("/palette/", {"q": text})
    assert answer.headers["Cache-Control"] == "private, no-store"
    return [(place["name"], place["url"]) for place in answer.json()["places"]]


def words(user, text, key="WEB-1"):
    return at(user).get(f"/issues/{key}/words/", {"q": text})


def changes(answer):
    return {one["label"]: (one["before"], one["after"]) for one in answer.json()["changes"]}


def problems(answer):
    return [(one["word"], one["message"], one["suggestions"]) for one in answer.json()["problems"]]


def test_places_are_found_by_name_by_key_and_by_words(issue, triager):
    create_view(actor=triager, via="web", name="Cart trouble", query="is:open", shared=False)
    cart = ("The cart empties itself", "/issues/WEB-1/")
    assert found(triager, "cart")[0][0] == "Cart trouble"
    assert found(triager, "cart")[1:] == [cart]
    for text in ("web-1", "1", "#1", "emp", "login cart"):
        assert cart in found(triager, text), text
    assert ("Web shop", "/products/WEB/") in found(triager, "shop")
    assert ("My work", "/") in found(triager, "wor")
    assert found(triager, "") == []
    assert found(triager, "nothing-has-this") == []
    assert found(None, "wor") == []


def test_a_stranger_finds_nothing_of_what_is_private(issue, secret, stranger, administrator, triager):
    create_view(actor=triager, via="web", name="Personal secret", query="is:open", shared=False)
    update_issue(issue, actor=triager, via="web", confidential=True)
    for text in ("secret", "sec-1", "sec", "1", "cart", "hush", "tom", "web-1", "login"):
        for user in (stranger, None):
            assert not [one for one in found(user, text) if "/issues/" in one[1] and one[1] != "/issues/"], text
            assert not [one for one in found(user, text) if "ecret" in one[0]], text
    names = [name for name, _url in found(administrator, "secret")]
    assert names == ["Secret shop", "Secret view", "Secret cart"]


@pytest.mark.parametrize("text", ["cart", "web-1", "1", "e", "OR", "is:open", '"', "(", "-", "*", "é", "\\", "9" * 30])
@pytest.mark.parametrize("amount", [3, 60])
def test_places_take_as_many_statements_however_many_there_are(
    issue, product, triager, text, amount, django_assert_max_num_queries
):
    file_many(product, triager, amount)
    for n in range(amount // 3):
        create_view(actor=triager, via="web", name=f"Cart {n}", query="is:open", shared=False)
    client = at(triager)
    with django_assert_max_num_queries(11):
        answer = client.get("/palette/", {"q": text})
    assert answer.status_code == 200
    assert len(answer.json()["places"]) <= 8


def test_words_are_told_as_what_a_form_sends(issue, triager):
    answer = words(triager, 'p high a @me l ui l "needs design" c "user accounts" m 26 s in-progress d 2031-05-06')
    assert problems(answer) == []
    assert changes(answer) == {
        "Priority": ("none", "high"),
        "Assignee": ("nobody", "Tom"),
        "Labels": ("none", "needs design, ui"),
        "Component": ("none", "User accounts"),
        "Milestone": ("none", "26.12"),
        "Status": ("New", "In progress"),
        "Due date": ("none", "6 May 2031"),
    }
    told = answer.json()
    before = Batch.objects.count()
    sent: dict = {"seen": told["seen"]}
    for name, value in told["fields"]:
        sent.setdefault(name, []).append(value)
    done = at(triager).post(told["action"], sent, headers={"X-Fragment": "row"})
    assert done.status_code == 200
    fresh = Issue.objects.get(pk=issue.pk)
    assert (fresh.priority_slug, fresh.assignee, fresh.status.slug) == ("high", triager, "in-progress")
    assert [label.name for label in fresh.label_list] == ["needs design", "ui"]
    assert (fresh.component.name, fresh.milestone.name, str(fresh.due_on)) == ("User accounts", "26.12", "2031-05-06")
    assert Batch.objects.count() == before + 1
    assert reverse("batch-undo", args=[Batch.objects.latest("id").pk]) in done.content.decode()


def test_words_empty_fields_and_take_labels_away(issue, triager):
    labels = list(Label.objects.filter(name__in=["ui", "needs design"]))
    cart = Component.objects.get(name="Cart")
    update_issue(issue, actor=triager, via="web", labels=labels, component=cart, assignee=triager, due_on="2031-01-01")
    answer = words(triager, "-l ui l ui/forms c none a none d none p none")
    assert problems(answer) == []
    assert changes(answer) == {
        "Component": ("Cart", "none"),
        "Assignee": ("Tom", "nobody"),
        "Due date": ("1 Jan 2031", "none"),
        "Labels": ("needs design, ui", "needs design, ui/forms"),
    }


def test_words_close(issue, triager):
    answer = words(triager, "s wont-do")
    assert changes(answer) == {"Status": ("New", "Closed: won’t do")}
    assert answer.json()["fields"] == [["status", "closed"], ["resolution", "wont-do"]]
    assert changes(words(triager, "s fix")) == {"Status": ("New", "Closed: fixed")}
    closed = Status.objects.get(slug="closed")
    update_issue(issue, actor=triager, via="web", status=closed)
    assert changes(words(triager, "s new"))["Status"] == ("Closed: fixed", "New")
    assert changes(words(triager, "s closed")) == {}


@pytest.mark.parametrize(
    ("text", "word", "message", "suggestions"),
    [
        ("p hihg", "hihg", "There is no priority “hihg”.", ["high"]),
        ("p", "", "“p” needs a value.", [" urgent", " high", " medium", " low", " none"]),
        ("l need x", "x", "There is no field “x”", []),
        ("l u", "u", "There is no label “u”.", ["ui", "ui/forms"]),
        ("c Crat", "Crat", "There is no component “Crat”.", ["Cart"]),
        ("c user-acounts", "user-acounts", "There is no component “user-acounts”.", ['"User accounts"']),
        ("a ghost", "ghost", "There is no assignee “ghost”.", []),
        ("-l ui", "ui", "WEB-1 has no label “ui”.", []),
        ("d someday", "someday", "“someday” is no day: 2026-12-24, today, +2w or none.", []),
        ("prioriti high", "prioriti", "There is no field “prioriti”", ["priority"]),
    ],
)
def test_what_is_wrong_is_told_with_what_can_stand_there(issue, triager, text, word, message, suggestions):
    told = problems(words(triager, text))
    assert len(told) == 1
    assert told[0][0] == word
    assert told[0][1].startswith(message)
    assert told[0][2][: len(suggestions)] == suggestions


@pytest.mark.parametrize(
    ("text", "word", "other", "suggestions"),
    [
        ("l area/pay", "area/pay", "area/cart", ["area/pay -l area/cart"]),
        ("p high l area/pay", "area/pay", "area/cart", ["area/pay -l area/cart"]),
        ("-l area/cart l area/pay l area/ship", "area/ship", "area/pay", []),
        ("l area/pay -l area/cart", None, None, []),
        ("l kind/new", None, None, []),
    ],
)
def test_labels_that_exclude_one_another_are_foreseen(
    issue, product, triager, maintainer, text, word, other, suggestions
):
    names = ("area/cart", "area/pay", "area/ship", "kind/new")
    parts = {"product": product, "actor": maintainer, "via": "web"}
    first, *_others = [create_part(Label, name=name, **parts) for name in names]
    update_issue(issue, actor=triager, via="web", labels=[first])
    answer = words(triager, text)
    said = f"{word} and {other} exclude one another."
    assert problems(answer) == ([(word, said, suggestions)] if word else [])
    sent = {"seen": 9}
    for name, value in answer.json()["fields"]:
        sent.setdefault(name, []).append(value)
    # What was foreseen is what the service says.
    assert at(triager).post("/issues/WEB-1/set/", sent).status_code == (400 if word else 302)


def test_somebody_who_is_no_member_can_be_named_in_full(issue, triager, stranger):
    assert changes(words(triager, "a sam"))["Assignee"] == ("nobody", "Sam")
    assert changes(words(triager, "a @rosa"))["Assignee"] == ("nobody", "Rosa")
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    assert problems(words(triager, "a sam"))[0][1] == "There is no assignee “sam”."


def test_who_may_not_set_a_field_is_told_no_names(issue, stranger, reporter):
    for user in (stranger, None):
        answer = words(user, "l u a t c Crat p hihg")
        assert {message for _word, message, _suggestions in problems(answer)} == {
            "You may not set the labels of WEB-1.",
            "You may not set the assignee of WEB-1.",
            "You may not set the component of WEB-1.",
            "You may not set the priority of WEB-1.",
        }
        assert not any(suggestions for _word, _message, suggestions in problems(answer))
        assert answer.json()["changes"] == []
        assert problems(words(user, "a"))[0][2] == []
    assert changes(words(reporter, "s closed"))["Status"][1] == "Closed: fixed"
    assert problems(words(reporter, "p high"))


def test_for_a_stranger_it_is_as_if_the_issue_were_not_there(secret, stranger):
    for user in (stranger, None):
        assert words(user, "p high", "SEC-1").status_code == words(user, "p high", "SEC-9").status_code == 404


def test_only_labels_and_parts_of_its_own_product_are_known(issue, secret, administrator):
    assert problems(words(administrator, "l hush"))[0][1:] == ("There is no label “hush”.", [])
    assert changes(words(administrator, "l hush", "SEC-1")) == {"Labels": ("none", "hush")}


@pytest.mark.parametrize("amount", [1, 30])
def test_words_take_as_many_statements_however_much_there_is(
    issue, product, triager, maintainer, amount, django_assert_max_num_queries
):
    for n in range(amount):
        create_part(Label, product=product, actor=maintainer, via="web", name=f"label-{n}")
    client = at(triager)
    with django_assert_max_num_queries(8):
        answer = client.get("/issues/WEB-1/words/", {"q": "p high a sam l ui l label-0 c cart d +2w"})
    assert len(answer.json()["changes"]) >= 3


@pytest.mark.parametrize("field", ["severity", "component", "due_on", "comment"])
def test_the_menus_of_the_other_keys(issue, triager, stranger, field):
    answer = at(triager).get(f"/issues/WEB-1/menu/{field}/", headers={"X-Fragment": "menu"})
    assert answer.status_code == 200
    assert 'method="post"' in answer.content.decode()
    assert at(None).get(f"/issues/WEB-1/menu/{field}/").status_code == 302
    if field != "comment":
        assert at(stranger).get(f"/issues/WEB-1/menu/{field}/").status_code == 403


def test_a_comment_from_a_row_is_answered_with_the_row(issue, triager, viewer):
    row = {"X-Fragment": "row"}
    answer = at(triager).post("/issues/WEB-1/comments/", {"body": "Seen."}, headers=row)
    assert (answer.status_code, 'data-issue="WEB-1"' in answer.content.decode()) == (200, True)
    assert "WEB-1: comment added." in answer.content.decode()
    answer = at(triager).post("/issues/WEB-1/comments/", {"body": " "}, headers=row)
    assert answer.status_code == 400
    assert "Write something." in answer.content.decode()


def test_boxes_are_for_who_may_change_something(issue, triager, stranger):
    box = f'name="ids" value="{issue.pk}" form="selection"'
    assert box in at(triager).get("/issues/").content.decode()
    for user in (stranger, None):
        assert 'name="ids"' not in at(user).get("/issues/").content.decode()
