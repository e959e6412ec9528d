"""The issue page and its forms: what each person sees, what each form does, and what it says when it cannot."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.services import update_user
from history.models import Batch, Event
from issues import services
from issues import timeline as module
from issues.facts import facts_of
from issues.models import Comment, Issue, Relation, Status
from issues.rules import find_status
from issues.services import (
    CommentRecord,
    EventRecord,
    IssueRecord,
    add_comment,
    create_issue,
    edit_comment,
    relate,
    trash_comment,
    trash_issue,
    update_issue,
    write_batch,
)
from issues.services.bulk import Plan, change
from issues.tests.clients import at
from issues.timeline import timeline
from products.models import Component, Label
from products.services import create_part, create_product, set_member, update_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After **login**.")


def post(user, name, issue, /, *args, **data):
    return at(user).post(reverse(name, args=[issue.key, *args]), data)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_the_page_shows_the_issue_and_its_story(issue, triager, maintainer, product):
    cart = create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    update_issue(issue, actor=triager, via="web", priority=3, component=cart)
    add_comment(issue, actor=triager, via="web", body="I can *reproduce* it.")
    page = at(triager).get("/issues/WEB-1/")
    text = page.content.decode()
    assert page.status_code == 200
    for part in (
        "<h1>Cart empties</h1>",
        "After <strong>login</strong>.",
        "<em>reproduce</em>",
        "set the component to <b>Cart</b>",
        "set the priority to <b>high</b>",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("written", "shown", "of_product"),
    [
        ("# Steps\n\n## First\n\n#### Of it", ["3", "4", "6"], ["2", "3", "5"]),
        ("### Steps\n\n##### First", ["3", "5"], ["2", "4"]),
        ("# A\n\n###### B", ["3", "6"], ["2", "6"]),
        ("`<h1>`", [], []),
    ],
)
def test_headings_of_a_text_are_beneath_those_of_the_page(
    issue, product, triager, maintainer, written, shown, of_product
):
    update_product(product, actor=maintainer, via="web", description=written)
    update_issue(issue, actor=triager, via="web", description=written)
    add_comment(issue, actor=triager, via="web", body=written)
    twice = dict.fromkeys(("/issues/WEB-1/", "/issues/WEB-1/peek/", "/triage/"), shown * 2)
    for path, levels in {**twice, "/products/WEB/": of_product}.items():
        page = at(triager).get(path).content.decode()
        assert re.findall(r"<h([1-6])>(?:Steps|First|Of it|A|B)</h\1>", page) == levels


def test_the_story_calls_people_and_statuses_by_their_present_names(issue, triager):
    update_issue(issue, actor=triager, via="web", assignee=triager, status=Status.objects.get(slug="in-progress"))
    Status.objects.filter(slug="in-progress").update(name="Under way")
    text = at(triager).get("/issues/WEB-1/").content.decode()
    assert "assigned <b>Tom</b>" in text
    assert "from <b>New</b> to <b>Under way</b>" in text
    assert "Under way" in at(triager).get("/products/WEB/").content.decode()


def test_who_keeps_no_redirect_finds_an_issue_that_has_moved_back(issue, administrator, product, api):
    other = create_product(actor=administrator, via="web", key="APP", title="App")
    for home, old, new in ((other, "WEB-1", "APP-1"), (product, "APP-1", "WEB-1")):
        update_issue(fresh(issue), actor=administrator, via="web", product=home)
        for client, path in ((at(administrator), "/issues/{}/"), (api(administrator), "/api/v1/issues/{}/")):
            sent = client.get(path.format(old))
            assert (sent.status_code, sent["Cache-Control"]) == (301, "no-store")
            assert path.format(new) in sent["Location"]
            assert client.get(sent["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("who", "sees_menus", "sees_composer"),
    [(None, False, False), ("stranger", False, True), ("reporter", False, True), ("triager", True, True)],
)
def test_who_is_offered_what(issue, request, who, sees_menus, sees_composer):
    user = request.getfixturevalue(who) if who else None
    text = at(user).get("/issues/WEB-1/").content.decode()
    assert ('name="priority"' in text) == sees_menus
    assert ('id="comment-body"' in text) == sees_composer
    assert ('name="internal"' in text) == sees_menus


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("priority", "urgent", ("priority", 4)),
        ("severity", "s1", ("severity", 4)),
        ("type", "task", ("type", "task")),
        ("assignee", "TOM", ("assignee__username", "tom")),
        ("due_on", "2026-12-24", ("due_on__day", 24)),
        ("status", "in-progress", ("status__slug", "in-progress")),
        ("confidential", "on", ("confidential", True)),
        ("title", "Better", ("title", "Better")),
    ],
)
def test_a_field_is_set_in_place(issue, triager, field, value, expected):
    answer = post(triager, "issue-set", issue, **{field: value, "seen": "1"})
    assert (answer.status_code, answer.url) == (302, "/issues/WEB-1/#fields")
    assert Issue.objects.filter(pk=issue.pk, **dict([expected])).exists()
    assert Batch.objects.latest("id").via == "web"


def test_labels_and_a_closing_are_set_in_place(issue, triager, product, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    post(triager, "issue-set", issue, with_labels="1", labels=[label.pk])
    assert fresh(issue).label_list == [label]
    post(triager, "issue-set", issue, with_labels="1")
    assert fresh(issue).label_list == []
    post(triager, "issue-set", issue, status="closed", resolution="invalid")
    assert fresh(issue).resolution == "invalid"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"assignee": "nobody.knows"}, "There is no active person of that name."),
        ({"priority": "extreme"}, "is not one of the available choices"),
        ({"due_on": "soon"}, "Enter a valid date"),
        ({"parent": "WEB-99"}, "There is no issue WEB-99."),
        ({"parent": "WEB-1"}, "round in a circle"),
        ({"title": " "}, "This field is required."),
        ({"resolution": "fixed"}, "Only a closed issue has a resolution"),
    ],
)
def test_a_bad_value_is_explained_and_changes_nothing(issue, triager, data, said):
    answer = post(triager, "issue-set", issue, **data)
    assert answer.status_code == 400
    assert said in answer.content.decode().replace("&#x27;", "’")
    assert fresh(issue).lock_version == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("issue-set", {"parent": "web-2"}),
        ("issue-set", {"duplicate_of": "WEB-2"}),
        ("issue-relate", {"kind": "relates", "issue": "WEB-2"}),
        ("issue-decide", {"decision": "duplicate", "duplicate_of": "WEB-2"}),
    ],
)
@pytest.mark.parametrize("since", ["renamed", "moved"])
def test_another_issue_is_named_by_a_former_key_as_well(
    issue, product, administrator, reporter, maintainer, name, data, since
):
    other = create_issue(product, actor=reporter, via="web", title="Cart forgets")
    if since == "renamed":
        update_product(product, actor=administrator, via="web", key="SHOP")
    else:
        home = create_product(actor=administrator, via="web", key="SHOP", title="Shop")
        update_issue(other, actor=administrator, via="web", product=home)
    assert post(maintainer, name, fresh(issue), **data).status_code == 302
    named = fresh(issue).parent or fresh(issue).duplicate_of or Relation.objects.get().target
    assert named == other


def test_a_field_that_was_changed_meanwhile_is_not_overwritten(issue, triager, maintainer):
    update_issue(issue, actor=maintainer, via="web", priority=1)
    answer = post(triager, "issue-set", issue, priority="urgent", seen="1")
    assert answer.status_code == 409
    assert fresh(issue).priority == 1
    assert post(triager, "issue-set", issue, severity="s2", seen="1").status_code == 302


def test_two_editors_are_shown_each_others_text(issue, triager, maintainer):
    shown = {"was_title": "Cart empties", "was_description": "After **login**.", "seen": "1"}
    update_issue(issue, actor=maintainer, via="web", title="By Mia")
    mine = {"title": "By Tom", "description": "After **login**.", "type": "bug", "was_type": "bug"}
    rest = {"priority": "none", "was_priority": "none", "severity": "unset", "was_severity": "unset", "status": "new"}
    answer = post(triager, "issue-edit", issue, **shown, **mine, **rest, was_status="new")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "By Mia" in text
    assert "By Tom" in text
    assert fresh(issue).title == "By Mia"
    again = {**mine, **rest, "was_title": "By Mia", "was_description": "After **login**.", "was_status": "new"}
    assert post(triager, "issue-edit", issue, **again, seen="2").status_code == 302
    assert fresh(issue).title == "By Tom"


def test_editing_another_field_meanwhile_is_no_conflict(issue, reporter, triager):
    update_issue(issue, actor=triager, via="web", priority=4)
    data = {"title": "Better", "was_title": "Cart empties", "description": "x\r\ny", "was_description": "", "seen": "1"}
    rest = {"status": "new", "was_status": "new", "resolution": "", "was_resolution": ""}
    assert post(reporter, "issue-edit", issue, **data, **rest).status_code == 302
    assert (fresh(issue).title, fresh(issue).description, fresh(issue).priority) == ("Better", "x\ny", 4)


def test_the_edit_form_shows_what_is_there(issue, triager, administrator):
    update_issue(issue, actor=triager, via="web", assignee=triager, priority=3)
    text = at(triager).get("/issues/WEB-1/edit/").content.decode()
    assert 'value="tom"' in text
    assert '<option value="high" selected>' in text


def test_a_comment_with_a_status_is_one_step(issue, triager):
    answer = post(triager, "comment-add", issue, body="Done.", then="closed:fixed")
    comment = Comment.objects.get()
    assert answer.url == f"/issues/WEB-1/#comment-{comment.pk}"
    assert fresh(issue).resolution == "fixed"
    assert Batch.objects.latest("id").events.count() == 2


def test_an_empty_comment_is_refused_and_a_status_alone_is_not(issue, triager):
    assert post(triager, "comment-add", issue, body=" ").status_code == 400
    assert post(triager, "comment-add", issue, body="", then="accepted").status_code == 302
    assert fresh(issue).status.slug == "accepted"


@pytest.mark.parametrize("body", ["It works for me.", ""])
def test_a_status_with_a_comment_overwrites_no_decision_that_was_not_seen(issue, triager, maintainer, body):
    other = create_issue(issue.product, actor=maintainer, via="web", title="Cart forgets")
    sent = {"body": body, "then": "closed:fixed", "seen": fresh(issue).lock_version}
    update_issue(issue, actor=maintainer, via="web", duplicate_of=other)
    answer = post(triager, "comment-add", issue, **sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody has changed this meanwhile" in page and f"{body}</textarea>" in page
    assert "Write something." not in page
    assert fresh(issue).resolution == "duplicate" and not Comment.objects.exists()
    assert post(triager, "comment-add", issue, **{**sent, "then": ""}).status_code == (302 if body else 400)
    assert post(triager, "comment-add", issue, **{**sent, "seen": fresh(issue).lock_version}).status_code == 302
    assert fresh(issue).resolution == "fixed"


@pytest.mark.parametrize(("body", "service"), [("It works for me.", "add_comment"), ("", "update_issue")])
def test_a_status_that_is_refused_while_somebody_decides_can_be_sent_again(
    issue, triager, maintainer, monkeypatch, body, service
):
    sent = {"body": body, "then": "closed:fixed", "seen": fresh(issue).lock_version}
    send = getattr(services, service)

    def just_too_late(*args, **given):
        update_issue(issue, actor=maintainer, via="web", status=find_status("accepted"))
        return send(*args, **given)

    monkeypatch.setattr(services, service, just_too_late)
    answer = post(triager, "comment-add", issue, **sent)
    assert answer.status_code == 409
    assert f'name="seen" value="{fresh(issue).lock_version}"' in answer.content.decode()


def test_internal_comments_are_for_triagers(issue, triager, reporter):
    post(triager, "comment-add", issue, body="Ask finance.", internal="on")
    assert Comment.objects.get().internal
    assert "Ask finance." in at(triager).get("/issues/WEB-1/").content.decode()
    assert "Ask finance." not in at(reporter).get("/issues/WEB-1/").content.decode()
    assert post(reporter, "comment-add", issue, body="x", internal="on").status_code == 403


def test_a_comment_is_edited_and_a_conflict_shown(issue, stranger):
    comment = add_comment(issue, actor=stranger, via="web", body="First")
    url = ("comment-edit", issue, comment.pk)
    assert post(stranger, *url, body="Second", version="1").status_code == 302
    answer = post(stranger, *url, body="Third", version="1")
    assert answer.status_code == 409
    assert "Second" in answer.content.decode()
    assert fresh(comment).body == "Second"


def test_a_comment_that_somebody_else_edited_says_who(issue, stranger, triager, maintainer):
    comment = add_comment(issue, actor=stranger, via="web", body="First")
    update_user(maintainer, actor=maintainer, via="web", display_name="")
    editors = (stranger, "edited"), (triager, "edited by Tom"), (maintainer, "edited by mia"), (stranger, "edited")
    for actor, said in editors:
        edit_comment(comment, actor=actor, via="web", body=f"As {actor.username} has it")
        shown = at(stranger).get("/issues/WEB-1/").content.decode()
        assert f'<span class="quiet">{said}</span>' in shown


def test_a_comment_that_is_mended_is_still_the_one_of_before(issue, stranger):
    comment = add_comment(issue, actor=stranger, via="web", body="First")
    url = ("comment-edit", issue, comment.pk)
    assert post(stranger, *url, body="Second", version="1").status_code == 302
    page = post(stranger, *url, body=" ", version="1")
    assert (page.status_code, 'name="version" value="1"' in page.content.decode()) == (400, True)
    page = post(stranger, *url, body="Third", version="1")
    assert (page.status_code, 'name="version" value="2"' in page.content.decode()) == (409, True)


def test_relations_come_and_go(issue, product, triager):
    other = create_issue(product, actor=triager, via="web", title="Two")
    assert post(triager, "issue-relate", issue, kind="blocked-by", issue=other.key).status_code == 302
    assert Relation.objects.get().source == other
    assert "WEB-2" in at(triager).get("/issues/WEB-1/").content.decode()
    assert post(triager, "issue-relate", issue, kind="blocks", issue="WEB-77").status_code == 400
    assert post(triager, "issue-unrelate", issue, "blocked-by", other.key).status_code == 302
    assert not Relation.objects.exists()


def test_undo_from_the_history(issue, triager):
    update_issue(issue, actor=triager, via="web", priority=4)
    batch = Batch.objects.latest("id")
    answer = at(triager).post(f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/"}, follow=True)
    assert "Undone in WEB-1." in answer.content.decode()
    assert fresh(issue).priority == 0
    undoing = Batch.objects.latest("id")
    answer = at(triager).post(f"/batches/{undoing.pk}/undo/", {"next": "/issues/WEB-1/"}, follow=True)
    assert "Done again in WEB-1." in answer.content.decode()
    assert fresh(issue).priority == 4
    again = at(triager).post(f"/batches/{batch.pk}/undo/")
    assert again.status_code == 409


def test_an_undo_that_leaves_all_alone_says_so_and_offers_no_undo_of_itself(issue, triager, maintainer):
    update_issue(issue, actor=triager, via="web", priority=4)
    batch = Batch.objects.latest("id")
    update_issue(issue, actor=maintainer, via="web", priority=2)
    answer = at(triager).post(f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/"}, follow=True)
    page = answer.content.decode()
    assert "Nothing is undone: changed since, or not yours any more: WEB-1 priority." in page
    assert "toast-action" not in page and f"/batches/{batch.pk}/undo/" in page


def test_undo_says_in_how_many_issues_as_far_as_one_sees_them(issue, product, triager, stranger):
    others = [create_issue(product, actor=triager, via="web", title=title, confidential=True) for title in ("A", "B")]
    update_issue(issue, actor=triager, via="web", priority=4)
    plan = Plan({product.pk: {"priority": 2}})
    batch = change([one.pk for one in (issue, *others)], plan, actor=triager, via="web")
    page = at(triager).get("/issues/WEB-1/").content.decode()
    assert page.count("Undo in all 3<") == 1 and page.count('>Undo<span class="visually-hidden">') == 1
    assert [entry.undoes for entry in timeline(fresh(issue), stranger)[0]] == [1, 1]
    answer = at(triager).post(f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/"}, follow=True)
    assert "Undone in 3 issues." in answer.content.decode()


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org", "javascript:alert(1)"])
def test_no_form_sends_a_person_elsewhere(issue, triager, target):
    update_issue(issue, actor=triager, via="web", priority=4)
    batch = Batch.objects.latest("id")
    assert at(triager).post(f"/batches/{batch.pk}/undo/", {"next": target}).url == "/issues/"


def test_trash_and_back_and_gone(issue, maintainer):
    assert post(maintainer, "issue-trash", issue).status_code == 302
    assert at(maintainer).get("/issues/WEB-1/").status_code == 404
    post(maintainer, "issue-restore", issue)
    assert at(maintainer).get("/issues/WEB-1/").status_code == 200
    trash_issue(issue, actor=maintainer, via="web")
    assert post(maintainer, "issue-purge", issue, version="1", confirm="1").status_code == 412
    version = str(fresh(issue).lock_version)
    assert post(maintainer, "issue-purge", issue, version=version, confirm="1").status_code == 302
    assert not Issue.objects.exists()


def test_what_comes_out_of_the_trash_is_told_and_can_go_back(issue, maintainer):
    trash_issue(issue, actor=maintainer, via="web")
    client = at(maintainer)
    page = client.post("/issues/WEB-1/restore/", follow=True).content.decode()
    batch = Batch.objects.latest("id")
    assert "WEB-1 is out of the trash." in page and f'action="/batches/{batch.pk}/undo/"' in page
    undone = client.post(f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/"}, follow=True)
    # Its page is there no more.
    assert undone.redirect_chain == [("/products/WEB/issues/", 302)] and "Undone" in undone.content.decode()


@pytest.mark.parametrize("who", ["maintainer", "triager", "reporter"])
def test_whoever_takes_an_issue_back_is_led_to_the_list(client, issue, who, request):
    client.force_login(request.getfixturevalue(who))
    batch = Batch.objects.filter(events__issue=issue, events__kind="created").get()
    undone = client.post(f"/batches/{batch.pk}/undo/", {"next": "/issues/WEB-1/#event-1"}, follow=True)
    assert undone.redirect_chain == [("/products/WEB/issues/", 302)] and "Undone" in undone.content.decode()
    assert fresh(issue).deleted_at


def test_a_comment_out_of_the_trash_is_told_and_can_go_back(issue, maintainer):
    comment = add_comment(issue, actor=maintainer, via="web", body="Seen.")
    trash_comment(comment, actor=maintainer, via="web")
    page = at(maintainer).post(f"/issues/WEB-1/comments/{comment.pk}/restore/", follow=True).content.decode()
    assert "The comment is out of the trash." in page
    assert f'action="/batches/{Batch.objects.latest("id").pk}/undo/"' in page


def test_what_is_saved_by_the_form_of_all_fields_can_be_undone(issue, triager):
    sent = {"seen": issue.lock_version, "was_title": issue.title, "title": "Better"}
    page = at(triager).post("/issues/WEB-1/edit/", sent, follow=True).content.decode()
    batch = Batch.objects.latest("id")
    assert "WEB-1 is saved." in page and 'data-saved="WEB-1"' in page
    assert f'action="/batches/{batch.pk}/undo/"' in page.partition('class="toast ')[2].partition("</form>")[0]
    at(triager).post(f"/batches/{batch.pk}/undo/")
    assert fresh(issue).title == issue.title
    # Nothing has changed, and what was written is no draft any more.
    sent = {"seen": issue.lock_version, "was_title": issue.title, "title": issue.title}
    page = at(triager).post("/issues/WEB-1/edit/", sent, follow=True).content.decode()
    toast = page.partition('class="toast ')[2].partition("toast-close")[0]
    assert 'data-saved="WEB-1"' in toast and "/undo/" not in toast


@pytest.mark.parametrize(
    ("name", "data", "allowed"),
    [
        ("issue-set", {"priority": "high"}, {"triager", "maintainer"}),
        ("issue-set", {"title": "Better"}, {"reporter", "triager", "maintainer"}),
        ("issue-set", {"status": "closed"}, {"reporter", "triager", "maintainer"}),
        ("comment-add", {"body": "x"}, {"stranger", "viewer", "reporter", "triager", "maintainer"}),
        ("issue-relate", {"kind": "blocks", "issue": "WEB-2"}, {"triager", "maintainer"}),
        ("issue-redact", {"field": "description", "confirm": "1"}, {"maintainer"}),
        ("issue-trash", {}, {"maintainer"}),
    ],
)
def test_each_form_keeps_to_the_rights(issue, product, request, triager, name, data, allowed):
    create_issue(product, actor=triager, via="web", title="Two")
    for who in ("stranger", "viewer", "reporter", "triager", "maintainer"):
        user = request.getfixturevalue(who)
        before = Event.objects.count()
        status = post(user, name, issue, **data).status_code
        assert status == (302 if who in allowed else 403), who
        assert (Event.objects.count() > before) == (who in allowed), who
        if who in allowed:
            at(user).post(f"/batches/{Batch.objects.latest('id').pk}/undo/")
            Relation.objects.all().delete()
            issue = Issue.objects.get(pk=issue.pk)
            if issue.deleted_at:
                at(request.getfixturevalue("maintainer")).post(f"/issues/{issue.key}/restore/")


def test_without_signing_in_every_form_leads_to_it(issue):
    for name, data in (("issue-set", {"title": "x"}), ("comment-add", {"body": "x"}), ("issue-trash", {})):
        answer = post(None, name, issue, **data)
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")
    assert Event.objects.filter(issue=issue).count() == 1


def test_what_is_hidden_answers_as_what_is_not_there(issue, administrator, stranger):
    private = create_product(actor=administrator, via="web", key="TOPSECRET", title="Secret", visibility="private")
    create_issue(private, actor=administrator, via="web", title="Hidden")
    for user in (stranger, None):
        client = at(user)
        hidden, absent = (client.get(f"/issues/{key}/") for key in ("TOPSECRET-1", "NOT-1"))
        assert (hidden.status_code, absent.status_code) == (404, 404)
        masked = hidden.content.decode().replace("TOPSECRET-1", "NOT-1")
        assert without_nonce(masked) == without_nonce(absent.content.decode())


def without_nonce(text):
    return re.sub(r'nonce="[^"]*"|value="[^"]{64}"', "", text)


def test_old_addresses_lead_to_the_new_one(issue, administrator, stranger):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    update_issue(issue, actor=administrator, via="web", product=other)
    answer = at(stranger).get("/issues/WEB-1/?show=comments")
    assert (answer.status_code, answer.url) == (301, "/issues/API-1/?show=comments")
    assert post(administrator, "comment-add", issue, body="x").status_code == 308
    update_product(other, actor=administrator, via="web", key="REST")
    assert at(stranger).get("/issues/API-1/").url == "/issues/REST-1/"
    assert at(stranger).get("/issues/rest-1/").url == "/issues/REST-1/"
    other.refresh_from_db()
    update_product(other, actor=administrator, via="web", visibility="private")
    assert at(stranger).get("/issues/WEB-1/").status_code == 404


def test_an_archived_product_is_read_only(issue, product, triager, administrator):
    update_product(product, actor=administrator, via="web", archived=True)
    text = at(triager).get("/issues/WEB-1/").content.decode()
    assert "This product is archived" in text
    assert 'name="priority"' not in text
    assert post(triager, "issue-set", issue, priority="high").status_code == 403


def test_a_history_does_not_name_what_its_reader_may_not_see(issue, administrator, stranger):
    private = create_product(actor=administrator, via="web", key="TOPSECRET", title="Secret", visibility="private")
    hidden = create_issue(private, actor=administrator, via="web", title="Hidden")
    relate(issue, actor=administrator, via="web", kind="blocks", other=hidden)
    update_issue(issue, actor=administrator, via="web", parent=hidden)
    assert "TOPSECRET-1" in at(administrator).get("/issues/WEB-1/").content.decode()
    assert "TOPSECRET" not in at(stranger).get("/issues/WEB-1/").content.decode()


def make_confidential(issue, by):
    update_issue(fresh(issue), actor=by, via="web", confidential=True, title="A secret")


def throw_away(issue, by):
    trash_issue(fresh(issue), actor=by, via="web")


@pytest.mark.parametrize(
    ("who", "path", "hide"),
    [
        ("stranger", "/issues/WEB-1/", make_confidential),
        ("stranger", "/issues/WEB-1/", throw_away),
        ("triager", "/issues/WEB-1/menu/status/", throw_away),
    ],
)
def test_an_issue_that_is_hidden_once_it_was_found_is_not_there(
    issue, maintainer, request, monkeypatch, who, path, hide
):
    def hide_first(*args, **options):
        hide(issue, maintainer)
        return facts_of(*args, **options)

    client = at(request.getfixturevalue(who))
    assert client.get(path).status_code == 200
    monkeypatch.setattr("issues.views.fields.facts_of", hide_first)
    assert client.get(path).status_code == 404


def test_the_story_of_what_is_hidden_meanwhile_is_empty(issue, triager, stranger):
    """What is read of the page after it became confidential, as if that had been found before."""
    add_comment(issue, actor=triager, via="web", body="No secret")
    update_issue(issue, actor=triager, via="web", title="No secret either")
    seen = fresh(issue)
    assert len(timeline(seen, stranger)[0]) == 2
    update_issue(issue, actor=triager, via="web", confidential=True, title="A secret")
    assert timeline(seen, stranger) == ([], False)


@pytest.mark.parametrize("amount", [10, 100])
def test_the_page_takes_eight_statements_however_much_there_is(product, triager, amount, django_assert_max_num_queries):
    now = timezone.now()
    Label.objects.bulk_create(Label(product=product, name=f"{number}") for number in range(amount))
    some = [{"labels": list(Label.objects.all()[:3])}, {"assignee": triager}, {"priority": 1}]
    some += [{"status": status} for status in Status.objects.filter(slug__in=["accepted", "in-progress"])]
    comments = [CommentRecord(f"{number}", triager, now) for number in range(amount)]
    changes = [EventRecord(now, triager, some[number % 5]) for number in range(1, amount)]
    record = IssueRecord(product, {"title": "Long"}, author=triager, comments=comments, events=changes)
    write_batch([record], actor=None, via="web")
    client = at(triager)
    with django_assert_max_num_queries(8):
        page = client.get("/issues/WEB-1/")
    assert (page.status_code, page.context["issue"].comment_count) == (200, amount)


@pytest.mark.parametrize("times", [1, 6])
def test_a_history_that_is_cut_short_says_so(issue, triager, monkeypatch, times):
    monkeypatch.setattr(module, "SHOWN", 10)
    statuses = [Status.objects.get(slug=slug) for slug in ("closed", "new")]
    for status in times * statuses:
        update_issue(issue, actor=triager, via="web", status=status)
    entries, cut = timeline(fresh(issue), triager)
    assert cut == (len(entries) < 2 * times) == (times > 1)


def test_reading_changes_nothing(issue, maintainer):
    before = list(Issue.objects.values())
    for address in ("/issues/WEB-1/", "/issues/WEB-1/edit/", "/issues/WEB-1/set/", "/issues/WEB-1/trash/"):
        at(maintainer).get(address)
    assert list(Issue.objects.values()) == before
    assert Status.objects.count() == 4


def test_a_new_issue_is_filed(product, reporter):
    page = at(reporter).get("/issues/new/?product=WEB&title=Broken")
    assert 'value="Broken"' in page.content.decode()
    assert 'name="assignee"' not in page.content.decode()
    answer = at(reporter).post("/issues/new/", {"product": "WEB", "title": "Broken", "type": "bug", "severity": "s2"})
    assert answer.url == "/issues/WEB-1/"
    assert Issue.objects.get().severity_slug == "s2"
    refused = at(reporter).post("/issues/new/", {"product": "WEB", "title": "", "type": "bug", "severity": "s2"})
    assert refused.status_code == 400
    assert 'aria-invalid="true"' in refused.content.decode()


def test_only_products_that_take_issues_are_offered(product, administrator, stranger, reporter):
    create_product(actor=administrator, via="web", key="TOPSECRET", title="Secret plans", visibility="private")
    create_product(actor=administrator, via="web", key="INT", title="Inside", visibility="internal")
    text = at(stranger).get("/issues/new/").content.decode()
    assert "Inside" in text
    assert "Secret plans" not in text
    assert at(stranger).get("/issues/new/?product=TOPSECRET").status_code == 404
    assert at(None).get("/issues/new/").url.startswith("/accounts/login/")


def test_another_product_is_offered_where_there_is_one_and_what_was_filled_in_goes_along(
    product, administrator, reporter
):
    client = at(reporter)
    assert client.get("/issues/new/?title=Broken").url == "/issues/new/?title=Broken&product=WEB"
    assert "Another product" not in client.get("/issues/new/?product=WEB").content.decode()
    create_product(actor=administrator, via="web", key="INT", title="Inside", visibility="internal")
    assert "Another product" in client.get("/issues/new/?product=WEB").content.decode()
    chosen = client.get("/issues/new/?title=Broken&labels=1&labels=2").content.decode()
    assert 'href="?title=Broken&amp;labels=1&amp;labels=2&amp;product=INT"' in chosen


def test_a_lost_membership_hides_the_page_at_once(issue, product, administrator, triager):
    update_product(product, actor=administrator, via="web", visibility="private")
    client = at(triager)
    assert client.get("/issues/WEB-1/").status_code == 200
    set_member(product, triager, None, actor=administrator, via="web")
    assert client.get("/issues/WEB-1/").status_code == 404


class Fields(HTMLParser):
    """What a browser would send from the edit form of a page."""

    def __init__(self, page):
        super().__init__()
        self.data, self.choice, self.text, self.inside = {}, None, None, False
        self.feed(page.content.decode())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name, value = attrs.get("name"), attrs.get("value") or ""
        if tag == "form":
            self.inside = "form-wide" in attrs.get("class", "")
        if not self.inside:
            return
        if tag == "input" and name and (attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs):
            self.data.setdefault(name, []).append(attrs.get("value", "on" if attrs.get("type") == "checkbox" else ""))
        if tag == "select":
            self.choice = name
        if tag == "option" and "selected" in attrs:
            self.data.setdefault(self.choice, []).append(value)
        if tag == "textarea":
            self.text = name
            self.data[name] = [""]

    def handle_data(self, data):
        if self.text:
            self.data[self.text][0] += data.removeprefix("\n") if not self.data[self.text][0] else data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.text = None


def edit(client, issue, **changes):
    """Return the answer to the issue's edit form as it was opened before, with some fields changed."""
    return client.post(f"/issues/{issue.key}/edit/", changes)


def test_a_conflict_page_sent_again_keeps_what_the_other_changed(issue, product, triager, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    client = at(triager)
    opened = Fields(client.get("/issues/WEB-1/edit/")).data
    theirs = {"title": "By Mia", "confidential": True, "assignee": maintainer, "labels": [label], "priority": 3}
    update_issue(issue, actor=maintainer, via="web", **theirs)
    page = edit(client, issue, **{**opened, "title": "By Tom"})
    text = page.content.decode()
    assert page.status_code == 409
    for said in (
        "By Mia",
        "Labels: as it is now",
        "a11y",
        "Confidential: as it is now",
        "Assignee: as it is now",
        "high",
    ):
        assert said in text
    assert edit(client, issue, **Fields(page).data).status_code == 302
    now = fresh(issue)
    assert (now.title, now.confidential, now.assignee, now.priority) == ("By Tom", True, maintainer, 3)
    assert now.label_list == [label]


def test_a_refused_form_sent_again_keeps_what_the_other_changed(issue, triager, maintainer):
    client = at(triager)
    opened = Fields(client.get("/issues/WEB-1/edit/")).data
    update_issue(issue, actor=maintainer, via="web", confidential=True, description="By Mia")
    page = edit(client, issue, **{**opened, "title": " "})
    assert page.status_code == 400
    assert edit(client, issue, **{**Fields(page).data, "title": "Better"}).status_code == 302
    now = fresh(issue)
    assert (now.title, now.confidential, now.description) == ("Better", True, "By Mia")


def test_a_hidden_parent_and_original_are_neither_named_nor_in_the_way(issue, administrator, triager):
    secret = create_product(actor=administrator, via="web", key="HSEC", title="Secret", visibility="private")
    hidden = create_issue(secret, actor=administrator, via="web", title="Hidden")
    update_issue(issue, actor=administrator, via="web", parent=hidden, duplicate_of=hidden)
    client = at(triager)
    page = client.get("/issues/WEB-1/edit/")
    assert "HSEC" not in page.content.decode()
    assert edit(client, issue, **{**Fields(page).data, "title": "Better"}).status_code == 302
    assert post(triager, "issue-set", issue, parent="").status_code == 302
    assert (fresh(issue).title, fresh(issue).parent, fresh(issue).duplicate_of) == ("Better", hidden, hidden)


def test_what_was_not_touched_is_not_checked(issue, triager, maintainer):
    update_issue(issue, actor=maintainer, via="web", assignee=maintainer)
    type(maintainer).objects.filter(pk=maintainer.pk).update(is_active=False)
    client = at(triager)
    opened = Fields(client.get("/issues/WEB-1/edit/")).data
    assert edit(client, issue, **{**opened, "title": "Better"}).status_code == 302
    assert (fresh(issue).title, fresh(issue).assignee) == ("Better", maintainer)


def test_a_comment_that_is_refused_keeps_its_text(issue, product, triager, stranger, administrator):
    page = post(stranger, "comment-add", issue, body="I typed this.", then="closed:fixed")
    text = page.content.decode()
    assert page.status_code == 403
    assert "I typed this.</textarea>" in text
    assert "Only its author or a triager may do this." in text
    update_product(product, actor=administrator, via="web", archived=True)
    page = post(triager, "comment-add", issue, body="And this.")
    assert (page.status_code, "And this.</textarea>" in page.content.decode()) == (403, True)
    assert not Comment.objects.exists()


def test_snoozing_is_done_in_place_and_in_the_form(issue, triager, reporter):
    type(triager).objects.filter(pk=triager.pk).update(time_zone="Europe/Vienna")
    assert post(triager, "issue-set", issue, snoozed_until="2030-07-01T10:00", seen="1").status_code == 302
    assert fresh(issue).snoozed_until == datetime(2030, 7, 1, 8, tzinfo=UTC)
    client = at(triager)
    assert 'name="snoozed_until" value="2030-07-01T10:00"' in client.get("/issues/WEB-1/").content.decode()
    opened = Fields(client.get("/issues/WEB-1/edit/")).data
    assert opened["snoozed_until"] == opened["was_snoozed_until"] == ["2030-07-01T10:00"]
    assert edit(client, issue, **{**opened, "snoozed_until": "2030-07-02T10:00"}).status_code == 302
    assert fresh(issue).snoozed_until == datetime(2030, 7, 2, 8, tzinfo=UTC)
    assert post(triager, "issue-set", issue, snoozed_until="9999-12-31T23:59").status_code == 400
    assert post(triager, "issue-set", issue, snoozed_until="soon").status_code == 400
    assert post(reporter, "issue-set", issue, snoozed_until="").status_code == 403
    assert "2 Jul 2030" in at(reporter).get("/issues/WEB-1/").content.decode()
    assert 'name="snoozed_until"' not in at(reporter).get("/issues/WEB-1/edit/").content.decode()
    assert post(triager, "issue-set", issue, snoozed_until="").status_code == 302
    assert fresh(issue).snoozed_until is None


def test_what_is_done_to_an_internal_comment_is_told_to_triagers_alone(issue, triager, maintainer, stranger):
    comment = add_comment(issue, actor=triager, via="web", body="hush", internal=True)
    trash_comment(comment, actor=maintainer, via="web")
    event = issue.events.order_by("-number").first()
    for user, told in ((triager, True), (stranger, False)):
        page = Client()
        page.force_login(user)
        assert (f'id="event-{event.number}"' in page.get("/issues/WEB-1/").content.decode()) is told
