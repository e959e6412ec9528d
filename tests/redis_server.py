"""A Redis for tests: a throw-away server of the program found on this machine."""

import shutil
import signal
import subprocess

from tests.postgresql import free_port, wait_for

PROGRAM = shutil.which("redis-server")


class RedisServer:
    """A Redis of its own on a free port of this machine, which keeps nothing on a disk."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        """The CACHE_URL of this server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        """Start it, and return when it accepts connections."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, "Redis")

    def stop(self):
        """Stop it at once, as a broken machine would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        """Make it hang: its socket accepts, and nothing ever answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)
