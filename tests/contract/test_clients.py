"""Clients generated from the schema compile, and do a whole triage against a server."""

import compileall
import importlib
import json
import sys

import pytest
from django.test import Client

from accounts.services import create_token
from issues.services import create_issue
from products.models import Label
from products.services import create_part, create_product
from tests.contract.running import NODE, PROGRAMS, generate_python, needs_node, node_tool, prepare_typescript, run

TRIAGE = """\
queue 7 WEB-1 WEB-2 WEB-3 WEB-4 WEB-5 WEB-6 WEB-7
WEB-1 accepted high
WEB-2 closed duplicate WEB-1
WEB-3 closed invalid
WEB-4 reporter
WEB-4 us answer
WEB-5 True
API-1 moved
409 decided
undone 1 0 new
queue WEB-1 WEB-4 WEB-7
"""
TITLES = ("Cart empties", "Cart is empty", "No cart", "Cart blinks", "Cart squeaks", "Slow answers", "Wheel falls off")

pytestmark = [pytest.mark.once, pytest.mark.untraced]


@pytest.fixture(scope="module")
def schema():
    """The schema, as it is served."""
    return Client().get("/openapi.json").json()


@pytest.fixture(scope="module")
def python_package(schema, tmp_path_factory):
    """The folder of the package that openapi-python-client makes of the schema."""
    folder = tmp_path_factory.mktemp("python")
    generate_python(schema, folder)
    return folder


@pytest.fixture(scope="module")
def typescript_types(schema, tmp_path_factory):
    """The folder of the types that openapi-typescript makes of the schema."""
    folder = tmp_path_factory.mktemp("typescript")
    prepare_typescript(folder)
    (folder / "schema.json").write_text(json.dumps(schema))
    node_tool("openapi-typescript", "schema.json", "--output", "schema.d.ts", folder=folder)
    return folder


@pytest.fixture
def environment(live_server, product, administrator, triager, reporter):
    """What a program is told of a server with seven new reports: its address, tokens of a triager and a reporter."""
    create_product(actor=administrator, via="web", key="API", title="API")
    for title in TITLES:
        create_issue(product, actor=reporter, via="web", title=title)
    tokens = {"TRACKER_TOKEN": triager, "REPORTER_TOKEN": reporter}
    secrets = {
        name: create_token(user, actor=user, via="web", name="triage", scopes=["write"])[1]
        for name, user in tokens.items()
    }
    return {"TRACKER_URL": live_server.url, **secrets}


@pytest.mark.django_db(transaction=True)
def test_python_triages(python_package, environment):
    told = run(sys.executable, PROGRAMS / "triage.py", folder=python_package, PYTHONPATH=".", **environment)
    assert told == TRIAGE


@needs_node
@pytest.mark.django_db(transaction=True)
def test_typescript_triages(typescript_types, environment):
    program = typescript_types / "triage.ts"
    program.write_text((PROGRAMS / "triage.ts").read_text())
    node_tool("tsc", folder=typescript_types)
    assert run(NODE, "triage.js", folder=typescript_types, **environment) == TRIAGE


@pytest.fixture
def client(python_package, monkeypatch):
    """The generated package, imported."""
    monkeypatch.syspath_prepend(str(python_package))
    yield importlib.import_module("generated_client")
    for name in [name for name in sys.modules if name.startswith("generated_client")]:
        del sys.modules[name]


@pytest.mark.django_db(transaction=True)
def test_python_creates_reads_patches_and_deletes(live_server, product, maintainer, client):
    create_part(Label, product=product, actor=maintainer, via="web", name="bug")
    _token, secret = create_token(maintainer, actor=maintainer, via="web", name="client", scopes=["write"])
    models = importlib.import_module("generated_client.models")

    def call(name, *args, **kwargs):
        module = importlib.import_module(f"generated_client.api.issues.{name}")
        return module.sync_detailed(*args, client=signed_in, **kwargs)

    with client.AuthenticatedClient(base_url=live_server.url, token=secret) as signed_in:
        body = models.IssueRequest(title="from a client", labels=["bug"], assignee="mia", priority=models.Priority.HIGH)
        made = call("products_issues_create", "WEB", body=body)
        assert (made.status_code, made.parsed.key, made.parsed.labels) == (201, "WEB-1", ["bug"])
        read = call("issues_read", "WEB-1")
        assert (read.parsed, read.headers["ETag"]) == (made.parsed, made.headers["ETag"])
        listed = call("issues_list", status="new", assignee="mia")
        assert [issue.key for issue in listed.parsed.results] == ["WEB-1"]
        patch = models.PatchedIssueRequest(title="patched", assignee=None, due_on=None)
        patched = call("issues_patch", "WEB-1", body=patch, if_match=read.headers["ETag"])
        assert (patched.parsed.title, patched.parsed.assignee, patched.parsed.priority) == ("patched", None, "high")
        stale = call("issues_patch", "WEB-1", body=patch, if_match=read.headers["ETag"])
        assert (stale.status_code, stale.parsed.code) == (412, "stale")
        refused = call("issues_patch", "WEB-1", body=models.PatchedIssueRequest(title=""))
        assert refused.parsed.errors.additional_properties["title"][0].code == "blank"
        assert call("issues_delete", "WEB-1").status_code == 204
        assert call("issues_read", "WEB-1").status_code == 404


@pytest.mark.long
def test_all_of_the_python_package_compiles(python_package, long):
    package = python_package / "generated_client"
    assert compileall.compile_dir(package, quiet=1)
    if long:
        run(sys.executable, "-m", "mypy", "--config-file=", "generated_client", folder=python_package)


@needs_node
def test_a_field_that_is_not_in_the_schema_does_not_compile(typescript_types):
    wrong = typescript_types / "wrong.ts"
    wrong.write_text(
        'import type { components } from "./schema.js";\n'
        'export const issue: components["schemas"]["IssueRequest"] = { title: "Cart", colour: "red" };\n'
    )
    with pytest.raises(AssertionError, match="colour"):
        node_tool("tsc", folder=typescript_types)
    wrong.unlink()
