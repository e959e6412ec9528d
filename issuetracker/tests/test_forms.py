"""What browsers do with the forms of pages by themselves."""

import re

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
FORM = re.compile(r'<form\b(?P<tag>(?:[^>%]|%(?!})|%})*?method="post".*?)</form>', re.DOTALL)
# What says which state somebody has before them, and what one fills in.
STATES = ("sent_along", "triage/_sent.html", 'name="version"', 'name="seen"', 'name="was_')
FILLED = re.compile(r'<textarea|<select|<input(?![^>]*type="hidden")|_form_fields|_fields?\.html|_comment\.html')


@pytest.mark.once
def test_no_browser_fills_in_again_what_was_there_before():
    """Else old values would be sent as a change to the new state, which a browser does not put back."""
    found = [(path, form.group("tag")) for path in TEMPLATES for form in FORM.finditer(path.read_text())]
    with_state = [(path, form) for path, form in found if any(one in form for one in STATES) and FILLED.search(form)]
    assert len(with_state) > 15
    assert [path.name for path, form in with_state if 'method="post" autocomplete="off"' not in form] == []
