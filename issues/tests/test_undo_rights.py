"""Who may take what back: an undo gives nobody more than doing the same by hand would."""

import pytest

from accounts.services import create_user, update_user
from history.errors import Forbidden
from history.models import Batch
from issues.services import undo


@pytest.fixture
def staff(db):
    """Stan, of the staff."""
    return create_user(actor=None, via="web", username="stan", is_staff=True)


def last():
    return Batch.objects.latest("id")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_staff_take_back_what_they_may_set_on_a_person(administrator, staff, stranger):
    update_user(stranger, actor=administrator, via="web", is_active=False)
    undo(last(), actor=staff, via="web")
    assert fresh(stranger).is_active


@pytest.mark.parametrize("field", ["is_superuser", "is_staff"])
def test_staff_raise_nobody_by_undo(administrator, staff, stranger, field):
    update_user(stranger, actor=administrator, via="web", **{field: True})
    update_user(stranger, actor=administrator, via="web", **{field: False})
    with pytest.raises(Forbidden):
        undo(last(), actor=staff, via="web")
    assert not getattr(fresh(stranger), field)
    undo(last(), actor=administrator, via="web")
    assert getattr(fresh(stranger), field)


def test_staff_take_back_nothing_of_a_superuser(administrator, staff, stranger):
    update_user(stranger, actor=administrator, via="web", is_superuser=True)
    update_user(stranger, actor=administrator, via="web", display_name="Samuel")
    with pytest.raises(Forbidden):
        undo(last(), actor=staff, via="web")
