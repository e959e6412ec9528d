"""A site with one of everything, and the address of each of its routes."""

import re
from functools import cache

from django.contrib import admin
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import get_resolver, reverse

from accounts import letters
from accounts.services import create_token
from accounts.services.invitations import invite
from history.models import Batch
from issues import services
from products.models import Component, Label, Milestone, Version
from products.services import create_part

# What stands in an address where nothing of the site is meant.
FIXED = {
    "key": "WEB",
    "product_key": "WEB",
    "issue_key": "WEB-1",
    "number": 1,
    "username": "rosa",
    "field": "status",
    "kind": "csv",
    "token": "x",
    "uidb64": "x",
    "handle": "x",
    "name": "corp",
    "slug": "new",
    "app_label": "issues",
    "url": "nowhere",
    "content_type_id": 1,
}
# Whose key is that of an issue rather than of a product.
OF_ISSUE = ("issue-", "comment-", "question-", "attachment-", "issue")
IN_TRASH = {"issue-restore": "WEB-3", "issue-purge": "WEB-3"}


class World:
    """What `build` has made, and where it stands."""

    def __init__(self, product, administrator, people):
        self.product, self.administrator, self.people = product, administrator, people
        self.ids = {}

    def build(self):
        """Make one of everything, through the services. Return self."""
        doing = {"actor": self.administrator, "via": "web"}
        parts = {
            "components": create_part(Component, product=self.product, name="Cart", **doing),
            "milestones": create_part(Milestone, product=self.product, name="2.0", **doing),
            "versions": create_part(Version, product=self.product, name="1.4", **doing),
            "labels": create_part(Label, product=self.product, name="area/cart", **doing),
            "site-label": create_part(Label, product=None, name="everywhere", **doing),
        }
        one, two, gone = (
            services.create_issue(self.product, title=title, description="It *fails*.", **doing)
            for title in ("Cart empties", "Cart fills", "Gone")
        )
        comment = services.add_comment(one, body="I see it, too.", **doing)
        away = services.add_comment(one, body="Gone.", **doing)
        services.trash_comment(away, **doing)
        services.trash_issue(gone, **doing)
        sent = [SimpleUploadedFile("notes.txt", b"Words.")]
        with services.kept(sent, actor=self.administrator, action="attach", home=one) as kept:
            (file,) = services.attach(one, files=kept, **doing)
        relation = services.relate(one, kind="blocks", other=two, **doing)
        question = services.ask(one, requestee=self.people["reporter"], question="Since when?", **doing)
        vote = services.vote(one, **doing)
        services.watch(one, **doing)
        view = services.create_view(name="Open", query="is:open", shared=True, product=self.product, **doing)
        token, self.secret = create_token(self.administrator, name="Script", scopes=["read", "write", "admin"], **doing)
        with override_settings(SIGNUP="invitation"):
            invitation = invite(email="new@example.org", product=self.product, role="viewer", **doing)
        self.ids = {name: part.pk for name, part in parts.items()}
        self.ids |= {"comment": comment.pk, "away": away.pk, "relation": relation.pk, "needinfo": question.pk}
        self.ids |= {"vote": vote.pk if vote else 1, "view": view.pk, "token": token.pk, "invitation": invitation.pk}
        self.ids |= {"batch": Batch.objects.filter(events__issue=one).latest("pk").pk, "secret": invitation.secret}
        self.ids |= {"attachment": file.pk, "file": file.token}
        return self

    def values(self, name):
        """Return what stands for each name in the address of the route `name`."""
        known = dict(FIXED)
        if name.startswith(OF_ISSUE) and "issues" not in name:
            known["key"] = IN_TRASH.get(name, "WEB-1")
        if name == "issue-unrelate":
            known |= {"kind": "blocks", "other": "WEB-2"}
        if name == "api-status-detail":
            known["slug"] = "new"
        if name == "attachment":
            known["token"] = self.ids["file"]
        if name == "invitation":
            known["secret"] = self.ids["secret"]
        if name == "sign-up-with":
            known["token"] = signing.dumps("new@example.org", salt=letters.SIGN_UP)
        if name == "confirm-address":
            told = letters.confirming(self.administrator, "other@example.org")
            known["token"] = signing.dumps(told, salt=letters.CONFIRM)
        known |= {"pk": self.ids[self._kind_of(name)], "comment_pk": self.ids["comment"]}
        return known

    def _kind_of(self, name):
        kinds = {
            "question": "needinfo",
            "passkey": "token",
            "restore": "away",
            "component": "components",
            "milestone": "milestones",
            "version": "versions",
            "product-label": "labels",
            "api-label": "labels",
            "edit-labels": "labels",
            "archive-labels": "labels",
        }
        named = {**kinds, **{kind: kind for kind in self.ids}}
        if name.startswith("api-") and "restore" in name:
            return "away"
        found = [kind for kind in sorted(named, key=len, reverse=True) if kind in name]
        return named[found[0]] if found else "view"

    def row_of(self, model):
        """Return the id of a row of `model` that the administration shows."""
        row = model._default_manager.order_by("pk").first()
        return row.pk if row else 1


@cache
def routes():
    """Return each route of the site once: its name in `reverse`, and its pattern."""
    found = {}

    def walk(patterns, prefix, space):
        for one in patterns:
            pattern = prefix + str(one.pattern).lstrip("^").rstrip("$")
            if hasattr(one, "url_patterns"):
                walk(one.url_patterns, pattern, f"{one.namespace}:" if one.namespace else space)
            else:
                found.setdefault(pattern, f"{space}{one.name}" if one.name else None)

    walk(get_resolver().url_patterns, "/", "")
    return [(name, pattern) for pattern, name in found.items()]


NAMES = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
# No name, and so no address: what catches the rest of the administration and of the API, and what sends on.
NAMELESS = {
    "/admin/(?P<url>.*)": "/admin/nowhere/",
    "/api/": "/api/nowhere/",
    "/admin/login/": "/admin/login/",
    "/admin/password_change/": "/admin/password_change/",
    "/admin/r/<path:ids>/": "/admin/r/1/1/",
}


def fields_of(pattern):
    """Return the names of what is variable in `pattern`."""
    return [first or second for first, second in NAMES.findall(pattern)]


def addresses(world):
    """Return `[(name, pattern, address)]`: every route, filled with what `world` has. Raises where it has nothing."""
    filled = []
    for name, pattern in routes():
        if pattern in NAMELESS:
            filled.append((pattern, pattern, NAMELESS[pattern]))
        elif pattern.endswith("<path:object_id>/"):
            filled.append((pattern, pattern, _of_admin(world, pattern)))
        elif pattern.startswith("/admin/") and "<path:object_id>" in pattern:
            filled.append((name, pattern, _of_admin(world, pattern)))
        else:
            values = world.values(name)
            wanted = {field: values[field] for field in fields_of(pattern)}
            filled.append((name, pattern, reverse(name, kwargs=wanted)))
    return filled


def _of_admin(world, pattern):
    models = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model for model in admin.site._registry}
    for prefix, model in models.items():
        if pattern.startswith(prefix):
            return pattern.replace("<path:object_id>", str(world.row_of(model)))
    return pattern.replace("<path:content_type_id>", "1").replace("<path:object_id>", "1")
