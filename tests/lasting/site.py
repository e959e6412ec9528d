"""A tracker in processes of its own on the database that the tests run on, furnished, and somebody who restarts it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

from django.conf import settings

from issuetracker.tests.tracker import Tracker
from tests.lasting.clients import Client, ask
from tests.postgresql import Server

POSTGRESQL = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
ISSUES = "/api/v1/products/WEB/issues/"
FURNISH = """
from accounts.models import User
from accounts.services import create_token
from products import services
ada = User.objects.create_superuser("ada", "ada@example.org", "only-for-tests")
for key in ("WEB", "APP"):
    services.create_product(actor=ada, via="web", key=key, title=key, visibility="public")
token, secret = create_token(ada, actor=ada, via="web", name="test", scopes=("read", "write", "admin"))
print(secret)
"""


class Site:
    """A tracker with a product WEB, and `token`, by which an administrator writes to it."""

    def __init__(self, folder, *arguments, data=None, with_settings=None, **server):
        # Its promises are those of production: nothing here is switched off to be quick.
        self.server = Server(**server) if POSTGRESQL else None
        if self.server:
            self.server.start()
        self.tracker = Tracker(folder, self.server.url if self.server else "", *arguments)
        if with_settings:
            self.tracker.environment["DJANGO_SETTINGS_MODULE"] = with_settings
        if data:
            self.tracker.environment["TEST_DATA_DIR"] = str(data)
        self.tracker.start()
        self.token = self.run("shell", "-c", FURNISH).splitlines()[-1]

    @property
    def port(self):
        """Where it answers."""
        return self.tracker.port

    def client(self, **more):
        """Return a Client with the token."""
        return Client(self.port, self.token, **more)

    def ask(self, method, path, body=None, **headers):
        """Send one request with the token; return the Answer."""
        return ask(self.port, method, path, body, self.token, **headers)

    def read(self, path):
        """Return what is there, read. A tracker that has just been started may not answer at once."""
        answer = self.ask("GET", path)
        if not answer.good:
            within(30, lambda: self.ask("GET", "/readyz").good)
            answer = self.ask("GET", path)
        assert answer.good, f"{path}: {answer}"
        return answer.json

    def issues(self, listed=ISSUES):
        """Return all issues of the product, page by page."""
        found, path = [], f"{listed}?page_size=100"
        while path:
            page = self.read(path)
            found += page["results"]
            path = page["next"] and "{0.path}?{0.query}".format(urlsplit(page["next"]))
        return found

    def run(self, *arguments):
        """Run a command of manage.py on its database, and return what it prints."""
        with self.running(*arguments) as process:
            printed = process.communicate()[0]
        assert process.returncode == 0, printed
        return printed

    def running(self, *arguments):
        """Return a command of manage.py on its database, as it runs."""
        command = [sys.executable, "manage.py", *arguments]
        told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=self.tracker.environment, **told)

    def processes(self):
        """Return the ids `(gunicorn's master, its workers, the background worker)`, once all are there."""
        within(30, lambda: len(self._processes()[1]) == 2 and self._processes()[2])
        return self._processes()

    def _processes(self):
        master = worker = None
        for pid in children(self.tracker.process.pid):
            if children(pid):
                master = pid
            else:
                worker = pid
        return master, children(master) if master else [], worker

    @contextmanager
    def restarted(self):
        """Start it again whenever it ends, as what supervises a service does."""
        over = Event()

        def watch():
            while not over.wait(0.1):
                # Who comes while the port is still taken tries again.
                with suppress(AssertionError):
                    if self.tracker.process.poll() is not None:
                        self.tracker.start()

        thread = Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def end(self):
        """Leave nothing of it."""
        self.tracker.end()
        if self.server:
            self.server.remove()


def children(pid):
    """Return the ids of the processes that `pid` has started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid):
    """End a process as a lack of memory would."""
    os.kill(pid, signal.SIGKILL)


def within(seconds, holds):
    """Return after how many seconds `holds()` was true. Raises AssertionError where it never was."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if holds():
            return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")
