"""Saved views: who sees and changes them, what their pages show, the side bar and its counts, and undo."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.core.exceptions import ValidationError

from accounts.models import FEED
from accounts.services import create_token, update_user
from history import log
from history.errors import Conflict, Forbidden, Refused, Stale, Unreadable
from history.models import Batch, Event
from issues.events import visible_events
from issues.models import Issue, SavedView, SavedViewPin
from issues.services import (
    archive_view,
    can_undo,
    create_issue,
    create_view,
    pin_view,
    trash_issue,
    undo,
    update_issue,
    update_view,
)
from issues.services import views as service
from issues.tests.clients import at
from issues.tests.many import file_many
from products import access
from products.models import Label
from products.services import create_part, create_product, set_member, trash_product, update_part, update_product

WHO = ("owner", "administrator", "maintainer", "triager", "reporter", "viewer", "stranger", "anonymous")


@pytest.fixture(autouse=True)
def _nothing_remembered():
    caches["shared"].clear()


def counted(client):
    """Return what is told of views; the queue has a number of its own."""
    counts = client.get("/views/counts/").json()["counts"]
    return {name: count for name, count in counts.items() if name != "triage"}


@pytest.fixture
def people(administrator, maintainer, triager, reporter, viewer, stranger, product):
    """Everybody; the owner of the views is a triager of the product, too."""
    from accounts.services import create_user

    owner = create_user(actor=None, via="web", username="olga", display_name="Olga")
    set_member(product, owner, "triager", actor=administrator, via="web")
    found = (owner, administrator, maintainer, triager, reporter, viewer, stranger, AnonymousUser())
    return dict(zip(WHO, found, strict=True))


def save(user, **fields):
    return create_view(actor=user, via="web", **{"name": "Mine", "query": "is:open", **fields})


def last_batch():
    return Batch.objects.latest("id")


def keys(page):
    return re.findall(r'<td class="col-key key">([A-Z0-9-]+)</td>', page.content.decode())


def file(product, actor, count, **fields):
    return [create_issue(product, actor=actor, via="web", title=f"Issue {n}", **fields) for n in range(count)]


def test_a_view_is_saved_from_a_list_and_opens_it_again(product, triager):
    file(product, triager, 2, priority=3)
    file(product, triager, 1)
    client = at(triager)
    listed = client.get("/products/WEB/issues/?q=priority:high&group=status&columns=votes").content.decode()
    assert 'name="query" value="priority:high" form="save-view"' in listed
    fields = {"query": "priority:high", "group": "status", "columns": ["votes", "author"], "product": "WEB"}
    answer = client.post("/views/new/", {"name": "Hot", "pinned": "on", **fields})
    view = SavedView.objects.get()
    assert answer.url == f"/views/{view.pk}/"
    assert (view.owner, view.product, view.columns, view.group) == (triager, product, ["author", "votes"], "status")
    page = client.get(answer.url)
    text = page.content.decode()
    assert '<h1 class="view-name" title="Hot">Hot</h1>' in text
    assert page.context["listing"].columns == ("author", "votes")
    assert [section["title"] for section in page.context["sections"]] == ["New"]
    assert keys(client.get(f"{answer.url}?group=")) == ["WEB-2", "WEB-1"]
    assert f'href="/views/{view.pk}/" aria-current="page"' in text


# What is done to a view of Olga's, and by whom it may be: the owner, administrator, maintainer, triager, reporter,
# viewer, stranger, nobody. "." hidden, "r" seen and refused, "y" done.
RIGHTS = [
    ("personal", "public", "view", "y......."),
    ("personal", "public", "edit_view", "y......."),
    ("personal", "public", "pin_view", "y......."),
    ("shared", "public", "view", "yyyyyyyy"),
    ("shared", "public", "edit_view", "yyyrrrrr"),
    ("shared", "public", "pin_view", "yyyyyyyr"),
    ("shared", "public", "choose_default_view", "ryyrrrrr"),
    ("shared", "internal", "view", "yyyyyyy."),
    ("shared", "private", "view", "yyyyyy.."),
    ("shared", "private", "edit_view", "yyyrrr.."),
    ("shared", "private", "pin_view", "yyyyyy.."),
    ("shared", "private", "choose_default_view", "ryyrrr.."),
    ("shared, of all", "public", "view", "yyyyyyy."),
    ("shared, of all", "public", "edit_view", "yyrrrrr."),
    ("shared, of all", "public", "pin_view", "yyyyyyy."),
]


@pytest.mark.parametrize(("kind", "visibility", "action", "expected"), RIGHTS)
def test_who_may_do_what(people, product, administrator, kind, visibility, action, expected):
    product = update_product(product, actor=administrator, via="web", visibility=visibility)
    view = save(people["owner"], product=None if "all" in kind else product, shared="shared" in kind)
    for who, wanted in zip(WHO, expected, strict=True):
        user = people[who]
        access.forget_roles(user)
        seen = SavedView.objects.visible_to(user).filter(pk=view.pk).exists()
        found = ("y" if access.can(user, action, view) else "r") if seen else "."
        assert (who, found, access.sees(user, view)) == (who, wanted, wanted != ".")
        assert at(user).get(f"/views/{view.pk}/").status_code == (404 if wanted == "." else 200)
        if action == "edit_view" and wanted != "y":
            with pytest.raises(Refused):
                update_view(view, actor=user, via="web", name="Other")
            with pytest.raises(Refused):
                archive_view(view, actor=user, via="web")


@pytest.mark.parametrize(
    ("who", "fields", "allowed"),
    [
        ("viewer", {}, True),
        ("anonymous", {}, False),
        ("viewer", {"shared": True}, False),
        ("reporter", {"shared": True}, True),
        ("stranger", {"shared": True}, False),
        ("stranger", {}, False),
        ("reporter", {"shared": True, "is_default": True}, False),
        ("maintainer", {"shared": True, "is_default": True}, True),
    ],
)
def test_who_may_save_one_for_a_private_product(people, product, administrator, who, fields, allowed):
    product = update_product(product, actor=administrator, via="web", visibility="private")
    if allowed:
        assert save(people[who], product=product, **fields).owner == people[who]
    else:
        with pytest.raises(Forbidden):
            save(people[who], product=product, **fields)
        assert not SavedView.objects.exists() and not Event.objects.filter(about="savedview").exists()


def test_a_query_of_several_lines_is_kept_in_one(product, triager):
    view = create_view(actor=triager, via="api", name="Lines", query="is:open\r\nassignee:@me\ncrash")
    assert view.query == "is:open assignee:@me crash"


def test_a_query_is_checked_when_it_is_saved(product, triager):
    with pytest.raises(Unreadable) as refused:
        save(triager, query="is:opn")
    assert refused.value.errors["query"][0]["position"] == 3
    page = at(triager).post("/views/new/", {"name": "Bad", "query": "label:ghost"})
    assert page.status_code == 400
    assert "There is no “ghost”." in page.content.decode()
    view = save(triager)
    with pytest.raises(Unreadable):
        update_view(view, actor=triager, via="web", query="(")
    assert SavedView.objects.get().query == "is:open"


def test_a_view_whose_query_has_become_invalid_says_so_and_opens(product, triager, maintainer):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    file(product, triager, 1, labels=[label], priority=3)
    file(product, triager, 1, priority=3)
    view = save(triager, query="label:a11y priority:high", pinned=True)
    client = at(triager)
    assert keys(client.get(view.get_absolute_url())) == ["WEB-1"]
    assert counted(client) == {str(view.pk): "1"}
    update_part(label, actor=maintainer, via="web", name="access")
    caches["shared"].clear()
    page = client.get(view.get_absolute_url())
    assert "This view has become invalid" in page.content.decode()
    assert "<mark>a11y</mark>" in page.content.decode()
    assert keys(page) == ["WEB-2", "WEB-1"]
    # Never the count of the valid part, which would be more than is asked for.
    assert counted(client) == {}
    # It can still be called something else.
    assert update_view(view, actor=triager, via="web", name="Other").name == "Other"


def test_a_shared_address_shows_what_its_reader_may_see(product, triager, reporter, stranger):
    file(product, triager, 1, confidential=True)
    file(product, triager, 1)
    view = save(triager, shared=True, product=product)
    assert keys(at(triager).get(view.get_absolute_url())) == ["WEB-2", "WEB-1"]
    for user in (stranger, reporter, None):
        page = at(user).get(view.get_absolute_url())
        assert keys(page) == ["WEB-2"]
        assert "1 issue" in page.content.decode()


def test_a_list_that_was_changed_can_be_saved_as_what_it_is_now(product, triager, stranger):
    view = save(triager, shared=True, product=product)
    address = f"{view.get_absolute_url()}?q=is:closed&columns=votes"
    page = at(triager).get(address).content.decode()
    assert f'formaction="/views/{view.pk}/save/" formnovalidate' in page
    assert "/save/" not in at(triager).get(view.get_absolute_url()).content.decode()
    assert "/save/" not in at(stranger).get(address).content.decode()
    sent = {"query": "is:closed", "columns": ["votes"], "version": "1", "name": ""}
    assert at(stranger).post(f"/views/{view.pk}/save/", sent).status_code == 403
    assert at(triager).post(f"/views/{view.pk}/save/", sent).url == view.get_absolute_url()
    view.refresh_from_db()
    assert (view.name, view.query, view.columns, view.lock_version) == ("Mine", "is:closed", ["votes"], 2)
    assert at(triager).post(f"/views/{view.pk}/save/", sent).status_code == 412
    assert at(triager).post(f"/views/{view.pk}/save/", {"query": "is:", "version": "2"}).status_code == 400


def test_a_view_is_edited_with_its_form(product, triager, maintainer):
    view = save(triager, shared=True, product=product)
    address = f"/views/{view.pk}/edit/"
    assert "Default view" not in at(triager).get(address).content.decode()
    assert "Default view" in at(maintainer).get(address).content.decode()
    fields = {"name": "Ours", "query": "is:open", "product": "WEB", "shared": "on", "is_default": "on"}
    assert at(maintainer).post(address, {**fields, "version": "1"}).url == view.get_absolute_url()
    view.refresh_from_db()
    assert (view.name, view.is_default) == ("Ours", True)
    wrong = at(triager).post(address, {**fields, "name": " ", "version": "1"})
    assert (wrong.status_code, 'name="version" value="1"' in wrong.content.decode()) == (400, True)
    stale = at(triager).post(address, {**fields, "name": "Late", "version": "1"})
    assert (stale.status_code, "Somebody has changed this" in stale.content.decode()) == (400, True)
    # What would be overwritten is said, and nothing else.
    assert stale.context["form"].errors["name"] == ["Now it is: Ours"] and len(stale.context["form"].errors) == 2
    assert 'name="version" value="2"' in stale.content.decode()


def test_a_product_opens_with_its_default_view(product, maintainer, triager, stranger):
    file(product, triager, 1)
    file(product, triager, 1, priority=4)
    view = save(maintainer, query="priority:urgent", product=product, shared=True, is_default=True)
    for user in (maintainer, stranger, None):
        assert at(user).get("/products/WEB/issues/").url == view.get_absolute_url()
    page = at(stranger).get(view.get_absolute_url())
    assert keys(page) == ["WEB-2"]
    plain = "/products/WEB/issues/?q=is%3Aopen"
    assert f'href="{plain}"' in page.content.decode()
    listed = at(stranger).get(plain)
    assert keys(listed) == ["WEB-2", "WEB-1"]
    # No link of the plain list leads to the default view unasked.
    assert 'href="?"' not in listed.content.decode()
    other = save(maintainer, name="Other", product=product, shared=True)
    update_view(other, actor=maintainer, via="web", is_default=True)
    assert list(SavedView.objects.filter(is_default=True)) == [other]
    archive_view(other, actor=maintainer, via="web")
    assert at(stranger).get("/products/WEB/issues/").status_code == 200


def test_a_view_that_is_no_longer_shared_is_no_default(product, maintainer, triager):
    view = save(triager, product=product, shared=True)
    view = update_view(view, actor=maintainer, via="web", is_default=True)
    view = update_view(view, actor=triager, via="web", shared=False)
    assert not view.is_default
    with pytest.raises(Forbidden):
        update_view(view, actor=maintainer, via="web", is_default=True)
    with pytest.raises(ValidationError) as refused:
        save(maintainer, product=product, is_default=True)
    assert list(refused.value.error_dict) == ["is_default"]
    assert at(maintainer).get(view.get_absolute_url()).status_code == 404


def test_a_default_does_not_move_along(product, administrator, maintainer, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API", visibility="public")
    theirs = save(administrator, product=other, shared=True, is_default=True)
    view = update_view(save(triager, product=product, shared=True), actor=maintainer, via="web", is_default=True)
    with pytest.raises(Forbidden):
        update_view(view, actor=triager, via="web", product=other, is_default=True)
    view = update_view(view, actor=triager, via="web", product=other)
    assert list(SavedView.objects.filter(is_default=True)) == [theirs]
    assert view.product == other


def test_an_undo_brings_no_view_to_where_one_may_have_none(product, administrator, triager):
    update_product(product, actor=administrator, via="web", visibility="private")
    view = save(triager, product=product, shared=True)
    update_view(view, actor=triager, via="web", product=None)
    moved = last_batch()
    set_member(product, triager, None, actor=administrator, via="web")
    assert [one["field"] for one in undo(moved, actor=triager, via="web").left_alone] == ["product"]
    view.refresh_from_db()
    assert view.product is None


def test_everybody_pins_for_themselves(product, triager, stranger):
    view = save(triager, name="<b>Hot</b>", shared=True, product=product)
    client = at(stranger)
    assert f'data-counted="{view.pk}"' not in client.get("/issues/").content.decode()
    back = client.post(f"/views/{view.pk}/pin/", {"pinned": "on", "next": "/views/"})
    assert back.url == "/views/"
    page = client.get("/issues/").content.decode()
    assert f'data-counted="{view.pk}"' in page
    assert "&lt;b&gt;Hot&lt;/b&gt;" in page and "<b>Hot</b>" not in page
    assert 'class="sidebar-link" href="/views/" data-action="go-views"' in page
    assert f'data-counted="{view.pk}"' not in at(triager).get("/issues/").content.decode()
    assert "Unpin" in client.get("/views/").content.decode()
    client.post(f"/views/{view.pk}/pin/", {"next": "https://example.org/"})
    assert not SavedViewPin.objects.exists()
    update_view(view, actor=triager, via="web", shared=False)
    assert client.post(f"/views/{view.pk}/pin/", {"pinned": "on"}).status_code == 404


def test_a_session_that_has_ended_loses_nobody_at_the_address_of_a_button(product, triager):
    view = save(triager, shared=True, product=product)
    home = view.get_absolute_url()
    for place, way in (
        (f"{home}save/", home),
        (f"{home}pin/", home),
        (f"{home}delete/", home),
        ("/issues/feed/", "/issues/"),
    ):
        assert at(None).post(place).url == f"/accounts/login/?next={way}"
        assert at(triager).get(place).url == way
    refused = at(triager).post("/issues/feed/", {"q": "is:opn"})
    assert refused.status_code == 400 and 'href="/issues/"' in refused.content.decode().partition("<main")[2]


def test_the_form_of_a_view_leads_back(product, triager, stranger):
    view = save(triager, shared=True, product=product)
    way = f'href="{view.get_absolute_url()}">'
    for user, said in ((triager, "Cancel"), (stranger, "Go back")):
        page = at(user).get(f"{view.get_absolute_url()}edit/").content.decode()
        assert f"{way}{said}</a>" in page
    assert 'href="/views/">Cancel</a>' in at(triager).get("/views/new/").content.decode()


@pytest.mark.parametrize(
    ("fields", "way"),
    [
        ({"query": "is:opn"}, "/issues/?q=is%3Aopn&amp;group="),
        (
            {"query": "label:ghost", "product": "WEB", "group": "status", "columns": ["votes", "author"]},
            "/products/WEB/issues/?q=label%3Aghost&amp;group=status&amp;columns=votes&amp;columns=author",
        ),
        ({"query": "is:opn", "product": "GONE"}, "/issues/?q=is%3Aopn&amp;group="),
        ({"query": "é" * 1200}, "/issues/"),
    ],
)
def test_a_refused_view_leads_back_to_its_list(product, triager, fields, way):
    refused = at(triager).post("/views/new/", {"name": "Bad", **fields})
    assert (refused.status_code, f'href="{way}">Cancel</a>' in refused.text) == (400, True)


def test_the_page_of_a_view_says_who_sees_it_and_pins_it(product, triager, stranger):
    for view, readers, said in (
        (save(triager), [triager], "seen by you alone"),
        (save(triager, shared=True, product=product), [triager, stranger, None], "seen by all who see WEB"),
        (save(triager, shared=True), [triager, stranger], "seen by all who are signed in"),
    ):
        for reader in readers:
            client = at(reader)
            page = client.get(f"{view.get_absolute_url()}?q=is:closed").content.decode()
            assert said in page
            assert ('id="pin-view"' in page) == (reader is not None)
            if reader is None:
                continue
            back = re.search(r'name="next" value="([^"]+)" form="pin-view"', page)[1]
            assert client.post(f"/views/{view.pk}/pin/", {"pinned": "on", "next": back}).url == back
            assert back == f"{view.get_absolute_url()}?q=is%3Aclosed"
            assert ">Unpin</button>" in client.get(view.get_absolute_url()).content.decode()


def test_a_side_bar_holds_twenty(product, triager):
    for number in range(service.PINS_LIMIT):
        save(triager, name=f"View {number}", pinned=True)
    with pytest.raises(Conflict):
        save(triager, name="One more", pinned=True)
    assert SavedView.objects.count() == service.PINS_LIMIT


def test_counts_are_those_of_the_reader_and_capped(product, triager, reporter, administrator, monkeypatch):
    monkeypatch.setattr("issues.finding.counting.CAP", 3)
    file(product, triager, 2)
    file(product, triager, 2, confidential=True)
    view = save(triager, shared=True, product=product, pinned=True)
    pin_view(view, actor=reporter, via="web", pinned=True)
    for user, told in ((triager, "3+"), (reporter, "2")):
        assert counted(at(user)) == {str(view.pk): told}
    assert counted(at(None)) == {}
    # Kept for half a minute, but not beyond a change of what one may see.
    file(product, reporter, 1)
    assert counted(at(reporter)) == {str(view.pk): "2"}
    set_member(product, reporter, "triager", actor=administrator, via="web")
    assert counted(at(reporter)) == {str(view.pk): "3+"}


@pytest.mark.parametrize(
    "hide",
    [
        {"confidential": True},
        {"product": "other"},
        {"assignee": None},
        "trash",
        "undo",
    ],
    ids=str,
)
def test_what_is_hidden_is_counted_no_more_at_once(product, triager, reporter, stranger, administrator, hide):
    other = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    (issue,) = file(product, triager, 1)
    doing = {"actor": administrator, "via": "web"}
    if hide in ("undo", {"assignee": None}):
        update_issue(issue, confidential=True, **doing)
        update_issue(issue, assignee=reporter, **doing)
    view = save(reporter, name="All", query="is:open", pinned=True)
    client = at(reporter)
    assert counted(client) == {str(view.pk): "1"}
    if hide == "trash":
        trash_issue(issue, **doing)
    elif hide == "undo":
        undo(issue.events.latest("id").batch, **doing)
    else:
        update_issue(issue, **doing, **({"product": other} if "product" in hide else hide))
    assert counted(client) == {str(view.pk): "0"}


def test_a_product_that_turns_private_is_counted_no_more_at_once(product, triager, stranger, administrator):
    file(product, triager, 1)
    view = save(stranger, name="All", query="is:open", pinned=True)
    client = at(stranger)
    assert counted(client) == {str(view.pk): "1"}
    update_product(product, actor=administrator, via="web", visibility="private")
    assert counted(client) == {str(view.pk): "0"}


def test_a_count_that_takes_too_long_is_left_out(product, triager, monkeypatch):
    from django.db import OperationalError

    view = save(triager, pinned=True)

    def slow(seconds):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr("issues.finding.counting.bounded", slow)
    assert counted(at(triager)) == {}
    monkeypatch.undo()
    # Nor is it tried again at once.
    assert counted(at(triager)) == {}
    caches["shared"].clear()
    assert counted(at(triager)) == {str(view.pk): "0"}


@pytest.mark.traced
def test_what_is_asked_within_a_bound_is_stopped(db):
    from django.db import OperationalError, connection, transaction

    from issuetracker.database import bounded

    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(OperationalError), transaction.atomic(), bounded(0.1), connection.cursor() as cursor:
        cursor.execute(endless)
    assert not Issue.objects.exists()


def test_a_view_of_what_one_may_no_longer_see_is_gone_at_once(product, administrator, reporter):
    view = save(reporter, product=product, pinned=True)
    update_product(product, actor=administrator, via="web", visibility="private")
    assert at(reporter).get(view.get_absolute_url()).status_code == 200
    set_member(product, reporter, None, actor=administrator, via="web")
    client = at(reporter)
    assert client.get(view.get_absolute_url()).status_code == 404
    assert f'data-counted="{view.pk}"' not in client.get("/issues/").content.decode()
    assert counted(client) == {}
    set_member(product, reporter, "viewer", actor=administrator, via="web")
    trash_product(product, actor=administrator, via="web")
    assert at(reporter).get(view.get_absolute_url()).status_code == 404


def test_every_change_can_be_undone(product, maintainer, triager):
    view = save(triager, shared=True, product=product, columns=["votes"], pinned=True)
    made = last_batch()
    update_view(view, actor=triager, via="web", name="Other", columns=[], query="", group="status")
    undo(last_batch(), actor=triager, via="web")
    view.refresh_from_db()
    assert (view.name, view.columns, view.query, view.group) == ("Mine", ["votes"], "is:open", "")
    archive_view(view, actor=maintainer, via="web")
    undo(last_batch(), actor=triager, via="web")
    assert SavedView.objects.visible_to(triager).get() == view
    undo(made, actor=triager, via="web")
    assert not SavedView.objects.visible_to(triager).exists()
    assert not SavedViewPin.objects.exists()
    view.refresh_from_db()
    assert log.replay("savedview", view.pk) == log.present(view)


def test_the_choice_of_a_default_is_undone_by_a_maintainer(product, maintainer, triager):
    one = save(maintainer, name="One", shared=True, product=product, is_default=True)
    two = save(triager, name="Two", shared=True, product=product)
    update_view(two, actor=maintainer, via="web", is_default=True)
    chosen = last_batch()
    assert chosen.events.count() == 2
    assert not can_undo(triager, chosen)
    undo(chosen, actor=maintainer, via="web")
    assert list(SavedView.objects.filter(is_default=True)) == [one]


def test_the_page_says_what_was_done_with_a_way_back(product, triager, stranger):
    view = save(triager, shared=True, product=product)
    client = at(triager)
    assert client.post(f"/views/{view.pk}/delete/").url == "/views/"
    page = client.get("/views/").content.decode()
    (undo_address,) = re.findall(r'action="(/batches/\d+/undo/)"', page)
    assert at(stranger).post(undo_address).status_code == 403
    client.post(undo_address)
    assert SavedView.objects.visible_to(stranger).get() == view


def test_what_was_done_to_a_personal_view_is_for_its_owner_alone(product, people):
    owner = people["owner"]
    view = save(owner, name="Secret plan", pinned=True)
    update_view(view, actor=owner, via="web", query="is:closed")
    update_view(view, actor=owner, via="web", product=product, shared=True)

    def told(user):
        return visible_events(user).filter(about__startswith="savedview").count()

    assert told(owner) == 4
    assert [told(people[who]) for who in ("administrator", "maintainer", "stranger", "anonymous")] == [1, 1, 1, 1]
    assert at(people["administrator"]).get("/admin/history/event/").content.decode().count("Secret plan") == 0
    update_view(view, actor=owner, via="web", shared=False)
    assert [told(people[who]) for who in ("administrator", "maintainer", "stranger", "anonymous")] == [0, 0, 0, 0]


def test_two_at_once(product, triager, maintainer):
    view = save(triager, shared=True, product=product)
    update_view(view, actor=maintainer, via="web", expected_version=1, name="First")
    with pytest.raises(Stale):
        update_view(view, actor=triager, via="web", expected_version=1, name="Second")


def test_a_view_of_an_archived_product_is_read_only(product, maintainer, triager):
    shared, own = save(triager, shared=True, product=product), save(triager, product=product)
    product = update_product(product, actor=maintainer, via="web", archived=True)
    with pytest.raises(Forbidden) as refused:
        update_view(shared, actor=triager, via="web", name="Other")
    assert refused.value.code == "archived"
    assert update_view(own, actor=triager, via="web", name="Other").name == "Other"
    assert pin_view(shared, actor=triager, via="web", pinned=True)


@pytest.mark.parametrize("amount", [10, 100])
def test_the_list_of_views_takes_five_statements(product, triager, stranger, amount, django_assert_max_num_queries):
    for number in range(amount):
        save(triager, name=f"View {number}", shared=True, product=product)
    client = at(stranger)
    with django_assert_max_num_queries(5):
        page = client.get("/views/")
    assert page.content.decode().count('class="link" href="/views/') == amount


@pytest.mark.parametrize("amount", [10, 100])
def test_a_view_takes_seven_statements_however_long(product, triager, amount, django_assert_max_num_queries):
    file_many(product, triager, amount)
    view = save(triager, product=product, pinned=True)
    client = at(triager)
    with django_assert_max_num_queries(7):
        page = client.get(f"{view.get_absolute_url()}?page_size=100")
    assert len(keys(page)) == amount


@pytest.mark.parametrize("path", ["", "edit/", "save/", "pin/", "delete/", "feed.atom", "export.csv"])
def test_no_address_of_a_hidden_view_differs_from_one_of_none(people, path):
    view = save(people["owner"])
    client = at(people["stranger"])
    ask = client.post if path in ("save/", "pin/", "delete/") else client.get
    answers = [ask(f"/views/{pk}/{path}") for pk in (view.pk, 10**6, 10**17)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_deactivated_owner_leaves_shared_views_to_others(product, administrator, maintainer, triager):
    view = save(triager, shared=True, product=product)
    update_user(triager, actor=administrator, via="web", is_active=False)
    assert update_view(view, actor=maintainer, via="web", name="Ours").name == "Ours"


def test_a_private_product_hides_its_views(administrator, stranger):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    save(administrator, name="Hush", product=private, shared=True)
    for user in (stranger, None):
        assert "Hush" not in at(user).get("/views/").content.decode()


@pytest.mark.parametrize("address", ["save", "edit"])
def test_where_nothing_was_changed_nothing_is_undone(triager, client, address):
    view = create_view(actor=triager, via="web", name="High", query="priority:high", columns=["votes"])
    client.force_login(triager)
    sent = {"name": "High", "query": "priority:high", "columns": "votes", "version": view.lock_version}
    page = client.post(f"/views/{view.pk}/{address}/", sent, follow=True).content.decode()
    assert "is as it was" in page
    assert "/undo/" not in page
    page = client.post(f"/views/{view.pk}/{address}/", sent | {"query": "priority:low"}, follow=True).content.decode()
    assert f"/batches/{Batch.objects.latest('id').pk}/undo/" in page


def test_the_undo_of_a_new_view_leads_to_a_page_that_is_there(triager):
    client = at(triager)
    made = client.post("/views/new/", {"name": "Mine", "query": "is:open"}, follow=True)
    (undo,) = re.findall(r'action="(/batches/[0-9]+/undo/)"', made.content.decode())
    page = client.post(undo, {"next": made.request["PATH_INFO"]}, follow=True)
    assert (page.status_code, page.request["PATH_INFO"]) == (200, "/views/")


@pytest.mark.parametrize("of_product", [False, True])
@pytest.mark.parametrize(
    "query", ["sort:relevance,updated", "title:foo*bar", "severity:<=unset", "no:milestone milestone:v1"]
)
def test_a_view_whose_query_is_a_mistake_by_now_opens_and_says_so(product, triager, query, of_product):
    file(product, triager, 1)
    view = save(triager, product=product if of_product else None, pinned=True)
    SavedView.objects.filter(pk=view.pk).update(query=query)
    _token, secret = create_token(triager, actor=triager, via="web", name="feed", scopes=(FEED,))
    client, path = at(triager), f"/views/{view.pk}/"
    for address, place in ((path, 'id="query-problems"'), (f"/triage/?view={view.pk}", "triage-notice")):
        page = client.get(address, follow=True)
        assert (page.status_code, place in page.content.decode()) == (200, True)
    for address in (f"{path}feed.atom", f"{path}export.csv"):
        assert client.get(f"{address}?token={secret}").status_code == 400
    for address in ("/", "/views/", f"{path}edit/", f"/api/v1/views/{view.pk}/"):
        assert client.get(address).status_code == 200
    assert counted(client) == {}
    assert update_view(view, actor=triager, via="web", name="Other").name == "Other"
    assert update_view(view, actor=triager, via="web", query="is:open").query == "is:open"


def test_what_helps_with_boxes_is_said_at_them(triager):
    page = at(triager).get("/views/new/").content.decode()
    assert re.search('<fieldset class="field" aria-describedby="id_columns-help ?">', page)
    assert page.count('id="id_columns-help"') == 1
