"""`make check-long`: what is marked `long` or `lasting`, on both databases, and its figures in docs/reliability.md.

`python tests/check_long.py tests/lasting` does that part, and enters its figures alone.
"""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import figures, postgresql

# What pytest ends with where nothing is left of what was chosen: of some parts all runs on SQLite alone.
NOTHING = 5
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"


def main():
    """Run it. Return the exit code: 0 where everything held on both databases, and only then are figures entered."""
    found, codes = {}, []
    with tempfile.TemporaryDirectory() as folder:
        codes.append(run("SQLite", "long or lasting", Path(folder), found, DATABASE_URL=""))
        with postgresql.database_url() as url:
            codes.append(run("PostgreSQL", "(long or lasting) and not once", Path(folder), found, DATABASE_URL=url))
    if not any(codes):
        figures.write(DOCUMENT, f"{datetime.now(UTC):%Y-%m-%d}", found)
    # Of a run that was killed it is negative.
    return int(any(codes))


def run(name, marked, folder, found, **environment):
    """Run the tests so `marked` on one database, and put its figures into `found`. Return the exit code."""
    print(f"\n{name}", flush=True)
    file = folder / name
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "--long"]
    # In full, one of them takes hours.
    command += ["--override-ini", "faulthandler_timeout=0", "-m", marked]
    environment[figures.PLACE] = str(file)
    done = subprocess.run([*command, *sys.argv[1:]], env={**os.environ, **environment}, check=False)
    found[name] = figures.read(file)
    return 0 if done.returncode == NOTHING else done.returncode


if __name__ == "__main__":
    sys.exit(main())
