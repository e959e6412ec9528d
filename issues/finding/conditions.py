"""From the tree of a query to the condition on issues that it means, for one reader at one moment."""

from datetime import timedelta

from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.utils.translation import gettext as _

from history.log import name_key
from history.models import Change, Event
from issues import fulltext
from issues.choices import RANKS, Resolution
from issues.finding import queue
from issues.finding.names import CATEGORY, ISSUE, PERSON, WORD_ANYWHERE, kind_of
from issues.models import Comment, Issue, IssueLabel, NeedInfo, Relation
from issues.query import moments
from issues.query.completing import as_value
from issues.query.errors import Problem
from issues.query.fields import CHANGEABLE, FIELDS, KEPT, WAITING, Kind
from issues.query.terms import nothing_to_search
from issues.query.tokens import quoted
from issues.query.tree import Range, Ref, Special, Term, Text
from issues.related import relations_shown
from issues.watchers import watched_by
from products import access

NOTHING = Q(pk__in=[])
LOOKUPS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
TRUTHS = {"true": True, "false": False}
EVERYWHERE = None
# In so many documents a word is still rare: their issues are sorted at once.
RARE = 5000
ALL = 2**31 - 1


class Conditions:
    """Turns nodes into Qs on Issue. `names` are looked up before; `now` is an aware datetime in the reader's zone.

    What cannot be is added to `problems` and left out.
    """

    def __init__(self, names, user, now, where=None):
        self.names, self.user, self.now = names, user, now
        self.columns = (where,) if where else EVERYWHERE
        self.problems = []
        # What ranking and highlighting look for: the needles of all texts that are wanted.
        self.needles = []

    def of(self, node):
        """Return the Q of a node, or None where nothing of it is valid."""
        node = self._meant(node)
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def _meant(self, node):
        """Return what a key is that names nothing that the reader knows: "UTF-8" is a word. Else the `node`."""
        if not isinstance(node, Ref) or node.product is None:
            return node
        # An issue outlives a product that it has moved out of.
        is_known = self.names.ids("product", node.product) or self.names.ids(ISSUE, node.key)
        return node if is_known else Text(node.key, place=node.place)

    def _problem(self, code, place, message, suggestions=()):
        self.problems.append(Problem(code, place.start, place.length, message, tuple(suggestions)))

    def _and(self, node):
        """Texts side by side are looked for together: all of them in one document."""
        nodes = [self._meant(one) for one in node.nodes]
        texts = [one for one in nodes if isinstance(one, Text)]
        parts = [self.of(one) for one in nodes if not isinstance(one, Text)]
        needles = [needle for needle in map(self._needle, texts) if needle]
        if needles:
            parts.append(self._matching(needles, self.columns))
        return _joined(parts, Q.AND)

    def _or(self, node):
        return _joined([self.of(one) for one in node.nodes], Q.OR)

    def _not(self, node):
        kept = len(self.needles)
        condition = self.of(node.node)
        del self.needles[kept:]
        return ~condition if condition is not None else None

    def _text(self, node):
        needle = self._needle(node)
        return self._matching([needle], self.columns) if needle else None

    def _needle(self, node):
        needle = fulltext.needle(node.text, node.prefix)
        if needle is None:
            self._problem("empty", node.place, nothing_to_search())
        else:
            self.needles.append(needle)
        return needle

    def _matching(self, needles, columns):
        """Return the condition that one document of the issue that the reader may search holds all needles.

        Of rare words the index gives all issues at once; common ones are looked for on the way along the list.
        """
        held = access.held_products(self.user, "triager")
        if self.names.frequency(needles, WORD_ANYWHERE) <= RARE:
            return Q(fulltext.candidates(needles, columns, held, limit=ALL))
        public, whole = fulltext.matches(needles, columns), fulltext.matches(needles, columns, whole=True)
        if not held or (columns is not EVERYWHERE and "comments" not in columns):
            return Q(public)
        if held is True:
            return Q(whole)
        # Of each issue one is asked: what is whole holds what is public.
        trusted = access.products_with_role(self.user, "triager", "product__")
        return Q(Case(When(trusted, then=whole), default=public))

    def _ref(self, node):
        if node.product is None:
            return Q(number=node.number)
        ids = self.names.ids(ISSUE, node.key)
        if not ids:
            self._problem("unknown", node.place, _there_is_no(node.key), [quoted(node.key)])
            return None
        return Q(pk__in=ids)

    def _term(self, node):
        field = FIELDS[node.name]
        named = [value for value in node.values if _names_rows(field, value)]
        parts = [self._value(field, node, value) for value in node.values if value not in named]
        ids = [pk for value in named for pk in self._ids(field, value) or ()]
        # All of them at once: what is asked of each is a statement of its own within.
        parts.append(self._held(field, list(dict.fromkeys(ids))) if ids else None)
        return _joined(parts, Q.OR)

    def _value(self, field, node, value):
        if isinstance(value, Special) and value.name in WAITING:
            return Q(waiting_for=None) if value.name == "us" else Q(waiting_for=F("author"))
        if isinstance(value, Special) and value.name != "me":
            filled = self._filled(field)
            return filled if value.name == "any" else ~filled
        if _names_rows(field, value):
            ids = self._ids(field, value)
            return self._held(field, ids) if ids is not None else None
        if isinstance(value, Range):
            return self._between(field, value)
        if field.kind is Kind.FIELDS:
            filled = self._filled(FIELDS[value.text])
            return filled if field.name == "has" else ~filled
        if field.kind is Kind.WORDS:
            return self._word(field, node.operator, value)
        if field.kind is Kind.TEXT:
            return self._words_of(field, value)
        return COMPARISONS[field.kind](field, node.operator, value.text, self.now)

    def _words_of(self, field, value):
        needle = self._needle(Text(value.text.rstrip("*"), value.text.endswith("*"), value.place))
        return self._matching([needle], (field.name,)) if needle else None

    def _ids(self, field, value):
        """Return the ids that a value names, or None, with a Problem, where there are none."""
        if isinstance(value, Special):
            return self._me(value.place)
        ids = self._named(field, value)
        if ids:
            return ids
        close = [as_value(name, field.reserved) for name in self.names.close(kind_of(field), value.text)]
        self._problem("unknown", value.place, _there_is_no(value.text), close)
        return None

    def _named(self, field, value):
        """Return the ids that a Plain value names, if any."""
        kind = kind_of(field)
        return self.names.status_ids(value.text) if kind == "status" else self.names.ids(kind, value.text)

    def _me(self, place):
        if not access.is_person(self.user):
            self._problem("anonymous", place, _("Sign in first: nobody knows who you are."))
            return None
        return [self.user.pk]

    def _held(self, field, ids):
        """Return the condition that one of the rows `ids` is what the issue has in `field`."""
        special = {
            "label": lambda: Q(_link(IssueLabel, label__in=ids)),
            "blocks": lambda: Q(_link(Relation, "source", kind=Relation.Kind.BLOCKS, target__in=ids)),
            "blocked-by": lambda: Q(_link(Relation, "target", kind=Relation.Kind.BLOCKS, source__in=ids)),
            "commenter": lambda: self._commented(author__in=ids),
            # Each for themselves: what one does not want to hear of, another may.
            "watcher": lambda: _joined([watched_by(pk, self.user) for pk in ids], Q.OR),
            "needinfo": lambda: Q(_link(NeedInfo, requestee__in=ids, state=NeedInfo.State.OPEN)),
            "waiting": lambda: Q(waiting_for__in=ids),
            "mentions": lambda: self._mentioned(ids),
            "involves": lambda: (
                Q(assignee__in=ids) | Q(author__in=ids) | self._commented(author__in=ids) | self._mentioned(ids)
            ),
        }
        return special[field.name]() if field.name in special else _among(field.path, ids)

    def _commented(self, **conditions):
        seen = access.visible_comments(self.user)
        return Q(_link(Comment.objects.filter(seen, deleted_at=None), **conditions))

    def _mentioned(self, ids):
        names = [text for (kind, text), found in self.names.found.items() if kind == PERSON and set(found) & set(ids)]
        if access.is_person(self.user) and self.user.pk in ids:
            names.append(self.user.username.lower())
        parts = [self._matching([fulltext.mention(name)], EVERYWHERE) for name in names]
        return _joined(parts, Q.OR) or NOTHING

    def _filled(self, field):
        """Return the condition that an issue has anything in `field` that the reader may see."""
        if field.name == "label":
            return Q(_link(IssueLabel))
        if field.name == "commenter":
            return self._commented()
        if field.name == "needinfo":
            return Q(waiting_for__isnull=False)
        if field.name in RANKS:
            return ~Q(**{field.path: 0})
        if field.kind is Kind.NUMBER:
            return Q(**{f"{field.path}__gt": 0})
        if field.name in ("resolution", "body"):
            return ~Q(**{field.path: ""})
        if field.kind is Kind.ISSUES:
            return self._points_to_seen(field)
        return Q(**{f"{field.path}__isnull": False})

    def _points_to_seen(self, field):
        """Return the condition that an issue points to another: one that the reader may not see does not exist."""
        seen = Issue.objects.visible_to(self.user)
        if field.name == "blocks":
            return Q(_link(Relation, "source", kind=Relation.Kind.BLOCKS, target__in=seen))
        if field.name == "blocked-by":
            return Q(_link(Relation, "target", kind=Relation.Kind.BLOCKS, source__in=seen))
        return Q(Exists(seen.filter(pk=OuterRef(f"{field.path}_id"))))

    def _word(self, field, operator, value):
        if field.name == "is":
            return self._state(value)
        if field.name in RANKS:
            return _ranked(field, operator, _rank(field, value.text))
        if field.name == "category":
            return _among("status", self.names.ids(CATEGORY, value.text))
        text = TRUTHS.get(value.text, value.text) if field.name == "confidential" else value.text
        return Q(**{field.path: text})

    def _state(self, value):
        if value.text == "mine":
            me = self._me(value.place)
            return Q(assignee__in=me) | Q(author__in=me) if me else None
        if value.text == "watched":
            me = self._me(value.place)
            return watched_by(me[0], self.user) if me else None
        if value.text in ("blocked", "blocking"):
            return self._in_the_way(value.text)
        untriaged = _among("status", self.names.ids(CATEGORY, "triage"))
        states = {
            "open": Q(closed_at=None),
            "closed": Q(closed_at__isnull=False),
            "untriaged": untriaged,
            "triaged": ~untriaged,
            "snoozed": queue.snoozed(self.now),
            "returned": queue.returned(self.now),
            "overdue": queue.overdue(self.now),
            "duplicate": Q(resolution=Resolution.DUPLICATE),
            "confidential": Q(confidential=True),
            "unassigned": Q(assignee=None),
        }
        return states[value.text]

    def _in_the_way(self, state):
        """Return the condition that an issue waits for an open one (blocked), or an open one for it (blocking)."""
        here, there = ("target", "source") if state == "blocked" else ("source", "target")
        open_ones = Issue.objects.visible_to(self.user).open()
        # Relations are few: what they refer to is looked for by its id.
        blocking = Relation.objects.filter(kind=Relation.Kind.BLOCKS, **{f"{there}__in": open_ones})
        return Q(pk__in=blocking.order_by().values(here))

    def _between(self, field, value):
        if field.kind is Kind.WORDS:
            ends = [_rank(field, end) if end else None for end in (value.low, value.high)]
            low, high = sorted(ends) if None not in ends else ends
            parts = [_ranked(field, ">=", low) if low is not None else None]
            parts.append(_ranked(field, "<=", high) if high is not None else None)
            return _joined(parts, Q.AND)
        compare = COMPARISONS[field.kind]
        low, high = value.low, value.high
        if low and high and _is_turned(field, low, high, self.now):
            low, high = high, low
        ends = ((">=", low), ("<=", high))
        return _joined([compare(field, sign, end, self.now) for sign, end in ends if end], Q.AND)

    def _was(self, node):
        field, kept = FIELDS[node.name], KEPT[node.name]
        changes = Change.objects.filter(issue=OuterRef("pk"), field=kept)
        if isinstance(node.value, Special) and node.value.name != "me":
            filled, empty = self._filled(field), node.value.name == "none"
            if field.kind is Kind.ISSUES:
                self._problem("value", node.value.place, _("Name the issue that it was."))
                return None
            past = _past_rank(changes, field, empty) if field.name in RANKS else changes.filter(before__isnull=empty)
            return (~filled if empty else filled) | Q(Exists(past))
        by_name = [name_key(node.value.text)] if field.kind is Kind.ROWS else []
        if by_name and not self._named(field, node.value) and self.names.keeps(kept, node.value.text):
            return Q(Exists(changes.filter(before_key__in=by_name)))
        present = self._value(field, Term(field.name, "", (node.value,)), node.value)
        keys = self._keys(field, node.value) if present is not None else None
        return present | Q(Exists(changes.filter(before_key__in=[*keys, *by_name]))) if keys else None

    def _keys(self, field, value):
        """Return what the log looks a value up by."""
        if isinstance(value, Special) or kind_of(field):
            return [str(pk) for pk in self._ids(field, value) or ()]
        if field.kind is Kind.DAY:
            start, end = moments.interval(value.text, self.now)
            days = max((end.date() - start.date()).days, 1)
            return [(start.date() + timedelta(day)).isoformat() for day in range(days)]
        return [value.text]

    def _changed(self, node):
        changes = Change.objects.filter(issue=OuterRef("pk"), field=CHANGEABLE[node.name])
        if node.by is not None:
            ids = self._person(node.by)
            if ids is None:
                return None
            changes = changes.filter(event__actor__in=ids)
        if node.point is not None:
            changes = changes.filter(_moment_at("at", node.operator, node.point, self.now))
        return Q(Exists(changes))

    def _by(self, node):
        ids = self._person(node.who)
        if ids is None:
            return None
        told = Event.objects.filter(access.visible_internals(self.user), relations_shown(self.user))
        return Q(_link(told, actor__in=ids))

    def _person(self, value):
        if isinstance(value, Special):
            return self._me(value.place)
        return self._ids(FIELDS["assignee"], value)


def _names_rows(field, value):
    """Return whether a value of `field` is the name of rows, or of the reader."""
    if isinstance(value, Range) or (isinstance(value, Special) and value.name != "me"):
        return False
    return field.kind in (Kind.ROWS, Kind.PEOPLE, Kind.ISSUES)


def _joined(parts, connector):
    """Return the parts joined, those that are None left out; None where none is left."""
    parts = [part for part in parts if part is not None]
    return Q(*parts, _connector=connector) if len(parts) > 1 else parts[0] if parts else None


def _among(path, ids):
    return Q(**{path: ids[0]}) if len(ids) == 1 else Q(**{f"{path}__in": ids})


class Linked(Exists):
    """The condition that a row of `model` refers to the issue by `path`; equal where it asks for the same."""

    def __init__(self, model, path, **conditions):
        super().__init__(model.objects.filter(**{path: OuterRef("pk")}, **conditions))


def _link(rows, path="issue", **conditions):
    """Return the condition that one of `rows` (a model, or a queryset) refers to the issue by `path`."""
    if not hasattr(rows, "filter"):
        return Linked(rows, path, **conditions)
    return Exists(rows.filter(**{path: OuterRef("pk")}, **conditions))


def _there_is_no(name):
    return _("There is no %(value)s.") % {"value": f"“{name}”"}


def _is_turned(field, low, high, now):
    """Return whether a range from `low` to `high` ends before it begins."""
    if field.kind is Kind.NUMBER:
        return int(high) < int(low)
    if field.kind is Kind.SPAN:
        return moments.later(now, f"-{high}") > moments.later(now, f"-{low}")
    return moments.interval(high, now)[1] <= moments.interval(low, now)[0] != moments.interval(high, now)[0]


def _rank(field, word):
    return RANKS[field.name][word.upper()].value


def _ranked(field, operator, rank):
    """Compare a rank; what is unset is no severity at all, neither a high nor a low one."""
    condition = Q(**{f"{field.path}__{LOOKUPS[operator]}" if operator else field.path: rank})
    if operator.startswith("<") and field.name == "severity":
        condition &= Q(**{f"{field.path}__gt": 0})
    return condition


def _past_rank(changes, field, empty):
    word = RANKS[field.name](0).name.lower()
    return changes.filter(before_key=word) if empty else changes.exclude(before_key=word)


def _number(field, operator, text, _now):
    return Q(**{f"{field.path}__{LOOKUPS[operator]}" if operator else field.path: int(text)})


def _moment(field, operator, text, now):
    return _moment_at(field.path, operator, text, now)


def _moment_at(path, operator, text, now):
    start, end = moments.interval(text, now)
    if start == end and not operator:
        start, end = moments.day_of(start)
    return _within(path, operator, start, end)


def _day(field, operator, text, now):
    start, end = moments.interval(text, now)
    if start == end:
        start, end = moments.day_of(start)
    return _within(field.path, operator, start.date(), end.date())


def _within(path, operator, start, end):
    """Return the condition that `path` compares so to the stretch from `start` to `end`, `end` excluded."""
    if operator == ">":
        return Q(**{f"{path}__gte" if start != end else f"{path}__gt": end})
    if operator == ">=":
        return Q(**{f"{path}__gte": start})
    if operator == "<":
        return Q(**{f"{path}__lt": start})
    if operator == "<=":
        return Q(**{f"{path}__lt" if start != end else f"{path}__lte": end})
    return Q(**{f"{path}__gte": start, f"{path}__lt": end})


def _span(field, operator, text, now):
    """Compare how long ago something was: the longer, the earlier."""
    then = moments.later(now, f"-{text}")
    if operator:
        turned = {">": "lt", ">=": "lte", "<": "gt", "<=": "gte"}[operator]
        return Q(**{f"{field.path}__{turned}": then})
    before = moments.later(then, f"-1{text[-1]}")
    return Q(**{f"{field.path}__gt": before, f"{field.path}__lte": then})


COMPARISONS = {Kind.NUMBER: _number, Kind.MOMENT: _moment, Kind.DAY: _day, Kind.SPAN: _span}
