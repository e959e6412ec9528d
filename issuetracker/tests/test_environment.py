"""What the environment may say, and what is refused with the name of the variable."""

import errno
import fnmatch
import os
import re
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from issuetracker import environment
from issuetracker.settings import BASE_DIR

# The image sets where it listens and keeps its files, and compose makes the address of the database.
OF_THE_IMAGE = {"HOST", "PORT", "DATA_DIR", "DEBUG", "DATABASE_URL"}


def env(monkeypatch, **values):
    for name in (
        "PORT",
        "DEBUG",
        "SITE_URL",
        "ALLOWED_HOSTS",
        "DATA_DIR",
        "SECRET_KEY",
        "DATABASE_URL",
        "DATABASE_POOLED",
        "DATABASE_REPLICA_URL",
        "EMAIL_URL",
        "EMAIL_FROM",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return environment.Environment()


def test_without_any_setting_it_is_sqlite_on_localhost(monkeypatch, tmp_path):
    empty = env(monkeypatch)
    assert environment.read_port(empty) == 8002
    assert environment.read_site_url(empty, 8002) == "http://localhost:8002"
    assert environment.read_allowed_hosts(empty, "http://localhost:8002") == ["localhost", "127.0.0.1", "[::1]"]
    assert environment.read_flag(empty, "DEBUG") is False
    database = environment.read_database(empty, tmp_path)
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == str(tmp_path / "issuetracker.sqlite3")
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "sent"), [("", False), ("consolemail://", False), ("smtp+tls://a:b@mail.example.org:587", True)]
)
def test_mail_is_sent_or_written_to_the_log(monkeypatch, url, sent):
    assert environment.is_sent(environment.read_mail(env(monkeypatch, EMAIL_URL=url))) == sent


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        ("", "issues@tracker.example.org"),
        ("it@example.org", "it@example.org"),
        ("Issue tracker <it@example.org>", "Issue tracker <it@example.org>"),
    ],
)
def test_letters_come_from_the_site_unless_it_is_said(monkeypatch, value, sender):
    given = env(monkeypatch, EMAIL_FROM=value)
    assert environment.read_sender(given, "https://tracker.example.org:8443") == sender


def test_the_host_of_the_site_is_answered(monkeypatch):
    given = env(monkeypatch, ALLOWED_HOSTS="a.example.org, b.example.org")
    assert environment.read_allowed_hosts(given, "https://issues.example.org") == [
        "a.example.org",
        "b.example.org",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "issues.example.org",
    ]


def test_a_database_server(monkeypatch, tmp_path):
    url = "postgres://tracker:p%40ss@db.example.org:5433/issues"
    database = environment.read_database(env(monkeypatch, DATABASE_URL=url), tmp_path)
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"]) == (
        "tracker",
        "p@ss",
        "db.example.org",
        5433,
    )
    assert database["CONN_MAX_AGE"] == 600
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is False
    pooled = environment.read_database(env(monkeypatch, DATABASE_URL=url, DATABASE_POOLED="on"), tmp_path)
    assert pooled["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_what_the_address_of_a_server_says_goes_before(monkeypatch, tmp_path):
    url = "postgres://a:b@localhost/issues?options=-c%20search_path%3Dtracker&connect_timeout=10&sslmode=require"
    given = env(monkeypatch, DATABASE_URL=url, DATABASE_REPLICA_URL=url)
    for database in environment.read_databases(given, tmp_path).values():
        assert (database["OPTIONS"]["connect_timeout"], database["OPTIONS"]["sslmode"]) == (10, "require")
        assert database["OPTIONS"]["options"] == f"{environment.PLANNING} -c search_path=tracker"
    plain = environment.read_database(env(monkeypatch, DATABASE_URL=url.partition("?")[0]), tmp_path)
    assert plain["OPTIONS"] == environment.POSTGRESQL["OPTIONS"]
    file = environment.read_database(env(monkeypatch, DATABASE_URL="sqlite:///issues.sqlite3?timeout=1"), tmp_path)
    assert file["OPTIONS"] == environment.SQLITE["OPTIONS"]


READERS = {
    "PORT": lambda given, folder: environment.read_port(given),
    "DEBUG": lambda given, folder: environment.read_flag(given, "DEBUG"),
    "SITE_URL": lambda given, folder: environment.read_site_url(given, 8002),
    "DATABASE_URL": environment.read_database,
    "DATA_DIR": environment.read_data_dir,
    "EMAIL_URL": lambda given, folder: environment.read_mail(given),
    "EMAIL_FROM": lambda given, folder: environment.read_sender(given, "http://localhost"),
    "SESSION_IDLE": lambda given, folder: environment.read_session_idle(given),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "٨٠"),
        ("DEBUG", "maybe"),
        ("SITE_URL", "issues.example.org"),
        ("SITE_URL", "ftp://issues.example.org"),
        ("SITE_URL", "https://issues.example.org/tracker"),
        ("SITE_URL", "https://user@issues.example.org"),
        ("DATABASE_URL", "mysql://root@localhost/issues"),
        ("DATABASE_URL", "issues.sqlite3"),
        ("DATABASE_URL", "postgres://localhost"),
        ("DATABASE_URL", "postgres://localhost:port/issues"),
        ("DATA_DIR", "/dev/null/data"),
        ("EMAIL_URL", "pigeon://loft"),
        ("EMAIL_FROM", "issues"),
        ("EMAIL_FROM", "issues@example.org\nBcc: a@example.org"),
        ("EMAIL_FROM", "a@example.org, b@example.org"),
        ("SESSION_IDLE", "0"),
        ("SESSION_IDLE", "337"),
    ],
)
def test_a_bad_value_is_refused_by_name(monkeypatch, tmp_path, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        READERS[name](env(monkeypatch, **{name: value}), tmp_path)


@pytest.mark.once
@pytest.mark.parametrize("name", ["METRICS_TOKEN", "SITE_URL", "PORT"])
def test_of_a_bad_value_the_command_line_says_what_is_wrong_and_nothing_else(tmp_path, name):
    given = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "issuetracker.settings", name: "abc"}
    command = [sys.executable, "manage.py", "check"]
    brief, whole = (
        subprocess.run([*command, *more], cwd=BASE_DIR, env=given, capture_output=True, text=True, check=False)
        for more in ([], ["--traceback"])
    )
    assert (brief.returncode, brief.stderr.count("\n"), brief.stderr.split()[0]) == (1, 1, name)
    assert (whole.returncode, "Traceback" in whole.stderr) == (1, True)


def test_the_secret_key_is_made_once_and_for_its_owner_alone(monkeypatch, tmp_path):
    empty = env(monkeypatch)
    key = environment.read_secret_key(empty, tmp_path)
    assert len(key) > 50
    assert environment.read_secret_key(empty, tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("value", ["$ecret" + 50 * "x", r"a\$b" + 50 * "x"])
def test_a_value_is_taken_as_it_stands(monkeypatch, tmp_path, value):
    given = env(monkeypatch, SECRET_KEY=value, METRICS_TOKEN="$PORT" + 20 * "x", PORT="8003")
    assert environment.read_secret_key(given, tmp_path) == value
    assert environment.read_token(given, "METRICS_TOKEN") == "$PORT" + 20 * "x"


def test_a_key_that_was_never_read_is_not_put_in_the_place_of_the_one_that_is_kept(monkeypatch, tmp_path):
    (tmp_path / "secret_key").write_text(60 * "k")
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY.*secret_key"):
        environment.read_secret_key(env(monkeypatch, SECRET_KEY="$" + 60 * "x"), tmp_path)


@pytest.mark.parametrize("value", ["$TRACKER_SECRET", "$$TRACKER_SECRET"])
def test_a_key_that_was_read_from_another_variable_is_not_replaced_by_its_name(monkeypatch, tmp_path, value):
    given = env(monkeypatch, SECRET_KEY=value, TRACKER_SECRET=60 * "k")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY names the variable TRACKER_SECRET") as refused:
        environment.read_secret_key(given, tmp_path)
    assert "kkk" not in str(refused.value)


# A volume without hard links says one of these.
NO_LINKS = [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS]


@pytest.mark.parametrize("reason", NO_LINKS)
def test_the_secret_key_is_made_where_there_are_no_hard_links(monkeypatch, tmp_path, reason):
    def refused(*arguments):
        raise OSError(reason, "There are no hard links")

    monkeypatch.setattr(environment.os, "link", refused)
    empty = env(monkeypatch)
    key = environment.read_secret_key(empty, tmp_path)
    assert len(key) > 50 and environment.read_secret_key(empty, tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_link_that_fails_for_another_reason_leaves_no_key(monkeypatch, tmp_path, reason):
    def refused(*arguments):
        raise OSError(reason, "No")

    monkeypatch.setattr(environment.os, "link", refused)
    with pytest.raises(OSError, match="No"):
        environment.read_secret_key(env(monkeypatch), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_could_not_be_written_is_not_left_by_half(monkeypatch, tmp_path):
    def refused(*arguments):
        raise OSError(errno.EPERM, "There are no hard links")

    def full(path, text):
        if path.name == "secret_key":
            written(path, text[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, text)

    written = Path.write_text
    monkeypatch.setattr(environment.os, "link", refused)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        environment.read_secret_key(env(monkeypatch), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_another_process_is_writing_is_waited_for(monkeypatch, tmp_path):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        kept.write_text(60 * "k")

    kept = tmp_path / "secret_key"
    kept.write_text("")
    monkeypatch.setattr(environment.time, "sleep", sleep)
    assert environment.read_secret_key(env(monkeypatch), tmp_path) == 60 * "k"
    assert waits == [0.1]


@pytest.mark.parametrize("reason", [errno.EEXIST, errno.EPERM])
def test_a_secret_key_that_another_process_has_made_meanwhile_is_taken(monkeypatch, tmp_path, reason):
    def other_was_first(draft, path):
        path.write_text(60 * "k")
        raise OSError(reason, "No")

    monkeypatch.setattr(environment.os, "link", other_was_first)
    assert environment.read_secret_key(env(monkeypatch), tmp_path) == 60 * "k"


def test_a_damaged_secret_key_is_refused(monkeypatch, tmp_path):
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="damaged"):
        environment.read_secret_key(env(monkeypatch), tmp_path)


def test_limits_of_files(monkeypatch, tmp_path):
    assert environment.read_count(env(monkeypatch, ATTACHMENT_LIMIT=""), "ATTACHMENT_LIMIT", 25) == 25
    assert environment.read_count(env(monkeypatch, ATTACHMENT_LIMIT="7"), "ATTACHMENT_LIMIT", 25) == 7
    given = env(monkeypatch, ATTACHMENT_TYPES="image/*, text/plain")
    assert environment.read_media_types(given, "ATTACHMENT_TYPES") == ["image/*", "text/plain"]
    kept, incoming = environment.read_attachments_dirs(tmp_path)
    assert (kept.name, incoming.is_dir(), stat.S_IMODE(incoming.stat().st_mode)) == ("attachments", True, 0o700)


@pytest.mark.parametrize(("value", "hours"), [("", 72), ("1", 1), ("336", 336)])
def test_how_long_a_session_may_rest(monkeypatch, value, hours):
    assert environment.read_session_idle(env(monkeypatch, SESSION_IDLE=value)) == timedelta(hours=hours)


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "2000", "２"])
def test_bad_limits_of_files(monkeypatch, value):
    with pytest.raises(ImproperlyConfigured, match="ATTACHMENT_LIMIT"):
        environment.read_count(env(monkeypatch, ATTACHMENT_LIMIT=value), "ATTACHMENT_LIMIT", 25, most=1024)


@pytest.mark.parametrize("value", ["image", "image/", "*/png", "a b/c"])
def test_bad_kinds_of_files(monkeypatch, value):
    with pytest.raises(ImproperlyConfigured, match="ATTACHMENT_TYPES"):
        environment.read_media_types(env(monkeypatch, ATTACHMENT_TYPES=value), "ATTACHMENT_TYPES")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "attachments").write_text("")
    with pytest.raises(ImproperlyConfigured, match="attachments"):
        environment.read_attachments_dirs(tmp_path)


@pytest.mark.parametrize("url", ["", "redis://redis.example.org:6379/0", "rediss://user:secret@redis.example.org"])
def test_the_address_of_a_redis(monkeypatch, url):
    assert environment.read_cache_url(env(monkeypatch, CACHE_URL=url)) == url
    assert environment.caches(url)["shared"]["LOCATION"] == (url or "shared")


@pytest.mark.parametrize("url", ["memcached://a", "redis.example.org:6379", "redis://", "unix:///run/redis"])
def test_what_is_no_address_of_a_redis_is_refused(monkeypatch, url):
    with pytest.raises(ImproperlyConfigured, match="CACHE_URL must look like redis://"):
        environment.read_cache_url(env(monkeypatch, CACHE_URL=url))


def test_the_containers_are_handed_every_setting():
    names = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    text = (BASE_DIR / "docker-compose.yml").read_text()
    assert len(names) > 20
    assert [name for name in names if name not in OF_THE_IMAGE and f"${{{name}:" not in text] == []


@pytest.mark.parametrize("name", [".env", ".env.production", "issues.tar", "issues.tar.age", "data", "copy.sqlite3"])
def test_what_lies_beside_the_code_does_not_come_into_the_image(name):
    assert not in_image(name)


def test_all_of_the_code_comes_into_the_image():
    packages = {path.parent.name for path in BASE_DIR.glob("*/__init__.py")} - {"benchmarks"}
    named = {"manage.py", "gunicorn.conf.py", "conftest.py", "pyproject.toml", "static", "templates", "docs"}
    # The tests run there as well.
    read = {".dockerignore", ".env.example", "Dockerfile", "Makefile", "docker-compose.yml"}
    assert {"issues", "tests"} <= packages
    assert {name for name in packages | named | read if not in_image(name)} == set()


def in_image(name):
    """Return whether .dockerignore lets what has this name at the top into the image: its last word counts."""
    lines = [line for line in (BASE_DIR / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    said = [line for line in lines if fnmatch.fnmatchcase(name, line.removeprefix("!"))]
    return not said or said[-1].startswith("!")


def test_no_container_fills_the_disk_with_its_log():
    services = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]
    kept = {"driver": "json-file", "options": {"max-size": "20m", "max-file": "5"}}
    assert {name: service.get("logging") for name, service in services.items()} == dict.fromkeys(services, kept)


@pytest.mark.parametrize("password", ["letters", "a/b", "a?b#c", "p@ss:w%20rd"])
def test_the_containers_take_any_password_of_the_database(monkeypatch, tmp_path, password):
    services = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]
    said = {"POSTGRES_USER_NAME": "mia", "POSTGRES_USER_PASSWORD": password, "POSTGRES_DB_NAME": "issues"}
    filled = {
        name: re.sub(r"\$\{(POSTGRES_\w+):[^}]*\}", lambda found: said[found[1]], value)
        for name, value in services["web"]["environment"].items()
    }
    database = environment.read_database(env(monkeypatch, DATABASE_URL=filled["DATABASE_URL"]), tmp_path)
    assert (database["USER"], database["HOST"], database["NAME"]) == ("mia", "db", "issues")
    # Its library asks the environment where the address has none.
    assert (database["PASSWORD"] or filled["PGPASSWORD"]) == password
    assert services["worker"]["environment"] == services["web"]["environment"]


def test_the_containers_of_many_hosts_run_as_those_of_one():
    (told,) = re.findall(r"```yaml\n(.*?)```", (BASE_DIR / "docs/scaling.md").read_text(), re.DOTALL)
    own = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]
    image = dict(re.findall(r"\b(HOST|PORT|DATA_DIR)=(\S+)", (BASE_DIR / "Dockerfile").read_text().partition("RUN")[0]))
    services = yaml.safe_load(told)["services"]
    assert set(services) == {"web", "worker"}
    for name, service in services.items():
        assert service["environment"] == image
        assert service["command"] == own[name]["command"]
        assert service.get("healthcheck") == own[name].get("healthcheck")


def test_a_long_migration_keeps_no_container_from_starting():
    worker = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]["worker"]
    assert worker["depends_on"] == {"web": {"condition": "service_started"}}
    assert worker["healthcheck"]["start_period"] == "60s"


def test_a_proxy_on_this_machine_can_be_the_only_way_in():
    web = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]["web"]
    assert web["ports"] == ["${PUBLISH:-8002}:8002"]


# What a tracker beside another one may have from it: how much is allowed, and what is written down.
SHARED = re.compile(
    "ATTACHMENT_|LOG_|POSTGRES_|DATABASE_POOLED|UNSAFE_DATABASE|DEBUG|SESSION_IDLE|API_RATE|EMAIL_FROM|PUBLISH"
)


@pytest.mark.parametrize(("path", "more"), [("Makefile", {"HOST", "PORT"}), ("docs/backup.md", {"SECRET_KEY"})])
def test_beside_another_tracker_nothing_of_its_is_used(path, more):
    text = (BASE_DIR / path).read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^.*\bDATA_DIR=\S+ .*\bDATABASE_URL= .*$", text, re.MULTILINE)
    names = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    own = {name for name in names if not SHARED.match(name)} - more
    assert own - set(re.findall(r"\b([A-Z_]+)=", line)) == set()


@pytest.mark.once
def test_in_the_tests_nothing_of_a_tracker_is_used_but_its_database(tmp_path):
    names = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    wrong = dict.fromkeys({*names} - {"DATABASE_URL", "HOST", "PORT"}, "?")
    command = [sys.executable, "-c", "import issuetracker.settings_test"]
    own = {name: value for name, value in os.environ.items() if name != "TEST_DATA_DIR"}
    env = {**own, **wrong, "TMPDIR": str(tmp_path)}
    said = subprocess.run(command, cwd=BASE_DIR, env=env, stderr=subprocess.PIPE, text=True)
    assert said.stderr == ""


# Restores where nothing is yet, as the real one does, and tells where.
STAND_IN = """#!/bin/sh
echo $2 $DATA_DIR
[ $2 = serve ] || { mkdir -p "$DATA_DIR" && mkdir "$DATA_DIR/restored"; }
"""


def test_a_drill_can_be_repeated_and_leaves_nothing(tmp_path):
    (block,) = re.findall(r"^```\n([^`]*\bDATA_DIR=[^`]*)```", (BASE_DIR / "docs/backup.md").read_text(), re.MULTILINE)
    program = tmp_path / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o700)
    settings = {**os.environ, "TMPDIR": str(tmp_path)}
    for _time in range(2):
        said = subprocess.check_output(["sh", "-c", block], cwd=tmp_path, env=settings, text=True)
        restored, served = (line.split() for line in said.splitlines())
        assert (restored[0], served[0], restored[1]) == ("restore", "serve", served[1])
        assert not Path(served[1]).exists()
