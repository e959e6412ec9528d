"""Members in the administration: let in once, and their role changed where they stand."""

import pytest

from issues.tests.clients import at
from products.services import set_member


@pytest.mark.parametrize("before", [None, "maintainer"])
def test_nobody_gets_another_role_by_being_let_in_again(product, administrator, stranger, before):
    if before:
        set_member(product, stranger, before, actor=administrator, via="web")
    form = {"product": product.pk, "user": stranger.pk, "role": "viewer"}
    answer = at(administrator).post("/admin/products/member/add/", form)
    assert product.members.get(user=stranger).role == (before or "viewer")
    assert (answer.status_code, "is a member already" in answer.content.decode()) == (
        (200, True) if before else (302, False)
    )
