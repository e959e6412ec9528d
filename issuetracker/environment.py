"""Reads the environment, and says clearly which value is wrong and why."""

import errno
import ipaddress
import os
import re
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from email.utils import getaddresses
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/(\*|[a-z0-9.+-]+)")
SHORTEST_TOKEN, SHORTEST_KEY = 16, 50
# How often a key that is not written yet is waited for.
WAITS = 5
# What a volume without hard links answers.
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

# The rows of a page refer to a dozen tables by their keys: to weigh every order of joining them takes the planner
# ten times as long as to fetch them, and gains nothing. What is prepared is planned once. To translate a plan into
# machine code, or to start helpers for it, takes longer than to run what is asked here. No disk has to turn first.
PLANNED_AS = {
    "join_collapse_limit": 4,
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "max_parallel_workers_per_gather": 0,
    "random_page_cost": 1.1,
}
PLANNING = " ".join(f"-c {name}={value}" for name, value in PLANNED_AS.items())
# Health checks stay off because DatabaseGuard sees a dead connection without a round trip.
POSTGRESQL = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": False, "OPTIONS": {"connect_timeout": 3, "options": PLANNING}}

# IMMEDIATE takes the write lock when a transaction begins: readers that turn writers otherwise fail at once.
# FULL keeps the last commits at a power loss, which WAL with NORMAL may lose.
SQLITE = {
    "CONN_MAX_AGE": 600,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}

ENGINES = {"sqlite": SQLITE, "postgres": POSTGRESQL, "postgresql": POSTGRESQL}


class Environment:
    """The variables of the environment, as they stand: that of django-environ takes `$NAME` for another variable."""

    def str(self, name, default):
        """Return the variable `name`, or `default` where it is not set."""
        return os.environ.get(name, default)


def read_port(env):
    """Return PORT as a number from 1 to 65535. Raises ImproperlyConfigured."""
    return read_count(env, "PORT", 8002, most=65535)


def read_flag(env, name, *, default="off"):
    """Return the variable `name` as a boolean. Raises ImproperlyConfigured."""
    value = env.str(name, default="").strip().lower() or default
    if value in ("on", "true", "yes", "1"):
        return True
    if value in ("off", "false", "no", "0"):
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")


def read_choice(env, name, choices):
    """Return the variable `name`, one of `choices`, the first by default. Raises ImproperlyConfigured."""
    value = env.str(name, default="").strip().lower() or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


def read_site_url(env, port):
    """Return SITE_URL without a slash at its end. Raises ImproperlyConfigured unless it is a plain http(s) origin."""
    value = env.str("SITE_URL", default="") or f"http://localhost:{port}"
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(f"SITE_URL must look like https://issues.example.org, not {value!r}.")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(f"SITE_URL must be an origin, without a path or anything after it, not {value!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def read_allowed_hosts(env, site_url):
    """Return the host names that are answered: those of ALLOWED_HOSTS, this machine, and the host of SITE_URL."""
    host = urlsplit(site_url).hostname
    own = f"[{host}]" if ":" in host else host
    given = [name.strip() for name in env.str("ALLOWED_HOSTS", default="").split(",") if name.strip()]
    return list(dict.fromkeys([*given, *LOOPBACK, own]))


def read_data_dir(env, root):
    """Return DATA_DIR as a path, made if need be. Raises ImproperlyConfigured where it cannot be written."""
    folder = root / (env.str("DATA_DIR", default="") or "data")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR {folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR {folder} cannot be written by this user.")
    return folder


def read_attachments_dirs(data_dir):
    """Return the folder of attached files in `data_dir` and that of what is still coming in, made if need be."""
    kept = data_dir / "attachments"
    incoming = kept / "incoming"
    try:
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{incoming} cannot be made: {error.strerror}.") from error
    return kept, incoming


def read_count(env, name, default, most=1_000_000_000, least=1):
    """Return the variable `name` as a whole number from `least` to `most`. Raises ImproperlyConfigured."""
    value = env.str(name, default="") or str(default)
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def read_session_idle(env):
    """Return after how long without a request a session is over; two weeks after signing in it is over anyway."""
    return timedelta(hours=read_count(env, "SESSION_IDLE", 72, most=14 * 24))


def read_media_types(env, name):
    """Return the variable `name`, media types such as image/* with commas between. Raises ImproperlyConfigured."""
    types = [one.strip().lower() for one in env.str(name, default="").split(",") if one.strip()]
    for one in types:
        if not MEDIA_TYPE.fullmatch(one):
            raise ImproperlyConfigured(f"{name} must name media types such as image/* or text/plain, not {one!r}.")
    return types


def read_token(env, name):
    """Return the variable `name`, a secret; empty where there is none. Raises ImproperlyConfigured if it is short."""
    value = env.str(name, default="").strip()
    if value and len(value) < SHORTEST_TOKEN:
        raise ImproperlyConfigured(f"{name} must be {SHORTEST_TOKEN} characters or longer.")
    return value


def read_networks(env, name):
    """Return the variable `name` as networks: addresses or 10.0.0.0/8, with commas between.

    Raises ImproperlyConfigured.
    """
    try:
        return [ipaddress.ip_network(one.strip()) for one in env.str(name, default="").split(",") if one.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be addresses or networks such as 10.0.0.0/8: {error}.") from error


def read_secret_key(env, data_dir):
    """Return SECRET_KEY, or the one kept in `data_dir`, which is made on the first start.

    Raises ImproperlyConfigured.
    """
    value, kept = env.str("SECRET_KEY", default=""), data_dir / "secret_key"
    # Before, what begins with $ was taken for the name of a variable. Another key would make all second steps useless.
    if value.startswith("$") and value.lstrip("$") in os.environ:
        raise ImproperlyConfigured(
            f"SECRET_KEY names the variable {value.lstrip('$')}, which is looked up no more: write its value there."
        )
    if value.startswith("$") and kept.exists():
        raise ImproperlyConfigured(
            f"SECRET_KEY begins with $ and was not read before: {kept} has been the key. Keep it by leaving SECRET_KEY"
            " out; or remove that file, and everybody signs in and sets up their second step anew."
        )
    return value or _kept_secret(kept)


def _kept_secret(path):
    # Written beside and linked into place, so that two processes that start at once agree on one key.
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        try:
            draft.write_text(secrets.token_urlsafe(64))
            with suppress(FileExistsError):
                _place(draft, path)
        finally:
            draft.unlink()
    value = _written(path)
    if len(value) < SHORTEST_KEY:
        raise ImproperlyConfigured(f"{path} is damaged. Restore it, or remove it to sign everybody out.")
    return value


def _place(draft, path):
    """Let `path` have what is in `draft`. Raises FileExistsError where there is something already."""
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        path.touch(mode=0o600, exist_ok=False)
        try:
            path.write_text(draft.read_text())
        except OSError:
            path.unlink()
            raise


def _written(path):
    """Return what is in `path`: without hard links another process may have made it, and be about to write."""
    for _try in range(WAITS):
        if path.stat().st_size:
            break
        time.sleep(0.1)
    return path.read_text().strip()


def read_database(env, data_dir):
    """Return Django's settings of the database that DATABASE_URL names, SQLite in `data_dir` by default.

    Raises ImproperlyConfigured unless it is SQLite or PostgreSQL.
    """
    url = env.str("DATABASE_URL", default="") or f"sqlite:///{data_dir / 'issuetracker.sqlite3'}"
    return _database_of(url, "DATABASE_URL", env)


def read_databases(env, data_dir):
    """Return Django's settings of all databases: `default`, and `replica` where DATABASE_REPLICA_URL names one.

    Raises ImproperlyConfigured unless both are PostgreSQL then.
    """
    databases = {"default": read_database(env, data_dir)}
    url = env.str("DATABASE_REPLICA_URL", default="")
    if url:
        databases["replica"] = {**_database_of(url, "DATABASE_REPLICA_URL", env), "TEST": {"MIRROR": "default"}}
        if any(not one["ENGINE"].endswith("postgresql") for one in databases.values()):
            raise ImproperlyConfigured("DATABASE_REPLICA_URL and DATABASE_URL must begin with postgres:// both.")
    return databases


def _database_of(url, name, env):
    scheme = url.partition("://")[0]
    if scheme not in ENGINES:
        raise ImproperlyConfigured(f"{name} must begin with postgres:// or sqlite:///.")
    try:
        config = environ.Env.db_url_config(url)
    except (ValueError, AttributeError) as error:
        raise ImproperlyConfigured(f"{name} cannot be read as an address.") from error
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name} must name a database after the last slash.")
    settings = {**config, **ENGINES[scheme], "OPTIONS": _options(scheme, config.get("OPTIONS", {}))}
    # Between transactions another server may answer, which knows nothing of what was prepared in this one.
    return settings | {"DISABLE_SERVER_SIDE_CURSORS": read_flag(env, "DATABASE_POOLED")}


def _options(scheme, given):
    ours = ENGINES[scheme]["OPTIONS"]
    if scheme == "sqlite":
        # What is confirmed hangs on ours.
        return {**given, **ours}
    # Of two values for one parameter of the server the later one counts.
    return {**ours, **given, "options": " ".join([ours["options"], given.get("options", "")]).strip()}


def read_cache_url(env):
    """Return CACHE_URL, the address of a Redis, or nothing. Raises ImproperlyConfigured."""
    value = env.str("CACHE_URL", default="")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("redis", "rediss") or not parts.hostname):
        raise ImproperlyConfigured("CACHE_URL must look like redis://redis.example.org:6379/0.")
    return value


def caches(url):
    """Return Django's settings of the caches: `default` is that of each process, `shared` the Redis of `url`, if any.

    Libraries keep the keys of providers in `default`: whoever reaches Redis should not change those.
    """
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    redis = {"BACKEND": "issuetracker.shared.SharedCache", "LOCATION": url, "KEY_PREFIX": "tracker"}
    return {"default": local, "shared": redis if url else {**local, "LOCATION": "shared"}}


def is_sent(mail):
    """Return whether these settings of mail reach anybody, rather than the log."""
    return not mail["EMAIL_BACKEND"].endswith((".console.EmailBackend", ".dummy.EmailBackend"))


def read_mail(env):
    """Return Django's settings of EMAIL_URL (mail is printed by default). Raises ImproperlyConfigured."""
    try:
        return environ.Env.email_url_config(env.str("EMAIL_URL", default="") or "consolemail://")
    except (ImproperlyConfigured, KeyError, ValueError) as error:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@mail.example.org:587.") from error


def read_sender(env, site_url):
    """Return EMAIL_FROM, from whom letters come; by default `issues` at the host of the site.

    Raises ImproperlyConfigured unless it is one address, with or without a name.
    """
    value = env.str("EMAIL_FROM", default="").strip()
    if not value:
        return f"issues@{urlsplit(site_url).hostname}"
    found = getaddresses([value])
    try:
        validate_email(found[0][1] if len(found) == 1 and value.isprintable() else "")
    except ValidationError as error:
        example = "issues@example.org or Issue tracker <issues@example.org>"
        raise ImproperlyConfigured(f"EMAIL_FROM must look like {example}, not {value!r}.") from error
    return value
