"""What is measured of pages and API, for three readers, on a database that `load_volume --private` has filled.

`begin` makes this process one of the tracker; nothing else here works before.
"""

import gzip
import os
import re
import time
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlencode, urljoin, urlsplit

ADMINISTRATOR, MEMBER, ANONYMOUS = ROLES = ("administrator", "member of 3 products", "anonymous, one product")
# A deep page is so many rows from the beginning, or half of the list where that is less.
DEEP, STEP = 5000, 100
IDLE = 1
SECRET = "b" * 32
NEXT = re.compile(r'rel="next" href="([^"]+)"')
ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)')
API = "/api/v1"


@dataclass
class Point:
    """One kind of request, by turns to each of `paths`, with the fields of a form if it is to change something."""

    name: str
    paths: list
    fields: list | None = None


def begin(env):
    """Set Django up for the tracker of the environment `env`."""
    import django

    os.environ.update(env)
    django.setup()


class Reader:
    """Who asks, with what signs them in, and the product that is theirs to ask for."""

    def __init__(self, role):
        from accounts.models import User
        from accounts.services import create_token
        from issues.volume.site import ADMINISTRATOR as ADMIN
        from issues.volume.site import BIG, READER, SMALL

        self.role, self.home, self.user, self.cookies, self.token = role, SMALL, None, {}, {}
        if role != ANONYMOUS:
            self.user = User.objects.get(username=ADMIN if role == ADMINISTRATOR else READER)
            member = self.user.memberships.order_by("product_id").first()
            self.home = BIG if role == ADMINISTRATOR else member.product.key
            _token, secret = create_token(self.user, actor=None, via="admin", name="benchmark", scopes=["read"])
            self.token = {"Authorization": f"Bearer {secret}"}
            self.cookies = self._sign_in()

    def _sign_in(self):
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(self.user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        return {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: SECRET}

    def headers(self, path):
        """Return the headers of a request for `path`: the API is asked with a token, pages within a session."""
        if path.startswith(API):
            return self.token
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "X-CSRFToken": SECRET}

    def keys(self, count=40):
        """Return the keys of some issues of the reader's product, from its first to its last."""
        from issues.models import Issue

        seen = Issue.objects.visible_to(self.user).filter(product__key=self.home).order_by("number")
        numbers = list(seen.values_list("number", flat=True))
        return [f"{self.home}-{number}" for number in numbers[:: len(numbers) // count + 1]]

    def busiest(self):
        """Return the user name of the person who has most open issues in the reader's product."""
        return self._most("assignee__username", closed_at=None, assignee__isnull=False)

    def usual_status(self):
        """Return the status that most issues of the reader's product have: enough for a page, also of a small one."""
        return self._most("status__slug")

    def _most(self, field, **condition):
        from django.db.models import Count

        from issues.models import Issue

        seen = Issue.objects.visible_to(self.user).filter(product__key=self.home, **condition)
        return seen.values(field).annotate(held=Count("id")).order_by("-held")[0][field]


class Client:
    """A connection to the server that stays open, as a browser's does."""

    def __init__(self, address, reader):
        self.address, self.reader = address, reader
        self.connection, self.used = HTTPConnection(urlsplit(address).netloc, timeout=60), 0.0

    def ask(self, path, fields=None, headers=None):
        """Return the status, the headers and the body of the answer; with `fields` a form is sent."""
        headers = {**self.reader.headers(path), **(headers or {})}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.monotonic() - self.used > IDLE:
            # The server closes what has been idle; this opens anew with the next request.
            self.connection.close()
        self.connection.request("GET" if fields is None else "POST", path, fields and urlencode(fields), headers)
        answer = self.connection.getresponse()
        body = answer.read()
        self.used = time.monotonic()
        return answer.status, answer.headers, body

    def deep(self, path):
        """Return the address of a page far from the beginning of a list, reached as a person would."""
        pages = [f"{path}&page_size={STEP}"]
        while len(pages) * STEP <= 2 * DEEP:
            found = NEXT.search(self.ask(pages[-1])[2].decode())
            if found is None:
                break
            pages.append(urljoin(path, unescape(found[1])))
        return pages[len(pages) // 2].replace(f"page_size={STEP}", "page_size=50")

    def first_load(self, path):
        """Return how many bytes and how many requests a page is to a browser that has never seen it."""
        # As a browser asks where the tracker is not behind HTTPS.
        accepted = {"Accept-Encoding": "gzip"}
        _status, headers, body = self.ask(path, headers=accepted)
        text = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        assets = sorted(set(ASSET.findall(text.decode())))
        return len(body) + sum(len(self.ask(asset, headers=accepted)[2]) for asset in assets), 1 + len(assets)


def points(client):
    """Return the Points of the reader of `client`, those that change something last."""
    from issues.volume.site import TWO_PERCENT

    reader = client.reader
    keys, of_home = reader.keys(), f"/products/{reader.home}/issues/"
    found = [
        Point("list of 50, all products", ["/issues/?is="]),
        Point("list of 50, all products, open", ["/issues/"]),
        Point("list of 50, one product", [f"{of_home}?is="]),
        Point("list of 50, one product, open", [of_home]),
        Point("deep page", [client.deep("/issues/?is=")]),
        Point("filtered: product and status", [f"{of_home}?status={reader.usual_status()}"]),
        Point("filtered: assignee and open", [f"/issues/?assignee={reader.busiest()}&is=open"]),
        Point("filtered: label", [f"/issues/?label={TWO_PERCENT}&is="]),
        *_searching(client),
        Point("issue page", [f"/issues/{key}/" for key in keys]),
        Point("issue page, from its list", [_within(key, q="is:open", **{"in": reader.home}) for key in keys]),
        Point("issue page, from all products", [_within(key, q="is:open") for key in keys]),
        Point("JSON, list of 50", [f"{API}/issues/?page_size=50"]),
        Point("JSON, one issue", [f"{API}/issues/{key}/" for key in keys]),
    ]
    return found + _writing(reader, keys) if reader.user else found


def _within(key, **listed):
    """Return the address of an issue that is opened from a list."""
    return f"/issues/{key}/?{urlencode({'list': urlencode(listed)})}"


def _searching(client):
    """Return the Points of search; none where lists know no `q`, which pages would pass over in silence."""
    from issues.volume.words import COMMON, RARE

    if client.ask(f"{API}/issues/?q={RARE[0]}")[0] != 200:
        return []
    return [
        Point(f"{door}search, {kind} word", [address.format(word) for word in words])
        for door, address in (("", "/issues/?q={}&is="), ("JSON, ", f"{API}/issues/?q={{}}"))
        for kind, words in (("rare", RARE), ("common", COMMON))
    ]


def _writing(reader, keys):
    """Return the Points that change something; an issue changes its status each time that it is its turn."""
    new = {"product": reader.home, "title": "Measured", "description": "By a *benchmark*.", "type": "bug"}
    ranks = {"priority": "none", "severity": "unset"}
    return [
        Point("create", ["/issues/new/"], [new | ranks]),
        Point(
            "change status",
            [f"/issues/{key}/set/" for key in keys],
            [{"status": "in-progress"}] * len(keys) + [{"status": "accepted"}] * len(keys),
        ),
    ]
