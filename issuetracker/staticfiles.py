"""How static files are stored for serving, and when they are collected."""

import hashlib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The other documentation page that the API's package carries.
UNUSED = ["redoc"]
KEPT = 7 * 24 * 3600
MANIFEST = "staticfiles.json"
# What every page loads, and what all but lists do.
STYLES = ("css/app.css", "css/pages.css")
IMPORT = re.compile(r'(@import url\("([\w-]+\.css)"\) layer\(([\w-]+)\);)')
STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
INDENT = re.compile(r"\s*\n\s*")
# What every page loads, in the order in which it has to run; and the lines by which these modules import one another.
SCRIPTS = ("composing.js", "edited.js", "keys.js", "everywhere.js", "app.js")
# Those of them that hold nothing and import nothing, so that others may import them as well.
SHARED = ("composing.js", "edited.js")
FIRST = "js/app.js"
OWN_IMPORT = re.compile(rf'^import [^;]*"\./({"|".join(map(re.escape, SCRIPTS))})";\n', re.MULTILINE)


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Names that change with the content, also inside the imports of ES modules."""

    support_js_module_import_aggregation = True

    def post_process(self, paths, dry_run=False, **options):
        """Join the style sheet and what every page loads of the scripts, then hash and compress everything."""
        if FIRST in paths and not dry_run:
            for name in STYLES:
                join_styles(Path(self.path(name)))
            join_scripts(Path(self.path(FIRST)))
            # What is hashed is read from where it was found, unless told otherwise.
            paths = {**paths, **{name: (self, name) for name in (*STYLES, FIRST)}}
        yield from super().post_process(paths, dry_run, **options)


def join_styles(sheet):
    """Put the sheets that `sheet` imports into it, in their order and layers: one request instead of many.

    Comments and indents stay behind: a sixth of what comes over the line.
    """
    text = sheet.read_text()
    for statement, name, layer in IMPORT.findall(text):
        text = text.replace(statement, f"@layer {layer} {{\n{(sheet.parent / name).read_text()}}}\n")
    sheet.write_text(INDENT.sub("\n", STYLE_COMMENT.sub("", text)))


def join_scripts(script):
    """Put `SCRIPTS` into the last of them, `script`: one request instead of one after the other.

    No other module may import one of them but `SHARED`: the names of two that import each other would never settle.
    """
    text = "".join(OWN_IMPORT.sub("", (script.parent / name).read_text()) for name in SCRIPTS)
    # A third of what comes over the line.
    script.write_text(SCRIPT_COMMENT.sub("", text))


def collect_if_changed():
    """Collect the static files, unless the files of the last time are still those."""
    if settings.DEBUG:
        return
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".collected"
    found = fingerprint()
    if stamp.exists() and stamp.read_text() == found:
        return
    root.mkdir(parents=True, exist_ok=True)
    # Another instance may serve from there meanwhile, so what is collected is moved to its place when it is whole.
    with TemporaryDirectory(prefix=".", dir=root) as fresh:
        staticfiles_storage.location = fresh
        try:
            call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED)
        finally:
            staticfiles_storage.location = str(root)
        replace(root, Path(fresh))
    stamp.write_text(found)


def replace(root, fresh):
    """Move what is in `fresh` to `root`. What is served no longer stays for a week: open pages still ask for it."""
    manifest = root / MANIFEST
    served = json.loads(manifest.read_text())["paths"].values() if manifest.exists() else ()
    names = _names(fresh)
    for name in _names(root) - names:
        # Another instance may be doing the same.
        with suppress(FileNotFoundError):
            if str(name).removesuffix(".br").removesuffix(".gz") in served:
                os.utime(root / name)
            elif _is_old(root / name):
                (root / name).unlink()
    # The manifest comes last: it names the others, and until then what is left counts as served when this is cut off.
    for name in sorted(names, key=lambda name: name.name == MANIFEST):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).replace(root / name)
    for folder in root.glob(".*"):
        with suppress(FileNotFoundError):
            if folder.is_dir() and _is_old(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_old(path):
    return path.stat().st_mtime < time.time() - KEPT


def _names(folder):
    """Return the names of the files in `folder`, but for what an instance is still collecting there."""
    tops = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return {path.relative_to(folder) for top in tops for path in (top, *top.rglob("*")) if path.is_file()}


def fingerprint():
    """Return a digest of the names and contents of all static files."""
    digest = hashlib.sha256()
    for finder in get_finders():
        # Each file system lists them in its own order, and an image is served from others than it was built on.
        for name, storage in sorted(finder.list([]), key=itemgetter(0)):
            digest.update(f"{name}\n".encode() + Path(storage.path(name)).read_bytes())
    return digest.hexdigest()
