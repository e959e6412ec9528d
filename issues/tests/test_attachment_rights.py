"""Who gets a file: whoever sees what it is on, and nobody else; by its address, in the API and on pages."""

import pytest
from django.test import Client

from issues.downloads import POLICY
from issues.files import store
from issues.models import Attachment
from issues.services import (
    add_comment,
    attach,
    create_issue,
    detach,
    kept,
    redact,
    trash_comment,
    trash_issue,
    update_issue,
)
from issues.tests.samples import hostile, picture, upload
from products.services import set_member, trash_product, update_product

EVERYBODY = {"anonymous", "stranger", "viewer", "reporter", "triager", "maintainer", "administrator"}
SIGNED_IN = EVERYBODY - {"anonymous"}
MEMBERS = SIGNED_IN - {"stranger"}
TRIAGERS = {"triager", "maintainer", "administrator"}
NOBODY: set = set()
# Where the file is, and what was done since: who still gets it.
PLACES = {
    "on an issue": EVERYBODY,
    "on a comment": EVERYBODY,
    "in an internal product": SIGNED_IN,
    "in a private product": MEMBERS,
    "on a confidential issue": TRIAGERS | {"reporter"},
    "on an internal comment": TRIAGERS,
    "in the trash": NOBODY,
    "on a comment in the trash": NOBODY,
    "on an issue in the trash": NOBODY,
    "in a product in the trash": NOBODY,
    "redacted": NOBODY,
}


@pytest.fixture
def people(administrator, maintainer, triager, reporter, viewer, stranger):
    """Everybody by name; Rosa is the author of the issue."""
    names = ("administrator", "maintainer", "triager", "reporter", "viewer", "stranger")
    rows = (administrator, maintainer, triager, reporter, viewer, stranger)
    return {"anonymous": None, **dict(zip(names, rows, strict=True))}


def get(client, address, **headers):
    """Return the answer, read to its end where it is a file."""
    answer = client.get(address, headers=headers)
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def place(where, product, people):
    """Attach a picture `where` it is said. Return the Attachment."""
    maintainer = people["maintainer"]
    issue = create_issue(product, actor=people["reporter"], via="web", title="Cart empties")
    home = issue
    if "comment" in where:
        home = add_comment(issue, actor=people["triager"], via="web", body="x", internal="internal" in where)
    with kept([upload(picture())], actor=maintainer, action="attach", home=issue) as files:
        (attachment,) = attach(home, actor=maintainer, via="web", files=files)
    match where:
        case "in an internal product" | "in a private product":
            update_product(product, actor=maintainer, via="web", visibility=where.split()[2])
        case "on a confidential issue":
            update_issue(issue, actor=maintainer, via="web", confidential=True)
        case "in the trash":
            detach(attachment, actor=maintainer, via="web")
        case "on a comment in the trash":
            trash_comment(home, actor=maintainer, via="web")
        case "on an issue in the trash":
            trash_issue(issue, actor=maintainer, via="web")
        case "in a product in the trash":
            trash_product(product, actor=maintainer, via="web")
        case "redacted":
            redact(attachment, "file", actor=maintainer, via="web")
    return attachment


@pytest.mark.parametrize("where", PLACES)
def test_the_right_to_a_file_is_that_to_what_it_is_on(where, product, people):
    attachment = place(where, product, people)
    addresses = (
        attachment.get_absolute_url(),
        f"/api/v1/issues/WEB-1/attachments/{attachment.pk}/file/",
        f"/api/v1/products/WEB/issues/1/attachments/{attachment.pk}/file/",
    )
    for address in addresses:
        got = set()
        for name, user in people.items():
            client = Client()
            if user is not None:
                client.force_login(user)
            answer = get(client, address)
            assert answer.status_code in (200, 404), (name, address)
            got |= {name} if answer.status_code == 200 else set()
        assert got == PLACES[where], address


@pytest.mark.parametrize("where", [where for where in PLACES if where != "redacted"])
def test_lists_name_only_what_their_reader_gets(where, product, people):
    attachment = place(where, product, people)
    for name, user in people.items():
        client = Client()
        if user is not None:
            client.force_login(user)
        may = name in PLACES[where]
        for answer in (client.get("/issues/WEB-1/"), client.get("/api/v1/issues/WEB-1/attachments/")):
            told = attachment.token in answer.content.decode()
            assert told == may, (name, answer.request["PATH_INFO"])


def test_who_loses_the_right_gets_nothing_a_request_later(product, people, administrator):
    attachment = place("in a private product", product, people)
    client = Client()
    client.force_login(people["viewer"])
    first = get(client, attachment.get_absolute_url())
    assert first.status_code == 200
    set_member(product, people["viewer"], None, actor=administrator, via="web")
    assert get(client, attachment.get_absolute_url(), **{"If-None-Match": first["ETag"]}).status_code == 404


def test_no_issue_gives_the_file_of_another(product, people, administrator):
    attachment = place("on an issue", product, people)
    create_issue(product, actor=administrator, via="web", title="Other")
    assert Client().get(f"/api/v1/issues/WEB-2/attachments/{attachment.pk}/").status_code == 404
    assert Client().get(f"/api/v1/issues/WEB-2/attachments/{attachment.pk}/file/").status_code == 404


@pytest.mark.parametrize("token", ["0" * 32, "0" * 31, "..%2f" * 6, "x" * 32])
def test_what_nobody_has_attached_is_not_there(db, token):
    assert Client().get(f"/attachments/{token}/").status_code == 404


@pytest.mark.parametrize("name", hostile())
def test_every_file_comes_so_that_none_can_run(name, product, people):
    issue = create_issue(product, actor=people["reporter"], via="web", title="T")
    with kept([upload(hostile()[name], name)], actor=people["reporter"], action="attach", home=issue) as files:
        (attachment,) = attach(issue, actor=people["reporter"], via="web", files=files)
    for address in (attachment.get_absolute_url(), f"/api/v1/issues/WEB-1/attachments/{attachment.pk}/file/"):
        answer = get(Client(), address)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == POLICY
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cache-Control"] == "private, no-cache"
        shown = attachment.is_picture
        assert answer["Content-Type"] == (attachment.media_type if shown else "application/octet-stream")
        assert answer["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert len(answer.body) == attachment.size == int(answer["Content-Length"])
        assert shown or answer.body == hostile()[name]


def test_a_browser_that_has_the_file_is_not_sent_it_again(product, people):
    attachment = place("on an issue", product, people)
    first = get(Client(), attachment.get_absolute_url())
    again = get(Client(), attachment.get_absolute_url(), **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.body, again["Content-Type"]) == (304, b"", "image/png")


def test_a_file_that_is_lost_is_not_there(product, people):
    attachment = place("on an issue", product, people)
    store.remove([attachment.token])
    assert Client().get(attachment.get_absolute_url()).status_code == 404
    assert Attachment.objects.get().pk == attachment.pk
