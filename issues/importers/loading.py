"""Bringing a file in: read it to check all of it and to plan, and load what was read then."""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Lower

from accounts.models import User
from accounts.services import create_placeholders
from history import log
from history.models import Batch, Change, Event, Kind, Via
from history.writing import in_any_case
from issues import rules
from issues.importers import github, ietf, ndjson
from issues.importers.colours import nearest
from issues.importers.past import walked
from issues.importers.source import NAME_LIMIT, UNTITLED, Report, SourceError, opened, visible
from issues.importers.spool import Spool
from issues.importers.words import CLOSED, DUPLICATE, OPEN, STARTED
from issues.models import Category, Issue, IssueNumber
from issues.services import (
    CommentRecord,
    EventRecord,
    IssueRecord,
    link_duplicates,
    purge_imported,
    reserve_numbers,
    write_batch,
)
from products import access
from products.models import PARTS, UNSTORABLE, Component, Label, Milestone, Product, ProductKey, Version, group_of
from products.services import create_part, create_product

READERS = {"github": github.read, "ietf": ietf.read, "ndjson": ndjson.read}
MODELS = {"component": Component, "milestone": Milestone, "version": Version, "label": Label}
KEY_LENGTH = 10
DESCRIPTION_LENGTH = 200


@dataclass
class Home:
    """Where the issues of one product of the source go."""

    name: str
    key: str
    product: Product | None
    places: dict = field(default_factory=dict)
    parts: dict = field(default_factory=lambda: defaultdict(dict))
    rows: dict = field(default_factory=dict)
    # {number: id} of those of the file that came in before.
    here: dict = field(default_factory=dict)
    # Ids of what undone imports left in the trash of the product, and of those of the file that are to come in anew.
    undone: set = field(default_factory=set)
    trashed: list = field(default_factory=list)
    # Groups of labels, in lower case, of which one issue has two: here those of one group exclude one another.
    loose_groups: set = field(default_factory=set)


class Import:
    """One run of the importer over one file. `check` it first, then `load` it."""

    def __init__(self, path, format, *, key=None, triage=False, actor=None, visibility=None, again=False, max_bytes):
        self.path, self.read, self.max_bytes = path, READERS[format], max_bytes
        self.key, self.actor, self.visibility, self.again = key, actor, visibility, again
        self.open_category = Category.TRIAGE if triage else Category.ACCEPTED
        self.report = Report()
        self.spool = Spool()
        self.homes: dict[str, Home] = {}
        self.people: dict[str, str] = {}
        self.noted: set[str | None] = {None}
        # Several products of one file may have the same ids: {ref: {product: number}}.
        self.refs: dict[str, dict[str, int]] = defaultdict(dict)
        # {(product, number): ref of the original}, from the end of the check on {(product, number): the same of it}.
        self.duplicates: dict[tuple, str | tuple] = {}
        self.counts = Counter()
        self.made: list[Product] = []

    def issues(self):
        """Yield the SourceIssues of the file. Raises SourceError."""
        try:
            with opened(self.path, self.max_bytes) as file:
                yield from self.read(file, self.report)
        except RecursionError as error:  # What could just be read may still be too deep to be told.
            raise SourceError(self.path.name, "is nested too deeply") from error

    # Reading.

    def check(self):
        """Read all of the file and find out what there is to do, writing nothing.

        Raises SourceError, Forbidden, or ValidationError where the site has no status for a category.
        """
        self._check_key()
        self.statuses = {
            OPEN: rules.first_status(self.open_category),
            STARTED: rules.first_status(Category.STARTED),
            CLOSED: rules.first_status(Category.CLOSED),
        }
        for issue in self.issues():
            home = self._home(issue)
            if issue.number in home.places:
                other, _begun = home.places[issue.number]
                raise SourceError(issue.place, f"the number {issue.number} is that of {other} as well")
            home.places[issue.number] = issue.place, issue.created_at
            self.refs[issue.ref][issue.product] = issue.number
            if issue.duplicate_of is not None:
                self._note_duplicate(issue)
            self._note_names(issue, home)
            self.spool.add(issue)
            self.counts["found"] += 1
            self.report.changed[f"issues without a title, now called {UNTITLED}"] += issue.fields["title"] == UNTITLED
        if not self.homes:
            raise SourceError(self.path.name, "holds no issues")
        for home in self.homes.values():
            self._find_present(home)
        self._plan_duplicates()

    def _check_key(self):
        """Raise SourceError unless the key that was asked for is that of a product, or could be."""
        if not self.key or Product.objects.at(self.key):
            return
        try:
            Product._meta.get_field("key").run_validators(self.key.upper())
        except ValidationError as error:
            raise SourceError(f"--product {self.key}", error.messages[0].rstrip(".")) from error

    def _home(self, issue):
        home = self.homes.get(issue.product)
        if home is None:
            named = issue.product or next(iter(self.homes), None)
            if named and None in (issue.product, *self.homes):
                reason = f"only some records name a product, such as {named!r}: name it in all, or in none"
                raise SourceError(issue.place, reason)
            if self.key and self.homes:
                found = f"{next(iter(self.homes))!r} and {issue.product!r}"
                raise SourceError(issue.place, f"the file holds several products, {found}: leave --product out")
            home = self.homes[issue.product] = self._new_home(issue)
        return home

    def _new_home(self, issue):
        if self.key:
            product = Product.objects.at(self.key)
            return Home(issue.product or self.key, product.key if product else self.key.upper(), product)
        if not issue.product:
            raise SourceError(issue.place, "the file does not name its product: give --product KEY")
        product = self._find_home(issue.product)
        taken = {home.key for home in self.homes.values()} | set(ProductKey.objects.values_list("key", flat=True))
        return Home(issue.product, product.key if product else key_of(issue.product, taken), product)

    def _find_home(self, title):
        """Return the product with that title, or that an import made by it and which is called otherwise by now."""
        present = Product.objects.filter(title=title).order_by("pk")
        made = Event.objects.filter(about="product", kind=Kind.CREATED, batch__via=Via.IMPORT, state__title=title)
        others = Product.objects.filter(pk__in=made.values("about_id"))
        others = others.exclude(pk__in=[home.product.pk for home in self.homes.values() if home.product])
        live = present.filter(deleted_at=None).first()
        return live or present.first() or others.order_by("pk").first()

    def _note_names(self, issue, home):
        people = {issue.author, issue.fields["assignee"], *issue.watchers, *(comment.who for comment in issue.comments)}
        for step in issue.steps:
            people.add(step.who)
            people |= set(step.changes.get("assignee", ()))
            self._note_labels(home, *step.changes.get("labels", ()))
        # Most have been noted before. Sorted, since of two spellings the first is kept, each time the same.
        people -= self.noted
        self.noted |= people
        for name in sorted(people):
            self.people.setdefault(name.lower(), name)
        self._note_labels(home, issue.fields["labels"])
        for name in issue.fields["labels"]:
            home.parts["label"][name.lower()]["kept"] = True
        for kind in PARTS:
            if issue.fields[kind]:
                home.parts[kind].setdefault(issue.fields[kind].lower(), {"name": issue.fields[kind]})
        for (kind, name), facts in issue.parts.items():
            if name is not None and name.lower() in home.parts[kind]:
                home.parts[kind][name.lower()] |= facts

    def _note_labels(self, home, *labels):
        """Note labels, and which of their groups are loose."""
        for names in labels:
            # In lower case: each label will be written as the first of its name is, in the file or in the product.
            groups = Counter(group_of(name.lower()) for name in names)
            home.loose_groups |= {group for group, count in groups.items() if count > 1 and group}
            for name in names:
                home.parts["label"].setdefault(name.lower(), {"name": name})

    def _note_duplicate(self, issue):
        if issue.fields["resolution"] == DUPLICATE:
            self.duplicates[issue.product, issue.number] = issue.duplicate_of
        else:
            self.report.left_out["originals (duplicate of) of issues that are not closed as duplicates"] += 1

    def _find_present(self, home):
        """Note which issues of `home` came in before. Raises SourceError where nothing may come in."""
        if home.product is None:
            if self.actor is not None:
                access.authorize(self.actor, "create_product")
            return
        if home.product.deleted_at or home.product.archived:
            raise SourceError(home.product.key, "is archived or in the trash: take it out first")
        if self.actor is not None:
            access.authorize(self.actor, "import", home.product)
            if self.again:
                access.authorize(self.actor, "purge", home.product)
        if self.again:
            undone = Event.objects.filter(kind=Kind.TRASHED, batch__undoes__via=Via.IMPORT, issue__deleted_at=F("at"))
            home.undone = set(undone.filter(product=home.product).values_list("issue", flat=True))
        self._note_present(home)

    def _note_present(self, home):
        """Note which issues of `home` came in by now. Raises SourceError where another has such a number."""
        facts = ("number", "issue", "issue__source", "issue__created_at", "issue__deleted_at")
        present = IssueNumber.objects.filter(product=home.product).values_list(*facts)
        for number, pk, source, created_at, deleted_at in present:
            if number not in home.places or number in home.here:
                continue
            place, begun = home.places[number]
            if source != Issue.Source.IMPORT or begun not in (None, created_at):
                raise SourceError(place, f"{home.product.key}-{number} is another issue: import into another product")
            if pk in home.undone and deleted_at is not None:
                home.trashed.append(pk)
                continue
            home.here[number] = pk
            self.counts["in the trash"] += deleted_at is not None

    def _plan_duplicates(self):
        """Find the originals of duplicates; leave out, and count, the duplicates that cannot be noted."""
        for one, ref in list(self.duplicates.items()):
            known = self.refs.get(ref, {})
            product = one[0] if one[0] in known else next(iter(known), None)
            if not known:
                self._leave_duplicate(one, "originals (duplicate of) that are not in the file")
            elif len(known) > 1 and product != one[0]:
                self._leave_duplicate(one, "originals (duplicate of) whose id several other products have")
            else:
                self.duplicates[one] = product, known[product]
        for one in list(self.duplicates):
            if self._is_circle(one):
                self._leave_duplicate(one, "duplicates that go round in a circle")
        # Originals are no duplicates of others.
        self.duplicates = {one: self._root(one) for one in self.duplicates}

    def _leave_duplicate(self, one, reason):
        self.report.left_out[reason] += 1
        del self.duplicates[one]

    def _is_circle(self, one):
        seen = {one}
        while (one := self.duplicates.get(one)) is not None:
            if one in seen:
                return True
            seen.add(one)
        return False

    def _root(self, one):
        while (above := self.duplicates.get(one)) is not None:
            one = above
        return one

    # Loading.

    def load(self, on_progress=None):
        """Write what `check` found and is not here yet; `on_progress(count)` is called after each transaction.

        Raises SourceError, Forbidden, or ValidationError.
        """
        trashed = [pk for home in self.homes.values() for pk in home.trashed]
        self.counts["purged"] = purge_imported(trashed, actor=self.actor, via=Via.IMPORT)
        with transaction.atomic():
            for home in self.homes.values():
                self._make_home(home)
            self._reserve_numbers()
        placeholders = User.objects.filter(is_placeholder=True)
        before = placeholders.count()
        self.people_rows = create_placeholders(self.people.values(), via=Via.IMPORT)
        self.counts["placeholders"] = placeholders.count() - before
        self.counts["known people"] = sum(not user.is_placeholder for user in self.people_rows.values())
        self.batch = self._batch()
        if self.batch is not None:
            write_batch(self._records(), actor=self.actor, via=Via.IMPORT, batch=self.batch, on_progress=on_progress)
            links = self._links()
            self.counts["linked"] = link_duplicates(links, batch=self.batch)
            self.report.left_out["duplicates that do not fit what has become of them here"] += (
                len(links) - self.counts["linked"]
            )

    def _batch(self):
        """Return the batch of this file, or None where there is nothing to do. One that was stopped is carried on."""
        about = UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", f"import {self.path.name}")
        stopped = Batch.objects.filter(via=Via.IMPORT, query=about, actor=self.actor, undone_by=None)
        stopped = stopped.filter(state__in=[Batch.State.RUNNING, Batch.State.FAILED])
        begun = next(filter(self._is_ours, stopped.order_by("-pk")), None)
        if begun is None and (self.new or self._links()):
            fields = {"query": about, "total": 0, "done": 0, "state": Batch.State.RUNNING}
            begun = log.open_batch(actor=self.actor, via=Via.IMPORT, **fields)
        elif begun is not None:
            begun.state = Batch.State.RUNNING
            begun.save(update_fields=["state"])
        return begun

    def _is_ours(self, batch):
        """Return whether all that `batch` brought is of this file: another one may have the same name."""
        here = {pk for home in self.homes.values() for pk in home.here.values()}
        return here.issuperset(batch.events.values_list("issue", flat=True).distinct())

    @property
    def new(self):
        """How many issues of the file are not here yet."""
        return sum(len(home.places) - len(home.here) for home in self.homes.values())

    def _make_home(self, home):
        """Create the product of `home` and what it lacks of parts."""
        if home.product is None:
            fields = {"visibility": self.visibility} if self.visibility else {}
            home.product = create_product(actor=self.actor, via=Via.IMPORT, key=home.key, title=home.name, **fields)
            self.made.append(home.product)
        for kind, wanted in home.parts.items():
            own = {part.name.lower(): part for part in MODELS[kind].objects.filter(product=home.product)}
            if kind == "label":
                own |= {label.name.lower(): label for label in Label.objects.filter(product=None)}
                wanted = self._grouped(home)
            for low, facts in wanted.items():
                name = facts["name"]
                home.rows[kind, low] = own.get(name.lower()) or self._make_part(kind, home.product, facts)

    def _reserve_numbers(self):
        """Keep the numbers of the file from whatever is filed meanwhile, and look once more which are taken."""
        highest = Counter()
        for home in self.homes.values():
            highest[home.product.pk] = max(highest[home.product.pk], *home.places)
        reserve_numbers(highest)
        for home in self.homes.values():
            self._note_present(home)

    def _grouped(self, home):
        """Return the labels of `home` as they are here: those of loose groups leave them, each by its own name."""
        wanted = home.parts["label"]
        loose = [low for low in wanted if group_of(low) in home.loose_groups]
        taken = wanted.keys() - set(loose)
        renamed = {}
        for low in loose:
            name = next(name for name in ungrouped(wanted[low]["name"]) if name.lower() not in taken)
            taken.add(name.lower())
            renamed[low] = wanted[low] | {"name": name}
        self.report.changed["labels of a group of which one issue has two, renamed"] += len(loose)
        return wanted | renamed

    def _make_part(self, kind, product, facts):
        fields = {"name": facts["name"]}
        if kind == "label":
            description = facts.get("description", "")
            self.report.changed["label descriptions, cut"] += len(description) > DESCRIPTION_LENGTH
            description = visible(description[:DESCRIPTION_LENGTH])
            fields |= {"colour": nearest(facts.get("colour", "")), "description": description}
            fields["archived"] = "kept" not in facts
        if kind == "milestone":
            fields |= {"due_on": facts.get("due_on"), "state": facts.get("state", "open")}
        try:
            return create_part(MODELS[kind], product=product, actor=self.actor, via=Via.IMPORT, **fields)
        except ValidationError:
            # Some name may be one in the letters of the database, where it is not in Python's (İ, Σ at an end).
            own = MODELS[kind].objects.filter(product=product).alias(lowered=Lower("name"))
            name = facts["name"]
            same = own.filter(Q(lowered=Lower(Value(name))) | in_any_case("name", name)).first()
            if same is None:
                raise
            return same

    def _records(self):
        for issue in self.spool:
            home = self.homes[issue.product]
            if issue.number not in home.here:
                yield self._record(issue, home)

    def _record(self, issue, home):
        """Return the IssueRecord of a SourceIssue."""
        first, events, lost = walked(issue)
        fields = self._rows(first, home)
        was = {name: value for name, value in fields.items() if isinstance(value, log.Gone)}
        if fields["product"] != home.product:
            was["product"] = fields["product"]
        for name in lost:
            self.report.left_out[f"changes of {name} to what it was already"] += 1
        self.counts["comments"] += len(issue.comments)
        self.counts["watches"] += len(issue.watchers)
        self.counts["events"] += len(events)
        self.counts["corrected"] += sum(event.kind == Kind.CORRECTED for event in events)
        return IssueRecord(
            product=home.product,
            fields={name: value for name, value in fields.items() if name != "product" and name not in was},
            author=self._person(issue.author),
            created_at=issue.created_at or min((one.at for one in (*issue.steps, *issue.comments)), default=None),
            updated_at=issue.updated_at,
            number=issue.number,
            comments=[
                CommentRecord(said.body, self._person(said.who), said.at, said.internal) for said in issue.comments
            ],
            events=[
                EventRecord(event.at, self._person(event.who), self._rows(event.changes, home), event.kind)
                for event in events
            ],
            was=was,
            watchers=[self._person(name) for name in issue.watchers],
        )

    def _rows(self, values, home):
        """Return the rows that plain `values` of fields mean; what is not here is `Gone`, known by its name."""
        return {name: self._row(name, value, home) for name, value in values.items()}

    def _row(self, name, value, home):
        if name == "status":
            return self.statuses[value]
        if name == "assignee":
            return self._person(value)
        if name == "labels":
            return list(dict.fromkeys(home.rows["label", label.lower()] for label in value))
        if name == "product":
            other = self.homes.get(value)
            return other.product if other else log.Gone(value)
        if name in PARTS and value is not None:
            product, part = value
            row = home.rows.get((name, part.lower())) if self.homes.get(product) is home else None
            return row or log.Gone(part)
        return value

    def _person(self, name):
        return self.people_rows[name.lower()] if name else None

    def _links(self):
        """Return `(id, id of the original)` of the duplicates of the file that the log says nothing of yet."""
        here = {
            (name, number): pk
            for name, home in self.homes.items()
            if home.product is not None
            for number, pk in IssueNumber.objects.filter(product=home.product).values_list("number", "issue")
        }
        pairs = [
            (here[one], here[original]) for one, original in self.duplicates.items() if one in here and original in here
        ]
        products = [home.product for home in self.homes.values()]
        told = set(
            Change.objects.filter(field="duplicate_of", issue__product__in=products).values_list("issue", flat=True)
        )
        return [pair for pair in pairs if pair[0] not in told]


def ungrouped(name):
    """Yield names of a label without its group, the one to be preferred first."""
    plain = name.replace("/", ":")
    yield from (found for found in (name.replace("/", ": ").strip(), plain) if len(found) <= NAME_LIMIT)
    yield from (f"{plain[: NAME_LIMIT - 20]} ({number})" for number in count(2))


def key_of(name, taken):
    """Return a key made from the letters and digits of `name` that is not `taken`: a digit at its end, if need be."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = "".join(char for char in plain.upper() if char.isalnum())
    if not base or base[0].isdigit():
        base = f"P{base}"
    base = base[:KEY_LENGTH]
    if len(base) > 1 and base not in taken:
        return base
    numbered = (f"{base[: KEY_LENGTH - len(str(n))]}{n}" for n in count(2))
    return next(key for key in numbered if key not in taken)
