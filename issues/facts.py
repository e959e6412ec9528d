"""All the short rows that an issue's page shows beside its texts, in one statement."""

import json
from dataclasses import dataclass

from django.db.models import BigAutoField, BigIntegerField, Case, CharField, Exists, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.dateparse import parse_date

from accounts.models import User
from issues.columns import moment_in_json, needinfo_rows
from issues.files.references import address_of
from issues.models import Attachment, Comment, Issue, NeedInfo, Relation, Status, Vote, Watch
from issues.querysets import live_and_seen
from issuetracker.prepared import ByReader, PreparedTuples, Slot
from products.access import can, is_person, reader
from products.models import Component, Label, Member, Milestone, Version

COLUMNS = ("fact", "ident", "t1", "t2", "t3", "t4", "n1")
LINKED = 100
ISSUE = Slot("issue", BigAutoField())
PRODUCT = Slot("product", BigAutoField())


@dataclass(frozen=True)
class Fact:
    """A short row: what it is, the id of the row, and up to four texts and a number that depend on what it is."""

    fact: str
    ident: int
    t1: str
    t2: str
    t3: str
    t4: str
    n1: int

    @property
    def key(self):
        """The key of a linked issue."""
        return f"{self.t1}-{self.n1}"

    @property
    def name(self):
        """The name of an option."""
        return self.t1

    @property
    def colour(self):
        """The colour of a label."""
        return self.t2


def facts_of(issue, user, *, options):
    """Return `{what: [Fact, …]}` about `issue` as `user` sees it.

    Always: label, child, duplicate, blocks, blocked-by, relates, for `files_of` file, and for `questions_of` and
    `attention_of` questions, voted, watch and said. With `options` also what its fields can be set to: status,
    component, milestone, version, offered (labels) and person. Where `user` sees the issue no more, since it was hidden
    after it had been found, there are no questions, not even none.
    """
    found: dict = {}
    for row in FACTS.of(reader(user), options).tuples(issue=issue.pk, product=issue.product_id):
        found.setdefault(row[0], []).append(Fact(*row))
    for rows in found.values():
        rows.sort(key=_place)
    return found


def questions_of(facts):
    """Return the NeedInfos among `facts`, with the people they name, oldest first."""
    told = json.loads(facts["questions"][0].t1) if "questions" in facts else ()
    return [_question(one) for one in told]


def _question(one):
    people = {name: User(**one[name]) for name in ("asker", "requestee")}
    due = parse_date(one["due_on"]) if one["due_on"] else None
    plain = {name: one[name] for name in ("id", "question", "state")}
    return NeedInfo(**plain, **people, due_on=due, created_at=moment_in_json(one["created_at"]))


@dataclass(frozen=True)
class File:
    """An attachment as a page shows it."""

    pk: int
    name: str
    address: str
    size: int
    is_picture: bool
    comment: int | None
    may_remove: bool


def files_of(facts, issue, user):
    """Return the Files among `facts` by the id of their comment, None for those on the issue itself, oldest first."""
    files: dict = {}
    any_of_all, own = (can(user, "detach", issue, own=own) for own in (False, True))
    for fact in sorted(facts.get("file", ()), key=lambda fact: fact.ident):
        comment, author, shape = fact.t3.split()
        may_remove = any_of_all or (own and author == str(user.pk))
        home = int(comment) or None
        file = File(fact.ident, fact.t1, address_of(fact.t2), fact.n1, shape == "picture", home, may_remove)
        files.setdefault(home, []).append(file)
    return files


def attention_of(facts, issue, user):
    """Return whether `user` `may_vote`, has `voted` for `issue`, and is `watching` it, by its `facts`."""
    watches = [fact.t1 == "yes" for fact in facts.get("watch", ())]
    concerned = "said" in facts or (is_person(user) and user.pk in (issue.author_id, issue.assignee_id))
    watching = watches[0] if watches else concerned
    return {"may_vote": can(user, "vote", issue), "voted": "voted" in facts, "watching": watching}


def _facts(user, options):
    queries = [_labels_of(), *_links(user), *_own(user), _files(user)]
    queries.append(_rows(Issue.objects.visible_to(user).filter(pk=ISSUE), "questions", needinfo_rows()))
    if options:
        queries += _options()
    return queries[0].union(*queries[1:], all=True)


FACTS = ByReader(PreparedTuples, _facts)


def _place(fact):
    if fact.fact == "status":
        return (fact.n1, "")
    return (0, fact.t1.lower(), fact.n1)


def _rows(queryset, fact, *texts, ident="pk", number=None):
    columns = {f"t{place}": Cast(text, CharField()) for place, text in enumerate(texts, 1)}
    columns |= {f"t{place}": Value("", CharField()) for place in range(len(texts) + 1, 5)}
    number = Cast(number, BigIntegerField()) if number else Value(0, BigIntegerField())
    rows = queryset.order_by().annotate(fact=Value(fact, CharField()), ident=F(ident), n1=number, **columns)
    return rows.values_list(*COLUMNS)


def _labels_of():
    return _rows(Label.objects.filter(issue_links__issue=ISSUE), "label", "name", "colour")


def _links(user):
    seen = Issue.objects.visible_to(user)
    yield _linked(seen.filter(parent=ISSUE), "child")
    yield _linked(seen.filter(duplicate_of=ISSUE), "duplicate")
    ends = (
        ("blocks", "source", "target", Relation.Kind.BLOCKS),
        ("blocked-by", "target", "source", Relation.Kind.BLOCKS),
        ("relates", "source", "target", Relation.Kind.RELATES),
        ("relates", "target", "source", Relation.Kind.RELATES),
    )
    for fact, here, there, kind in ends:
        # Joined, not looked for among all that is seen: SQLite would collect that first.
        related = Relation.objects.filter(live_and_seen(user, f"{there}__"), **{here: ISSUE, "kind": kind})
        yield _linked(related, fact, f"{there}__")


def _linked(queryset, fact, path=""):
    texts = (f"{path}product__key", f"{path}title", f"{path}status__category", f"{path}resolution")
    return _rows(queryset, fact, *texts, number=f"{path}number")


def _own(user):
    """Yield what the reader has to do with the issue."""
    if not is_person(user):
        return
    yield _rows(Vote.objects.filter(issue=ISSUE, user=user.pk), "voted")
    said = Case(When(wanted=True, then=Value("yes")), default=Value("no"))
    yield _rows(Watch.objects.filter(issue=ISSUE, user=user.pk, wanted__isnull=False), "watch", said)
    comments = Comment.objects.filter(issue=ISSUE, author=user.pk, deleted_at=None)
    yield _rows(User.objects.filter(Exists(comments), pk=user.pk), "said")


def _files(user):
    shape = Case(When(width__isnull=False, then=Value("picture")), default=Value("file"))
    comment = Coalesce(Cast("comment", CharField()), Value("0"))
    rest = Concat(comment, Value(" "), Cast("author", CharField()), Value(" "), shape, output_field=CharField())
    kept = Attachment.objects.visible_to(user).kept().filter(issue=ISSUE)
    return _rows(kept, "file", "name", "token", rest, number="size")


def _options():
    yield _rows(Status.objects.all(), "status", "name", "slug", "category", number="position")
    for model in (Component, Milestone, Version):
        yield _rows(model.objects.active().filter(product=PRODUCT), model._meta.model_name, "name")
    labels = Label.objects.active().filter(Q(product=PRODUCT) | Q(product=None))
    yield _rows(labels, "offered", "name", "colour")
    members = Member.objects.filter(product=PRODUCT, user__is_active=True)
    yield _rows(members, "person", "user__username", "user__display_name", ident="user_id")
