"""`make check-long`: what is marked `long` or `lasting`, on both databases, and its figures in docs/reliability.md."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import figures, postgresql

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"


def main():
    """Run it. Return the exit code: 0 where everything held on both databases; the figures are written anyway."""
    columns, codes = {}, []
    with tempfile.TemporaryDirectory() as folder:
        codes.append(run("SQLite", Path(folder), columns, DATABASE_URL=""))
        with postgresql.database_url() as url:
            codes.append(run("PostgreSQL", Path(folder), columns, DATABASE_URL=url))
    held = "all held" if not any(codes) else "SOMETHING FAILED"
    figures.write(DOCUMENT, f"Last run in full on {datetime.now(UTC):%Y-%m-%d}: {held}.", columns)
    return max(codes)


def run(name, folder, columns, **environment):
    """Run the tests on one database, and put its figures among `columns`. Return the exit code."""
    print(f"\n{name}", flush=True)
    file = folder / name
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "--long"]
    # In full, one of them takes hours.
    command += ["--override-ini", "faulthandler_timeout=0", "-m", "long or lasting"]
    environment[figures.PLACE] = str(file)
    done = subprocess.run([*command, *sys.argv[1:]], env={**os.environ, **environment}, check=False)
    columns[name] = figures.read(file)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
