"""`make test`: the whole suite on SQLite and on PostgreSQL, the coverage of both, and what could not run."""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import postgresql

SUMMARY = re.compile(r"^(=+ .* in [\d.]+s.*=+$|FAILED |ERROR |NOT RUN)|\d+ (passed|failed)")


def main():
    """Run everything. Return the exit code: 0 where all that ran has passed on both databases."""
    results = [run("SQLite", DATABASE_URL="")]
    try:
        with postgresql.database_url() as url:
            code, lines = run("PostgreSQL", "-m", "not once", DATABASE_URL=url, MEASURED_ON_SQLITE="1")
            results.append((code, [*lines, "PostgreSQL: what is the same whatever the database ran on SQLite alone"]))
    except postgresql.NotFound as error:
        results.append((1, [f"PostgreSQL: FAILED, {error}"]))
    coverage("combine", "--quiet", *(f".coverage.{name}" for name in ("SQLite", "PostgreSQL")))
    coverage("report")
    for _code, lines in results:
        print("\n".join(lines))
    # Of a run that was killed it is negative.
    return int(any(code for code, _lines in results))


def run(name, *arguments, **environment):
    """Run the suite on one database. Return its exit code and the lines that sum it up."""
    print(f"\n{name}", flush=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "3",
        "--dist",
        "worksteal",
        "--cov",
        "--cov-report=",
        *arguments,
    ]
    env = {**os.environ, **environment, "COVERAGE_FILE": f".coverage.{name}", "TRACED_CASES": "2"}
    # Else each process would read all tests anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    lines = []
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if SUMMARY.match(line):
                lines.append(f"{name}: {line.strip()}")
    return process.returncode, lines


def coverage(*arguments):
    """Run coverage's own command; its failure is told, and does not fail the tests."""
    subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False)


if __name__ == "__main__":
    sys.exit(main())
