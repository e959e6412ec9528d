"""Normalised issues of any tracker, one JSON object a line: see `docs/importing.md`."""

from collections import defaultdict

from issues.importers import words
from issues.importers.source import BLANK, Reader, SourceError, SourceIssue, Step, parsed

# What a history may tell of that has a home here. Watching comes with watches, the others have none.
FOLLOWED = frozenset(
    {"title", "status", "resolution", "priority", "severity", "product", "component", "version", "assignee", "type"}
)
HOMELESS = {"os": "values of os", "story_points": "values of story_points", "fix_versions": "values of fix_versions"}
WATCHING = {"cc": "people to watch (cc), until issues can be watched", "watchers": "watchers, until there are any"}


def read(file, report, product=None):
    """Yield a SourceIssue for each line of an opened `file`, all of them in `product` where that is given."""
    reader = NdjsonReader(report, product)
    for place, line in file.lines():
        yield reader.issue(parsed(line, place), place)


class NdjsonReader(Reader):
    """Reads one record after the other."""

    def __init__(self, report, product=None):
        super().__init__(report)
        self.product = product

    def issue(self, record, place):
        """Return the SourceIssue of one record. Raises SourceError."""
        record = self.object(record, place)
        for key in ("id", "product"):
            if not isinstance(record.get(key), str) or not record[key].strip():
                raise SourceError(place, f'"{key}" is missing')
        self._count_homeless(record, place)
        self.words = words.SOURCES.get(str(record.get("source")), words.ANY)
        created = self.moment(record.get("created_at"), f"{place}, created_at")
        issue = SourceIssue(
            place=place,
            ref=record["id"],
            number=self.number(record["id"], f"{place}, id"),
            product=self.name(record["product"], f"{place}, product"),
            fields=self.fields(record, place),
            author=self.person(record.get("reporter"), f"{place}, reporter"),
            created_at=created,
            updated_at=self.moment(record.get("updated_at"), f"{place}, updated_at"),
            duplicate_of=record.get("duplicate_of"),
            comments=self.comments(self._discussion(record, place), created),
        )
        issue.steps = self.steps(record, place, created)
        self._follow_unknown(issue)
        if not any("status" in step.changes for step in issue.steps):
            self.close(issue, self.moment(record.get("resolved_at"), f"{place}, resolved_at"))
        return issue

    def fields(self, record, place):
        """Return the fields of a record as they stand at the end."""
        resolution = self.plain("resolution", record.get("resolution"), place)["resolution"]
        status = record.get("status")
        if status is None and resolution:
            status = "closed"
        title = self.title(record.get("title"), f"{place}, title")
        description = self.text(record.get("description"), f"{place}, description")
        fields = {**BLANK, "title": title, "description": description}
        for name in ("component", "version", "assignee", "priority", "type", "severity"):
            fields |= self.plain(name, record.get(name), place)
        fields |= self.plain("status", status, place)
        fields["resolution"] = (resolution or words.FIXED) if fields["status"] == words.CLOSED else ""
        return fields

    def plain(self, field, value, place):
        """Return `{field: value}` in our words; Bugzilla's severity "enhancement" is a type with us."""
        place = f"{place}, {field}"
        match field:
            case "title":
                return {field: self.title(value, place)}
            case "assignee":
                return {field: self.person(value, place)}
            case "product" | "component" | "version":
                return {field: self.name(value, place)}
            case "severity" if str(value).lower() == "enhancement":
                return {"severity": 0, "type": words.FEATURE}
            case "status":
                return {field: self.word(field, self.words[field], value, words.OPEN)}
            case "type":
                return {field: self.word(field, self.words[field], value, words.BUG)} if value else {}
            case "resolution":
                return {field: self.word(field, self.words[field], value, "")}
        return {field: self.word(field, self.words[field], value, 0)}

    def _discussion(self, record, place):
        for number, comment in enumerate(self.listed(record.get("comments"), f"{place}, comments"), 1):
            where = f"{place}, comment {number}"
            comment = self.object(comment, where)
            yield where, comment.get("at"), comment.get("who"), comment.get("text")

    def steps(self, record, place, created):
        """Return the history of a record: what one person changed at one moment is one Step."""
        grouped = defaultdict(dict)
        for number, change in enumerate(self.listed(record.get("history"), f"{place}, history"), 1):
            where = f"{place}, change {number}"
            change = self.object(change, where)
            if change.get("field") not in FOLLOWED or change.get("at") is None:
                self._leave_out(change)
                continue
            at = self.moment(change["at"], where)
            known = grouped[max(at, created or at), self.person(change.get("who"), where)]
            for field, (before, after) in self._both(change, where).items():
                known[field] = (known[field][0] if field in known else before, after)
        return [Step(at, who, changes) for (at, who), changes in grouped.items()]

    def _both(self, change, where):
        """Return `{field: (before, after)}` of one change."""
        before = self.plain(change["field"], change.get("from"), where)
        after = self.plain(change["field"], change.get("to"), where)
        if change["field"] == "severity" and "type" in before | after:
            before, after = ({"type": words.BUG, **side} for side in (before, after))
        return {field: (before.get(field, words.BUG), after.get(field, words.BUG)) for field in before | after}

    def _follow_unknown(self, issue):
        """Let a field whose present value the source does not know stay what it became last."""
        unknown = [field for field in ("priority", "severity", "version", "component") if not issue.fields[field]]
        for step in sorted(issue.steps, key=lambda step: step.at):
            issue.fields |= {field: step.changes[field][1] for field in unknown if field in step.changes}

    def _leave_out(self, change):
        name = str(change.get("field"))[:40]
        self.report.left_out[f"changes of {name}" + (", until issues can be watched" if name == "cc" else "")] += 1

    def _count_homeless(self, record, place):
        for key, reason in HOMELESS.items():
            self.report.left_out[reason] += bool(record.get(key))
        for key, reason in WATCHING.items():
            self.report.left_out[reason] += len(self.listed(record.get(key), f"{place}, {key}"))
