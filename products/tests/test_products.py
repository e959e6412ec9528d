"""Products, their parts and their members: made, changed, archived, and who may."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.services import update_user
from history import log
from history.errors import Conflict, Forbidden, Stale
from history.models import Event
from products.models import Component, Label, Member, Milestone, Product, ProductKey, Version
from products.services import (
    create_part,
    create_product,
    restore_product,
    set_member,
    trash_product,
    update_part,
    update_product,
)


def test_a_product_is_made_and_its_maker_maintains_it(administrator):
    product = create_product(actor=administrator, via="web", key="WEB", title="Web shop", description="**All**")
    assert (product.visibility, product.triage_days, product.owner) == ("public", 7, administrator)
    assert product.description_html == "<p><strong>All</strong></p>\n"
    assert product.members.get().role == "maintainer"
    assert list(Event.objects.order_by("id").values_list("about", "kind")) == [
        ("user", "created"),
        ("product", "created"),
        ("member", "member-changed"),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"key": "web"}, "key"),
        ({"key": "W"}, "key"),
        ({"key": "1WEB"}, "key"),
        ({"key": "W" * 11}, "key"),
        ({"key": "WEB\n"}, "key"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"visibility": "secret"}, "visibility"),
        ({"triage_days": 0}, "triage_days"),
        ({"triage_days": 366}, "triage_days"),
        ({"archived": True}, "archived"),
        ({"lock_version": 3}, "lock_version"),
    ],
)
def test_bad_input_names_the_field(administrator, fields, field):
    with pytest.raises(ValidationError) as refused:
        create_product(actor=administrator, via="web", **{"key": "OK", "title": "Fine", **fields})
    assert set(refused.value.error_dict) == {field}
    assert not Product.objects.exists()


def test_who_may_make_and_change(product, maintainer, triager, reporter):
    for actor in (maintainer, triager):
        with pytest.raises(Forbidden):
            create_product(actor=actor, via="web", key="API", title="API")
    with pytest.raises(Forbidden):
        update_product(product, actor=triager, via="web", title="Mine")
    assert update_product(product, actor=maintainer, via="web", title="Shop").title == "Shop"


def test_a_key_is_never_given_to_another(product, administrator, maintainer):
    renamed = update_product(product, actor=maintainer, via="web", key="SHOP")
    assert set(ProductKey.objects.values_list("key", flat=True)) == {"WEB", "SHOP"}
    with pytest.raises(ValidationError) as refused:
        create_product(actor=administrator, via="web", key="WEB", title="Other")
    assert set(refused.value.error_dict) == {"key"}
    assert update_product(renamed, actor=maintainer, via="web", key="WEB").key == "WEB"


def test_a_change_of_what_has_changed_is_refused(product, maintainer):
    update_product(product, actor=maintainer, via="web", expected_version=1, title="One")
    with pytest.raises(Stale) as refused:
        update_product(product, actor=maintainer, via="web", expected_version=1, title="Two")
    assert refused.value.current.title == "One"


def test_archived_means_read_only_until_taken_out(product, maintainer):
    archived = update_product(product, actor=maintainer, via="web", archived=True)
    with pytest.raises(Forbidden) as refused:
        update_product(archived, actor=maintainer, via="web", title="x")
    assert refused.value.code == "archived"
    assert not update_product(archived, actor=maintainer, via="web", archived=False).archived


def test_into_the_trash_and_back(product, maintainer):
    trash_product(product, actor=maintainer, via="web")
    assert not Product.objects.visible_to(maintainer).exists()
    assert Product.objects.trashed_for(maintainer).get() == product
    restore_product(product, actor=maintainer, via="web")
    assert Product.objects.visible_to(maintainer).get() == product


@pytest.mark.parametrize("model", [Component, Milestone, Version, Label])
def test_a_part_is_made_changed_and_archived(product, maintainer, triager, model):
    with pytest.raises(Forbidden):
        create_part(model, product=product, actor=triager, via="web", name="One")
    part = create_part(model, product=product, actor=maintainer, via="web", name="One")
    for twin in ("One", "ONE"):
        with pytest.raises(ValidationError):
            create_part(model, product=product, actor=maintainer, via="web", name=twin)
    part = update_part(part, actor=maintainer, via="web", expected_version=1, name="Two", archived=True)
    assert (part.name, part.archived, part.lock_version) == ("Two", True, 2)
    assert part not in model.objects.active()
    with pytest.raises(Stale):
        update_part(part, actor=maintainer, via="web", expected_version=1, name="Three")
    assert log.replay(model._meta.model_name, part.pk) == log.present(part)


def test_labels_of_the_site_are_for_staff_and_their_names_for_all(product, administrator, maintainer):
    with pytest.raises(Forbidden):
        create_part(Label, product=None, actor=maintainer, via="web", name="security")
    for name in ("security", "sécurité"):
        create_part(Label, product=None, actor=administrator, via="web", name=name)
        for home in (product, None):
            with pytest.raises(ValidationError) as refused:
                create_part(Label, product=home, actor=administrator, via="web", name=name.upper())
            assert set(refused.value.error_dict) == {"name"}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL never let such a name in")
def test_a_part_that_an_older_version_gave_the_name_of_another_keeps_it_or_takes_a_new_one(product, maintainer):
    doing = {"actor": maintainer, "via": "web"}
    Component.objects.bulk_create([Component(product=product, name=name) for name in ("École", "école")])
    part = update_part(Component.objects.get(name="école"), description="x", **doing)
    with pytest.raises(ValidationError):
        update_part(part, name="ÉCOLE", **doing)
    assert update_part(part, name="lycée", **doing).name == "lycée"
    assert update_part(part, name="Lycée", **doing).name == "Lycée"


def test_only_who_sees_the_product_owns_its_triage(product, administrator, stranger):
    product = update_product(product, actor=administrator, via="web", visibility="private")
    with pytest.raises(ValidationError) as refused:
        create_part(Component, product=product, actor=administrator, via="web", name="Cart", triage_owner=stranger)
    assert set(refused.value.error_dict) == {"triage_owner"}


@pytest.mark.parametrize(("visibility", "is_active"), [("private", True), ("public", False)])
def test_only_who_sees_a_new_product_owns_it(administrator, stranger, visibility, is_active):
    stranger = update_user(stranger, actor=administrator, via="web", is_active=is_active)
    make = {"actor": administrator, "via": "web", "key": "WEB", "title": "Web shop", "visibility": visibility}
    with pytest.raises(ValidationError) as refused:
        create_product(**make, owner=stranger)
    assert set(refused.value.error_dict) == {"owner"} and not Product.objects.exists()
    assert create_product(**make, owner=administrator).owner == administrator


def test_owners_that_do_not_change_are_not_asked_about(product, administrator, triager):
    product = update_product(product, actor=administrator, via="web", owner=triager)
    people = {"triage_owner": triager, "default_assignee": triager}
    part = create_part(Component, product=product, actor=administrator, via="web", name="Cart", **people)
    inactive = update_user(triager, actor=administrator, via="web", is_active=False)
    people = {"triage_owner": inactive, "default_assignee": inactive}
    assert update_product(product, actor=administrator, via="web", owner=inactive, title="Shop").title == "Shop"
    assert update_part(part, actor=administrator, via="web", **people, name="Basket").name == "Basket"
    update_part(part, actor=administrator, via="web", triage_owner=None)
    with pytest.raises(ValidationError) as refused:
        update_part(part, actor=administrator, via="web", **people)
    assert set(refused.value.error_dict) == {"triage_owner"}


def test_members_come_change_and_go(product, maintainer, stranger, triager):
    with pytest.raises(Forbidden):
        set_member(product, stranger, "viewer", actor=triager, via="web")
    for role in ("viewer", "triager"):
        assert set_member(product, stranger, role, actor=maintainer, via="web").role == role
    assert set_member(product, stranger, None, actor=maintainer, via="web") is None
    told = [
        {change.field: (change.before, change.after) for change in event.changes.all()}["role"]
        for event in Event.objects.filter(about="member", changes__after__name="sam").order_by("id")
    ]
    assert told == [(None, "viewer"), ("viewer", "triager"), ("triager", None)]


def test_a_product_keeps_a_maintainer(product, administrator, maintainer):
    set_member(product, administrator, None, actor=maintainer, via="web")
    for role in ("triager", None):
        with pytest.raises(Conflict) as refused:
            set_member(product, maintainer, role, actor=maintainer, via="web")
        assert refused.value.code == "last_maintainer"
    assert Member.objects.get(user=maintainer).role == "maintainer"


@pytest.mark.parametrize(("role", "active", "field"), [("king", True, "role"), ("viewer", False, "user")])
def test_who_cannot_be_a_member(product, administrator, stranger, role, active, field):
    user = update_user(stranger, actor=administrator, via="web", is_active=active)
    with pytest.raises(ValidationError) as refused:
        set_member(product, user, role, actor=administrator, via="web")
    assert set(refused.value.error_dict) == {field}


@pytest.mark.parametrize("name", ["é", "日本", "🙂", "—", "٣", "a\u200bb", "\u0915\u094d"])
def test_whatever_can_be_seen_is_a_name(product, maintainer, name):
    assert create_part(Version, product=product, actor=maintainer, via="web", name=name).name == name


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL never let such a name in")
def test_of_two_that_differ_by_capitals_the_one_that_is_named_is_found(product, api, triager):
    Component.objects.bulk_create([Component(product=product, name=name) for name in ("École", "école")])
    for name in ("école", "École"):
        sent = {"title": "Bell", "component": name, "labels": []}
        assert api(triager).post("/api/v1/products/WEB/issues/", sent, "json").json()["component"] == name
