"""PgBouncer in transaction mode for tests, before the servers that it is given."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.postgresql import free_port, unprivileged_user, wait_for

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "trust",
    "pool_mode": "transaction",
    "default_pool_size": 10,
    "max_client_conn": 200,
    "server_login_retry": 1,
    "ignore_startup_parameters": "options",
}


class PgBouncer:
    """One that passes on to each Server of `servers`, by name, and runs until it is removed."""

    def __init__(self, **servers):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="issuetracker-pgbouncer-"))
        users, file = self.folder / "users", self.folder / "pgbouncer.ini"
        users.write_text('"issues" ""\n')
        lines = [f"{name} = host=127.0.0.1 port={one.port} dbname=postgres" for name, one in servers.items()]
        settings = {**SETTINGS, "listen_port": self.port, "auth_file": users}
        options = [f"{name} = {value}" for name, value in settings.items()]
        file.write_text("\n".join(["[databases]", *lines, "[pgbouncer]", *options, ""]))
        self.identity = {}
        if os.geteuid() == 0:
            user = unprivileged_user()
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            for path in (self.folder, users, file):
                os.chown(path, user.pw_uid, user.pw_gid)
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen([PROGRAM, file], stdout=self.log, stderr=self.log, **self.identity)
        wait_for(self.port, "PgBouncer")

    def url(self, name):
        """Return the DATABASE_URL of the server of this name."""
        return f"postgres://issues@127.0.0.1:{self.port}/{name}"

    def remove(self):
        """Stop it and remove what it wrote."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
