"""What a file is, by how it begins: what its sender calls it says nothing."""

import codecs

ANYTHING = "application/octet-stream"
# The pictures that are drawn anew and shown. SVG is no picture here, but a document that can hold scripts.
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
BEGINNING = 4096
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"ZWS", "application/x-shockwave-flash"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
)
BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif"}
MARKUP = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
)


def kind_of(beginning):
    """Return the media type of a file by its first `BEGINNING` bytes; `ANYTHING` where these do not tell."""
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    if beginning[4:8] == b"ftyp":
        return BRANDS.get(beginning[8:12], "video/mp4")
    for signature, kind in SIGNATURES:
        if beginning.startswith(signature):
            return kind
    return _kind_of_text(beginning) if _is_text(beginning) else ANYTHING


def _is_text(beginning):
    try:
        # The last character may be cut off.
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in beginning


def _kind_of_text(beginning):
    first = beginning.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for tag, kind in MARKUP:
        if first.startswith(tag):
            is_drawing = kind == "application/xml" and b"<svg" in first
            return "image/svg+xml" if is_drawing else kind
    return "text/plain"


def is_taken(kind, accepted):
    """Return whether files of this `kind` are among the `accepted`, such as `image/*`; where these are none, all."""
    return not accepted or any(kind == one or (one[-2:] == "/*" and kind.startswith(one[:-1])) for one in accepted)
