"""The pages on which a product is looked after: what they save, what they refuse, and how it is taken back."""

import re

import pytest
from django.test import Client

from accounts.services import update_user
from history.models import Event
from products.models import Component, Label, Member, Milestone, Product, Version
from products.services import create_part, set_member, update_part, update_product

SETTINGS = {"key": "WEB", "title": "Web shop", "visibility": "public", "triage_days": "7", "version": "1"}


def at(user):
    client = Client()
    client.force_login(user)
    return client


def take_back(client, page):
    """Press the button of the message that offers an undo."""
    address = re.search(r'action="(/batches/\d+/undo/)"', page.content.decode()).group(1)
    return client.post(address, follow=True)


def version_of(page):
    """Return the version that the form of a page sends."""
    return re.search(r'name="version" value="(\d+)"', page.content.decode()).group(1)


def test_a_product_is_made(administrator, stranger):
    page = at(administrator).get("/products/new/").content.decode()
    assert re.search(r'<input [^>]*name="title"[^>]* autofocus', page)
    answer = at(administrator).post("/products/new/", {**SETTINGS, "title": "Web shop", "owner": "SAM"}, follow=True)
    assert answer.redirect_chain == [("/products/WEB/", 302)]
    product = Product.objects.get()
    assert (product.title, product.owner, product.members.get().role) == ("Web shop", stranger, "maintainer")
    assert at(stranger).post("/products/new/", {**SETTINGS, "key": "NEW"}).status_code == 403
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"key": "w!"}, "capital letters"),
        ({"key": "OLD"}, "already exists"),
        ({"key": "OLDER"}, "taken, or was once used"),
        ({"title": ""}, "This field is required"),
        ({"triage_days": "0"}, "greater than or equal to 1"),
        ({"owner": "nobody"}, "no active person"),
        ({"visibility": "secret"}, "not one of the available choices"),
    ],
)
def test_settings_that_cannot_be(product, maintainer, administrator, fields, said):
    from products.services import create_product

    old = create_product(actor=administrator, via="web", key="OLDER", title="Old")
    update_product(old, actor=administrator, via="web", key="OLD")
    before = Event.objects.count()
    answer = at(maintainer).post("/products/WEB/settings/", {**SETTINGS, **fields})
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert Event.objects.count() == before


def test_settings_are_saved_and_taken_back(product, maintainer):
    client = at(maintainer)
    page = client.post("/products/WEB/settings/", {**SETTINGS, "key": "SHOP", "title": "Shop"}, follow=True)
    assert page.redirect_chain[-1][0] == "/products/SHOP/settings/"
    assert client.get("/products/WEB/settings/").headers["Location"] == "/products/SHOP/settings/"
    take_back(client, page)
    assert Product.objects.values_list("key", "title").get() == ("WEB", "Web shop")


def test_settings_that_somebody_else_has_changed(product, maintainer, administrator):
    update_product(product, actor=administrator, via="web", title="Theirs")
    client = at(maintainer)
    page = client.post("/products/WEB/settings/", {**SETTINGS, "title": "Mine"})
    text = page.content.decode()
    assert page.status_code == 400 and "Now it is: Theirs" in text and 'value="Mine"' in text
    assert client.post("/products/WEB/settings/", {**SETTINGS, "title": "Mine", "version": "2"}).status_code == 302
    assert Product.objects.get().title == "Mine"


def test_only_what_would_change_is_named_where_somebody_else_has_changed_something(product, maintainer, administrator):
    given = {"description": "One\nTwo", "members_skip_triage": True, "owner": maintainer}
    seen = update_product(product, actor=administrator, via="web", **given)
    update_product(seen, actor=administrator, via="web", title="Theirs")
    sent = {**SETTINGS, "description": "One\r\nTwo", "members_skip_triage": "on", "owner": "mia"}
    page = at(maintainer).post("/products/WEB/settings/", {**sent, "version": seen.lock_version})
    assert set(page.context["form"].errors) == {"__all__", "title"}


@pytest.mark.parametrize(
    ("place", "fields", "wrong"),
    [
        ("settings/", SETTINGS, {"triage_days": "0"}),
        ("components/{pk}/", {"name": "Cart", "version": "1"}, {"triage_owner": "nobody"}),
    ],
)
def test_a_form_that_is_mended_is_still_made_from_what_was_there_before(product, maintainer, place, fields, wrong):
    part = create_part(Component, product=product, actor=maintainer, via="web", name="Basket")
    client, address = at(maintainer), f"/products/WEB/{place.format(pk=part.pk)}"
    update_product(product, actor=maintainer, via="web", title="Theirs")
    update_part(part, actor=maintainer, via="web", name="Theirs")
    page = client.post(address, {**fields, **wrong})
    assert (page.status_code, version_of(page)) == (400, "1")
    page = client.post(address, {**fields, "version": version_of(page)})
    assert (page.status_code, version_of(page)) == (400, "2")
    assert Product.objects.get().title == Component.objects.get().name == "Theirs"
    assert client.post(address, {**fields, "version": version_of(page)}).status_code == 302


def test_archive_and_back(product, maintainer, triager):
    client = at(maintainer)
    assert at(triager).post("/products/WEB/archive/", {"archived": "yes"}).status_code == 403
    client.post("/products/WEB/archive/", {"archived": "yes"})
    assert Product.objects.get().archived
    assert client.post("/products/WEB/components/", {"name": "Cart"}).status_code == 403
    client.post("/products/WEB/archive/", {"archived": ""})
    assert not Product.objects.get().archived


def test_to_the_trash_and_back(product, maintainer):
    client = at(maintainer)
    page = client.post("/products/WEB/delete/", {"confirm": "1"}, follow=True)
    assert "WEB is in the trash for 30 days" in page.content.decode()
    assert client.get("/products/WEB/").status_code == 404
    page = client.post("/products/WEB/restore/", follow=True)
    assert "WEB is out of the trash." in page.content.decode()
    assert client.get("/products/WEB/").status_code == 200


@pytest.mark.parametrize(
    ("kind", "model", "fields", "changed"),
    [
        ("components", Component, {"name": "Cart", "triage_owner": "tom"}, {"name": "Basket"}),
        ("milestones", Milestone, {"name": "2.0", "due_on": "2030-01-02", "state": "open"}, {"state": "closed"}),
        ("versions", Version, {"name": "1.4"}, {"name": "1.5"}),
        ("labels", Label, {"name": "area/ui", "colour": "teal"}, {"colour": "rose"}),
    ],
)
def test_parts_are_made_changed_archived_and_taken_back(product, maintainer, triager, kind, model, fields, changed):
    client, home = at(maintainer), f"/products/WEB/{kind}/"
    assert at(triager).post(home, fields).status_code == 403
    page = client.post(home, fields, follow=True)
    row = model.objects.get()
    assert row.name == fields["name"] and fields["name"] in page.content.decode()
    twice = client.post(home, fields)
    assert (twice.status_code, model.objects.count()) == (400, 1)
    page = client.post(f"{home}{row.pk}/", {**fields, **changed, "version": "1"}, follow=True)
    for name, value in changed.items():
        assert getattr(model.objects.get(), name) == value
    take_back(client, page)
    assert model.objects.get().name == fields["name"]
    client.post(f"{home}{row.pk}/archive/", {"archived": "yes"})
    assert model.objects.get().archived
    assert client.get(f"{home}{row.pk + 1}/").status_code == 404


def test_the_description_of_a_component_stays_as_it_was_written(product, maintainer):
    written = "One\nTwo\n" + "x" * 2000
    part = create_part(Component, product=product, actor=maintainer, via="web", name="Cart", description=written)
    client, address = at(maintainer), f"/products/WEB/components/{part.pk}/"
    # A field of one line would send the lines as one.
    assert '<textarea name="description"' in client.get(address).content.decode()
    sent = {"name": "Basket", "description": written.replace("\n", "\r\n"), "version": "1"}
    assert client.post(address, sent).status_code == 302
    assert Component.objects.values_list("name", "description").get() == ("Basket", written)


def test_whose_owner_is_inactive_by_now_can_be_changed(product, maintainer, administrator, triager):
    update_product(product, actor=administrator, via="web", owner=triager)
    people = {"triage_owner": triager, "default_assignee": triager}
    part = create_part(Component, product=product, actor=maintainer, via="web", name="Cart", **people)
    update_user(triager, actor=administrator, via="web", is_active=False)
    client = at(maintainer)
    sent = {**SETTINGS, "title": "Shop", "owner": "tom", "version": "2"}
    assert client.post("/products/WEB/settings/", sent).status_code == 302
    sent = {"name": "Basket", "triage_owner": "tom", "default_assignee": "tom", "version": "1"}
    assert client.post(f"/products/WEB/components/{part.pk}/", sent).status_code == 302
    assert (Product.objects.get().title, Component.objects.get().name) == ("Shop", "Basket")
    refused = client.post("/products/WEB/components/", {"name": "Search", "triage_owner": "tom"})
    assert refused.context["form"].errors["triage_owner"] == ["tom is not active, or cannot see this product."]


def test_a_part_that_somebody_else_has_changed(product, maintainer):
    part = create_part(Version, product=product, actor=maintainer, via="web", name="1.4")
    update_part(part, actor=maintainer, via="web", name="1.5")
    page = at(maintainer).post(f"/products/WEB/versions/{part.pk}/", {"name": "1.6", "version": "1"})
    assert page.status_code == 400 and "1.5" in page.content.decode()
    assert Version.objects.get().name == "1.5"


@pytest.mark.parametrize(("signup", "invites"), [("closed", False), ("invite", True)])
def test_the_members_say_how_somebody_without_an_account_gets_one(
    product, administrator, maintainer, settings, signup, invites
):
    settings.SIGNUP = signup
    for user, said in ((administrator, "/admin/accounts/user/add/"), (maintainer, "Ask an administrator")):
        page = at(user).get("/products/WEB/members/").content.decode()
        assert ("/accounts/invitations/?product=WEB" in page) == invites
        assert (said in page) == (not invites)
        assert 'data-people="/api/v1/users/"' in page


def test_members(product, maintainer, stranger, triager):
    client = at(maintainer)
    page = client.post("/products/WEB/members/", {"user": "sam", "role": "triager"}, follow=True)
    assert "Sam is a member now." in page.content.decode()
    take_back(client, page)
    assert not product.members.filter(user=stranger).exists()
    again = client.post("/products/WEB/members/", {"user": "tom", "role": "triager"}, follow=True)
    assert "is a member now" not in again.content.decode()
    version = str(product.members.get(user=triager).lock_version)
    raised = client.post(
        "/products/WEB/members/", {"user": "tom", "role": "maintainer", "version": version}, follow=True
    )
    assert "Tom is maintainer now." in raised.content.decode()
    assert "is a member now" not in raised.content.decode()
    client.post("/products/WEB/members/tom/remove/")
    assert not product.members.filter(user=triager).exists()
    assert client.post("/products/WEB/members/tom/remove/").status_code == 404
    assert client.post("/products/WEB/members/", {"user": "sam", "role": "king"}).status_code == 400


def test_the_last_maintainer_stays(product, administrator):
    page = at(administrator).post("/products/WEB/members/ada/remove/", follow=True)
    assert page.status_code == 409
    assert product.members.get().user == administrator


def test_a_page_asks_a_constant_number_of_questions(product, maintainer, django_assert_max_num_queries):
    client = at(maintainer)
    for count in (10, 100):
        for model in (Component, Milestone, Version, Label):
            model.objects.bulk_create(model(product=product, name=f"{count}-{number}") for number in range(count))
        for place in ("", "settings/", "members/", "components/", "labels/", "milestones/", "versions/"):
            with django_assert_max_num_queries(9):
                assert client.get(f"/products/WEB/{place}").status_code == 200


def test_a_role_that_somebody_else_has_changed(product, maintainer, triager, administrator):
    client, home = at(maintainer), "/products/WEB/members/"
    assert 'name="version" value="1"' in client.get(home).content.decode()
    set_member(product, triager, "viewer", actor=administrator, via="web")
    for seen in ({"version": "1"}, {"version": 5000 * "9"}, {}):
        page = client.post(home, {"user": "tom", "role": "maintainer", **seen})
        assert (page.status_code, "is viewer now" in page.content.decode()) == (409, True)
    assert client.post(f"{home}tom/remove/", {"version": "1"}).status_code == 412
    assert product.members.get(user=triager).role == "viewer"
    assert client.post(home, {"user": "tom", "role": "maintainer", "version": "2"}).status_code == 302
    assert product.members.get(user=triager).role == "maintainer"
    set_member(product, triager, None, actor=administrator, via="web")
    assert client.post(home, {"user": "tom", "role": "viewer", "version": "3"}).status_code == 404
    assert not product.members.filter(user=triager).exists()


def test_whoever_leaves_is_asked_first_and_offered_nothing_that_they_may_not_do(product, maintainer, administrator):
    set_member(product, administrator, "maintainer", actor=administrator, via="web")
    update_product(product, actor=administrator, via="web", visibility="private")
    client, address = at(maintainer), "/products/WEB/members/mia/remove/"
    assert f"Leave {product.title}?" in client.post(address).content.decode()
    assert Member.objects.filter(user=maintainer).exists()
    page = client.post(address, {"confirm": "1"}, follow=True)
    assert page.request["PATH_INFO"] == "/products/" and "no longer a member" in page.content.decode()
    assert "/undo/" not in page.content.decode()


def test_the_number_of_what_is_open_leads_to_that(product, triager):
    for path in ("/products/", "/products/WEB/"):
        assert 'href="/products/WEB/issues/?is=open"' in at(triager).get(path).content.decode()


def test_one_day_is_one_day(product, maintainer):
    update_product(product, actor=maintainer, via="web", triage_days=1)
    assert "within 1 day<" in at(maintainer).get("/products/WEB/").content.decode()
