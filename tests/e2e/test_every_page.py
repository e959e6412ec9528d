"""Every page, wide and narrow, light and dark: nothing for axe to object to, nothing cut off, a silent console."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from accounts.services import create_token
from issues.models import Issue
from issues.services import attach, bulk, create_issue, create_view, decide, kept, trash_issue
from issues.services.bulk import Plan
from issues.tests.samples import picture, upload
from products.models import Component
from tests.e2e.conftest import NARROW, WIDE, open_as

PAGES = [
    "/",
    "/triage/",
    "/triage/?q=is:nonsense",
    "/triage/?q=is:closed",
    "/issues/",
    "/issues/?status=open&sort=-priority",
    "/issues/?q=nothing-has-this",
    "/issues/?nonsense=1",
    "/issues/query/",
    "/issues/new/",
    "/issues/new/?product=WEB",
    "/issues/WEB-1/",
    "/issues/WEB-1/?show=changes",
    "/issues/WEB-2/",
    "/issues/WEB-1/edit/",
    "/issues/bulk/",
    "/issues/bulk/?q=is:open",
    "/batches/{batch}/",
    "/issues/WEB-999/",
    "/products/",
    "/products/new/",
    "/products/WEB/",
    "/products/WEB/issues/",
    "/products/WEB/settings/",
    "/products/WEB/members/",
    "/products/WEB/components/",
    "/products/WEB/components/{component}/",
    "/products/WEB/milestones/",
    "/products/WEB/versions/",
    "/products/WEB/labels/",
    "/products/WEB/trash/",
    "/views/",
    "/views/new/?query=is:open",
    "/views/{view}/",
    "/views/{view}/?q=is:closed",
    "/views/{view}/edit/",
    "/profile/",
    "/profile/tokens/",
    "/profile/sign-in/",
    "/profile/sessions/",
    "/accounts/password/",
    "/accounts/prove/",
    "/accounts/invitations/",
]
# Far quicker than to collect all that is well, and to fetch every sheet again, from addresses it does not have.
VIOLATIONS = {"resultTypes": ["violations"], "preload": False}
AXE_RUN = "([within, options]) => axe.run(document.querySelector(within), options).then(found => found.violations)"
ANONYMOUS = ["/", "/issues/WEB-1/", "/products/WEB/", "/accounts/login/", "/accounts/reset/", "/accounts/sign-up/"]


pytestmark = pytest.mark.once


@pytest.fixture
def filled(issue, product, administrator, reporter):
    create_token(administrator, actor=administrator, via="web", name="Script", scopes=["read"])
    comment = issue.comments.filter(internal=False).get()
    shown, saved = upload(picture(size=(600, 300)), "cart.png"), upload(b"log", "a-rather-long-name-of-a-file.log")
    for home, file in ((issue, shown), (comment, saved)):
        with kept([file], actor=administrator, action="attach", home=issue) as files:
            attach(home, actor=administrator, via="web", files=files)
    gone = create_issue(product, actor=reporter, via="web", title="Gone")
    trash_issue(gone, actor=administrator, via="web")
    fields = {"name": "Everything that is open", "query": "is:open", "shared": True, "product": product, "pinned": True}
    view = create_view(actor=administrator, via="web", **fields)
    many = bulk.change([], Plan({product.pk: {}}, "accept", {product.pk: {}}), actor=administrator, via="web")
    decide(Issue.objects.get(number=2), "accept", actor=administrator, via="web")
    return {"component": Component.objects.get().pk, "view": view.pk, "batch": many.pk}


@pytest.fixture
def examine(live_server, special_context):
    """A function that opens a page for axe, whose own styles would break the policy of the page."""
    context = special_context(bypass_csp=True, base_url=live_server.url)

    def open_page(*arguments):
        return open_as(context, live_server, *arguments)

    return open_page


def objections(page, place, options=VIOLATIONS, within="html"):
    """Return what axe objects to on a page, or `within` a part of it, and by how much it is wider than the window."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(AXE_RUN, [within, options])
    faults = [
        (place, violation["id"], node["target"], node["html"][:160])
        for violation in violations
        for node in violation["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return faults + ([(place, "too wide", wide)] if wide > 0 else [])


def every_page(filled, administrator):
    """Yield each address with the person who opens it."""
    yield from ((path.format(**filled), administrator) for path in PAGES)
    yield from ((path, None) for path in ANONYMOUS)


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide", "narrow"])
def test_axe_objects_to_nothing(filled, examine, administrator, viewport, theme):
    faults, page, whom = [], None, ()
    for path, user in every_page(filled, administrator):
        if user == whom:
            page.goto(path)
        else:
            page, whom = examine(path, user, viewport, theme), user
        faults += objections(page, path)
    assert not faults, "\n".join(map(str, faults))


def test_axe_objects_to_no_open_menu(issue, examine, triager):
    page = examine("/issues/WEB-1/", triager)
    faults = []
    for summary in page.locator("details.menu > summary").all():
        if summary.is_visible():
            summary.click()
            faults += objections(page, summary.inner_text())
            page.keyboard.press("Escape")
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.traced
def test_every_page_is_silent(filled, visit, live_server, complaints, administrator):
    page, whom = None, ()
    for path, user in every_page(filled, administrator):
        if user == whom:
            page.goto(f"{live_server.url}{path}")
        else:
            page, whom = visit(path, user), user
        assert complaints == [], path


def test_the_listener_hears_a_breach(issue, visit, complaints, triager):
    page = visit("/issues/WEB-1/", triager)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.breach=1>')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.breach") is None
    assert any("Content Security Policy" in text for text in complaints)
    complaints.clear()
