"""A hundred clients at the same moment: nothing is lost, nothing is given twice, nobody meets an error of ours.

On one host, and by turns on two with all that they share.
"""

from collections import Counter

import pytest

from tests.lasting.clients import Client, at_once
from tests.lasting.hosts import Hosts, needs_hosts
from tests.lasting.site import ISSUES, Site, within

pytestmark = pytest.mark.lasting
CLIENTS = 100
ROUNDS = 3
PEOPLE = f"""
from accounts.models import User
from accounts.services import create_token
for number in range({CLIENTS}):
    user = User.objects.create(username=f"p{{number}}", email=f"p{{number}}@example.org")
    token, secret = create_token(user, actor=user, via="web", name="test", scopes=("read", "write"))
    print(secret)
"""


HOSTS = ["one host", pytest.param("two hosts", marks=[pytest.mark.once, needs_hosts])]


@pytest.fixture(scope="module", params=HOSTS)
def where(request):
    """On how many hosts."""
    return request.param


@pytest.fixture(scope="module")
def site(where, tmp_path_factory):
    """A running tracker."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder) if where == "one host" else Hosts(folder, 2, shared=True)
    within(30, lambda: site.ask("POST", ISSUES, {"title": "first"}).good)
    yield site
    site.end()


@pytest.fixture
def tell(where, figures):
    """A function that notes a figure of these races."""
    return lambda name, value: figures(f"{where}, races of {CLIENTS}: {name}", value)


@pytest.fixture
def issue(site):
    """The path of a new issue."""
    return f"{ISSUES}{site.ask('POST', ISSUES, {'title': 'raced for'}).json['number']}/"


@pytest.fixture(scope="module")
def people(site):
    """The tokens of a hundred people."""
    return site.run("shell", "-c", PEOPLE).split()[-CLIENTS:]


def race(site, work, tokens=None):
    """Return the results of `work(place, client)` for a hundred clients that begin together."""

    def one(place):
        with Client(site.port, tokens[place] if tokens else site.token, patience=120) as client:
            return work(place, client)

    return at_once(CLIENTS, one)


def test_numbers_have_no_gaps_and_no_repeats_with_refused_creates_between(site, tell):
    def work(place, client):
        statuses, numbers = [], []
        for turn in range(4):
            if (place + turn) % 3 == 0:
                statuses.append(client.call("POST", ISSUES, {"title": ""}).status)
            answer = client.call("POST", ISSUES, {"title": f"{place}-{turn}"})
            statuses.append(answer.status)
            numbers.append(answer.json["number"])
        return statuses, numbers

    found = race(site, work)
    assert {status for statuses, _numbers in found for status in statuses} == {201, 400}
    numbers = sorted(number for _statuses, some in found for number in some)
    assert numbers == list(range(numbers[0], numbers[0] + 4 * CLIENTS))
    tell("numbers given, gaps, repeats", f"{len(numbers)}, 0, 0")


def test_of_those_who_saw_one_version_one_wins(site, issue, tell):
    for turn in range(ROUNDS):
        tag = site.ask("GET", issue).headers["etag"]
        texts = [f"{turn} by {place}" for place in range(CLIENTS)]
        statuses = race(
            site,
            lambda place, client, tag=tag, texts=texts: (
                client.call("PATCH", issue, {"description": texts[place]}, If_Match=tag).status
            ),
        )
        assert Counter(statuses) == {200: 1, 412: CLIENTS - 1}
        assert site.read(issue)["description"] == texts[statuses.index(200)]
    tell("winners of one version", "1")


def test_no_addition_is_lost(site, issue, tell):
    def work(place, client):
        while True:
            seen = client.call("GET", issue)
            body = {"description": str(int(seen.json["description"] or 0) + 1)}
            status = client.call("PATCH", issue, body, If_Match=seen.headers["etag"]).status
            if status != 412:
                return status

    assert set(race(site, work)) == {200}
    assert site.read(issue)["description"] == str(CLIENTS)
    tell("additions lost", 0)


def test_comments_are_all_counted(site, issue, tell):
    statuses = race(site, lambda place, client: client.call("POST", f"{issue}comments/", {"body": f"{place}"}).status)
    assert set(statuses) == {201}
    assert site.read(issue)["comment_count"] == CLIENTS == len(site.issues(f"{issue}comments/"))
    tell("comments lost or miscounted", 0)


def test_each_person_has_one_vote(site, issue, people, tell):
    def work(place, client):
        return [client.call("POST", f"{issue}votes/", {}).status for _time in range(2)]

    statuses = {status for both in race(site, work, people) for status in both}
    assert statuses <= {200, 201}, statuses
    assert site.read(issue)["votes"] == CLIENTS
    tell("votes lost or doubled", 0)


def test_who_changes_different_fields_wins_as_well(site, tell):
    def work(place, client):
        return client.call("PATCH", paths[place // 2], changes[place % 2]).status

    changes = ({"title": "changed"}, {"description": "changed"})
    paths = [f"{ISSUES}{site.ask('POST', ISSUES, {'title': 'two'}).json['number']}/" for _pair in range(CLIENTS // 2)]
    assert set(race(site, work)) == {200}
    found = [site.read(path) for path in paths]
    assert all(one["title"] == one["description"] == "changed" for one in found)
    tell("changes of different fields lost", 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("products/WEB/labels/", {"name": "bug"}),
        ("labels/", {"name": "everywhere"}),
        ("products/WEB/milestones/", {"name": "1.0"}),
        ("products/", {"key": "NEW", "title": "New"}),
        ("statuses/", {"slug": "held", "name": "Held", "category": "started"}),
    ],
)
def test_a_unique_name_is_taken_once(site, tell, path, body):
    statuses = race(site, lambda _place, client: client.call("POST", f"/api/v1/{path}", body).status)
    assert Counter(statuses) == {201: 1, 400: CLIENTS - 1}
    tell("unique names given twice", 0)


def test_a_key_does_it_once(site, tell):
    answers = race(
        site,
        lambda _place, client: client.call("POST", ISSUES, {"title": "Once"}, Idempotency_Key="once"),
    )
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.json["number"] for answer in answers if answer.status == 201}) == 1
    assert [issue["title"] for issue in site.issues()].count("Once") == 1
    tell("done twice by one Idempotency-Key", 0)
