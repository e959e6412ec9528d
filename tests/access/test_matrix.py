"""Every route, by every method, for everybody, on everything: what is answered is what the table of rights says.

The table is `routes.ROUTES`, the rest of what is expected is worked out here. Each answer is searched for what its
reader may not see. The quick tests ask of everything that exists somewhere; with `--long` all is asked of all.
"""

import re
from functools import cache, partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import NoReverseMatch, get_resolver, reverse

from history.models import Event
from issues.models import Issue
from products.models import Product
from tests.access import routes
from tests.access.routes import COMMENT, ISSUE, NAMELESS, NEEDED, PRODUCT, ROUTES, SITE, WITH_ARCHIVED
from tests.access.world import ARCHIVED, IDENTITIES, INTERNAL, OTHER, PRIVATE, PUBLIC, TRASHED, leaks, text_of

RANK = {"": 0, "viewer": 1, "reporter": 2, "triager": 3, "maintainer": 4}
PRODUCTS = {"public": PUBLIC, "internal": INTERNAL, "private": PRIVATE, "archived": ARCHIVED}
KINDS = {
    SITE: ("public",),
    PRODUCT: (*PRODUCTS, "trash"),
    ISSUE: (*PRODUCTS, "confidential", "own confidential", "trash"),
    COMMENT: (*PRODUCTS, "internal comment", "trash"),
}
# What names something that hangs on the first issue alone.
CHILD = re.compile(r"\{(comment|question|relation|vote|batch|other)\}|olga")
TOKENS = ("read-only token", "token of another product")
# What they meet also in the quick tests, who have no right by membership.
LEAST = ("anonymous", "stranger")
WORST = {"private", "confidential", "internal comment"}


def test_every_route_is_in_the_table():
    named = {name for _path, name in walk() if name and not name.startswith("admin:")}
    nameless = {path for path, name in walk() if not name} - NAMELESS
    missing = sorted(named - set(ROUTES)) + sorted(nameless)
    assert not missing, (
        f"Nothing says who may do what at {', '.join(missing)}. Add a line for each to PAGES or API in"
        " tests/access/routes.py: on what it hangs, what each of its methods takes, and what is sent."
    )
    assert sorted(set(ROUTES) - named) == [], "These routes are gone: take their lines out of tests/access/routes.py."


def walk(patterns=None, before="", space=""):
    """Yield `(path, name)` of every route."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = f"{before}{one.pattern}"
        if hasattr(one, "url_patterns"):
            yield from walk(one.url_patterns, path, f"{one.namespace}:" if one.namespace else space)
        else:
            yield path, f"{space}{one.name or ''}"


def who(identity, name):
    """Return as whom `identity` comes to the route `name`: pages know no tokens, and nobody knows who has gone."""
    # Feeds are read by programs, which have no session but a token of their own in the address.
    strange = identity in TOKENS and not name.startswith("api-")
    gone = identity == "deactivated" or strange or name.endswith("-feed")
    return "anonymous" if gone else identity


def rank(identity, key):
    """Return the rank that `identity` has in the product `key`."""
    if identity == "superuser":
        return RANK["maintainer"]
    if identity == "token of another product":
        return RANK["maintainer"] if key == OTHER else 0
    member = {"read-only token": "maintainer"}.get(identity, identity)
    given = RANK.get(member, 0) if key != OTHER else 0
    person = identity != "anonymous"
    implied = {PUBLIC: 2 if person else 1, ARCHIVED: 2 if person else 1, INTERNAL: 2 if person else 0, TRASHED: 0}
    return max(given, implied.get(key, 0))


def key_of(level, kind):
    """Return the key of the product that a kind of thing is in."""
    return TRASHED if (level, kind) == (PRODUCT, "trash") else PRODUCTS.get(kind, PUBLIC)


def sees(identity, level, kind):
    """Return whether `identity` sees a kind of thing."""
    given = rank(identity, key_of(level, kind))
    if kind in ("confidential", "internal comment"):
        return given >= RANK["triager"]
    if kind == "own confidential":
        return given >= RANK["triager"] or (identity not in ("anonymous", *TOKENS) and given > 0)
    return given > 0 and kind != "trash"


def may(identity, level, kind, needed):
    """Return whether `identity` may do what takes the right `needed` to a kind of thing that is seen."""
    if kind == "archived" and needed not in WITH_ARCHIVED:
        return False
    usual, _bar, own = NEEDED[needed].partition("|")
    if own and kind == "own confidential" and identity not in ("anonymous", *TOKENS):
        usual = own
    signed_in = identity != "anonymous" or needed == "view"
    return signed_in and rank(identity, key_of(level, kind)) >= RANK[usual]


ANSWERED, SIGN_IN, REFUSED, ABSENT = "answered", "sign in", "refused", "absent"


def expected(name, method, identity, kind):
    """Return `(what is answered, whether it may be done)`."""
    route, needed, api = ROUTES[name], ROUTES[name].methods[method], name.startswith("api-")
    identity = who(identity, name)
    writes = method != "get" and not route.reads
    if needed == "onward" or (needed == "open" and not writes) or (needed == "open" and not api):
        return {ANSWERED}, False
    if identity == "anonymous" and route.asks:
        return {SIGN_IN}, False
    if identity == "read-only token" and writes:
        return {REFUSED}, False
    if needed == "nobody":
        return {SIGN_IN, REFUSED, ABSENT}, False
    if needed in ("person", "staff", "inviter"):
        return _of_site(needed, identity, writes, route)
    return _of_thing(route, needed, api, identity, kind, writes)


def _of_site(needed, identity, writes, route):
    if identity == "anonymous":
        return {SIGN_IN}, False
    if needed == "inviter":
        return ({ANSWERED}, writes) if identity in ("maintainer", "superuser") else ({ABSENT}, False)
    if needed == "staff":
        return ({ANSWERED}, writes) if identity == "superuser" else ({REFUSED}, False)
    if writes and identity == "token of another product" and not route.quiet:
        return {REFUSED}, False
    return {ANSWERED}, writes


def _of_thing(route, needed, api, identity, kind, writes):
    level = route.level
    if route.named and identity == "anonymous":
        return {SIGN_IN}, False
    seen, allowed = sees(identity, level, kind), may(identity, level, kind, needed)
    if route.quiet:
        home = rank(identity, key_of(level, kind)) > 0 or not api or route is ROUTES["api-issue-bulk"]
        signed_in = identity != "anonymous"
        return {ANSWERED if home and signed_in else SIGN_IN if home or not api else ABSENT}, seen and allowed
    if needed in routes.IN_TRASH and kind == "trash":
        done = rank(identity, key_of(level, kind)) >= RANK["maintainer"]
        # The trash is no page of what is in it.
        return ({ANSWERED} if done else {ABSENT}), done and writes
    if route.added and writes and identity == "anonymous" and kind in ("internal comment", "trash"):
        return {SIGN_IN}, False
    if not seen:
        return {ANSWERED if route.named else ABSENT}, False
    if needed in routes.IN_TRASH and not api and writes:
        return {ABSENT}, False
    if not allowed:
        return {SIGN_IN if identity == "anonymous" else REFUSED}, False
    return {ANSWERED}, writes and needed not in routes.IN_TRASH


def asked_of(world, name, kind, identity):
    """Return the values that routes name for a kind of thing; None where it has nothing of what the route is about."""
    route = ROUTES[name]
    place = world.places[key_of(route.level, kind)]
    values = dict(vars(place))
    if kind in ("confidential", "own confidential", "trash") and route.level == ISSUE:
        if CHILD.search(f"{route.path}{route.body.get('ids', '')}"):
            return None
        own = place.own.get({"read-only token": "maintainer"}.get(identity, identity), place.own["stranger"])
        values["key"] = {"confidential": place.confidential, "trash": place.trashed}.get(kind, own)
        values["number"] = int(values["key"].partition("-")[2])
    if route.level == COMMENT:
        values["comment"] = {"internal comment": place.hush, "trash": place.trashed_comment}.get(kind, place.comment)
        files = {
            "internal comment": (place.hush_file, place.hush_token),
            "trash": (place.trashed_file, place.trashed_token),
        }
        values["file"], values["file_token"] = files.get(kind, (place.file, place.file_token))
    issue = Issue.objects.get(product__key=values["product"], number=values["number"])
    values |= {"id": issue.pk, "version_now": issue.lock_version, "token": world.token, "site_label": world.site_label}
    values |= {"invitation": world.invitation, "session": world.session}
    values["home_now"] = Product.objects.get(key=values["product"]).lock_version
    values["turn"] = "no" if kind == "archived" else "yes"
    return values


def filled(one, values):
    """Return a template of a body or path with the `values` in it."""
    if isinstance(one, dict):
        return {name: filled(part, values) for name, part in one.items()}
    if isinstance(one, list):
        return [filled(part, values) for part in one]
    if isinstance(one, str) and (whole := re.fullmatch(r"\{(\w+)\}", one)):
        return values[whole[1]]
    return one.format(**values) if isinstance(one, str) else one


def address(name, values):
    """Return the address of a route for these values."""
    route = ROUTES[name]
    given = filled(route.path, values)
    names = {
        "key": values["product"] if route.level in (PRODUCT, SITE) else values["key"],
        "product_key": values["product"],
        "number": values["number"],
        "issue_key": values["key"],
    }
    for wanted in (given, *({**given, **{one: names[one] for one in some}} for some in SHAPES)):
        try:
            path = reverse(name, kwargs=wanted)
        except NoReverseMatch:
            continue
        return f"{path}?{filled(route.query, values)}" if route.query else path
    raise AssertionError(f"No address for {name}: give its path in tests/access/routes.py.")


SHAPES = (("key",), ("product_key",), ("product_key", "number"), ("issue_key",))


def body_of(name, values):
    """Return what is sent to a route for these values."""
    file = {"file": SimpleUploadedFile("notes.txt", b"some notes")} if ROUTES[name].file else {}
    return filled(ROUTES[name].body, values) | file


def ask(client, name, method, values):
    """Send a request. Return the answer, and whether anything was recorded; then all is as it was."""
    route = ROUTES[name]
    options = {"HTTP_IF_MATCH": "*"} if name.endswith("-purge") else {}
    if method not in ("get", "head"):
        options["data"] = body_of(name, values)
        if name.startswith("api-") and not route.file:
            options["content_type"] = "application/json"
        elif method != "post":
            options.pop("data")
    before = Event.objects.count()
    with transaction.atomic():
        answer = getattr(client, method)(address(name, values), **options)
        told = text_of(answer)
        written = Event.objects.count() != before
        transaction.set_rollback(True)
    return answer, told, written


def class_of(answer):
    """Return what an answer says to who asked."""
    to_login = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    if answer.status_code == 401 or to_login:
        return SIGN_IN
    if answer.status_code >= 500:
        return f"error {answer.status_code}"
    return {403: REFUSED, 404: ABSENT, 405: "no such method"}.get(answer.status_code, ANSWERED)


def cells(name, whole):
    """Yield `(method, identity, kind)` of what is asked of a route."""
    kinds = KINDS[ROUTES[name].level]
    for turn, method in enumerate(ROUTES[name].methods):
        for place, identity in enumerate(IDENTITIES):
            for number, kind in enumerate(kinds):
                turned = number == (place + turn + len(name)) % len(kinds)
                if whole or turned or (identity in LEAST and kind in WORST):
                    yield method, identity, kind


def walked(world, name, whole):
    """Return what is wrong at a route, the methods by which something was written, and what GET has answered."""
    wrong, wrote, got = [], set(), {}
    named = cache(partial(asked_of, world, name))
    for method, identity, kind in cells(name, whole):
        values = named(kind, identity)
        if values is None:
            continue
        answer, told, written = ask(world.client(identity), name, method, values)
        if method == "get":
            got[identity, kind] = answer
        outcomes, done = expected(name, method, identity, kind)
        found = class_of(answer)
        wrote |= {method} if written else set()
        if found not in outcomes or (written and not done and ROUTES[name].methods[method] != "view"):
            wrong.append((method, identity, kind, found, answer.status_code, "written" if written else "", outcomes))
        leaked = leaks(identity, told)
        if leaked:
            wrong.append((method, identity, kind, "leaks", leaked))
    return wrong, wrote, got


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.untraced
def test_everybody_meets_what_the_table_says(world, name):
    """And HEAD answers as GET does, and OPTIONS tells nothing; these ask no database for more."""
    wrong, _wrote, got = walked(world, name, whole=False)
    if connection.vendor == "sqlite":
        wrong += safely(world, name, got)
    assert not wrong, "\n".join(map(str, wrong))


def safely(world, name, got):
    """Return what is wrong with the answers to HEAD, which are those to GET without their body, and to OPTIONS.

    `got` is what GET has answered, by identity and kind.
    """
    wrong, told = [], {}
    named = cache(partial(asked_of, world, name))
    for method, identity, kind in cells(name, whole=False):
        values = named(kind, identity)
        if values is None or method != next(iter(ROUTES[name].methods)):
            continue
        head, body, wrote = ask(world.client(identity), name, "head", values)
        read = got.get((identity, kind)) or ask(world.client(identity), name, "get", values)[0]
        if (head.status_code, head.get("Location")) != (read.status_code, read.get("Location")) or wrote:
            wrong.append(("head", identity, kind, head.status_code, read.status_code, wrote))
        options, more, wrote = ask(world.client(identity), name, "options", values)
        told.setdefault(identity, set()).add((options.status_code, options.get("Allow")))
        if (options.status_code < 300 and options.content) or wrote or "choices" in more:
            wrong.append(("options", identity, kind, options.status_code, wrote))
        leaked = leaks(identity, body, more)
        if leaked:
            wrong.append((identity, kind, "leaks", leaked))
    # Whatever the thing is, and whether there is one.
    wrong += [("options", identity, found) for identity, found in told.items() if len(found) > 1]
    return wrong


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.lasting
@pytest.mark.untraced
def test_all_of_it(world, name):
    wrong, wrote, _got = walked(world, name, whole=True)
    assert not wrong, "\n".join(map(str, wrong))
    writes = {
        method
        for method, needed in ROUTES[name].methods.items()
        if method != "get" and needed not in ("nobody", "open", "view") and not ROUTES[name].reads
    }
    # Or else what is sent is not what the right is needed for.
    assert writes - wrote <= set(ROUTES[name].still), "what may be done was not done"
