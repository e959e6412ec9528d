"""GitHub's REST API: an array of `{"type", "issue", "events"}`, the events being the timeline of the issue."""

from issues.importers import words
from issues.importers.source import BLANK, Reader, SourceError, SourceIssue, Step, parsed, shown

# Kinds of timeline events that change nothing that is kept here are counted under their own name.
CHANGING = frozenset(
    {
        "closed",
        "reopened",
        "labeled",
        "unlabeled",
        "renamed",
        "milestoned",
        "demilestoned",
        "assigned",
        "unassigned",
    }
)


def read(file, report):
    """Yield a SourceIssue for each issue of an opened `file`; pull requests are counted."""
    records = parsed(file.read(), file.name)
    if not isinstance(records, list):
        raise SourceError(file.name, "should be an array of objects with issue and events")
    reader = GithubReader(report)
    for number, record in enumerate(records, 1):
        place = f"entry {number}"
        record = reader.object(record, place)
        if "pull_request" in reader.object(record.get("issue"), place):
            report.left_out["pull requests"] += 1
            continue
        yield reader.issue(record, place)


class GithubReader(Reader):
    """Reads one issue with its timeline after the other."""

    def issue(self, record, place):
        """Return the SourceIssue of one entry. Raises SourceError."""
        held = self.object(record.get("issue"), place)
        if not isinstance(held.get("number"), int):
            raise SourceError(place, '"issue" with a "number" is missing')
        number = self.number(held["number"], place)
        place = f"{place} (#{number})"
        created = self.moment(held.get("created_at"), place)
        milestone = self.object(held.get("milestone"), place)
        events = self._events(record, place)
        issue = SourceIssue(
            place=place,
            ref=str(number),
            number=number,
            product=self._repository(held, place),
            fields=self.fields(held, place),
            author=self.login(held.get("user"), place),
            created_at=created,
            updated_at=self.moment(held.get("updated_at"), place),
            comments=self.comments(self._discussion(events), created),
            parts=self.parts(held, events, milestone, place),
        )
        issue.steps = self.steps(issue, events)
        self.close(issue, self.moment(held.get("closed_at"), place), self.login(held.get("closed_by"), place))
        return issue

    def _repository(self, held, place):
        place = f"{place}, repository_url"
        return self.name(self.text(held.get("repository_url"), place).rstrip("/").rpartition("/")[2], place)

    def _events(self, record, place):
        """Return the events of a timeline, each of which says of what kind it is, and where it stands."""
        events = []
        for number, event in enumerate(self.listed(record.get("events"), f"{place}, events"), 1):
            where = f"{place}, event {number}"
            event = self.object(event, where)
            events.append(event | {"event": self._string(event.get("event"), where), "place": where})
        return events

    def login(self, user, place):
        """Return the user name of a user object, or None for somebody who is gone."""
        return self.person(self.object(user, place).get("login"), place)

    def fields(self, held, place):
        """Return the fields of an issue as they stand at the end."""
        status = self.word("state", {"open": words.OPEN, "closed": words.CLOSED}, held.get("state"), words.OPEN)
        reason = self.word("state_reason", words.GITHUB_REASONS, held.get("state_reason"), words.FIXED)
        assignees = self.listed(held.get("assignees"), place)
        self.report.left_out["assignees beyond an issue's first"] += max(len(assignees) - 1, 0)
        labels = {self._label(label, place) for label in self.listed(held.get("labels"), place)} - {None}
        return {
            **BLANK,
            "title": self.title(held.get("title"), place),
            "description": self.text(held.get("body"), place),
            "status": status,
            "resolution": reason if status == words.CLOSED else "",
            "milestone": self.name(self.object(held.get("milestone"), place).get("title"), place),
            "assignee": self.login(assignees[0], place) if assignees else None,
            "labels": tuple(sorted(labels)),
        }

    def _label(self, label, place):
        return self.label(self.object(label, place).get("name"), place)

    def parts(self, held, events, milestone, place):
        """Return the colours of labels, and when milestones are due."""
        # Events tell less of a label than the issue does, which comes last therefore.
        told = [(event["label"], event["place"]) for event in events if event.get("label")]
        told += [(label, place) for label in self.listed(held.get("labels"), place)]
        found = {}
        for label, where in told:
            label = self.object(label, where)
            found.setdefault(("label", self._label(label, where)), {}).update(self.facts(label, where))
        if milestone:
            due = self.moment(milestone.get("due_on"), place)
            facts = {"due_on": due and due.date(), "state": "closed" if milestone.get("state") == "closed" else "open"}
            found["milestone", self.name(milestone.get("title"), place)] = facts
        return found

    def _discussion(self, events):
        for event in events:
            if event["event"] == "commented":
                user = self.object(event.get("actor") or event.get("user"), event["place"])
                yield event["place"], event.get("created_at"), user.get("login"), event.get("body"), False

    def steps(self, issue, events):
        """Return the Steps of a timeline: what stood before each is found by walking it back from the present."""
        told = []
        for event in events:
            kind = event["event"]
            at = self.moment(event.get("created_at"), event["place"])
            if kind in CHANGING and at is not None:
                told.append((max(at, issue.created_at or at), event))
            elif kind != "commented":
                undated = " without a date" if kind in CHANGING else ""
                self.report.left_out[f"timeline events{undated}: {shown(kind) or 'nothing'}"] += 1
        told.sort(key=lambda pair: pair[0])
        closings = [event for _at, event in told if event["event"] == "closed"]
        steps = []
        state = dict(issue.fields)
        for at, event in reversed(told):
            last = bool(closings) and event is closings[-1]
            before, after = self._change(event, state, issue.fields["resolution"] if last else "")
            state |= before
            who = self.login(event.get("actor"), event["place"])
            steps.append(Step(at, who, {field: (before[field], after[field]) for field in after}))
        steps.reverse()
        self._labels_forward(steps)
        idle = sum(all(before == after for before, after in step.changes.values()) for step in steps)
        self.report.left_out["timeline events that change nothing"] += idle
        return steps

    def _change(self, event, state, resolution):
        """Return what one event changed, as `(before, after)`, given the `state` after it."""
        place = event["place"]
        named = {key: self.object(event.get(key), place) for key in ("label", "milestone", "assignee", "rename")}
        match event["event"]:
            case "closed":
                reason = self.word("state_reason", words.GITHUB_REASONS, event.get("state_reason"), words.FIXED)
                after = {"status": words.CLOSED, "resolution": resolution or reason}
                return {"status": words.OPEN, "resolution": ""}, after
            case "reopened":
                closed = {"status": words.CLOSED, "resolution": words.FIXED}
                return closed, {"status": words.OPEN, "resolution": ""}
            case "renamed":
                before, after = (self.title(named["rename"].get(side), place) for side in ("from", "to"))
                return {"title": before}, {"title": after}
            case "milestoned":
                return {"milestone": None}, {"milestone": self.name(named["milestone"].get("title"), place)}
            case "demilestoned":
                return {"milestone": self.name(named["milestone"].get("title"), place)}, {"milestone": None}
            case "assigned":
                return {"assignee": None}, {"assignee": self.login(named["assignee"], place)}
            case "unassigned":
                return {"assignee": self.login(named["assignee"], place)}, {"assignee": None}
        label = {self._label(named["label"], place)} - {None}
        with_it, without = (
            tuple(sorted({*state["labels"], *label})),
            tuple(sorted({*state["labels"]} - label)),
        )
        if event["event"] == "labeled":
            return {"labels": without}, {"labels": with_it}
        return {"labels": with_it}, {"labels": without}

    def _labels_forward(self, steps):
        """Make the labels of the steps chain: a label that was deleted later is missing from the present state."""
        changed = [step for step in steps if "labels" in step.changes]
        present = set(changed[0].changes["labels"][0]) if changed else set()
        for step in changed:
            before, after = (set(side) for side in step.changes["labels"])
            later = (present | (after - before)) - (before - after)
            step.changes["labels"] = tuple(sorted(present)), tuple(sorted(later))
            present = later
