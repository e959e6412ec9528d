"""The table of rights, walked: every role, every action, on pages, over REST and in the administration.

What is expected is worked out here from the table of the design, not from the code that decides.
"""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from history.models import Event
from issues import services
from issues.models import Issue
from issues.tests.test_admin import sent
from products.models import Component
from products.services import create_product, set_member

pytestmark = pytest.mark.once
ROLES = ("maintainer", "triager", "reporter", "viewer", None)
# From which role on; "own" says that a reporter may where the issue is the own one.
NEEDED = {
    "view": "viewer",
    "create": "reporter",
    "comment": "reporter",
    "edit title": "own",
    "close": "own",
    "set priority": "triager",
    "relate": "triager",
    "comment internally": "triager",
    "trash": "maintainer",
    "restore": "maintainer",
    "redact": "maintainer",
    "add a component": "maintainer",
    "change the settings": "maintainer",
    "see the members": "viewer",
    "set a member": "maintainer",
}
RANK = {None: 0, "viewer": 1, "reporter": 2, "triager": 3, "maintainer": 4}
IMPLIED = {"public": "reporter", "internal": "reporter", "private": None}


def expected(action, role, visibility, own):
    """Return whether somebody of a given `role` may, and whether anything is there for that person at all."""
    rank = max(RANK[role], RANK[IMPLIED[visibility]])
    needed = NEEDED[action]
    if needed == "own":
        needed = "reporter" if own else "triager"
    return rank >= RANK[needed], rank >= RANK["viewer"]


@pytest.fixture
def world(administrator):
    """A product of each visibility with the same people in it, and two issues by its reporter, one in the trash."""
    homes = {}
    people = {role: User.objects.create(username=f"w-{role}", is_staff=True, is_active=True) for role in ROLES}
    for visibility in IMPLIED:
        key = visibility.upper()
        product = create_product(actor=administrator, via="web", key=key, title=key, visibility=visibility)
        for role, user in people.items():
            if role:
                set_member(product, user, role, actor=administrator, via="web")
        author = people["reporter"]
        issues = [services.create_issue(product, actor=author, via="web", title=f"T {n}") for n in range(3)]
        services.trash_issue(issues[2], actor=administrator, via="web")
        homes[visibility] = (product, issues)
    return people, homes


def by_pages(client, product, issues, action):
    """Do `action` on the pages. Return the answer."""
    one, two, gone = issues

    def to(address, *args, **data):
        return client.post(reverse(address, args=args), data)

    match action:
        case "view":
            return client.get(one.get_absolute_url())
        case "create":
            fields = {"title": "New", "type": "bug", "severity": "unset", "priority": "none"}
            return to("issue-new", product=product.key, **fields)
        case "comment":
            return to("comment-add", one.key, body="Hello")
        case "comment internally":
            return to("comment-add", one.key, body="Hush", internal="on")
        case "edit title":
            return to("issue-set", one.key, title="Other")
        case "close":
            return to("issue-set", one.key, status="closed", resolution="wont-do")
        case "set priority":
            return to("issue-set", one.key, priority="high")
        case "relate":
            return to("issue-relate", one.key, kind="blocks", issue=two.key)
        case "trash":
            return to("issue-trash", one.key)
        case "restore":
            return to("issue-restore", gone.key)
        case "redact":
            return to("issue-redact", one.key, field="title", confirm="1")
        case "add a component":
            return to("product-components", product.key, name="Cart")
        case "change the settings":
            fields = {"key": product.key, "title": "Other", "visibility": product.visibility, "triage_days": 9}
            return to("product-settings", product.key, version=product.lock_version, **fields)
        case "see the members":
            return client.get(reverse("product-members", args=[product.key]))
        case "set a member":
            version = product.members.get(user__username="w-viewer").lock_version
            return to("product-members", product.key, user="w-viewer", role="triager", version=version)


def by_rest(client, product, issues, action):
    """Do `action` over REST, in a session. Return the answer."""
    one, two, gone = issues
    issue, home = f"/api/v1/issues/{one.key}/", f"/api/v1/products/{product.key}/"

    def send(method, path, **body):
        return getattr(client, method)(path, body, content_type="application/json")

    match action:
        case "view":
            return client.get(issue)
        case "create":
            return send("post", f"{home}issues/", title="New")
        case "comment":
            return send("post", f"{issue}comments/", body="Hello")
        case "comment internally":
            return send("post", f"{issue}comments/", body="Hush", internal=True)
        case "edit title":
            return send("patch", issue, title="Other")
        case "close":
            return send("patch", issue, status="closed", resolution="wont-do")
        case "set priority":
            return send("patch", issue, priority="high")
        case "relate":
            return send("post", f"{issue}relations/", kind="blocks", issue=two.key)
        case "trash":
            return client.delete(issue)
        case "restore":
            return send("post", f"/api/v1/issues/{gone.key}/restore/")
        case "redact":
            return send("post", f"{issue}redact/", field="title")
        case "add a component":
            return send("post", f"{home}components/", name="Cart")
        case "change the settings":
            return send("patch", home, title="Other")
        case "see the members":
            return client.get(f"{home}members/")
        case "set a member":
            return send("patch", f"{home}members/w-viewer/", role="triager")


def by_admin(client, product, issues, action):
    """Do `action` in the administration, whose forms are for triagers. Return the answer, None where it has no form."""
    one, _two, _gone = issues
    listed = reverse("admin:issues_issue_changelist")
    match action:
        case "view":
            return client.get(reverse("admin:issues_issue_change", args=[one.pk]))
        case "edit title":
            return change_if_shown(client, "issues_issue", one, title="Other")
        case "set priority":
            return change_if_shown(client, "issues_issue", one, priority="3")
        case "change the settings":
            return change_if_shown(client, "products_product", product, title="Other")
        case "trash":
            return client.post(listed, {"action": "move_to_trash", "_selected_action": [one.pk]})
        case "add a component":
            return client.post(reverse("admin:products_component_add"), {"product": product.pk, "name": "Cart"})
    return None


def change_if_shown(client, name, row, **changes):
    """Send the form of a row with `changes`, or return the page that shows it without a form, or not at all."""
    page = client.get(reverse(f"admin:{name}_change", args=[row.pk]))
    if page.status_code != 200 or not page.context["adminform"].form.fields:
        return page
    return client.post(page.request["PATH_INFO"], sent(page, **changes))


SURFACES = {"pages": by_pages, "REST": by_rest, "administration": by_admin}
READING = {"view", "see the members"}


@pytest.mark.parametrize("visibility", IMPLIED)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.untraced
def test_every_role_may_what_the_table_says(world, surface, visibility):
    people, homes = world
    product, issues = homes[visibility]
    wrong = []
    for action in NEEDED:
        for role, user in people.items():
            with transaction.atomic():
                client = Client()
                client.force_login(User.objects.get(pk=user.pk))
                before = Event.objects.count()
                answer = SURFACES[surface](client, product, [Issue.objects.get(pk=i.pk) for i in issues], action)
                written = Event.objects.count() > before
                # The next one finds everything as it was.
                transaction.set_rollback(True)
            if answer is None:
                continue
            may, sees = expected(action, role, visibility, own=role == "reporter" and surface != "administration")
            done = written if action not in READING else answer.status_code == 200
            hidden = surface != "administration" and not sees and answer.status_code != 404
            if done != may or hidden or answer.status_code >= 500:
                wrong.append((action, role, answer.status_code, "done" if done else "refused"))
    assert wrong == []


@pytest.mark.parametrize("surface", ["pages", "REST"])
def test_nobody_writes_without_signing_in(world, surface):
    _people, homes = world
    for visibility, (product, issues) in homes.items():
        for action in NEEDED:
            before = Event.objects.count()
            answer = SURFACES[surface](Client(), product, issues, action)
            if action == "view" and visibility == "public":
                assert answer.status_code == 200
            else:
                assert answer.status_code in (302, 401, 403, 404), (action, visibility)
            assert Event.objects.count() == before
    assert not Component.objects.exists()
