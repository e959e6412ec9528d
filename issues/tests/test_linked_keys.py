"""Keys in what is written about issues are links, whichever way a text comes in."""

import pytest

from history.models import Batch
from issues.models import Issue
from issues.services import (
    CommentRecord,
    IssueRecord,
    add_comment,
    create_issue,
    edit_comment,
    redact,
    undo,
    update_issue,
    write_batch,
)
from products.services import create_product

TEXT = "Follows from WEB-1, SHOP-2 and HID-3, in UTF-8."


def link(key):
    return f'<a href="/issues/{key}/" rel="nofollow noopener noreferrer">{key}</a>'


HTML = f"<p>Follows from {link('WEB-1')}, {link('SHOP-2')} and HID-3, in UTF-8.</p>\n"


@pytest.fixture
def hidden(product, administrator):
    """The private product HID, beside the public ones WEB and SHOP."""
    create_product(actor=administrator, via="web", key="SHOP", title="Shop")
    return create_product(actor=administrator, via="web", key="HID", title="Hidden", visibility="private")


@pytest.fixture
def issue(product, hidden, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties", description=TEXT)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_a_description_has_links(issue, triager):
    assert issue.description_html == HTML
    issue = update_issue(issue, actor=triager, via="web", description="None.")
    assert issue.description_html == "<p>None.</p>\n"
    undo(Batch.objects.latest("id"), actor=triager, via="web")
    assert fresh(issue).description_html == HTML


def test_a_comment_has_links(issue, reporter, maintainer):
    comment = add_comment(issue, actor=reporter, via="web", body=TEXT)
    assert fresh(comment).body_html == HTML
    edit_comment(comment, actor=reporter, via="web", body="None.")
    assert fresh(comment).body_html == "<p>None.</p>\n"
    undo(Batch.objects.latest("id"), actor=reporter, via="web")
    assert fresh(comment).body_html == HTML
    redact(comment, "body", actor=maintainer, via="web")
    assert fresh(comment).body_html == ""


def test_what_moves_to_where_others_read_links_to_nothing_hidden(issue, hidden, product, administrator):
    text = "See HID-1 and HID-2."
    issue = create_issue(hidden, actor=administrator, via="web", title="Secret", description=text)
    comment = add_comment(issue, actor=administrator, via="web", body=text)
    linked = f"<p>See {link('HID-1')} and {link('HID-2')}.</p>\n"
    update_issue(fresh(issue), actor=administrator, via="web", product=product)
    assert (fresh(issue).description_html, fresh(comment).body_html) == (f"<p>{text}</p>\n",) * 2
    undo(Batch.objects.latest("id"), actor=administrator, via="web")
    assert fresh(issue).description_html == linked


def test_what_comes_with_many_has_the_same_links(issue, hidden):
    for product in (issue.product, hidden):
        comments = [CommentRecord(TEXT, None, issue.created_at)]
        record = IssueRecord(product, {"title": "Same", "description": TEXT}, comments=comments)
        write_batch([record], actor=None, via="import")
        many = Issue.objects.latest("id")
        html = HTML if product != hidden else HTML.replace("HID-3", link("HID-3"))
        assert (many.description_html, many.comments.get().body_html) == (html, html)


def test_a_link_leads_nobody_to_what_they_may_not_see(client, issue, hidden, administrator, stranger):
    create_issue(hidden, actor=administrator, via="web", title="Secret")
    own = create_issue(hidden, actor=administrator, via="web", title="Too", description="See HID-1 and HID-99.")
    assert own.description_html == f"<p>See {link('HID-1')} and {link('HID-99')}.</p>\n"
    client.force_login(stranger)
    assert client.get("/issues/WEB-1/").status_code == 200
    answers = {key: client.get(f"/issues/{key}/").status_code for key in ("HID-1", "HID-99", "NONE-1")}
    assert answers == {"HID-1": 404, "HID-99": 404, "NONE-1": 404}
