"""Programs in other languages and in other processes, against a server of the tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
MODULES = PROGRAMS / "node_modules"
NODE = shutil.which("node")
MINUTES = 5

needs_node = pytest.mark.skipif(
    not (NODE and MODULES.is_dir()), reason="TypeScript: no Node.js, or `make` could not install its packages"
)


def run(*command, folder, **environment):
    """Run a program in `folder`. Return what it prints. Fails the test with all that it says where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def generate_python(schema, folder):
    """Make the package `generated_client` of the schema in `folder`."""
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    generator = Path(sys.executable).with_name("openapi-python-client")
    options = [
        "--meta",
        "none",
        "--path",
        "schema.json",
        "--output-path",
        "generated_client",
        "--config",
        "config.yaml",
    ]
    run(sys.executable, generator, "generate", *options, "--fail-on-warning", folder=folder)


def prepare_typescript(folder):
    """Make `folder` one where `node_tool` finds its packages."""
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(PROGRAMS / name, folder)
    (folder / "node_modules").symlink_to(MODULES)


def node_tool(name, *arguments, folder):
    """Run a program of the packages: `tsc`, or `openapi-typescript`."""
    return run(NODE, MODULES / ".bin" / name, *arguments, folder=folder)
