"""Normalised issues of any tracker, one JSON object a line: see `docs/importing.md`."""

from collections import defaultdict

from issues.importers import words
from issues.importers.source import BLANK, Reader, SourceError, SourceIssue, Step, parsed, shown

# What a history may tell of that has a home here. Who watches is known as of the end alone.
FOLLOWED = frozenset(
    {"title", "status", "resolution", "priority", "severity", "product", "component", "version", "assignee", "type"}
)
READ = FOLLOWED | {
    *("source", "id", "key", "description", "reporter", "duplicate_of", "created_at", "updated_at", "resolved_at"),
    *("history", "comments", "cc", "watchers", "confidential"),
}
# Bugzilla says the one, this tracker the other.
INTERNAL = ("internal", "is_private")
READ_OF_COMMENT = {"at", "who", "text", *INTERNAL}
READ_OF_CHANGE = {"at", "who", "field", "from", "to"}
WATCHING = ("cc", "watchers")


def read(file, report):
    """Yield a SourceIssue for each line of an opened `file`."""
    reader = NdjsonReader(report)
    for place, line in file.lines():
        yield reader.issue(parsed(line, place), place)


class NdjsonReader(Reader):
    """Reads one record after the other."""

    def __init__(self, report):
        super().__init__(report)
        # What `plain` said of (field, value) before, for each table of words: the same few come in most records.
        self._plain_by_words = defaultdict(dict)

    def issue(self, record, place):
        """Return the SourceIssue of one record. Raises SourceError."""
        record = self.object(record, place)
        ref = self._ref(record, place)
        self._count_homeless(record, READ)
        self.words = words.SOURCES.get(str(record.get("source")), words.ANY)
        self._plain = self._plain_by_words[id(self.words)]
        created = self.moment(record.get("created_at"), f"{place}, created_at")
        issue = SourceIssue(
            place=place,
            ref=ref,
            number=self.number(ref, f"{place}, id"),
            product=self.name(record.get("product"), f"{place}, product"),
            fields=self.fields(record, place),
            author=self.person(record.get("reporter"), f"{place}, reporter"),
            created_at=created,
            updated_at=self.moment(record.get("updated_at"), f"{place}, updated_at"),
            duplicate_of=self._original(record, place),
            watchers=self._watchers(record, place),
            comments=self.comments(self._discussion(record, place), created),
        )
        issue.steps = self.steps(record, place, created)
        self._follow_unknown(issue)
        self.close(issue, self.moment(record.get("resolved_at"), f"{place}, resolved_at"))
        return issue

    def _ref(self, record, place):
        """Return the id of a record; where that is a number and there is a key, the number is that of a row."""
        ref = record.get("id")
        if _is_number(ref):
            ref = record.get("key") or ref
        ref = self._string(_written(ref), f"{place}, id")
        if not ref:
            raise SourceError(place, '"id" is missing')
        return ref

    def _original(self, record, place):
        """Return the id of the issue that a record is a duplicate of, or None."""
        return self._string(_written(record.get("duplicate_of")), f"{place}, duplicate_of") or None

    def fields(self, record, place):
        """Return the fields of a record as they stand at the end."""
        resolution = self.plain("resolution", record.get("resolution"), place)["resolution"]
        ended = words.CLOSED if resolution or record.get("resolved_at") else words.OPEN
        title = self.title(record.get("title"), f"{place}, title")
        description = self.text(record.get("description"), f"{place}, description")
        confidential = self.truth(record.get("confidential"), f"{place}, confidential")
        fields = {**BLANK, "title": title, "description": description, "confidential": confidential}
        for name in ("component", "version", "assignee", "priority", "type", "severity"):
            fields |= self.plain(name, record.get(name), place)
        fields["status"] = self.word("status", self.words["status"], record.get("status"), ended)
        closed = fields["status"] == words.CLOSED
        fields["resolution"] = (resolution or words.FIXED) if closed else ""
        self.report.left_out["resolutions of issues that are not closed"] += bool(resolution) and not closed
        return fields

    def plain(self, field, value, place):
        """Return `{field: value}` in our words; Bugzilla's severity "enhancement" is a type with us."""
        if field == "title":
            return {field: self.title(value, f"{place}, {field}")}
        known = self._plain.get((field, value)) if isinstance(value, str) else None
        if known is None:
            known = self._read_plain(field, value, place)
            # Each use of a word that nobody knows is counted.
            if isinstance(value, str) and (field not in self.words or value.lower() in self.words[field]):
                self._plain[field, value] = known
        return known

    def _read_plain(self, field, value, place):
        match field:
            case "assignee":
                return {field: self.person(value, f"{place}, {field}")}
            case "product" | "component" | "version":
                return {field: self.name(value, f"{place}, {field}")}
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
            self._count_homeless(comment, READ_OF_COMMENT, " of comments")
            internal, private = (self.truth(comment.get(name), where) for name in INTERNAL)
            yield where, comment.get("at"), comment.get("who"), comment.get("text"), internal or private

    def steps(self, record, place, created):
        """Return the history of a record: what one person changed at one moment is one Step."""
        grouped = defaultdict(dict)
        for number, change in enumerate(self.listed(record.get("history"), f"{place}, history"), 1):
            where = f"{place}, change {number}"
            change = self.object(change, where)
            self._count_homeless(change, READ_OF_CHANGE, " of changes")
            name, at = change.get("field"), self.moment(change.get("at"), where)
            if not isinstance(name, str):
                name = self._string(name, where)
            nameless = name == "product" and not (change.get("from") and change.get("to"))
            if name not in FOLLOWED or at is None or nameless:
                self._leave_out(name, at)
                continue
            known = grouped[max(at, created or at), self.person(change.get("who"), where)]
            idle = True
            for field, (before, after) in self._both(name, change, where).items():
                known[field] = (known[field][0] if field in known else before, after)
                if before != after:
                    idle = False
            if idle:
                self.report.left_out[f"changes of {name} that mean no change here"] += 1
        return [Step(at, who, changes) for (at, who), changes in grouped.items()]

    def _leave_out(self, name, at):
        """Count a change that cannot be told, and why."""
        reason = "" if name not in FOLLOWED else " without a date" if at is None else " without a name"
        self.report.left_out[f"changes of {shown(name) or 'nothing'}{reason}"] += 1

    def _both(self, name, change, where):
        """Return `{field: (before, after)}` of one change of the field `name`."""
        before = self.plain(name, change.get("from"), where)
        after = self.plain(name, change.get("to"), where)
        if name not in ("severity", "type"):
            return {name: (before[name], after[name])}
        if name == "severity" and "type" in before | after:
            before, after = ({"type": words.BUG, **side} for side in (before, after))
        return {field: (before.get(field, words.BUG), after.get(field, words.BUG)) for field in before | after}

    def _follow_unknown(self, issue):
        """Let a field whose present value the source does not know stay what it became last."""
        unknown = [field for field in ("priority", "severity", "version", "component") if not issue.fields[field]]
        for step in sorted(issue.steps, key=lambda step: step.at):
            issue.fields |= {field: step.changes[field][1] for field in unknown if field in step.changes}

    def _count_homeless(self, record, read, whose=""):
        for key in record.keys() - read:
            if record[key]:
                self.report.left_out[f"values of {shown(key)}{whose}"] += 1

    def _watchers(self, record, place):
        """Return the people who want to hear of an issue, each once."""
        told = [
            self.person(who, f"{place}, {key} {number}")
            for key in WATCHING
            for number, who in enumerate(self.listed(record.get(key), f"{place}, {key}"), 1)
        ]
        return list({name.lower(): name for name in told if name}.values())


def _is_number(ref):
    return isinstance(ref, int) and not isinstance(ref, bool) and ref >= 0


def _written(ref):
    """Return an id as text, which some write as a number."""
    return str(ref) if _is_number(ref) else ref
