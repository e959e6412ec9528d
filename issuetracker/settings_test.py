"""The settings of the tests: an environment of their own, a cheap password hash, plain static file names."""

import os
import tempfile

if "TEST_DATA_DIR" not in os.environ:
    os.environ["TEST_DATA_DIR"] = tempfile.mkdtemp(prefix="issuetracker-tests-")

os.environ.update(
    DATA_DIR=os.environ["TEST_DATA_DIR"],
    SECRET_KEY="only-for-tests-" + 50 * "x",
    SITE_URL="http://localhost:8002",
    ALLOWED_HOSTS="testserver",
    DEBUG="off",
    EMAIL_URL="memorymail://",
)

from issuetracker.settings import *  # noqa: E402, F403
from issuetracker.settings import BASE_DIR, DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = BASE_DIR / "static"
