"""Every example of docs/api.md is run against a server, and all languages print the same."""

import re
import shutil
import sys
from collections import Counter

import pytest
from django.conf import settings as project

from accounts.services import create_token
from issues.services import create_issue
from tests.contract.running import NODE, needs_node, node_tool, prepare_typescript, run

GUIDE = project.BASE_DIR / "docs" / "api.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("sh", "python", "ts")
PRINTED = """\
mia
WEB-5
The cart empties itself
304
urgent
412 stale
WEB-1 WEB-2 WEB-3 WEB-4 WEB-5
WEB-5
WEB-5
5
accepted mia
duplicate
reporter
2 2 0
done 2
2 0
WEB-1 WEB-2 WEB-3 WEB-4 WEB-5
It happens at night.
"""

pytestmark = [pytest.mark.once, pytest.mark.untraced]


def program(language):
    """Return the blocks of one language as one program."""
    _before, _heading, examples = GUIDE.read_text().partition("\n## Examples\n")
    return "\n".join(code for name, code in BLOCK.findall(examples) if name == language)


@pytest.fixture
def environment(live_server, settings, product, maintainer, reporter):
    """What a program is told of a server with four reports: its address, and a token of the maintainer."""
    settings.SITE_URL = live_server.url
    for title in ("Cart empties", "Cart is empty", "Search is slow", "Wheel falls off"):
        create_issue(product, actor=reporter, via="web", title=title)
    _token, secret = create_token(maintainer, actor=maintainer, via="web", name="examples", scopes=["write"])
    return {"TRACKER_URL": live_server.url, "TRACKER_TOKEN": secret}


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="examples in the shell: no curl and jq on this machine"
)
@pytest.mark.django_db(transaction=True)
def test_the_shell(environment, tmp_path):
    assert run("bash", "-euo", "pipefail", "-c", program("sh"), folder=tmp_path, **environment) == PRINTED


@pytest.mark.django_db(transaction=True)
def test_python(environment, tmp_path):
    assert run(sys.executable, "-c", program("python"), folder=tmp_path, **environment) == PRINTED


@needs_node
@pytest.mark.django_db(transaction=True)
def test_typescript(environment, tmp_path):
    prepare_typescript(tmp_path)
    # With something to export it is a module, which may wait.
    (tmp_path / "examples.ts").write_text(program("ts") + "\nexport {};\n")
    node_tool("tsc", folder=tmp_path)
    assert run(NODE, "examples.js", folder=tmp_path, **environment) == PRINTED


def test_each_example_is_told_in_every_language():
    before, _heading, examples = GUIDE.read_text().partition("\n## Examples\n")
    assert not set(LANGUAGES) & {name for name, _code in BLOCK.findall(before)}
    for section in examples.split("\n### ")[1:]:
        assert Counter(name for name, _code in BLOCK.findall(section)) == Counter(LANGUAGES), section
