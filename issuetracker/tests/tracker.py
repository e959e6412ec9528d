"""A tracker that runs as it does for its users: `manage.py serve`, in processes of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings

from tests.postgresql import free_port

READY_WITHIN = 60
CLEARED_WITHIN = 3


class Tracker:
    """A running tracker, with its data in `folder`."""

    def __init__(self, folder, database_url="", *arguments):
        self.port = free_port()
        self.log = folder / "serve.log"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "issuetracker.settings_test",
            "TEST_DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
        }
        self.arguments = arguments
        self.process = None

    def start(self):
        """Start it, and return how many seconds went by until it answered."""
        begun = time.monotonic()
        command = [sys.executable, "manage.py", "serve", *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() < begun + READY_WITHIN and self.process.poll() is None:
            if self.get("/status/live/")[0] == 200:
                return time.monotonic() - begun
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def get(self, path, timeout=10, **headers):
        """Return status, headers and text of the answer; status None where nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return None, {}, ""

    def says(self, text):
        """Return whether its log says `text` in time: its processes get ready one after the other."""
        return _in_time(lambda: text in self.log.read_text(), READY_WITHIN)

    def stop(self, number=signal.SIGTERM):
        """Ask it to stop, and return its exit code once it has."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def is_gone(self):
        """Return whether not one process of its group is left, once the system has had the time to clear them away."""
        return _in_time(lambda: not self._signalled(0), CLEARED_WITHIN)

    def end(self):
        """Leave nothing of it."""
        if self.process and self._signalled(signal.SIGKILL):
            self.process.wait()

    def _signalled(self, number):
        """Send a signal to what is left of its group. Return whether anything is."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return False
        return True


def _in_time(holds, seconds):
    """Return whether `holds()` does within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
