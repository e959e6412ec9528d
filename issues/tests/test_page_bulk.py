"""The page that changes many issues: what would change is shown, then done, and undone as one."""

import re
from html import unescape

import pytest

from history.models import Batch
from issues.choices import Decision
from issues.models import Comment, Issue, Status
from issues.services import add_comment, bulk, create_issue, undo, update_issue
from products.models import Component, Label
from products.services import create_part, create_product, set_member, update_part, update_product

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
    assert "2 would change" in page and "1 is so already" in page and "Change 2 issues" in page
    assert Issue.objects.filter(priority=3).count() == 1
    send(client, triager, 302, ids=ids, words="p high l bug -l ui c cart", apply="1", next="/issues/?q=cart")
    changed = Issue.objects.filter(priority=3, component__name="Cart")
    assert [[label.name for label in issue.label_list] for issue in changed] == [["bug"]] * 3
    page = client.get("/issues/?q=cart").content.decode()
    assert "3 changed, 0 left as they are." in page
    assert undo(Batch.objects.latest("id"), actor=triager, via="web").left_alone == []
    assert Issue.objects.filter(priority=3).count() == 1
    send(client, triager, 302, ids=ids[:2], words="p high", apply="1", next="/issues/")
    assert "1 changed, 1 left as it is." in client.get("/issues/").content.decode()


def test_what_would_change_tells_labels_of_those_alone_that_get_or_lose_them(client, issues, triager):
    for issue, names in ((issues[0], ["bug"]), (issues[1], ["ui"])):
        update_issue(issue, actor=triager, via="web", labels=Label.objects.filter(name__in=names))
    ids = [issue.pk for issue in issues[:3]]
    page = send(client, triager, ids=ids, words="l bug -l ui p high")
    rows = dict(re.findall(r'<li><a class="key" href="[^"]*">(WEB-\d)</a>(.*?)</li>', page))
    said = {key: re.search(r"Labels: <s>(.*?)</s> → <ins>(.*?)</ins>", row) for key, row in rows.items()}
    assert {key: found and found.groups() for key, found in said.items()} == {
        "WEB-1": None,
        "WEB-2": ("ui", "bug"),
        "WEB-3": ("none", "bug"),
    }
    assert all("Priority: " in row for row in rows.values())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"words": "p high"}, "Priority: low → high"),
        ({"words": "a @me sp s1 p none"}, "Priority: low → none; Severity: unset → S1; Assignee: nobody → Tom"),
        ({"words": "p low t task c cart"}, "Type: bug → task; Component: none → Cart"),
        ({"words": "l bug"}, "Labels: none → bug"),
        ({"decision": "accept"}, "Status: New → Accepted"),
        ({"decision": "duplicate", "duplicate_of": "WEB-4"}, "Status: New → Closed: duplicate"),
    ],
)
def test_which_issues_would_change_is_shown_with_what_they_were_and_become(client, issues, triager, data, said):
    for issue in issues[:3]:
        update_issue(issue, actor=triager, via="web", priority=1)
    done = {"priority": 3, "labels": [Label.objects.get(name="bug")]}
    update_issue(issues[3], actor=triager, via="web", status=Status.objects.get(slug="accepted"), **done)
    page = send(client, triager, ids=[issue.pk for issue in issues[:3]], **data)
    told = [f'<li><a class="key" href="/issues/WEB-{n}/">WEB-{n}</a> Cart {n}' for n in (1, 2, 3)]
    said = re.sub("(: )(.+?)( → )([^;]+)", r"\1<s>\2</s>\3<ins>\4</ins>", said)
    assert all(f'{one} <span class="secondary">{said}</span></li>' in page for one in told)
    page = send(client, triager, ids=[issues[3].pk], words="p high")
    assert "WEB-4" not in page


def test_what_was_is_said_as_in_the_palette(client, issues, triager):
    update_issue(issues[0], actor=triager, via="web", status=Status.objects.get(slug="closed"), resolution="invalid")
    page = send(client, triager, ids=[issues[0].pk], words="s accepted a @me d 2031-05-06")
    assert "Status: <s>Closed: invalid</s> → <ins>Accepted</ins>; Assignee: <s>nobody</s> → <ins>Tom</ins>; " in page
    assert "Due date: <s>none</s> → <ins>6 May 2031</ins>" in page


def test_what_many_become_is_said_whatever_the_first_is_already(client, issues, triager):
    update_issue(issues[0], actor=triager, via="web", status=Status.objects.get(slug="closed"), resolution="invalid")
    ids = [issue.pk for issue in issues]
    page = send(client, triager, ids=ids, words="s closed")
    assert "3 would change" in page and "<li>Status: Closed: fixed</li>" in page
    send(client, triager, 302, ids=ids, words="s closed", apply="1")
    assert list(Issue.objects.order_by("pk").values_list("resolution", flat=True)) == ["invalid", *["fixed"] * 3]


def test_of_many_that_would_change_the_first_are_shown(client, product, triager):
    counts = []
    for amount in (22, 24):
        ids = [create_issue(product, actor=triager, via="web", title="One").pk for _number in range(amount)]
        page = send(client, triager, ids=ids, words="p high a @me")
        counts.append((page.count('<a class="key"'), f"and {amount - 20} more" in page))
    assert counts == [(20, True), (20, True)]


def test_all_that_a_query_finds(client, issues, administrator, reporter, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(other, actor=reporter, via="web", title="Cart of another")
    client.force_login(triager)
    asked = " ".join(client.get(PAGE, {"q": "cart"}).content.decode().split())
    assert "5 issues are chosen" in asked
    # Where to, in both ways of it.
    assert asked.count('<option value="API" >API</option>') + asked.count('<option value="API">API</option>') == 2
    page = send(client, triager, q="cart", words="s accepted")
    assert "4 would change" in page and "1 would be left as it is" in page and "API-1" in page
    send(client, triager, 302, q="cart", words="s accepted", apply="1")
    assert Issue.objects.filter(status__slug="accepted").count() == 4
    assert Batch.objects.latest("id").query == "cart"


def test_all_that_a_query_which_asks_for_nothing_finds(client, issues, administrator, reporter, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(other, actor=reporter, via="web", title="Cart of another")
    update_issue(issues[0], actor=triager, via="web", status=Status.objects.get(slug="closed"))
    client.force_login(triager)
    page = " ".join(client.get(all_of(client.get("/issues/", {"q": ""}))).content.decode().split())
    assert "5 issues are chosen." in page and '<input type="hidden" name="q" value="">' in page
    assert "4 would change" in send(client, triager, q="", words="p high", preview="1")
    assert client.post(PAGE, {"q": "", "words": "p high", "apply": "1"}).url == "/issues/?q="
    assert Issue.objects.filter(priority=3).count() == 4


def all_of(page):
    """Return the address of the page that changes all that a list finds."""
    return unescape(re.search(r'href="(/issues/bulk/[^"]*)"', page.content.decode())[1])


@pytest.mark.parametrize(
    "query",
    [
        "is:open",
        "",
        "product:WEB cart",
        "cart OR product:API",
        "cart " + " ".join(f"-zzz{number}" for number in range(59)),
        "cart -" + "z" * 990,
        "nothing OR (cart (is:open OR (cart (is:open OR (cart is:open)))))",
    ],
)
def test_all_that_the_list_of_a_product_finds(client, issues, administrator, reporter, triager, query):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_issue(other, actor=reporter, via="web", title="Cart of another")
    client.force_login(triager)
    address = all_of(client.get("/products/WEB/issues/", {"q": query}))
    page = client.get(address)
    asked = " ".join(page.content.decode().split())
    assert (page.status_code, "4 issues are chosen" in asked) == (200, True)
    sent = dict(re.findall(r'<input type="hidden" name="(q|in)" value="([^"]*)">', asked))
    assert "4 would change" in send(client, triager, **sent, words="p high", preview="1")
    client.post(PAGE, {**sent, "words": "p high", "apply": "1"})
    assert sorted(Issue.objects.filter(priority=3).values_list("product__key", flat=True)) == ["WEB"] * 4
    assert Batch.objects.latest("id").query.startswith("product:WEB")
    assert client.post(PAGE, {**sent, "words": "p low", "apply": "1"}).url.startswith("/products/WEB/issues/?q=")


def test_all_of_a_product_that_is_not_seen_are_none(client, issues, product, administrator, stranger, triager):
    client.force_login(stranger)
    update_product(product, actor=administrator, via="web", key="SHOP", visibility="private")
    for key in ("SHOP", "WEB", "NONE"):
        assert client.get(PAGE, {"q": "cart", "in": key}).status_code == 404
    client.force_login(triager)
    assert "4 issues are chosen" in " ".join(client.get(PAGE, {"q": "cart", "in": "WEB"}).content.decode().split())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"words": "p huge"}, "huge"),
        ({"words": "priority"}, "needs a value"),
        ({"words": "l nope"}, "nope"),
        ({"words": "p high -l nope"}, "There is no label “nope”."),
        ({"q": "is:nonsense", "words": "p high"}, "nonsense"),
    ],
)
def test_what_is_wrong_is_said(client, issues, triager, data, told):
    page = send(client, triager, 400, **({} if "q" in data else {"ids": [issues[0].pk]}), **data, apply="1")
    assert told in page and 'role="alert"' in page
    assert not Issue.objects.filter(priority=3).exists()


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ({"words": "p hihg"}, ["bulk-words"]),
        ({"words": "l nope"}, ["bulk-words"]),
        ({"words": "p " + "x" * 300}, ["bulk-words"]),
        ({"decision": "needinfo"}, ["bulk-ask", "bulk-question"]),
        ({"decision": "needinfo", "ask": "rosa", "question": "Which?", "due": "31.12."}, ["bulk-due"]),
        ({"decision": "duplicate", "duplicate_of": "WEB-99"}, ["bulk-duplicate_of"]),
        ({"decision": "reroute"}, ["bulk-component"]),
        ({"field-move": "NOPE"}, ["id_field-move"]),
        ({"field-status": "nope"}, ["id_field-status"]),
        ({}, []),
    ],
)
def test_what_is_wrong_leads_to_its_field(client, issues, triager, data, places):
    page = send(client, triager, 400, ids=[issues[0].pk], **data, preview="1")
    marked = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall("<[^>]* aria-invalid[^>]*>", page)]
    assert [tag["id"] for tag in marked] == places == re.findall(r'<li><a href="#([^"]*)">', page)
    assert all(f'id="{one}"' in page for tag in marked for one in tag["aria-describedby"].split())
    # What no field is to blame for has the focus itself.
    assert ("autofocus" in page) == any(place.startswith("bulk-") or place.endswith("-move") for place in places)


def test_what_a_decision_lacks_has_the_focus_and_is_not_wrong_yet(client, issues, triager):
    page = send(client, triager, ids=[issues[0].pk], decision="decline")
    assert re.findall('<[^>]* id="([^"]*)"[^>]* autofocus', page) == ["bulk-resolution"]
    assert "aria-invalid" not in page and 'role="alert"' not in page


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


@pytest.mark.parametrize(
    ("data", "field", "value"),
    [
        ({"field-priority": "high"}, "priority_slug", "high"),
        ({"field-severity": "S1"}, "severity_slug", "s1"),
        ({"field-type": "task"}, "type", "task"),
        ({"field-status": "accepted"}, "status", "Accepted"),
        ({"field-status": "wont-do"}, "resolution", "wont-do"),
        ({"field-assignee": "@me"}, "assignee", "tom"),
        ({"field-assignee": "mia"}, "assignee", "mia"),
        ({"field-component": "Cart"}, "component", "Cart"),
        ({"field-due_on": "2031-05-06"}, "due_on", "2031-05-06"),
        ({"field-add_labels": ["bug", "ui"], "field-priority": "low"}, "label_list", ["bug", "ui"]),
        ({"field-add_labels": "bug", "words": "l ui"}, "label_list", ["bug", "ui"]),
    ],
)
def test_fields_by_drop_downs(client, issues, triager, data, field, value):
    page = send(client, triager, ids=[issues[0].pk], preview="1", **data)
    assert "1 would change" in page
    send(client, triager, 302, ids=[issues[0].pk], apply="1", **data)
    found = Issue.objects.get(number=1)
    assert said(getattr(found, field)) == value


def said(value):
    """Return a value of a field in words."""
    if isinstance(value, list):
        return [label.name for label in value]
    return str(value)


def test_fields_are_emptied_by_drop_downs(client, issues, triager):
    bug, ui = Label.objects.order_by("name")
    given = {"assignee": triager, "component": Component.objects.get(), "due_on": "2031-01-01", "labels": [bug, ui]}
    update_issue(issues[0], actor=triager, via="web", **given)
    data = {"field-assignee": "none", "field-component": "none", "field-undated": "on", "field-remove_labels": "ui"}
    page = send(client, triager, ids=[issue.pk for issue in issues], preview="1", **data)
    assert "1 would change" in page and "3 are so already" in page and "Label: − ui" in page
    send(client, triager, 302, ids=[issues[0].pk], apply="1", **data)
    found = Issue.objects.get(number=1)
    assert (found.assignee, found.component, found.due_on) == (None, None, None)
    assert said(found.label_list) == ["bug"]


def test_moving(client, issues, administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API", visibility="internal")
    page = send(client, triager, **{"ids": [issues[0].pk], "field-move": "API", "apply": "1"}, code=302)
    assert Issue.objects.get(product=other).title == "Cart 1" and page == ""


@pytest.mark.parametrize("name", ["ui", "theirs"])
def test_a_label_that_one_product_has_is_taken_away_there(client, issues, administrator, triager, name):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    create_part(Label, product=other, actor=administrator, via="web", name="theirs")
    set_member(other, triager, "triager", actor=administrator, via="web")
    ids = [issues[0].pk, create_issue(other, actor=triager, via="web", title="One").pk]
    page = send(client, triager, ids=ids, words=f"p high -l {name}")
    assert "2 would change" in page and f"Label: − {name}" in page


@pytest.mark.parametrize(
    ("data", "web", "api"),
    [
        ({"field-remove_labels": "ui"}, [], ["ui-kit"]),
        ({"words": "-l UI"}, [], ["ui-kit"]),
        ({"words": "-l u"}, [], []),
        ({"field-add_labels": "bug"}, ["bug", "ui"], ["ui-kit"]),
        ({"words": "l bug"}, ["bug", "ui"], ["ui-kit"]),
        ({"words": "l bu"}, ["bug", "ui"], ["bugfix", "ui-kit"]),
    ],
)
def test_a_whole_name_of_one_product_is_no_beginning_in_another(client, issues, administrator, triager, data, web, api):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    names = ("bugfix", "ui-kit")
    kit = [create_part(Label, product=other, actor=administrator, via="web", name=name) for name in names][1]
    update_issue(issues[0], actor=triager, via="web", labels=[Label.objects.get(name="ui")])
    theirs = create_issue(other, actor=triager, via="web", title="One", labels=[kit])
    send(client, triager, 302, ids=[issues[0].pk, theirs.pk], apply="1", **data)
    found = [said(Issue.objects.get(pk=pk).label_list) for pk in (issues[0].pk, theirs.pk)]
    assert [sorted(names) for names in found] == [web, api]


def test_a_drop_down_names_a_component_as_a_whole(client, issues, administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    create_part(Component, product=other, actor=administrator, via="web", name="Cartridges")
    ids = [issues[0].pk, create_issue(other, actor=triager, via="web", title="One").pk]
    page = send(client, triager, ids=ids, preview="1", **{"field-component": "Cart"})
    assert "1 would change" in page and "1: their product has no such name (API-1)" in page


@pytest.mark.parametrize(
    ("words", "move", "labels"),
    [
        ("-l ui", {"field-move": "API"}, ["bug"]),
        ("-l bug", {"field-move": "API"}, []),
        ("-l ui l theirs", {"field-move": "API"}, ["bug", "theirs"]),
        ("-l bug l theirs", {"decision": "reroute", "product": "API"}, ["theirs"]),
    ],
)
def test_moving_with_labels(client, issues, administrator, triager, words, move, labels):
    other = create_product(actor=administrator, via="web", key="API", title="API", visibility="internal")
    set_member(other, triager, "triager", actor=administrator, via="web")
    for name in ("bug", "theirs"):
        create_part(Label, product=other, actor=administrator, via="web", name=name)
    update_issue(issues[0], actor=triager, via="web", labels=list(issues[0].product.labels.all()))
    assert 'role="alert"' in send(client, triager, 400, ids=[issues[0].pk], words="l ui", apply="1", **move)
    assert "1 would change" in send(client, triager, ids=[issues[0].pk], words=words, preview="1", **move)
    send(client, triager, 302, ids=[issues[0].pk], words=words, apply="1", **move)
    assert said(Issue.objects.get(product=other).label_list) == labels


@pytest.mark.parametrize(
    ("words", "told", "labels"),
    [
        ("l Bug -l UI", ["+ bug", "− ui"], ["bug"]),
        ("l b", ["+ bug"], ["bug", "ui"]),
        ("-l u", ["− ui"], []),
        ("l überl", ["+ Überlauf"], ["Überlauf", "ui"]),
        ("-l überl p high", ["− Überlauf"], ["ui"]),
    ],
)
def test_labels_are_named_as_in_the_palette(client, issues, maintainer, triager, words, told, labels):
    create_part(Label, product=issues[0].product, actor=maintainer, via="web", name="Überlauf")
    old = create_part(Label, product=issues[0].product, actor=maintainer, via="web", name="ui-old")
    update_part(old, actor=maintainer, via="web", archived=True)
    update_issue(issues[0], actor=triager, via="web", labels=[Label.objects.get(name="ui")])
    page = send(client, triager, ids=[issues[0].pk], words=words)
    assert "1 would change" in page and re.findall(r"<li>Label: ([^<]*)</li>", page) == told
    send(client, triager, 302, ids=[issues[0].pk], words=words, apply="1")
    assert sorted(said(Issue.objects.get(number=1).label_list)) == sorted(labels)


@pytest.mark.parametrize(
    ("decision", "details", "told"),
    [
        ("accept", {}, "Decision: accept"),
        ("duplicate", {"duplicate_of": "WEB-4"}, "Decision: duplicate of WEB-4 Cart 4"),
        ("decline", {"resolution": "invalid", "comment": "Sorry."}, "Decision: decline invalid"),
        ("needinfo", {"ask": "rosa", "question": "Where?"}, "Decision: ask somebody Rosa<"),
        ("needinfo", {"ask": "rosa", "question": "?", "due": "2030-05-06"}, "ask somebody Rosa by 6 May 2030<"),
        ("snooze", {"until": "2030-01-01T09:00"}, "Decision: snooze 1 Jan 2030, 09:00"),
        ("reroute", {"component": "cart"}, "Decision: reroute Cart"),
    ],
)
def test_a_decision_on_many(client, issues, triager, decision, details, told):
    ids = [issue.pk for issue in issues[:3]]
    if details:
        page = send(client, triager, ids=ids, decision=decision)
        assert "3 would change" not in page and "autofocus" in page and 'role="alert"' not in page
        assert 'role="alert"' in send(client, triager, 400, ids=ids, decision=decision, preview="1")
    page = send(client, triager, ids=ids, decision=decision, **details)
    assert "3 would change" in page and told in page
    before = Batch.objects.count()
    send(client, triager, 302, ids=ids, decision=decision, apply="1", **details)
    assert Batch.objects.count() == before + 1
    assert not any(issue.event_count == 1 for issue in Issue.objects.filter(pk__in=ids))
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert all(issue.is_queued for issue in Issue.objects.filter(pk__in=ids))


def test_what_is_where_it_is_rerouted_to_is_unchanged(client, issues, product, triager):
    update_issue(issues[0], actor=triager, via="web", component=product.components.get(name="Cart"))
    ids = [issue.pk for issue in issues[:3]]
    page = send(client, triager, ids=ids, decision="reroute", component="cart")
    assert "2 would change" in page and "1 is so already" in page


# What one filled in before choosing another decision stays in the form, out of sight.
LEFT_OVER = {
    "duplicate_of": "WEB-9",
    "ask": "nobody",
    "question": "Where?",
    "due": "soon",
    "until": "soon",
    "component": "Nope",
    "product": "NOPE",
    "comment": "Sorry.",
}


@pytest.mark.parametrize(
    ("decision", "details", "texts"),
    [
        ("accept", {}, []),
        ("duplicate", {"duplicate_of": "WEB-4"}, ["Comment: Sorry."]),
        ("decline", {"resolution": "invalid"}, ["Comment: Sorry."]),
        ("needinfo", {"ask": "rosa", "due": ""}, ["Question: Where?"]),
        ("snooze", {"until": "2030-01-01T09:00"}, []),
        ("reroute", {"component": "cart", "product": ""}, []),
    ],
)
def test_only_what_a_decision_asks_for_is_sent_and_all_that_is_said_is_shown(
    client, issues, triager, decision, details, texts
):
    sent = {"ids": [issue.pk for issue in issues[:3]], "decision": decision, **LEFT_OVER, **details}
    page = send(client, triager, **sent)
    assert "3 would change" in page
    assert re.findall(r"<li>((?:Comment|Question): [^<]*)</li>", page) == texts
    has_comment = f"for-{decision}" in re.search(r'class="([^"]*)"><label[^>]* for="bulk-comment"', page)[1]
    assert has_comment == ("Comment: Sorry." in texts)
    # A browser that shows all fields at once is told whose it is.
    label = re.search(r'for="bulk-comment">(.*?)</label>', page)[1]
    assert (str(Decision(decision).label) in label) == has_comment
    send(client, triager, 302, apply="1", **sent)
    assert list(Comment.objects.values_list("body", flat=True)) == ["Sorry."] * 3 * has_comment


def test_what_is_decided_already_is_left(client, issues, triager):
    update_issue(issues[0], actor=triager, via="web", status=Status.objects.get(slug="accepted"))
    page = send(client, triager, ids=[issue.pk for issue in issues], decision="accept")
    assert "3 would change" in page and "1: somebody has decided on them already (WEB-1)" in page


@pytest.mark.parametrize(
    "data",
    [
        {"words": "p low", "field-priority": "high"},
        {"decision": "accept", "field-status": "accepted"},
        {"decision": "accept", "field-move": "WEB"},
        {"field-priority": "huge"},
        {"field-due_on": "someday"},
        {"decision": "needinfo", "ask": "nobody", "question": "Who?"},
        {"decision": "duplicate", "duplicate_of": "WEB-99"},
        {},
    ],
)
def test_what_contradicts_itself_is_refused(client, issues, triager, data):
    page = send(client, triager, 400, ids=[issues[0].pk], apply="1", **data)
    assert 'role="alert"' in page
    assert Issue.objects.get(number=1).event_count == 1


def test_nothing_is_done_that_was_not_shown(client, issues, triager):
    ids = [issues[0].pk]
    page = send(client, triager, ids=ids, preview="1", **{"field-priority": "high"})
    stamp = re.search(r'name="foreseen" value="(\w+)"', page)[1]
    again = send(client, triager, ids=ids, apply="1", foreseen=stamp, **{"field-priority": "urgent"})
    assert "Priority: urgent" in again and Issue.objects.get(number=1).priority == 0
    send(client, triager, 302, ids=ids, apply="1", foreseen=stamp, **{"field-priority": "high"})
    assert Issue.objects.get(number=1).priority_slug == "high"


def test_nothing_is_done_to_what_was_not_shown(client, issues, product, reporter, triager):
    wanted = {"q": "cart", "field-priority": "high"}
    stamp = re.search(r'name="foreseen" value="(\w+)"', send(client, triager, preview="1", **wanted))[1]
    create_issue(product, actor=reporter, via="web", title="Cart of the meantime")
    again = send(client, triager, apply="1", foreseen=stamp, **wanted)
    assert "nothing has been changed yet" in again and "5 would change" in again
    assert not Issue.objects.filter(priority=3).exists()
    stamp = re.search(r'name="foreseen" value="(\w+)"', again)[1]
    send(client, triager, 302, apply="1", foreseen=stamp, **wanted)
    assert Issue.objects.filter(priority=3).count() == 5


@pytest.mark.parametrize(
    ("wanted", "theirs"),
    [
        ({"decision": "reroute", "product": "API"}, {"decision": "accept"}),
        ({"field-move": "API"}, {"decision": "accept"}),
        ({"decision": "accept"}, {"decision": "snooze", "until": "2030-01-02T10:00:00Z"}),
        ({"decision": "accept"}, {"decision": "needinfo", "ask": "rosa", "question": "Which?"}),
        ({"words": "s accepted"}, {"decision": "duplicate", "duplicate_of": "WEB-4"}),
        ({"decision": "reroute", "component": "Cart"}, {"component": "Till"}),
        ({"words": "p high"}, {"priority": "urgent"}),
        ({"decision": "accept", "words": "p high"}, {"priority": "urgent"}),
    ],
)
@pytest.mark.parametrize("is_begun", [False, True])
def test_what_others_decide_meanwhile_is_not_overwritten(
    client, api, issues, product, administrator, maintainer, triager, monkeypatch, wanted, theirs, is_begun
):
    create_product(actor=administrator, via="web", key="API", title="API")
    create_part(Component, product=product, actor=maintainer, via="web", name="Till")
    sent = {"ids": [issue.pk for issue in issues[:2]], **wanted}
    sent["foreseen"] = re.search(r'name="foreseen" value="(\w+)"', send(client, triager, preview="1", **sent))[1]
    if is_begun:
        monkeypatch.setattr(bulk, "AT_ONCE", 1)
        send(client, triager, 302, apply="1", **sent)
    mia, path = api(maintainer), "/api/v1/issues/WEB-1/"
    answer = mia.post(f"{path}triage/", theirs) if "decision" in theirs else mia.patch(path, theirs)
    assert answer.status_code == 200
    left = Issue.objects.get(pk=issues[0].pk)
    if is_begun:
        batch = bulk.carry_on(Batch.objects.get(todo__isnull=False))
        page = " ".join(client.get(f"/batches/{batch.pk}/").content.decode().split())
        assert "1 changed, 0 were so already, 1 left as it is." in page
        assert "meanwhile (WEB-1)" in page or "decided on them already (WEB-1)" in page
    else:
        again = send(client, triager, apply="1", **sent)
        assert "This is no longer what was shown before, and nothing has been changed yet." in again
    found = Issue.objects.get(pk=left.pk)
    assert (found.event_count, found.product, found.status) == (left.event_count, product, left.status)
    assert (Issue.objects.get(pk=issues[1].pk).event_count > 1) == is_begun


@pytest.mark.parametrize("theirs", [{"priority": 4}, {"title": "Cart of old"}, None])
def test_what_is_said_or_set_beside_it_meanwhile_holds_up_nothing(client, issues, maintainer, triager, theirs):
    sent = {"ids": [issue.pk for issue in issues[:2]], "words": "s accepted"}
    sent["foreseen"] = re.search(r'name="foreseen" value="(\w+)"', send(client, triager, preview="1", **sent))[1]
    if theirs:
        update_issue(issues[0], actor=maintainer, via="web", **theirs)
    else:
        add_comment(issues[0], actor=maintainer, via="web", body="Me too.")
    send(client, triager, 302, apply="1", **sent)
    assert Issue.objects.filter(status__slug="accepted").count() == 2


def test_the_names_of_what_is_hidden_are_not_offered(client, issues, administrator, triager):
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    create_part(Label, product=secret, actor=administrator, via="web", name="hush")
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    page = send(client, triager, ids=[issues[0].pk, hidden.pk])
    assert "1 issue is chosen" in page and "hush" not in page and "Secret" not in page


def test_who_may_change_nothing_is_told_no_names(client, issues, stranger, triager):
    ids = [issues[0].pk]
    assert 'value="rosa"' in send(client, triager, ids=ids)
    page = send(client, stranger, ids=ids)
    assert 'value="rosa"' not in page and 'value="Cart"' not in page


@pytest.mark.parametrize("amount", [3, 40])
def test_the_page_takes_ten_statements(client, product, maintainer, triager, amount, django_assert_max_num_queries):
    for number in range(amount):
        create_part(Label, product=product, actor=maintainer, via="web", name=f"label-{number}")
        create_issue(product, actor=triager, via="web", title="One")
    client.force_login(triager)
    with django_assert_max_num_queries(10):
        assert client.get(PAGE, {"q": "is:open"}).status_code == 200


class TestALongOne:
    @pytest.fixture
    def batch(self, client, issues, triager, monkeypatch):
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        monkeypatch.setattr(bulk, "CHUNK", 2)
        client.force_login(triager)
        data = {"ids": [issue.pk for issue in issues], "words": "p high", "apply": "1", "next": "/issues/?q=cart"}
        answer = client.post(PAGE, data)
        batch = Batch.objects.latest("id")
        assert answer.url == f"/batches/{batch.pk}/?next=%2Fissues%2F%3Fq%3Dcart"
        return batch

    def page(self, client, batch, **headers):
        return " ".join(client.get(f"/batches/{batch.pk}/", headers=headers).content.decode().split())

    def test_one_sees_how_far_it_is(self, client, batch):
        assert "<b>0 of 4</b>" in self.page(client, batch) and "data-runs" in self.page(client, batch)
        batch = bulk.carry_on(batch)
        part = self.page(client, batch, **{"X-Fragment": "progress"})
        assert "<b>2 of 4</b>: 2 changed" in part and "<html" not in part and "Undo" not in part
        bulk.carry_on(batch)
        page = self.page(client, batch)
        assert "<b>4 of 4</b>: 4 changed, 0 were so already, 0 left as they are." in page
        todo = {"changes": 2, "unchanged": 1, "refused": [["WEB-4", "forbidden"]]}
        type(batch).objects.filter(pk=batch.pk).update(todo=todo)
        assert "2 changed, 1 was so already, 1 left as it is." in self.page(client, batch)
        assert "data-runs" not in page and f"/batches/{batch.pk}/undo/" in page

    def test_nobody_else_does(self, client, batch, administrator, stranger):
        for user in (administrator, stranger):
            client.force_login(user)
            assert client.get(f"/batches/{batch.pk}/").status_code == 404
        client.logout()
        assert client.get(f"/batches/{batch.pk}/").status_code == 302

    def test_what_one_sees_no_more_is_not_named(self, client, issues, product, triager, administrator, monkeypatch):
        update_issue(issues[0], actor=triager, via="web", status=Status.objects.get(slug="accepted"))
        update_issue(issues[1], actor=triager, via="web", status=Status.objects.get(slug="accepted"))
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        client.force_login(triager)
        client.post(PAGE, {"ids": [issue.pk for issue in issues], "decision": "accept", "apply": "1"})
        batch = bulk.carry_on(Batch.objects.latest("id"))
        assert "2: somebody has decided on them already (WEB-1, WEB-2)" in self.page(client, batch)
        update_product(product, actor=administrator, via="web", key="SHOP")
        assert "2: somebody has decided on them already (WEB-1, WEB-2)" in self.page(client, batch)
        update_issue(issues[0], actor=administrator, via="web", confidential=True)
        set_member(product, triager, "reporter", actor=administrator, via="web")
        assert "2: somebody has decided on them already (WEB-2 …)" in self.page(client, batch)
        update_product(product, actor=administrator, via="web", visibility="private")
        set_member(product, triager, None, actor=administrator, via="web")
        page = self.page(client, batch)
        assert "2: somebody has decided on them already</p>" in page and "WEB-" not in page

    def test_other_batches_have_no_page(self, client, issues, triager):
        update_issue(issues[0], actor=triager, via="web", priority=1)
        client.force_login(triager)
        assert client.get(f"/batches/{Batch.objects.latest('id').pk}/").status_code == 404
