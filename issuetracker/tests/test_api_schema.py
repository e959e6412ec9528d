"""The schema, the page that shows it, and a client made from it."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.services import create_token
from products.models import Label
from products.services import create_part


@pytest.fixture(scope="module")
def schema():
    """The schema, as it is served."""
    answer = Client().get("/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    return answer.json()


def operations(schema):
    return [
        (path, method, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]


def test_the_schema_is_valid_and_complete(schema, tmp_path):
    assert schema["openapi"].startswith("3.1")
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    names = [operation["operationId"] for _path, _method, operation in operations(schema)]
    assert len(names) == len(set(names))
    assert {"issues_read", "products_issues_create", "issues_comments_list", "batches_undo", "me_read"} <= set(names)
    for path, method, operation in operations(schema):
        assert path.startswith("/api/v1/")
        assert {"token": []} in operation["security"]
        # Files come as forms, all else as JSON.
        read = (
            "multipart/form-data" if (path.endswith("/attachments/"), method) == (True, "post") else "application/json"
        )
        assert set(operation.get("requestBody", {}).get("content", {})) <= {read}, (path, method)
        refused = operation["responses"]["400"]["content"]["application/problem+json"]
        assert refused["schema"]["$ref"].endswith("/Problem")


def test_filters_stand_in_the_schema(schema):
    asked = {one["name"] for one in schema["paths"]["/api/v1/issues/"]["get"]["parameters"]}
    assert asked >= {"status", "label", "is", "assignee", "sort", "cursor", "page_size", "count", "include", "tz"}


def shape(schema, operation, code="200"):
    """Return the schema of the JSON that an operation answers with."""
    found = {one["operationId"]: one for _path, _method, one in operations(schema)}[operation]
    return found["responses"][code]["content"]["application/json"]["schema"]


def test_a_search_by_post_answers_pages_as_the_list_does(schema):
    for place in ("issues", "products_issues"):
        assert shape(schema, f"{place}_search") == shape(schema, f"{place}_list")
    asked = {one["name"] for one in schema["paths"]["/api/v1/issues/search/"]["post"]["parameters"]}
    assert asked >= {"cursor", "page_size", "count", "include", "tz", "sort"}


def test_what_is_sometimes_left_out_is_not_promised(schema):
    shapes = schema["components"]["schemas"]
    assert "secret" in shapes["Token"]["properties"] and "secret" not in shapes["Token"]["required"]
    assert "batch" in shapes["BulkAnswer"]["properties"] and "batch" not in shapes["BulkAnswer"]["required"]


def test_unknown_fields_of_a_body_are_refused_by_the_schema_as_well(schema):
    bodies = {name: one for name, one in schema["components"]["schemas"].items() if name.endswith("Request")}
    assert bodies and all(one["additionalProperties"] is False for one in bodies.values())


def test_choices_have_names_that_one_would_give_them(schema):
    shapes = set(schema["components"]["schemas"])
    assert not [name for name in shapes if name.endswith("Enum")]
    assert shapes >= {"Decision", "DeclineResolution", "QuestionState", "ReturnReason", "Scope", "Sign", "PartKind"}
    resolution = schema["components"]["schemas"]["Issue"]["properties"]["resolution"]
    assert resolution == {"oneOf": [{"$ref": "#/components/schemas/Resolution"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("operation", "code", "headers"),
    [
        ("issues_read", "200", {"ETag"}),
        ("issues_read", "301", {"Location"}),
        ("issues_read", "304", {"ETag"}),
        ("issues_attachments_file", "200", {"ETag"}),
        ("issues_create", "201", {"ETag", "Location"}),
        ("issues_patch", "200", {"ETag"}),
        ("issues_patch", "308", {"Location"}),
        ("issues_patch", "401", {"WWW-Authenticate"}),
        ("issues_patch", "412", {"ETag"}),
        ("issues_patch", "503", {"Retry-After"}),
        ("issues_purge", "428", {"ETag"}),
        ("issues_triage", "200", {"ETag"}),
        ("issues_votes_create", "200", {"ETag"}),
        ("issues_list", "200", set()),
        ("issues_similar", "200", set()),
        ("issues_bulk", "200", set()),
    ],
)
def test_headers_that_programs_need_are_promised(schema, operation, code, headers):
    found = {one["operationId"]: one for _path, _method, one in operations(schema)}[operation]
    told = found["responses"][code].get("headers", {})
    assert {name for name, one in told.items() if one["required"]} >= headers
    assert headers or "ETag" not in told


@pytest.mark.parametrize(
    ("operation", "condition"),
    [("issues_read", "If-None-Match"), ("issues_patch", "If-Match"), ("issues_triage", "If-Match")]
    + [(name, "") for name in ("issues_similar", "issues_bulk", "issues_search", "query_parse", "similar")],
)
def test_conditions_stand_where_they_are_heeded(schema, operation, condition):
    found = {one["operationId"]: one for _path, _method, one in operations(schema)}[operation]
    assert {one["name"] for one in found.get("parameters", []) if one["in"] == "header"} == (
        {condition} if condition else set()
    )


def test_every_route_of_the_api_stands_in_the_schema(schema):
    from django.urls import get_resolver

    from issuetracker.api.urls import urlpatterns

    assert get_resolver()
    routes = [str(route.pattern) for route in urlpatterns if str(route.pattern).startswith("api/v1/")]
    assert len(routes) - 1 == len(schema["paths"])


def test_the_page_shows_it_without_another_host(client, db):
    page = client.get("/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "http://" not in text and "https://" not in text and "//cdn" not in text
    script = client.get("/docs?script=")
    assert script["Content-Type"] == "application/javascript"
    assert '"/openapi.json"' in script.content.decode()
    sources = page["Content-Security-Policy"].partition("script-src ")[2].partition(";")[0].split()
    assert sources == ["testserver/static/", "testserver/docs"]
    assert "unsafe-inline" not in " ".join(sources)


@pytest.fixture
def client_package(schema, tmp_path, monkeypatch):
    """A Python package generated from the schema."""
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"]
    command += ["--path", "schema.json", "--output-path", "generated_client", "--fail-on-warning"]
    (tmp_path / "config.yaml").write_text("post_hooks: []\n")
    done = subprocess.run(
        [*command, "--config", "config.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("generated_client")
    for name in [name for name in sys.modules if name.startswith("generated_client")]:
        del sys.modules[name]


@pytest.mark.django_db(transaction=True)
def test_a_client_made_from_it_creates_reads_patches_and_deletes(live_server, product, maintainer, client_package):
    create_part(Label, product=product, actor=maintainer, via="web", name="bug")
    _token, secret = create_token(maintainer, actor=maintainer, via="web", name="client", scopes=["write"])
    models = importlib.import_module("generated_client.models")

    def call(name, *args, **kwargs):
        module = importlib.import_module(f"generated_client.api.issues.{name}")
        return module.sync_detailed(*args, client=signed_in, **kwargs)

    with client_package.AuthenticatedClient(base_url=live_server.url, token=secret) as signed_in:
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
