"""A fault of each kind, switched on, turns its check red: races, full disk, replica that lags, database, restarts."""

import pytest

from issuetracker.tests.test_replica import lagging, sees_own_writes
from tests.lasting import test_database_gone, test_disk_full, test_kills, test_races, test_restarts
from tests.lasting.hosts import Hosts
from tests.lasting.site import ISSUES, POSTGRESQL, Site, within
from tests.lasting.test_disk_full import disk  # noqa: F401

pytestmark = pytest.mark.lasting


def unsaid(name, value):
    """Note no figure of what is meant to fail."""


@pytest.fixture
def careless(tmp_path):
    """A function that runs a tracker which heeds nothing, and returns its Site."""
    sites = []

    def run(**options):
        sites.append(Site(tmp_path, with_settings="tests.lasting.careless", **options))
        within(30, lambda: sites[-1].ask("GET", ISSUES).good)
        return sites[-1]

    yield run
    for site in sites:
        site.end()


def test_a_version_that_nobody_heeds(careless):
    site = careless()
    with pytest.raises(AssertionError):
        test_races.test_of_those_who_saw_one_version_one_wins(site, new_issue(site), unsaid)
    with pytest.raises(AssertionError):
        test_races.test_no_addition_is_lost(site, new_issue(site), unsaid)


def test_a_key_that_nobody_heeds(careless):
    with pytest.raises(AssertionError):
        test_races.test_a_key_does_it_once(careless(), unsaid)


@pytest.mark.skipif(POSTGRESQL, reason="PostgreSQL has a disk of its own")
def test_a_file_that_stays_on_a_full_disk(careless, disk):  # noqa: F811
    site = careless(data=disk)
    with pytest.raises(AssertionError, match="attachments/incoming"):
        test_disk_full.test_what_is_refused_leaves_nothing_and_what_is_acknowledged_stays(site, disk, unsaid)


@pytest.mark.skipif(not POSTGRESQL, reason="of a database server alone")
def test_a_database_that_is_waited_for_too_long(careless):
    site = careless(**test_database_gone.SERVER)
    with pytest.raises(AssertionError):
        test_database_gone.test_everybody_is_told_in_time_and_served_again_afterwards(
            site, unsaid, test_database_gone.hanging
        )


def test_a_request_that_fails(site):
    with pytest.raises(AssertionError):
        test_restarts.test_no_request_fails(site, unsaid, test_kills.all_web_processes)


@pytest.mark.once
def test_a_replica_that_is_believed_whatever_it_lags(tmp_path):
    site = Hosts(tmp_path, with_settings="tests.lasting.careless")
    try:
        within(30, lambda: site.ask("POST", ISSUES, {"title": "first"}).good and site.ask("GET", f"{ISSUES}1/").good)
        with lagging(site), pytest.raises(AssertionError):
            sees_own_writes(site, 3)
    finally:
        site.end()


def new_issue(site):
    """Return the path of a new issue."""
    return f"{ISSUES}{site.ask('POST', ISSUES, {'title': 'raced for'}).json['number']}/"
