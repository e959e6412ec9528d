"""The API looked at in a browser: pages of the site, with what their reader may do and nothing else."""

import re

import pytest
from django.utils.html import escape

from issues.services import add_comment, create_issue, trash_issue
from issuetracker.templatetags.ui import followed

ISSUE = "/api/v1/issues/WEB-1/"


@pytest.fixture
def issue(product, reporter):
    """An issue of Rosa's."""
    return create_issue(product, actor=reporter, via="web", title="The cart empties itself")


@pytest.fixture
def look(client):
    """A function that returns the page at `path` as `user` is given it (None: nobody)."""

    def get(path, user=None):
        if user is not None:
            client.force_login(user)
        return client.get(path, headers={"accept": "text/html"}).content.decode()

    return get


def offered(text):
    """Return the methods of the buttons on a page."""
    return set(re.findall(r"<(?:button|summary)[^>]*>(POST|PUT|PATCH|DELETE)<", text))


def linked(text):
    """Return the names of what else can be done."""
    return set(re.findall(r'<a class="button" href="[^"]*/issues/[^"]*">(\w[\w ]*)</a>', text))


def test_it_is_a_page_of_the_site(look, issue, triager):
    text = look(ISSUE, triager)
    assert "<title>Issue Instance · API · Issues</title>" in text and "Django REST framework" not in text
    for address in ("/", "/docs", "/profile/"):
        assert f'href="{address}"' in text
    assert re.search(r'<form method="post" action="/accounts/logout/"><input type="hidden" name="csrfm', text)
    assert "<style" not in text and " style=" not in text


def test_nobody_is_offered_to_sign_in_and_nothing_else(look, issue):
    for path in ("/api/v1/", "/api/v1/issues/?q=is:open", ISSUE, "/api/v1/issues/WEB-9/", f"{ISSUE}restore/"):
        text = look(path)
        assert f'href="/accounts/login/?next={path.replace("?q=is:", "%3Fq%3Dis%3A")}"' in text
        assert (offered(text), linked(text) - {"Export"}) == (set(), set()), path
        assert "/accounts/logout/" not in text and "<textarea" not in text


@pytest.mark.parametrize(
    ("path", "who", "methods"),
    [
        ("/api/v1/", "maintainer", set()),
        (ISSUE, "maintainer", {"PUT", "PATCH", "DELETE"}),
        (ISSUE, "triager", {"PUT", "PATCH"}),
        (ISSUE, "stranger", set()),
        ("/api/v1/issues/WEB-9/", "maintainer", set()),
        ("/api/v1/products/WEB/issues/", "reporter", {"POST"}),
        ("/api/v1/products/WEB/issues/", "stranger", {"POST"}),
        (f"{ISSUE}relations/", "triager", {"POST"}),
        (f"{ISSUE}relations/", "reporter", set()),
        (f"{ISSUE}redact/", "maintainer", {"POST"}),
        (f"{ISSUE}redact/", "triager", set()),
        ("/api/v1/products/WEB/members/", "maintainer", {"POST"}),
        ("/api/v1/products/WEB/members/", "triager", set()),
        ("/api/v1/statuses/", "administrator", {"POST"}),
        ("/api/v1/statuses/", "maintainer", set()),
        ("/api/v1/me/", "viewer", {"PATCH"}),
    ],
)
def test_the_methods_that_one_may_use_are_offered(look, issue, request, path, who, methods):
    assert offered(look(path, request.getfixturevalue(who))) == methods


@pytest.mark.parametrize(
    ("who", "methods"), [("reporter", {"PUT", "PATCH"}), ("triager", {"PUT", "PATCH"}), ("viewer", set())]
)
def test_a_comment_can_be_edited_by_its_author_and_by_triagers(look, issue, reporter, request, who, methods):
    comment = add_comment(issue, actor=reporter, via="web", body="Still so.")
    assert offered(look(f"{ISSUE}comments/{comment.pk}/", request.getfixturevalue(who))) == methods


def test_what_else_one_may_do_is_linked(look, issue, maintainer, viewer):
    assert linked(look(ISSUE, maintainer)) == {"Triage", "Redact"}
    assert linked(look(ISSUE, viewer)) == set()
    assert linked(look("/api/v1/issues/", viewer)) == {"Export", "Search", "Bulk"}


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("/api/v1/x/?a=1&b=2", '<a href="/api/v1/x/?a=1&amp;b=2">/api/v1/x/?a=1&amp;b=2</a>'),
        ("https://example.org/", '<a href="https://example.org/" rel="nofollow">https://example.org/</a>'),
        ("/api/v1/<b>", None),
        ("/api/v1/' onclick='", None),
        ("//example.org/", None),
    ],
)
def test_addresses_in_the_answer_lead_there(text, link):
    assert followed(f'"{text}"') == f"&quot;{link or escape(text)}&quot;"


def test_the_root_leads_to_the_lists(look, db):
    assert '<a href="/api/v1/products/">/api/v1/products/</a>' in look("/api/v1/")


def test_what_is_in_the_trash_can_be_restored_there(look, issue, maintainer, triager):
    trash_issue(issue, actor=maintainer, via="web")
    assert offered(look(f"{ISSUE}restore/", maintainer)) == {"POST"}
    assert offered(look(f"{ISSUE}restore/", triager)) == set()


def test_a_file_is_chosen_in_its_form(look, issue, reporter):
    text = look(f"{ISSUE}attachments/", reporter)
    assert '<label class="field-label" for="id_file">' in text and 'id="id_file" name="file" type="file"' in text


def test_the_reference_leads_back(client, db):
    text = client.get("/docs").content.decode()
    assert 'href="/"' in text and 'href="/api/v1/"' in text
