"""A Redis for tests: a throw-away server of the program found on this machine."""

import shutil
import signal
import socket
import subprocess
import time

from tests.postgresql import free_port

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
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("Redis did not start")

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
