"""What the page of an issue tells its reader of their own part: questions, where a report stands, votes, watching."""

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.models import NeedInfo, Vote
from issues.services import add_comment, create_issue, decide, update_issue
from issues.watchers import watchers
from products.services import update_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def page(client, user):
    client.force_login(user)
    return " ".join(client.get("/issues/WEB-1/").content.decode().split())


@pytest.mark.parametrize(
    ("decision", "details", "said"),
    [
        (None, {}, "Your report waits for a triager."),
        ("accept", {}, "Your report was accepted."),
        ("decline", {"resolution": "invalid"}, "Your report was declined: invalid."),
        ("snooze", {"until": timezone.now() + timedelta(days=3)}, "Your report was put off until"),
    ],
)
def test_where_a_report_stands(client, issue, reporter, triager, stranger, decision, details, said):
    if decision:
        decide(issue, decision, actor=triager, via="web", **details)
    assert said in page(client, reporter)
    assert "Your report" not in page(client, stranger)


def test_whose_answer_a_report_waits_for(client, issue, reporter, triager, viewer):
    decide(issue, "needinfo", actor=triager, via="web", ask=viewer, question="Which browser?")
    assert "Your report waits for somebody’s answer." in page(client, reporter)


def test_the_author_is_told_where_a_duplicate_went(client, product, issue, reporter, triager):
    original = create_issue(product, actor=triager, via="web", title="Cart forgets")
    decide(issue, "duplicate", actor=triager, via="web", duplicate_of=original)
    assert "Follow it there:" in page(client, reporter) and "WEB-2 Cart forgets</a>" in page(client, reporter)
    update_issue(original, actor=triager, via="web", confidential=True)
    assert "Cart forgets" not in page(client, reporter)
    client.force_login(triager)
    assert "2 reports" in client.get("/issues/WEB-2/").content.decode()


def test_a_question_is_asked_answered_and_withdrawn(client, issue, reporter, triager, stranger):
    decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which <browser>?")
    assert "Answer by a comment" in page(client, reporter)
    assert "Which &lt;browser&gt;?" in page(client, stranger) and "Withdraw" not in page(client, stranger)
    one = NeedInfo.objects.get()
    client.force_login(stranger)
    assert client.post(f"/issues/WEB-1/questions/{one.pk}/withdraw/").status_code == 403
    client.force_login(triager)
    assert client.post(f"/issues/WEB-1/questions/{one.pk}/withdraw/").status_code == 302
    assert NeedInfo.objects.get().state == "withdrawn"
    assert client.post(f"/issues/WEB-1/questions/{one.pk}/withdraw/").status_code == 409
    assert "Answer by a comment" not in page(client, reporter)
    assert "withdrew the question" in page(client, reporter)


def test_who_may_not_comment_is_told_another_way_to_deal_with_a_question(
    client, product, issue, maintainer, triager, viewer
):
    update_product(product, actor=maintainer, via="web", visibility="private")
    decide(issue, "needinfo", actor=triager, via="web", ask=viewer, question="Which browser?")
    shown = page(client, viewer)
    assert "Which browser?" in shown and "Withdraw" in shown
    assert "#comment-body" not in shown and "ask a maintainer for a higher role" in shown
    update_product(product, actor=maintainer, via="web", archived=True)
    for user in (viewer, triager):
        shown = page(client, user)
        assert "Which browser?" in shown and "This product is archived" in shown
        assert not any(way in shown for way in ("#comment-body", "higher role", "Withdraw"))


def test_an_answer_is_told(client, issue, reporter, triager):
    decide(issue, "needinfo", actor=triager, via="web", ask=reporter, question="Which?")
    add_comment(issue, actor=reporter, via="web", body="This one.")
    shown = page(client, triager)
    assert "answered the question" in shown and "brought it back into the queue by an answer" in shown


def test_voting_and_watching(client, issue, stranger):
    assert "Me too" in page(client, stranger)
    client.post("/issues/WEB-1/vote/", {"wanted": "1"})
    client.post("/issues/WEB-1/watch/", {"wanted": "1"})
    assert Vote.objects.get().user == stranger
    assert stranger in watchers(issue, stranger)
    assert "Take my vote back" in page(client, stranger)
    client.post("/issues/WEB-1/vote/")
    client.post("/issues/WEB-1/watch/")
    assert not Vote.objects.exists()
    assert stranger not in watchers(issue, stranger)
    client.logout()
    assert "Me too" not in client.get("/issues/WEB-1/").content.decode()
    assert client.post("/issues/WEB-1/vote/", {"wanted": "1"}).status_code == 302
    assert not Vote.objects.exists()
