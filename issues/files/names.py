"""The names of files: labels for people, never a place on disk."""

import re
import unicodedata

from issues.files.kinds import SUFFIXES

LENGTH = 200
UNNAMED = "file"
# Controls and what cannot be seen, as the marks that turn the direction of "gpj.exe".
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
BLANKS = re.compile(r"\s+")


def clean_name(name, kind=""):
    """Return what a file is called: one line that shows what it says, at most 200 characters long.

    A picture of the media type `kind` ends as such a picture does.
    """
    name = unicodedata.normalize("NFC", BLANKS.sub(" ", name)).replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if unicodedata.category(character) not in UNSEEN)
    name = _shortened(name.strip(" .") or UNNAMED)
    suffixes = SUFFIXES.get(kind)
    return name if not suffixes or name.lower().endswith(suffixes) else f"{name[: LENGTH - 5]}{suffixes[0]}"


def _shortened(name):
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= LENGTH or not stem or len(suffix) > 10:
        return name[:LENGTH]
    return f"{stem[: LENGTH - len(dot + suffix)]}.{suffix}"
