"""What tags write in the place of templates: menus, addresses, what is wrong with a field."""

from types import SimpleNamespace

import pytest
from django import forms
from django.urls import set_script_prefix

from issuetracker.templatetags import menus, ui

BAD = '<i>"'


def person(number, name=""):
    return SimpleNamespace(ident=number, t1=f"p{number}", t2=name)


def test_a_menu_offers_the_first_thirty_people_but_oneself():
    html = menus.person_items("assignee", [person(number) for number in range(40)], 3, "p5")
    assert html.count("<button") == 29
    assert ('value="p5"' in html, 'value="p29"' in html, 'value="p30"' in html) == (False, True, False)
    assert html.count(' aria-pressed="true"') == 1
    assert 'value="p3" aria-pressed="true"' in html


@pytest.mark.parametrize(
    "html",
    [
        menus.person_items("assignee", [person(1, BAD)], None, ""),
        menus.people_options([person(1, BAD)]),
        menus.part_items("component", [SimpleNamespace(ident=1, name=BAD)], 1),
        menus.label_items([SimpleNamespace(ident=1, colour="red", name=BAD)], []),
        menus.product_links([SimpleNamespace(url="/products/WEB/", key="WEB", name=BAD)], "WEB"),
        menus.status_items(
            [SimpleNamespace(ident=1, t2="new", t3="triage", name=BAD)],
            SimpleNamespace(status_id=1, is_open=True),
            True,
        ),
        ui.avatar(SimpleNamespace(username="p1", name=BAD), "avatar-l"),
    ],
)
def test_names_are_escaped(html):
    assert BAD not in html
    assert "&lt;i&gt;&quot;" in html or "&lt;&quot;" in html


def test_a_name_that_looks_like_markup_of_ours_is_text_all_the_same():
    markup = menus._person("p1", "").encode().decode()
    assert markup in menus.person_items("component", [person(1)], None, "")
    part = SimpleNamespace(ident="p1", name=markup)
    assert markup not in menus._items("component", [("p1", False, part.name, "")])


def test_an_address_is_below_the_prefix_of_its_request():
    try:
        set_script_prefix("/x/")
        assert ui.address("issue-set", "WEB-1") == "/x/issues/WEB-1/set/"
    finally:
        set_script_prefix("/")
    assert ui.address("issue-set", "WEB-1") == "/issues/WEB-1/set/"


class Asked(forms.Form):
    name = forms.CharField()


def test_what_is_wrong_stands_with_its_field():
    wrong, right, none = Asked({})["name"], Asked({"name": "x"})["name"], None
    assert ui.invalid(wrong) == 'aria-invalid="true" aria-describedby="id_name-error" autofocus'
    assert 'id="id_name-error"' in ui.field_errors(wrong)
    assert "This field is required." in ui.field_errors(wrong)
    for field in (right, none):
        assert ui.invalid(field) == ui.field_errors(field) == ""
