"""The settings of the tests: an environment of their own, a cheap password hash, plain static file names."""

import json
import os
import re
import tempfile
from pathlib import Path

if "TEST_DATA_DIR" not in os.environ:
    os.environ["TEST_DATA_DIR"] = tempfile.mkdtemp(prefix="issuetracker-tests-")
    # What is set for a tracker, in its containers or in .env, is nothing to its tests, but for the database server.
    # What a test sets for a tracker that it starts is.
    os.environ.update(
        (name, "")
        for name in re.findall(r"(?m)^#?([A-Z_]+)=", Path(__file__).parents[1].joinpath(".env.example").read_text())
        if name not in ("DATABASE_URL", "HOST", "PORT")
    )

os.environ.update(
    DATA_DIR=os.environ["TEST_DATA_DIR"],
    SECRET_KEY="only-for-tests-" + 50 * "x",
    SITE_URL="http://localhost:8002",
    ALLOWED_HOSTS="testserver",
    DEBUG="off",
    EMAIL_URL="memorymail://",
    EMAIL_FROM="",
    API_RATE="0",
    DATABASE_REPLICA_URL=os.environ.get("TEST_REPLICA_URL", ""),
    CACHE_URL=os.environ.get("TEST_CACHE_URL", ""),
    SIGNUP="closed",
    LOCAL_LOGIN="on",
    OIDC_PROVIDERS=json.dumps(
        [
            {
                "name": "corp",
                "title": "Example Corp",
                "issuer": "https://id.example.org",
                "client_id": "tracker",
                "secret": "only-for-tests",
                "groups": {"web": {"WEB": "triager"}, "leads": {"WEB": "maintainer"}, "root": "administrator"},
            }
        ]
    ),
    # Playwright runs an event loop in the thread of the tests.
    DJANGO_ALLOW_ASYNC_UNSAFE="true",
)

from issuetracker.settings import *  # noqa: F403
from issuetracker.settings import DATA_DIR, DATABASES, STORAGES

# What needs mail switches it on.
MAIL = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
# Files are looked for when they are asked for, instead of all of them by every client of every test.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = DATA_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, since threads cannot wait for one another on a database in memory; nothing in it outlives the run.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "tests.sqlite3"}
