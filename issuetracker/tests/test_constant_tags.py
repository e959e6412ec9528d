"""What a page always says is worked out once; all else is left to the framework's tags."""

from pathlib import Path

import pytest
from django.conf import settings as given
from django.template import Context, Template
from django.template.base import TextNode
from django.urls import set_script_prefix

from issuetracker.templatetags.constant import Kept

QUOTED = 'Say "no" & <b>100%</b>'


def nodes(text):
    return Template(text).nodelist


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{% translate "Save" %}', "Save"),
        ('{% trans "Save" %}', "Save"),
        # As the framework says it: who writes templates may write tags.
        (f"{{% translate '{QUOTED}' %}}", QUOTED),
        ("{% translate name %}", "&lt;i&gt;"),
        ('{% translate "Save"|upper %}', "SAVE"),
        ('{% translate "Save" as word %}{{ word }}!', "Save!"),
        ('{% translate "May" context "month" %}', "May"),
        ('{% translate "Save" noop %}', "Save"),
        ('{% url "issues" %}', "/issues/"),
        ("{% url view %}", "/issues/"),
        ('{% url "issues" as there %}{{ there }}', "/issues/"),
        ('{% url "issue" "WEB-1" %}', "/issues/WEB-1/"),
        ('{% url "admin:index" %}', "/admin/"),
    ],
)
def test_they_say_what_those_of_the_framework_say(text, shown):
    template = Template(text)
    for _again in range(2):
        assert template.render(Context({"name": "<i>", "view": "issues"})) == shown


def test_constant_words_are_text():
    (node,) = nodes('{% translate "Save" %}')
    assert isinstance(node, TextNode)


def test_where_there_are_languages_each_is_asked(settings):
    settings.USE_I18N = True
    (node,) = nodes('{% translate "Save" %}')
    assert not isinstance(node, TextNode)


def test_an_address_is_kept_below_its_prefix():
    (node,) = nodes('{% url "issues" %}')
    assert isinstance(node, Kept)
    assert node.render(Context()) == "/issues/"
    try:
        set_script_prefix("/x/")
        assert node.render(Context()) == "/x/issues/"
    finally:
        set_script_prefix("/")
    assert node.render(Context()) == "/issues/"
    assert len(node.shown) == 2


def test_no_template_of_ours_loads_those_of_the_framework():
    loading = [path for path in Path(given.BASE_DIR, "templates").rglob("*.*") if "load i18n" in path.read_text()]
    assert loading == []
