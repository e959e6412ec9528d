"""Defences that need HTTPS follow SITE_URL."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

ASKED = """
import json
from django.conf import settings as s
names = "SESSION_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_NAME CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT"
print(json.dumps({name: getattr(s, name) for name in [*names.split(), "SECURE_HSTS_SECONDS"]}))
"""
ON = {
    "SESSION_COOKIE_NAME": "__Host-session",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_NAME": "__Host-csrf",
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31536000,
}
OFF = {
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_NAME": "csrf",
    "CSRF_COOKIE_SECURE": False,
    "SECURE_SSL_REDIRECT": False,
    "SECURE_HSTS_SECONDS": 0,
}


def run(folder, site_url, *command):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    environment = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "issuetracker.settings",
        "DATA_DIR": str(folder),
        "SECRET_KEY": "",
        "SITE_URL": site_url,
        "DATABASE_URL": "",
    }
    return subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("site_url", "expected"), [("https://issues.example.org", ON), ("http://issues.example.org", OFF)]
)
def test_cookies_redirect_and_hsts(tmp_path, site_url, expected):
    assert json.loads(run(tmp_path, site_url, "-c", ASKED).stdout) == expected


def test_djangos_own_check_of_a_deployment_finds_nothing(tmp_path):
    checked = run(tmp_path, "https://issues.example.org", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_djangos_own_check_can_fail(tmp_path):
    checked = run(tmp_path, "http://issues.example.org", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 1
