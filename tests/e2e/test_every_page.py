"""Every page, wide and narrow, light and dark: nothing for axe to object to, nothing cut off."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.test import Client
from django.urls import resolve
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import letters
from accounts.services import create_token, factors
from accounts.services.invitations import invite
from accounts.tests.test_passkeys import prove
from accounts.tests.test_second_step import SECRET
from accounts.tests.test_sign_in_page import enter
from issues.models import Issue
from issues.services import IssueRecord, attach, bulk, create_issue, create_view, decide, kept, trash_issue, write_batch
from issues.services.bulk import Plan
from issues.tests.samples import picture, upload
from products.models import Component, Label, Milestone, Version
from products.services import create_product
from tests.access import routes
from tests.e2e.conftest import NARROW, WIDE, open_as
from tests.provider import running_provider

# By who opens them. Ada has an app that makes codes.
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
    "/issues/WEB-1/comments/{comment}/edit/",
    "/issues/bulk/",
    "/issues/bulk/?q=is:open",
    "/batches/{batch}/",
    "/batches/{imported}/",
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
    "/products/WEB/milestones/{milestone}/",
    "/products/WEB/versions/",
    "/products/WEB/versions/{version}/",
    "/products/WEB/labels/",
    "/products/WEB/labels/{label}/",
    "/products/WEB/trash/",
    "/views/",
    "/views/new/?query=is:open",
    "/views/{view}/",
    "/views/{view}/?q=is:closed",
    "/views/{view}/edit/",
    "/profile/",
    "/profile/tokens/",
    "/profile/sign-in/",
    "/profile/sign-in/codes/",
    "/profile/sessions/",
    "/accounts/password/",
    "/accounts/prove/",
    "/accounts/invitations/",
]
# Whoever has a password alone.
BY_PASSWORD = ["/accounts/prove/", "/profile/sign-in/", "/profile/sign-in/app/", "/profile/sign-in/passkeys/new/"]
# Whoever has a passkey, and no password.
BY_PASSKEY = ["/profile/sign-in/", "/profile/sign-in/passkeys/{passkey}/rename/", "/accounts/password/set/"]
HALF_IN = ["/accounts/code/"]
ANONYMOUS = [
    "/issues/",
    "/issues/WEB-1/",
    "/products/WEB/",
    "/accounts/login/",
    "/accounts/reset/",
    "/accounts/sign-up/",
    "/accounts/setup/first/",
]
# Where whoever asks may make an account, and letters are sent.
ANONYMOUS_WHERE_OPEN = [
    "/accounts/login/",
    "/accounts/reset/",
    "/accounts/reset/sent/",
    "/accounts/reset/{person}/{reset}/",
    "/accounts/reset/{person}/x-x/",
    "/accounts/sign-up/",
    "/accounts/sign-up/sent/",
    "/accounts/sign-up/{sign_up}/",
    "/accounts/invitation/{invitation}/",
    "/accounts/invitation/x/",
    "/accounts/address/{address}/",
]
ADMINISTRATOR_WHERE_OPEN = ["/accounts/invitations/", "/accounts/invitation/{invitation}/"]
# What is answered where it is no 200, and where one is led to whose address is kept out of sight.
ANSWERS = {
    "/issues/WEB-999/": 404,
    "/accounts/invitation/x/": 404,
}
LED_TO = {"/accounts/reset/{person}/{reset}/": "/accounts/reset/{person}/set-password/"}
# Who looks at what, and whether accounts are made there by whoever asks.
VISITS = [
    ("ada", False, PAGES),
    ("sam", False, BY_PASSWORD),
    ("rosa", False, BY_PASSKEY),
    ("half in", False, HALF_IN),
    (None, False, ANONYMOUS),
    (None, True, ANONYMOUS_WHERE_OPEN),
    ("ada", True, ADMINISTRATOR_WHERE_OPEN),
]
ALL = [path for _who, _is_open, paths in VISITS for path in paths]
# The routes that are opened and are no pages of ours, by why; parts of pages are looked at where they are shown.
NO_PAGES = {
    "for programs": {"favicon", "liveness", "status", "livez", "readyz", "metrics", "openapi"},
    "files": {"attachment", "issues-export", "product-issues-export", "view-export"},
    "feeds": {"issues-feed", "product-issues-feed", "view-feed"},
    "parts of pages": {
        *("issue-alike", "issue-peek", "issue-words", "issue-menu", "query-complete", "view-counts", "palette"),
    },
    "lead to a page": {
        *("inbox", "issue-import", "passkey-login", "openid_connect_login", "openid_connect_callback"),
        *("address-confirm", "app-remove", "passkey-remove", "disconnect", "invitation-withdraw", "token-revoke"),
        *("session-end", "sessions-end-others"),
    },
    "other names": {"account_login"},
    "drawn by a library": {"docs"},
}
# Far quicker than to collect all that is well, and to fetch every sheet again, from addresses it does not have.
VIOLATIONS = {"resultTypes": ["violations"], "preload": False}
AXE_RUN = "([within, options]) => axe.run(document.querySelector(within), options).then(found => found.violations)"

pytestmark = pytest.mark.once


@pytest.fixture
def filled(issue, product, administrator, reporter, stranger, viewer, settings, monkeypatch):
    """What stands for the names in braces in the addresses, on a site with one of each."""
    doing = {"actor": administrator, "via": "web"}
    create_product(**doing, key="APP", title="App", visibility="internal")
    create_token(administrator, **doing, name="Script", scopes=["read"])
    comment = issue.comments.filter(internal=False).get()
    shown, saved = upload(picture(size=(600, 300)), "cart.png"), upload(b"log", "a-rather-long-name-of-a-file.log")
    for home, file in ((issue, shown), (comment, saved)):
        with kept([file], actor=administrator, action="attach", home=issue) as files:
            attach(home, **doing, files=files)
    gone = create_issue(product, actor=reporter, via="web", title="Gone")
    trash_issue(gone, **doing)
    fields = {"name": "Everything that is open", "query": "is:open", "shared": True, "product": product, "pinned": True}
    view = create_view(**doing, **fields)
    many = bulk.change([], Plan({product.pk: {}}, "accept", {product.pk: {}}), **doing)
    decide(Issue.objects.get(number=2), "accept", **doing)
    imported = write_batch([IssueRecord(product, {"title": "Brought along"})], actor=None, via="import")
    factors.add_totp(administrator, SECRET, **doing)
    passkey = factors.add_passkey(reporter, "laptop", {"id": "x"}, actor=reporter, via="web")
    reporter.set_unusable_password()
    reporter.save()
    settings.SIGNUP = "open"
    invitation = invite(**doing, email="new@example.org", product=product, role="viewer")
    settings.SIGNUP = "closed"
    # There is somebody already.
    monkeypatch.setattr("accounts.setup.is_open", lambda token: token == "first")
    parts = {model._meta.model_name: model.objects.get().pk for model in (Component, Milestone, Version, Label)}
    return parts | {
        "comment": comment.pk,
        "view": view.pk,
        "batch": many.pk,
        "imported": imported.pk,
        "passkey": passkey.pk,
        "invitation": invitation.secret,
        "person": urlsafe_base64_encode(force_bytes(viewer.pk)),
        "reset": default_token_generator.make_token(viewer),
        "sign_up": signing.dumps("new@example.org", salt=letters.SIGN_UP),
        "address": signing.dumps(letters.confirming(stranger, "other@example.org"), salt=letters.CONFIRM),
    }


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


def arrive(page, path, status=200, led_to=""):
    """Go to `path`, and see that what is answered there is the page that was meant."""
    answer = page.goto(path)
    assert (answer.status, answer.url.partition("//")[2].partition("/")[2]) == (status, (led_to or path)[1:]), path


@pytest.fixture
def each_page(filled, settings, administrator, reporter, stranger):
    """A function that goes to every page, and yields the browser's with the address.

    `open_page(path, client)` opens it for somebody, once for all that they look at.
    """
    people = {"ada": administrator, "rosa": reporter, "sam": stranger}
    clients = {None: None, "half in": Client(), **{name: Client() for name in people}}
    for name, user in people.items():
        clients[name].force_login(user)
        prove(clients[name], user)
    enter(clients["half in"], "ada")

    def tour(open_page):
        for who, is_open, paths in VISITS:
            settings.SIGNUP, settings.MAIL = ("open", True) if is_open else ("closed", False)
            page = open_page("/livez", clients[who])
            for path in paths:
                led_to = LED_TO.get(path, path).format(**filled)
                arrive(page, path.format(**filled), ANSWERS.get(path, 200), led_to)
                yield page, path

    return tour


def test_every_page_is_one_of_these():
    named = {resolve(re.sub(r"\{\w+\}", "1", path).partition("?")[0]).url_name for path in ALL}
    opened = {name for name, route in routes.PAGES.items() if route.get not in ("", "onward")}
    left_out = set().union(*NO_PAGES.values())
    missing = sorted(opened - named - left_out)
    assert not missing, f"Nobody looks at {', '.join(missing)}: add their addresses here, or say why there is no page."
    assert sorted(left_out - opened | left_out & named) == []


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide", "narrow"])
def test_axe_objects_to_nothing(each_page, examine, viewport, theme):
    faults = []
    for page, path in each_page(lambda path, client: examine(path, client, viewport, theme)):
        faults += objections(page, path)
    assert not faults, "\n".join(map(str, faults))


def test_axe_objects_to_nothing_that_follows_a_form(filled, examine, settings, monkeypatch, administrator):
    settings.MAIL = True
    monkeypatch.setattr("accounts.signin.limits.within", lambda *_of_limit: False)
    page = examine("/accounts/reset/", None)
    page.get_by_label("E-mail").fill("sam@example.org")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="Too many at once").wait_for()
    faults = objections(page, "too many")
    with running_provider() as address:
        settings.OIDC_PROVIDERS = [{**settings.OIDC_PROVIDERS[0], "issuer": address}]
        # Nobody is let go on.
        page.route(f"{address}/**", lambda route: route.fulfill(status=204))
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with Example Corp").click()
        page.get_by_role("link", name="Go on").wait_for()
        faults += objections(page, "onward")
    client = Client()
    client.force_login(administrator)
    prove(client, administrator)
    page = examine("/profile/sign-in/", client)
    page.get_by_role("button", name="Remove the app").click()
    page.get_by_role("button", name="Remove it").wait_for()
    faults += objections(page, "confirm")
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


def test_the_listener_hears_a_breach(issue, visit, complaints, triager):
    page = visit("/issues/WEB-1/", triager)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.breach=1>')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.breach") is None
    assert any("Content Security Policy" in text for text in complaints)
    complaints.clear()


# What the caps of keys have as contrast, by their colour and how much of it is let through.
FAINT = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const paint = (...colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const [colour, opacity] of colours) {
            canvas.globalAlpha = opacity;
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
        }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(one => one / 255);
    };
    const light = parts => {
        const [r, g, b] = parts.map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const beneath = cap => {
        const grounds = [];
        for (let one = cap; one; one = one.parentElement) grounds.unshift([getComputedStyle(one).backgroundColor, 1]);
        return grounds;
    };
    const caps = [...document.querySelectorAll("kbd")].filter(cap => cap.checkVisibility());
    return [caps.length, caps.filter(cap => {
        const { color, opacity } = getComputedStyle(cap);
        const grounds = beneath(cap);
        const [a, b] = [light(paint(...grounds)), light(paint(...grounds, [color, Number(opacity)]))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    }).map(cap => cap.parentElement.className + ": " + cap.textContent)];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_caps_of_keys_are_legible(issue, visit, product, reporter, triager, theme):
    create_issue(product, actor=reporter, via="web", title="The cart empties itself after signing in again")
    for path in ("/issues/", "/triage/", "/issues/WEB-2/", "/products/"):
        page = visit(path, triager, theme=theme)
        count, faint = page.evaluate(FAINT)
        assert count and not faint, path
