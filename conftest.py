"""The same people and the same product in every test, and a last line that names what could not run."""

import fcntl
import gc
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from coverage import Coverage
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django.plugin import blocking_manager_key

from tests import browsers
from tests.cast import Cast, seed_site
from tests.figures import note

# What a machine does besides makes no test fail.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("unhurried"), max_examples=20)
settings.load_profile("unhurried")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Folders of tests that go through the whole site.
WHOLE = {"access", "hostile", "contract", "lasting"}
# The tables that are as the migrations have left them.
LASTING = {"django_migrations", "django_content_type", "auth_permission"}
# Written to by the first process that has migrated, and locked while a database is made.
MIGRATED = Path(os.environ["TEST_DATA_DIR"]) / "migrated"
# The modules that reach all code of ours that PostgreSQL alone runs; the rest of the code is measured on SQLite.
OF_POSTGRESQL = {
    "test_create",
    "test_batch",
    "test_fulltext_engines",
    "test_fulltext_current",
    "test_similar",
    "test_unavailable",
}


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, worker_id):
    """The databases of the tests: the process that comes first migrates one, of which each has a copy of its own.

    The loop that drives a browser gives its thread a second set of connections; the first is out of reach at the end,
    and what it has open is ended before its database is removed.
    """
    creation, named = connection.creation, connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        with MIGRATED.open("a") as migrated:
            fcntl.flock(migrated, fcntl.LOCK_EX)
            once = MIGRATED.stat().st_size > 0
            creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=once)
            migrated.write("once\n")
            # SQLite leaves in a file of its own what it has written last, until nobody is connected.
            connection.close()
            if worker_id != "master":
                creation.clone_test_db(worker_id, verbosity=0)
                connection.settings_dict.update(creation.get_test_db_clone_settings(worker_id))
        if "replica" in connections:
            connections["replica"].creation.set_as_test_mirror(connection.settings_dict)
        # Asked of the database once a process, which no test that counts statements should pay for.
        assert connection.features.supports_json_field
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        creation.destroy_test_db(named, verbosity=0)


def _empty(self):
    """Delete what a test in real transactions has left; Django's own way also makes content types and rights anew."""
    tables = [name for name in connection.introspection.django_table_names() if name not in LASTING]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(filled)
        for (name,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{name}"')


TransactionTestCase._fixture_teardown = _empty


@pytest.fixture(autouse=True)
def _rows_of_a_new_site(request):
    """What every site has from the first, which a test in real transactions sweeps away with all other rows."""
    marker = request.node.get_closest_marker("django_db")
    real = {"transactional_db", "live_server"} & set(request.fixturenames)
    if not (real or marker or "db" in request.fixturenames):
        return
    request.getfixturevalue("transactional_db" if real or (marker and marker.kwargs.get("transaction")) else "db")
    seed_site()


@pytest.fixture(scope="session")
def cast(django_db_setup, django_db_blocker):
    """The people and the product of the tests, once for all."""
    cast = Cast()
    with django_db_blocker.unblock():
        cast.rehearse()
    return cast


@pytest.fixture
def administrator(cast, db):
    """Ada, a superuser."""
    return cast.enter("administrator")


@pytest.fixture
def product(cast, administrator):
    """The public product WEB."""
    return cast.enter("product")


@pytest.fixture
def maintainer(cast, product):
    """Mia, a maintainer of the product."""
    return cast.enter("maintainer")


@pytest.fixture
def triager(cast, product):
    """Tom, a triager of the product."""
    return cast.enter("triager")


@pytest.fixture
def reporter(cast, product):
    """Rosa, a reporter of the product."""
    return cast.enter("reporter")


@pytest.fixture
def viewer(cast, product):
    """Vera, a viewer of the product."""
    return cast.enter("viewer")


@pytest.fixture
def stranger(cast, db):
    """Sam, signed in, who belongs to no product."""
    return cast.enter("stranger")


@pytest.fixture
def api():
    """A function that returns a client of the API for a user, by a token with these scopes; for None, for nobody."""
    from rest_framework.test import APIClient

    from accounts.services import create_token

    def client(user=None, *scopes):
        client = APIClient()
        if user is not None:
            scopes = scopes or ("read", "write", "admin")
            _token, secret = create_token(user, actor=user, via="web", name="test", scopes=scopes)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client


def _browser(config):
    """Return the path of the browser of the tests, with --long rather one that people use, or None."""
    return browsers.find(windows=config.getoption("long"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, pytestconfig):
    """The browser of the machine rather than one that Playwright would download; it asks nobody but us."""
    return {**browser_type_launch_args, "executable_path": _browser(pytestconfig), "args": QUIET}


def pytest_addoption(parser):
    """Take `--cases` and `--part`, and `--long`, with which tests marked `long` do everything instead of a part."""
    parser.addoption("--cases", type=int, default=0, help="run so many cases of each table of them (0: all)")
    parser.addoption("--part", type=int, default=1, help="run each so-many-th of the tests (1: all)")
    parser.addoption("--long", action="store_true", help="what is marked `long` does all that it can, for hours")


def pytest_configure(config):
    """Try few examples where few cases of each table are run."""
    if config.getoption("cases"):
        settings.load_profile("few")


@pytest.fixture(scope="session")
def long(request):
    """Whether there is time for everything."""
    return request.config.getoption("--long")


@pytest.fixture
def figures():
    """A function that notes a figure for docs/reliability.md, by name."""
    return note


def pytest_collection_modifyitems(config, items):
    """Mark what drives a browser, and leave it out by name where there is none; mark what one run is enough of.

    What is marked lasting is for --long alone, and the later cases of a table for runs without --cases.

    Coverage learns little of browsers, since requests and services run in tests without them, too; little of
    PostgreSQL where the tests run on SQLite as well (MEASURED_ON_SQLITE); and with TRACED_CASES little of what goes
    through the whole site, each part of which has tests of its own, and of the cases of a table after so many.
    """
    left_out = {item for item in items if item.get_closest_marker("lasting") and not config.getoption("long")}
    left_out |= _cases_after(config.getoption("cases"), items) | _beside_part(config.getoption("part"), items)
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
    elsewhere = bool(os.environ.get("MEASURED_ON_SQLITE"))
    cases = int(os.environ.get("TRACED_CASES", "0"))
    again = _cases_after(cases, items)
    browser = _browser(config)
    for item in items:
        special = item.path.stem in OF_POSTGRESQL or item.get_closest_marker("traced")
        # What lasts has processes of its own, on the database of the run.
        if not special and not item.get_closest_marker("lasting") and not _asks_the_database(item):
            item.add_marker("once")
        if "e2e" in item.path.parts or item.get_closest_marker("e2e"):
            item.add_marker("e2e")
            if not browser:
                item.add_marker(pytest.mark.skip(reason="browser tests: no Chromium on this machine"))
        whole = cases and WHOLE & set(item.path.parts)
        if not special and (item.get_closest_marker("e2e") or whole or elsewhere or item in again):
            item.add_marker("untraced")


def _cases_after(number, items):
    """Return those of `items` that are a case of a table after its first `number`; none where that is 0."""
    cases = Counter()
    found = set()
    for item in items:
        table = item.nodeid.partition("[")[0]
        cases[table] += 1
        if 0 < number < cases[table]:
            found.add(item)
    return found


def _beside_part(number, items):
    """Return those of `items` that are none of each `number`-th test, all cases of a table being one."""
    tables = dict.fromkeys(item.nodeid.partition("[")[0] for item in items)
    kept = {*list(tables)[::number]}
    return {item for item in items if item.nodeid.partition("[")[0] not in kept}


def _asks_the_database(item):
    """Return whether a test can ask the database at all: pytest refuses it to all others."""
    return bool(
        item.get_closest_marker("django_db") or {"db", "transactional_db", "live_server"} & set(item.fixturenames)
    )


def pytest_collection_finish(session):
    """Trace nothing but tests from here on, and keep what was imported out of every search for garbage."""
    session.config.stopped += _stop_tracing()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Run all but what is marked `untraced` with coverage's tracer, fixtures and all: it slows all of Python down.

    Threads of the test are not traced either, since they take over what holds when they start.
    """
    if item.get_closest_marker("untraced"):
        return (yield)
    for running in reversed(item.config.stopped):
        running.start()
    try:
        return (yield)
    finally:
        item.config.stopped = _stop_tracing()


def pytest_collection(session):
    """Trace nothing but tests from here on where what is imported is traced on SQLite."""
    session.config.stopped = _stop_tracing() if os.environ.get("MEASURED_ON_SQLITE") else []


def _stop_tracing():
    """Stop coverage's tracer. Return what has to be started again, the last one first."""
    stopped = []
    # Of two in one process, as workers have, the one beneath would go on where the other stops.
    while running := Coverage.current():
        running.stop()
        stopped.append(running)
    return stopped


def pytest_terminal_summary(terminalreporter, config):
    """Remember the reasons of all that was skipped."""
    config.not_run = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))


def pytest_unconfigure(config):
    """Say last what did not run, and remove the database that was copied and the folder of the tests."""
    if hasattr(config, "workerinput"):
        return
    for reason, count in getattr(config, "not_run", {}).items():
        print(f"NOT RUN: {count} × {reason.removeprefix('Skipped: ')}")
    if MIGRATED.exists() and config.getoption("numprocesses", None):
        with config.stash[blocking_manager_key].unblock():
            named = connection.settings_dict["NAME"]
            connection.creation.create_test_db(verbosity=0, serialize=False, keepdb=True)
            connection.creation.destroy_test_db(named, verbosity=0)
    shutil.rmtree(Path(os.environ["TEST_DATA_DIR"]), ignore_errors=True)
