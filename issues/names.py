"""What answers call the people, products, statuses and parts that issues refer to by id, kept in each process.

A row of an issue is read with the version of all names, one text that triggers of the database change with any of them
(migration 0015): what is kept under that version is what the row's own statement would have found by joins. Triggers on
what tokens may read change it, too (migration 0017): it tells `issues.api.keeping` whether a token is what it was.
"""

from django.db import connections
from django.db.models import BigAutoField, CharField, F, QuerySet, Value
from django.db.models.functions import Cast

from accounts.models import User
from issues.models import NamesVersion, Status
from issuetracker.json_rows import Within
from issuetracker.prepared import DEFAULT, Among, ListSlot, PreparedTuples
from products.models import Component, Milestone, Product, Version

# Of each kind, how issues refer to it and what it is called by.
KINDS: dict = {
    "people": (User, ("assignee_id", "author_id", "created_by_id", "updated_by_id"), ("username", "display_name")),
    "products": (Product, ("product_id",), ("key",)),
    "statuses": (Status, ("status_id",), ("slug", "category")),
    "components": (Component, ("component_id",), ("name",)),
    "milestones": (Milestone, ("milestone_id",), ("name",)),
    "versions": (Version, ("version_id",), ("name",)),
}
# As answers tell it; they share what is made here, and nobody changes it.
FORMS: dict = {
    "people": lambda username, display_name: {"username": username, "display_name": display_name},
    "statuses": lambda slug, category: (slug, category),
}
REFERENCES = tuple(name for _model, names, _columns in KINDS.values() for name in names)
# More names than these are not kept: what is asked for most comes back at once.
KEPT = 20_000


class Names:
    """The names of one version: for each kind the columns of `KINDS` by id, and None by None.

    `rows` are what `issues.reading` keeps for as long as it keeps these.
    """

    def __init__(self, version):
        self.version = version
        self.known = {kind: {None: None} for kind in KINDS}
        self.rows = {}

    def learn(self, rows):
        """Know all that `rows` of issues refer to, by one statement where something is new."""
        missing = {kind: self._missing(kind, rows) for kind in KINDS}
        if not any(missing.values()):
            return
        # What is gone by now was purged with the reference to it.
        found: dict = {kind: dict.fromkeys(ids) for kind, ids in missing.items()}
        for kind, pk, first, second in CALLED.tuples(**missing):
            found[kind][pk] = FORMS.get(kind, _name)(first, second)
        # At once: other threads take what is there for known.
        for kind, called in found.items():
            self.known[kind].update(called)

    def _missing(self, kind, rows):
        known, references = self.known[kind], KINDS[kind][1]
        return {row[name] for row in rows for name in references if row[name] not in known}

    @property
    def is_large(self):
        """Whether it is time to begin anew."""
        return sum(map(len, self.known.values())) > KEPT


class _All(Within):
    """The version that all rows make together: who changes a name takes one that nobody else is changing."""

    template = "(SELECT md5(string_agg(rows.version, '' ORDER BY rows.id)) FROM (%(subquery)s) AS rows)"
    # One writes at a time there, and there is one row.
    sqlite_template = "(SELECT max(rows.version) FROM (%(subquery)s) AS rows)"
    output_field = CharField()


def version() -> Within:
    """Return the expression for the version of all names."""
    return _All(NamesVersion.objects.values("id", "version"))


def kept(version):
    """Return the Names that are kept of that `version`; others, new ones, are kept from now on where that may be."""
    global _latest
    # What a transaction finds may never have been, and its ids be given to others.
    may_be = version is not None and not connections[DEFAULT].in_atomic_block
    names = _latest
    if not may_be or names.version != version or names.is_large:
        names = Names(version)
        if may_be:
            _latest = names
    return names


def note(user, version):
    """Note on `user` under which version of all names, and of all rights, was read what is for them."""
    user._read_under = version


def read_under(user):
    """Return the version under which the last was read for `user`, or None."""
    return getattr(user, "_read_under", None)


def of(rows):
    """Return the Names that rows of issues need, each with its `names_version`, all of one statement."""
    names = kept(rows[0]["names_version"] if rows else None)
    names.learn(rows)
    return names


def _called() -> QuerySet:
    first, *others = (_of_kind(kind, *of_kind) for kind, of_kind in KINDS.items())
    return first.union(*others, all=True)


def _of_kind(kind, model, _names, columns):
    first, second = (*map(F, columns), Value(""))[:2]
    texts = {"kind": Value(kind), "first": first, "second": second}
    rows = model._base_manager.order_by().filter(Among(F("pk"), ListSlot(kind, BigAutoField())))
    return rows.annotate(**{name: Cast(one, CharField()) for name, one in texts.items()}).values_list(
        "kind", "pk", "first", "second"
    )


def _name(name, _nothing):
    return name


CALLED = PreparedTuples(_called)
_latest = Names(None)
