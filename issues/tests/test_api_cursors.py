"""What the cursors of lists tell: they are signed, and so can be read."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.signing import Signer
from django.urls import reverse

from accounts.services import create_token
from issues import services
from issues.tests.samples import upload
from issuetracker.api.urls import router
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product

LISTS = [one for one in router.urls if one.name.endswith("-list")]
# Everybody sees all stages of work, and so may count them.
UNTOLD = {"api-status-list": [1]}


@pytest.fixture
def full(product, administrator, maintainer, triager, reporter):
    """Two at least of everything that is listed. Return the names in the paths of the lists."""
    doing = {"actor": administrator, "via": "web"}
    create_product(key="OPS", title="Operations", **doing)
    for name in ("one", "two"):
        for model in (Component, Milestone, Version, Label):
            create_part(model, product=product, name=name, **doing)
        create_part(Label, product=None, name=f"all {name}", **doing)
        services.create_view(name=name, query="cart", **doing)
        create_token(administrator, name=name, scopes=["read"], **doing)
    issue, two, three = (services.create_issue(product, actor=reporter, via="web", title="cart") for _ in range(3))
    for other in (two, three):
        services.relate(issue, kind="blocks", other=other, **doing)
    comment = services.add_comment(issue, body="one", **doing)
    services.add_comment(issue, body="two", actor=triager, via="web")
    for person in (reporter, triager):
        services.vote(issue, actor=person, via="web")
        services.ask(issue, requestee=person, question="Which?", **doing)
    for home in (issue, issue, comment, comment):
        with services.kept([upload(b"log", "a.log")], actor=administrator, home=issue, action="attach") as files:
            services.attach(home, files=files, **doing)
    return {"product_key": "WEB", "number": 1, "issue_key": "WEB-1", "comment_pk": comment.pk}


def pages(client, path):
    """Yield the row and the cursor of each page but the last of a list, in pages of one."""
    page = client.get(path, {"page_size": 1}).json()
    while page["next"]:
        yield page["results"][0], parse_qs(urlsplit(page["next"]).query)["cursor"][0]
        page = client.get(page["next"]).json()


def held(cursor):
    """Return the values that `cursor` holds, which anybody can read."""
    _direction, values = Signer().unsign_object(Signer().sign(cursor.rpartition(":")[0]))
    return [moment(value) for value in values]


def moment(value):
    """Return `value`, a moment where it is written as one."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def told(value):
    """Yield all values within a representation."""
    if isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from told(one)
    else:
        yield moment(value)


def test_a_cursor_holds_nothing_that_its_row_does_not_tell(api, full, administrator):
    client = api(administrator)
    for route in LISTS:
        path = reverse(route.name, kwargs={name: full[name] for name in route.pattern.converters})
        found = [(held(cursor), set(told(row))) for row, cursor in pages(client, path)]
        assert found, path
        for values, row in found:
            untold = [at for at, value in enumerate(values) if value not in row]
            assert untold == UNTOLD.get(route.name, []), path


def test_events_cannot_be_counted_by_who_does_not_see_them(api, product, triager, stranger):
    issue = services.create_issue(product, actor=stranger, via="web", title="one")
    for title in ("two", "three"):
        services.add_comment(issue, actor=triager, via="web", body="hush", internal=True)
        services.update_issue(issue, actor=triager, via="web", title=title)
    client = api(stranger)
    path = "/api/v1/issues/WEB-1/events/"
    events = client.get(path).json()["results"]
    following = list(pages(client, path))
    assert [row for row, _cursor in following] == events[:-1]
    assert [held(cursor) for _row, cursor in following] == [[event["id"]] for event in events[:-1]]
    last = client.get(path, {"page_size": 1, "cursor": following[-1][1]}).json()
    assert (last["results"], client.get(last["previous"]).json()["results"]) == (events[-1:], events[-2:-1])
