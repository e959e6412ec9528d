"""Files for the tests: honest pictures, and those that only look like something."""

import io
import struct
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SCRIPT = b"alert(document.domain)"


def upload(content, name="file.bin", content_type="application/octet-stream"):
    """Return a file as a form sends it; `content_type` is what its sender says."""
    return SimpleUploadedFile(name, content, content_type)


def picture(form="PNG", size=(6, 4), **options):
    """Return a picture, red on its left half."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return saved(image, form, **options)


def saved(image, form, **options):
    """Return an image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def moving(form="GIF", frames=3, size=(6, 4)):
    """Return a picture that moves."""
    first, *others = (Image.new("RGB", size, (40 * number, 0, 90)) for number in range(frames))
    return saved(first, form, save_all=True, append_images=others, duration=[80] * frames, loop=0)


def photograph():
    """Return a JPEG that lies on its side, with a place, a remark and a script in what it says of itself."""
    image = Image.new("RGB", (60, 40), "white")
    exif = image.getexif()
    exif[0x0112] = 6
    exif[0x010E] = "<script>alert(1)</script>"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(image, "JPEG", exif=exif, comment=b"<script>alert(2)</script>")


def bomb(width=60_000, height=60_000):
    """Return a small PNG that says it has billions of pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 9999))
        + chunk(b"IEND", b"")
    )


def hostile():
    """Return `{name: content}` of files that would run if a browser let them."""
    html = b"<!doctype html><script>" + SCRIPT + b"</script>"
    return {
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
        "page.html": html,
        "polyglot.gif": b"GIF89a=1;" + SCRIPT + b";/*" + b"\x00" * 40 + b"*/",
        "trailer.png": picture() + html,
        "form.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
        b"trailer<</Root 1 0 R>>",
        "sheet.xml": b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?>'
        b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
        "saved.mht": b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/html\r\n\r\n" + html + b"\r\n--x--",
        "film.swf": b"FWS\x0a" + b"\x00" * 60,
        "module.js": SCRIPT,
        "photograph.jpg": photograph(),
        "truncated.png": picture(size=(400, 400))[:90],
        "invoice.pdf.html": html,
        "style.css": b"body { background: url(javascript:alert(1)) }",
    }
