"""Pages in a real browser, as somebody signed in, with every complaint of the browser noted."""

import os
import threading
import time

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import Route

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

DESCRIPTION = """Steps:

1. Fill the cart.
2. Sign in.

```
GET /cart/ 200 {long}
```

| a | b |
|---|---|
| 1 | 2 |
""".format(long="x" * 300)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class UnderWay:
    """How many requests the server answers just now."""

    def __init__(self):
        self.lock, self.number = threading.Lock(), 0
        request_started.connect(self.begin)
        request_finished.connect(self.end)

    def begin(self, **of_signal):
        """Count one that has come."""
        with self.lock:
            self.number += 1

    def end(self, **of_signal):
        """Count one that is answered."""
        with self.lock:
            self.number -= 1


UNDER_WAY = UnderWay()


@pytest.fixture(autouse=True)
def _answered(live_server):
    """Let the server end what a closed browser asked for: emptying tables of PostgreSQL would deadlock with that."""
    before = UNDER_WAY.number
    yield
    until, quiet = time.monotonic() + 5, 0
    # What was sent at the last moment has hardly come.
    while quiet < 3 and time.monotonic() < until:
        quiet = quiet + 1 if UNDER_WAY.number <= before else 0
        time.sleep(0.02)


@pytest.fixture(scope="session")
def kept_context(browser, browser_context_args):
    """The context of the browser that tests share, so that scripts, styles and icons are fetched once."""
    context = browser.new_context(**browser_context_args)
    yield context
    context.close()


@pytest.fixture
def context(request, kept_context):
    """The same, with nothing left of the test before: no pages, no cookies, no permissions.

    A test of the marker `clock` has one of its own: all pages of a context keep a clock that is put forward in it.
    """
    if request.node.get_closest_marker("clock"):
        yield request.getfixturevalue("special_context")()
        return
    yield kept_context
    for page in kept_context.pages:
        page.close()
    kept_context.unroute_all()
    kept_context.clear_cookies()
    kept_context.clear_permissions()


def listen(context, found):
    """Add what the browser complains of on any page of `context` to `found`. Return a function that ends that."""

    def hear(page):
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("console", lambda message: found.append(message.text) if is_complaint(page, message) else None)

    context.on("page", hear)
    return lambda: context.remove_listener("page", hear)


@pytest.fixture
def complaints(context):
    """What the browser complains of on any page of the test: scripts that fail, and breaches of the policy."""
    found = []
    end = listen(context, found)
    yield found
    end()


def is_complaint(page, message):
    """Return whether a line of the console says that something is wrong, other than the answer to the page itself."""
    refused = message.text.startswith("Failed to load resource") and message.location["url"] == page.url
    return message.type == "error" and not refused


@pytest.fixture
def visit(live_server, context, complaints):
    """A function that opens a page for a user (None: for nobody) and returns it.

    The test fails if the browser had anything to complain of, except where it clears `complaints` itself.
    """

    def open_page(path, user=None, viewport=WIDE, theme="light"):
        page = open_as(context, live_server, path, user, viewport, theme)
        # A key that is pressed before the scripts have come means nothing.
        page.locator("html[data-ready], html:not(:has([data-module]))").wait_for(state="attached")
        return page

    yield open_page
    assert complaints == []


def open_as(context, live_server, path, user, viewport=WIDE, theme="light"):
    """Open a page in a browser's context for a user or as a Client is signed in (None: for nobody), and return it."""
    context.clear_cookies()
    if user is not None:
        client = user if isinstance(user, Client) else Client()
        if client is not user:
            client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{live_server.url}{path}")
    return page


def hold_back(page, pattern, answer=Route.continue_, *, done=False):
    """Keep back what is sent there, or if `done` what the server answers. Return a function that lets it go.

    That waits for what is to be kept back; `answer` then answers it, and at once what is sent there later.
    """
    held, open_ = [], threading.Event()

    def keep(route):
        answered = route.fetch() if done else None
        go = (lambda: route.fulfill(response=answered)) if done else (lambda: answer(route))
        go() if open_.is_set() else held.append(go)

    def let_go():
        wait_until(page, lambda: held, f"Nothing was sent to {pattern}.")
        open_.set()
        for go in held:
            go()

    page.route(pattern, keep)
    return let_go


def wait_until(page, is_so, otherwise):
    """Wait, while the page goes on, until `is_so()`, or fail with what is so `otherwise`."""
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until, otherwise
        page.wait_for_timeout(20)


@pytest.fixture
def special_context(browser):
    """A function that returns a context of the browser with special options."""
    contexts = []

    def make(**options):
        contexts.append(browser.new_context(**options))
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def issue(transactional_db, product, reporter, triager, maintainer):
    """An issue with a story, in a product with parts."""
    from issues.services import add_comment, create_issue, relate, update_issue
    from products.models import Component, Label, Milestone, Version
    from products.services import create_part

    def part(model, **fields):
        return create_part(model, product=product, actor=maintainer, via="web", **fields)

    cart = part(Component, name="Cart")
    part(Milestone, name="2.0", due_on=None)
    part(Version, name="1.4")
    label = part(Label, name="area/checkout", colour="teal")
    issue = create_issue(
        product,
        actor=reporter,
        via="web",
        title="The cart empties itself after signing in",
        description=DESCRIPTION,
    )
    other = create_issue(product, actor=reporter, via="web", title="Sessions end too early", confidential=False)
    update_issue(issue, actor=triager, via="web", component=cart, labels=[label], priority=4, severity=3)
    update_issue(issue, actor=triager, via="web", assignee=triager)
    add_comment(issue, actor=triager, via="web", body="I *see* it, too.")
    add_comment(issue, actor=triager, via="web", body="Ask finance first.", internal=True)
    relate(issue, actor=triager, via="web", kind="blocked-by", other=other)
    return issue
