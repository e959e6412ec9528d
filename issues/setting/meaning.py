"""What words that set fields mean for one issue and its reader: the changes, and what a form would send for them."""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from issues.choices import Category, Priority, Resolution, Severity, Type
from issues.facts import facts_of
from issues.forms import IssueForm, fields_to_edit
from issues.query.moments import interval, is_point
from issues.setting.parsing import Problem, WordsError, parse, written
from products.access import may_be_asked
from products.models import excludes

SUGGESTED, OFFERED = 3, 8
NONE, ME = ("none", "@none"), ("@me", "me")
TOMORROW = {"tomorrow": "today+1d"}


@dataclass(frozen=True)
class Option:
    """A value by its name; `also` are other names for it, `sent` the pairs that a form sends."""

    name: str
    sent: tuple
    also: tuple = ()


@dataclass(frozen=True)
class Change:
    """One field as it was and as it would be, in words, with the pairs that a form sends for it."""

    field: str
    before: str
    after: str
    sent: tuple

    @property
    def label(self):
        """What the field is called."""
        return str(IssueForm.base_fields[self.field].label)


@dataclass
class Meaning:
    """The Changes that words ask for, and the Problems with them."""

    changes: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def understand(text, issue, user):
    """Return the Meaning of `text` for `issue` as `user` may change it; it holds no name that `user` may not see.

    What the issue has already is left out.
    """
    problems: list = []
    try:
        settings = parse(text)
    except WordsError as error:
        problems, settings = error.problems, error.settings
    reading = Reading(issue, user)
    found = _meaning(settings, reading)
    found.problems += [*(reading.completed(problem) for problem in problems), *reading.exclusions()]
    found.problems.sort(key=lambda problem: problem.word.position)
    found.changes = [change for change in found.changes if change.before != change.after]
    return found


def meaning_of(settings, issue, user):
    """Return the Meaning of `settings` for `issue`, one of many: with what it has already, whatever its labels are."""
    return _meaning(settings, Reading(issue, user, is_one_of_many=True))


def _meaning(settings, reading):
    found = Meaning()
    for setting in settings:
        if setting.field not in reading.editable:
            label = str(IssueForm.base_fields[setting.field].label).lower()
            message = _("You may not set the %(field)s of %(key)s.") % {"field": label, "key": reading.issue.key}
            found.problems.append(Problem(setting.value, message, code="forbidden"))
        elif setting.field == "labels":
            reading.label(setting, found.problems)
        else:
            _set(reading, setting, found)
    found.changes += reading.label_change()
    return found


def _set(reading, setting, found):
    option = reading.chosen(setting.field, setting.value)
    if isinstance(option, Problem):
        found.problems.append(option)
    else:
        found.changes.append(Change(setting.field, present(reading.issue, setting.field), option.name, option.sent))


def present(issue, name):
    """Return what a field of `issue` is set to, in words; its labels are facts of their own."""
    if name in ("priority", "severity", "type"):
        return str(getattr(issue, f"get_{name}_display")())
    if name == "status":
        said = issue.get_resolution_display()
        return f"{issue.status.name}: {said}" if said else issue.status.name
    if name == "due_on":
        return date_format(issue.due_on, "j M Y") if issue.due_on else _("none")
    value = getattr(issue, name)
    return value.name if value else _("nobody") if name == "assignee" else _("none")


class Reading:
    """One issue with what its fields can be set to by one user."""

    def __init__(self, issue, user, *, is_one_of_many=False):
        self.issue, self.user, self.is_one_of_many = issue, user, is_one_of_many
        self.editable = set(fields_to_edit(user, issue))
        self.facts = facts_of(issue, user, options=bool(self.editable))
        self.labels = {label.ident: label.name for label in self.facts.get("label", [])}
        self.had = dict(self.labels)
        # What is added, with the word that says so.
        self.added: dict = {}

    def completed(self, problem):
        """Return `problem`, a missing value with what the value can be."""
        if problem.field not in self.editable:
            return problem
        names = [f" {written(option.name)}" for option in self.options(problem.field)[:OFFERED]]
        return replace(problem, suggestions=tuple(names))

    def options(self, name):
        """Return the Options of a field."""
        if name in ("priority", "severity"):
            ranks = Priority if name == "priority" else Severity
            return [Option(str(rank.label), ((name, rank.name.lower()),)) for rank in reversed(ranks)]
        if name == "type":
            return [Option(str(label), ((name, value),)) for value, label in Type.choices]
        if name == "status":
            return self._statuses()
        if name == "labels":
            return [Option(label.name, ((name, label.ident),)) for label in self.facts.get("offered", [])]
        if name == "assignee":
            return self._people()
        none = Option(_("none"), ((name, ""),), NONE)
        if name == "due_on":
            return [Option(text, ()) for text in ("today", "tomorrow", "+1w")] + [none]
        return [*(Option(part.name, ((name, part.ident),)) for part in self.facts.get(name, [])), none]

    def _statuses(self):
        statuses = self.facts.get("status", [])
        options = [Option(self._outcome(one), (("status", one.t2),), (one.t2, one.name)) for one in statuses]
        closed = next((one for one in statuses if one.t3 == Category.CLOSED), None)
        for value, label in Resolution.choices if closed else ():
            if value != Resolution.DUPLICATE:
                sent = (("status", closed.t2), ("resolution", value))
                options.append(Option(f"{closed.name}: {label}", sent, (value, str(label))))
        return options

    def _outcome(self, status):
        """Return what the issue will be: who closes without saying how has fixed it."""
        # What one is already, the others may not be.
        if status.ident == self.issue.status_id and not self.is_one_of_many:
            return present(self.issue, "status")
        return f"{status.name}: {Resolution.FIXED.label}" if status.t3 == Category.CLOSED else status.name

    def _people(self):
        me = Option(self.user.name, (("assignee", self.user.username),), (*ME, self.user.username))
        members = [
            Option(one.t2 or one.t1, (("assignee", one.t1),), (one.t1, f"@{one.t1}"))
            for one in self.facts.get("person", [])
            if one.t1 != self.user.username
        ]
        return [me, *members, Option(_("nobody"), (("assignee", ""),), NONE)]

    def chosen(self, name, word):
        """Return the Option that `word` names for a field, or the Problem with it."""
        if name == "due_on":
            return self._day(word)
        option = picked(self.options(name), word.text, whole=word.is_chosen)
        if option is None and name == "assignee":
            option = self._other_person(word.text.removeprefix("@"))
        return option or self._unknown(name, word)

    def _other_person(self, username):
        person = User.objects.called(username)
        if person is None or not may_be_asked(person, self.issue.product):
            return None
        return Option(person.name, (("assignee", person.username),))

    def _day(self, word):
        text = TOMORROW.get(word.text.lower(), word.text)
        if text.lower() in NONE:
            return Option(_("none"), (("due_on", ""),))
        if not is_point(text):
            return Problem(word, _("“%(word)s” is no day: 2026-12-24, today, +2w or none.") % {"word": word.text})
        day = interval(text, timezone.localtime())[0].date()
        return Option(date_format(day, "j M Y"), (("due_on", day.isoformat()),))

    def _unknown(self, name, word):
        options = self.options(name)
        label = _("label") if name == "labels" else str(IssueForm.base_fields[name].label).lower()
        message = _("There is no %(field)s “%(word)s”.") % {"field": label, "word": word.text}
        return Problem(word, message, tuple(written(one) for one in _alike(options, word.text)))

    def label(self, setting, problems):
        """Add or take away a label."""
        if setting.removed:
            present = [Option(name, (("labels", ident),)) for ident, name in self.labels.items()]
            option = picked(present, setting.value.text)
            if option is None:
                message = _("%(key)s has no label “%(word)s”.") % {"key": self.issue.key, "word": setting.value.text}
                suggestions = tuple(written(one.name) for one in present[:SUGGESTED])
                problems.append(Problem(setting.value, message, suggestions))
            else:
                del self.labels[option.sent[0][1]]
            return
        option = self.chosen("labels", setting.value)
        if isinstance(option, Problem):
            problems.append(option)
        else:
            self.labels[option.sent[0][1]] = option.name
            self.added[option.sent[0][1]] = setting.value

    def exclusions(self):
        """Return the Problems of added labels that exclude one which is there, each with the way to swap the two."""
        problems = []
        for ident, word in self.added.items():
            name = self.labels.get(ident, "")
            others = [(key, one) for key, one in self.labels.items() if key != ident and excludes(one, name)]
            # Of two that are added the later one is told.
            others = [one for key, one in others if key not in self.added or self.added[key].position < word.position]
            if others:
                message = _("%(one)s and %(other)s exclude one another.") % {"one": name, "other": others[0]}
                swaps = () if others[0] in self._added_names() else (f"{written(name)} -l {written(others[0])}",)
                problems.append(Problem(word, message, swaps))
        return problems

    def _added_names(self):
        return [self.labels.get(ident) for ident in self.added]

    def label_change(self):
        """Return the Change of the labels, all of which are sent, as a list of one or none."""
        if self.labels == self.had:
            return []
        sent = (("with_labels", "1"), *(("labels", ident) for ident in self.labels))
        before, after = (", ".join(sorted(one.values(), key=str.lower)) or _("none") for one in (self.had, self.labels))
        return [Change("labels", before, after, sent)]


def picked(options, text, *, whole=False):
    """Return the one of `options`, or of rows that have a name, that `text` names, or None.

    Unless it has to be the `whole` name, the one that alone begins so is taken, too.
    """
    text = text.lower()
    exact = [option for option in options if text in _names(option)]
    if exact:
        return exact[0]
    if whole or not text:
        return None
    begun = [option for option in options if any(name.startswith(text) for name in _names(option))]
    return begun[0] if len(begun) == 1 else None


def _names(option):
    return [name.lower() for name in (option.name, *getattr(option, "also", ()))]


def _alike(options, text):
    text = text.lower()
    begun = [option.name for option in options if any(name.startswith(text) for name in _names(option))]
    names = {name: option.name for option in options for name in _names(option)}
    close = [names[name] for name in get_close_matches(text, names, SUGGESTED, 0.5)]
    return list(dict.fromkeys([*begun, *close]))[:SUGGESTED]
