"""The archive of a GitHub repository as the IETF keeps it: one object with `labels`, `issues` and `pulls`."""

from issues.importers import words
from issues.importers.source import BLANK, Reader, SourceError, SourceIssue, parsed


def read(file, report):
    """Yield a SourceIssue for each issue of an opened `file`; pull requests are counted."""
    archive = parsed(file.read(), file.name)
    if not isinstance(archive, dict) or not isinstance(archive.get("issues"), list):
        raise SourceError(file.name, 'should be an object with "issues"')
    reader = IetfReader(report, archive)
    report.left_out["pull requests"] += len(reader.pulls)
    for pull in reader.pulls:
        report.left_out["comments on pull requests"] += len(reader.listed(pull.get("comments"), "pulls"))
    for number, held in enumerate(archive["issues"], 1):
        yield reader.issue(reader.object(held, f"issue {number}"), f"issue {number}")


class IetfReader(Reader):
    """Reads one issue after the other."""

    def __init__(self, report, archive):
        super().__init__(report)
        self.product = self.name(self.text(archive.get("repo"), "repo").rpartition("/")[2], "repo")
        self.pulls = [self.object(pull, "pulls") for pull in self.listed(archive.get("pulls"), "pulls")]
        labels = [self.object(label, "labels") for label in self.listed(archive.get("labels"), "labels")]
        self.parts = {
            ("label", self.label(label.get("name"), "labels")): self.facts(label, "labels") for label in labels
        }

    def issue(self, held, place):
        """Return the SourceIssue of one entry. Raises SourceError."""
        if not isinstance(held.get("number"), int):
            raise SourceError(place, '"number" is missing')
        number = self.number(held["number"], place)
        place = f"{place} (#{number})"
        created = self.moment(held.get("createdAt"), place)
        fields = self.fields(held, place)
        labels = fields["labels"]
        issue = SourceIssue(
            place=place,
            ref=str(number),
            number=number,
            product=self.product,
            fields=fields,
            author=self.person(held.get("author"), place),
            created_at=created,
            updated_at=self.moment(held.get("updatedAt"), place),
            comments=self.comments(self._discussion(held, place), created),
            parts={key: facts for key, facts in self.parts.items() if key[1] in labels},
        )
        self.close(issue, self.moment(held.get("closedAt"), place))
        return issue

    def fields(self, held, place):
        """Return the fields of an issue as they stand at the end."""
        status = self.word("state", {"open": words.OPEN, "closed": words.CLOSED}, held.get("state"), words.OPEN)
        assignees = self.listed(held.get("assignees"), place)
        self.report.left_out["assignees beyond an issue's first"] += max(len(assignees) - 1, 0)
        labels = {self.label(label, place) for label in self.listed(held.get("labels"), place)} - {None}
        return {
            **BLANK,
            "title": self.title(held.get("title"), place),
            "description": self.text(held.get("body"), place),
            "status": status,
            "resolution": words.FIXED if status == words.CLOSED else "",
            "assignee": self.person(assignees[0], place) if assignees else None,
            "labels": tuple(sorted(labels)),
        }

    def _discussion(self, held, place):
        for number, comment in enumerate(self.listed(held.get("comments"), place), 1):
            where = f"{place}, comment {number}"
            comment = self.object(comment, where)
            yield where, comment.get("createdAt"), comment.get("author"), comment.get("body"), False
