"""Issues with their past, as records for the door for many."""

import random
from bisect import bisect
from datetime import UTC, datetime, timedelta
from math import log

from issues.models import Category
from issues.services import CommentRecord, EventRecord, IssueRecord
from issues.volume.site import SMALL_LIMIT, SMALL_SHARE
from issues.volume.words import COMMON, COMMON_SHARE, RARE, RARE_ISSUES, Writer

BEGUN = datetime(2021, 1, 1, tzinfo=UTC)
SECONDS = 1750 * 24 * 3600
# Between two things that happen to an issue, on average.
PAUSE = 4 * 24 * 3600

# How far issues come, as shares added up: what is above is closed.
IN_TRIAGE, ACCEPTED, STARTED = 0.05, 0.11, 0.15
SHARE_TRIAGED, SHARE_WORKED_ON, SHARE_REOPENED, SHARE_RELABELLED = 0.7, 0.2, 0.03, 0.2
SHARE_CONFIDENTIAL, SHARE_TWO_PERCENT, SHARE_INTERNAL = 0.01, 0.02, 0.02
TYPES, TYPED_LIKE = ("bug", "feature", "task"), (0.75, 0.9)
RESOLUTIONS = ("fixed", "wont-do", "invalid", "cannot-reproduce", "incomplete", "works-as-designed")
RESOLVED_LIKE = (0.6, 0.72, 0.8, 0.88, 0.95)
COMMENTED_LIKE = (0.6, 0.82, 0.92, 0.97)


class Records:
    """`count` IssueRecords on `site`, oldest first: the same ones for the same seed. The database is not asked."""

    def __init__(self, site, count, seed):
        self.site, self.count = site, count
        self.choose = random.Random(f"{seed} issues")  # noqa: S311 (it decides on stories, not on secrets)
        self.random, self.writer = self.choose.random, Writer(self.choose)
        self.small_every = count // max(1, min(SMALL_LIMIT, int(count * SMALL_SHARE)))
        self.rare = place_rare_words(count)

    def __iter__(self):
        """Yield them."""
        for place in range(self.count):
            yield self._record(place)

    def _record(self, place):
        """Return the one at that place in time."""
        rare = self.rare.get(place, {})
        home = self._home(place, rare)
        at = BEGUN + timedelta(seconds=SECONDS * place // self.count)
        fields = self._fields(rare)
        events = self._life(home, at, fields["labels"])
        return IssueRecord(
            product=home.product,
            fields=fields,
            author=self._author(home),
            created_at=at,
            comments=self._comments(home, at),
            events=events,
        )

    def _home(self, place, rare):
        """Return the product of the issue at that place; rare words go round all of them."""
        for word, turn in rare.items():
            homes = self._homes_of_rare(turn)
            return homes[(turn * len(homes) // RARE_ISSUES + RARE.index(word)) % len(homes)]
        if place % self.small_every == self.small_every // 2:
            return self.site.small
        return self.choose.choices(self.site.homes, cum_weights=self.site.weights)[0]

    def _homes_of_rare(self, turn):
        """Return among which products the issue is, so that each reader finds some of the words."""
        if turn % 10 == 3:
            return [self.site.small]
        return self.site.readers if turn % 10 == 6 else self.site.homes

    def _fields(self, rare):
        """Return how the issue is when it is filed."""
        said = [word for word in COMMON if self.random() < COMMON_SHARE]
        in_title = [word for word, turn in rare.items() if turn % 5 == 0]
        said += [word for word in rare if word not in in_title]
        return {
            "title": self.writer.title(in_title),
            "description": self.writer.text(1 + int(self.random() * 3), said),
            "type": self._of(TYPES, TYPED_LIKE),
            "severity": int(self.random() * 5),
            "confidential": self.random() < SHARE_CONFIDENTIAL,
            "labels": [self.site.two_percent] if self.random() < SHARE_TWO_PERCENT else [],
        }

    def _life(self, home, at, labels):
        """Return the events of an issue filed `at` with these `labels`."""
        steps = self._steps(home)
        if self.random() < SHARE_RELABELLED:
            steps.insert(0, {"labels": [*labels, self.site.labels[int(self.random() ** 2 * len(self.site.labels))]]})
        events = []
        for changes in steps:
            at = self._later(at)
            events.append(EventRecord(at, self._member(home), changes))
        return events

    def _steps(self, home):
        """Return what changes until the issue is where it is now."""
        fate, statuses = self.random(), self.site.statuses
        if fate < IN_TRIAGE:
            return []
        steps = [self._triage(home)] if fate < STARTED or self.random() < SHARE_TRIAGED else []
        if fate >= ACCEPTED and (fate < STARTED or self.random() < SHARE_WORKED_ON):
            steps.append({"status": statuses[Category.STARTED], "assignee": self._member(home)})
        if fate >= STARTED:
            closing = {"status": statuses[Category.CLOSED], "resolution": self._of(RESOLUTIONS, RESOLVED_LIKE)}
            if self.random() < SHARE_REOPENED:
                steps += [closing, {"status": statuses[Category.ACCEPTED], "resolution": ""}]
            steps.append(closing)
        return steps

    def _triage(self, home):
        """Return what a triager sets."""
        changes = {"status": self.site.statuses[Category.ACCEPTED], "priority": int(self.random() * 5)}
        for name, rows, share in (
            ("component", home.components, 0.85),
            ("milestone", home.milestones, 0.3),
            ("version", home.versions, 0.2),
            ("assignee", home.team, 0.6),
        ):
            if self.random() < share:
                changes[name] = rows[int(self.random() ** 2 * len(rows))]
        return changes

    def _comments(self, home, at):
        """Return what is said about an issue filed `at`: nothing, or up to four comments."""
        comments = []
        for _one in range(bisect(COMMENTED_LIKE, self.random())):
            at = self._later(at)
            internal = self.random() < SHARE_INTERNAL
            author = self._member(home) if internal else self._author(home)
            comments.append(CommentRecord(self.writer.text(1 + int(self.random() * 2)), author, at, internal))
        return comments

    def _later(self, at):
        return at + timedelta(seconds=int(-PAUSE * log(1 - self.random())))

    def _of(self, values, shares):
        return values[bisect(shares, self.random())]

    def _member(self, home):
        """Return somebody of the team, the first ones most often."""
        return home.team[int(self.random() ** 2 * len(home.team))]

    def _author(self, home):
        """Return who writes: the team, and where it is open to them, everybody."""
        if home.is_private or self.random() < 0.5:
            return self._member(home)
        return self.choose.choices(self.site.people, cum_weights=self.site.popularity)[0]


def place_rare_words(count):
    """Return `{place: {word: turn}}`: where each of RARE occurs for which time, evenly over `count` places."""
    places: dict = {}
    for index, word in enumerate(RARE):
        for turn in range(RARE_ISSUES):
            place = count * (turn * len(RARE) + index) // (RARE_ISSUES * len(RARE))
            places.setdefault(place, {})[word] = turn
    return places
