"""What every answer must be, whatever was asked; and what a request has written that stayed."""

import json
import re
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

SLOW = 2
WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+\"?(\w+)", re.IGNORECASE)
POINTS = re.compile(r"(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT)\s+(\S+)")
# What is kept of a request itself, rather than changed by it: sessions, what is counted against guessing, last use.
KEPT = re.compile(r"\w+ (accounts_session|accounts_tally)|UPDATE accounts_apitoken")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
REFERRERS = {"same-origin", "no-referrer"}
PROBLEM = "application/problem+json"


class Ledger:
    """The tables that requests have written to, without what was rolled back."""

    def __init__(self):
        self.stack = [("", [])]

    def __call__(self, execute, sql, params, many, context):
        """Note one statement, and run it."""
        point = POINTS.match(sql)
        if point:
            self._move(*point.groups())
        result = execute(sql, params, many, context)
        write = WRITES.match(sql)
        if write:
            self.stack[-1][1].append(f"{write[1].split()[0].upper()} {write[2]}")
        return result

    def _move(self, word, name):
        if word == "SAVEPOINT":
            self.stack.append((name, []))
            return
        while len(self.stack) > 1:
            top, tables = self.stack.pop()
            if word == "RELEASE SAVEPOINT":
                self.stack[-1][1].extend(tables)
            if top == name:
                break
        if word == "ROLLBACK TO SAVEPOINT":
            self.stack.append((name, []))

    @property
    def tables(self):
        """What was written to which table, but for what only keeps the request itself."""
        return {write for _name, writes in self.stack for write in writes if not KEPT.fullmatch(write)}


@contextmanager
def noted():
    """Give a Ledger of what is written within."""
    ledger = Ledger()
    with connection.execute_wrapper(ledger):
        yield ledger


def timed(ask):
    """Return `(answer, seconds, ledger)` of one request, which is taken back.

    The seconds are those that it computes for: those of the clock depend on what else the machine does.
    """
    from django.db import transaction

    with transaction.atomic():
        with noted() as ledger:
            begun = time.thread_time()
            answer = ask()
            seconds = time.thread_time() - begun
            # Read to its end, a file is closed.
            _content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer, seconds, ledger


def faults_of(ask, *, field=None, text=None, reads=False):
    """Return what is wrong with the answer to `ask()`, a line each, and the answer.

    `field` is what a refusal must name, `text` what must not stand in a page as it is; of what only `reads`, nothing
    may stay.
    """
    try:
        answer, seconds, ledger = timed(ask)
    except Exception as error:
        return [f"raised {error!r:.300}"], None
    faults = [*_of_status(answer), *header_faults(answer), *_of_place(answer)]
    if seconds > SLOW:
        faults.append(f"took {seconds:.1f} s")
    if ledger.tables and (reads or answer.status_code >= 400):
        faults.append(f"answered {answer.status_code}, and wrote {', '.join(sorted(ledger.tables))}")
    if answer.status_code == 400 and field is not None and not names(answer, field):
        faults.append(f"a refusal that does not name {field!r}: {answer.content[:300]!r}")
    if text and answer.get("Content-Type", "").startswith("text/html") and text.encode() in answer.content:
        faults.append("the text stands in the page as it is")
    return faults, answer


def _of_status(answer):
    if answer.status_code >= 500:
        return [f"answered {answer.status_code}"]
    api = answer.wsgi_request.path_info.startswith("/api/")
    if api and answer.status_code >= 400 and answer.wsgi_request.method != "HEAD" and answer["Content-Type"] != PROBLEM:
        return [f"a refusal of the API as {answer['Content-Type']}"]
    return []


def header_faults(answer):
    """Return what is wrong with the headers and the cookies of `answer`."""
    faults = [f"{name} is {answer.get(name)}" for name, value in HEADERS.items() if answer.get(name) != value]
    if answer.get("Referrer-Policy") not in REFERRERS:
        faults.append(f"Referrer-Policy is {answer.get('Referrer-Policy')}")
    policy = answer.get("Content-Security-Policy", "")
    static = answer.wsgi_request.path_info.startswith(settings.STATIC_URL) and answer.status_code == 200
    if not (static or "default-src 'none'" in policy) or "frame-ancestors 'none'" not in policy:
        faults.append(f"the policy is {policy!r}")
    if "'unsafe-eval'" in policy or "script-src 'self'" in policy or "script-src 'unsafe-inline'" in policy:
        faults.append(f"the policy lets scripts in: {policy!r}")
    faults += [f"a line break in {name}" for name, value in answer.items() if "\r" in value or "\n" in value]
    for cookie in answer.cookies.values():
        if cookie.value and not (cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"):
            faults.append(f"the cookie {cookie.OutputString()!r}")
        if settings.HTTPS and not cookie["secure"]:
            faults.append(f"the cookie {cookie.key} without Secure")
        if cookie["domain"]:
            faults.append(f"the cookie {cookie.key} for {cookie['domain']}")
    return faults


def _of_place(answer):
    """Return what is wrong with where `answer` sends its reader, as browsers read an address."""
    place = answer.get("Location")
    if place is None:
        return []
    read = re.sub(r"[\t\r\n]", "", place).strip().replace("\\", "/")
    parts = urlsplit(read)
    own = {"", "testserver", urlsplit(settings.SITE_URL).netloc, "id.example.org"}
    if read.startswith("//") or parts.netloc not in own or parts.scheme not in ("", "http", "https"):
        return [f"sends away to {place!r}"]
    return []


def names(answer, field):
    """Return whether a refusal says what it is about: the field itself, or that the request as such is unreadable."""
    if answer["Content-Type"] == PROBLEM:
        told = json.loads(answer.content)
        errors = told.get("errors", {})
        known = any(name.split(".")[0] == field for name in errors)
        return known or (not errors and told["code"] in ("parse_error", "bad_request", "invalid_host"))
    if b"makes no sense" in answer.content:
        return True
    forms = [form for context in answer.context or () for form in _forms(context)]
    return any(field in form.errors or form.errors for form in forms) or b"error" in answer.content


def _forms(context):
    values = [value for one in getattr(context, "dicts", [context]) for value in one.values()]
    values += [value.form for value in values if hasattr(value, "fieldsets") and hasattr(value, "form")]
    return [value for value in values if hasattr(value, "errors") and hasattr(value, "fields")]
