"""What `make` installs, and when it does so anew."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from issuetracker.settings import BASE_DIR

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not shutil.which("make"), reason="there is no make, as in the image"),
]


def installed(folder, interpreter):
    """Return an environment in `folder` that is stamped as complete, whose interpreter is this script, if any."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    if interpreter:
        python.write_text(f"#!/bin/sh\n{interpreter}\n")
        python.chmod(0o755)
    else:
        python.symlink_to(folder / "python3.10")
    (folder / ".runs").touch()
    os.utime(folder / ".runs", (time.time() + 3600,) * 2)
    return folder


def told(folder, *more):
    """Return what `make run` would do with the environment in `folder`."""
    return make(folder, *more).stdout


def make(folder, *more, check=True):
    command = ["make", "--dry-run", f"VENV={folder}", *more, "run"]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=check)


def test_what_is_there_is_not_installed_again(tmp_path):
    assert "requirements.txt" not in told(installed(tmp_path, f'exec {sys.executable} "$@"'))


@pytest.mark.parametrize("interpreter", ["", "exit 1"])
def test_an_environment_is_made_anew_when_its_interpreter_is_gone_or_finds_nothing(tmp_path, interpreter):
    said = told(installed(tmp_path, interpreter))
    assert said.index(" venv ") < said.index("-r requirements.txt") < said.index("manage.py serve")


# Without a pyvenv.cfg it is somebody's folder, and no environment yet.
@pytest.mark.parametrize(
    ("interpreter", "is_environment", "emptied"),
    [("", True, True), ("exit 1", True, True), ('test "$2" != "import django"', True, False), ("", False, False)],
)
def test_without_uv_only_an_environment_whose_interpreter_does_not_run_is_emptied(
    tmp_path, interpreter, is_environment, emptied
):
    if is_environment:
        (tmp_path / "pyvenv.cfg").touch()
    said = told(installed(tmp_path, interpreter), "UV=")
    assert " -m venv " in said and (" --clear " in said) == emptied


def test_without_uv_an_environment_of_an_older_python_is_left_to_whoever_made_it(tmp_path):
    # It runs, but neither what is ours nor as a Python that is new enough.
    installed(tmp_path, 'test -z "$2"')
    refused = make(tmp_path, "UV=", check=False)
    assert refused.returncode and f"{tmp_path} is of an older Python" in refused.stderr
    assert " venv " in told(tmp_path, "UV=uv")
