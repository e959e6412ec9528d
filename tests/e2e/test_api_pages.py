"""The API looked at in a browser: within the policy, nothing for axe to object to, and forms that work."""

import pytest

from issues.models import Issue
from tests.e2e.conftest import NARROW, WIDE, open_as
from tests.e2e.test_every_page import objections

ISSUE = "/api/v1/issues/WEB-1/"
PATHS = ("/api/v1/", ISSUE, "/api/v1/products/WEB/issues/", f"{ISSUE}attachments/", "/api/v1/issues/WEB-99/")

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide", "narrow"])
def test_axe_objects_to_nothing(issue, maintainer, special_context, live_server, viewport, theme):
    maintainer.display_name = "Maria Magdalena Mustermann-Montgomery"
    maintainer.save()
    context = special_context(bypass_csp=True, base_url=live_server.url)
    faults = []
    for user in (maintainer, None):
        page = open_as(context, live_server, "/livez", user, viewport, theme)
        for path in PATHS:
            page.goto(path)
            faults += objections(page, path)
    assert not faults, "\n".join(map(str, faults))


def test_an_issue_is_changed_deleted_and_left(issue, maintainer, visit):
    page = visit(ISSUE, maintainer)
    page.get_by_label("Content").fill('{"title": "Renamed here"}')
    page.get_by_role("button", name="PATCH").click()
    page.get_by_text('"title": "Renamed here"').first.wait_for()
    page.get_by_text("DELETE", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("HTTP 204").wait_for()
    assert not Issue.objects.filter(pk=issue.pk, deleted_at=None).exists()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")
