"""A ledger of what a tracker has acknowledged, and what is missing from it, doubled or altered in the end."""

import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Lock, Thread

from tests.lasting.clients import Client
from tests.lasting.site import ISSUES, within

# An answer that says that nothing was done; all others but an acknowledgement leave it open.
REFUSED = range(400, 500)
PAUSE = 0.1


@dataclass
class Entry:
    """One issue: what was sent, what came of it, and the texts that its writer has sent since."""

    title: str
    description: str
    status: int | None = None
    number: int | None = None
    sent: int = 0
    acknowledged: int = 0
    refused: set = field(default_factory=set)
    comments: list = field(default_factory=list)
    comments_open: list = field(default_factory=list)


class Ledger:
    """Writers, each of whom notes what it sends before, and what is acknowledged as soon as it is."""

    def __init__(self, site, writers=8, keep_alive=True):
        self.site = site
        # A server that ends may close a connection just as something is sent over it, which is nobody's fault.
        self.keep_alive = keep_alive
        self.writers = writers
        self.run = uuid.uuid4().hex[:8]
        self.entries = []
        self.statuses = Counter()
        self.acknowledged_at = []
        self.slowest = 0.0
        self.lock = Lock()
        self.over = Event()

    def __enter__(self):
        self.threads = [Thread(target=self._write, args=(writer,)) for writer in range(self.writers)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def await_more(self, count):
        """Return once so many more writes have been acknowledged. Raises AssertionError after half a minute."""
        enough = self.acknowledged() + count
        within(30, lambda: self.acknowledged() >= enough)

    def longest_gap(self):
        """Return for how many seconds at the most nothing was acknowledged to anybody."""
        return max(after - before for before, after in pairwise(self.acknowledged_at))

    def _write(self, writer):
        own, turn = [], 0
        with Client(self.site.port, self.site.token) as client:
            while not self.over.is_set():
                turn += 1
                kind = (self._create, self._change, self._comment)[turn % 3 if own else 0]
                answer = kind(client, own, f"{self.run} {writer}-{turn}")
                if not self.keep_alive:
                    client.close()
                with self.lock:
                    self.statuses[answer.status] += 1
                    self.slowest = max(self.slowest, answer.seconds)
                    if answer.good:
                        self.acknowledged_at.append(time.monotonic())
                if not answer.good:
                    self.over.wait(PAUSE)

    def _create(self, client, own, name):
        entry = Entry(name, f'{name} é 世 \\ " <b>')
        self.entries.append(entry)
        answer = client.call("POST", ISSUES, {"title": entry.title, "description": entry.description})
        entry.status = answer.status
        if answer.good:
            entry.number = answer.json["number"]
            own.append(entry)
        return answer

    def _change(self, client, own, name):
        """Write the next number into a field that this writer alone writes to."""
        entry = own[len(self.entries) % len(own)]
        entry.sent += 1
        body = {"description": f"{entry.sent} {entry.title}"}
        answer = client.call("PATCH", f"{ISSUES}{entry.number}/", body)
        if answer.good:
            entry.acknowledged = entry.sent
        elif answer.status in REFUSED:
            entry.refused.add(entry.sent)
        return answer

    def _comment(self, client, own, name):
        entry = own[len(self.entries) % len(own)]
        answer = client.call("POST", f"{ISSUES}{entry.number}/comments/", {"body": name})
        if answer.good:
            entry.comments.append(name)
        elif answer.status not in REFUSED:
            entry.comments_open.append(name)
        return answer

    def acknowledged(self):
        """Return how many writes were acknowledged."""
        return len(self.acknowledged_at)

    def faults(self):
        """Return what the tracker does not keep of what it has acknowledged, and what it keeps that it has refused."""
        stored = self.site.issues()
        titles = Counter(issue["title"] for issue in stored if issue["title"].startswith(self.run))
        numbers = Counter(issue["number"] for issue in stored)
        by_title = {issue["title"]: issue for issue in stored}
        faults = [f"number {number} twice" for number, times in numbers.items() if times > 1]
        faults += [f"never sent: {title}" for title in titles if title not in {one.title for one in self.entries}]
        for entry in self.entries:
            faults += [f"{entry.title}: {fault}" for fault in self._faults_of(entry, titles, by_title)]
        return faults

    def _faults_of(self, entry, titles, by_title):
        times = titles[entry.title]
        if times > 1:
            yield f"is there {times} times"
        if entry.status in REFUSED and times:
            yield f"was refused by {entry.status}, and is there"
        if entry.number is None:
            return
        if not times:
            yield "was acknowledged, and is lost"
            return
        if by_title[entry.title]["number"] != entry.number:
            yield f"was number {entry.number}, and is {by_title[entry.title]['number']}"
        yield from self._faults_of_text(entry)
        yield from self._faults_of_comments(entry)

    def _faults_of_text(self, entry):
        text = self.site.read(f"{ISSUES}{entry.number}/")["description"]
        if text == entry.description:
            change = 0
        else:
            number, _blank, title = text.partition(" ")
            if title != entry.title or not number.isdigit():
                yield f"altered into {text!r}"
                return
            change = int(number)
        if change < entry.acknowledged:
            yield f"change {entry.acknowledged} was acknowledged, and {change} is there"
        if change > entry.sent or change in entry.refused:
            yield f"change {change} is there, which was refused or never sent"

    def _faults_of_comments(self, entry):
        if not entry.comments and not entry.comments_open:
            return
        listed = self.site.issues(f"{ISSUES}{entry.number}/comments/")
        bodies = Counter(comment["body"] for comment in listed)
        yield from (f"comment {body} lost" for body in entry.comments if not bodies[body])
        yield from (f"comment {body} is there {times} times" for body, times in bodies.items() if times > 1)
        unknown = set(bodies) - {*entry.comments, *entry.comments_open}
        yield from (f"comment {body} was refused or never sent" for body in unknown)
