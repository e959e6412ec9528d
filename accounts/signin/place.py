"""Where a request comes from: its address, its browser, and whom that browser has signed in before."""

import ipaddress
import re
import secrets

from django.conf import settings
from django.core import signing

COOKIE = "__Host-device" if settings.HTTPS else "device"
SALT = "accounts.device"
A_YEAR = 365 * 24 * 3600
PEOPLE_KEPT = 5
AGENT_LIMIT = 200

BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"(Firefox|FxiOS)/"),
    ("Chrome", r"(Chrome|CriOS|Chromium)/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def address_of(request):
    """Return the address that `request` comes from; behind PROXIES proxies, what the outermost of them has noted."""
    passed = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    text = passed[-settings.PROXIES] if 0 < settings.PROXIES <= len(passed) else request.META.get("REMOTE_ADDR", "")
    # Some proxies note the port, too.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
        return str(getattr(address, "ipv4_mapped", None) or address)
    except ValueError:
        return ""


def network_of(address):
    """Return what `address` is counted under: of IPv6 the 64 bits that one household has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def agent_of(request):
    """Return what the browser calls itself."""
    return request.META.get("HTTP_USER_AGENT", "")[:AGENT_LIMIT]


def device_name(agent):
    """Return browser and system, such as "Firefox, Linux"; empty where neither is known."""
    found = [next((name for name, mark in table if re.search(mark, agent)), "") for table in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name)


def device_of(request):
    """Return `(id, ids of people)`: what the browser was called when people signed in with it, and which."""
    try:
        name, people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=A_YEAR)
    except (signing.BadSignature, ValueError, TypeError):
        return "", ()
    return name, tuple(people)


def knows(request, user):
    """Return the id of the browser where `user` has signed in with it before, else an empty text."""
    name, people = device_of(request)
    return name if user is not None and user.pk in people else ""


def remember(request, response, user):
    """Let the browser know that `user` has signed in with it."""
    name, people = device_of(request)
    people = [user.pk, *(pk for pk in people if pk != user.pk)][:PEOPLE_KEPT]
    value = signing.dumps([name or secrets.token_urlsafe(12), people], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=A_YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")
