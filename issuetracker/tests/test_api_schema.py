"""The schema, and the page that shows it."""

import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client


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


def test_the_schema_is_complete(schema):
    assert schema["openapi"].startswith("3.1")
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


@pytest.mark.parametrize("path", ["issues", "triage", "products/{product_key}/issues"])
def test_filters_stand_in_the_schema(schema, path):
    asked = {one["name"] for one in schema["paths"][f"/api/v1/{path}/"]["get"]["parameters"]}
    assert asked >= {"status", "label", "is", "assignee", "sort", "cursor", "page_size", "count", "include", "tz"}


@pytest.mark.parametrize(("path", "method"), [("parse", "post"), ("complete", "get")])
def test_the_time_zone_of_a_query_stands_in_the_schema(schema, path, method):
    assert "tz" in {one["name"] for one in schema["paths"][f"/api/v1/query/{path}/"][method]["parameters"]}


def shape(schema, operation, code="200"):
    """Return the schema of the JSON that an operation answers with."""
    found = {one["operationId"]: one for _path, _method, one in operations(schema)}[operation]
    return found["responses"][code]["content"]["application/json"]["schema"]


def test_a_search_by_post_answers_pages_as_the_list_does(schema):
    for place in ("issues", "products_issues"):
        assert shape(schema, f"{place}_search") == shape(schema, f"{place}_list")
    asked = {one["name"] for one in schema["paths"]["/api/v1/issues/search/"]["post"]["parameters"]}
    assert asked >= {"cursor", "page_size", "count", "include", "tz", "sort"}


def test_no_parameter_is_called_what_generators_call_the_body(schema):
    posted = [one for _path, _method, one in operations(schema) if "requestBody" in one]
    assert not [one for one in posted if "body" in {asked["name"] for asked in one.get("parameters", [])}]


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
        ("issues_patch", "507", {"Retry-After"}),
        ("issues_read", "507", {"Retry-After"}),
        ("issues_purge", "428", {"ETag"}),
        ("issues_purge", "204", set()),
        ("issues_delete", "204", {"ETag"}),
        ("products_labels_delete", "204", {"ETag"}),
        ("views_delete", "204", {"ETag"}),
        ("issues_relations_delete", "204", set()),
        ("me_tokens_delete", "204", set()),
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
    asked = {one["name"] for one in found.get("parameters", [])}
    assert asked & {"If-Match", "If-None-Match"} == ({condition} if condition else set())


def test_what_cannot_be_taken_back_needs_its_condition(schema):
    needing = {
        operation["operationId"]
        for *_, operation in operations(schema)
        if any(one["name"] == "If-Match" and one.get("required") for one in operation.get("parameters", []))
    }
    purging = {name for *_, one in operations(schema) if (name := one["operationId"]).endswith("_purge")}
    assert needing == purging and {"issues_purge", "products_purge", "issues_comments_purge"} <= purging


def test_what_is_done_once_may_be_answered_as_the_first_time(schema):
    for path, method, operation in operations(schema):
        keyed = "Idempotency-Key" in {one["name"] for one in operation.get("parameters", [])}
        for code, answer in operation["responses"].items():
            told = "Idempotent-Replayed" in answer.get("headers", {})
            assert told == (keyed and code.startswith("2")), (path, method, code)


def test_every_route_of_the_api_stands_in_the_schema(schema):
    from django.urls import get_resolver

    from issuetracker.api.urls import urlpatterns

    assert get_resolver()
    begun = [route for route in urlpatterns if str(route.pattern).startswith("api/v1/")]
    routes = [one for route in begun for one in getattr(route, "url_patterns", [route])]
    assert len(routes) - 1 == len(schema["paths"])


def test_the_guide_tells_of_every_problem(schema):
    promised = {int(code) for *_, operation in operations(schema) for code in operation["responses"]}
    rows = re.findall(r"^\| ([\d, ]+) \|", (settings.BASE_DIR / "docs/api.md").read_text(), re.MULTILINE)
    told = {int(code) for row in rows for code in row.split(",")}
    # The schema has no operation with a method that is not there.
    assert {code for code in promised if code >= 400} | {405} <= told


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


AT_ONCE = """
import threading
import django
django.setup()
from django.test import Client
told = []
def ask():
    told.append(Client().get("/openapi.json").status_code)
threads = [threading.Thread(target=ask) for _one in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(told)
"""


@pytest.mark.one_python
def test_it_is_told_to_all_who_ask_for_it_first_and_at_once():
    asked = subprocess.run([sys.executable, "-c", AT_ONCE], cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert asked.stdout == "[200, 200, 200, 200, 200, 200]\n", asked.stderr


@pytest.mark.one_python
@pytest.mark.untraced
def test_the_schema_is_valid(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


@pytest.mark.parametrize(
    ("operation", "heeded"),
    [
        ("issues_create", True),
        ("products_issues_create", True),
        ("issues_comments_create", True),
        ("products_labels_create", True),
        ("issues_triage", True),
        ("labels_create", False),
        ("products_create", False),
        ("issues_search", False),
    ],
)
def test_what_is_added_to_something_may_speak_of_its_state(schema, operation, heeded):
    found = {one["operationId"]: one for _path, _method, one in operations(schema)}[operation]
    assert ("If-Match" in {one["name"] for one in found.get("parameters", [])}) == heeded
