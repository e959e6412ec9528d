"""A disk without any room left, with the files and SQLite's database on it: writing is refused, reading goes on."""

import sqlite3
import subprocess
from collections import Counter
from contextlib import suppress

import pytest

from tests.lasting.site import ISSUES, POSTGRESQL, Site, within

pytestmark = [pytest.mark.lasting, pytest.mark.skipif(POSTGRESQL, reason="PostgreSQL has a disk of its own")]
SIZE = "48m"
LONG = "word " * 13_000
NO_ROOM = "The disk of the server is full."


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small disk of its own."""
    folder = tmp_path_factory.mktemp("disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=False)
    if done.returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def site(disk, tmp_path_factory):
    """A running Site, whose data are on that disk."""
    site = Site(tmp_path_factory.mktemp("site"), data=disk)
    yield site
    site.end()


def test_what_is_refused_leaves_nothing_and_what_is_acknowledged_stays(site, disk, figures):
    assert create(site, "before").good
    assert attach(site, b"before").good
    fill(disk)
    answers = {f"full {number}": create(site, f"full {number}") for number in range(30)}
    files = [attach(site, b"full" * 250_000) for _time in range(5)]
    refused = [answer for answer in (*answers.values(), *files) if not answer.good]
    assert len(refused) > 10
    assert {answer.status for answer in refused} <= {503, 507}, Counter(answer.status for answer in refused)
    assert NO_ROOM in {answer.json["detail"] for answer in refused}
    assert all(answer.headers["retry-after"] == "5" for answer in refused)
    for path in ("/readyz", ISSUES, f"{ISSUES}1/", "/products/", "/issues/", "/static/css/app.css"):
        assert site.ask("GET", path).status == 200, path

    (disk / "filler").unlink()
    took = within(10, lambda: create(site, "after").good and attach(site, b"after").good)
    titles = Counter(issue["title"] for issue in site.issues())
    acknowledged = {title for title, answer in answers.items() if answer.good}
    assert titles == Counter({"before": 1, "after": titles["after"], **dict.fromkeys(acknowledged, 1)})
    kept = [path for path in (disk / "attachments").rglob("*") if path.is_file()]
    found = {path.relative_to(disk): path.read_bytes()[:6] for path in kept}
    assert sorted(found.values()) == [b"after"] * (len(kept) - 1) + [b"before"], found
    with sqlite3.connect(disk / "issuetracker.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    figures("disk full: writes refused, reads answered", f"{len(refused)}, all")
    figures("disk full: written again after room was made", f"{took:.1f} s")


def create(site, title):
    """Create an issue with a long description; return the Answer."""
    return site.ask("POST", ISSUES, {"title": title, "description": LONG})


def attach(site, content):
    """Attach a file to the first issue; return the Answer."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + content + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return site.ask("POST", f"{ISSUES}1/attachments/", body, **headers)


def fill(disk):
    """Leave no room on it."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
