"""How static files are stored for serving, and when they are collected."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The other documentation page that the API's package carries.
UNUSED = ["redoc"]


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Names that change with the content, also inside the imports of ES modules."""

    support_js_module_import_aggregation = True


def collect_if_changed():
    """Collect the static files, unless the files of the last time are still those."""
    if settings.DEBUG:
        return
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    found = fingerprint()
    if stamp.exists() and stamp.read_text() == found:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED)
    stamp.write_text(found)


def fingerprint():
    """Return a digest of the names and contents of all static files."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            digest.update(f"{name}\n".encode() + Path(storage.path(name)).read_bytes())
    return digest.hexdigest()
