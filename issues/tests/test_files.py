"""Files by themselves: what they are, what they are called, how pictures are drawn anew, and what stays on disk."""

import io
import os
import time

import pytest
from PIL import Image, ImageSequence

from issues.files import pictures, store
from issues.files.kinds import BEGINNING, is_taken, kind_of
from issues.files.names import clean_name
from issues.files.references import resolve
from issues.services.files import Kept
from issues.tests.samples import bomb, hostile, moving, photograph, picture, saved
from products.markdown import render

KINDS = {
    "drawing.svg": "image/svg+xml",
    "page.html": "text/html",
    "polyglot.gif": "image/gif",
    "trailer.png": "image/png",
    "form.pdf": "application/pdf",
    "sheet.xml": "application/xml",
    "saved.mht": "text/plain",
    "film.swf": "application/x-shockwave-flash",
    "photograph.jpg": "image/jpeg",
    "invoice.pdf.html": "text/html",
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_what_a_file_is_shows_in_how_it_begins(name, kind):
    assert kind_of(hostile()[name][:BEGINNING]) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture("WEBP"), "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", "application/octet-stream"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        ("grüße\n".encode(), "text/plain"),
        ("é".encode() * 3000, "text/plain"),
        (b"\xff\xfe\x00x", "application/octet-stream"),
        (b"text\x00", "application/octet-stream"),
        (b"", "text/plain"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg/>', "image/svg+xml"),
    ],
)
def test_other_kinds(content, kind):
    assert kind_of(content[:BEGINNING]) == kind


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [([], True), (["image/*"], True), (["image/png"], True), (["text/plain"], False), (["imag/*"], False)],
)
def test_which_kinds_are_taken(accepted, taken):
    assert is_taken("image/png", accepted) is taken


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("cart.png", "cart.png"),
        ("C:\\Users\\ana\\cart.png", "cart.png"),
        ("../../etc/passwd", "passwd"),
        ("a\nb\tc.txt", "a b c.txt"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("\u0000", "file"),
        ("  . ", "file"),
        ("..", "file"),
        ("x" * 300 + ".txt", "x" * 196 + ".txt"),
        ("x" * 300, "x" * 200),
        ("<b>.html", "<b>.html"),
    ],
)
def test_names_are_labels(sent, name):
    assert clean_name(sent) == name


@pytest.mark.parametrize(
    ("sent", "name"), [("a.html", "a.html.png"), ("a.PNG", "a.PNG"), ("y" * 200, "y" * 195 + ".png")]
)
def test_a_picture_is_called_a_picture(sent, name):
    assert clean_name(sent, "image/png") == name


def redrawn(content, kind):
    target = io.BytesIO()
    return pictures.redraw(io.BytesIO(content), kind, target), target.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_drawn_anew_without_what_follows_it(form):
    content = picture(form, size=(60, 40))
    size, drawn = redrawn(content + b"<script>alert(1)</script>", f"image/{form.lower()}")
    assert size == (60, 40)
    assert b"script" not in drawn
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == form
        red, blue = (image.convert("RGB").getpixel(place) for place in ((5, 5), (55, 35)))
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


def test_a_photograph_stands_upright_and_says_nothing_of_its_place():
    size, drawn = redrawn(photograph(), "image/jpeg")
    assert size == (40, 60)
    with Image.open(io.BytesIO(drawn)) as image:
        assert not image.getexif()
        assert "comment" not in image.info
    assert b"script" not in drawn


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_mode(mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    size, _drawn = redrawn(saved(Image.new(mode, (9, 5)), form), f"image/{form.lower()}")
    assert size == (9, 5)


def test_of_a_photograph_with_its_depth_the_first_picture_is_kept():
    first, second = (Image.new("RGB", size, "red") for size in ((8, 6), (4, 3)))
    size, drawn = redrawn(saved(first, "MPO", save_all=True, append_images=[second]), "image/jpeg")
    assert size == (8, 6)
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_what_moves_goes_on_moving(form):
    size, drawn = redrawn(moving(form), f"image/{form.lower()}")
    assert size == (6, 4)
    with Image.open(io.BytesIO(drawn)) as image:
        assert len(list(ImageSequence.Iterator(image))) == 3


def test_what_moves_for_too_long_is_no_picture(monkeypatch):
    monkeypatch.setattr(pictures, "PIXELS", 50)
    assert redrawn(moving(), "image/gif") == (None, b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 1), (7_000, 7_000)])
def test_bombs_are_refused(size):
    with pytest.raises(pictures.TooManyPixels):
        redrawn(bomb(*size), "image/png")


@pytest.mark.parametrize("name", ["polyglot.gif", "truncated.png"])
def test_what_is_damaged_is_no_picture(name):
    size, _drawn = redrawn(hostile()[name], kind_of(hostile()[name]))
    assert size is None


@pytest.fixture
def folder(settings, tmp_path):
    """A folder of attachments of the test's own."""
    settings.ATTACHMENTS_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path


def test_a_file_is_written_whole_under_a_name_of_our_own(folder):
    written = store.write([b"one ", b"two"])
    assert store.path_of(written.token).read_bytes() == b"one two"
    assert (len(written.token), written.size) == (32, 7)
    assert store.path_of(written.token).stat().st_mode & 0o777 == 0o600
    assert not list((folder / "incoming").iterdir())
    store.remove([written.token, written.token])
    assert not store.path_of(written.token).exists()


def test_what_breaks_off_leaves_nothing(folder):
    def broken():
        yield b"one"
        raise OSError("the sender has gone")

    with pytest.raises(OSError, match="gone"):
        store.write(broken())
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_old_drafts_are_forgotten(folder):
    for name, age in (("old", 90_000), ("new", 10)):
        (folder / "incoming" / name).write_bytes(b"x")
        os.utime(folder / "incoming" / name, (time.time() - age,) * 2)
    store.forget_drafts(time.time() - 86_400)
    assert [path.name for path in (folder / "incoming").iterdir()] == ["new"]


def test_names_in_a_text_become_addresses():
    shot = Kept("cart (1).png", "0" * 32, "cart.png", "image/png", 1, "d", 2, 3)
    notes = Kept("notes.txt", "1" * 32, "notes.txt", "text/plain", 1, "d", None, None)
    text = "![cart](attachment:cart%20%281%29.png) ![notes](attachment:notes.txt) [x](attachment:other) ![](/a)"
    assert resolve(text, [shot, notes]) == (
        f"![cart](/attachments/{'0' * 32}/) [notes](/attachments/{'1' * 32}/) [x](attachment:other) ![](/a)"
    )


ADDRESS = f"/attachments/{'a' * 32}/"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"![cart]({ADDRESS})", True),
        (f"[![cart]({ADDRESS})](https://example.org)", True),
        (f"* ![]({ADDRESS})", True),
        ("![cart](https://example.org/a.png)", False),
        ("![cart](//example.org/a.png)", False),
        (f"![cart](https://example.org{ADDRESS})", False),
        (f"![cart]({ADDRESS}?x=1)", False),
        (f"![cart]({ADDRESS}../../logout/)", False),
        ("![cart](data:image/png;base64,AAAA)", False),
        (f'<img src="{ADDRESS}">', False),
        (f"`![cart]({ADDRESS})`", False),
    ],
)
def test_texts_show_pictures_of_our_own_alone(text, shown):
    assert ("<img " in render(text)) is shown


def test_the_words_of_a_picture_are_words():
    html = render(f'![a" onerror="alert(1)]({ADDRESS})')
    assert 'alt="a&quot; onerror=&quot;alert(1)"' in html
    assert html.count("<img ") == 1
