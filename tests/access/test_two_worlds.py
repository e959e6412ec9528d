"""A database, and a copy of it without what is private: what is answered to who does not see that is the same.

What is private is removed by what the design says of it, not by the rules that are tested. The gaps in the numbers of
issues, and in ids, are in both. The masks take away what differs between two answers to one request.
"""

import re
from itertools import product as pairs
from unittest.mock import patch
from urllib.parse import quote, urlencode

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from history.models import Batch, Change, Event
from issues import fulltext, similar
from issues.fulltext.writing import forget as forget_documents
from issues.models import (
    Attachment,
    Comment,
    FormerKey,
    Issue,
    IssueLabel,
    IssueNumber,
    NeedInfo,
    Relation,
    SavedView,
    SavedViewPin,
    Vote,
    Watch,
)
from issues.query.fields import FIELDS, HISTORY, SORTS, Kind
from products import access
from products.models import Component, Label, Member, Milestone, Product, Version
from tests.access.conftest import forget_statements
from tests.access.world import SECRET, text_of

MASKS = [
    (re.compile(r"nonce-[\w+/=-]+|nonce=\"[^\"]*\""), "nonce"),
    (re.compile(r"csrfmiddlewaretoken\" value=\"\w+\"|\bcsrf\w*=\w+|data-csrf=\"\w+\"|csrfToken: \"\w+\""), "csrf"),
    (re.compile(r"expires=[^;]+;|Expires: .+|X-Request-ID: \S+|Date: .+|Content-Length: \d+", re.IGNORECASE), "head"),
    # What says when a message was signed.
    (re.compile(r"(messages=[^:;]*):[^;]*"), r"\1"),
    # How long ago it was, in words.
    (re.compile(r"(<time [^>]*>)[^<]*</time>"), r"\1"),
    (re.compile(r"just now|(a|\d+) (minute|second)s? ago"), "ago"),
]
# How many answers are compared at least.
LEAST = 400
READERS = {"stranger": {"public", "internal"}, "anonymous": {"public"}, "staff": {"public", "internal"}}


def masked(answer):
    text = f"{answer.status_code}\n{text_of(answer)}"
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def remove_what_is_private(user, visible):
    """Remove all that `user`, who is in no product, does not see; products of a `visible` visibility are seen."""
    hidden_products = Product.objects.exclude(visibility__in=visible, deleted_at=None)
    gone_products = list(hidden_products.values_list("pk", flat=True))
    own = Q(author=user.pk) | Q(assignee=user.pk) if user.pk else Q(pk__in=[])
    hidden = Q(product__in=gone_products) | Q(deleted_at__isnull=False) | (Q(confidential=True) & ~own)
    gone = list(Issue.objects.filter(hidden).values_list("pk", flat=True))
    _remove_events(user, gone, gone_products)
    # That there was a remark, which is in the trash, is told to all; what it said, the canaries look for.
    heard = Comment.objects.filter(internal=True).exclude(issue__in=gone)
    touched = list(heard.values_list("issue", flat=True).distinct())
    _delete(Attachment.objects.filter(Q(issue__in=gone) | Q(comment__in=heard)))
    _delete(heard)
    for model in (Comment, FormerKey, IssueLabel, IssueNumber, NeedInfo, Vote, Watch):
        _delete(model.objects.filter(issue__in=gone))
    _delete(Relation.objects.filter(Q(source__in=gone) | Q(target__in=gone)))
    _remove_views(user, gone_products)
    for field in ("parent", "duplicate_of"):
        Issue.objects.filter(**{f"{field}__in": gone}).update(**{field: None})
    forget_documents(gone)
    similar.forget(gone)
    _delete(Issue.objects.filter(pk__in=gone))
    for model in (Component, Milestone, Version, Label, Member):
        _delete(model.objects.filter(product__in=gone_products))
    Product.objects.filter(pk__in=gone_products).delete()
    fulltext.index(Issue.objects.filter(pk__in=touched).values_list("pk", "title", "description"))
    fulltext.count_words()
    similar.count_terms()


def _delete(rows):
    ids = list(rows.values_list("pk", flat=True))
    rows.model._base_manager.filter(pk__in=ids)._raw_delete("default")


def _remove_events(user, gone, gone_products):
    """Remove the events of what is gone, of what is internal, and of links to what is gone; then empty batches."""
    internal = Q(internal=True) & ~Q(about__in=("savedview", "savedviewpin"))
    views = SavedView.objects.filter(Q(product__in=gone_products) | (Q(shared=False) & ~Q(owner=user.pk or 0)))
    links = Change.objects.filter(field__in=("blocks", "blocked-by", "relates"))
    keys = {str(pk) for pk in gone}
    linked = [one.event_id for one in links if {one.before_key, one.after_key} & keys]
    rows = Event.objects.filter(
        Q(issue__in=gone)
        | Q(product__in=gone_products)
        | internal
        | Q(about="savedview", about_id__in=views.values("pk"))
        | Q(pk__in=linked)
    )
    if not user.pk or not user.is_staff:
        # What was done to people and tokens is for the staff.
        rows |= Event.objects.filter(issue=None, product=None, about__in=("user", "apitoken"))
    ids = list(rows.values_list("pk", flat=True))
    Change.objects.filter(event__in=ids)._raw_delete("default")
    Event.objects.filter(pk__in=ids)._raw_delete("default")
    _delete(Batch.objects.filter(events=None, undone_by=None, undoes=None))


def _remove_views(user, gone_products):
    gone = SavedView.objects.filter(Q(product__in=gone_products) | (Q(shared=False) & ~Q(owner=user.pk or 0)))
    ids = list(gone.values_list("pk", flat=True))
    _delete(SavedViewPin.objects.filter(view__in=ids))
    _delete(SavedView.objects.filter(pk__in=ids))


PEOPLE = ("sam", "olga", "mia", "ada")
KEYS = ("PUB-1", "PUB-2", "PUB-3", "PRI-1", "PRI-2", "INT-1", "OTH-1")
PARTS = ("PUB", "INT canaryinternal", "PRI canaryprivate")


def terms():
    """Return a query for each field and value of the language, of what is seen and of what is not."""
    found = []
    for field in FIELDS.values():
        values = list(field.words)[:6]
        if field.kind is Kind.PEOPLE:
            values += PEOPLE
        elif field.kind is Kind.ISSUES:
            values += KEYS
        elif field.kind is Kind.ROWS:
            values += {"product": ["PUB", "PRI", "FAR"], "status": ["new", "accepted"]}.get(field.name) or [
                f'"{field.name.capitalize()} {name}"' for name in PARTS
            ]
        elif field.kind is Kind.TEXT:
            values += ["cart", *SECRET.values()]
        elif field.kind is Kind.NUMBER:
            values += [">=0", "1", ">1"]
        elif field.kind in (Kind.MOMENT, Kind.DAY):
            values += [">-1d", "<2020-01-01"]
        if field.empty:
            values += ["@any", "@none"]
        found += [f"{field.name}:{value}" for value in values]
    found += [f"by:{name}" for name in PEOPLE] if "by" in HISTORY else []
    found += ["was:status=new", "changed:parent", "changed:duplicate-of", "changed:priority/by=ada", "was:parent=PRI-1"]
    found += [*SECRET.values(), "canary*", "cart in:comments", "cart in:body", "-cart", "login -canaryhush", "after"]
    return [*found, *(f"sort:{key}-{way}" for key, way in pairs(SORTS, ("asc", "desc")))]


def paths(world):
    """Return what is asked: lists, filters, orders, search, completion, counts, exports, feeds, history and more."""
    asked = [f"/api/v1/issues/?{urlencode({'q': text, 'count': 1})}" for text in terms()]
    some = [*terms()[::9], "", *SECRET.values()]
    for text in some:
        query = urlencode({"q": text})
        asked += [f"/issues/?{query}", f"/issues/export.csv?{query}", f"/issues/feed.atom?{query}"]
    for key in ("PUB", "INT", "PRI", "ARC", "TRA", "NOT"):
        asked += [f"/products/{key}/", f"/products/{key}/issues/?q=cart", f"/products/{key}/issues/feed.atom"]
        asked += [f"/products/{key}/{part}/" for part in ("components", "labels", "members", "settings", "trash")]
        api = f"/api/v1/products/{key}/"
        asked += [api, *(f"{api}{part}/" for part in ("components", "labels", "members", "events", "issues"))]
        asked += [f"{api}issues/export/", f"/api/v1/similar/?title=cart+empties&product={key}"]
        asked += [f"/issues/query/complete/?q=label:&product={key}"]
    for key in (*KEYS, *(place.confidential for place in world.places.values()), "PUB-4"):
        api = f"/api/v1/issues/{key}/"
        asked += [
            f"/issues/{key}/",
            f"/issues/{key}/?show=changes",
            f"/issues/{key}/peek/",
            f"/issues/{key}/edit/",
            api,
        ]
        below = (
            "comments",
            "events",
            "relations",
            "needinfos",
            "votes",
            "watchers",
            "similar",
            "suggestions",
            "attachments",
        )
        asked += [f"{api}{name}/" for name in below]
    for text in ("", "canary", "cart", "PRI-1", "PUB-3", "view", "component"):
        asked += [f"/palette/?q={text}", f"/api/v1/users/?q={text}"]
    completed = [f"{name}:{beginning}" for name in FIELDS for beginning in ("", "c")]
    asked += [f"{at}query/complete/?q={quote(text)}" for text in completed for at in ("/issues/", "/api/v1/")]
    asked += [f"/issues/?group={name}" for name in ("status", "assignee", "component", "milestone", "product", "label")]
    asked += [f"/api/v1/batches/{pk}/" for pk in Batch.objects.values_list("pk", flat=True)]
    for pk in SavedView.objects.values_list("pk", flat=True):
        asked += [f"/views/{pk}/", f"/views/{pk}/feed.atom", f"/views/{pk}/export.jsonl", f"/api/v1/views/{pk}/"]
    asked += [f"/api/v1/issues/PUB-1/comments/{pk}/" for pk in Comment.objects.values_list("pk", flat=True)]
    asked += [f"/attachments/{token}/" for token in Attachment.objects.values_list("token", flat=True)]
    asked += ["/", "/issues/export.jsonl", "/products/", "/views/", "/views/counts/", "/triage/", "/api/v1/triage/"]
    asked += ["/api/v1/products/?count=1&sort=", "/api/v1/products/", "/api/v1/views/", "/api/v1/labels/", "/api/v1/"]
    return list(dict.fromkeys(asked))


ADMIN = ("products_product", "products_component", "products_label", "products_member", "issues_issue")
ADMIN += ("issues_comment", "history_event", "history_batch")
ROWS = (Product, Component, Label, Member, Issue, Comment, Event, Batch)

# Filters that no list offers.
GUESSES = {
    "issues_issue": ("parent__isnull=0", "duplicate_of__isnull=0"),
    "history_event": ("issue__isnull=0", "state__icontains=canary", "state__icontains=PRI-"),
    "history_batch": ("left_alone__icontains=PRI-", "query__icontains=canary"),
}


def _some(model):
    """Return the ids of about a dozen rows, early and late ones."""
    ids = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
    return ids[:: max(1, len(ids) // 12)]


def paths_of_staff(world):
    """Return what is asked of the administration."""
    asked = []
    for name, model in zip(ADMIN, ROWS, strict=True):
        home, app = f"/admin/{name.replace('_', '/')}/", f"app_label={name.partition('_')[0]}"
        asked += [home, f"{home}?q=canary", f"{home}?q=cart", f"{home}?all=", f"{home}add/"]
        asked += [f"{home}{pk}/change/" for pk in _some(model)]
        asked += [f"{home}{pk}/history/" for pk in _some(model)[:2]]
        asked += [f"/admin/autocomplete/?{app}&model_name={name.partition('_')[2]}&field_name=product&term="]
    for field in ("product", "component", "milestone", "version", "assignee", "parent", "duplicate_of"):
        asked.append(f"/admin/autocomplete/?app_label=issues&model_name=issue&field_name={field}&term=")
    for model in (*ROWS, SavedView, Attachment):
        kind = ContentType.objects.get_for_model(model).pk
        asked += [f"/admin/r/{kind}/{pk}/" for pk in _some(model)]
    return asked + [
        f"/admin/{name.replace('_', '/')}/?{query}" for name, queries in GUESSES.items() for query in queries
    ]


def differences(world, reader, asked):
    """Return the paths at which the two worlds are told apart, both asked at the same moment: scores hang on it."""
    with patch("django.utils.timezone.now", return_value=timezone.now()):
        return _differences(world, reader, asked)


def _differences(world, reader, asked):
    fulltext.count_words()
    similar.count_terms()
    before = {path: masked(world.client(reader).get(path)) for path in asked}
    with transaction.atomic():
        remove_what_is_private(world.user(reader), READERS[reader])
        after = {path: masked(world.client(reader).get(path)) for path in asked}
        transaction.set_rollback(True)
    return {path: (before[path], after[path]) for path in asked if before[path] != after[path]}


def told(found):
    """Return where two worlds differ, with the first lines that do."""
    lines = []
    for path, (one, other) in found.items():
        first = next(((a, b) for a, b in zip(one.split("\n"), other.split("\n"), strict=False) if a != b), ("", ""))
        lines.append(f"{path}\n    {first[0][:300]}\n    {first[1][:300]}")
    return "\n".join(lines)


@pytest.mark.parametrize("reader", ["stranger", "anonymous"])
@pytest.mark.untraced
@pytest.mark.long
def test_nobody_tells_two_worlds_apart(world, reader, long, figures):
    asked = paths(world)
    # Who is signed in sees all that anybody sees, and is asked for all, or for enough of all kinds.
    enough = LEAST if reader == "stranger" else LEAST // 4
    asked = asked if long else asked[:: len(asked) // enough]
    figures(f"two worlds: what the {reader} is asked for", len(asked))
    assert len(asked) >= enough
    found = differences(world, reader, asked)
    assert not found, told(found)


@pytest.mark.untraced
def test_the_staff_does_not_in_the_administration(world):
    found = differences(world, "staff", paths_of_staff(world))
    assert not found, told(found)


CONTROLS = {
    "visible_in_product": lambda user, prefix="": Q(),
    "visible_products": lambda user, prefix="": Q(),
    "visible_internals": lambda user, prefix="", product="": Q(),
    "sees": lambda user, obj: True,
    "visible_views": lambda user: Q(),
}
FEW = (
    *(
        "/issues/",
        "/api/v1/issues/?count=1",
        "/issues/PUB-1/",
        "/api/v1/issues/PUB-1/comments/",
        "/products/",
        "/views/",
    ),
    *("/issues/PUB-2/", "/issues/query/complete/?q=label:", "/issues/export.csv", "/api/v1/issues/PUB-3/"),
)


@pytest.mark.parametrize("rule", CONTROLS)
@pytest.mark.untraced
def test_with_a_rule_switched_off_they_differ(world, monkeypatch, rule):
    monkeypatch.setattr(access, rule, CONTROLS[rule])
    forget_statements()
    assert differences(world, "stranger", FEW)
