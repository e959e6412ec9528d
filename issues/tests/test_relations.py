"""Relations: said once, seen from both ends, ended again."""

import pytest
from django.core.exceptions import ValidationError

from history.errors import Conflict, Forbidden
from history.models import Batch, Event
from issues.models import Issue, Relation
from issues.services import create_issue, purge, relate, trash_issue, undo, unrelate
from products.services import create_product, set_member, update_product


@pytest.fixture
def pair(product, reporter):
    return [create_issue(product, actor=reporter, via="web", title=title) for title in ("One", "Two")]


@pytest.mark.parametrize(("kind", "back"), [("blocks", "blocked-by"), ("blocked-by", "blocks"), ("relates", "relates")])
def test_a_relation_is_told_on_both_issues(pair, triager, kind, back):
    one, two = pair
    relation = relate(one, actor=triager, via="web", kind=kind, other=two)
    told = {event.issue: event.changes.get().field for event in Event.objects.filter(kind="related")}
    assert told == {one: kind, two: back}
    assert set(Issue.objects.values_list("lock_version", flat=True)) == {2}
    with pytest.raises(Conflict):
        relate(two, actor=triager, via="web", kind=back, other=one)
    unrelate(relation, actor=triager, via="web", issue=two)
    assert not Relation.objects.exists()
    assert Event.objects.filter(kind="unrelated").count() == 2


def test_who_may_relate(pair, reporter):
    with pytest.raises(Forbidden):
        relate(pair[0], actor=reporter, via="web", kind="blocks", other=pair[1])


def test_what_cannot_be_related(pair, product, triager, administrator, maintainer):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    hidden = create_issue(private, actor=administrator, via="web", title="Hidden")
    gone = create_issue(product, actor=administrator, via="web", title="Gone")
    gone = trash_issue(gone, actor=maintainer, via="web")
    for other in (hidden, gone, pair[0]):
        with pytest.raises(ValidationError) as refused:
            relate(pair[0], actor=triager, via="web", kind="blocks", other=other)
        assert set(refused.value.error_dict) == {"issue"}
    with pytest.raises(ValidationError) as refused:
        relate(pair[0], actor=triager, via="web", kind="marries", other=pair[1])
    assert set(refused.value.error_dict) == {"kind"}


def test_an_archived_product_is_not_written_to_from_the_other_end(pair, administrator, triager):
    other = create_product(actor=administrator, via="web", key="API", title="API")
    far = [create_issue(other, actor=administrator, via="web", title=title) for title in ("Far", "Farther")]
    relation = relate(pair[0], actor=triager, via="web", kind="blocks", other=far[0])
    batch = Batch.objects.latest("id")
    update_product(other, actor=administrator, via="web", archived=True)
    told = Event.objects.count()
    for write in (
        lambda: relate(pair[0], actor=triager, via="web", kind="blocks", other=far[1]),
        lambda: unrelate(relation, actor=triager, via="web", issue=pair[0]),
        lambda: undo(batch, actor=administrator, via="web"),
    ):
        with pytest.raises(Forbidden) as refused:
            write()
        assert refused.value.code == "archived"
    assert Event.objects.count() == told


def test_a_relation_moves_only_what_all_its_readers_see(product, administrator, triager):
    """Each end is touched where whoever sees it sees the other, too; their events are counted all the same."""
    products = {"public": product}
    for key, visibility in (("INT", "internal"), ("PRV", "private")):
        products[visibility] = create_product(actor=administrator, via="web", key=key, title=key, visibility=visibility)
        set_member(products[visibility], triager, "triager", actor=administrator, via="web")
    for home, confidential, other, other_confidential, touched in (
        ("public", False, "public", False, (True, True)),
        ("public", False, "public", True, (False, True)),
        ("public", True, "public", True, (False, False)),
        ("public", False, "internal", False, (False, True)),
        ("public", False, "private", False, (False, True)),
        ("internal", False, "private", False, (False, True)),
        ("private", False, "private", False, (True, True)),
    ):
        issues = [
            create_issue(products[where], actor=triager, via="web", title="x", confidential=closed)
            for where, closed in ((home, confidential), (other, other_confidential))
        ]
        relate(issues[0], actor=administrator, via="web", kind="blocks", other=issues[1])
        fresh = [type(issue).objects.get(pk=issue.pk) for issue in issues]
        assert tuple(issue.lock_version == 2 for issue in fresh) == touched
        assert tuple(issue.updated_by == administrator for issue in fresh) == touched
        assert [issue.event_count for issue in fresh] == [2, 2]


def test_who_does_not_see_the_trash_notices_no_purge(pair, triager, maintainer):
    relate(pair[0], actor=triager, via="web", kind="blocks", other=pair[1])
    gone = trash_issue(pair[1], actor=maintainer, via="web")
    purge(gone, actor=maintainer, via="web")
    left = Issue.objects.get()
    assert (left.lock_version, left.updated_by, left.event_count) == (2, triager, 3)
