"""Comments: written, edited, trashed; the internal ones move nothing that others can see."""

import pytest
from django.core.exceptions import ValidationError

from history.errors import Forbidden, Stale
from history.models import Batch, Event
from issues.models import Comment, Issue, Status
from issues.services import add_comment, create_issue, edit_comment, restore_comment, trash_comment
from products.services import set_member, update_product


@pytest.fixture
def issue(product, reporter):
    return create_issue(product, actor=reporter, via="web", title="Cart empties")


def say(issue, actor, body="Me too.", **more):
    return add_comment(issue, actor=actor, via="web", body=body, **more)


def fresh(issue):
    return Issue.objects.get(pk=issue.pk)


def test_a_comment_is_rendered_counted_and_recorded(issue, stranger):
    comment = say(issue, stranger, "Me **too**.")
    assert comment.body_html == "<p>Me <strong>too</strong>.</p>\n"
    assert (fresh(issue).comment_count, fresh(issue).lock_version) == (1, 2)
    event = Event.objects.get(issue=issue, kind="commented")
    assert (event.about_id, event.actor, event.number) == (comment.pk, stranger, 2)


def test_an_internal_comment_moves_neither_version_nor_date(issue, triager, reporter):
    before = fresh(issue)
    say(issue, triager, internal=True)
    after = fresh(issue)
    assert (after.lock_version, after.updated_at, after.comment_count) == (1, before.updated_at, 0)
    assert Event.objects.get(issue=issue, kind="commented").internal
    with pytest.raises(Forbidden):
        say(issue, reporter, internal=True)


def test_a_comment_and_a_change_are_one_batch(issue, triager):
    say(issue, triager, "Done.", status=Status.objects.get(slug="closed"))
    assert fresh(issue).resolution == "fixed"
    batch = Batch.objects.latest("id")
    assert sorted(batch.events.values_list("kind", flat=True)) == ["changed", "commented"]


@pytest.mark.parametrize("body", ["", "   ", "nul\x00", "é" * 32769])
def test_bad_texts_are_refused(issue, reporter, body):
    with pytest.raises(ValidationError) as refused:
        say(issue, reporter, body)
    assert set(refused.value.error_dict) == {"body"}
    assert not Comment.objects.exists()


def test_who_may_edit_and_trash(issue, stranger, reporter, triager, maintainer):
    comment = say(issue, stranger)
    for actor in (stranger, triager):
        assert edit_comment(comment, actor=actor, via="web", body=f"By {actor}").body == f"By {actor}"
    with pytest.raises(Forbidden):
        edit_comment(comment, actor=reporter, via="web", body="x")
    with pytest.raises(Forbidden):
        trash_comment(comment, actor=triager, via="web")
    trash_comment(comment, actor=maintainer, via="web")
    assert fresh(issue).comment_count == 0
    restore_comment(comment, actor=maintainer, via="web")
    assert fresh(issue).comment_count == 1


def test_an_edit_of_what_has_changed_is_refused(issue, reporter):
    comment = say(issue, reporter)
    edit_comment(comment, actor=reporter, via="web", body="Second", expected_version=1)
    with pytest.raises(Stale) as refused:
        edit_comment(comment, actor=reporter, via="web", body="Third", expected_version=1)
    assert refused.value.current.body == "Second"


def test_who_lost_the_right_to_triage_no_longer_edits_an_internal_one(issue, product, triager, administrator):
    comment = say(issue, triager, internal=True)
    set_member(product, triager, "reporter", actor=administrator, via="web")
    with pytest.raises(Forbidden):
        edit_comment(comment, actor=triager, via="web", body="x")


def test_nobody_comments_in_an_archived_product(issue, product, administrator):
    update_product(product, actor=administrator, via="web", archived=True)
    with pytest.raises(Forbidden) as refused:
        say(issue, administrator)
    assert refused.value.code == "archived"
