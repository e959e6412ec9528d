"""Requests made from the schema, and what is wrong with their answers."""

import json
from collections.abc import MutableMapping
from functools import cache

import schemathesis.openapi
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    AnalysisConfig,
    ConstantsConfig,
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

# What an answer must be, whatever was asked.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Values that are well, by the name of a field or a parameter: what is made up names nothing that is there.
WELL = {
    "title": ["Cart empties again"],
    "key": ["NEW"],
    "name": ["Fresh"],
    "slug": ["fresh"],
    "status": ["new", "closed"],
    "component": ["Cart", None],
    "milestone": ["2.0", None],
    "version": ["1.4", None],
    "labels": [["area/cart"], []],
    "assignee": ["mia", None],
    "owner": ["mia", None],
    "triage_owner": ["tom", None],
    "default_assignee": ["tom", None],
    "user": ["sam", "rosa"],
    "ask": ["rosa"],
    "duplicate_of": ["WEB-2", None],
    "parent": ["WEB-2", None],
    "product": ["WEB"],
    "issue": ["WEB-2"],
    "field": ["title", "description", "body", "question"],
    "set": [{"priority": "high"}, {"decision": "decline", "resolution": "invalid"}, {"add_labels": ["area/cart"]}],
    "products": [None, {"WEB": "read"}],
    "until": ["2999-01-01T00:00:00Z"],
    "q": ["is:open", "cart", "priority:high OR label:area/cart", "is:open sort:updated-desc"],
    "query": ["is:open"],
    "sort": ["updated-desc", "priority,due-asc"],
    "tz": ["Europe/Vienna"],
    "is": [["open"]],
    "label": [["area/cart"]],
    "author": ["ada"],
    "category": ["triage"],
    "at": ["3"],
    "If-Match": ["*"],
}
SIGNALS = (request_started, request_finished)
# With more parameters than these at once, all that is learnt is that one of them is wrong.
AT_ONCE = 2
HOST = "http://testserver"


class Application:
    """The tracker in this process, on the connection of the test: no request begins or ends one."""

    def __init__(self):
        self.handler = get_wsgi_application()

    def __call__(self, environ, start_response):
        """Answer a request of WSGI, read to its end, so that what it holds open is closed."""
        for signal in SIGNALS:
            signal.disconnect(close_old_connections)
        try:
            answer = self.handler(environ, start_response)
            body = b"".join(answer)
            answer.close()
        finally:
            for signal in SIGNALS:
                signal.connect(close_old_connections)
        return [body]


@cache
def operations(text):
    """Return the operations of the schema whose JSON is `text`, to be asked in this process."""
    # A token comes along with each request, for whom it is made; what is made up does not follow the words of our code.
    generation = GenerationConfig(with_security_parameters=False)
    analysis = AnalysisConfig(constants=ConstantsConfig(enabled=False))
    project = ProjectConfig(generation=generation, analysis=analysis)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_dict(json.loads(text), config=config)
    schema.app = Application()
    return [found.ok() for found in schema.get_all_operations()]


@cache
def _made(operation):
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))


def ask(operation, names, headers, *, number):
    """Ask `operation` with `number` requests made up from the schema. Return `(statuses, faults)`.

    Most requests name what is there (`names` for the path, WELL for all else), so that they get past the door. Each is
    taken back. What is made up depends on the schema alone, so that each run asks the same.
    """
    statuses, faults = [], {}

    @seed(operation.label)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_made(operation), lost=st.integers(0, 3), picks=st.lists(st.integers(0, 7), min_size=4, max_size=4))
    def asked(case, lost, picks):
        _mend(case, names, lost == 3, picks)
        with transaction.atomic():
            answer = case.call(base_url=HOST, headers=headers)
            transaction.set_rollback(True)
        statuses.append(answer.status_code)
        for fault in faults_of(case, answer):
            faults.setdefault(fault, case.as_curl_command())

    asked()
    return statuses, faults


def _mend(case, names, lost, picks):
    """Let the `case` name what is there, unless it is to be lost."""
    case.query = (
        dict(list(case.query.items())[: picks[0] % (AT_ONCE + 1)]) if isinstance(case.query, dict) else case.query
    )
    if lost:
        return
    if case.path_parameters:
        case.path_parameters = {name: names.get(name, value) for name, value in case.path_parameters.items()}
    for place in (case.query, case.body, case.headers):
        if isinstance(place, MutableMapping):
            for count, name in enumerate(sorted(set(place) & set(WELL))):
                place[name] = WELL[name][picks[count % len(picks)] % len(WELL[name])]


def faults_of(case, answer):
    """Return what is wrong with the `answer` to `case`, a line each."""
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return [_line(case, answer, failure) for failure in group.exceptions]
    except Failure as failure:
        return [_line(case, answer, failure)]
    return []


def _line(case, answer, failure):
    return f"{case.operation.label}: {answer.status_code}: {failure.title}: {failure.message[:300]}"
