"""In the browser: no page breaks its own policy, and nothing that people write acts, also where there is no policy."""

import html

import pytest
from django.contrib import admin

from accounts.services import create_token, create_user, factors
from issues.services import add_comment, ask, create_issue, create_status, create_view, update_issue
from products.models import Component, Label, Milestone, Version
from products.services import create_part, set_member, update_product
from tests.e2e.conftest import listen, open_as
from tests.e2e.test_every_page import arrive, each_page, filled  # noqa: F401
from tests.hostile.scripts import SCRIPTS

pytestmark = [pytest.mark.once, pytest.mark.long]
# What a page tells of itself: each breach of its policy, and each script of a stranger's that ran.
LISTENER = """
window.breaches = []; window.hits = [];
window.hit = number => window.hits.push(number);
window.alert = window.prompt = window.confirm = () => window.hits.push("dialog");
document.addEventListener("securitypolicyviolation", event => window.breaches.push(
  `${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
# What could act once somebody touches it.
LIVE = """() => [...document.querySelectorAll("*")].filter(one =>
  [...one.attributes].some(({name, value}) => name.startsWith("on")
    || (["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc"].includes(name)
      && /^[\\s\\u0000-\\u0020]*(javascript|vbscript|data:text)/i.test(value)))
  || ["IFRAME", "OBJECT", "EMBED", "BASE", "MARQUEE", "MATH"].includes(one.tagName)
).map(one => one.outerHTML.slice(0, 200))"""
# What nobody writes there.
NOT_BY_HAND = [
    f"/admin/{name}/add/" for name in ("accounts/apitoken", "issues/comment", "history/event", "history/batch")
]
ADMIN = {model: f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry}


@pytest.fixture
def heard(live_server, special_context):
    """A function that opens a page for a user in a browser that listens; `bare` without any policy.

    Its `complaints` are those of the browser.
    """

    def visit(path, user, bare=False):
        context = special_context(bypass_csp=bare, base_url=live_server.url)
        context.add_init_script(LISTENER)
        listen(context, visit.complaints)
        return open_as(context, live_server, path, user)

    visit.complaints = []
    return visit


def told(page):
    """Return what `page` tells of itself."""
    page.wait_for_load_state("load")
    return page.evaluate("[...window.breaches, ...window.hits]") + page.evaluate(LIVE)


@pytest.mark.traced
def test_no_page_breaks_its_policy(each_page, heard, administrator):  # noqa: F811
    faults = []
    for page, path in each_page(heard):
        faults += [(path, fault) for fault in told(page)]
    page = heard("/livez", administrator)
    rows = {path: model._base_manager.order_by("pk").values_list("pk", flat=True)[0] for model, path in ADMIN.items()}
    forms = [form for path, pk in rows.items() for form in (f"{path}add/", f"{path}{pk}/change/")]
    for path in ["/docs", "/api/v1/", "/admin/", *rows, *forms]:
        arrive(page, path, 403 if path in NOT_BY_HAND else 200)
        faults += [(path, fault) for fault in told(page)]
    assert not faults + heard.complaints, "\n".join(map(str, faults + heard.complaints))


@pytest.mark.parametrize("path", ["/issues/", "/admin/"])
def test_a_page_with_a_strange_script_tells_of_exactly_one_breach(filled, heard, administrator, path):  # noqa: F811
    page = heard("/accounts/login/", administrator)

    def plant(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</body>", "<script>hit(0)</script></body>"))

    page.route(f"**{path}", plant)
    page.goto(path)
    assert (page.evaluate("window.breaches.length"), page.evaluate("window.hits")) == (1, [])


@pytest.fixture
def chosen(long):
    """The scripts to plant: all of them, or every tenth."""
    return SCRIPTS if long else SCRIPTS[::10]


def test_what_is_planted_would_run(chosen, heard, administrator, figures):
    page = heard("/accounts/login/", None, bare=True)
    ran = 0
    for script in chosen:
        page.set_content(f"<!doctype html><body><div id=x>{script}</div><a id=y href='{html.escape(script)}'>y</a>")
        page.evaluate(LISTENER)
        page.set_content(f"<!doctype html><body><div id=x>{script}</div><a id=y href='{html.escape(script)}'>y</a>")
        page.wait_for_timeout(30)
        live = page.evaluate(LIVE) + page.evaluate("window.hits ?? []")
        ran += bool(live)
    figures("scripts that act where nothing is escaped", ran)
    assert ran >= len(chosen) * 0.8


def plant(script, product, number, maintainer):
    """Write `script` into every field of text of what belongs to one issue. Return the issue."""
    doing = {"actor": maintainer, "via": "web"}

    def part(model):
        return create_part(model, product=product, name=f"{plain(script)[:90]} {number}", **doing)

    fields = {"component": part(Component), "milestone": part(Milestone), "version": part(Version)}
    issue = create_issue(product, title=plain(script)[:500], description=script, **doing)
    update_issue(issue, labels=[part(Label)], **fields, **doing)
    add_comment(issue, body=f"{script}\n\n[x]({script})\n\n```html\n{script}\n```\n", **doing)
    create_view(name=f"{plain(script)[:90]} {number}", query="is:open", shared=True, pinned=number < 5, **doing)
    ask(issue, requestee=maintainer, question=f"{script}\n\n[x]({script})", **doing)
    return issue


def plant_around(scripts, product, administrator):
    """Write `scripts` into what people, their tokens and passkeys, and statuses are called."""
    doing = {"actor": administrator, "via": "web"}
    for number, script in enumerate(scripts):
        user = create_user(username=f"u{number}", display_name=plain(script)[:100], **doing)
        set_member(product, user, "viewer", **doing)
        create_status(slug=f"s{number}", name=f"{plain(script)[:55]} {number}", category="accepted", **doing)
        create_token(administrator, name=plain(script)[:100], scopes=["read"], **doing)
    for script in scripts[: factors.PASSKEYS_LIMIT]:
        factors.add_passkey(administrator, script, {"id": "x"}, **doing)


def plain(script):
    """Return a script without what no name takes: signs that are not seen."""
    return "".join(sign for sign in script if sign.isprintable()).strip() or "x"


SHOWN = [
    "/", "/issues/", "/triage/", "/products/", "/products/WEB/", "/products/WEB/settings/", "/products/WEB/components/",
    "/products/WEB/labels/", "/products/WEB/milestones/", "/products/WEB/versions/", "/products/WEB/members/",
    "/views/", "/profile/", "/profile/tokens/", "/profile/sign-in/", "/admin/issues/issue/", "/admin/issues/status/",
    "/admin/accounts/user/", "/admin/products/label/", "/admin/products/product/",
    "/admin/issues/comment/", "/admin/history/event/", "/issues/new/?product=WEB", "/issues/bulk/?q=is:open",
]  # fmt: skip
REFLECTED = [
    "/issues/?q={}",
    "/issues/?{}=1",
    "/issues/WEB-1/?list={}",
    "/accounts/login/?next={}",
    "/{}/",
    "/triage/?q={}",
]


@pytest.mark.parametrize("bare", [False, True], ids=["with a policy", "without one"])
def test_nothing_that_people_write_acts(
    transactional_db, product, maintainer, administrator, heard, chosen, bare, long, figures
):
    from urllib.parse import quote

    # In part, each way meets half of what was chosen.
    chosen = chosen if long else chosen[bare::2]
    issues = [plant(script, product, number, maintainer) for number, script in enumerate(chosen)]
    plant_around(chosen, product, administrator)
    doing = {"actor": administrator, "via": "web"}
    update_product(product, title=plain(chosen[0])[:190], description="\n\n".join(chosen)[:60_000], **doing)
    page = heard("/", administrator, bare)
    faults, visited = [], 0
    own = [f"{issue.get_absolute_url()}{rest}" for issue in issues for rest in ("", "edit/", "?show=changes")]
    reflected = [place.format(quote(script[:500], safe="")) for script in chosen for place in REFLECTED]
    for path in [*SHOWN, *own, *reflected]:
        page.goto(path)
        visited += 1
        faults += [(path[:120], fault) for fault in told(page)]
    page.goto("/issues/")
    page.keyboard.press("Control+k")
    page.keyboard.type("script")
    page.wait_for_timeout(500)
    faults += [("the palette", fault) for fault in told(page)]
    figures("pages visited with scripts planted", visited)
    assert not faults, "\n".join(map(str, faults[:40]))
