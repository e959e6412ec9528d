"""Atom feeds of what a query finds, and the addresses that they are read at without a session."""

from functools import wraps
from hashlib import sha256
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import FEED
from accounts.services import create_token, mark_used
from accounts.tokens import live_token
from history.errors import Unreadable
from issues.exporters.atom import write_feed
from issues.finding import search
from issues.finding.pages import paginate
from issues.models import Issue
from issues.query.fields import FIELDS as FILTERS
from issues.views.listing import Listing, asked_of
from issues.views.saved import find_view
from issuetracker.replica import primary
from products.finding import named
from products.pages import by_form, explained

SHOWN = 50
TOKEN_NAME_LIMIT = 100
FIELDS = ("number", "title", "description", "description_html", "created_at", "updated_at")
NAMES = ("product__key", "author__username", "author__display_name")


def for_reader(feed):
    """Make a view of `feed(request, reader, …)`, whose reader is the user of the address's token, or nobody.

    What is wrong is answered in plain words: these addresses are read by programs.
    """

    @require_safe
    @wraps(feed)
    def wrapped(request, **kwargs):
        try:
            answer = feed(request, _reader(request.GET.get("token")), **kwargs)
        except PermissionDenied:
            answer = _refusal(403, _("This address does not work, or no longer."))
        except Http404:
            answer = _refusal(404, _("There is nothing here, or nothing that you may see."))
        except Unreadable as error:
            problems = [problem["message"] for problem in error.errors["q"]]
            answer = _refusal(400, "\n".join([str(error.detail), *problems]))
        except ValidationError as error:
            answer = _refusal(400, "\n".join(error.messages))
        answer["Referrer-Policy"] = "no-referrer"
        answer["Cache-Control"] = "private, no-cache"
        return answer

    return wrapped


def _refusal(status, text):
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def _reader(secret):
    """Return the user of the token `secret`, or nobody without one. Raises PermissionDenied for any other."""
    if secret is None:
        return AnonymousUser()
    token = live_token(secret)
    if token is None or not token.is_for_feeds:
        raise PermissionDenied
    with primary():
        mark_used(token, timezone.now())
    return token.user


@for_reader
def issues(request, reader):
    """Tell of issues of all products."""
    return _feed(request, reader, None)


@for_reader
def product_issues(request, reader, key):
    """Tell of issues of one product."""
    return _feed(request, reader, named(reader, key))


@for_reader
def view(request, reader, pk):
    """Tell of what a saved view finds."""
    found = find_view(reader, pk)
    return _feed(request, reader, found.product, found)


def _feed(request, reader, product, view=None):
    params = request.GET.copy()
    params.pop("token", None)
    text, params = asked_of(params, view)
    given = [(name, one) for name in (*FILTERS, "sort") for one in params.getlist(name)]
    zone = ZoneInfo(getattr(reader, "time_zone", "UTC"))
    searched = search(reader, text=text, params=params, product=product, zone=zone)
    said = searched.canonical if given else text
    asked = searched.unranked()
    seen = Issue.objects.visible_to(reader)
    if product is not None:
        seen = seen.filter(product=product)
    ordered = [key.name for key in asked.ordering if key.expression is None]
    related = {name.partition("__")[0] for name in (*NAMES, *ordered) if "__" in name}
    rows = asked.apply(seen).select_related(*related).only(*FIELDS, *NAMES, *ordered)
    found = paginate(rows, asked, size=SHOWN).rows
    title = view.name if view else " · ".join(filter(None, [product.title if product else "", said])) or _("All issues")
    # Without a query of its own the feed is that of the view, whatever this asks for.
    pairs = [*([] if view and "q" not in request.GET else [("q", text)]), *given]
    query = f"?{urlencode(pairs)}" if pairs else ""
    home = request.path.removesuffix("feed.atom")
    address, own = (f"{settings.SITE_URL}{path}{query}" for path in (home, request.path))
    return _conditional(request, write_feed(title, address, own, found))


def _conditional(request, text):
    """Return the answer with a feed, or 304 where the reader has it."""
    etag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    answer = HttpResponse(text, content_type="application/atom+xml; charset=utf-8", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=answer)


@by_form
@never_cache
@explained
def new_address(request):
    """Make the address of a feed, with a token for it alone; it is shown in this answer and never again."""
    sent = request.POST
    view = find_view(request.user, sent["view"]) if sent.get("view", "").isdecimal() else None
    product = view.product if view else named(request.user, sent.get("product"))
    text = sent.get("q", "")
    # Refused here rather than in a feed reader.
    search(request.user, text=text, product=product)
    listing = Listing(sent, request.user, product, view)
    said = view.name if view else " ".join(filter(None, [product.key if product else "", text])) or _("All issues")
    name = f"{_('Feed')}: {said}"[:TOKEN_NAME_LIMIT]
    # What is in the address of one product opens no other one.
    products = {product.key: ""} if product else None
    doing = {"actor": request.user, "via": "web"}
    _token, secret = create_token(request.user, name=name, scopes=[FEED], products=products, **doing)
    # Without a query of its own the feed shows what the view finds, also once somebody has changed that.
    asked = [] if view and text == view.query else [("q", text)]
    query = urlencode([*asked, ("token", secret)])
    address = f"{settings.SITE_URL}{listing.path}feed.atom?{query}"
    return render(request, "issues/feed_address.html", {"address": address, "name": name, "listing": listing})
