"""A body that breaks off is refused, and leaves nothing of its files on the disk, whenever memory is looked through."""

import errno
import gc
import io

import pytest
from django.test import Client

from issues.services import create_issue
from issuetracker.uploads import BoundedUploads, Entire

KIND = "multipart/form-data; boundary=x"
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
BODY = HEAD + 300_000 * b"word" + b"\r\n--x--\r\n"


class CutOff(io.RawIOBase):
    """A body whose sender goes away in the middle of it."""

    def __init__(self):
        self.left = BODY[:500_000]

    def read(self, size=-1):
        """Return what there is; raises OSError after that."""
        if not self.left:
            raise OSError("the connection was reset")
        piece, self.left = self.left[:size], self.left[size:]
        return piece


@pytest.fixture
def incoming(settings, tmp_path):
    """The folder in which files come in, with nobody looking through the memory."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    gc.disable()
    yield tmp_path
    gc.enable()


@pytest.fixture
def full_disk(monkeypatch):
    def write(handler, raw_data, start):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(BoundedUploads, "receive_data_chunk", write)


@pytest.fixture(params=["page", "API"])
def send(request, product, reporter, api):
    """A function that sends the form to either door, and returns the answer."""
    create_issue(product, actor=reporter, via="web", title="Cart empties")
    if request.param == "API":
        path, client = "/api/v1/issues/WEB-1/attachments/", api(reporter)
    else:
        path, client = "/issues/WEB-1/attachments/", Client()
        client.force_login(reporter)
    client.raise_request_exception = False
    return lambda **extra: client.generic("POST", path, BODY, content_type=KIND, **extra)


def is_told(answer, reason="It broke off on its way."):
    """Return whether somebody is told for which reason their request is refused."""
    return (answer.status_code, reason in answer.text) == (400, True)


def test_a_full_disk(incoming, full_disk, send):
    assert send().status_code == 507
    assert not list(incoming.iterdir())


def test_a_connection_that_is_cut_off(incoming, send):
    assert is_told(send(**{"wsgi.input": CutOff()}))
    assert not list(incoming.iterdir())


def test_a_body_that_ends_before_its_length(incoming, send):
    short = Entire(io.BytesIO(BODY[:500_000]))
    assert is_told(send(**{"wsgi.input": short}))
    assert not list(incoming.iterdir())


def test_more_than_a_form_may_send(client, product):
    sent = {"content_type": KIND, "CONTENT_LENGTH": 10**12}
    assert is_told(client.generic("POST", "/issues/WEB-1/attachments/", BODY, **sent), "Too much at once")


def test_a_comment_that_ends_before_its_length_is_not_kept(client, product, reporter):
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    client.force_login(reporter)
    sent = {"content_type": "application/x-www-form-urlencoded", "wsgi.input": Entire(io.BytesIO(b"body=Do+not"))}
    assert is_told(client.generic("POST", "/issues/WEB-1/comments/", b"body=Do+not+delete+it", **sent))
    assert not issue.comments.exists()


def test_json_that_is_cut_off_is_no_fault_of_ours(api, reporter):
    client, body = api(reporter), CutOff()
    client.raise_request_exception = False
    body.left = b""
    sent = {"content_type": "application/json", "wsgi.input": body}
    assert is_told(client.generic("POST", "/api/v1/issues/search/", b"{}", **sent))


def test_what_is_whole_comes_in(incoming, send, tmp_path, settings):
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    settings.ATTACHMENTS_DIR.mkdir()
    assert send().status_code in (201, 302)
    assert [path.name for path in incoming.iterdir()] == ["attachments"]
