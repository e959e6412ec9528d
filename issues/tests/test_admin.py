"""The administration: every page opens, every write goes through the services, every refusal is an answer."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
from accounts.services import create_token, create_user
from accounts.tests.test_sign_in_page import enter
from history import log
from history.models import Batch, Change, Event
from issues.models import Comment, Issue, Status
from issues.services import add_comment, bulk, create_issue, trash_comment, undo, update_issue
from issues.tests.clients import at
from issues.tests.many import file_many
from issuetracker import backoffice
from products.models import Component, Label, Member, Product
from products.services import create_part, create_product, set_member, update_product

MODELS = [
    *("accounts_user", "accounts_apitoken", "products_product", "products_component", "products_milestone"),
    *("products_version", "products_label", "products_member", "issues_issue", "issues_comment", "issues_status"),
    *("history_event", "history_batch"),
]


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description="After login.")


@pytest.fixture
def staff(product, administrator):
    """Stan, of the staff, who triages WEB."""
    user = create_user(actor=None, via="web", username="stan", is_staff=True)
    set_member(product, user, "triager", actor=administrator, via="web")
    return user


def form_of(page):
    """Return the data that a browser would send from the page's form unchanged."""
    form = page.context["adminform"].form
    data = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if isinstance(value, (list, tuple)):
            data[name] = [getattr(one, "pk", one) for one in value]
        elif value is not None and value is not False:
            data[name] = getattr(value, "pk", value)
    return data


def change(client, name, row, /, **changes):
    address = reverse(f"admin:{name}_change", args=[row.pk])
    return client.post(address, sent(client.get(address), **changes))


def sent(page, **changes):
    """Return the data that a browser would send from the page's form with `changes`."""
    data = {**form_of(page), **changes}
    return {key: value for key, value in data.items() if value is not None}


@pytest.mark.parametrize("name", MODELS)
def test_every_list_and_row_opens(issue, product, maintainer, administrator, name):
    create_part(Component, product=product, actor=maintainer, via="web", name="Cart")
    create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    add_comment(issue, actor=maintainer, via="web", body="x")
    create_token(maintainer, actor=None, via="web", name="x", scopes=["read"])
    client = at(administrator)
    page = client.get(reverse(f"admin:{name}_changelist"), {"q": "1"})
    assert page.status_code == 200
    page = client.get(reverse(f"admin:{name}_changelist"))
    assert page.status_code == 200
    row = page.context["cl"].queryset.first()
    if row is not None:
        assert client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200


def test_an_issue_is_changed_through_the_service(issue, administrator):
    answer = change(at(administrator), "issues_issue", issue, title="Better", priority="3")
    assert answer.status_code == 302
    fresh = Issue.objects.get(pk=issue.pk)
    assert (fresh.title, fresh.priority, fresh.lock_version, fresh.description) == ("Better", 3, 2, "After login.")
    event = Event.objects.filter(issue=issue).latest("id")
    assert (event.actor, event.batch.via) == (administrator, "admin")
    assert log.replay("issue", issue.pk) == log.present(fresh)


@pytest.mark.parametrize("text", ["    code\nmore\n", "    code\r\nmore\r\n"])
def test_a_text_of_several_lines_is_changed_by_who_changes_it_alone(issue, administrator, triager, text):
    update_issue(issue, actor=triager, via="web", description=text)
    comment = add_comment(issue, actor=triager, via="web", body=text)
    sent = "    code\r\nmore\r\n"
    assert change(at(administrator), "issues_issue", issue, description=sent, priority="3").status_code == 302
    assert change(at(administrator), "issues_comment", comment, body=sent).status_code == 302
    fresh = Issue.objects.get(pk=issue.pk)
    assert (fresh.description, fresh.priority, Comment.objects.get().body) == (text, 3, text)
    assert not Change.objects.filter(event__actor=administrator, field__in=["description", "body"]).exists()


def test_labels_are_set_in_the_form(issue, product, maintainer, administrator):
    label = create_part(Label, product=product, actor=maintainer, via="web", name="a11y")
    assert change(at(administrator), "issues_issue", issue, chosen_labels=[label.pk]).status_code == 302
    assert Issue.objects.get(pk=issue.pk).label_list == [label]


def test_an_unchanged_form_writes_nothing(issue, administrator):
    assert change(at(administrator), "issues_issue", issue).status_code == 302
    assert Issue.objects.get(pk=issue.pk).lock_version == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "This field is required."),
        ({"resolution": "fixed"}, "Only a closed issue has a resolution"),
        ({"seen_version": "0", "title": "x"}, "Somebody has changed this in the meantime."),
    ],
)
def test_what_the_service_refuses_stands_in_the_form(issue, administrator, changes, said):
    answer = change(at(administrator), "issues_issue", issue, **changes)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Issue.objects.get(pk=issue.pk).lock_version == 1


def test_an_issue_is_filed(product, administrator):
    status = Status.objects.get(slug="accepted")
    data = {"product": product.pk, "type": "bug", "title": "New", "status": status.pk, "priority": "0", "severity": "0"}
    answer = at(administrator).post(reverse("admin:issues_issue_add"), data)
    assert answer.status_code == 302
    issue = Issue.objects.get()
    assert (issue.key, issue.source, issue.status.slug) == ("WEB-1", "admin", "accepted")


def test_products_parts_members_and_people_are_written_through_the_services(product, administrator, stranger):
    # Signed in just now: setting a password takes that.
    client = Client()
    enter(client, "ada")
    assert change(client, "products_product", product, title="Shop").status_code == 302
    assert Product.objects.get(pk=product.pk).title == "Shop"
    data = {"product": product.pk, "name": "Cart"}
    assert client.post(reverse("admin:products_component_add"), data).status_code == 302
    assert change(client, "products_component", Component.objects.get(), name="Basket").status_code == 302
    data = {"product": product.pk, "user": stranger.pk, "role": "viewer"}
    assert client.post(reverse("admin:products_member_add"), data).status_code == 302
    member = Member.objects.get(user=stranger)
    assert change(client, "products_member", member, role="triager").status_code == 302
    answer = change(client, "accounts_user", stranger, display_name="Samuel", password="a long enough one")
    assert answer.status_code == 302
    stranger.refresh_from_db()
    assert (stranger.display_name, stranger.check_password("a long enough one")) == ("Samuel", True)
    data = {"username": "new", "time_zone": "UTC", "theme": "system", "is_active": "on"}
    assert client.post(reverse("admin:accounts_user_add"), data).status_code == 302
    assert User.objects.get(username="new").has_usable_password() is False
    assert set(Batch.objects.filter(via="admin").values_list("actor__username", flat=True)) == {"ada"}
    assert Batch.objects.filter(via="admin").count() == 8


def test_a_status_in_use_keeps_its_category(issue, administrator):
    answer = change(at(administrator), "issues_status", issue.status, category="closed")
    assert "its category stays" in answer.content.decode()
    assert change(at(administrator), "issues_status", issue.status, name="Fresh").status_code == 302


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("close_as_fixed", {"resolution": "fixed"}),
        ("close_as_wont_do", {"resolution": "wont-do"}),
        ("accept", {"status__slug": "accepted"}),
        ("assign_to_me", {"assignee__username": "ada"}),
        ("raise_priority", {"priority": 3}),
        ("move_to_trash", {"deleted_at__isnull": False}),
    ],
)
def test_actions_go_through_the_services(product, reporter, administrator, action, expected):
    rows = [create_issue(product, actor=reporter, via="web", title=f"{n}") for n in range(3)]
    data = {"action": action, "_selected_action": [row.pk for row in rows[:2]]}
    assert at(administrator).post(reverse("admin:issues_issue_changelist"), data).status_code == 302
    assert list(Issue.objects.filter(**expected).order_by("id")) == rows[:2]
    batch = Batch.objects.get(via="admin")
    assert (batch.total, batch.done, batch.state) == (2, 2, "done")
    assert undo(batch, actor=administrator, via="web").left_alone == []
    assert not Issue.objects.filter(**expected).exists()


def test_an_action_that_changes_nothing_is_no_batch(issue, administrator):
    update_issue(issue, actor=administrator, via="web", priority=3)
    data = {"action": "raise_priority", "_selected_action": [issue.pk]}
    at(administrator).post(reverse("admin:issues_issue_changelist"), data)
    assert not Batch.objects.filter(via="admin").exists()


def test_what_an_undo_left_alone_is_shown_to_superusers_alone(issue, administrator, maintainer):
    update_issue(issue, actor=maintainer, via="web", priority=4)
    batch = Batch.objects.order_by("-id").first()
    Batch.objects.filter(pk=batch.pk).update(left_alone=[{"issue": "SECRET-7", "field": "priority", "by": None}])
    maintainer.is_staff = True
    maintainer.save()
    address = reverse("admin:history_batch_change", args=[batch.pk])
    assert b"SECRET-7" in at(administrator).get(address).content
    answer = at(maintainer).get(address)
    assert answer.status_code == 200
    assert b"SECRET-7" not in answer.content


def test_a_batch_of_which_nothing_is_undone_is_not_counted(issue, administrator, triager):
    first = update_issue(issue, actor=triager, via="web", title="Better").events.latest("id").batch
    update_issue(issue, actor=triager, via="web", title="Best")
    client = at(administrator)
    asked = {"action": "take_back", "_selected_action": [first.pk]}
    page = client.post(reverse("admin:history_batch_changelist"), asked, follow=True).content.decode()
    assert "Nothing is undone: it has been changed since." in page
    assert "1 undone" not in page


def test_a_batch_is_undone_and_a_token_revoked(issue, administrator, triager):
    update_issue(issue, actor=triager, via="web", priority=4)
    batch = Batch.objects.latest("id")
    client = at(administrator)
    client.post(reverse("admin:history_batch_changelist"), {"action": "take_back", "_selected_action": [batch.pk]})
    assert Issue.objects.get(pk=issue.pk).priority == 0
    token, _secret = create_token(triager, actor=None, via="web", name="x", scopes=["read"])
    client.post(reverse("admin:accounts_apitoken_changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    assert ApiToken.objects.get().revoked_at


def test_nothing_is_deleted_or_edited_that_is_only_read(issue, administrator):
    client = at(administrator)
    assert client.get(reverse("admin:issues_issue_delete", args=[issue.pk])).status_code == 403
    event = Event.objects.latest("id")
    assert client.post(reverse("admin:history_event_change", args=[event.pk]), {"kind": "moved"}).status_code == 403
    assert client.get(reverse("admin:history_batch_add")).status_code == 403


def test_staff_see_what_is_visible_to_them(issue, product, administrator, staff):
    private = create_product(actor=administrator, via="web", key="ZEBRA9QX", title="Secret", visibility="private")
    hidden = create_issue(private, actor=administrator, via="web", title="Hidden plan")
    client = at(staff)
    for name in MODELS:
        text = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert "Hidden plan" not in text
        assert "ZEBRA9QX" not in text
    assert client.get(reverse("admin:issues_issue_change", args=[hidden.pk])).status_code == 302
    lookup = {"app_label": "issues", "model_name": "issue", "field_name": "parent", "term": "Hidden"}
    assert client.get(reverse("admin:autocomplete"), lookup).json()["results"] == []
    assert change(client, "issues_issue", issue, title="By Stan").status_code == 302
    assert client.post(reverse("admin:products_product_change", args=[product.pk]), {"title": "x"}).status_code == 403


def test_only_staff_come_in(product, reporter):
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    assert at(reporter).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("amount", [10, 100])
@pytest.mark.parametrize("name", ["issues_issue", "issues_comment", "history_event", "history_batch"])
def test_lists_take_few_statements_however_long(
    product, administrator, triager, amount, name, django_assert_max_num_queries
):
    if name == "history_batch":
        for n in range(amount):
            create_issue(product, actor=triager, via="web", title=f"{n}")
    else:
        file_many(product, triager, amount, comments=["x"])
    client = at(administrator)
    with django_assert_max_num_queries(8):
        page = client.get(reverse(f"admin:{name}_changelist"))
    assert len(page.context["cl"].result_list) >= min(amount, 50)


@pytest.fixture
def hidden(administrator):
    """ZEBRA-1, which Stan of the staff does not see, with a component."""
    private = create_product(actor=administrator, via="web", key="ZEBRA", title="Secret", visibility="private")
    create_part(Component, product=private, actor=administrator, via="web", name="Zebra core")
    return create_issue(private, actor=administrator, via="web", title="Zebra plan")


@pytest.fixture(params=["triager", "reporter"])
def stan(request, staff, product, administrator):
    """Stan, who may change what he sees, and who may not."""
    set_member(product, staff, request.param, actor=administrator, via="web")
    return staff


def test_an_event_is_told_as_the_api_tells_it(issue, hidden, administrator, stan):
    update_issue(issue, actor=administrator, via="web", parent=hidden)
    moved = create_issue(hidden.product, actor=administrator, via="web", title="Moved")
    update_issue(moved, actor=administrator, via="web", product=issue.product)
    comment = add_comment(issue, actor=administrator, via="web", body="Zebra comment")
    trash_comment(comment, actor=administrator, via="web")
    client = at(stan)
    pages = [client.get(reverse("admin:history_event_change", args=[event.pk])) for event in Event.objects.all()]
    assert {page.status_code for page in pages} == {200, 302}
    assert not any("zebra" in page.content.decode().lower() for page in pages)
    told = "".join(page.content.decode() for page in pages)
    assert "<p>title:  → Cart empties</p>" in told


def test_hidden_links_are_neither_shown_nor_cleared(issue, hidden, administrator, stan):
    update_issue(issue, actor=administrator, via="web", parent=hidden, duplicate_of=hidden)
    client = at(stan)
    page = client.get(reverse("admin:issues_issue_change", args=[issue.pk]))
    assert "zebra" not in page.content.decode().lower()
    answer = change(client, "issues_issue", issue, title="By Stan")
    assert answer.status_code == (302 if page.context["has_change_permission"] else 403)
    fresh = Issue.objects.get(pk=issue.pk)
    assert (fresh.parent, fresh.duplicate_of) == (hidden, hidden)


def test_hidden_rows_are_not_found_by_counting_ids(issue, hidden, stan):
    client, add = at(stan), reverse("admin:issues_issue_add")
    core = Component.objects.get()
    ids = {"component": core.pk, "parent": hidden.pk, "product": hidden.product_id}
    page = client.get(add, ids)
    assert (page.status_code, "zebra" in page.content.decode().lower()) == (200, False)
    for name, pk in ids.items():
        data = {"product": issue.product_id, "type": "bug", "title": "x"}
        answers = [client.post(add, {**data, name: one}) for one in (pk, pk + 999)]
        told = [answer.context["adminform"].form.errors.as_json() for answer in answers]
        assert told[0] == told[1]
        assert "zebra" not in answers[0].content.decode().lower()


@pytest.mark.parametrize("left", [False, True])
def test_a_change_of_many_counts_and_names_nothing_hidden(api, issue, hidden, administrator, staff, left):
    if left:
        # No event tells of what was so already.
        hidden = update_issue(hidden, actor=administrator, via="web", priority=3)
    plan = bulk.Plan({row.product_id: {"priority": 3} for row in (issue, hidden)})
    batch = bulk.change([issue.pk, hidden.pk], plan, actor=administrator, via="web", query="product:ZEBRA")
    address = reverse("admin:history_batch_change", args=[batch.pk])
    for user, told in ((administrator, True), (staff, False)):
        client = at(user)
        page = client.get(address).content
        assert (b"product:ZEBRA" in page, b"Total:" in page) == (told, told)
        columns = client.get(reverse("admin:history_batch_changelist")).context["cl"].list_display
        assert {"total", "done"}.issubset(columns) == told
        assert api(user).get(f"/api/v1/batches/{batch.pk}/").json()["total"] == (2 if told else None)


def test_a_change_of_many_tells_its_own_actor(issue, staff):
    plan = bulk.Plan({issue.product_id: {"priority": 3}})
    batch = bulk.change([issue.pk], plan, actor=staff, via="web", query="product:WEB")
    page = at(staff).get(reverse("admin:history_batch_change", args=[batch.pk])).content
    assert b"product:WEB" in page and b"Total:" in page


def test_an_issue_is_filed_by_staff_who_report(product, administrator, staff):
    set_member(product, staff, "reporter", actor=administrator, via="web")
    client, add = at(staff), reverse("admin:issues_issue_add")
    page = client.get(add)
    assert set(page.context["adminform"].form.fields).isdisjoint({"status", "priority", "assignee", "duplicate_of"})
    data = {"product": product.pk, "type": "task", "title": "New", "severity": "3"}
    assert client.post(add, data).status_code == 302
    issue = Issue.objects.get()
    assert (issue.author, issue.type, issue.severity, issue.status.slug) == (staff, "task", 3, "new")


def test_an_issue_is_filed_by_staff_who_report_here_and_triage_elsewhere(product, administrator, staff):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    data = {"product": other.pk, "type": "bug", "title": "New", "priority": "0", "severity": "0"}
    assert at(staff).post(reverse("admin:issues_issue_add"), data).status_code == 302
    assert Issue.objects.get().status.slug == "new"


def test_the_history_of_a_row_is_what_the_event_log_tells(issue, product, staff, administrator):
    update_issue(issue, actor=administrator, via="web", title="Better")
    create_issue(product, actor=administrator, via="web", title="Another")
    comment = add_comment(issue, actor=administrator, via="web", body="x")
    event = Event.objects.get(about="comment")
    rows = {
        "issues_issue": (issue, {"issue"}, 2),
        "issues_comment": (comment, {"comment"}, 1),
        "products_product": (product, {"product"}, 1),
        "accounts_user": (staff, {"user"}, 1),
        "history_event": (event, {"comment"}, 1),
        "history_batch": (event.batch, {"comment"}, 1),
    }
    for name, (row, abouts, count) in rows.items():
        page = at(administrator).get(reverse(f"admin:{name}_history", args=[row.pk]), follow=True)
        told = list(page.context["cl"].result_list)
        assert ({one.about for one in told}, len(told)) == (abouts, count), name
    assert "Recent actions" not in at(administrator).get(reverse("admin:index")).content.decode()


def test_the_history_of_a_row_that_is_not_seen_is_that_of_none(product, issue, staff, maintainer):
    update_product(product, actor=maintainer, via="web", visibility="private")
    set_member(product, staff, None, actor=maintainer, via="web")
    for pk in (issue.pk, 999_999):
        answer = at(staff).get(reverse("admin:issues_issue_history", args=[pk]))
        assert (answer.status_code, answer.url) == (302, reverse("admin:index"))


def test_more_rows_than_are_counted_are_said_to_be_more(product, administrator, monkeypatch):
    monkeypatch.setattr(backoffice, "COUNTED", 2)
    for title in ("One", "Two", "Last"):
        create_issue(product, actor=administrator, via="web", title=f"{title} of three")
    client, address = at(administrator), reverse("admin:issues_issue_changelist")
    page = client.get(address).content.decode()
    assert "more than 1,000 issues: search" in " ".join(page.split())
    assert "3 issues" not in page and "3 results" not in page
    # A search says how to leave it, whatever it found.
    for found, query in (("1 result", "One"), ("more than 1,000 results", "three")):
        page = client.get(address, {"q": query}).content.decode()
        assert f'{found} (<a href="?">Show all</a>)' in " ".join(page.split())
    chosen = list(Issue.objects.values_list("pk", flat=True))
    data = {"action": "accept", "_selected_action": chosen, "select_across": "1"}
    page = client.post(address, data, follow=True).content.decode()
    assert "2 accepted." in page and "Only the first 1,000 were taken." in page
