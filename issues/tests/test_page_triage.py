"""The triage page: the queue, the forms of the decisions, and what a script asks for."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from history.models import Batch
from issues.choices import Severity
from issues.models import Issue, NeedInfo, Presence, SavedView
from issues.services import create_issue, create_view, decide, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from products.models import Component
from products.services import create_part, create_product, set_member


@pytest.fixture
def reports(product, reporter):
    titles = ("Cart empties", "Cart forgets", "Cart jumps")
    return [create_issue(product, actor=reporter, via="web", title=title) for title in titles]


def post(client, user, key="WEB-1", **data):
    client.force_login(user)
    return client.post(f"/issues/{key}/triage/", {"then": "WEB-2", **data})


def text(answer):
    return " ".join(answer.content.decode().split())


def opened(page):
    """Return the decisions whose menus are open, and what is written in the open ones."""
    menus = re.findall(r'<details class="menu bar-menu" data-action="(\w+)"[^>]* open>(.*?)</details>', page)
    return {name: re.findall(r"<textarea[^>]*>(.*?)</textarea>", menu) for name, menu in menus}


def test_it_needs_somebody(client, reports):
    assert client.get("/triage/").status_code == 302
    assert client.post("/issues/WEB-1/triage/", {"decision": "accept"}).status_code == 302
    assert Issue.objects.get(number=1).is_in_triage


def test_the_first_of_the_queue_is_shown(client, reports, triager):
    client.force_login(triager)
    page = text(client.get("/triage/"))
    assert "3 new</p>" in page and "<span data-at>1</span> of 3" in page
    assert '<h2 class="triage-issue-title" id="triage-issue-title">Cart empties</h2>' in page
    assert ">3 reports</p>" in page
    other = text(client.get("/triage/?issue=WEB-3"))
    assert "<span data-at>3</span> of 3" in other and 'id="triage-issue-title">Cart jumps</h2>' in other


def test_comments_of_the_queue_take_no_files_and_those_of_an_issue_do(client, reports, triager):
    client.force_login(triager)
    for address, takes in (("/triage/", False), ("/issues/WEB-1/", True)):
        form = re.search(r'<form class="composer".*?</form>', client.get(address).content.decode(), re.DOTALL)[0]
        assert ('data-module="attach"' in form, 'type="file"' in form) == (takes, takes)


def test_sections(client, reports, triager):
    Issue.objects.filter(number=3).update(overdue_at=timezone.now())
    Issue.objects.filter(number=2).update(snoozed_until=timezone.now())
    client.force_login(triager)
    page = text(client.get("/triage/"))
    places = [page.index(f'id="queue-{name}"') for name in ("overdue", "returned", "new")]
    assert places == sorted(places)
    assert "snooze ended" in page
    assert '1 new · 1 returned · <span class="danger">1 overdue</span></p>' in page
    assert page.index('data-issue="WEB-3"') < page.index('data-issue="WEB-2"') < page.index('data-issue="WEB-1"')


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("number-desc", [2, 1, 4, 3]),
        ("votes,number-desc", [2, 1, 4, 3]),
        ("severity-desc,due", [1, 2, 3, 4]),
        ("created-asc,triage-desc", [1, 2, 3, 4]),
        ("triage-desc", [2, 1, 4, 3]),
        ("relevance", [1, 2, 3, 4]),
    ],
)
def test_in_another_order_one_goes_through_section_by_section(
    client, reports, product, triager, monkeypatch, sort, order
):
    create_issue(product, actor=triager, via="web", title="Cart stays")
    Issue.objects.filter(number__in=(1, 2)).update(overdue_at=timezone.now())
    client.force_login(triager)
    answer = client.get(f"/triage/?q=cart+sort:{sort}")
    keys = [f"WEB-{number}" for number in order]
    assert [row.key for row in answer.context["rows"]] == keys
    assert answer.context["issue"].key == keys[0] and "<span data-at>1</span> of 4" in text(answer)
    assert answer.context["after"].endswith(f"&issue={keys[1]}")
    # From page to page as well, there and back.
    monkeypatch.setattr("issues.views.triage.SHOWN", 1)
    page, there, back = client.get(f"/triage/?q=cart+sort:{sort}"), [], []
    for _step in order:
        there.append(page.context["issue"].key)
        page = client.get(f"/triage/{page.context['more']}") if page.context["more"] else page
    for _step in order:
        back.append(page.context["issue"].key)
        page = client.get(f"/triage/{page.context['earlier']}") if page.context["earlier"] else page
    assert there == keys and back == keys[::-1]
    # The first page is known to be that, whichever way one came to it.
    assert page.context["cursor"] and "<span data-at>1</span> of 4" in text(page)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"decision": "accept"}, "Accepted WEB-1"),
        ({"decision": "accept", "set_severity": "s2", "set_type": "task"}, "Accepted WEB-1"),
        ({"decision": "duplicate", "duplicate_of": "web-2"}, "Closed WEB-1 as a duplicate of WEB-2"),
        ({"decision": "decline", "resolution": "invalid", "comment": "Sorry."}, "Declined WEB-1"),
        ({"decision": "needinfo", "ask": "rosa", "question": "Where?"}, "Asked about WEB-1"),
        ({"decision": "snooze", "until": "2030-01-01T09:00"}, "Snoozed WEB-1"),
        ({"decision": "reroute", "component": "cart"}, "Rerouted WEB-1 to Cart"),
        ({"decision": "reroute", "component": "été"}, "Rerouted WEB-1 to Été"),
    ],
)
def test_a_decision_leads_to_the_next_and_can_be_undone(client, reports, product, maintainer, triager, data, said):
    for name in ("Cart", "Été"):
        create_part(Component, product=product, actor=maintainer, via="web", name=name)
    answer = post(client, triager, q="product:WEB", **data)
    assert (answer.status_code, answer.url) == (302, "/triage/?q=product%3AWEB&issue=WEB-2")
    page = text(client.get(answer.url))
    assert said in page and 'id="triage-issue-title">Cart forgets</h2>' in page
    batch = Batch.objects.latest("id")
    form = re.search(rf'action="/batches/{batch.pk}/undo/">.*?name="next" value="(.*?)"', page)
    back = client.post(f"/batches/{batch.pk}/undo/", {"next": unescape(form[1])})
    assert Issue.objects.get(number=1).is_queued
    assert back.url == "/triage/?q=product%3AWEB&issue=WEB-1"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "This field is required."),
        ({"decision": "duplicate"}, "Name the issue that this one is a duplicate of."),
        ({"decision": "duplicate", "duplicate_of": "WEB-99"}, "There is no issue WEB-99."),
        ({"decision": "duplicate", "duplicate_of": "WEB-1"}, "go round in a circle"),
        ({"decision": "decline", "comment": "Kept &amp; shown"}, "Say why"),
        ({"decision": "needinfo", "ask": "rosa"}, "Write your question."),
        ({"decision": "snooze", "until": "2020-01-01T09:00"}, "Choose a time to come."),
        ({"decision": "reroute"}, "Choose another product or component."),
        ({"decision": "reroute", "component": "Nope"}, "There is no such component there."),
        ({"decision": "reroute", "product": "NOPE"}, "There is no such product."),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_written(client, reports, triager, data, said):
    answer = post(client, triager, **data)
    assert answer.status_code == 400
    assert said in text(answer) and 'id="triage-issue-title">Cart empties</h2>' in text(answer)
    # On to the next also from the address of the decision.
    assert 'data-step="1" rel="next" href="/triage/?issue=WEB-2"' in text(answer)
    assert Issue.objects.get(number=1).lock_version == 1


@pytest.mark.parametrize(
    ("data", "name", "label"),
    [
        ({"decision": "needinfo", "ask": "rosa", "question": "Where?", "due": "31.12."}, "due", "By"),
        ({"decision": "needinfo", "ask": "nobody", "question": "Where?"}, "ask", "Whom"),
        ({"decision": "needinfo", "ask": "rosa"}, "question", "Question"),
        ({"decision": "duplicate", "duplicate_of": "WEB-99"}, "duplicate_of", "Duplicate of"),
        ({"decision": "duplicate", "duplicate_of": "WEB-2", "comment": "x" * 65_537}, "comment-duplicate", "Comment"),
        ({"decision": "decline", "resolution": "invalid", "comment": "x" * 65_537}, "comment-decline", "Comment"),
        ({"decision": "decline"}, "resolution", "Reason"),
        ({"decision": "snooze", "until": "tomorrow"}, "until", "Until"),
        ({"decision": "reroute", "product": "NOPE"}, "product", "Product"),
    ],
)
@pytest.mark.parametrize("here", [{}, {"next": "/issues/WEB-1/"}], ids=["queue", "issue"])
def test_what_is_wrong_leads_to_its_field(client, reports, triager, data, name, label, here):
    page = text(post(client, triager, **data, **here))
    summary, _rest = page.split("data-error-summary>", 1)[1].split("</div>", 1)
    assert f'<li><a href="#decide-{name}">{label}</a>: ' in summary
    (field,) = re.findall(f'<[a-z]+ [^>]*id="decide-{name}"[^>]*>', page)
    if name != "resolution":
        (error,) = re.findall('aria-invalid="true" aria-describedby="(.*?)" autofocus', field)
        assert page.count(f'id="{error}"') == 1


@pytest.mark.parametrize("product_key", ["", "WEB"])
def test_nothing_is_rerouted_to_where_it_is(client, reports, product, triager, maintainer, product_key):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    update_issue(reports[0], actor=maintainer, via="web", component=cart)
    answer = post(client, triager, decision="reroute", component="cart", product=product_key)
    assert answer.status_code == 400 and "Choose another product or component." in text(answer)


def test_what_is_snoozed_so_already_is_said_to_be_with_nothing_to_undo(client, reports, triager):
    for undoes in (1, 0):
        answer = post(client, triager, decision="snooze", until="2030-01-01T09:00")
        page = text(client.get(answer.url))
        assert "Snoozed WEB-1" in page and page.count('data-action="undo"') == undoes


def test_undo_in_the_history_leads_back_to_the_queue(client, reports, triager):
    decide(reports[1], "accept", actor=triager, via="web")
    client.force_login(triager)
    here = "/triage/?q=cart&issue=WEB-2"
    form = re.search(r'<form class="undo" data-own [^>]*action="(.*?)">(.*?)</form>', text(client.get(here)))
    places = re.findall('name="next" value="(.*?)"', form[2])
    assert client.post(form[1], {"next": [unescape(place) for place in places]}).url == here


@pytest.mark.parametrize("queue", ["", "in=WEB&q=cart+sort%3Anumber-desc", "q=foo%3Abar"])
def test_an_issue_that_is_opened_from_it_leads_back_to_it_and_on_in_it(client, reports, triager, queue):
    client.force_login(triager)
    here = f"/triage/?{queue}&issue=WEB-2" if queue else "/triage/?issue=WEB-2"
    opened = unescape(re.search('<a class="key" href="([^"]*)" data-action="open">', text(client.get(here)))[1])
    page = text(client.get(opened))
    back = re.search('data-action="back" href="([^"]*)">.*?<span class="name">(.*?)</span>', page)
    assert (unescape(back[1]), back[2]) == (here, "Triage") and "2 of 3" in page
    beside = [unescape(one) for one in re.findall(r'rel="(?:prev|next)" href="([^"]*)"', page)]
    order = ("WEB-3", "WEB-1") if "sort" in queue else ("WEB-1", "WEB-3")
    assert beside == [opened.replace("WEB-2", key) for key in order]
    decide(reports[1], "accept", actor=triager, via="web")
    back = re.search('data-action="back" href="([^"]*)"', text(client.get(opened)))
    assert unescape(back[1]) == here.replace("issue=WEB-2", "").rstrip("?&")


@pytest.mark.parametrize("who", ["stranger", None])
@pytest.mark.parametrize("queue", ["queue=yes", "queue=yes&in=SEC", "queue=yes&in=%00", "queue=yes&q=%00&cursor=%00"])
def test_whatever_stands_for_the_queue_shows_nobody_more(reports, administrator, request, who, queue):
    create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    page = at(request.getfixturevalue(who) if who else None).get("/issues/WEB-1/", {"list": queue})
    assert page.status_code == 200 and "Secret" not in text(page) and 'rel="next"' not in text(page)


def test_the_second_sees_what_the_first_did(client, reports, triager, maintainer):
    seen = reports[0].lock_version
    decide(reports[0], "accept", actor=maintainer, via="web", changes={"severity": Severity.S1})
    for data in ({"decision": "decline", "resolution": "invalid"}, {"decision": "accept", "set_severity": "s2"}):
        answer = post(client, triager, seen=seen, **data)
        assert answer.status_code == 409
        assert "Mia has decided on WEB-1: it is Accepted." in text(answer)
    assert Issue.objects.get(number=1).status.slug == "accepted"
    update_issue(reports[1], actor=maintainer, via="web", snoozed_until=timezone.now() + timedelta(days=1))
    answer = post(client, triager, "WEB-2", decision="accept", seen=1)
    assert answer.status_code == 409 and "look at it once more" in text(answer)


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ({"decision": "decline", "resolution": "invalid", "comment": "Kept!"}, ["Kept!"]),
        ({"decision": "duplicate", "duplicate_of": "WEB-2", "comment": "Kept!"}, ["Kept!"]),
        ({"decision": "needinfo", "ask": "rosa", "question": "Kept!"}, ["Kept!"]),
        ({"decision": "snooze", "until": "2030-01-01T09:00"}, []),
        ({"decision": "reroute", "component": "Cart"}, []),
    ],
)
@pytest.mark.parametrize("here", ["", "/issues/WEB-1/"])
def test_what_was_written_for_a_refused_decision_stands_open(
    client, reports, product, triager, maintainer, sent, written, here
):
    create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    decide(reports[0], "accept", actor=maintainer, via="web")
    answer = post(client, triager, seen=1, **sent, **({"next": here} if here else {}))
    page = text(answer)
    # The comments of two decisions look alike: each stays with its own.
    assert answer.status_code == 409 and page.count("Kept!</textarea>") == len(written)
    assert opened(page) == {sent["decision"]: written}
    fields = sent.keys() & {"duplicate_of", "ask", "until", "component"}
    assert all(f'value="{sent[name]}"' in page for name in fields)


@pytest.mark.parametrize(
    ("theirs", "taken", "refused"),
    [
        ({"component": "Cart"}, {"set_component": "Till"}, "Component"),
        ({"assignee": "mia"}, {"set_assignee": "tom"}, "Assignee"),
        ({"type": "task"}, {"set_type": "feature"}, "Type"),
        ({"severity": Severity.S2}, {"set_severity": "s1", "set_component": "Till"}, "Severity"),
        ({"severity": Severity.S2}, {"set_severity": "s2", "set_component": "Till"}, None),
        ({"component": "Cart"}, {"set_assignee": "tom"}, None),
    ],
)
def test_what_is_suggested_takes_the_place_of_nothing(
    client, reports, product, maintainer, triager, theirs, taken, refused
):
    parts = {
        name: create_part(Component, product=product, actor=maintainer, via="web", name=name)
        for name in ("Cart", "Till")
    }
    rows = {"mia": maintainer, **parts}
    ((field, value),) = theirs.items()
    update_issue(reports[0], actor=maintainer, via="web", **{field: rows.get(value, value)})
    sent = {name: parts[one].pk if one in parts else one for name, one in taken.items()}
    answer = post(client, triager, decision="accept", seen=reports[0].lock_version, **sent)
    issue = Issue.objects.get(number=1)
    assert getattr(issue, field) == rows.get(value, value)
    assert issue.is_in_triage == bool(refused)
    if refused:
        assert f"{refused} has been set in the meantime: look at it once more." in text(answer)


@pytest.mark.parametrize(("who", "code"), [("reporter", 403), ("stranger", 403)])
def test_who_may_not(client, reports, request, who, code):
    user = request.getfixturevalue(who)
    assert post(client, user, decision="accept").status_code == code
    page = text(client.get("/triage/"))
    assert "You triage no product" in page and "Cart empties" not in page
    page = text(client.get("/triage/?issue=WEB-1"))
    assert "Only triagers of this product decide." in page


@pytest.mark.parametrize(
    ("decision", "who", "bar", "said"),
    [
        ("accept", "triager", False, "WEB-1 has been decided: it is Accepted."),
        ("decline", "triager", False, "WEB-1 has been decided: it is Closed."),
        ("snooze", "triager", True, None),
        ("accept", "reporter", False, "Only triagers of this product decide."),
    ],
)
def test_what_has_been_decided_is_not_decided_again(client, reports, triager, request, decision, who, bar, said):
    details = {"decline": {"resolution": "invalid"}, "snooze": {"until": timezone.now() + timedelta(days=1)}}
    decide(reports[0], decision, actor=triager, via="web", **details.get(decision, {}))
    client.force_login(request.getfixturevalue(who))
    page = text(client.get("/triage/?issue=WEB-1"))
    assert ('id="accept" data-decision' in page) == bar
    assert said is None or said in page
    assert ('">Open it</a>' in page) == (not bar and who == "triager")


def test_what_is_hidden_is_not_there(client, reports, triager, stranger):
    update_issue(reports[0], actor=triager, via="web", confidential=True)
    client.force_login(stranger)
    assert client.get("/triage/?issue=WEB-1").status_code == 404
    assert post(client, stranger, decision="accept").status_code == 404
    assert client.get("/triage/?issue=nonsense").status_code == 404


def test_a_wrong_query_says_so_and_shows_the_rest(client, reports, triager):
    client.force_login(triager)
    page = text(client.get("/triage/?q=is%3Anonsense"))
    assert 'role="alert"' in page and "Cart empties" in page


@pytest.mark.parametrize(
    ("query", "found", "wrong"),
    [
        ("cart sort:votes", 3, False),
        ("empties OR forgets", 2, False),
        ("", 3, False),
        ("product:WEB cart", 3, False),
        ("empties OR product:API", 1, False),
        ("cart " + " ".join(f"-zzz{number}" for number in range(59)), 3, False),
        ("cart -" + "z" * 990, 3, False),
        ("nothing OR (cart (is:open OR (cart (is:open OR (cart is:open)))))", 3, False),
        ("cart is:nonsense", 3, True),
        ("cart (", 3, True),
    ],
)
def test_a_view_leads_to_its_query_in_its_product(
    client, reports, product, reporter, triager, administrator, query, found, wrong
):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    set_member(other, triager, "triager", actor=administrator, via="web")
    create_issue(other, actor=reporter, via="web", title="Cart of another empties and forgets")
    view = create_view(actor=triager, via="web", name="Mine", query="cart", shared=False, product=product)
    # What was saved before the language refused it.
    SavedView.objects.update(query=query)
    client.force_login(triager)
    answer = client.get(f"/triage/?view={view.pk}")
    leads_to = parse_qs(urlsplit(answer.url).query)
    assert answer.status_code == 302 and leads_to == {"in": ["WEB"], **({"q": [query]} if query else {})}
    page = client.get(answer.url)
    keys = {row.key for row in page.context["rows"]}
    assert len(keys) == page.context["total"] == found and not any(key.startswith("API") for key in keys)
    assert bool(page.context["problems"]) == wrong
    SavedView.objects.update(product=None, query="cart sort:votes")
    assert client.get(f"/triage/?view={view.pk}").url == "/triage/?q=cart+sort%3Avotes"


def test_one_stays_in_the_product_of_the_queue(client, reports, triager, monkeypatch):
    monkeypatch.setattr("issues.views.triage.SHOWN", 2)
    client.force_login(triager)
    page = client.get("/triage/?in=WEB&q=cart")
    shown = text(page)
    assert '<span class="name">WEB: cart</span>' in shown
    assert shown.count('<input type="hidden" name="in" value="WEB">') == 1 + shown.count('name="then" value=')
    assert page.context["after"] == "?in=WEB&q=cart&issue=WEB-2" and "in=WEB&amp;q=cart&amp;issue=WEB-2" in shown
    assert page.context["back_to_queue"] == "/triage/?in=WEB&q=cart"
    assert [row.key for row in client.get(f"/triage/{page.context['more']}").context["rows"]] == ["WEB-3"]
    sent = {"in": "WEB", "q": "cart", "decision": "accept"}
    assert post(client, triager, **sent).url == "/triage/?in=WEB&q=cart&issue=WEB-2"
    assert client.get("/triage/?in=NONE").status_code == 404


def test_the_record_of_the_reporter(client, reports, product, triager, reporter):
    told = {"actor": triager, "via": "web"}
    one = create_issue(product, actor=reporter, via="web", title="Cart stays")
    decide(reports[0], "duplicate", duplicate_of=one, **told)
    client.force_login(triager)
    assert ">4 reports: 1 duplicate</p>" in text(client.get("/triage/"))
    decide(reports[1], "accept", **told)
    decide(reports[2], "decline", resolution="invalid", **told)
    assert ">4 reports: 1 accepted, 1 duplicate, 1 declined</p>" in text(client.get("/triage/"))


def test_what_was_decided_on_all_that_are_selected_leads_back_to_the_queue(client, reports, triager):
    client.force_login(triager)
    page = text(client.get("/triage/?q=product:WEB&issue=WEB-2"))
    assert '<input type="hidden" name="next" value="/triage/?q=product%3AWEB"> <b data-selected>' in page


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        ("accept accept accept", "3 were decided.</p> <p>0 are snoozed, 0 wait for an answer."),
        ("accept snooze needinfo", "1 was decided.</p> <p>1 is snoozed, 1 waits for an answer."),
        ("snooze needinfo needinfo", "0 were decided.</p> <p>1 is snoozed, 2 wait for an answer."),
    ],
)
def test_an_empty_queue_shows_the_week(client, reports, triager, reporter, decisions, said):
    details = {
        "snooze": {"until": timezone.now() + timedelta(days=1)},
        "needinfo": {"ask": reporter, "question": "Where?"},
    }
    for issue, decision in zip(reports, decisions.split(), strict=True):
        decide(issue, decision, actor=triager, via="web", **details.get(decision, {}))
    client.force_login(triager)
    page = text(client.get("/triage/"))
    assert "All is decided" in page and f"3 reports came in within the last week; {said}" in page


def test_fragments(client, reports, triager):
    client.force_login(triager)
    alone = client.get("/triage/?issue=WEB-2", headers={"X-Fragment": "triage-issue"})
    assert "Cart forgets" in text(alone) and "data-queue" not in text(alone) and "X-Fragment" in alone["Vary"]
    part = client.get("/triage/?issue=WEB-2", headers={"X-Fragment": "triage"})
    assert "data-queue" in text(part) and "<html" not in text(part)
    data = {"decision": "accept", "then": "WEB-2"}
    answer = client.post("/issues/WEB-1/triage/", data, headers={"X-Fragment": "triage"})
    assert answer.status_code == 200 and "Accepted WEB-1" in text(answer) and "2 new" in text(answer)
    assert 'data-shown="WEB-2"' in text(answer)


def test_one_stays_on_the_page_of_the_queue_that_one_is_on(client, reports, triager, monkeypatch):
    monkeypatch.setattr("issues.views.triage.SHOWN", 1)
    client.force_login(triager)
    more = client.get("/triage/?q=cart").context["more"]
    page = client.get(f"/triage/{more}")
    assert [row.key for row in page.context["rows"]] == ["WEB-2"]
    cursor = page.context["cursor"]
    (row,) = re.findall(r'href="([^"]*)" data-issue="WEB-2"', page.content.decode())
    there = client.get(unescape(row))
    assert [one.key for one in there.context["rows"]] == ["WEB-2"]
    assert f'name="cursor" value="{cursor}"' in there.content.decode()
    decided = post(client, triager, "WEB-2", decision="accept", then="", q="cart", cursor=cursor)
    assert [one.key for one in client.get(decided.url).context["rows"]] == ["WEB-3"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_after_the_last_of_a_page_comes_what_moves_up(client, reports, triager, monkeypatch, scripts):
    monkeypatch.setattr("issues.views.triage.SHOWN", 2)
    client.force_login(triager)
    for key, then in (("WEB-2", "WEB-3"), ("WEB-3", "WEB-1")):
        sent = re.search('name="then" value="(.*?)"', text(client.get(f"/triage/?q=cart&issue={key}")))[1]
        headers = {"X-Fragment": "triage"} if scripts else {}
        data = {"decision": "accept", "then": sent, "q": "cart"}
        answer = client.post(f"/issues/{key}/triage/", data, headers=headers, follow=True)
        assert answer.context["issue"].key == then
        assert answer.context["q"] == "cart"


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_rerouted_within_its_product_is_left_though_it_stays_the_last(
    client, product, reports, maintainer, triager, monkeypatch, scripts
):
    monkeypatch.setattr("issues.views.triage.SHOWN", 2)
    create_part(Component, product=product, actor=maintainer, via="web", name="Checkout")
    client.force_login(triager)
    headers = {"X-Fragment": "triage"} if scripts else {}
    data = {"decision": "reroute", "component": "Checkout", "then": "last", "q": "cart"}
    answer = client.post("/issues/WEB-2/triage/", data, headers=headers, follow=True)
    assert [row.key for row in answer.context["rows"]] == ["WEB-1", "WEB-2"]
    assert answer.context["issue"].key == "WEB-1"


def test_one_goes_on_from_page_to_page_of_the_queue(client, reports, triager, monkeypatch):
    monkeypatch.setattr("issues.views.triage.SHOWN", 2)
    client.force_login(triager)

    def steps(page):
        found = re.findall(r'data-step="(-?1)"[^>]*href="([^"]*)"[^>]*?( hidden)?>', page)
        return {step: not hidden and unescape(address) for step, address, hidden in found}

    first = text(client.get("/triage/?q=cart"))
    assert "<span data-at>1</span> of 3" in first and steps(first)["-1"] is False
    last = text(client.get("/triage/?q=cart&issue=WEB-2"))
    answer = client.get(steps(last)["1"])
    page = text(answer)
    assert answer.context["issue"].key == "WEB-3" and [row.key for row in answer.context["rows"]] == ["WEB-3"]
    # How many come before is not counted.
    assert "3 in the queue" in page and "data-at" not in page and steps(page)["1"] is False
    back = client.get(steps(page)["-1"])
    assert back.context["issue"].key == "WEB-2" and [row.key for row in back.context["rows"]] == ["WEB-1", "WEB-2"]


def test_what_asks_me_is_one_address(client, reports, triager, reporter):
    decide(reports[0], "needinfo", actor=triager, via="web", ask=reporter, question="Where?")
    client.force_login(reporter)
    page = text(client.get("/inbox/", follow=True))
    assert "Cart empties" in page and "Cart forgets" not in page
    assert NeedInfo.objects.get().requestee == reporter


@pytest.mark.parametrize("written", ["API", "api", " Api "])
def test_rerouting_elsewhere(client, reports, triager, administrator, written):
    other = create_product(actor=administrator, via="web", key="API", title="Interface")
    set_member(other, triager, "triager", actor=administrator, via="web")
    client.force_login(triager)
    page = text(client.get("/triage/"))
    assert '<datalist id="decide-products"><option value="API">Interface</option></datalist>' in page
    answer = post(client, triager, decision="reroute", product=written)
    assert Issue.objects.get(title="Cart empties").key == "API-1"
    assert "Moved WEB-1 to API-1" in text(client.get(answer.url))
    assert "moved here" in text(client.get("/triage/?q=product%3AAPI"))


def test_the_statements_do_not_grow(client, product, triager):
    client.force_login(triager)
    counts = []
    for amount in (10, 90):
        file_many(product, triager, amount)
        client.get("/triage/")
        with CaptureQueriesContext(connection) as made:
            assert client.get("/triage/").status_code == 200
        counts.append(len(made))
    assert counts[0] == counts[1] <= 20


class TestPresence:
    def here(self, client, user, key="WEB-1"):
        client.force_login(user)
        return client.post(f"/issues/{key}/here/")

    def test_one_hears_of_the_other(self, client, reports, triager, maintainer):
        assert text(self.here(client, triager)) == ""
        assert text(self.here(client, maintainer)) == "Tom is on this one"
        assert text(self.here(client, triager)) == "Mia is on this one"

    def test_whoever_goes_on_is_gone(self, client, reports, triager, maintainer):
        self.here(client, triager)
        self.here(client, triager, "WEB-2")
        assert text(self.here(client, maintainer)) == ""

    def test_it_is_forgotten(self, client, reports, triager, maintainer):
        self.here(client, triager)
        Presence.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
        assert text(self.here(client, maintainer)) == ""
        assert Presence.objects.count() == 1

    @pytest.mark.parametrize(("who", "code"), [("reporter", 403), ("stranger", 403)])
    def test_triagers_only(self, client, reports, request, who, code):
        assert self.here(client, request.getfixturevalue(who)).status_code == code
        assert not Presence.objects.exists()


class TestOnThePageOfTheIssue:
    HERE = "/issues/WEB-1/?list=q%3Dis%253Aopen"

    def page(self, client, user, address=HERE):
        client.force_login(user)
        return text(client.get(address))

    @pytest.mark.parametrize(("who", "decides"), [("triager", True), ("reporter", False), ("stranger", False)])
    def test_the_bar_is_for_triagers(self, client, reports, request, who, decides):
        page = self.page(client, request.getfixturevalue(who))
        assert page.count('name="decision"') == (7 if decides else 0)
        assert ('data-action="accept"' in page) == decides

    @pytest.mark.parametrize(("decision", "left"), [("accept", 1), ("decline", 0)])
    def test_what_is_decided_can_still_be_asked_about_while_it_is_open(self, client, reports, triager, decision, left):
        details = {"resolution": "invalid"} if decision == "decline" else {}
        decide(reports[0], decision, actor=triager, via="web", **details)
        page = self.page(client, triager)
        assert page.count('name="decision"') == page.count('value="needinfo"') == left
        assert 'data-action="duplicate"' in page and 'data-action="accept"' not in page

    def test_one_stays_there(self, client, reports, triager):
        data = {"decision": "decline", "resolution": "invalid", "next": self.HERE}
        answer = post(client, triager, **data)
        assert (answer.status_code, answer.url) == (302, self.HERE)
        page = self.page(client, triager)
        assert "Declined WEB-1" in page and f'action="/batches/{Batch.objects.latest("id").pk}/undo/"' in page

    def test_what_is_wrong_is_said_there(self, client, reports, triager):
        data = {"decision": "needinfo", "ask": "nobody", "question": "Kept?", "next": self.HERE}
        answer = post(client, triager, **data)
        assert answer.status_code == 400
        assert "Kept?" in text(answer) and 'class="issue-fields"' in text(answer) and 'role="alert"' in text(answer)

    @pytest.mark.parametrize(
        ("first", "mine", "said"),
        [
            ("accept", {"decision": "decline", "resolution": "invalid", "comment": "Kept!"}, "it is Accepted."),
            ("decline", {"decision": "duplicate", "duplicate_of": "WEB-2", "comment": "Kept!"}, "it is Closed."),
            ("decline", {"decision": "needinfo", "ask": "rosa", "question": "Kept!"}, "it is Closed."),
            ("accept", {"decision": "needinfo", "ask": "rosa", "question": "Kept!"}, "look at it once more"),
        ],
    )
    def test_the_second_sees_what_the_first_did(self, client, reports, triager, maintainer, first, mine, said):
        details = {"resolution": "invalid"} if first == "decline" else {}
        decide(reports[0], first, actor=maintainer, via="web", **details)
        answer = post(client, triager, **mine, seen=1, next=self.HERE)
        page = text(answer)
        assert answer.status_code == 409 and said in page
        # What was written with it is not lost, and nothing is there twice.
        assert opened(page) == {mine["decision"]: ["Kept!"]} and page.count('value="needinfo"') == 1

    def test_it_leads_nowhere_else(self, client, reports, triager):
        answer = post(client, triager, decision="accept", next="https://elsewhere.example/")
        assert answer.url == "/issues/WEB-1/"


class TestInARow:
    ROW = {"X-Fragment": "row"}

    @pytest.mark.parametrize(
        ("decision", "form"),
        [
            ("accept", 'data-action="accept"'),
            ("duplicate", 'name="duplicate_of"'),
            ("decline", 'value="invalid"'),
            ("needinfo", 'name="question"'),
            ("snooze", 'name="until"'),
            ("reroute", 'name="component"'),
        ],
    )
    def test_a_menu_holds_the_form(self, client, reports, triager, reporter, stranger, decision, form):
        client.force_login(triager)
        menu = text(client.get(f"/issues/WEB-1/menu/{decision}/"))
        assert form in menu and 'action="/issues/WEB-1/triage/"' in menu and "<html" not in menu
        for user in (reporter, stranger):
            client.force_login(user)
            assert client.get(f"/issues/WEB-1/menu/{decision}/", headers={"X-Fragment": "menu"}).status_code == 403

    def test_what_is_similar_is_offered(self, client, reports, triager):
        client.force_login(triager)
        assert 'name="similar" value="WEB-2"' in text(client.get("/issues/WEB-1/menu/duplicate/"))

    @pytest.mark.parametrize(("decision", "field"), [("duplicate", "duplicate_of"), ("snooze", "snoozed_until")])
    def test_of_what_is_decided_the_field_is_set(self, client, reports, triager, decision, field):
        decide(reports[0], "accept", actor=triager, via="web")
        client.force_login(triager)
        menu = text(client.get(f"/issues/WEB-1/menu/{decision}/"))
        assert f'name="{field}"' in menu and 'action="/issues/WEB-1/set/"' in menu

    def test_a_decision_is_answered_with_the_row(self, client, reports, triager):
        client.force_login(triager)
        sent = {"decision": "snooze", "until": "2030-01-01T09:00", "columns": ["votes"]}
        answer = client.post("/issues/WEB-1/triage/", sent, headers=self.ROW)
        assert answer.status_code == 200 and 'data-issue="WEB-1"' in text(answer) and "Snoozed WEB-1" in text(answer)
        again = client.post("/issues/WEB-1/triage/", {"decision": "duplicate"}, headers=self.ROW)
        assert again.status_code == 400 and "Name the issue" in text(again) and "<html" not in text(again)
